import Testing

@testable import Isolate

@Suite("A message that a broker died with before it was in the journal")
struct InboxTests {
  private let grants = [TestGrants.directory()]

  private func broker(_ book: TestBook, doors: [Int] = [0], at now: Int64 = 0) -> Broker {
    Broker(
      BrokerSettings(grants: grants, start: .ms(0), doors: doors), book: book.memory, at: .ms(now))
  }

  /// A book whose broker has died with these bytes in its inbox.
  private func book(_ bytes: [UInt8], door: Int = 0, doors: [Int] = [0]) -> TestBook {
    let book = TestBook()
    _ = broker(book, doors: doors)
    BrokerInbox(book.memory).begin(door: door)
    for (place, byte) in bytes.enumerated() {
      book[BrokerInbox.range.lowerBound + place & ~7] |= UInt64(byte) << (8 * UInt64(place & 7))
    }
    return book
  }

  private func bytes(_ request: TestRequest) -> [UInt8] {
    var buffer = WireBuffer()
    #expect(request.message.encode(into: &buffer, texts: request.bytes.span))
    return (0..<buffer.count).map { buffer.bytes[$0] }
  }

  /// What a successor says of it.
  private func replies(_ book: TestBook, doors: [Int] = [0]) -> [BrokerReply] {
    var next = broker(book, doors: doors, at: 3)
    return next.actions().compactMap { action in
      guard case .reply(let reply) = action else { return nil }
      next.sent(reply.ticket)
      return reply
    }
  }

  @Test("has one reply and one record, with what was asked for")
  func whole() throws {
    let book = book(bytes(.open(77, "a/name")) + [1, 2, 3])
    let replies = replies(book)
    #expect(replies.map(\.id) == [77])
    #expect(replies.first?.detail == .brokerRestarted && replies.first?.status == 5)
    let records = book.reader.records().map(\.record)
    let record = try #require(records.first)
    #expect(records.count == 1 && record.id == 77 && record.opcode == .fileOpen)
    #expect(record.detail == .brokerRestarted && record.status == 5 && record.grant == 0)
    #expect(record.subject.bytes == Array("a/name".utf8) && record.generation == 2)
    #expect(book.reader.metrics(grant: 0)[.brokerRestarted] == 1)
    #expect(self.replies(book).isEmpty && book.reader.records().count == 1)
  }

  @Test("has them by its header alone where the rest is no message")
  func header() throws {
    let book = book([16, 0, 0, 0, 9, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 255])
    #expect(replies(book).map(\.id) == [9])
    let record = try #require(book.reader.records().first?.record)
    #expect(record.opcode == .fileOpen && record.id == 9 && record.grant == nil)
    let long = self.book([16, 0, 0, 0, 9, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0])
    #expect(replies(long).map(\.id) == [9])
  }

  @Test("has none where no reply could name it, or where there is none")
  func nothing() {
    for bytes in [
      [], [0, 0, 0, 0], [16, 0, 0, 0, 0, 0, 0, 0, 16], [99, 0, 0, 0, 9, 0, 0, 0, 16],
      [16, 0, 1, 0, 9, 0, 0, 0, 16],
    ] as [[UInt8]] {
      let book = book(bytes)
      #expect(replies(book).isEmpty && book.reader.records().isEmpty)
    }
    let book = book(bytes(.open(77)), door: 400)
    #expect(replies(book).isEmpty && book.reader.records().isEmpty)
  }

  @Test("has a record and no reply when its door is gone")
  func closed() {
    let book = book(bytes(.open(77)), door: 3, doors: [0, 3])
    #expect(replies(book).isEmpty)
    #expect(book.reader.records().map(\.record.id) == [77])
  }

  @Test("has one record, wherever its next broker dies", arguments: [0, 3])
  func dying(door: Int) {
    let request = bytes(.open(77, "a/name"))
    for stores in 0..<300 {
      let book = book(request, door: door)
      book.stores = stores
      let first = replies(book)
      let isWhole = !book.hasBlown
      book.stores = nil
      let second = replies(book)
      #expect(book.reader.records().map(\.record.id) == [77], "\(stores)")
      #expect(book.reader.damaged == 0)
      #expect((first + second).isEmpty == (door != 0), "\(stores)")
      if isWhole {
        #expect(second.isEmpty)
        return
      }
    }
    Issue.record("it writes without end")
  }
}
