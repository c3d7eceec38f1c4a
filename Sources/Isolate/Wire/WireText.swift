/// A text in a message: where it lies in the bytes that were decoded. It is worth something only together with them.
///
/// Bytes, not characters: nothing says that they are UTF-8, and they may contain anything, NUL too (see
/// `Request.isMalformed`).
package struct WireText: Hashable, Sendable {
  package var start: UInt16
  package var count: UInt16

  package init(start: UInt16, count: UInt16) {
    self.start = start
    self.count = count
  }

  package static let empty = WireText(start: 0, count: 0)

  package var isEmpty: Bool { count == 0 }
  package var range: Range<Int> { Int(start)..<Int(start) + Int(count) }

  /// The part of the range that `bytes` has: all of it, if these are the bytes that were decoded.
  private func range(within bytes: Span<UInt8>) -> Range<Int> {
    range.clamped(to: 0..<bytes.count)
  }

  package func contains(_ byte: UInt8, in bytes: Span<UInt8>) -> Bool {
    for place in range(within: bytes) where bytes[place] == byte { return true }
    return false
  }

  /// Whether it is exactly these bytes. Allocates nothing.
  package func equals(_ other: Span<UInt8>, in bytes: Span<UInt8>) -> Bool {
    let own = range(within: bytes)
    guard own.count == other.count else { return false }
    for offset in 0..<own.count where bytes[own.lowerBound + offset] != other[offset] {
      return false
    }
    return true
  }

  package func equals(_ other: String, in bytes: Span<UInt8>) -> Bool {
    var place = Int(start)
    let own = range(within: bytes)
    for byte in other.utf8 {
      guard place < own.upperBound, bytes[place] == byte else { return false }
      place += 1
    }
    return place == own.upperBound
  }

  /// A copy.
  package func array(in bytes: Span<UInt8>) -> [UInt8] {
    let own = range(within: bytes)
    var copy: [UInt8] = []
    copy.reserveCapacity(own.count)
    for place in own { copy.append(bytes[place]) }
    return copy
  }

  /// A copy, if it is UTF-8.
  package func string(in bytes: Span<UInt8>) -> String? {
    String(validating: array(in: bytes), as: UTF8.self)
  }
}

/// A list in a message: the entries were checked when the message was decoded, and are read again one by one.
package struct WireList<Entry: WireEntry>: Hashable, Sendable {
  /// All entries, without the number before them.
  package var text: WireText
  package var count: UInt16

  package init(text: WireText, count: UInt16) {
    self.text = text
    self.count = count
  }

  package static var empty: WireList { WireList(text: .empty, count: 0) }

  /// Walks through the list: `var cursor = list.cursor; while let entry = cursor.next(in: bytes) { ... }`.
  package var cursor: WireListCursor<Entry> { WireListCursor(list: self) }

  static func read(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> WireList {
    let count = try reader.u16(bytes)
    let start = reader.place
    for _ in 0..<count { _ = try Entry.read(&reader, bytes) }
    return WireList(text: reader.text(from: start), count: count)
  }
}

package struct WireListCursor<Element: WireEntry>: Sendable {
  private var reader: WireReader
  private var left: UInt16

  fileprivate init(list: WireList<Element>) {
    reader = WireReader(list.text.range)
    left = list.count
  }

  /// The next entry, or nil after the last. `bytes` are those that were decoded; with others the list may end early.
  package mutating func next(in bytes: Span<UInt8>) -> Element? {
    guard left > 0 else { return nil }
    left -= 1
    do throws(WireViolation) {
      return try Element.read(&reader, bytes)
    } catch {
      left = 0
      return nil
    }
  }
}

/// What a list in a message may be of.
package protocol WireEntry: Hashable, Sendable {
  static func read(_ reader: inout WireReader, _ bytes: Span<UInt8>) throws(WireViolation) -> Self
}

extension WireText: WireEntry {
  package static func read(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> WireText {
    try reader.text(bytes)
  }
}
