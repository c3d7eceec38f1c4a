import Testing

@testable import Isolate

@Suite("The book")
struct BookTests {
  private let web = TestGrants.connect(["*"]) {
    $0.count = 100
    $0.rate = GrantRate(requests: 1, perMilliseconds: 1, burst: 100)
  }
  private let slow = TestGrants.connect(["*"]) { $0.askMilliseconds = 1000 }

  private func broker(
    _ book: TestBook, _ grants: [Grant]? = nil, doors: [Int] = [0], at now: Int64 = 0
  ) -> Broker {
    Broker(
      BrokerSettings(
        grants: grants ?? [web, slow, TestGrants.directory()], start: .ms(0), doors: doors),
      book: book.memory, at: .ms(now))
  }

  @Test("fits into its memory, and must") func size() {
    #expect(BookLayout.used <= BookLayout.bytes)
    #expect(BookLayout.latencies + GrantMetrics.buckets * 8 <= BookLayout.grantBytes)
    let book = TestBook()
    let short = unsafe UnsafeMutableRawBufferPointer(rebasing: book.bytes[0..<BookLayout.bytes - 8])
    let odd = unsafe UnsafeMutableRawBufferPointer(rebasing: book.bytes[4...])
    #expect(unsafe BookMemory(short) == nil)
    #expect(unsafe BookMemory(odd) == nil)
    #expect(unsafe BookMemory(UnsafeMutableRawBufferPointer(start: nil, count: 0)) == nil)
    #expect(!book.reader.isValid)
    #expect(book.reader.records().isEmpty)
  }

  @Test("keeps the last 4096 records") func ring() throws {
    let book = TestBook()
    var broker = broker(book)
    for id in 1...UInt32(5000) {
      let ticket = try #require(broker.receive(.open(id, grant: 2), at: Int64(id)).ticket)
      _ = broker.complete(ticket, Completion(), at: .ms(Int64(id)))
      broker.sent(ticket)
    }
    #expect(book.reader.lastSequence == 5000)
    #expect(book.reader.record(904) == nil)
    #expect(book.reader.record(905)?.id == 905)
    #expect(book.reader.record(0) == nil)
    #expect(book.reader.record(5001) == nil)
    #expect(book.reader.records().map(\.record.id) == Array(905...5000))
    #expect(book.reader.records(after: 4990).map(\.sequence) == Array(4991...5000))
    #expect(book.reader.records(after: 5000).isEmpty)
    #expect(book.reader.records(after: .max).isEmpty)
  }

  @Test("has a successor answer what was being done, once, and go on with the rest")
  func successor() throws {
    let book = TestBook()
    var old = broker(book, doors: [0, 1, 2])
    _ = old.receive(.connect(1, "a.org"), at: 1)
    _ = old.receive(.connect(2, grant: 1, "b.org"), at: 2)
    let handed = try #require(old.receive(.connect(3, "c.org"), at: 3).ticket)
    let facts = HandleFacts(device: 7, inode: 8, isSocket: true)
    let done = old.complete(handed, Completion(handle: facts), at: .ms(4))
    old.sent(handed)
    let unsent = try #require(old.receive(.open(4, grant: 2), at: 5).ticket)
    _ = old.complete(unsent, Completion(), at: .ms(5))
    _ = old.receive(.connect(5, "d.org"), door: 1, at: 6)
    _ = old.receive(.connect(6, "d.org"), door: 2, at: 6)
    old.cutOff(door: 1, for: nil, at: .ms(6))
    #expect(old.answer(.always, grant: 1, at: .ms(7)) == true)
    #expect(old.revoke(2, at: .ms(7)) == true)

    // Door 1 was cut off; door 2 is not handed over.
    var new = broker(book, doors: [0, 1], at: 10)
    #expect(book.reader.generation == 2)
    #expect(book.reader.damaged == 0)
    #expect(new.canReceive(door: 1) == false)
    var replies: [UInt32: BrokerReply] = [:]
    for action in new.actions() {
      guard case .reply(let reply) = action else {
        Issue.record("\(action)")
        continue
      }
      #expect(replies.updateValue(reply, forKey: reply.id) == nil)
      #expect(reply.detail == .brokerRestarted)
      #expect(reply.status == 5)
      #expect(reply.handle == 0)
      new.sent(reply.ticket)
    }
    #expect(replies.keys.sorted() == [1, 2, 4])
    for slot in 0..<BookLayout.requests { #expect(book.reader.unfinished(slot) == nil) }
    let records = book.reader.records().map(\.record)
    #expect(records.map(\.id).sorted() == [1, 2, 3, 4, 5, 6])
    #expect(records.filter { $0.detail == .brokerRestarted }.map(\.id).sorted() == [1, 2, 6])
    #expect(new.ledger.entry(done?.handle ?? 0)?.facts == facts)
    #expect(new.grants[0].state.used == 4)
    #expect(new.grants[0].state.bucket.milliseconds == 6)
    #expect(new.receive(.connect(7, grant: 1, "x.org"), at: 11).ticket != nil)
    #expect(new.refusal(.open(8, grant: 2), at: 11) == .revoked)
    let next = try #require(new.receive(.connect(9, "c.org"), at: 12).ticket)
    let again = new.complete(next, Completion(handle: facts), at: .ms(12))
    let second: UInt32 = 1 << 10 | 1
    #expect(again?.handle == second)
    // Sockets of grants that are gone are cut again: nobody knows whether they were.
    var third = Broker(
      BrokerSettings(
        grants: [web, slow, TestGrants.directory()], start: .ms(0), doors: [0], revoked: [0]),
      book: book.memory, at: .ms(20))
    let cuts = third.actions().filter { if case .cut = $0 { true } else { false } }
    #expect(cuts.count == 2)
    var fourth = broker(book, at: 21)
    #expect(fourth.actions().filter { if case .cut = $0 { true } else { false } } == cuts)
  }

  @Test("knows a reply that has left, though its broker was killed before it could say so")
  func left() throws {
    let book = TestBook()
    var old = broker(book)
    let first = try #require(old.receive(.open(1, grant: 9)).reply)
    let second = try #require(old.receive(.open(2, grant: 9)).reply)
    let third = try #require(old.receive(.connect(3, "a.org")).ticket)
    for (sending, left, expected) in [
      (first.ticket, false, [1, 2, 3] as [UInt32]), (first.ticket, true, [2, 3]),
      (third, true, [1, 2, 3]), (Ticket(slot: 0, serial: 0), true, [1, 2, 3]),
    ] {
      let copy = TestBook()
      for offset in stride(from: 0, to: BookLayout.used, by: 8) { copy[offset] = book[offset] }
      let writer = BookWriter(copy.memory)
      // Of an earlier reply.
      copy[BookLayout.noteSent] = 20
      writer.sending(serial: sending.serial)
      if left { copy[BookLayout.noteSent] = 20 | 7 << 32 }
      var new = broker(copy)
      let ids = new.actions().compactMap { action -> UInt32? in
        if case .reply(let reply) = action { reply.id } else { nil }
      }
      #expect(ids == expected)
      #expect(copy.reader.damaged == 0)
      #expect(copy.reader.records().map(\.record.id).sorted() == [1, 2, 3])
    }
    #expect(second.detail == .noGrant)
  }

  @Test("is begun anew for other grants, or another version") func others() throws {
    let book = TestBook()
    var old = broker(book)
    _ = old.receive(.connect(1, "a.org"))
    var changed = web
    changed.rights = [.connect, .listen]
    for grants in [[web, slow], [changed, slow, TestGrants.directory()]] {
      var other = broker(book, grants)
      #expect(book.reader.generation == 1)
      #expect(other.nextAction() == nil)
      _ = other.receive(.connect(1, "a.org"))
    }
    book[BookLayout.versionAt] = BookLayout.version + 1
    #expect(!book.reader.isValid)
    var other = broker(book, [web])
    #expect(other.nextAction() == nil)
    #expect(book.reader.isValid)
  }

  // MARK: Death at any store

  /// Performs `act` on a broker whose book stops taking stores after n of them, for every n; then `check` with the book.
  private func dying(
    _ prepare: (inout Broker) -> Void, _ act: (inout Broker) -> Void,
    _ check: (_ book: TestBook, _ stores: Int, _ isWhole: Bool) -> Void
  ) {
    for stores in 0..<500 {
      let book = TestBook()
      var broker = broker(book)
      prepare(&broker)
      book.stores = stores
      act(&broker)
      let isWhole = !book.hasBlown
      book.stores = nil
      check(book, stores, isWhole)
      if isWhole { return }
    }
    Issue.record("it writes without end")
  }

  private let facts = HandleFacts(device: 0x1111_2222_3333_4444, inode: 5, isSocket: true)

  @Test("never shows half a record, wherever its writer dies") func records() {
    var counts: Set<Int> = []
    dying(
      { _ in },
      { broker in
        guard let ticket = broker.receive(.connect(77, "a-name.org"), at: 3).ticket else { return }
        _ = broker.complete(ticket, Completion(handle: self.facts), at: .ms(4))
        broker.sent(ticket)
      },
      { book, stores, isWhole in
        let records = book.reader.records()
        counts.insert(records.count)
        for (sequence, record) in records {
          #expect(sequence == 1)
          #expect(record.id == 77 && record.subject.bytes == Array("a-name.org".utf8))
          #expect(record.handle == 1 << 10 && record.time == .ms(4))
        }
        for entry in book.reader.handles {
          #expect(entry.facts == self.facts && entry.state == .open && entry.handle == 1 << 10)
        }
        switch book.reader.state(grant: 0) {
        case .none: break
        case .state(let state):
          #expect(state.used <= 1)
          #expect(state.bucket == TokenBucket(level: 99, milliseconds: 3))
        case .damaged: Issue.record("half a state after \(stores) stores")
        }
        // The successor gives what was begun its one reply and its one record.
        let begun = book.reader.unfinished(0)
        var next = broker(book, at: 5)
        let actions = next.actions()
        #expect(actions.count == (begun == nil ? 0 : 1))
        #expect(book.reader.damaged == 0)
        let ids = book.reader.records().map(\.record.id)
        #expect(ids == (begun == nil && !isWhole && records.isEmpty ? [] : [77]), "\(stores)")
        if isWhole { #expect(begun == nil) }
      })
    #expect(counts == [0, 1])
  }

  @Test("shows a grant's old state or its new one, wherever its writer dies") func states() {
    var seen: Set<Bool> = []
    dying(
      { broker in
        for id in 1...3 { _ = broker.receive(.connect(UInt32(id), "a.org"), at: 2) }
      },
      { broker in
        _ = broker.receive(.connect(4, "a.org"), at: 50)
        _ = broker.revoke(0, at: .ms(50))
      },
      { book, _, isWhole in
        guard case .state(let state) = book.reader.state(grant: 0) else {
          Issue.record("no state")
          return
        }
        let old = TokenBucket(level: 97, milliseconds: 2)
        let new = TokenBucket(level: 99, milliseconds: 50)
        #expect(
          state.used == 3 && [old, new].contains(state.bucket)
            || state.used == 4 && state.bucket == new)
        seen.insert(state.isRevoked)
        if isWhole { #expect(state.isRevoked) }
      })
    #expect(seen == [false, true])
  }

  @Test("is taken over by one that dies while it does, and another") func dyingSuccessor() {
    for stores in 0..<120 {
      let book = TestBook()
      var old = broker(book)
      for id in 1...3 { _ = old.receive(.connect(UInt32(id), "a.org"), at: 2) }
      book.stores = stores
      var second = broker(book, at: 3)
      _ = second.actions()
      let isWhole = !book.hasBlown
      book.stores = nil
      var third = broker(book, at: 4)
      #expect(third.actions().count == 3)
      #expect(book.reader.records().map(\.record.id).sorted() == [1, 2, 3], "\(stores)")
      if isWhole { return }
    }
    Issue.record("it writes without end")
  }

  @Test("is no book until it is whole") func formatting() {
    for stores in 0..<9 {
      let book = TestBook()
      book[BookLayout.violationsAt] = 9
      book[BookLayout.journal] = 99
      book.stores = stores
      _ = broker(book)
      book.stores = nil
      // The magic goes, two words are cleared, three are written, the magic comes, and the generation.
      #expect(book.reader.isValid == (stores > 6), "\(stores)")
      var next = broker(book)
      #expect(next.nextAction() == nil)
      #expect(book.reader.violations == 0)
      #expect(book.reader.damaged == 0)
    }
  }

  // MARK: Hostile bytes

  private func readAll(_ reader: BookReader) {
    _ = (reader.isValid, reader.fingerprint, reader.generation, reader.grantCount)
    _ = (reader.violations, reader.lastViolation, reader.forgotten, reader.damaged)
    for door in 0..<BookLayout.doors { _ = reader.isCutOff(door: door) }
    for slot in 0..<BookLayout.requests { _ = reader.unfinished(slot) }
    for grant in 0..<BookLayout.grants {
      _ = (reader.state(grant: grant), reader.metrics(grant: grant).total)
    }
    for entry in reader.handles { #expect(entry.grant < 256) }
    #expect(reader.records().count <= BookLayout.records)
  }

  @Test("of any bytes is read and taken over without a trap", arguments: 0..<12)
  func hostile(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let book = TestBook()
    var old = broker(book)
    for id in 1...40 {
      if let ticket = old.receive(.connect(UInt32(id), "a.org"), at: Int64(id)).ticket, id % 3 > 0 {
        _ = old.complete(ticket, Completion(handle: facts), at: .ms(50))
        if id % 3 > 1 { old.sent(ticket) }
      }
    }
    let kept = (
      book[BookLayout.magicAt], book[BookLayout.versionAt], book[BookLayout.fingerprintAt]
    )
    // All of it, or some bits, or only words that say a lot.
    for offset in stride(from: 24, to: BookLayout.used, by: 8) {
      switch seed % 4 {
      case 0: book[offset] = generator.next()
      case 1: if generator.next() % 8 == 0 { book[offset] ^= 1 << (generator.next() % 64) }
      case 2: book[offset] = [0, .max, 1 << 63, .max >> 1][Int(generator.next() % 4)]
      default: if generator.next() % 64 == 0 { book[offset] = generator.next() % 5000 }
      }
    }
    readAll(book.reader)
    (book[BookLayout.magicAt], book[BookLayout.versionAt]) = (kept.0, kept.1)
    book[BookLayout.fingerprintAt] = kept.2
    book[BookLayout.grantCountAt] = 3
    #expect(book.reader.isValid)
    var new = broker(book, at: 100)
    for action in new.actions() {
      if case .reply(let reply) = action { new.sent(reply.ticket) }
    }
    for id in 1...100 {
      guard new.canReceive(door: 0) else { break }
      if let ticket = new.receive(.connect(5000 + UInt32(id), "a.org"), at: 200).ticket {
        _ = new.complete(ticket, Completion(handle: facts), at: .ms(200))
        new.sent(ticket)
      }
    }
    new.advance(to: .distantFuture)
    readAll(book.reader)
  }

  @Test("with a grant's state that nobody understands takes that grant back") func damaged() {
    let book = TestBook()
    var old = broker(book)
    _ = old.receive(.connect(1, "a.org"))
    let at = BookLayout.grant(0)
    book[BookLayout.copy(at, book[at]) + 24] = 0
    #expect(book.reader.state(grant: 0) == .damaged)
    var new = broker(book)
    #expect(new.refusal(.connect(2, "a.org")) == .revoked)
    #expect(new.refusal(.connect(3, grant: 1, "a.org")) == nil)
    #expect(book.reader.damaged == 1)
  }

  @Test("with numbers of records that hide what comes after them is begun anew") func hidden() {
    let book = TestBook()
    _ = broker(book)
    let hidden: UInt64 = 1 << 61 | 1
    book[BookLayout.record(1)] = 1 << 61 | 1
    #expect(book.reader.lastSequence == hidden)
    var new = broker(book)
    #expect(book.reader.damaged == 1)
    _ = new.receive(.open(1, grant: 9))
    #expect(book.reader.records().map(\.sequence) == [1])
  }

  @Test("whose words do not stand still is not read at all") func restless() async {
    // A writer beside the reader: every record that is seen says the same in all its words.
    let book = TestBook()
    _ = broker(book)
    let shared = SharedBook(book: book)
    let writing = Task.detached {
      var writer = BookWriter(shared.book.memory)
      writer.begin(generation: 1, nextSequence: 1)
      for number in 1...UInt64(30_000) {
        var record = DecisionRecord()
        record.serial = number
        record.time = BrokerTime(microseconds: Int64(number))
        record.id = UInt32(number)
        record.handle = UInt32(number)
        writer.append(record)
      }
    }
    var seen = 0
    var last: UInt64 = 0
    while last < 30_000 {
      last = book.reader.lastSequence
      // The oldest are those that are being written over.
      let first = max(1, Int(last) - BookLayout.records + 1)
      for sequence in first..<max(first, Int(last) + 1) {
        guard let record = book.reader.record(UInt64(sequence)) else { continue }
        seen += 1
        if record.serial != UInt64(sequence) || record.id != UInt32(sequence)
          || record.handle != UInt32(sequence) || record.time.microseconds != Int64(sequence)
        {
          Issue.record("torn: \(record)")
          last = .max
        }
      }
    }
    await writing.value
    #expect(seen > 0)
  }
}

/// The memory is shared on purpose.
private struct SharedBook: @unchecked Sendable {
  let book: TestBook
}
