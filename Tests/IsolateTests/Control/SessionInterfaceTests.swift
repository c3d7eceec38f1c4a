@testable import Isolate
import Testing

@Suite("The interface of a session")
struct SessionInterfaceTests {
  @Test("is told word for word as its file has it") func file() {
    #expect(SessionInterface.text == Tree.text("config/io.isolated.Session.varlink"))
  }

  /// "Revoke(grant: string)" of each method line of the file.
  private var declared: [(name: String, parameters: [String])] {
    SessionInterface.text.split(separator: "\n").filter { $0.hasPrefix("method ") }.map { line in
      let name = line.dropFirst(7).prefix { $0 != "(" }
      let inner = line.dropFirst(7 + name.count + 1)
      var depth = 1
      let text = inner.prefix {
        depth += $0 == "(" ? 1 : $0 == ")" ? -1 : 0
        return depth > 0
      }
      let parameters = text.split(separator: ":").dropLast().compactMap {
        $0.split(separator: " ").last.map(String.init)
      }
      return (String(name), parameters)
    }
  }

  @Test("has the methods of its file, with their parameters") func methods() {
    let methods = SessionInterface.interface.methods
    #expect(methods.map(\.name) == declared.map(\.name))
    for (method, declared) in zip(methods, declared) {
      #expect(method.parameters.map(\.name) == declared.parameters, "\(method.name)")
      for parameter in method.parameters {
        let kind =
          switch parameter.kind {
          case .boolean: "bool"
          case .integer: "int"
          case .string: "string"
          case .words(let words): "(" + words.joined(separator: ", ") + ")"
          }
        let typed = "\(parameter.name): \(parameter.isOptional ? "?" : "")\(kind)"
        #expect(SessionInterface.text.contains(typed))
      }
    }
  }

  @Test("has errors that its file declares") func errors() {
    for refusal in [
      .noSuchGrant("g"), .alreadyRevoked("g"), .noSuchAsk(1), .cannotDo("why"),
    ] as [SessionRefusal] {
      let error = refusal.varlink
      let name = error.name.split(separator: ".").last.map(String.init) ?? ""
      let parameters = error.parameters.members.map(\.key).joined()
      #expect(SessionInterface.text.contains("error \(name) (\(parameters): "))
    }
  }

  /// The members of "type NAME (".
  private func members(_ heading: String) -> [String] {
    let lines = SessionInterface.text.split(separator: "\n").drop { !$0.hasPrefix(heading) }
    return lines.dropFirst().prefix { !$0.hasPrefix(")") }.filter { !$0.hasPrefix("  #") }
      .compactMap { $0.split(separator: ":").first.map { String($0.dropFirst(2)) } }
  }

  @Test("has values with the members of its file, which come back as they were") func values()
    throws
  {
    var grant = ControlGrant(
      name: "notes", kind: "files", target: "/n\u{10FEFF}", rights: ["read"], rule: "a.toml:3")
    #expect(try ControlGrant(grant.json) == grant)
    grant.left = .max >> 1
    grant.leaseMilliseconds = 5
    grant.answer = .never
    grant.state = .usedUp
    grant.latency = [1, 2]
    #expect(try ControlGrant(grant.json) == grant)
    #expect(grant.json.object?.members.map(\.key) == members("type Grant ("))
    let handle = ControlHandle(
      handle: .max, grant: "g", rule: "r", kind: "socket", rights: [], state: .cut,
      ageMilliseconds: 3, device: .max, inode: .max - 1, subject: "\u{1B}")
    #expect(try ControlHandle(handle.json) == handle)
    #expect(handle.json.object?.members.map(\.key) == members("type Handle ("))
    let ask = ControlAsk(
      ask: 4, grant: "g", rule: "r", operation: "file.open", subject: "\u{1B}[2J\n",
      leftMilliseconds: 9)
    #expect(try ControlAsk(ask.json) == ask)
    #expect(ask.json.object?.members.map(\.key) == members("type Ask ("))
    var record = ControlRecord(
      sequence: 1, ageMilliseconds: 2, operation: "hello", request: 3, grant: nil, rule: nil,
      error: "", reason: "kernel", microseconds: 4, subject: "")
    #expect(try ControlRecord(record.json) == record)
    record.grant = "g"
    record.rule = "r"
    #expect(try ControlRecord(record.json) == record)
    #expect(record.json.object?.members.map(\.key) == members("type Record ("))
    var status = ControlStatus(app: "a", supervisor: 1, pid: 2)
    #expect(try ControlStatus(status.json) == status)
    status.policy = "0f"
    status.cgroup = .v1
    status.controllers = ["memory"]
    status.brokerPid = 3
    status.broker = .givenUp
    status.brokerReason = "it died"
    status.standard = [.caller, .terminal, .null]
    status.kept = [7]
    status.door = 9
    status.drop = "why"
    #expect(try ControlStatus(status.json) == status)
    #expect(
      status.json.object?.members.map(\.key) == members("method GetStatus() -> ("))
  }

  @Test("reads no answer that lacks a member or has another kind of it") func misread() throws {
    let grant = ControlGrant(name: "n", kind: "files", target: "/", rights: [], rule: "r")
    for key in ["name", "rights", "state", "requests", "asks", "latency", "answer", "left"] {
      var object = try #require(grant.json.object)
      object[key] = .double(1.5)
      let error = #expect(throws: ControlMisread.self) { try ControlGrant(.object(object)) }
      #expect(error?.member == key)
    }
    #expect(throws: ControlMisread.self) { try ControlGrant([]) }
  }

  @Test(
    "understands its calls",
    arguments: [
      ("GetStatus", "{}", .status), ("GetGrants", "{}", .grants), ("GetHandles", "{}", .handles),
      ("GetAsks", "{}", .asks), ("Revoke", #"{"grant":"g"}"#, .revoke(grant: "g")),
      ("Answer", #"{"ask":5,"answer":"run"}"#, .answer(ask: 5, .run)),
      ("Answer", #"{"ask":-5,"answer":"run"}"#, nil),
      ("GetRecords", "{}", .records(count: 100)),
      ("GetRecords", #"{"count":null}"#, .records(count: 100)),
      ("GetRecords", #"{"count":7}"#, .records(count: 7)), ("GetRecords", #"{"count":-1}"#, nil),
      ("GetRecords", #"{"count":101}"#, nil),
    ] as [(String, String, SessionRequest?)])
  func requests(method: String, parameters: String, wanted: SessionRequest?) throws {
    let value = try JSONReader.read(Array(parameters.utf8), limit: 1000)
    let call = VarlinkCall(
      peer: 1, number: 1, interface: SessionInterface.name, method: method,
      parameters: value.object ?? JSONObject(), wantsMore: false, isOneway: false)
    try SessionInterface.interface.check(call)
    if let wanted {
      #expect(try SessionRequest(call) == wanted)
    } else {
      #expect(throws: VarlinkError.self) { try SessionRequest(call) }
    }
  }
}
