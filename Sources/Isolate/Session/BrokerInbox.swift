/// Where messages are received: in the book, so that one which a broker took from its socket and died with, before the journal
/// knew of it, is found by the next one.
struct BrokerInbox {
  /// Of the message, in the book.
  static let range = (BookLayout.bytes - WireLimits.messageBytes)..<BookLayout.bytes
  /// The door's number and one, from before a message is received until the journal has it; 0 else.
  private static let mark = BookLayout.bytes - WireLimits.messageBytes - 8

  private let memory: BookMemory

  init(_ memory: BookMemory) {
    assert(BookLayout.used <= Self.mark, "the book has no room for an inbox")
    self.memory = memory
  }

  func begin(door: Int) {
    /* The opcode, the flags and the id: an id of 0 is none. */
    memory.set(Self.range.lowerBound, 0)
    memory.publish(Self.mark, UInt64(door) + 1)
  }

  func end() { memory.publish(Self.mark, 0) }

  /// What a predecessor died with.
  var lost: (door: Int, opcode: Opcode, id: UInt32)? {
    let mark = memory.acquire(Self.mark)
    let word = memory.word(Self.range.lowerBound)
    guard mark > 0, mark <= UInt64(WireLimits.doors),
      let opcode = Opcode(rawValue: UInt16(truncatingIfNeeded: word)), word >> 32 != 0
    else { return nil }
    return (Int(mark) - 1, opcode, UInt32(truncatingIfNeeded: word >> 32))
  }
}

extension BrokerSession {
  /// Answers what a predecessor died with, if nobody else does.
  mutating func answerLost() {
    defer { inbox.end() }
    guard let (number, opcode, id) = inbox.lost, let door = doors[number],
      broker.table.find(door: UInt8(number), id: id) == nil
    else { return }
    let head = ReplyHead(
      opcode, id: id, status: ReplyDetail.brokerRestarted.status, detail: .brokerRestarted)
    outgoing.writeReply(head, rule: Span())
    _ = Packets.send(outgoing.bytes.span.extracting(first: outgoing.count), to: door.descriptor)
  }
}
