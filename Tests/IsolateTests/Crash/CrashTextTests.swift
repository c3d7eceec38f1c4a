import Testing

@testable import Isolate

@Suite("Reports of crashes as orders, documents and words")
struct CrashTextTests {
  private func report(_ unwinder: CrashReport.Unwinder = .done) throws -> CrashReport {
    var core = try #require(CrashCore(CrashFuzz.empty))
    core.facts.process = 2
    core.facts.thread = 2
    core.facts.signal = 11
    core.facts.code = 0
    core.facts.sender = 7
    core.mappings = [
      CrashMapping(start: 0x5000, end: 0x6000, rights: "r-xp", offset: 0, path: "/bin/a")
    ]
    core.threads = [
      .init(
        id: 2, name: "main",
        registers: (0..<4).map { CrashRegister(name: "r\($0)", value: UInt64($0)) }),
      .init(id: 3, name: "", registers: []),
    ]
    func frame(_ address: UInt64, _ symbol: String, _ source: String) -> StackText.Frame {
      StackText.Frame(
        address: address, isExact: true, symbol: symbol, module: "", source: source)
    }
    let frames = [
      frame(0x5010, "boom", "a.c:3:1"), frame(0x5020, "", ""), frame(0x9000, "", ""),
    ]
    var context = CrashContext()
    context.time = 1000
    context.command = ["/bin/a", "b"]
    context.profileHash = "h"
    context.profiles = ["/p/a.toml"]
    context.limits = [.init("memory", "64M")]
    context.use = [.init("processes", "2")]
    context.end = "signal"
    context.restarts = 3
    context.requests = ["hello done"]
    context.log = ["last words"]
    return CrashReport(
      app: "a", core: core, stacks: [.init(id: 2, frames: frames)], unwinder: unwinder,
      context: context)
  }

  private func document(_ report: CrashReport, id: UInt64 = 5) throws -> JSONValue {
    try JSONReader.read(report.json(id: id), limit: CrashReport.sizeLimit)
  }

  @Test("a report is told from its document: who, where, with what") func words() throws {
    let text = CrashWords.text(try document(try report()), now: 1300, style: .plain)
    let wanted = [
      "a crashed: SIGSEGV: process 7 of the app sent the signal\n",
      "crash 5, 5 min ago; group ", "; restarts so far: 3\n", "command: /bin/a b\n",
      "Thread 2 (main), which got the signal\n", "  #0 boom at a.c:3:1 (/bin/a)\n",
      "  #1 /bin/a+0x20\n", "  #2 0x9000, where no program is\n",
      "Thread 3\n  it could not be looked at\n", "  r0 0x0                        r1 0x1",
      "  r3 0x3\n", "Used\n  processes = 2\n", "Limits\n  memory = 64M\n",
      "Last requests\n  hello done\n", "Last lines of the log\n  last words\n",
      "1 mappings, and all registers: isolated crashes show --json 5\n",
    ]
    for one in wanted { #expect(text.contains(one), "\(one) in \(text)") }
    #expect(!text.contains("not complete"))
    let missing = try document(try report(.missing("no eu-stack")))
    #expect(
      CrashWords.text(missing, now: 0, style: .plain)
        .contains("The stacks are not complete: no eu-stack\n"))
    #expect(CrashWords.text(.null, now: 0, style: .plain) == "no report\n")
  }

  @Test("a report that was cut, or has more threads than are listed, says so") func cut() throws {
    var large = try report()
    large.threads[1].frames = (0..<5).map {
      CrashReport.Frame(address: $0, symbol: "f", module: "", offset: 0, source: "")
    }
    large.threads[1].registers = [CrashRegister(name: "rip", value: 1)]
    large.facts.threads = 9
    large.mappings = (0..<20_000).map {
      CrashMapping(
        start: $0 << 12, end: ($0 + 1) << 12, rights: "r--p", offset: 0,
        path: String(repeating: "x", count: 200))
    }
    large.context.log = (0..<64).map { _ in String(repeating: "y", count: 20_000) }
    let value = try document(large)
    let text = CrashWords.text(value, now: 0, style: .plain)
    #expect(text.contains("and 7 threads more\n"))
    if value.object?["is-cut"]?.boolean == true {
      #expect(text.contains("The report was too large and was cut.\n"))
    }
    let cut = JSONValue.object(JSONObject([.init("is-cut", .boolean(true))]))
    #expect(
      CrashWords.text(cut, now: 0, style: .plain)
        .contains("The report was too large and was cut.\n"))
  }

  @Test("reports are listed by group, the newest first, each with where it happened")
  func listed() throws {
    let named = try document(try report(), id: 1)
    var bare = try report()
    bare.threads[0].frames.removeFirst()
    bare.app = "b"
    let nameless = try document(bare, id: 2)
    var lost = try report()
    lost.threads = []
    lost.app = "c"
    let nowhere = try document(lost, id: 3)
    let again = try document(try report(), id: 4)
    let reports = [named, nameless, nowhere, again]
    let lines = CrashList.text(reports, now: 1000, style: .plain).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[1].hasSuffix("2      4       0 s  a    SIGSEGV  boom"), "\(lines)")
    #expect(
      lines[2].hasSuffix(" c    SIGSEGV  -") && lines[3].hasSuffix(" b    SIGSEGV  /bin/a+0x20"))
    #expect(CrashList.text([], now: 0, style: .plain) == "no crash reports\n")
    let json = CrashList.json(reports).object
    #expect(json?["groups"]?.array?.count == 3 && json?["reports"]?.array?.count == 4)
    #expect(json?["groups"]?.array?.first?.object?["times"]?.integer == 2)
  }

  @Test("an order comes back as it was written, and what is none is refused") func order() throws {
    let subject = UnwinderPolicy.Subject(
      app: "a", uid: 1, gid: 2, hostUID: 3, hostGID: 4, umask: 5, order: .userLast)
    var context = try report().context
    context.log = []
    for log in [nil, CrashOrder.Log(directory: "/l", number: 3, offset: 9)] {
      let order = CrashOrder(subject, directory: "/d", files: 4, log: log, context: context)
      #expect(try CrashOrder(order.json) == order)
    }
    let whole = CrashOrder(subject, directory: "/d", files: 4, log: nil, context: context).json
    var object = try #require(whole.object)
    object["ids"] = [1, 2]
    #expect(throws: ControlMisread(member: "ids")) { try CrashOrder(.object(object)) }
    object = try #require(whole.object)
    object["limits"] = [["memory"]]
    #expect(throws: ControlMisread(member: "limits")) { try CrashOrder(.object(object)) }
    for answer in [
      CrashAnswer.written(id: 4, path: "/d/4", words: "w", call: nil),
      .written(id: 4, path: "/d/4", words: "w", call: "ptrace"), .failed("why"),
    ] {
      #expect(try CrashAnswer(answer.json) == answer)
    }
    #expect(throws: ControlMisread.self) { try CrashAnswer(["id": 4]) }
  }

  @Test("the unwinder's complaint is its last line") func complaint() {
    #expect(StackText.complaint(Array("a\nb\u{1b}\n".utf8)) == "b\\u{1b}")
    #expect(StackText.complaint([]) == "it did not say why")
    let many = (0..<300).map { "TID \($0):\n" }.joined()
    #expect(StackText.threads(Array(many.utf8)).count == StackText.mostThreads)
  }
}
