@testable import Isolate

/// Any words in a book, as a broker that was taken over could leave it: read as the supervisor does, and gone on with as the next
/// broker does.
enum BookFuzz {
  private static let grants = [
    Grant(
      name: "data", target: .files(path: "/srv", isDirectory: true), rights: [.read, .stat],
      position: Position(file: "fuzz", line: 1)),
    Grant(
      name: "web",
      target: .connect([NetworkTarget(transport: .tcp, host: "*", ports: 443...443)]),
      rights: .connect, position: Position(file: "fuzz", line: 2)),
  ]

  /// Eleven bytes each: the number of a word, and the word.
  static func broken(by bytes: [UInt8]) -> String? {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BookLayout.bytes, alignment: 4096)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    var rest = bytes[...]
    while rest.count >= 11 {
      let number = rest.prefix(3).reversed().reduce(0) { $0 << 8 | Int($1) }
      let word = rest.dropFirst(3).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
      let offset = number % (BookLayout.bytes / 8) * 8
      unsafe memory.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
      rest = rest.dropFirst(11)
    }
    guard let book = unsafe BookMemory(memory) else { return "no book" }
    return reading(BookReader(book)) ?? goingOn(book, bytes.last ?? 0)
  }

  private static func reading(_ book: BookReader) -> String? {
    var reader = RecordReader()
    let taken = reader.take(book)
    if taken.records.count > BookLayout.records { return "\(taken.records.count) records" }
    var last: UInt64 = 0
    for (sequence, record) in taken.records {
      if sequence <= last { return "record \(sequence) after \(last)" }
      last = sequence
      if record.subject.bytes.count > RecordSubject.capacity { return "a long subject" }
    }
    if !reader.take(book).records.isEmpty { return "a record twice" }
    if book.handles.count > WireLimits.handles { return "too many descriptors" }
    for slot in 0..<BookLayout.requests {
      if let open = book.unfinished(slot), open.record.id == 0 { return "a request without an id" }
    }
    return nil
  }

  private static func goingOn(_ memory: BookMemory, _ luck: UInt8) -> String? {
    memory.set(BookLayout.magicAt, BookLayout.magic)
    memory.set(BookLayout.versionAt, BookLayout.version)
    memory.set(BookLayout.fingerprintAt, Broker.fingerprint(grants))
    memory.set(BookLayout.grantCountAt, UInt64(grants.count))
    let settings = BrokerSettings(
      grants: grants, start: BrokerTime(microseconds: 0), doors: [0, 3],
      recordsTaken: luck & 1 == 0 ? nil : UInt64(luck))
    var broker = Broker(settings, book: memory, at: BrokerTime(microseconds: 9))
    var actions = 0
    while let action = broker.nextAction() {
      actions += 1
      if actions > 10_000 { return "it acts without end" }
      switch action {
      case .reply(let reply):
        if reply.status == 0 { return "a request of a dead broker went well" }
        broker.sent(reply.ticket)
      case .cut(let handle): broker.didCut(handle)
      case .perform, .abandon, .ask, .withdraw: return "it performs what a dead broker was asked"
      }
    }
    let reader = BookReader(memory)
    for slot in 0..<BookLayout.requests where reader.hasMark(slot) {
      return "slot \(slot) is taken"
    }
    if BrokerInbox(memory).lost != nil { return "the inbox is not empty" }
    return nil
  }
}
