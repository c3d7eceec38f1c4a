import Testing

@testable import Isolate

@Suite("What is asked of a daemon, and the words for what is refused")
struct RequestWordTests {
  private func call(
    _ method: String, _ parameters: JSONObject = JSONObject(), more: Bool = false
  ) -> VarlinkCall {
    VarlinkCall(
      peer: 1, number: 1, interface: DaemonInterface.name, method: method, parameters: parameters,
      wantsMore: more, isOneway: false)
  }

  private func read(
    _ method: String, _ members: [JSONObject.Member] = [], more: Bool = false
  ) throws(VarlinkError) -> DaemonRequest {
    try DaemonRequest(call(method, JSONObject(members), more: more))
  }

  @Test("every method of the interface is understood") func methods() throws {
    let app = JSONObject.Member("app", "a")
    #expect(try read("GetStatus") == .status)
    #expect(try read("ListApps") == .apps)
    #expect(try read("GetApp", [app]) == .app("a"))
    #expect(try read("GetSandbox", [app]) == .sandbox("a"))
    #expect(try read("Reload") == .reload(app: nil, isPlan: false))
    #expect(try read("Reload", [app, .init("plan", true)]) == .reload(app: "a", isPlan: true))
    #expect(try read("GetEvents") == .events(app: nil, count: 100, follows: false))
    #expect(
      try read("GetEvents", [app, .init("count", 4096)])
        == .events(app: "a", count: DaemonInterface.eventsKept, follows: false))
    #expect(try read("ListCrashes") == .crashes)
    #expect(try read("GetCrash", [.init("id", 7)], more: true) == .crash(7))
    let few = [app, .init("count", 2)]
    #expect(try read("GetLog", few, more: true) == .log("a", count: 2, follows: false))
    #expect(
      try read("GetLog", [app, .init("count", .integer(.max)), .init("follow", true)], more: true)
        == .log("a", count: Int(DaemonInterface.mostLines), follows: true))
    #expect(
      try read("GetEvents", [.init("follow", true)], more: true)
        == .events(app: nil, count: 100, follows: true))
    #expect(try read("GetUse") == .use)
    #expect(
      try read("GetWhy", [app]) == .why("a", count: Int(SessionInterface.refusals)))
    #expect(try read("GetWhy", [app, .init("count", 3)]) == .why("a", count: 3))
    #expect(try read("GetMetrics") == .metrics)
    for order in AppOrder.allCases {
      #expect(
        try read("Order", [app, .init("order", .string(order.rawValue)), .init("wait", true)])
          == .order(order, app: "a", waits: true))
    }
    #expect(
      Set(AppOrder.allCases.map(\.order)).count == AppOrder.allCases.count,
      "each is an order of its own")
  }

  @Test("what a checked call cannot hold is refused all the same") func wrong() {
    func error(
      _ method: String, _ members: [JSONObject.Member] = [], more: Bool = false
    ) -> VarlinkError? {
      do throws(VarlinkError) { _ = try read(method, members, more: more) } catch { return error }
      return nil
    }
    let app = JSONObject.Member("app", "a")
    #expect(error("GetApp") == .invalidParameter("app"))
    #expect(error("GetSandbox") == .invalidParameter("app"))
    #expect(error("Order", [app, .init("order", "dance")]) == .invalidParameter("order"))
    #expect(error("Order", [app]) == .invalidParameter("order"))
    #expect(error("Order", [.init("order", "stop")]) == .invalidParameter("app"))
    #expect(error("GetEvents", [.init("count", -1)]) == .invalidParameter("count"))
    #expect(error("GetLog", [app]) == .expectedMore)
    #expect(error("GetCrash", [.init("id", 1)]) == .expectedMore)
    #expect(error("GetEvents", [.init("follow", true)]) == .expectedMore)
    #expect(error("GetLog", more: true) == .invalidParameter("app"))
    #expect(error("GetLog", [app, .init("count", -1)], more: true) == .invalidParameter("count"))
    for id in [[], [.init("id", -1)], [.init("id", "1")]] as [[JSONObject.Member]] {
      #expect(error("GetCrash", id, more: true) == .invalidParameter("id"))
    }
    #expect(error("GetWhy") == .invalidParameter("app"))
    #expect(error("GetWhy", [app, .init("count", 999)]) == .invalidParameter("count"))
    #expect(error("Dance") == .methodNotImplemented("io.isolated.Daemon.Dance"))
  }

  @Test("of each answer and error of varlink there is one name") func names() {
    let errors: [VarlinkError] = [
      .interfaceNotFound("a"), .methodNotFound("a"), .methodNotImplemented("a"),
      .invalidParameter("a"), .permissionDenied, .expectedMore,
    ]
    #expect(
      errors.map(\.name).map { $0.split(separator: ".").last.map(String.init) ?? "" } == [
        "InterfaceNotFound", "MethodNotFound", "MethodNotImplemented", "InvalidParameter",
        "PermissionDenied", "ExpectedMore",
      ])
    #expect(errors.map { $0.parameters.members.count } == [1, 1, 1, 1, 0, 0])
    let drops: [VarlinkDrop] = [.crowded, .tooLong, .notACall, .stalled, .unread]
    #expect(
      drops.map(\.description) == [
        "too many peers", "a message is too long", "a message is not a call",
        "a message was begun and not ended", "answers were not read",
      ])
  }

  @Test("every reason of a reply has a word of its own, as the interface lists them")
  func details() {
    let words = ReplyDetail.allCases.map(\.words)
    #expect(Set(words).count == words.count)
    for word in words { #expect(SessionInterface.text.contains(word), "\(word)") }
  }
}
