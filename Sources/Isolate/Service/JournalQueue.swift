/// What journald has not taken yet, the oldest first: whole messages, bounded for one app and for all that share the room.
struct JournalQueue {
  /// Of one app's messages, in bytes.
  static let most = 2 << 20

  private let room: JournalRoom
  private var messages: [[UInt8]] = []
  private var first = 0
  private var bytes = 0

  init(_ room: JournalRoom) { self.room = room }

  var oldest: [UInt8]? { first < messages.count ? messages[first] : nil }
  var count: Int { messages.count - first }
  /// Half of an app's share: what was lost for want of room is told when so much of it is free again, and not line by line.
  var isHalfFree: Bool { bytes <= Self.most / 2 }

  /// - Returns: false: there is no room for it.
  mutating func add(_ message: [UInt8]) -> Bool {
    guard bytes + message.count <= Self.most, room.bytes + message.count <= JournalRoom.most else {
      return false
    }
    messages.append(message)
    bytes += message.count
    room.bytes += message.count
    return true
  }

  mutating func removeOldest() {
    guard let oldest else { return }
    bytes -= oldest.count
    room.bytes -= oldest.count
    messages[first] = []
    first += 1
    if first * 2 > messages.count {
      messages.removeFirst(first)
      first = 0
    }
  }

  mutating func removeAll() {
    room.bytes -= bytes
    bytes = 0
    messages = []
    first = 0
  }
}

/// What all apps' messages for journald that wait take together.
package final class JournalRoom {
  static let most = 8 << 20
  fileprivate(set) var bytes = 0

  package init() {}
}
