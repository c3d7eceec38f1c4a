@testable import Isolate
import Testing

@Suite("The interface of the daemon")
struct DaemonInterfaceTests {
  @Test("is told word for word as its file has it") func file() {
    #expect(DaemonInterface.text == Tree.text("config/io.isolated.Daemon.varlink"))
  }

  @Test("has the methods of its file, with their parameters") func methods() {
    let text = DaemonInterface.text.split(separator: "\n").map {
      $0.hasPrefix("#") ? "" : String($0)
    }.joined(separator: " ")
    for method in DaemonInterface.interface.methods {
      guard let start = text.firstRange(of: "method \(method.name)(")?.upperBound else {
        Issue.record("\(method.name) is not in the file")
        continue
      }
      let signature = text[start...].prefix { $0 != ">" }
      for parameter in method.parameters {
        let kind =
          switch parameter.kind {
          case .boolean: "bool"
          case .integer: "int"
          case .string: "string"
          case .words(let words): "(" + words.joined(separator: ", ") + ")"
          }
        let typed = "\(parameter.name): \(parameter.isOptional ? "?" : "")\(kind)"
        #expect(signature.contains(typed), "\(method.name) \(typed)")
      }
    }
    let declared = DaemonInterface.text.split(separator: "\n").filter { $0.hasPrefix("method ") }
    #expect(declared.count == DaemonInterface.interface.methods.count)
  }

  @Test("has errors that its file declares") func errors() {
    for refusal in [
      .noSuchApp("a"), .notInThisState(app: "a", state: "down"),
      .orderFailed(app: "a", reason: "r"), .badProfile(["m"]), .shuttingDown,
    ] as [DaemonRefusal] {
      let error = refusal.varlink
      let name = error.name.split(separator: ".").last.map(String.init) ?? ""
      let line = DaemonInterface.text.split(separator: "\n").first {
        $0.hasPrefix("error \(name) (")
      }
      for member in error.parameters.members {
        #expect(line?.contains("\(member.key): ") == true, "\(name)")
      }
      #expect(line != nil, "\(name)")
    }
  }

  private func members(_ heading: String) -> [String] {
    let lines = DaemonInterface.text.split(separator: "\n").drop { !$0.hasPrefix(heading) }
    return lines.dropFirst().prefix { !$0.hasPrefix(")") }.filter { !$0.hasPrefix("  #") }
      .compactMap { $0.split(separator: ":").first.map { String($0.dropFirst(2)) } }
  }

  @Test("has values with the members of its file, which come back as they were") func values()
    throws
  {
    var app = ControlApp(name: "web", state: .backingOff)
    #expect(try ControlApp(app.json) == app)
    #expect(app.json.object?.members.map(\.key) == members("type App ("))
    app.pid = 4
    app.instance = 9
    app.ageMilliseconds = 1
    app.restartsInMilliseconds = 2
    app.isHealthy = false
    app.status = "\u{1B}[2J"
    app.waitsFor = ["db"]
    app.end = ControlEnd(
      cause: "signal", words: "w", isFailure: true, exitCode: 139, signal: "SIGSEGV",
      upMilliseconds: 5, ageMilliseconds: 6)
    #expect(try ControlApp(app.json) == app)
    #expect(app.end?.json.object?.members.map(\.key) == members("type End ("))
    let change = ControlChange(
      app: "web", PolicyChange(key: "k", old: ["a"], new: [], effect: .nextStart))
    #expect(try ControlChange(change.json) == change)
    #expect(change.json.object?.members.map(\.key) == members("type Change ("))
    let event = ControlEvent(
      sequence: 3, ageMilliseconds: 4, app: "", kind: .problem, text: "t", cause: "signal")
    #expect(try ControlEvent(event.json) == event)
    #expect(event.json.object?.members.map(\.key) == members("type Event ("))
    var sandbox = ControlSandbox(pid: 5, supervisor: 6, profile: "/p", policy: "f")
    #expect(try ControlSandbox(sandbox.json) == sandbox)
    (sandbox.cgroup, sandbox.controllers) = (.v2, ["memory"])
    #expect(try ControlSandbox(sandbox.json) == sandbox)
    #expect(
      sandbox.json.object?.members.map(\.key) == members("method GetSandbox(app: string) -> ("))
    var use = ControlUse(app: "web", state: .down, restarts: 7, running: nil)
    #expect(try ControlUse(use.json) == use)
    use.running = .init(
      instance: 1, ageMicroseconds: 2, cpuMicroseconds: 3, memoryKiB: 4, processes: 5,
      descriptors: 6, requests: nil, refusals: nil)
    #expect(try ControlUse(use.json) == use)
    #expect(use.json.object?.members.map(\.key) == members("type Use ("))
    let line = ControlLine(time: "t", stream: "stderr", isPartial: true, text: "\u{10FEFF}")
    #expect(try ControlLine(line.json) == line)
    #expect(line.json.object?.members.map(\.key) == members("type Line ("))
    let crash = ControlCrash(id: 7, app: "web", group: "0123456789abcdef")
    #expect(try ControlCrash(crash.json) == crash)
    var daemon = ControlDaemon(version: "1", pid: 2)
    daemon.drop = "why"
    #expect(try ControlDaemon(daemon.json) == daemon)
    #expect(daemon.json.object?.members.map(\.key) == members("method GetStatus() -> ("))
  }

  @Test("every state has a word of its own on the wire") func states() {
    for state in LifeState.allCases { #expect(LifeState(wireWord: state.wireWord) == state) }
    #expect(Set(LifeState.allCases.map(\.wireWord)).count == LifeState.allCases.count)
    for state in LifeState.allCases { #expect(DaemonInterface.text.contains(state.wireWord)) }
  }
}
