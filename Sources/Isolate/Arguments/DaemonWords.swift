/// Understands what follows the commands for the daemon.
enum DaemonWords {
  static func readDaemon(
    _ operands: [TypedWord], _ values: [CommandOption: TypedWord]
  ) throws(UsageError) -> DaemonRequestSettings {
    var settings = DaemonRequestSettings()
    settings.services = values[.services]?.text
    settings.socket = values[.socket]?.text
    settings.state = values[.state]?.text
    settings.isQuiet = values[.quiet] != nil
    settings.apps = operands
    for app in operands where app.text.isEmpty {
      throw UsageError(.daemon, argument: app.argument, "the APP is empty")
    }
    return settings
  }

  static func read(
    _ command: Command, _ operands: [TypedWord], _ values: [CommandOption: TypedWord]
  ) throws(UsageError) -> DaemonCommand {
    for word in operands where word.text.isEmpty {
      throw UsageError(command, argument: word.argument, "the APP is empty")
    }
    if let order = order(command) {
      guard !operands.isEmpty else { throw needsApp(command) }
      return .order(order, apps: operands.map(\.text), waits: values[.noWait] == nil)
    }
    let most = command == .metrics || command == .top ? 0 : 1
    if operands.count > most {
      let extra = operands[most]
      throw UsageError(command, argument: extra.argument, "unexpected '\(extra.text)'")
    }
    let app = operands.first?.text
    switch command {
    case .reload: return .reload(app: app, isPlan: values[.plan] != nil)
    case .status: return .status(app: app)
    case .ps:
      guard let app else { throw needsApp(command) }
      return .processes(app: app)
    case .logs:
      guard let app else { throw needsApp(command) }
      return .logs(
        app: app, follows: values[.follow] != nil, lines: try lines(command, values[.lines]))
    case .events:
      return .events(
        app: app, follows: values[.follow] != nil, lines: try lines(command, values[.lines]))
    case .top:
      return .top(
        intervalMilliseconds: try interval(values[.interval]), once: values[.once] != nil)
    case .metrics: return .metrics
    case .run, .plan, .show, .check, .profiles, .doctor, .exec, .grants, .handles, .revoke, .answer,
      .forget, .crashes, .daemon, .start, .stop, .restart, .kill, .freeze, .thaw, .resetFailed,
      .help,
      .completions, .man:
      preconditionFailure("no command for the daemon")
    }
  }

  private static func order(_ command: Command) -> AppOrder? {
    switch command {
    case .start: .start
    case .stop: .stop
    case .restart: .restart
    case .kill: .kill
    case .freeze: .freeze
    case .thaw: .thaw
    case .resetFailed: .resetFailed
    case .run, .plan, .show, .check, .profiles, .doctor, .exec, .grants, .handles, .revoke, .answer,
      .forget, .crashes, .daemon, .reload, .status, .top, .ps, .logs, .events, .metrics, .help,
      .completions,
      .man:
      nil
    }
  }

  private static func needsApp(_ command: Command) -> UsageError {
    UsageError(command, "the APP is needed", cure: "isolated \(command.usage[0])")
  }

  /// In seconds, with a fraction if need be.
  private static func interval(_ word: TypedWord?) throws(UsageError) -> Int64 {
    guard let word else { return 1000 }
    guard let seconds = Double(word.text), (0.1...3600).contains(seconds) else {
      throw UsageError(
        .top, argument: word.argument,
        "--interval takes seconds from 0.1 to 3600, not '\(word.text)'")
    }
    return Int64(seconds * 1000)
  }

  private static func lines(_ command: Command, _ word: TypedWord?) throws(UsageError) -> Int {
    guard let word else { return 100 }
    guard let number = Int(word.text), (0...100_000).contains(number) else {
      throw UsageError(
        command, argument: word.argument,
        "--lines takes a number up to 100000, not '\(word.text)'")
    }
    return number
  }
}
