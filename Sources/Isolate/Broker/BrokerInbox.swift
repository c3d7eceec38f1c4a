/// Where messages are received: in the book, so that one which a broker took from its socket and died with, before the journal
/// knew of it, is found by the next one.
package struct BrokerInbox {
  /// Of the message, in the book.
  package static let range = (BookLayout.bytes - WireLimits.messageBytes)..<BookLayout.bytes
  /// The door's number and one, from before a message is received until the journal has it; 0 else.
  private static let mark = BookLayout.bytes - WireLimits.messageBytes - 8

  private let memory: BookMemory

  package init(_ memory: BookMemory) {
    assert(BookLayout.used <= Self.mark, "the book has no room for an inbox")
    self.memory = memory
  }

  package func begin(door: Int) {
    /* The opcode, the flags and the id: an id of 0 is none. */
    memory.set(Self.range.lowerBound, 0)
    memory.publish(Self.mark, UInt64(door) + 1)
  }

  package func end() { memory.publish(Self.mark, 0) }

  /// What a predecessor died with: the bytes of a message, and anything behind it.
  var lost: (door: UInt8, bytes: [UInt8])? {
    let mark = memory.acquire(Self.mark)
    guard mark > 0, mark <= UInt64(WireLimits.doors) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.range.count)
    for place in stride(from: Self.range.lowerBound, to: Self.range.upperBound, by: 8) {
      let word = memory.word(place)
      for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(shift)))) }
    }
    return (UInt8(mark - 1), bytes)
  }
}

extension DecisionRecord {
  /// Of a message that nobody has decided about. What is not whole has at least its name.
  ///
  /// - Parameter bytes: the message, and anything behind it.
  /// - Returns: nil: it is no message that a reply could name.
  init?(lost bytes: Span<UInt8>, door: UInt8, at now: BrokerTime) {
    guard let header = WireHeader.peek(bytes), let opcode = Opcode(rawValue: header.opcode),
      header.flags == 0, header.id != 0
    else { return nil }
    self.init()
    do throws(WireViolation) {
      let message = bytes.extracting(first: header.size)
      let request = try RequestMessage.decode(
        message, descriptors: 0, isTruncated: false, lostDescriptors: false)
      self = RequestSlot(request, message, door: door, at: now).record
    } catch {
      time = now
      id = header.id
      self.opcode = opcode
      self.door = door
    }
  }
}
