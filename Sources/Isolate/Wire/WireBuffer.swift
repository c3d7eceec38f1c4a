/// One message: what is received into, and what is written into. Fixed in size, allocated by nobody.
///
/// Writing: `begin...`, `append...`, `finish`. What does not fit is not written, and `finish` says so; nothing traps.
package struct WireBuffer: ~Copyable, Sendable {
  /// `WireLimits.messageBytes`. Only the first `count` mean something.
  package var bytes = InlineArray<4096, UInt8>(repeating: 0)
  /// Of the message, in bytes.
  package private(set) var count = 0
  /// Whether all that was appended had room.
  package private(set) var fits = true

  package init() {}

  /// How many bytes can still be appended.
  package var room: Int { fits ? bytes.count - count : 0 }

  /// After receiving into `bytes`: how many have come; more than there is room for is cut to it.
  package mutating func received(_ count: Int) {
    self.count = max(0, min(count, bytes.count))
    fits = true
  }

  // MARK: Writing

  /// Forgets what was written and writes a header, its length not yet known.
  package mutating func begin(opcode: UInt16, flags: UInt16, id: UInt32, last: UInt32) {
    count = WireLimits.headerBytes
    fits = true
    set(UInt32(opcode) | UInt32(flags) << 16, at: 0)
    set(id, at: 4)
    set(0, at: 8)
    set(last, at: 12)
  }

  package mutating func beginRequest(_ opcode: Opcode, id: UInt32, deadline: UInt32 = 0) {
    begin(opcode: opcode.rawValue, flags: 0, id: id, last: deadline)
  }

  /// Writes the length. False: something did not fit, and the message is empty now.
  package mutating func finish() -> Bool {
    guard fits, count >= WireLimits.headerBytes else {
      count = 0
      return false
    }
    set(UInt32(count), at: 8)
    return true
  }

  private mutating func take(_ wanted: Int) -> Int? {
    guard fits, wanted <= bytes.count - count else {
      fits = false
      return nil
    }
    defer { count += wanted }
    return count
  }

  @inline(__always)
  private mutating func set(_ value: UInt32, at place: Int) {
    bytes[place] = UInt8(truncatingIfNeeded: value)
    bytes[place + 1] = UInt8(truncatingIfNeeded: value >> 8)
    bytes[place + 2] = UInt8(truncatingIfNeeded: value >> 16)
    bytes[place + 3] = UInt8(truncatingIfNeeded: value >> 24)
  }

  package mutating func append(_ value: UInt8) {
    if let place = take(1) { bytes[place] = value }
  }

  package mutating func append(_ value: UInt16) {
    guard let place = take(2) else { return }
    bytes[place] = UInt8(truncatingIfNeeded: value)
    bytes[place + 1] = UInt8(truncatingIfNeeded: value >> 8)
  }

  package mutating func append(_ value: UInt32) {
    if let place = take(4) { set(value, at: place) }
  }

  package mutating func append(_ value: UInt64) {
    guard let place = take(8) else { return }
    set(UInt32(truncatingIfNeeded: value), at: place)
    set(UInt32(truncatingIfNeeded: value >> 32), at: place + 4)
  }

  package mutating func append(_ value: Int32) { append(UInt32(bitPattern: value)) }
  package mutating func append(_ value: Int64) { append(UInt64(bitPattern: value)) }

  /// A length and these bytes.
  package mutating func append(text: Span<UInt8>) {
    guard text.count <= bytes.count else {
      fits = false
      return
    }
    append(UInt16(text.count))
    append(raw: text)
  }

  package mutating func append(text: String) {
    append(text: text.utf8)
  }

  package mutating func append(text: some Collection<UInt8>) {
    let wanted = text.count
    guard wanted <= bytes.count else {
      fits = false
      return
    }
    append(UInt16(wanted))
    guard var place = take(wanted) else { return }
    for byte in text {
      bytes[place] = byte
      place += 1
    }
  }

  /// A text of another message, with its length.
  package mutating func append(text: WireText, of other: Span<UInt8>) {
    append(text: other.extracting(text.range.clamped(to: 0..<other.count)))
  }

  /// A list of another message, with its number.
  package mutating func append<Entry>(list: WireList<Entry>, of other: Span<UInt8>) {
    append(list.count)
    append(raw: other.extracting(list.text.range.clamped(to: 0..<other.count)))
  }

  private mutating func append(raw: Span<UInt8>) {
    guard let place = take(raw.count) else { return }
    for offset in 0..<raw.count { bytes[place + offset] = raw[offset] }
  }

  /// Writes over a number that was appended at this mark.
  package mutating func replace(_ value: UInt64, at mark: Int) {
    guard mark >= 0, mark + 8 <= count else { return }
    set(UInt32(truncatingIfNeeded: value), at: mark)
    set(UInt32(truncatingIfNeeded: value >> 32), at: mark + 4)
  }

  // MARK: Lists of unknown length

  /// Begins a list: its number is written when it is known.
  ///
  /// - Returns: what `end(list:count:)` wants.
  package mutating func beginList() -> Int {
    append(0 as UInt16)
    return count - 2
  }

  /// Where the message is now: `rewind(to:)` takes back what was appended since, as an entry that does not fit.
  package var mark: Int { count }

  /// Forgets everything behind a mark, and that it did not fit.
  package mutating func rewind(to mark: Int) {
    guard mark >= 0, mark <= count else { return }
    count = mark
    fits = true
  }

  package mutating func end(list: Int, count entries: UInt16) {
    guard fits, list >= 0, list + 2 <= count else { return }
    bytes[list] = UInt8(truncatingIfNeeded: entries)
    bytes[list + 1] = UInt8(truncatingIfNeeded: entries >> 8)
  }
}
