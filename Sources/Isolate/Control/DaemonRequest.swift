/// What may be ordered by name.
package enum AppOrder: String, CaseIterable, Hashable, Sendable {
  case start, stop, restart, kill, freeze, thaw
  case resetFailed = "reset_failed"

  package var order: Order {
    switch self {
    case .start: .start
    case .stop: .stop
    case .restart: .restart
    case .kill: .kill
    case .freeze: .freeze
    case .thaw: .thaw
    case .resetFailed: .resetFailed
    }
  }
}

/// A call of the interface, understood.
package enum DaemonRequest: Hashable, Sendable {
  case status, apps
  case app(String)
  case sandbox(String)
  case order(AppOrder, app: String, waits: Bool)
  case reload(app: String?, isPlan: Bool)
  case events(app: String?, count: Int, follows: Bool)
  case log(String, count: Int, follows: Bool)
  case crashes
  case crash(UInt64)
  case use
  case why(String, count: Int)
  case metrics

  /// - Parameter call: one that the server has checked against the interface.
  package init(_ call: VarlinkCall) throws(VarlinkError) {
    let parameters = call.parameters
    func text(_ key: String) throws(VarlinkError) -> String {
      guard let text = parameters[key]?.string else { throw .invalidParameter(key) }
      return text
    }
    func count(most: Int64) throws(VarlinkError) -> Int {
      let count = parameters["count"]?.integer ?? DaemonInterface.lines
      guard count >= 0 else { throw .invalidParameter("count") }
      return Int(min(count, most))
    }
    func follows() throws(VarlinkError) -> Bool {
      guard parameters["follow"]?.boolean == true else { return false }
      guard call.wantsMore else { throw .expectedMore }
      return true
    }
    switch call.method {
    case "GetStatus": self = .status
    case "ListApps": self = .apps
    case "GetApp": self = .app(try text("app"))
    case "GetSandbox": self = .sandbox(try text("app"))
    case "Order":
      guard let order = AppOrder(rawValue: try text("order")) else {
        throw .invalidParameter("order")
      }
      self = .order(order, app: try text("app"), waits: parameters["wait"]?.boolean == true)
    case "Reload":
      self = .reload(
        app: parameters["app"]?.string, isPlan: parameters["plan"]?.boolean == true)
    case "GetEvents":
      self = .events(
        app: parameters["app"]?.string,
        count: try count(most: Int64(DaemonInterface.eventsKept)), follows: try follows())
    case "GetLog":
      guard call.wantsMore else { throw .expectedMore }
      self = .log(
        try text("app"), count: try count(most: DaemonInterface.mostLines),
        follows: try follows())
    case "ListCrashes": self = .crashes
    case "GetCrash":
      guard call.wantsMore else { throw .expectedMore }
      guard let id = parameters["id"]?.integer, id >= 0 else { throw .invalidParameter("id") }
      self = .crash(UInt64(id))
    case "GetUse": self = .use
    case "GetWhy": self = .why(try text("app"), count: try SessionInterface.refusals(call))
    case "GetMetrics": self = .metrics
    default: throw .methodNotImplemented(call.interface + "." + call.method)
    }
  }
}

/// Why the daemon does not do what it was asked.
package enum DaemonRefusal: Error, Hashable, Sendable {
  case noSuchApp(String)
  case notInThisState(app: String, state: String)
  case orderFailed(app: String, reason: String)
  case badProfile([String])
  case noSuchLog(app: String, reason: String)
  case noSuchCrash(UInt64)
  case shuttingDown

  package var varlink: VarlinkError {
    func own(_ name: String, _ members: [JSONObject.Member]) -> VarlinkError {
      .own(DaemonInterface.name + "." + name, JSONObject(members))
    }
    return switch self {
    case .noSuchApp(let app): own("NoSuchApp", [.init("app", .string(app))])
    case .notInThisState(let app, let state):
      own("NotInThisState", [.init("app", .string(app)), .init("state", .string(state))])
    case .orderFailed(let app, let reason):
      own("OrderFailed", [.init("app", .string(app)), .init("reason", .string(reason))])
    case .badProfile(let messages): own("BadProfile", [.init("messages", JSONValue(messages))])
    case .noSuchLog(let app, let reason):
      own("NoSuchLog", [.init("app", .string(app)), .init("reason", .string(reason))])
    case .noSuchCrash(let id):
      own("NoSuchCrash", [.init("id", .integer(Int64(clamping: id)))])
    case .shuttingDown: own("ShuttingDown", [])
    }
  }
}
