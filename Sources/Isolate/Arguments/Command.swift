/// What `isolated` can be asked to do: the first word of a command line.
///
/// This file and `CommandTable.swift` are the one table from which parsing, help, completions and
/// manual pages are made. It is written as switches, not as arrays, so nothing is built at start-up and
/// the compiler finds what a new command still lacks.
package enum Command: String, CaseIterable, Sendable {
  case run, plan, show, check, profiles, doctor, help, completions, man
}

extension Command {
  /// One line, shown in the list of commands.
  package var summary: String {
    switch self {
    case .run: "run a program isolated"
    case .plan: "say what run would do, step by step, and start nothing"
    case .show: "show every setting that applies, and the line it came from"
    case .check: "check profiles and report every error at once"
    case .profiles: "list the profiles found, where, and which of them win"
    case .doctor: "try what this machine offers for isolation, and say how to get what is missing"
    case .help: "explain a command"
    case .completions: "print a completion script for a shell"
    case .man: "print a manual page's source"
    }
  }

  /// The forms a command line may take, after `isolated `.
  package var usage: [String] {
    switch self {
    case .run, .plan, .show:
      ["\(rawValue) [OPTIONS] APP [ARGS...]", "\(rawValue) [OPTIONS] -- COMMAND [ARGS...]"]
    case .check: ["check [--json] [PROFILE...]"]
    case .profiles: ["profiles [--json | --names]"]
    case .doctor: ["doctor [--json]"]
    case .help: ["help [COMMAND]"]
    case .completions: ["completions bash|zsh|fish"]
    case .man: ["man [COMMAND | profile]"]
    }
  }

  /// Whether the option may follow this command. `--help` may follow every command.
  package func accepts(_ option: CommandOption) -> Bool {
    switch option {
    case .help: true
    case .version: false
    case .json: self != .run && self != .help && self != .completions && self != .man
    case .names: self == .profiles
    case .jsonStatusFD, .quiet: self == .run
    case .profile, .read, .write, .private, .overlay, .hide, .network, .limit, .env, .fd,
      .workdir, .hostname, .relax, .terminal, .name:
      startsFromProfile
    }
  }

  /// The options of this command, in the order help shows them.
  package var options: [CommandOption] { CommandOption.allCases.filter(accepts) }

  /// Run and the two commands that take the same arguments as it.
  package var startsFromProfile: Bool {
    switch self {
    case .run, .plan, .show: true
    case .check, .profiles, .doctor, .help, .completions, .man: false
    }
  }

  /// The exit code for a command line that makes no sense. `run` must not look like the program it runs.
  package var usageExitCode: Int32 { startsFromProfile ? 125 : 2 }
}

/// Every option, by its name without the dashes.
package enum CommandOption: String, CaseIterable, Sendable {
  case profile, name
  case read, write, `private`, overlay, hide
  case network, limit, env, fd, workdir, hostname, relax, terminal
  case jsonStatusFD = "json-status-fd"
  case quiet, json, names, help, version

  /// The option as it is typed.
  package var typed: String { "--" + rawValue }
}

/// What an option's value is: how it is named in help, and what a shell may offer for it.
package enum ValueKind: Hashable, Sendable {
  /// No value.
  case flag
  case profile
  case path, directory
  case networkMode, terminalMode
  case limit
  case number
  /// Anything else, under this name.
  case text(String)

  /// How help names the value; nil for a flag.
  package var placeholder: String? {
    switch self {
    case .flag: nil
    case .profile: "NAME|FILE"
    case .path: "PATH"
    case .directory: "DIR"
    case .networkMode, .terminalMode: "MODE"
    case .limit: "KEY=VALUE"
    case .number: "N"
    case .text(let name): name
    }
  }
}

extension CommandOption {
  package var kind: ValueKind {
    switch self {
    case .profile: .profile
    case .read, .write, .private, .overlay, .hide: .path
    case .network: .networkMode
    case .limit: .limit
    case .env: .text("NAME=VALUE")
    case .fd, .jsonStatusFD: .number
    case .workdir: .directory
    case .hostname: .text("NAME")
    case .relax: .text("KEY=REASON")
    case .terminal: .terminalMode
    case .name: .text("APP")
    case .quiet, .json, .names, .help, .version: .flag
    }
  }

  /// It may be given more than once.
  package var repeats: Bool {
    switch self {
    case .read, .write, .private, .overlay, .hide, .limit, .env, .fd, .relax: true
    case .profile, .name, .network, .workdir, .hostname, .terminal, .jsonStatusFD: false
    // A flag twice says the same as once.
    case .quiet, .json, .names, .help, .version: true
    }
  }

  /// It is a rule: a key of a profile, written on the command line.
  package var isRule: Bool {
    switch self {
    case .read, .write, .private, .overlay, .hide, .network, .limit, .env, .fd, .workdir,
      .hostname, .relax, .terminal:
      true
    case .profile, .name, .jsonStatusFD, .quiet, .json, .names, .help, .version: false
    }
  }

  /// One line of help.
  package var summary: String {
    switch self {
    case .profile: "the profile to start from; without it: APP's own, or 'default'"
    case .name: "the app's name, in reports and for $APP; without it: its profile's or program's"
    case .read: "let the app read PATH and what is below"
    case .write: "let the app read and change PATH and what is below"
    case .private: "give the app an empty PATH of its own, gone when it ends"
    case .overlay: "show PATH; the app's changes to it are thrown away"
    case .hide: "show nothing at PATH, whatever a wider rule shows"
    case .network: "what the app may reach: none, loopback (only itself) or host"
    case .limit: "bound a resource: memory=512M, processes=64, cpu=1.5, wall-time=30s, ..."
    case .env: "set an environment variable for the app"
    case .fd: "let the app keep the caller's descriptor N, beside 0, 1 and 2"
    case .workdir: "start in DIR, which must be in the app's view"
    case .hostname: "the machine's name, as the app sees it"
    case .relax: "allow what the profile refuses in KEY, and say why"
    case .terminal: "auto (a terminal of its own), inherit or none"
    case .jsonStatusFD: "write one JSON object per event to descriptor N"
    case .quiet: "no notices; errors are still told"
    case .json: "print JSON"
    case .names: "print only the names, one a line"
    case .help: "explain this command"
    case .version: "print the version"
    }
  }
}

/// The shells that completion scripts exist for.
package enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }

/// Words that options take as values.
package enum ValueWords {
  package static var networkModes: [String] { NetworkMode.allCases.map(\.rawValue) }
  package static var terminalModes: [String] { TerminalMode.allCases.map(\.rawValue) }
  package static var limitKeys: [String] { LimitName.allCases.map(\.rawValue) }
}
