import Testing

@testable import Isolate

@Suite("Records that somebody takes")
struct RecordReaderTests {
  private let grants = [TestGrants.directory(), TestGrants.connect(["*"])]

  private func broker(_ book: TestBook, taken: UInt64?) -> Broker {
    Broker(
      BrokerSettings(grants: grants, start: .ms(0), recordsTaken: taken), book: book.memory,
      at: .ms(0))
  }

  /// Asked, performed, answered. False: the door is not read.
  private func ask(_ broker: inout Broker, _ id: UInt32) -> Bool {
    guard broker.canReceive(door: 0) else { return false }
    guard let ticket = broker.receive(.open(id)).ticket else { return false }
    _ = broker.complete(ticket, Completion(), at: .ms(0))
    broker.sent(ticket)
    return true
  }

  @Test("hold requests back before one is written over; are told of at the first and at the half")
  func full() {
    let book = TestBook()
    var broker = broker(book, taken: 0)
    var reader = RecordReader()
    var told: [UInt64] = []
    var id: UInt32 = 0
    func askAll() {
      while ask(&broker, id + 1) {
        id += 1
        guard let sequence = broker.recordsToTell else { continue }
        told.append(sequence)
        broker.toldOfRecords()
      }
    }
    askAll()
    #expect(id == 3584 && told == [1, 2048])
    #expect(reader.take(book.reader).records.map(\.sequence) == Array(1...3584))
    broker.tookRecords(3585)
    let hasRoom = broker.canReceive(door: 0)
    #expect(!hasRoom)
    broker.tookRecords(reader.last)
    broker.tookRecords(7)
    askAll()
    #expect(id == 7168 && told == [1, 2048, 3585, 5632])
    #expect(reader.take(book.reader).records.map(\.record.id) == Array(3585...7168))
    #expect(reader.take(book.reader).records.isEmpty)
    /* Nobody takes them: nothing is held back, and nobody is told. */
    broker = self.broker(TestBook(), taken: nil)
    for id in 1...5000 as ClosedRange<UInt32> {
      let isTaken = ask(&broker, id)
      #expect(isTaken)
    }
    let toTell = broker.recordsToTell
    #expect(toTell == nil)
  }

  @Test("can be taken a piece at a time, each once and in order") func pieces() {
    let book = TestBook()
    var broker = broker(book, taken: 0)
    for id in 1...2000 as ClosedRange<UInt32> {
      let isTaken = ask(&broker, id)
      #expect(isTaken)
    }
    var reader = RecordReader()
    for piece in 0..<4 {
      let taken = reader.take(book.reader, most: 512)
      let first = UInt64(piece * 512)
      #expect(taken.records.map(\.sequence) == Array(first + 1...min(first + 512, 2000)))
      #expect(taken.lost == 0 && taken.isBehind == (piece < 3))
    }
    /* What is not there any more is passed over in one step. */
    for id in 2001...8000 as ClosedRange<UInt32> {
      broker.tookRecords(UInt64(id - 1))
      let isTaken = ask(&broker, id)
      #expect(isTaken)
    }
    let taken = reader.take(book.reader, most: 512)
    #expect(taken.records.first?.sequence == 8000 - 4096 + 1 && taken.records.count == 512)
    #expect(taken.lost == 8000 - 4096 - 2000 && taken.isBehind)
  }

  @Test("are taken once each, whatever dies and however late they are taken", arguments: 0..<4)
  func deaths(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let book = TestBook()
    var broker = broker(book, taken: 0)
    var reader = RecordReader()
    var seen: [UInt32] = []
    var id: UInt32 = 0
    func take() {
      let taken = reader.take(book.reader)
      #expect(taken.lost == 0)
      seen += taken.records.map(\.record.id)
    }
    while id < 20_000 {
      switch generator.next() % 1000 {
      case 0:
        /* As many under way as there may be, and then it dies. */
        while broker.canReceive(door: 0) {
          id += 1
          if let reply = broker.receive(.connect(id, grant: 1, "a.org")).reply {
            broker.sent(reply.ticket)
            break
          }
          if generator.next() % 40 == 0 { break }
        }
        broker = self.broker(book, taken: reader.last)
        for action in broker.actions() {
          if case .reply(let reply) = action { broker.sent(reply.ticket) }
        }
      case 1:
        take()
        broker.tookRecords(reader.last)
      default:
        if ask(&broker, id + 1) {
          id += 1
        } else {
          take()
          broker.tookRecords(reader.last)
        }
      }
    }
    broker = self.broker(book, taken: reader.last)
    take()
    let isWhole = seen.sorted() == Array(1...id)
    #expect(isWhole)
  }

  @Test("that a liar numbered are bounded, and those of its successor are taken")
  func liar() {
    let book = TestBook()
    var broker = broker(book, taken: 0)
    for id in 1...10 as ClosedRange<UInt32> { _ = ask(&broker, id) }
    let mark = BookLayout.record(10)
    let lie = (1 << 61) + 10 as UInt64
    book[mark] = lie
    var reader = RecordReader()
    let taken = reader.take(book.reader)
    #expect(taken.records.map(\.sequence) == [lie] && taken.lost == lie - 1)
    var next = self.broker(book, taken: lie)
    let isTaken = ask(&next, 11)
    #expect(isTaken)
    #expect(reader.take(book.reader).records.map(\.record.id) == [11])
  }

  @Test("are told in words, whatever a broker that was taken over has written")
  func words() {
    var record = DecisionRecord()
    record.status = .max
    record.grant = .max
    record.time = BrokerTime(microseconds: .min)
    #expect(record.words(grants).hasPrefix("hello refused: "))
    record.status = 0
    record.grant = 1
    #expect(record.words(grants) == "hello \(grants[1].name) done")
  }
}
