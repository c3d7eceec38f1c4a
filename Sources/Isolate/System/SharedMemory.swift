internal import CSeccomp
internal import Glibc

/// A memory file that two processes map: made by one, passed to the other as a descriptor. Nothing that is read from it is
/// believed: the other side may write at any moment.
@safe package final class SharedMemory {
  private let start: UnsafeMutableRawPointer
  /// In bytes; a multiple of 8.
  package let size: Int

  private init(start: UnsafeMutableRawPointer, size: Int) {
    unsafe self.start = start
    self.size = size
  }

  deinit { unsafe kernel_unmap(start, size) }

  /// A new one, all zero, whose size nobody can change.
  package static func makeFile(_ name: String, size: Int) throws(SystemError) -> Descriptor {
    let raw = try call("memfd_create") {
      unsafe RawText.withCString(name) { unsafe kernel_shared_file($0, size) }
    }
    return Descriptor(adopting: raw)
  }

  /// A file that holds these bytes and that nobody can change.
  package static func makeSealed(
    _ name: String, _ content: [UInt8]
  ) throws(SystemError) -> Descriptor {
    let raw = try call("memfd_create") {
      unsafe RawText.withCString(name) { name in
        unsafe content.withUnsafeBytes { unsafe kernel_sealed_file(name, $0.baseAddress, $0.count) }
      }
    }
    return Descriptor(adopting: raw)
  }

  /// What a sealed file holds that another process made.
  ///
  /// - Throws: `SystemError`; EINVAL when it is not sealed, EFBIG when it holds more than `limit`.
  package static func content(
    _ file: borrowing Descriptor, limit: Int
  ) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    let raw = file.raw
    let count = try call("pread") {
      unsafe bytes.withUnsafeMutableBytes {
        unsafe kernel_sealed_read(raw, $0.baseAddress, $0.count)
      }
    }
    if count > limit { throw SystemError(call: "pread", number: EFBIG) }
    return Array(bytes[..<count])
  }

  /// Maps such a file.
  ///
  /// - Throws: `SystemError`; EINVAL when it is not of that size, or could shrink.
  package static func map(
    _ file: borrowing Descriptor, size: Int, isWritable: Bool
  ) throws(SystemError) -> SharedMemory {
    guard let start = unsafe kernel_map_shared(file.raw, size, isWritable ? 1 : 0) else {
      throw SystemError(call: "mmap", number: errno)
    }
    return unsafe SharedMemory(start: start, size: size)
  }

  /// Lends a part for writing; of what lies outside nothing.
  package func withMutableBytes<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (inout MutableSpan<UInt8>) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let range = range.clamped(to: 0..<size)
    var span = unsafe MutableSpan<UInt8>(
      _unsafeBytes: UnsafeMutableRawBufferPointer(
        start: start + range.lowerBound, count: range.count))
    return try body(&span)
  }

  /// Lends a part for reading; of what lies outside nothing.
  package func withBytes<Result>(
    _ range: Range<Int>, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    let range = range.clamped(to: 0..<size)
    let span = unsafe Span<UInt8>(
      _unsafeBytes: UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
    return body(span)
  }

  /// All of it. Only good as long as this object lives; a store into what was mapped for reading kills this process.
  @unsafe package var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: size)
  }
}
