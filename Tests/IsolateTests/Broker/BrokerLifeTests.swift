import Testing

@testable import Isolate

@Suite("A request's life in the broker")
struct BrokerLifeTests {
  private let book = TestBook()

  private func broker(
    _ grants: [Grant], doors: [Int] = [0], revoked: Set<UInt16> = [],
    answers: [UInt16: StandingAnswer] = [:], at now: Int64 = 0
  ) -> Broker {
    Broker(
      BrokerSettings(
        grants: grants, start: .ms(0), doors: doors, revoked: revoked, answers: answers),
      book: book.memory, at: .ms(now))
  }

  private let web = TestGrants.connect(["*"])
  private func asking(_ change: (inout Grant) -> Void = { _ in }) -> Grant {
    TestGrants.connect(["*"]) {
      $0.askMilliseconds = 1000
      change(&$0)
    }
  }

  @Test("ends at its deadline, and what comes later is not wanted") func deadline() throws {
    var broker = broker([web])
    let ticket = try #require(broker.receive(.connect(1, "a.org", deadline: 100)).ticket)
    #expect(broker.nextMoment == .ms(100))
    broker.advance(to: .ms(99))
    #expect(broker.nextAction() == nil)
    broker.advance(to: .ms(100))
    let actions = broker.actions()
    #expect(actions.count == 2)
    #expect(actions.first == .abandon(ticket, driver: nil))
    guard case .reply(let reply)? = actions.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(reply.detail == .deadline)
    #expect(reply.status == 110)
    let late = Completion(handle: HandleFacts(device: 1, inode: 1, isSocket: true))
    #expect(broker.complete(ticket, late, at: .ms(101)) == nil)
    broker.sent(reply.ticket)
    #expect(broker.complete(ticket, late, at: .ms(101)) == nil)
    #expect(broker.ledger.count == 0)
    #expect(broker.nextMoment == nil)
    // None named: 30 seconds.
    _ = broker.receive(.connect(2, "a.org"), at: 200)
    #expect(broker.nextMoment == .ms(30_200))
  }

  @Test("is cancelled once") func cancel() throws {
    var broker = broker([web])
    let ticket = try #require(broker.receive(.connect(1, "a.org")).ticket)
    func cancel(_ id: UInt32, _ target: UInt32) -> TestRequest {
      TestRequest(id) { _ in .cancel(id: target) }
    }
    let first = broker.receive(cancel(2, 1)).reply
    #expect(first?.status == 0)
    let actions = broker.actions()
    #expect(actions.first == .abandon(ticket, driver: nil))
    #expect(actions.count == 2)
    #expect(broker.receive(cancel(3, 1)).reply?.status == 2)
    #expect(broker.receive(cancel(4, 77)).reply?.status == 2)
    #expect(broker.receive(cancel(5, 5)).reply?.status == 2, "itself")
  }

  @Test("is taken for another when its id comes twice: the door is closed") func twice() throws {
    var broker = broker([web], doors: [0, 1])
    _ = broker.receive(.connect(1, "a.org"))
    #expect(broker.receive(.connect(1, "a.org"), door: 1).ticket != nil, "ids are a door's own")
    #expect(broker.receive(.connect(1, "a.org")) == .cutOff(.id))
    #expect(book.reader.violations == 1)
    #expect(book.reader.lastViolation == .id)
    #expect(book.reader.isCutOff(door: 0))
    #expect(broker.actions().count == 1, "only the work is abandoned")
    #expect(broker.receive(.connect(2, "a.org")) == .notNow)
    #expect(broker.canReceive(door: 0) == false)
    #expect(broker.canReceive(door: 1) == true)
    #expect(book.reader.records().count == 1)
    broker.cutOff(door: 0, for: .body, at: .ms(0))
    #expect(book.reader.violations == 1)
    #expect((broker.isOpen(-1) || broker.isOpen(500)) == false)
  }

  @Test("gets no reply at a door that is gone, but a record") func hangUp() throws {
    var broker = broker([web, asking()])
    _ = broker.receive(.connect(1, "a.org"))
    _ = broker.receive(.connect(2, grant: 1, "a.org"))
    let answered = try #require(broker.receive(.open(3)).reply)
    let cancelled = TestRequest(4) { _ in .cancel(id: 1) }
    _ = broker.receive(cancelled)
    broker.cutOff(door: 0, for: nil, at: .ms(5))
    #expect(book.reader.violations == 0)
    #expect(book.reader.lastViolation == nil)
    let actions = broker.actions()
    #expect(actions.count == 2)
    #expect(actions.last == .withdraw(grant: 1))
    broker.sent(answered.ticket)
    #expect(book.reader.records().map(\.record.id).sorted() == [1, 2, 3, 4])
    for slot in 0..<BookLayout.requests { #expect(book.reader.unfinished(slot) == nil) }
  }

  @Test("has a descriptor that the app closes, and a socket that is shut down") func handles()
    throws
  {
    var broker = broker([TestGrants.directory(), web])
    func hand(_ request: TestRequest, isSocket: Bool) throws -> UInt32 {
      let ticket = try #require(broker.receive(request).ticket)
      let facts = HandleFacts(device: 1, inode: 5, isSocket: isSocket)
      let reply = broker.complete(ticket, Completion(handle: facts), at: .ms(0))
      broker.sent(ticket)
      return try #require(reply?.handle)
    }
    let file = try hand(.open(1), isSocket: false)
    let socket = try hand(.connect(2, grant: 1, "a.org"), isSocket: true)
    func close(_ id: UInt32, _ handle: UInt32) -> UInt32? {
      let request = TestRequest(id) { _ in .handleClose(handle: handle) }
      guard let reply = broker.receive(request).reply else { return nil }
      broker.sent(reply.ticket)
      return reply.status
    }
    #expect(close(3, file) == 0)
    #expect(close(4, file) == 2)
    #expect(book.reader.handles.map(\.handle) == [socket])
    #expect(close(5, socket) == 0)
    #expect(close(6, socket) == 2)
    #expect(broker.ledger.entry(socket)?.wireState == .cut)
    #expect(broker.actions() == [.cut(handle: socket)])
    broker.didCut(socket)
    broker.didCut(socket)
    #expect(book.reader.handles.isEmpty)
    #expect(broker.ledger.count == 0)
  }

  @Test("has all descriptors of a driver's answer, or none") func many() throws {
    let grants = [TestGrants.grant("d", .driver(name: "d"), .call)]
    var broker = Broker(
      BrokerSettings(grants: grants, drivers: [TestGrants.driver("d")], start: .ms(0)),
      book: book.memory, at: .ms(0))
    func give(_ id: UInt32, _ count: Int) throws -> (reply: BrokerReply, handles: [UInt32])? {
      let request = TestRequest(id) { .driverCall(grant: 0, payload: $0) }
      let ticket = try #require(broker.receive(request).ticket)
      let facts = (0..<count).map { HandleFacts(device: 1, inode: UInt64($0), isSocket: true) }
      let given = broker.complete(ticket, giving: facts, at: .ms(0))
      broker.sent(ticket)
      return given
    }
    let first = try #require(try give(1, 16))
    #expect(first.reply.status == 0)
    #expect(Set(first.handles).count == 16)
    #expect(first.reply.handle == first.handles[0])
    #expect(book.reader.handles.map(\.handle) == first.handles)
    for id in 2...63 { _ = try give(UInt32(id), 16) }
    #expect(try give(64, 10)?.handles.count == 10)
    #expect(broker.ledger.count == WireLimits.handles - 6)
    let refused = try #require(try give(65, 7))
    #expect(refused.reply.detail == .crowded)
    #expect(refused.handles.isEmpty)
    #expect(broker.ledger.count == WireLimits.handles - 6)
    #expect(book.reader.handles.count == WireLimits.handles - 6)
    #expect(broker.revoke(0, at: .ms(9)) == true)
    #expect(broker.actions().count == WireLimits.handles - 6)
  }

  @Test("ends when its grant is taken back; sockets are cut, files marked") func revoke() throws {
    let mixed = TestGrants.grant(
      "m", .connect([NetworkTarget(transport: .tcp, host: "*", ports: 0...65535)]), .connect)
    var broker = broker([mixed, TestGrants.directory()])
    func hand(_ request: TestRequest, isSocket: Bool) throws -> UInt32 {
      let ticket = try #require(broker.receive(request).ticket)
      let facts = HandleFacts(device: 1, inode: 5, isSocket: isSocket)
      let reply = broker.complete(ticket, Completion(handle: facts), at: .ms(0))
      broker.sent(ticket)
      return try #require(reply?.handle)
    }
    let socket = try hand(.connect(1, "a.org"), isSocket: true)
    let pipe = try hand(.connect(2, "a.org"), isSocket: false)
    let file = try hand(.open(3, grant: 1), isSocket: false)
    let waiting = try #require(broker.receive(.connect(4, "a.org")).ticket)
    #expect(broker.revoke(0, at: .ms(9)) == true)
    #expect(broker.revoke(0, at: .ms(9)) == true)
    #expect(broker.revoke(7, at: .ms(9)) == false)
    let actions = broker.actions()
    #expect(actions.first == .abandon(waiting, driver: nil))
    #expect(actions.last == .cut(handle: socket))
    #expect(actions.count == 3)
    #expect(broker.ledger.entry(socket)?.state == .cutting)
    broker.didCut(socket)
    #expect(broker.ledger.entry(socket)?.state == .cut)
    #expect(broker.ledger.entry(pipe)?.wireState == .outstanding)
    #expect(broker.ledger.entry(file)?.wireState == .open)
    #expect(broker.refusal(.connect(5, "a.org")) == .revoked)
    #expect(broker.complete(waiting, Completion(), at: .ms(9)) == nil)
    let states = book.reader.handles.map(\.state)
    #expect(states == [.cut, .outstanding, .open])
    // An app may close what was taken back.
    for (id, handle) in [(6, socket), (7, pipe)] {
      let request = TestRequest(UInt32(id)) { _ in .handleClose(handle: handle) }
      #expect(broker.receive(request).reply?.status == 0)
    }
    #expect(broker.nextAction() == nil)
    #expect(broker.ledger.count == 1)
  }

  @Test("ends when the lease of its grant does, whoever notices first") func lease() throws {
    var broker = broker([TestGrants.connect(["*"]) { $0.leaseMilliseconds = 100 }])
    let one = try #require(broker.receive(.connect(1, "a.org")).ticket)
    let facts = HandleFacts(device: 1, inode: 5, isSocket: true)
    let handle = broker.complete(one, Completion(handle: facts), at: .ms(0))?.handle ?? 0
    let two = try #require(broker.receive(.connect(2, "a.org")).ticket)
    let address: [UInt8] = [9, 9, 9, 9]
    #expect(broker.permits(address.span, for: two) == true)
    #expect(broker.complete(two, Completion(handle: facts), at: .ms(100)) == nil)
    #expect(broker.permits(address.span, for: two) == false)
    let actions = broker.actions()
    #expect(actions.first == .abandon(two, driver: nil))
    #expect(actions.last == .cut(handle: handle))
    guard actions.count == 3, case .reply(let reply) = actions[1] else {
      Issue.record("\(actions)")
      return
    }
    #expect(reply.detail == .lease)
  }

  @Test("opens another door, or says that there are enough") func doors() throws {
    var broker = broker([web])
    func ask(_ id: UInt32) -> Decision { broker.receive(TestRequest(id) { _ in .doorOpen }) }
    guard case .openDoor(let ticket, let door) = ask(1) else {
      Issue.record("no door")
      return
    }
    #expect(door == 1)
    #expect(broker.complete(ticket, Completion(), at: .ms(0))?.status == 0)
    broker.sent(ticket)
    #expect(broker.receive(.connect(1, "a.org"), door: 1).ticket != nil)
    // It could not be made.
    guard case .openDoor(let second, 2) = ask(2) else {
      Issue.record("no door 2")
      return
    }
    #expect(broker.complete(second, Completion(status: 24), at: .ms(0))?.status == 24)
    broker.sent(second)
    #expect(broker.isOpen(2) == false)
    for id in 3..<129 {
      guard case .openDoor(let ticket, _) = ask(UInt32(id)) else {
        Issue.record("no door for \(id)")
        return
      }
      if let reply = broker.complete(ticket, Completion(), at: .ms(0)) { broker.sent(reply.ticket) }
    }
    func refusal(_ id: UInt32) -> BrokerReply? {
      let reply = ask(id).reply
      if let reply { broker.sent(reply.ticket) }
      return reply
    }
    #expect(refusal(200)?.detail == .crowded)
    broker.cutOff(door: 1, for: nil, at: .ms(1))
    #expect(refusal(201)?.status == 24, "its work is not abandoned yet")
    _ = broker.actions()
    guard case .openDoor(_, 1) = ask(202) else {
      Issue.record("door 1 is not free again")
      return
    }
    // Who asked for it is gone before it was made.
    broker.cutOff(door: 0, for: nil, at: .ms(1))
    #expect(broker.isOpen(1) == false)
  }

  @Test("has its turn, whatever the other doors send") func turns() {
    var broker = broker([web], doors: [0, 1, 2])
    var turns: [Int] = []
    for _ in 0..<6 { turns.append(broker.nextDoor { _ in true } ?? -1) }
    #expect(turns == [1, 2, 0, 1, 2, 0])
    #expect(broker.nextDoor { $0 == 2 } == 2)
    #expect(broker.nextDoor { _ in false } == nil)
    broker.cutOff(door: 1, for: nil, at: .ms(0))
    #expect(broker.nextDoor { $0 == 1 } == nil)
    broker.cutOff(door: 2, for: nil, at: .ms(0))
    broker.cutOff(door: 0, for: nil, at: .ms(0))
    #expect(broker.nextDoor { _ in true } == nil)
  }

  @Test("waits with 63 others and no more, and leaves other doors their share") func crowded() {
    var alone = broker([web])
    for id in 1...64 { #expect(alone.receive(.connect(UInt32(id), "a.org")).ticket != nil) }
    #expect(alone.refusal(.connect(65, "a.org")) == .crowded)
    #expect(alone.refusal(.open(66)) == .right, "what is wrong for good is said first")
    let other = TestBook()
    var two = Broker(
      BrokerSettings(grants: [web], start: .ms(0), doors: [0, 1]), book: other.memory, at: .ms(0))
    for id in 1...48 { #expect(two.receive(.connect(UInt32(id), "a.org")).ticket != nil) }
    #expect(two.refusal(.connect(49, "a.org")) == .crowded)
    for id in 1...16 {
      #expect(two.receive(.connect(UInt32(id), "a.org"), door: 1).ticket != nil)
    }
    #expect(two.refusal(.connect(17, "a.org"), door: 1) == .crowded)
  }

  @Test("is not taken while replies do not leave") func unsent() throws {
    var broker = broker([], doors: [0, 1])
    var replies: [BrokerReply] = []
    while broker.canReceive(door: 0) {
      replies.append(try #require(broker.receive(.open(UInt32(replies.count + 1))).reply))
    }
    #expect(replies.count == 224)
    #expect(broker.receive(.open(1000)) == .notNow)
    for id in 1...32 { #expect(broker.receive(.open(UInt32(id)), door: 1).reply != nil) }
    #expect(broker.receive(.open(1000), door: 1) == .notNow)
    broker.sent(replies[7].ticket)
    broker.sent(replies[7].ticket)
    #expect(broker.canReceive(door: 0) == true)
  }

  @Test("gets EMFILE when there are only sockets in the ledger") func fullLedger() throws {
    var broker = broker([web, TestGrants.directory()])
    func hand(_ request: TestRequest, isSocket: Bool) throws -> BrokerReply {
      let ticket = try #require(broker.receive(request).ticket)
      let facts = HandleFacts(device: 1, inode: 5, isSocket: isSocket)
      let done = broker.complete(ticket, Completion(handle: facts), at: .ms(0))
      let reply = try #require(done)
      broker.sent(ticket)
      return reply
    }
    for id in 1...1023 {
      #expect(try hand(.connect(UInt32(id), "a.org"), isSocket: true).handle != 0)
    }
    let file = try hand(.open(2000, grant: 1), isSocket: false)
    #expect(book.reader.forgotten == 0)
    let next = try hand(.open(2001, grant: 1), isSocket: false)
    #expect(next.handle == file.handle + 1 << 10, "the file made room")
    #expect(book.reader.forgotten == 1)
    #expect(try hand(.connect(2002, "a.org"), isSocket: true).handle != 0)
    let refused = try hand(.open(2003, grant: 1), isSocket: false)
    #expect(refused.status == 24)
    #expect(refused.detail == .crowded)
    #expect(refused.handle == 0)
    #expect(broker.ledger.count == 1024)
  }

  // MARK: The operator

  @Test("waits for the operator: one question for a grant") func ask() throws {
    var broker = broker([asking()])
    let first = try #require(broker.receive(.connect(1, "a.org")).ticket)
    let second = broker.receive(.connect(2, "b.org"), at: 1)
    #expect(second == .wait(try #require(second.ticket)))
    #expect(broker.nextAction() == nil)
    #expect(broker.record(first)?.subject.bytes == Array("a.org".utf8))
    #expect(broker.answer(.once, grant: 0, question: second.ticket, at: .ms(2)) == false)
    #expect(broker.answer(.once, grant: 0, at: .ms(2)) == false)
    #expect(broker.answer(.once, grant: 3, question: first, at: .ms(2)) == false)
    #expect(broker.answer(.once, grant: 0, question: first, at: .ms(2)) == true)
    #expect(
      broker.actions() == [
        .perform(first, driver: nil, atOnce: false), .ask(try #require(second.ticket), grant: 0),
      ])
    #expect(broker.answer(.no, grant: 0, question: second.ticket, at: .ms(3)) == true)
    let actions = broker.actions()
    #expect(actions.last == .withdraw(grant: 0))
    guard case .reply(let reply)? = actions.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(reply.detail == .denied)
    let third = broker.receive(.connect(3, "c.org"), at: 4)
    #expect(third == .ask(try #require(third.ticket)))
    // The time of its own that it did not name begins with the answer.
    #expect(broker.nextMoment == .ms(1004))
    #expect(broker.answer(.run, grant: 0, at: .ms(900)) == true)
    #expect(broker.nextMoment == .ms(30_002))
    _ = broker.actions()
    let fourth = broker.receive(.connect(4, "d.org"), at: 901)
    #expect(fourth == .begin(try #require(fourth.ticket), driver: nil))
    #expect(broker.answer(.never, grant: 0, at: .ms(902)) == true)
    #expect(broker.refusal(.connect(5, "e.org"), at: 903) == .denied)
    #expect(book.reader.state(grant: 0) == .state(broker.grants[0].state))
  }

  @Test("hears nothing: then it is a no") func unanswered() throws {
    var broker = broker([asking()])
    _ = broker.receive(.connect(1, "a.org"))
    _ = broker.receive(.connect(2, "a.org", deadline: 500))
    _ = broker.receive(.connect(3, "a.org", deadline: 5000), at: 100)
    broker.advance(to: .ms(500))
    func details() -> [ReplyDetail] {
      broker.actions().compactMap { if case .reply(let reply) = $0 { reply.detail } else { nil } }
    }
    #expect(details() == [.deadline])
    // The answer comes at the end of its time: too late.
    let late = broker.grants[0].question
    #expect(broker.answer(.once, grant: 0, question: late, at: .ms(1000)) == false)
    #expect(details() == [.unanswered])
    #expect(broker.answer(.run, grant: 0, at: .ms(1050)) == true)
    #expect(broker.nextMoment == .ms(5100), "as it named")
  }

  @Test("is performed at once after a yes, if its kind is") func atOnce() throws {
    var broker = broker([TestGrants.directory { $0.askMilliseconds = 10 }])
    let ticket = try #require(broker.receive(.open(1)).ticket)
    #expect(broker.answer(.always, grant: 0, at: .ms(1)) == true)
    #expect(
      broker.actions() == [
        .perform(ticket, driver: nil, atOnce: true), .withdraw(grant: 0),
      ])
    #expect(broker.complete(ticket, Completion(), at: .ms(2))?.status == 0)
    #expect(broker.answer(.always, grant: 0, at: .ms(3)) == true, "nobody waits")
  }

  @Test("never passes the count by waiting together, nor an answer to what is over") func recheck()
    throws
  {
    var broker = broker([asking { $0.count = 1 }, asking(), asking { $0.leaseMilliseconds = 50 }])
    for id in 1...3 { _ = broker.receive(.connect(UInt32(id), "a.org")) }
    #expect(broker.answer(.run, grant: 0, at: .ms(1)) == true)
    var performed = 0
    var refused = 0
    for action in broker.actions() {
      switch action {
      case .perform: performed += 1
      case .reply(let reply): refused += reply.detail == .count ? 1 : 0
      default: break
      }
    }
    #expect(performed == 1)
    #expect(refused == 2)
    let question = broker.receive(.connect(4, grant: 1, "a.org")).ticket
    #expect(broker.revoke(1, at: .ms(2)) == true)
    #expect(broker.answer(.once, grant: 1, question: question, at: .ms(2)) == false)
    _ = broker.receive(.connect(5, grant: 2, "a.org"))
    #expect(broker.answer(.run, grant: 2, at: .ms(50)) == false)
    let details = broker.actions().compactMap { action -> ReplyDetail? in
      if case .reply(let reply) = action { reply.detail } else { nil }
    }
    #expect(details == [.revoked, .lease])
    var silent = self.broker([web])
    #expect(silent.answer(.run, grant: 0, at: .ms(0)) == false, "nobody is asked")
  }

  @Test("cancelled between the answer and its performance, is not performed") func cancelResumed()
    throws
  {
    var broker = broker([asking()])
    _ = broker.receive(.connect(1, "a.org"))
    #expect(broker.answer(.run, grant: 0, at: .ms(1)) == true)
    _ = broker.receive(TestRequest(2) { _ in .cancel(id: 1) })
    let actions = broker.actions()
    #expect(actions.count == 2)
    #expect(actions.last == .withdraw(grant: 0))
  }

  @Test("knows what an operator said in earlier runs, and what was taken back") func remembered() {
    var broker = broker(
      [asking(), asking(), web], revoked: [2], answers: [0: .yes, 1: .no])
    #expect(broker.receive(.connect(1, "a.org")).ticket != nil)
    #expect(broker.refusal(.connect(2, grant: 1, "a.org")) == .denied)
    #expect(broker.refusal(.connect(3, grant: 2, "a.org")) == .revoked)
  }

  @Test("is of another grant's kind or none at all: hello, notify and lists are answered")
  func withoutGrants() {
    var broker = broker([])
    let hello = TestRequest(1) { _ in .hello(HelloRequest(lowest: 1, highest: 1, first: 0)) }
    let reply = broker.receive(hello).reply
    #expect(reply?.status == 0)
    #expect(reply?.grant == nil)
    #expect(broker.receive(TestRequest(2, text: "READY=1") { .notify($0) }).reply?.status == 0)
    #expect(broker.receive(TestRequest(3) { _ in .handleList(first: 0) }).reply?.status == 0)
    #expect(broker.receive(TestRequest(4) { .notify($0) }).reply?.detail == .malformed)
  }

  @Test("has times that cannot overflow") func times() {
    #expect(BrokerTime(milliseconds: .max) == .distantFuture)
    #expect(BrokerTime(milliseconds: .min).microseconds == .min)
    #expect(BrokerTime.ms(1).adding(milliseconds: .max) == .distantFuture)
    #expect(BrokerTime(microseconds: -2).adding(milliseconds: .min).microseconds == .min)
    #expect(
      BrokerTime(microseconds: .max).microseconds(since: BrokerTime(microseconds: .min)) == .max)
    #expect(BrokerTime.ms(1).microseconds(since: .ms(2)) == 0)
    #expect(GrantMetrics.bucket(microseconds: 0) == 0)
    #expect(GrantMetrics.bucket(microseconds: 1) == 1)
    #expect(GrantMetrics.bucket(microseconds: 1023) == 10)
    #expect(GrantMetrics.bucket(microseconds: .max) == 31)
  }

  @Test("ends with the errno of its detail") func statuses() {
    let numbers: [UInt32] = [0, 13, 13, 13, 11, 122, 127, 128, 13, 13, 11, 110, 125, 5, 5, 22, 95]
    #expect(ReplyDetail.allCases.map(\.status) == numbers)
  }
}
