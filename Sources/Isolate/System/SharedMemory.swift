internal import CSeccomp
internal import Glibc

/// A memory file that two processes map: made by one, passed to the other as a descriptor. Each access is checked against its
/// size, and nothing that is read is believed: the other side may write at any moment.
@safe package final class SharedMemory {
  private let start: UnsafeMutableRawPointer
  /// In bytes; a multiple of 8.
  package let size: Int
  private let isWritable: Bool

  private init(start: UnsafeMutableRawPointer, size: Int, isWritable: Bool) {
    unsafe self.start = start
    self.size = size
    self.isWritable = isWritable
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

  /// Maps such a file.
  ///
  /// - Throws: `SystemError`; EINVAL when it is not of that size, or could shrink.
  package static func map(
    _ file: borrowing Descriptor, size: Int, isWritable: Bool
  ) throws(SystemError) -> SharedMemory {
    guard let start = unsafe kernel_map_shared(file.raw, size, isWritable ? 1 : 0) else {
      throw SystemError(call: "mmap", number: errno)
    }
    return unsafe SharedMemory(start: start, size: size, isWritable: isWritable)
  }

  /// A number in this machine's order. 0 outside of the file. `offset` need not be aligned.
  package func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ offset: Int, as type: Value.Type = Value.self
  ) -> Value {
    guard holds(offset, MemoryLayout<Value>.size) else { return 0 }
    return unsafe start.loadUnaligned(fromByteOffset: offset, as: Value.self)
  }

  /// Outside of the file, and where the mapping is read-only, nothing happens.
  package func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
    guard isWritable, holds(offset, MemoryLayout<Value>.size) else { return }
    unsafe start.storeBytes(of: value, toByteOffset: offset, as: Value.self)
  }

  private func holds(_ offset: Int, _ count: Int) -> Bool {
    offset >= 0 && count <= size && offset <= size - count
  }
}
