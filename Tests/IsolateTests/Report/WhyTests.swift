import Testing

@testable import Isolate

@Suite("Why an app ended and what was refused to it, in words")
struct WhyTests {
  private func record(
    _ subject: String, _ detail: ReplyDetail = .right,
    _ change: (inout DecisionRecord) -> Void = {
      _ in
    }
  ) -> DecisionRecord {
    var record = DecisionRecord()
    record.opcode = .fileOpen
    record.grant = 0
    record.detail = detail
    record.status = 13
    record.rights = .write
    record.subject = RecordSubject(Array(subject.utf8).span)
    change(&record)
    return record
  }

  // MARK: What was refused

  @Test("refusals are told once each, newest first, with how often; what was no refusal is not")
  func tally() {
    var records: [(sequence: UInt64, record: DecisionRecord)] = []
    func add(_ record: DecisionRecord) {
      var record = record
      record.time = .ms(Int64(records.count))
      records.append((UInt64(records.count + 1), record))
    }
    add(record("a"))
    add(record("b"))
    for _ in 0..<5 { add(record("a")) }
    add(record("c") { $0.status = 0 })
    add(record("c", .cancelled))
    add(record("c") { $0.opcode = .handleClose })
    add(record("b") { $0.rights = .read })
    let found = RefusalTally.newest(records)
    #expect(found.map(\.times) == [1, 6, 1])
    #expect(
      found.map { String(decoding: $0.record.subject.bytes, as: UTF8.self) } == ["b", "a", "b"])
    #expect(found[1].firstTime == .ms(0) && found[1].record.time == .ms(6))
    #expect(RefusalTally.newest(records, most: 1).map(\.times) == [1])
    #expect(RefusalTally.newest([]).isEmpty)
  }

  @Test("a record in the book keeps the rights that a request needed") func rights() throws {
    let book = TestBook()
    var broker = Broker(
      BrokerSettings(grants: [TestGrants.directory()], start: .ms(0)), book: book.memory,
      at: .ms(0))
    let reply = broker.receive(.open(1, "a", flags: .write)).reply
    #expect(reply?.detail == .right)
    let kept = try #require(book.reader.records().last).record
    #expect(kept.rights == .write)
    #expect(RefusalTally.newest(book.reader.records()).map(\.times) == [1])
  }

  private func advice(
    _ detail: ReplyDetail, _ grant: Grant?, opcode: Opcode = .fileOpen, error: String = "EACCES",
    rights: GrantRights = [], subject: String = "", isCut: Bool = false,
    _ transport: WireTransport? = nil, _ port: UInt16 = 0
  ) -> RefusalAdvice {
    RefusalAdvice(
      RefusedRequest(
        opcode, detail, error: error, rights: rights, subject: subject, isCut: isCut,
        transport: transport, port: port), grant)
  }

  @Test("a right that lacks is named, with the whole key that would have it and what that opens")
  func lackingRight() {
    let told = advice(.right, TestGrants.directory(), rights: [.read, .write])
    #expect(told.words == "the grant lacks write; it has read, stat")
    #expect(told.change == "rights = [\"read\", \"write\", \"stat\"] in grants.data (app.toml:7)")
    #expect(told.risk == "the app can then change beneath /srv")
    let other = advice(.right, TestGrants.directory(), opcode: .netConnect, rights: .connect)
    #expect(other.words.contains("the grant is of files, and net.connect needs one of connect"))
  }

  @Test("a place outside is worded as the profile would have it") func outside() {
    let grant = TestGrants.connect(["a.org", "*.b.org"])
    func told(_ host: String, _ port: UInt16, _ transport: WireTransport = .tcp) -> RefusalAdvice {
      advice(.outside, grant, opcode: .netConnect, subject: host, transport, port)
    }
    #expect(
      told("c.org", 443).change == "\"c.org:443\" added to connect of grants.web (app.toml:7)")
    #expect(told("a.org", 80).change == "\"a.org:80\" added to connect of grants.web (app.toml:7)")
    #expect(told("::1", 1, .udp).change?.hasPrefix("\"udp:[::1]:1\" added") == true)
    #expect(told("/run/x", 0, .unix).change?.hasPrefix("\"unix:/run/x\" added") == true)
    /* The name is granted: it was what it leads to. */
    for name in ["a.org", "x.B.org"] {
      #expect(told(name, 443).change?.hasPrefix("the address itself") == true, "\(name)")
    }
    let cut = advice(.outside, grant, opcode: .netConnect, subject: "long", isCut: true, .tcp, 1)
    #expect(cut.change == nil && cut.words.contains("longer than what is kept"))
    let apps = TestGrants.grant("helpers", .apps(["one"]), .start)
    #expect(
      advice(.outside, apps, opcode: .appSignal, subject: "two@1").change
        == "\"two\" added to apps of grants.helpers (app.toml:7)")
  }

  @Test("the kernel's own no is told apart from a rule's") func kernel() {
    let grant = TestGrants.directory()
    #expect(advice(.kernel, grant, error: "EXDEV").words.contains("leads out of the grant"))
    let link = advice(.kernel, grant, error: "ELOOP")
    #expect(link.change?.contains("\"links\"") == true)
    #expect(advice(.kernel, grant, error: "ENOENT").change == nil)
    #expect(advice(.kernel, grant, error: "EACCES").words.contains("the kernel does not"))
    #expect(advice(.kernel, grant, error: "EFBIG").words.contains("EFBIG"))
  }

  @Test("every reason has words; a change is never told without what it opens") func all() {
    let grants: [Grant?] = [nil, TestGrants.directory(), TestGrants.connect(["a.org"])]
    for detail in ReplyDetail.allCases {
      for opcode in Opcode.allCases {
        for grant in grants {
          let told = advice(detail, grant, opcode: opcode, subject: "x")
          #expect(!told.words.isEmpty, "\(detail) \(opcode)")
          #expect((told.change == nil) == (told.risk == nil), "\(detail) \(opcode)")
        }
      }
    }
    let slow = TestGrants.directory {
      $0.rate = GrantRate(requests: 5, perMilliseconds: 1000, burst: 9)
      $0.count = 3
      $0.leaseMilliseconds = 60_000
    }
    #expect(advice(.rate, slow).words.contains("5 in 1s, 9 at once"))
    #expect(advice(.count, slow).words.contains("3 requests in all"))
    #expect(advice(.lease, slow).words.contains("1m from the start"))
  }

  // MARK: Why it is so

  private static let profile = """
    extends = ["default"]
    [command]
    run = ["prog"]
    [limits]
    memory = "64M"
    processes = 10
    [syscalls]
    allow = []
    deny = ["uname"]
    refuse-with = "kill"
    [restart]
    when = "on-failure"
    burst = 3
    window = "10s"
    [watchdog]
    interval = "5s"
    [service]
    requires = ["db", "web"]
    """

  private func end(
    _ cause: Cause, _ next: EndReport.Next = .down, met: [LimitMet] = [], fault: String? = nil
  ) throws -> [ControlReason] {
    let policy = try PlanFixture.policy(Self.profile)
    let report = EndReport(
      app: AppID(0), instance: nil, cause: cause, isFailure: cause.isFailure, upMilliseconds: 1,
      restarts: 0, next: next)
    let exit = AppEnd(evidence: Evidence(), use: ResourceUse(), limitsMet: met)
    return WhyWords.end(report, exit, words: "words", fault: fault, policy)
  }

  @Test("an end names the line that decided it") func ends() throws {
    func main(_ cause: Cause) throws -> ControlReason { try #require(try end(cause).first) }
    #expect(try main(.memoryLimit).rule == "/p/app.toml:5")
    #expect(try main(.memoryLimit).change == "a higher limits.memory than 64M")
    #expect(try main(.refusedSystemCall).rule == "/p/app.toml:10")
    #expect(try main(.refusedSystemCall).change?.contains("crash.report = true") == true)
    #expect(try main(.watchdog).rule == "/p/app.toml:16")
    #expect(try main(.dependency("web")).rule == "/p/app.toml:18")
    #expect(try main(.exited(code: 3)).rule == nil)
    let failed = try end(.launchFailed(step: "exec", number: 2), fault: "no such program")
    #expect(failed.first?.words == "words: no such program")
    /* The policy that held it may be another by now. */
    let met = LimitMet(
      what: .limit(.memory), amount: 1, enforcement: .sampled,
      position: Position(file: "old.toml", line: 2), sign: .ended)
    #expect(try end(.memoryLimit, met: [met]).first?.rule == "old.toml:2")
    var full = met
    (full.what, full.sign) = (.limit(.processes), .refused(7))
    let reasons = try end(.exited(code: 1), met: [full])
    #expect(reasons.count == 2 && reasons[1].kind == .limit && reasons[1].rule == "old.toml:2")
    #expect(reasons[1].words.contains("the kernel refused 7 times"))
  }

  @Test("what followed an end names the rule, too") func followed() throws {
    let failed = try #require(try end(.exited(code: 1), .failed).last)
    #expect(failed.kind == .next && failed.key == "restart.burst")
    #expect(failed.rule == "/p/app.toml:13")
    #expect(failed.words.contains("3 times within 10s"))
    #expect(try end(.exited(code: 0)).last?.key == "restart.when")
    #expect(try end(.stopped(by: 15, forced: false)).count == 1)
    #expect(
      try end(.exited(code: 1), .restart(milliseconds: 9)).last?.words.contains("9 ms") == true)
  }

  @Test("a system call's rule is the one that refuses it") func calls() throws {
    let policy = try PlanFixture.policy(Self.profile)
    let named = try #require(CallWords.reason("uname", policy))
    #expect(named.key == "syscalls.deny" && named.rule == "/p/app.toml:9")
    #expect(named.change == "\"uname\" taken out of syscalls.deny")
    let unknown = try #require(CallWords.reason("swapon", policy))
    #expect(
      unknown.key == "syscalls.base" && unknown.change == "\"swapon\" added to syscalls.allow")
    #expect(unknown.words.contains("swapon, of the group @"))
    /* Allowed as such: then its arguments were it. */
    #expect(CallWords.reason("clone", policy)?.words.contains("arguments") == true)
    #expect(CallWords.reason("no-such-call", policy) == nil)
    #expect(SyscallFilter.callName(Int32.max) == nil)
  }

  @Test("every state has words") func states() throws {
    let policy = try PlanFixture.policy(Self.profile)
    for state in LifeState.allCases {
      for reason in [nil, StopReason.order, .dependency("db"), .watchdog] {
        let status = AppStatus(
          name: "web", state: state, isWanted: true, waitsFor: [], instance: nil, sinceLaunch: nil,
          restartsIn: nil, restarts: 0, failures: 0, isHealthy: nil, isListening: false,
          isHeld: false, reason: reason)
        let told = WhyWords.state(status, ends: 1, policy)
        #expect(told.kind == .state && !told.words.isEmpty)
        if state == .stopping, reason == .watchdog { #expect(told.rule == "/p/app.toml:16") }
      }
    }
    let waits = AppStatus(
      name: "web", state: .down, isWanted: true, waitsFor: ["db"], instance: nil, sinceLaunch: nil,
      restartsIn: nil, restarts: 0, failures: 0, isHealthy: nil, isListening: false, isHeld: false,
      reason: nil)
    let told = WhyWords.state(waits, ends: 0, policy)
    #expect(told.words == "it waits for db" && told.rule == "/p/app.toml:18")
  }

  // MARK: As it is told

  static func sample() -> ControlWhy {
    var refusals = ControlRefusals(hasGrants: true)
    refusals.counted = 9
    let grant = TestGrants.directory()
    refusals.list = [
      ControlRefusal(
        RefusedRequest(
          .fileOpen, .right, error: "EACCES", rights: .write, subject: "a\u{1b}[2J", isCut: true),
        grant: grant, times: 4, ageMilliseconds: 2000, firstMilliseconds: 60_000),
      ControlRefusal(
        RefusedRequest(
          .netConnect, .noGrant, error: "EACCES", subject: "h", transport: .udp, port: 53),
        grant: nil, times: 1, ageMilliseconds: 5, firstMilliseconds: 5),
    ]
    var why = ControlWhy(app: "web", state: .backingOff, refusals: refusals)
    why.reasons = [
      ControlReason(.state, "it waits"),
      ControlReason(
        .end, "it ended", ageMilliseconds: 3000, key: "limits.memory", rule: "app.toml:3",
        change: "more", risk: "less"),
    ]
    return why
  }

  @Test("for programs it comes back as it was, with the members of the interfaces' files")
  func json() throws {
    let why = Self.sample()
    #expect(try ControlWhy(why.json) == why)
    for text in [DaemonInterface.text, SessionInterface.text] {
      func members(_ heading: String) -> [String] {
        let lines = text.split(separator: "\n").drop { !$0.hasPrefix(heading) }
        return lines.dropFirst().prefix { !$0.hasPrefix(")") }.filter { !$0.hasPrefix("  #") }
          .compactMap { $0.split(separator: ":").first.map { String($0.dropFirst(2)) } }
      }
      #expect(why.refusals.list[0].json.object?.members.map(\.key) == members("type Refusal ("))
      let isDaemons = text == DaemonInterface.text
      #expect(
        why.refusals.json.object?.members.map(\.key)
          == members(isDaemons ? "type Refusals (" : "method GetRefusals("))
      guard isDaemons else { continue }
      #expect(why.json.object?.members.map(\.key) == members("type Why ("))
      #expect(why.reasons[0].json.object?.members.map(\.key) == members("type Reason ("))
    }
    #expect(throws: ControlMisread.self) { try ControlWhy(["app": "web"]) }
  }

  @Test("for people nothing that an app asked for moves a terminal's cursor") func text() {
    let text = WhyReport.text(Self.sample(), style: .plain)
    #expect(!text.utf8.contains(0x1b))
    #expect(text.hasPrefix("web is backing-off\n  it waits\n  3 s ago: it ended\n"), "\(text)")
    #expect(text.contains("    rule: limits.memory, app.toml:3\n"))
    #expect(text.contains("4 times, last 2 s ago: file.open a\\u{1b}[2J...: EACCES (right)"))
    #expect(text.contains("    rule: grants.data, app.toml:7\n"))
    #expect(text.contains("net.connect udp h port 53: EACCES (no_grant)"))
    #expect(text.contains("9 refused by rules in all"))
    var none = Self.sample()
    none.refusals = ControlRefusals(hasGrants: true)
    #expect(WhyReport.text(none, style: .plain).hasSuffix("its broker has refused nothing\n"))
    none.refusals = ControlRefusals(hasGrants: false)
    #expect(WhyReport.text(none, style: .plain).contains("it has no grants"))
  }
}
