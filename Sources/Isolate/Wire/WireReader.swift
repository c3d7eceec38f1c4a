/// Takes fields off a message, front to back. Every take is checked, so no bytes whatever make it trap.
///
/// It holds no reference to the bytes: each take is given them, always the same.
package struct WireReader: Sendable {
  /// Of the next field, from the message's start, in bytes.
  package private(set) var place: Int
  package let end: Int

  package init(_ range: Range<Int>) {
    place = range.lowerBound
    end = range.upperBound
  }

  /// Where the next `count` bytes start, which are then behind the reader.
  @inline(__always)
  private mutating func skip(
    _ count: Int, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> Int {
    let start = place
    guard count <= min(end, bytes.count) - start else { throw .body }
    place = start + count
    return start
  }

  package mutating func u8(_ bytes: Span<UInt8>) throws(WireViolation) -> UInt8 {
    bytes[try skip(1, bytes)]
  }

  @inline(__always)
  package mutating func u16(_ bytes: Span<UInt8>) throws(WireViolation) -> UInt16 {
    let at = try skip(2, bytes)
    return UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
  }

  @inline(__always)
  package mutating func u32(_ bytes: Span<UInt8>) throws(WireViolation) -> UInt32 {
    let at = try skip(4, bytes)
    let low = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
    return low | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
  }

  package mutating func u64(_ bytes: Span<UInt8>) throws(WireViolation) -> UInt64 {
    let low = try u32(bytes)
    return UInt64(low) | UInt64(try u32(bytes)) << 32
  }

  package mutating func i32(_ bytes: Span<UInt8>) throws(WireViolation) -> Int32 {
    Int32(bitPattern: try u32(bytes))
  }

  package mutating func i64(_ bytes: Span<UInt8>) throws(WireViolation) -> Int64 {
    Int64(bitPattern: try u64(bytes))
  }

  /// A length of two bytes, and that many bytes.
  package mutating func text(_ bytes: Span<UInt8>) throws(WireViolation) -> WireText {
    let count = try u16(bytes)
    let start = try skip(Int(count), bytes)
    return WireText(start: UInt16(truncatingIfNeeded: start), count: count)
  }

  /// What has been taken since `start`.
  func text(from start: Int) -> WireText {
    WireText(
      start: UInt16(truncatingIfNeeded: start), count: UInt16(truncatingIfNeeded: place - start))
  }

  /// A byte that has no meaning yet.
  package mutating func reserved(_ bytes: Span<UInt8>) throws(WireViolation) {
    guard try u8(bytes) == 0 else { throw .reserved }
  }

  /// Every message ends here: nothing may be left over.
  package func finish() throws(WireViolation) {
    guard place == end else { throw .leftOver }
  }
}
