internal import CSeccomp

/// The names in a directory beneath a root, a bounded piece at a time.
package enum DirectoryEntries {
  /// Of one piece, in bytes: some 30 to 150 names.
  private static let pieceBytes = 4096

  /// Lends the entries behind a position, without . and .., to `take` until it says no, the piece or the directory ends.
  ///
  /// A directory that changes meanwhile is listed as readdir(3) does: what was there all the time comes once.
  ///
  /// - Parameters:
  ///   - position: 0 at first, then what the last call gave. Any other number is the kernel's to judge: EINVAL, or
  ///     names from somewhere in the same directory.
  ///   - take: an entry's type (DT_*) and its name, which is bytes of any encoding; false: no room, offer it again.
  /// - Returns: the position to go on from; 0 at the end.
  package static func list(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, links: Bool, from position: UInt64,
    _ take: (UInt8, Span<UInt8>) -> Bool
  ) throws(SystemError) -> UInt64 {
    let root = root.raw
    let raw = try unsafe path.withUnsafeBytes { path throws(SystemError) in
      try call("openat2") {
        unsafe driver_open_directory(root, path.baseAddress, path.count, links ? 1 : 0)
      }
    }
    let directory = Descriptor(adopting: raw)
    return try entries(of: directory, from: position, take)
  }

  private static func entries(
    of directory: borrowing Descriptor, from position: UInt64, _ take: (UInt8, Span<UInt8>) -> Bool
  ) throws(SystemError) -> UInt64 {
    let raw = directory.raw
    return try unsafe withUnsafeTemporaryAllocation(byteCount: pieceBytes, alignment: 8) {
      buffer throws(SystemError) in
      let size = try call("getdents64") {
        unsafe driver_entries(raw, position, buffer.baseAddress, buffer.count)
      }
      if size == 0 { return 0 }
      var reached = position
      var offset = 0
      var entry = driver_entry()
      while unsafe driver_entry(buffer.baseAddress, size, offset, &entry) == 0 {
        let name = unsafe UnsafeRawBufferPointer(
          rebasing: buffer[entry.name..<entry.name + entry.name_size])
        let isDots = unsafe name.allSatisfy { $0 == UInt8(ascii: ".") } && name.count <= 2
        if !isDots, unsafe !take(entry.type, Span<UInt8>(_unsafeBytes: name)) { return reached }
        reached = entry.next
        offset = entry.end
      }
      return reached
    }
  }
}
