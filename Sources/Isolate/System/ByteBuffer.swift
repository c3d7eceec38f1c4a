internal import CSeccomp
internal import Glibc

/// Memory of a fixed size, filled from the front: for bytes that are moved about in bulk. Nothing here allocates but `init`.
@safe package final class ByteBuffer {
  private let start: UnsafeMutablePointer<UInt8>
  package let capacity: Int
  /// How many bytes lie in it.
  package private(set) var count = 0

  package init(capacity: Int) {
    self.capacity = max(1, capacity)
    unsafe start = UnsafeMutablePointer<UInt8>.allocate(capacity: self.capacity)
  }

  deinit { unsafe start.deallocate() }

  package var room: Int { capacity - count }

  package subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "beyond the bytes")
    return unsafe start[index]
  }

  /// A copy.
  package func bytes(_ range: Range<Int>) -> [UInt8] {
    check(range)
    return unsafe Array(UnsafeBufferPointer(start: start + range.lowerBound, count: range.count))
  }

  package func append(_ byte: UInt8) {
    precondition(room >= 1, "it is full")
    unsafe start[count] = byte
    count += 1
  }

  package func append(_ bytes: [UInt8]) {
    precondition(room >= bytes.count, "it is full")
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let source = bytes.baseAddress else { return }
      unsafe (start + count).update(from: source, count: bytes.count)
    }
    count += bytes.count
  }

  package func append(_ other: ByteBuffer, _ range: Range<Int>) {
    other.check(range)
    precondition(room >= range.count, "it is full")
    unsafe (start + count).update(from: other.start + range.lowerBound, count: range.count)
    count += range.count
  }

  package func removeAll() { count = 0 }

  /// Where the first newline at or after `from` is, below `end`.
  package func newline(from: Int, to end: Int) -> Int? {
    check(from..<end)
    let found = unsafe service_find_newline(start + from, end - from)
    return found < end - from ? from + found : nil
  }

  /// Whether there is a control character other than a tab (of ASCII).
  package func hasControl(_ range: Range<Int>) -> Bool {
    check(range)
    return unsafe service_has_control(start + range.lowerBound, range.count) != 0
  }

  package enum Filled: Hashable, Sendable {
    case some(Int)
    /// There is nothing now.
    case nothing
    /// There will be nothing any more.
    case end
  }

  /// Reads once, behind what is there, at most `limit` bytes.
  package func fill(from descriptor: Int32, limit: Int) throws(SystemError) -> Filled {
    precondition(room > 0, "it is full")
    let most = min(room, max(1, limit))
    do throws(SystemError) {
      let got = try call("read") { unsafe service_read(descriptor, start + count, most) }
      count += got
      return got == 0 ? .end : .some(got)
    } catch {
      if error.number == EAGAIN { return .nothing }
      throw error
    }
  }

  /// Reads what lies at a place of a file, until it is full or the file ends.
  package func fill(from file: borrowing Descriptor, at offset: UInt64) throws(SystemError) {
    let raw = file.raw
    var place = offset
    while room > 0 {
      let got = try call("pread") { unsafe service_read_at(raw, start + count, room, place) }
      if got == 0 { return }
      count += got
      place += UInt64(got)
    }
  }

  /// Writes all, or until there is an error: then `written` tells how much, and it is thrown.
  package func write(
    to file: borrowing Descriptor, written: inout Int
  ) throws(SystemError) {
    let raw = file.raw
    written = 0
    while written < count {
      written += try call("write") {
        unsafe service_write(raw, start + written, count - written)
      }
    }
  }

  private func check(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "beyond the bytes")
  }
}
