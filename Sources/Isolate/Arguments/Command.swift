/// What `isolated` can be asked to do: the first word of a command line.
///
/// This file and `CommandTable.swift` are the one table from which parsing, help, completions and
/// manual pages are made. It is written as switches, not as arrays, so nothing is built at start-up
/// and the compiler finds what a new command still lacks.
package enum Command: String, CaseIterable, Sendable {
  case run, plan, show, check, profiles, doctor
  case exec, grants, handles, revoke, answer, forget
  case daemon, start, stop, restart, reload, status, why, top, ps, logs, events, kill, freeze, thaw
  case resetFailed = "reset-failed"
  case metrics, crashes
  case help, completions, man
}

extension Command {
  /// The command of this word. `init(rawValue:)` first makes a table of all words, which costs more than most commands' work.
  static func named(_ word: String) -> Command? { allCases.first { $0.rawValue == word } }

  /// One line, shown in the list of commands.
  package var summary: String {
    switch self {
    case .run: "run a program isolated"
    case .plan: "say what run would do, step by step, and start nothing"
    case .show: "show every setting that applies, and the line it came from"
    case .check: "check profiles and report every error at once"
    case .profiles: "list the profiles found, where, and which of them win"
    case .doctor: "try what this machine offers, and say how to get what is missing"
    case .exec: "run a command inside a running app's sandbox"
    case .grants: "list what a running app was granted, and how it was used"
    case .handles: "list every open descriptor of a running app, and where it came from"
    case .revoke: "take a grant of a running app back"
    case .answer: "answer what a running app asks for"
    case .forget: "take kept answers back: the app asks again"
    case .daemon: "supervise many apps: start them, restart them, tell what happened"
    case .start: "start an app of the daemon"
    case .stop: "stop an app of the daemon"
    case .restart: "stop an app of the daemon and start it again"
    case .reload: "read profiles anew, and say or do what that changes"
    case .status: "list the apps of the daemon, or tell all of one"
    case .why: "tell why an app ended or was refused something, and by which rule"
    case .top: "show what the apps of the daemon use, live"
    case .ps: "list the processes of an app"
    case .logs: "print what an app of the daemon wrote"
    case .events: "print what happened under the daemon, and what happens"
    case .kill: "kill an app of the daemon; its restart rules decide what follows"
    case .freeze: "stop every process of an app where it is"
    case .thaw: "let a frozen app go on"
    case .resetFailed: "forget that an app has failed"
    case .metrics: "print the daemon's counters for Prometheus"
    case .crashes: "list crash reports, or show one"
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
    case .exec: ["exec [--terminal MODE] [--socket PATH] APP -- COMMAND [ARGS...]"]
    case .grants, .handles: ["\(rawValue) [--json] APP"]
    case .revoke: ["revoke [--json] APP GRANT"]
    case .answer:
      [
        "answer [--json] APP",
        "answer [--json] APP ASK \(OperatorAnswer.allCases.map(\.rawValue).joined(separator: "|"))",
      ]
    case .forget: ["forget [--json] APP [GRANT]"]
    case .daemon: ["daemon [--services DIR] [--socket PATH] [--state DIR] [--quiet] [APP...]"]
    case .start, .stop, .restart: ["\(rawValue) [--no-wait] [--json] APP..."]
    case .reload: ["reload [--plan] [--json] [APP]"]
    case .status: ["status [--json] [APP]"]
    case .why: ["why [--last N] [--json] APP"]
    case .top: ["top [--interval SECONDS] [--once] [--json]"]
    case .ps: ["ps [--json] APP"]
    case .logs: ["logs [--follow] [--lines N] [--json] APP"]
    case .events: ["events [--follow] [--lines N] [--json] [APP]"]
    case .kill, .freeze, .thaw, .resetFailed: ["\(rawValue) [--json] APP..."]
    case .metrics: ["metrics"]
    case .crashes:
      [
        "crashes [--json] [--directory DIR | --socket PATH]",
        "crashes [--json] [--directory DIR | --socket PATH] show ID|latest",
      ]
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
    case .json:
      switch self {
      case .run, .exec, .help, .completions, .man, .daemon, .metrics: false
      case .plan, .show, .check, .profiles, .doctor, .grants, .handles, .revoke, .answer, .forget,
        .crashes,
        .start, .stop, .restart, .reload, .status, .why, .top, .ps, .logs, .events, .kill, .freeze,
        .thaw,
        .resetFailed:
        true
      }
    case .names: self == .profiles
    case .jsonStatusFD, .audit, .crashReport: self == .run
    case .directory: self == .crashes
    case .quiet: self == .run || self == .daemon
    case .services, .state, .auditDirectory, .socketGroup, .socketMode, .metrics: self == .daemon
    case .socket: self == .daemon || self == .crashes || self == .exec || asksDaemon
    case .noWait: self == .start || self == .stop || self == .restart
    case .plan: self == .reload
    case .interval, .once: self == .top
    case .last: self == .why
    case .follow, .lines: self == .events || self == .logs
    case .terminal: startsFromProfile || self == .exec
    case .profile, .name, .read, .write, .private, .overlay, .hide, .device, .network, .connect,
      .bind, .limit, .env, .unsetEnv, .workdir, .hostname, .user, .home, .umask, .timezone, .fd,
      .allowSyscall, .denySyscall, .require, .stopSignal, .stopTimeout, .set, .relax:
      startsFromProfile
    }
  }

  /// The options of this command, in the order help shows them.
  package var options: [CommandOption] { CommandOption.allCases.filter(accepts) }

  /// Run and the two commands that take the same arguments as it.
  package var startsFromProfile: Bool {
    switch self {
    case .run, .plan, .show: true
    case .check, .profiles, .doctor, .exec, .grants, .handles, .revoke, .answer, .forget, .crashes,
      .daemon,
      .start,
      .stop, .restart, .reload, .status, .why, .top, .ps, .logs, .events, .kill, .freeze, .thaw,
      .resetFailed,
      .metrics, .help, .completions, .man:
      false
    }
  }

  /// It asks a daemon that runs.
  package var asksDaemon: Bool {
    switch self {
    case .start, .stop, .restart, .reload, .status, .why, .top, .ps, .logs, .events, .kill, .freeze,
      .thaw,
      .resetFailed, .metrics:
      true
    case .run, .plan, .show, .check, .profiles, .doctor, .exec, .grants, .handles, .revoke, .answer,
      .forget, .crashes, .daemon, .help, .completions, .man:
      false
    }
  }

  /// The exit code for a command line that makes no sense. `run` and `exec` must not look like the program
  /// they run.
  package var usageExitCode: Int32 { startsFromProfile || self == .exec ? 125 : 2 }
}

/// Every option, by its name without the dashes. Those that are rules are `CommandLineOption`'s; a
/// test holds the two lists equal.
package enum CommandOption: String, CaseIterable, Sendable {
  case profile, name
  case read, write, `private`, overlay, hide, device
  case network, connect, bind
  case limit, env
  case unsetEnv = "unset-env"
  case workdir, hostname, user, home, umask, timezone, fd, terminal
  case allowSyscall = "allow-syscall"
  case denySyscall = "deny-syscall"
  case require
  case stopSignal = "stop-signal"
  case stopTimeout = "stop-timeout"
  case set, relax
  case jsonStatusFD = "json-status-fd"
  case audit
  case crashReport = "crash-report"
  case directory
  case services, socket, state
  case auditDirectory = "audit-dir"
  case socketGroup = "socket-group"
  case socketMode = "socket-mode"
  case metrics
  case noWait = "no-wait"
  case plan, follow, lines
  case interval, once, last
  case quiet, json, names, help, version

  /// The option as it is typed.
  package var typed: String { "--" + rawValue }
}

/// What an option's value is: what a shell may offer for it.
package enum ValueKind: Hashable, Sendable {
  /// No value.
  case flag
  case profile
  case path, directory
  /// One of these words.
  case words([String])
  /// One of these words, then `=` and something.
  case keys([String])
  /// Nothing a shell could offer.
  case other
}

extension CommandOption {
  /// The option of this name, without its dashes; `init(rawValue:)` would make a table, as it does for a command.
  static func named(_ name: String) -> CommandOption? { allCases.first { $0.rawValue == name } }

  package var kind: ValueKind {
    switch self {
    case .profile: .profile
    case .socket, .audit: .path
    case .read, .write, .private, .overlay, .hide, .device: .path
    case .network: .words(NetworkMode.allCases.map(\.rawValue))
    case .terminal: .words(TerminalMode.allCases.map(\.rawValue))
    case .require: .words(Requirement.allCases.map(\.rawValue))
    case .limit: .keys(LimitName.allCases.map(\.rawValue))
    case .set, .relax: .keys(ProfileKey.all.filter { !$0.isOfNamedTable }.map(\.path))
    case .workdir, .home, .services, .state, .auditDirectory, .crashReport, .directory: .directory
    case .connect, .bind, .env, .unsetEnv, .hostname, .user, .umask, .timezone, .fd,
      .allowSyscall, .denySyscall, .stopSignal, .stopTimeout, .name, .jsonStatusFD, .lines,
      .socketGroup, .socketMode, .metrics, .interval, .last:
      .other
    case .quiet, .json, .names, .help, .version, .noWait, .plan, .follow, .once: .flag
    }
  }

  /// How help names the value; nil for a flag.
  package var placeholder: String? {
    switch self {
    case .profile: "NAME|FILE"
    case .name: "APP"
    case .jsonStatusFD, .lines, .last: "N"
    case .interval: "SECONDS"
    case .services, .state, .auditDirectory, .crashReport, .directory: "DIR"
    case .socket: "PATH"
    case .socketGroup: "GROUP"
    case .socketMode: "MODE"
    case .metrics: "ADDRESS"
    case .quiet, .json, .names, .help, .version, .noWait, .plan, .follow, .once: nil
    case .audit: "FILE"
    case .read, .write, .private, .overlay, .hide, .device, .network, .connect, .bind, .limit,
      .env, .unsetEnv, .workdir, .hostname, .user, .home, .umask, .timezone, .fd, .terminal,
      .allowSyscall, .denySyscall, .require, .stopSignal, .stopTimeout, .set, .relax:
      CommandLineOption.named(typed)?.placeholder ?? "VALUE"
    }
  }

  /// It takes no value. Needs no table, unlike `placeholder`.
  package var isFlag: Bool {
    switch self {
    case .quiet, .json, .names, .help, .version, .noWait, .plan, .follow, .once: true
    case .profile, .name, .jsonStatusFD, .audit, .crashReport, .directory, .services, .socket,
      .state, .auditDirectory, .socketGroup, .socketMode, .metrics, .lines, .interval, .last:
      false
    case .read, .write, .private, .overlay, .hide, .device, .network, .connect, .bind, .limit,
      .env, .unsetEnv, .workdir, .hostname, .user, .home, .umask, .timezone, .fd, .terminal,
      .allowSyscall, .denySyscall, .require, .stopSignal, .stopTimeout, .set, .relax:
      false
    }
  }

  /// It is a rule: a key of a profile, written on the command line. Whether it may be given twice,
  /// and what its value may be, is then the profile reader's to say.
  package var isRule: Bool {
    switch self {
    case .profile, .name, .jsonStatusFD, .audit, .crashReport, .directory, .services, .socket,
      .state, .auditDirectory, .socketGroup, .socketMode, .metrics, .lines, .interval, .last:
      false
    case .quiet, .json, .names, .help, .version, .noWait, .plan, .follow, .once: false
    case .read, .write, .private, .overlay, .hide, .device, .network, .connect, .bind, .limit,
      .env, .unsetEnv, .workdir, .hostname, .user, .home, .umask, .timezone, .fd, .terminal,
      .allowSyscall, .denySyscall, .require, .stopSignal, .stopTimeout, .set, .relax:
      true
    }
  }

  /// One line of help.
  package var summary: String {
    switch self {
    case .profile: "The profile to start from; without it, APP's own or 'default'."
    case .name: "The app's name in reports and for $APP; without it, its profile's or program's."
    case .jsonStatusFD: "Write one JSON object per event to descriptor N."
    case .audit: "Append every decision about the app's requests to FILE, a line of JSON each."
    case .crashReport: "Write a report into DIR when a signal ends a process of the app."
    case .directory: "The directory of the reports; without it, where they are kept."
    case .services: "Where each file NAME.toml is an app of the daemon's."
    case .socket: "The daemon's control socket, if not at its usual place."
    case .socketGroup: "Let members of GROUP, by name or number, give the daemon orders."
    case .socketMode: "The mode of the socket's file: 0600, or with a group 0660."
    case .metrics: "Serve metrics by HTTP on unix:PATH or tcp:127.0.0.1:PORT."
    case .state: "Where logs and crash reports are kept, if not at the usual place."
    case .auditDirectory: "Keep every decision about apps' requests in DIR, in files for each app."
    case .noWait: "Do not wait until it is done."
    case .plan: "Only say what would change."
    case .follow: "Go on until it is interrupted."
    case .lines: "How many to begin with; \(DaemonInterface.lines) without it."
    case .interval: "How often to look, in seconds; 1 without it."
    case .once: "Look once and end."
    case .last: "How many kinds of refusals at most: 0 to 32; 10 without it."
    case .quiet: "No notices; errors are still told."
    case .json: "Print JSON."
    case .names: "Print only the names, one a line."
    case .help: "Explain this command."
    case .version: "Print the version."
    case .limit: "Set a limit: \(LimitName.allCases.map(\.rawValue).joined(separator: ", "))."
    case .read, .write, .private, .overlay, .hide, .device, .network, .connect, .bind, .env,
      .unsetEnv, .workdir, .hostname, .user, .home, .umask, .timezone, .fd, .terminal,
      .allowSyscall, .denySyscall, .require, .stopSignal, .stopTimeout, .set, .relax:
      CommandLineOption.named(typed)?.doc ?? ""
    }
  }
}

/// The shells that completion scripts exist for.
package enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }
