/// The command's side of the daemon's control socket.
struct DaemonClient {
  private var connection: VarlinkConnection

  /// Finds the caller's own daemon, or else the machine's.
  ///
  /// - Parameters:
  ///   - socket: where it is; nil: at the usual places.
  ///   - waits: its answer may take as long as it takes.
  init(
    _ place: DaemonPlace, socket path: String?, waits: Bool
  ) throws(ControlClient.Failure) {
    let timeout: Int32 = waits ? 0 : 10_000
    var problem: SystemError?
    do throws(SystemError) {
      let (held, name) = try place.socket(path)
      let socket = try LocalSocket.connect(
        name, in: held.directory, timeoutMilliseconds: timeout)
      connection = Self.connection(socket)
      return
    } catch {
      if let path {
        throw ControlClient.Failure(
          message: "no daemon answers at \(VisibleText.of(path)): \(error)", cure: nil)
      }
      problem = error
    }
    do throws(SystemError) {
      let directory = try PrivateDirectory(
        existing: DaemonPlace.system.directory, isPrivate: false, ownedBy: 0)
      let socket = try LocalSocket.connect(
        DaemonPlace.system.name, in: directory, timeoutMilliseconds: timeout)
      connection = Self.connection(socket)
      return
    } catch {
      if error.number == Errno.access { problem = error }
    }
    let why = problem.map { " (\($0))" } ?? ""
    throw ControlClient.Failure(
      message: "no daemon answers\(why)",
      cure: "start one: isolated daemon [APP...]; or run one app without: isolated run APP")
  }

  private static func connection(_ socket: consuming Descriptor) -> VarlinkConnection {
    VarlinkConnection(
      HeldDescriptor(socket), interface: DaemonInterface.name, name: "the daemon")
  }

  private static func refusal(
    _ error: String, _ parameters: JSONObject
  ) -> ControlClient.Failure {
    let prefix = DaemonInterface.name + "."
    func shown(_ key: String) -> String {
      VisibleText.of(parameters[key]?.string ?? "", limit: 4000)
    }
    switch error {
    case prefix + "NoSuchApp":
      return .init(message: "the daemon has no app '\(shown("app"))'", cure: "see: isolated status")
    case prefix + "NotInThisState":
      return .init(message: "\(shown("app")) is \(shown("state"))", cure: nil)
    case prefix + "OrderFailed":
      return .init(
        message: shown("reason"), cure: "see: isolated status \(shown("app"))")
    case prefix + "BadProfile":
      let lines = parameters["messages"]?.array?.compactMap(\.string) ?? []
      return .init(
        message: "nothing was changed:\n"
          + lines.flatMap { $0.split(separator: "\n") }.map {
            VisibleText.of(String($0), limit: 1000)
          }.joined(separator: "\n"), cure: nil)
    case prefix + "NoSuchLog":
      return .init(
        message: "no log of '\(shown("app"))' can be read: \(shown("reason"))",
        cure: LogCommand.cure)
    case prefix + "NoSuchCrash":
      return .init(message: "no such crash report", cure: "isolated crashes lists them")
    case prefix + "ShuttingDown": return .init(message: "the daemon ends", cure: nil)
    default: return .init(message: "the daemon refuses: \(VisibleText.of(error))", cure: nil)
    }
  }

  mutating func call(
    _ method: String, _ parameters: JSONObject = JSONObject(), more: Bool = false,
    most: Int = 10_000, _ take: (JSONObject) throws(ControlMisread) -> Bool
  ) throws(ControlClient.Failure) {
    try connection.call(
      method, parameters, more: more, most: most, refusal: { Self.refusal($0, $1) }, take)
  }

  // MARK: the methods

  mutating func status() throws(ControlClient.Failure) -> ControlDaemon {
    var status: ControlDaemon?
    try call("GetStatus") { reply throws(ControlMisread) in
      status = try ControlDaemon(.object(reply))
      return true
    }
    guard let status else { throw connection.hungUp }
    return status
  }

  mutating func apps() throws(ControlClient.Failure) -> [ControlApp] {
    var apps: [ControlApp] = []
    try call("ListApps", more: true) { reply throws(ControlMisread) in
      for value in reply["apps"]?.array ?? [] { apps.append(try ControlApp(value)) }
      return true
    }
    return apps
  }

  mutating func app(_ name: String) throws(ControlClient.Failure) -> ControlApp {
    try one("GetApp", JSONObject([.init("app", .string(name))]))
  }

  /// What it takes to enter the sandbox of an app; whoever answers is this user.
  mutating func sandbox(_ name: String) throws(ControlClient.Failure) -> ControlSandbox {
    do throws(SystemError) {
      let peer = try LocalSocket.peer(of: connection.socket.descriptor)
      guard peer.uid == LocalSocket.user else {
        throw SystemError(call: "connect", number: Errno.notPermitted)
      }
    } catch {
      throw ControlClient.Failure(
        message: "cannot enter an app of another user's daemon: \(error)", cure: nil)
    }
    var sandbox: ControlSandbox?
    try call("GetSandbox", JSONObject([.init("app", .string(name))])) {
      reply throws(ControlMisread) in
      sandbox = try ControlSandbox(.object(reply))
      return true
    }
    guard let sandbox else { throw connection.hungUp }
    return sandbox
  }

  mutating func order(
    _ order: AppOrder, _ name: String, waits: Bool
  ) throws(ControlClient.Failure) -> ControlApp {
    try one(
      "Order",
      JSONObject([
        .init("app", .string(name)), .init("order", .string(order.rawValue)),
        .init("wait", .boolean(waits)),
      ]))
  }

  private mutating func one(
    _ method: String, _ parameters: JSONObject
  ) throws(ControlClient.Failure) -> ControlApp {
    var app: ControlApp?
    try call(method, parameters) { reply throws(ControlMisread) in
      app = try ControlApp(reply["app"] ?? .null)
      return true
    }
    guard let app else { throw connection.hungUp }
    return app
  }

  mutating func reload(
    _ app: String?, isPlan: Bool
  ) throws(ControlClient.Failure) -> [ControlChange] {
    var changes: [ControlChange] = []
    let parameters = JSONObject([
      .init("app", app.map { .string($0) } ?? .null), .init("plan", .boolean(isPlan)),
    ])
    try call("Reload", parameters, more: true) { reply throws(ControlMisread) in
      for value in reply["changes"]?.array ?? [] { changes.append(try ControlChange(value)) }
      return true
    }
    return changes
  }

  mutating func why(_ name: String, _ count: Int) throws(ControlClient.Failure) -> ControlWhy {
    var why: ControlWhy?
    let parameters = JSONObject([
      .init("app", .string(name)), .init("count", .integer(Int64(count))),
    ])
    try call("GetWhy", parameters) { reply throws(ControlMisread) in
      why = try ControlWhy(reply["why"] ?? .null)
      return true
    }
    guard let why else { throw connection.hungUp }
    return why
  }

  mutating func use() throws(ControlClient.Failure) -> [ControlUse] {
    var use: [ControlUse] = []
    try call("GetUse", more: true) { reply throws(ControlMisread) in
      for value in reply["use"]?.array ?? [] { use.append(try ControlUse(value)) }
      return true
    }
    return use
  }

  mutating func metrics() throws(ControlClient.Failure) -> String {
    var text = ""
    try call("GetMetrics") { reply throws(ControlMisread) in
      text = reply["text"]?.string ?? ""
      return true
    }
    return text
  }

  /// - Parameters:
  ///   - app: nil: of all.
  ///   - take: false ends it.
  mutating func events(
    of app: String?, _ count: Int, follows: Bool, _ take: (ControlEvent) -> Bool
  ) throws(ControlClient.Failure) {
    let parameters = JSONObject([
      .init("app", app.map { .string($0) } ?? .null), .init("count", .integer(Int64(count))),
      .init("follow", .boolean(follows)),
    ])
    try call("GetEvents", parameters, more: true, most: .max) { reply throws(ControlMisread) in
      for value in reply["events"]?.array ?? [] where try !take(ControlEvent(value)) {
        return false
      }
      return true
    }
  }

  /// - Parameter take: is told whether lines are missing before these; false ends it.
  mutating func log(
    of app: String, _ count: Int, follows: Bool, _ take: ([ControlLine], Bool) -> Bool
  ) throws(ControlClient.Failure) {
    let parameters = JSONObject([
      .init("app", .string(app)), .init("count", .integer(Int64(count))),
      .init("follow", .boolean(follows)),
    ])
    try call("GetLog", parameters, more: true, most: .max) { reply throws(ControlMisread) in
      var lines: [ControlLine] = []
      for value in reply["lines"]?.array ?? [] { lines.append(try ControlLine(value)) }
      return take(lines, reply["gap"]?.boolean == true)
    }
  }

  mutating func crashes() throws(ControlClient.Failure) -> [ControlCrash] {
    var crashes: [ControlCrash] = []
    try call("ListCrashes", more: true) { reply throws(ControlMisread) in
      for value in reply["crashes"]?.array ?? [] { crashes.append(try ControlCrash(value)) }
      return true
    }
    return crashes
  }

  /// A report's document, as the daemon keeps it.
  mutating func crash(_ id: UInt64) throws(ControlClient.Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    let parameters = JSONObject([.init("id", .integer(Int64(clamping: id)))])
    try call("GetCrash", parameters, more: true) { reply throws(ControlMisread) in
      bytes += (reply["text"]?.string ?? "").utf8
      return bytes.count <= CrashReport.sizeLimit
    }
    return bytes
  }
}
