/// Understands what follows the commands for the daemon.
enum DaemonWords {
  static func readDaemon(
    _ operands: [TypedWord], _ values: [CommandOption: TypedWord]
  ) throws(UsageError) -> DaemonRequestSettings {
    var settings = DaemonRequestSettings()
    settings.services = values[.services]?.text
    settings.socket = values[.socket]?.text
    try readDoors(values, &settings)
    settings.state = values[.state]?.text
    settings.audit = values[.auditDirectory]?.text
    settings.isQuiet = values[.quiet] != nil
    settings.apps = operands
    for app in operands where app.text.isEmpty {
      throw UsageError(.daemon, argument: app.argument, "the APP is empty")
    }
    return settings
  }

  private static func readDoors(
    _ values: [CommandOption: TypedWord], _ settings: inout DaemonRequestSettings
  ) throws(UsageError) {
    if let word = values[.socketGroup] {
      guard !word.text.isEmpty, values[.socket] != nil else {
        throw UsageError(
          .daemon, argument: word.argument,
          "--socket-group needs --socket PATH: the usual directory lets nobody else in",
          cure: "--socket PATH in a directory that the group may enter")
      }
      settings.socketGroup = word.text
    }
    if let word = values[.socketMode] {
      guard let mode = UInt32(word.text, radix: 8), mode | 0o060 == 0o660 else {
        throw UsageError(
          .daemon, argument: word.argument,
          "--socket-mode '\(word.text)': the user reads and writes, the group may, and nobody else",
          cure: "--socket-mode 0600, or 0660 with --socket-group")
      }
      guard mode == 0o600 || settings.socketGroup != nil else {
        throw UsageError(
          .daemon, argument: word.argument, "--socket-mode '\(word.text)' is for a group",
          cure: "--socket-group GROUP")
      }
      settings.socketMode = mode
    }
    settings.metrics = try values[.metrics].map { word throws(UsageError) in
      try metrics(word)
    }
  }

  private static func metrics(_ word: TypedWord) throws(UsageError) -> MetricsAddress {
    let (unix, tcp) = ("unix:", "tcp:")
    if word.text.utf8.starts(with: unix.utf8), word.text.utf8.count > unix.utf8.count {
      return .path(String(word.text.dropFirst(unix.count)))
    }
    if word.text.utf8.starts(with: tcp.utf8),
      let (host, port) = ListenText.address(word.text.dropFirst(tcp.count), defaultPort: nil),
      let address = AddressText.parse(host), isLoopback(address.bytes)
    {
      return .tcp(host: host, port: port)
    }
    throw UsageError(
      .daemon, argument: word.argument,
      "--metrics '\(word.text)' is no address of this machine's loopback, and no path",
      cure: "--metrics unix:PATH, tcp:127.0.0.1:PORT or tcp:[::1]:PORT")
  }

  private static func isLoopback(_ bytes: [UInt8]) -> Bool {
    bytes.count == 4
      ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
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
    case .why:
      guard let app else { throw needsApp(command) }
      return .why(app: app, kinds: try kinds(values[.last]))
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
      .forget, .crashes, .daemon, .reload, .status, .why, .top, .ps, .logs, .events, .metrics,
      .help,
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

  private static func kinds(_ word: TypedWord?) throws(UsageError) -> Int {
    guard let word else { return Int(SessionInterface.refusals) }
    guard let number = Int(word.text), (0...Int(SessionInterface.mostRefusals)).contains(number)
    else {
      throw UsageError(
        .why, argument: word.argument,
        "--last takes a number up to \(SessionInterface.mostRefusals), not '\(word.text)'")
    }
    return number
  }

  private static func lines(_ command: Command, _ word: TypedWord?) throws(UsageError) -> Int {
    guard let word else { return Int(DaemonInterface.lines) }
    guard let number = Int(word.text), (0...Int(DaemonInterface.mostLines)).contains(number) else {
      throw UsageError(
        command, argument: word.argument,
        "--lines takes a number up to \(DaemonInterface.mostLines), not '\(word.text)'")
    }
    return number
  }
}
