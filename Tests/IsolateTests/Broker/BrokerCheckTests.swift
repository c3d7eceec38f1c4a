import Testing

@testable import Isolate

@Suite("The broker's checks")
struct BrokerCheckTests {
  private func broker(
    _ grants: [Grant], drivers: [DriverPolicy] = [], doors: [Int] = [0], book: TestBook
  ) -> Broker {
    Broker(
      BrokerSettings(grants: grants, drivers: drivers, start: .ms(0), doors: doors),
      book: book.memory, at: .ms(0))
  }

  @Test("let through what is granted, and write one record of it") func granted() {
    let book = TestBook()
    var broker = broker([TestGrants.directory()], book: book)
    let decision = broker.receive(.open(9, "a/b"), at: 5)
    guard case .perform(let ticket) = decision else {
      Issue.record("\(decision)")
      return
    }
    #expect(book.reader.unfinished(Int(ticket.slot))?.record.id == 9)
    #expect(book.reader.lastSequence == 0)
    let facts = HandleFacts(device: 1, inode: 2, isSocket: false)
    let reply = broker.complete(ticket, Completion(handle: facts), at: .ms(6))
    #expect(reply?.status == 0)
    #expect(reply?.detail == .kernel)
    #expect(reply?.grant == 0)
    #expect(reply?.handle == 1 << 10)
    #expect(book.reader.records().count == 1)
    let record = book.reader.record(1)
    #expect(record?.subject.bytes == Array("a/b".utf8))
    #expect(record?.microseconds == 1000)
    #expect(record?.time == .ms(6))
    #expect(record?.handle == reply?.handle)
    #expect(record?.grant == 0)
    #expect(book.reader.unfinished(Int(ticket.slot))?.isRecorded == true)
    broker.sent(ticket)
    #expect(book.reader.unfinished(Int(ticket.slot)) == nil)
    #expect(broker.ledger.entry(reply?.handle ?? 0)?.rights == .read)
    #expect(book.reader.handles == [broker.ledger.entry(slot: 0)])
    #expect(book.reader.metrics(grant: 0)[.kernel] == 1)
    #expect(book.reader.metrics(grant: 0).latency(bucket: 10) == 1)
    #expect(broker.complete(ticket, Completion(), at: .ms(7)) == nil)
    #expect(broker.nextAction() == nil)
  }

  @Test("refuse an unknown grant, another kind, and a right that is missing") func rights() {
    let book = TestBook()
    var broker = broker([TestGrants.directory()], book: book)
    #expect(broker.refusal(.open(1, grant: 1)) == .noGrant)
    #expect(broker.refusal(.open(2, grant: 0xFFFF)) == .noGrant)
    #expect(broker.refusal(.connect(3, "example.org")) == .right)
    #expect(broker.refusal(.open(4, flags: [.read, .write])) == .right)
    #expect(broker.refusal(.open(5, flags: [.write, .create])) == .right)
    #expect(broker.refusal(.open(6, flags: [.read, .directory])) == .right)
    let list = TestRequest(7) { .fileList(FileListRequest(grant: 0, path: $0, cursor: 0)) }
    #expect(broker.refusal(list) == .right)
    #expect(broker.refusal(.open(8, flags: .create)) == .malformed)
    #expect(broker.refusal(.open(9, "a\u{0}b")) == .malformed)
    let late = TestRequest(10, deadline: 600_001) { .fileStat(grant: 0, path: $0) }
    #expect(broker.refusal(late) == .malformed)
    #expect(book.reader.metrics(grant: BookLayout.grants - 1)[.noGrant] == 2)
    #expect(book.reader.metrics(grant: 0)[.right] == 5)
    #expect(book.reader.metrics(grant: 0).total == 8)
    #expect(book.reader.records().count == 10)
    #expect(ReplyDetail.right.status == 13)
  }

  @Test("need the right of each request, and nothing else") func eachRight() {
    let name = WireText(start: 0, count: 1)
    let rows: [(Request, GrantTarget, GrantRights)] = [
      (.fileStat(grant: 0, path: name), .files(path: "/", isDirectory: true), .stat),
      (
        .fileList(FileListRequest(grant: 0, path: name, cursor: 0)),
        .files(path: "/", isDirectory: true), .list
      ),
      (
        .fileRemove(FileRemoveRequest(grant: 0, flags: 0, path: name)),
        .files(path: "/", isDirectory: true), .remove
      ),
      (
        .fileRename(FileRenameRequest(grant: 0, flags: 0, from: name, to: name)),
        .files(path: "/", isDirectory: true), .rename
      ),
      (
        .fileMakeDirectory(FileMakeDirectoryRequest(grant: 0, mode: 0, path: name)),
        .files(path: "/", isDirectory: true), .makeDirectory
      ),
      (
        .fileOpen(FileOpenRequest(grant: 0, flags: [.read, .write, .create], mode: 0, path: name)),
        .files(path: "/", isDirectory: true), [.read, .create]
      ),
      (
        .fileOpen(FileOpenRequest(grant: 0, flags: [.read, .directory], mode: 0, path: name)),
        .files(path: "/", isDirectory: true), .list
      ),
      (.netResolve(grant: 0, name: name), .resolve(["*"]), .resolve),
      (.secretRead(grant: 0), .secret(.file(path: "/x")), .read),
      (.secretRead(grant: 0), .secret(.command(["x"])), .read),
      (.deviceOpen(grant: 0, flags: [.read, .write]), .device(path: "/dev/x"), [.read, .write]),
      (
        .appStart(AppStartRequest(grant: 0, name: name, arguments: .empty)), .apps(["a"]), .start
      ),
      (.appSignal(AppSignalRequest(grant: 0, name: name, signal: 1)), .apps(["a"]), .signal),
      (.appStatus(grant: 0, name: name), .apps(["a"]), .status),
      (
        .clockSet(ClockSetRequest(grant: 0, seconds: 0, nanoseconds: 0)),
        .clock(largestStepMilliseconds: 1), .set
      ),
      (.driverCall(grant: 0, payload: name), .driver(name: "d"), .call),
    ]
    let drivers = [TestGrants.driver("d")]
    for (request, target, rights) in rows {
      let book = TestBook()
      let asked = TestRequest(1, text: "a") { _ in request }
      var allowed = broker(
        [TestGrants.grant("g", target, rights)], drivers: drivers, book: book)
      let decision = allowed.receive(asked)
      let takesTime =
        !request.opcode.isAtOnce || target == .secret(.command(["x"]))
      switch decision {
      case .perform: #expect(!takesTime, "\(request)")
      case .begin(_, let driver):
        #expect(takesTime, "\(request)")
        #expect(driver == (request.opcode == .driverCall ? 0 : nil))
      default: Issue.record("\(request): \(decision)")
      }
      for bit in 0..<17 where rights.rawValue & 1 << bit != 0 {
        let less = GrantRights(rawValue: ~(1 << bit))
        var refused = broker([TestGrants.grant("g", target, less)], drivers: drivers, book: book)
        #expect(refused.refusal(asked) == .right, "\(request)")
      }
    }
  }

  @Test("know what lies outside a grant of one file") func oneFile() {
    let rights: GrantRights = [.read, .stat, .list, .remove, .rename, .makeDirectory]
    let book = TestBook()
    var broker = broker(
      [TestGrants.grant("f", .files(path: "/etc/x", isDirectory: false), rights)], book: book)
    #expect(broker.receive(.open(1, "")).ticket != nil)
    #expect(broker.refusal(.open(2, "x")) == .outside)
    let stat = TestRequest(3, text: "x") { .fileStat(grant: 0, path: $0) }
    #expect(broker.refusal(stat) == .outside)
    let list = TestRequest(4, text: "x") {
      .fileList(FileListRequest(grant: 0, path: $0, cursor: 0))
    }
    #expect(broker.refusal(list) == .outside)
    let remove = TestRequest(5, text: "x") {
      .fileRemove(FileRemoveRequest(grant: 0, flags: 0, path: $0))
    }
    #expect(broker.refusal(remove) == .outside)
  }

  private func connect(
    _ hosts: [String], _ host: String, port: UInt16 = 443, transport: UInt8 = 1,
    ports: ClosedRange<UInt16> = 443...443
  ) -> ReplyDetail? {
    var broker = broker([TestGrants.connect(hosts, ports: ports)], book: TestBook())
    return broker.refusal(.connect(1, host, port: port, transport: transport))
  }

  @Test("hold connections to hosts, addresses, ports and transports") func connections() {
    #expect(connect(["example.org"], "Example.ORG.") == nil)
    #expect(connect(["example.org"], "example.com") == .outside)
    #expect(connect(["example.org"], "example.org", port: 80) == .outside)
    #expect(connect(["example.org"], "example.org", transport: 2) == .outside)
    #expect(connect(["example.org"], "example.org", port: 0) == .malformed)
    #expect(connect(["example.org"], "example.org", transport: 9) == .malformed)
    #expect(connect(["example.org"], "/run/x", port: 0, transport: 3) == .outside)
    #expect(connect(["a.org", "*.b.org"], "x.b.org", port: 8001, ports: 8000...8010) == nil)
    #expect(connect(["a.org"], "b a") == .malformed)
    #expect(connect(["10.0.0.0/8"], "10.1.2.3") == nil)
    #expect(connect(["10.0.0.0/8"], "11.1.2.3") == .outside)
    #expect(connect(["2001:db8::/32"], "2001:db8::5") == nil)
    #expect(connect(["example.org"], "93.184.216.34") == .outside, "a name is not its address")
    #expect(connect(["*"], "93.184.216.34") == nil)
    #expect(connect(["*"], "any.example") == nil)
  }

  @Test("never let `*` or a name reach this machine, its neighbours or a metadata service")
  func rebinding() {
    for host in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"] {
      #expect(connect(["*"], host) == .outside, "\(host)")
    }
    for host in ["127.1", "0x7f000001", "2130706433"] {
      #expect(connect(["*"], host) == .malformed, "\(host)")
    }
    #expect(connect(["*", "127.0.0.0/8"], "127.0.0.1") == nil)

    func permits(_ hosts: [String], _ host: String, _ address: [UInt8]) -> Bool {
      var broker = broker([TestGrants.connect(hosts)], book: TestBook())
      guard let ticket = broker.receive(.connect(1, host)).ticket else { return false }
      return broker.permits(address.span, for: ticket)
    }
    let six: [UInt8] = [UInt8](repeating: 0, count: 15) + [1]
    #expect(permits(["example.org"], "example.org", [93, 184, 216, 34]))
    #expect(!permits(["example.org"], "example.org", [127, 0, 0, 1]))
    #expect(!permits(["example.org"], "example.org", [169, 254, 169, 254]))
    #expect(!permits(["example.org"], "example.org", six))
    #expect(!permits(["*"], "example.org", [10, 0, 0, 1]))
    #expect(!permits(["*.example.org"], "a.example.org", [192, 168, 0, 1]))
    #expect(permits(["*.example.org", "192.168.0.0/24"], "a.example.org", [192, 168, 0, 1]))
    #expect(!permits(["*.example.org", "192.168.0.0/24"], "a.example.org", [192, 168, 1, 1]))
    // Who grants that name means this machine; who grants a pattern does not.
    #expect(permits(["localhost"], "localhost", [127, 0, 0, 1]))
    #expect(permits(["localhost"], "localhost.", six))
    #expect(permits(["*.localhost"], "a.localhost", six))
    #expect(!permits(["localhost"], "localhost", [10, 0, 0, 1]))
    #expect(!permits(["*"], "localhost", [127, 0, 0, 1]))
    #expect(!permits(["example.org"], "example.org", [1, 2, 3]))
  }

  @Test("say no to addresses of a request that is none") func noAddresses() {
    var broker = broker([TestGrants.directory { $0.leaseMilliseconds = 10 }], book: TestBook())
    let ticket = broker.receive(.open(1)).ticket ?? Ticket(slot: 0, serial: 0)
    let public4: [UInt8] = [93, 184, 216, 34]
    #expect(broker.permits(public4.span, for: ticket) == false)
    #expect(broker.permits(public4.span, for: Ticket(slot: 200, serial: 1)) == false)
  }

  @Test("hold unix sockets to their paths, byte for byte") func unixSockets() {
    let target = NetworkTarget(transport: .unix, host: "/run/x.sock", ports: nil)
    var broker = broker(
      [
        TestGrants.grant("u", .connect([target]), .connect),
        TestGrants.grant("l", .listen([target]), .listen),
      ], book: TestBook())
    #expect(
      broker.receive(.connect(1, "/run/x.sock", port: 0, transport: 3)).ticket != nil)
    #expect(broker.refusal(.connect(2, "/run/x.sock2", port: 0, transport: 3)) == .outside)
    #expect(broker.refusal(.connect(3, "/run/../run/x.sock", port: 0, transport: 3)) == .outside)
    #expect(broker.refusal(.connect(4, "x.sock", port: 1)) == .outside)
    let decision = broker.receive(.listen(5, grant: 1, "/run/x.sock", port: 0, transport: 3))
    #expect(decision.ticket != nil)
    #expect(broker.refusal(.listen(6, grant: 1, "/run/y", port: 0, transport: 3)) == .outside)
  }

  private func listen(
    _ hosts: [String], _ host: String, port: UInt16 = 80, ports: ClosedRange<UInt16> = 80...80
  ) -> ReplyDetail? {
    let targets = hosts.map { NetworkTarget(transport: .tcp, host: $0, ports: ports) }
    var broker = broker([TestGrants.grant("l", .listen(targets), .listen)], book: TestBook())
    return broker.refusal(.listen(1, host, port: port))
  }

  @Test("hold listeners to addresses and ports") func listeners() {
    #expect(listen(["127.0.0.1"], "127.0.0.1") == nil)
    #expect(listen(["127.0.0.1"], "") == nil)
    #expect(listen(["127.0.0.1"], "0.0.0.0") == .outside)
    #expect(listen(["127.0.0.1"], "localhost") == .outside)
    #expect(listen(["localhost"], "localhost") == nil)
    #expect(listen(["localhost"], "") == nil)
    #expect(listen(["localhost"], "127.0.0.1") == .outside)
    #expect(listen(["*"], "0.0.0.0") == nil)
    #expect(listen(["*"], "10.0.0.1") == nil)
    #expect(listen(["*"], "127.1") == .malformed)
    #expect(listen(["*"], "", port: 81) == .outside)
    #expect(listen(["*"], "", port: 0) == .outside)
    #expect(listen(["*"], "", port: 0, ports: 0...65535) == nil)
    var broker = broker(
      [
        TestGrants.grant(
          "l",
          .listen([
            NetworkTarget(transport: .unix, host: "/x", ports: nil),
            NetworkTarget(transport: .udp, host: "*", ports: 1...2),
          ]), .listen)
      ], book: TestBook())
    #expect(broker.refusal(.listen(1, "", port: 1)) == .outside)
    #expect(broker.refusal(.listen(2, "", port: 1, transport: 9)) == .malformed)
  }

  @Test("hold look-ups to names and apps to theirs") func names() {
    let grants = [
      TestGrants.grant("r", .resolve(["a.org", "*.b.org"]), .resolve),
      TestGrants.grant("p", .apps(["worker", "other"]), [.start, .signal, .status]),
    ]
    var broker = broker(grants, book: TestBook())
    func resolve(_ id: UInt32, _ name: String) -> TestRequest {
      TestRequest(id, text: name) { .netResolve(grant: 0, name: $0) }
    }
    #expect(broker.receive(resolve(1, "A.org")).ticket != nil)
    #expect(broker.receive(resolve(2, "x.b.org")).ticket != nil)
    #expect(broker.refusal(resolve(3, "c.org")) == .outside)
    #expect(broker.refusal(resolve(4, "127.1")) == .malformed)
    func status(_ id: UInt32, _ name: String) -> TestRequest {
      TestRequest(id, text: name) { .appStatus(grant: 1, name: $0) }
    }
    #expect(broker.receive(status(5, "worker")).ticket != nil)
    #expect(broker.receive(status(6, "other@7")).ticket != nil)
    #expect(broker.refusal(status(7, "worke")) == .outside)
    #expect(broker.refusal(status(8, "Worker")) == .outside)
    #expect(broker.refusal(status(9, "@worker")) == .outside)
    #expect(broker.refusal(status(10, "workers")) == .outside)
  }

  @Test("stand in an order in which a refusal costs nothing") func order() {
    let book = TestBook()
    var broker = broker(
      [
        TestGrants.connect(["example.org"]) {
          $0.rate = GrantRate(requests: 1, perMilliseconds: 1000, burst: 2)
          $0.count = 1
        }
      ], book: book)
    for id in 1...10 { #expect(broker.refusal(.connect(UInt32(id), "a.org")) == .outside) }
    #expect(broker.receive(.connect(11, "example.org")).ticket != nil)
    #expect(book.reader.state(grant: 0) != .none)
    #expect(broker.refusal(.connect(12, "example.org")) == .count)
    #expect(broker.refusal(.connect(13, "a.org")) == .outside)
    #expect(broker.grants[0].state.used == 1)
    #expect(broker.grants[0].state.bucket.level == 1000)
  }

  @Test("count, rate and lease") func amounts() {
    let book = TestBook()
    var broker = broker(
      [
        TestGrants.directory { $0.rate = GrantRate(requests: 1, perMilliseconds: 100, burst: 2) },
        TestGrants.directory { $0.leaseMilliseconds = 50 },
      ], book: book)
    #expect(broker.nextMoment == .ms(50))
    #expect(broker.receive(.open(1)).ticket != nil)
    #expect(broker.receive(.open(2)).ticket != nil)
    #expect(broker.refusal(.open(3), at: 99) == .rate)
    #expect(broker.receive(.open(4), at: 100).ticket != nil)
    #expect(broker.refusal(.open(5), at: 100) == .rate)
    #expect(broker.refusal(.open(6, grant: 1), at: 100) == .lease)
    #expect(broker.refusal(.open(7, grant: 1), at: 20) == .lease, "time does not step back")
    #expect(broker.nextMoment == nil)
    #expect(ReplyDetail.lease.status == 127)
  }

  @Test("refuse what no driver serves, and more than a driver's queue holds") func drivers() {
    var broker = broker(
      [
        TestGrants.grant("a", .driver(name: "scan"), .call),
        TestGrants.grant("b", .driver(name: "gone"), .call), TestGrants.directory(),
      ],
      drivers: [TestGrants.driver("scan"), TestGrants.driver("files")], book: TestBook())
    func call(_ id: UInt32, _ grant: UInt16) -> TestRequest {
      TestRequest(id) { .driverCall(grant: grant, payload: $0) }
    }
    #expect(broker.refusal(call(1, 1)) == .unavailable)
    var tickets: [Ticket] = []
    for id in 2...3 {
      let decision = broker.receive(call(UInt32(id), 0))
      #expect(decision == .begin(decision.ticket ?? Ticket(slot: 0, serial: 0), driver: 0))
      if let ticket = decision.ticket { tickets.append(ticket) }
    }
    #expect(broker.refusal(call(4, 0)) == .crowded)
    // A built-in driver in a process of its own.
    let open = broker.receive(.open(5, grant: 2))
    #expect(open == .begin(open.ticket ?? Ticket(slot: 0, serial: 0), driver: 1))
    let failed = broker.complete(
      tickets[0], Completion(status: 5, detail: .driverFailed), at: .ms(1))
    #expect(failed?.detail == .driverFailed)
    #expect(broker.receive(call(6, 0)).ticket != nil)
    // Its deadline, not the longer one of the request.
    broker.advance(to: .ms(1001))
    #expect(broker.actions().count == 6)
  }

  @Test("take no more grants than there may be") func manyGrants() {
    let grants = (0..<300).map { _ in TestGrants.directory() }
    var broker = broker(grants, book: TestBook())
    #expect(broker.receive(.open(1, grant: 255)).ticket != nil)
    #expect(broker.refusal(.open(2, grant: 256)) == .noGrant)
  }
}

extension TestGrants {
  static func driver(_ name: String) -> DriverPolicy {
    DriverPolicy(
      name: name, command: [], profile: nil, deadlineMilliseconds: 1000, queue: 2,
      position: Position(file: "app.toml", line: 9))
  }
}
