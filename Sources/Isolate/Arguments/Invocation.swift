/// A whole command line, understood.
package enum Invocation: Hashable, Sendable {
  case version
  /// nil: the overview.
  case help(Command?)
  case run(RunRequest)
  case plan(RunRequest, json: Bool)
  case show(RunRequest, json: Bool)
  /// No profiles named: every profile that is found.
  case check([TypedWord], json: Bool)
  case profiles(ProfileListing)
  case doctor(json: Bool)
  case exec(ExecRequest)
  case operate(OperatorCommand, json: Bool)
  case daemon(DaemonRequestSettings)
  /// With the path of its socket; nil: the usual one.
  case direct(DaemonCommand, socket: String?, json: Bool)
  case crashes(CrashQuestion, json: Bool)
  case completions(Shell)
  case man(ManualPage)
}

/// What an operator asks of a running session.
package enum OperatorCommand: Hashable, Sendable {
  case grants(app: String)
  case handles(app: String)
  case revoke(app: String, grant: String)
  /// Which questions wait?
  case questions(app: String)
  case answer(app: String, ask: UInt64, OperatorAnswer)
  /// Nil: every grant.
  case forget(app: String, grant: String?)
}

/// What is asked of the daemon.
package enum DaemonCommand: Hashable, Sendable {
  case order(AppOrder, apps: [String], waits: Bool)
  /// Nil: every app.
  case reload(app: String?, isPlan: Bool)
  case status(app: String?)
  case why(app: String, kinds: Int)
  case processes(app: String)
  case logs(app: String, follows: Bool, lines: Int)
  case events(app: String?, follows: Bool, lines: Int)
  case top(intervalMilliseconds: Int64, once: Bool)
  case metrics
}

/// What `crashes` is asked.
package struct CrashQuestion: Hashable, Sendable {
  package enum Report: Hashable, Sendable {
    case latest
    case number(UInt64)
  }
  /// Nil: all of them.
  package var report: Report?
  /// `--directory`; nil: where they are kept.
  package var directory: String?
  /// `--socket`: of the daemon whose reports are meant; nil: where they are kept.
  package var socket: String?

  package init(report: Report? = nil, directory: String? = nil, socket: String? = nil) {
    self.report = report
    self.directory = directory
    self.socket = socket
  }
}

/// How `profiles` prints its list.
package enum ProfileListing: Hashable, Sendable { case text, json, names }

/// The manual pages there are.
package enum ManualPage: Hashable, Sendable {
  /// isolated(1)
  case overview
  /// isolated-COMMAND(1)
  case command(Command)
  /// isolated-profile(5)
  case profile

  package static var all: [ManualPage] {
    [.overview] + Command.allCases.map(ManualPage.command) + [.profile]
  }

  /// The page's name without its section.
  package var name: String {
    switch self {
    case .overview: "isolated"
    case .command(let command): "isolated-" + command.rawValue
    case .profile: "isolated-profile"
    }
  }

  package var section: String {
    switch self {
    case .overview, .command: "1"
    case .profile: "5"
    }
  }

  /// The page a person means by this word: `run`, `isolated-run`, `isolated`, `profile`.
  package init?(word: String) {
    for page in ManualPage.all {
      let short = page.name.split(separator: "-", maxSplits: 1).last.map(String.init)
      if word == page.name || word == short {
        self = page
        return
      }
    }
    return nil
  }
}

/// A command line that makes no sense: which argument, why, and what to type instead.
package struct UsageError: Error, Hashable, Sendable {
  /// The command it was for, if it got that far.
  package var command: Command?
  /// The number of the offending argument, counted from 1; nil when something is missing at the
  /// end.
  package var argument: Int?
  package var message: String
  package var cure: String?

  package init(
    _ command: Command?, argument: Int? = nil, _ message: String, cure: String? = nil
  ) {
    self.command = command
    self.argument = argument
    self.message = message
    self.cure = cure
  }

  package var exitCode: Int32 { command?.usageExitCode ?? 2 }

  /// The error as a person reads it, with its newline.
  package var rendered: String {
    let place = argument.map { "argument \($0): " } ?? ""
    var text = "isolated: \(place)\(message)\n"
    if let cure { text += "  help: \(cure)\n" }
    let more = command.map { "isolated help \($0.rawValue)" } ?? "isolated help"
    return text + "  see: \(more)\n"
  }
}
