/// The beginning of what a request was about, in the bytes that came: a path, a host, a name. Nobody says that it is UTF-8.
package struct RecordSubject: Hashable, Sendable {
  package static let capacity = 48

  var words: InlineArray<6, UInt64>
  /// Of these bytes.
  package var count: UInt8
  /// Of the whole; more than `count` when it was longer.
  package var total: UInt16

  package static let empty = RecordSubject(words: .init(repeating: 0), count: 0, total: 0)

  init(words: InlineArray<6, UInt64>, count: UInt8, total: UInt16) {
    self.words = words
    self.count = count
    self.total = total
  }

  package init(_ text: Span<UInt8>) {
    self = .empty
    let kept = min(text.count, Self.capacity)
    for index in 0..<kept { words[index >> 3] |= UInt64(text[index]) << (8 * UInt64(index & 7)) }
    count = UInt8(kept)
    total = UInt16(clamping: text.count)
  }

  package var bytes: [UInt8] {
    (0..<Int(count)).map {
      UInt8(truncatingIfNeeded: words[$0 >> 3] >> (8 * UInt64($0 & 7)))
    }
  }

  package static func == (left: Self, right: Self) -> Bool {
    for index in 0..<6 where left.words[index] != right.words[index] { return false }
    return left.count == right.count && left.total == right.total
  }

  package func hash(into hasher: inout Hasher) {
    for index in 0..<6 { hasher.combine(words[index]) }
  }
}

/// One request and what became of it; every request that was taken has exactly one in the ring. In the journal the same fields say
/// what is being done.
package struct DecisionRecord: Hashable, Sendable {
  /// Unique over all brokers of a book.
  package var serial: UInt64 = 0
  /// When it was decided and done; in the journal, when it came.
  package var time = BrokerTime(microseconds: 0)
  /// From its coming to its end.
  package var microseconds: UInt32 = 0
  package var id: UInt32 = 0
  package var opcode = Opcode.hello
  /// Nil: no grant decided.
  package var grant: UInt16?
  package var status: UInt32 = 0
  package var detail = ReplyDetail.kernel
  package var door: UInt8 = 0
  /// Of net.connect and net.listen; else 0.
  package var transport: UInt8 = 0
  package var port: UInt16 = 0
  /// Of the descriptor that was handed out; else 0.
  package var handle: UInt32 = 0
  /// Which broker of the book wrote it.
  package var generation: UInt32 = 0
  /// What it needed of its grant.
  package var rights: GrantRights = []
  package var subject = RecordSubject.empty

  /// Everything but the word that makes it valid, which the caller publishes after this.
  func write(_ memory: BookMemory, after mark: Int) {
    let what = UInt64(opcode.rawValue) | UInt64(grant ?? ReplyHead.noGrant) << 16
    let small = UInt64(detail.rawValue) | UInt64(door) << 8 | UInt64(transport) << 16
    let text = UInt64(subject.count) << 24 | UInt64(port) << 32 | UInt64(subject.total) << 48
    memory.set(
      mark + 8,
      [
        serial, UInt64(bitPattern: time.microseconds), UInt64(microseconds) | UInt64(id) << 32,
        what | UInt64(status) << 32, small | text, UInt64(handle) | UInt64(generation) << 32,
        subject.words[0], subject.words[1], subject.words[2], subject.words[3], subject.words[4],
        subject.words[5], UInt64(rights.rawValue),
      ])
  }

  /// Nil: no broker writes such a record.
  init?(_ memory: BookMemory, after mark: Int) {
    let times = memory.word(mark + 24)
    let what = memory.word(mark + 32)
    let small = memory.word(mark + 40)
    let whence = memory.word(mark + 48)
    guard let opcode = Opcode(rawValue: UInt16(truncatingIfNeeded: what)),
      let detail = ReplyDetail(rawValue: UInt8(truncatingIfNeeded: small))
    else { return nil }
    let count = UInt8(truncatingIfNeeded: small >> 24)
    let total = UInt16(truncatingIfNeeded: small >> 48)
    let grant = UInt16(truncatingIfNeeded: what >> 16)
    guard count <= RecordSubject.capacity, count <= total,
      grant < WireLimits.grants || grant == ReplyHead.noGrant
    else { return nil }
    serial = memory.word(mark + 8)
    time = BrokerTime(microseconds: Int64(bitPattern: memory.word(mark + 16)))
    microseconds = UInt32(truncatingIfNeeded: times)
    id = UInt32(truncatingIfNeeded: times >> 32)
    status = UInt32(truncatingIfNeeded: what >> 32)
    door = UInt8(truncatingIfNeeded: small >> 8)
    transport = UInt8(truncatingIfNeeded: small >> 16)
    port = UInt16(truncatingIfNeeded: small >> 32)
    handle = UInt32(truncatingIfNeeded: whence)
    generation = UInt32(truncatingIfNeeded: whence >> 32)
    var words = InlineArray<6, UInt64>(repeating: 0)
    for index in 0..<6 { words[index] = memory.word(mark + 56 + 8 * index) }
    rights = GrantRights(rawValue: UInt32(truncatingIfNeeded: memory.word(mark + 104)))
    self.opcode = opcode
    self.detail = detail
    self.grant = grant == ReplyHead.noGrant ? nil : grant
    subject = RecordSubject(words: words, count: count, total: total)
  }

  init() {}
}
