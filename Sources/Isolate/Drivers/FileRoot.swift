/// The directory, or the one file, of a grant: what the files driver works beneath. It performs what was decided; which
/// request is allowed is the broker's affair.
///
/// A descriptor that the app gets carries the mount it was opened by: `/proc/self/fd/N` leads back to that mount, with the
/// app's own credentials. So there are two ways to the same directory. What is only read is opened by a *read-only* mount:
/// there no open for writing, no fchmod, no utime, no lease of attributes succeeds (EROFS), whoever asks and whatever the
/// file's mode. Only what is opened for writing goes by the other.
package struct FileRoot: ~Copyable {
  private let reading: Descriptor
  private let writing: Descriptor?
  package let isDirectory: Bool
  package let device: UInt64
  package let inode: UInt64
  /// Symbolic links are followed if they stay beneath the directory.
  package let followsLinks: Bool

  /// Takes over the ways to the place.
  ///
  /// - Parameters:
  ///   - reading: O_PATH, by a mount that is read-only, without devices and set-id programs.
  ///   - writing: the same file by a mount without devices, set-id and other programs; nil when nothing is to be changed.
  ///   - device, inode: what the policy was made for.
  /// - Throws: ESTALE when another file lies there now; EPERM when a mount allows more than it may;
  ///   ENOTSUP for a directory of proc(5), which holds the broker's own memory; ENOTDIR for what is neither a directory
  ///   nor a regular file.
  package init(
    reading: consuming Descriptor, writing: consuming Descriptor?, device: UInt64, inode: UInt64,
    followsLinks: Bool
  ) throws(SystemError) {
    let place = try Place.of(reading)
    try FileRoot.check(place, device, inode, has: [.readOnly, .noSetID, .noDevices])
    if let writing {
      try FileRoot.check(
        try Place.of(writing), device, inode, has: [.noSetID, .noDevices, .noExec])
      self.writing = consume writing
    } else {
      self.writing = nil
    }
    self.reading = reading
    isDirectory = place.isDirectory
    self.device = device
    self.inode = inode
    self.followsLinks = followsLinks
  }

  private static func check(
    _ place: Place, _ device: UInt64, _ inode: UInt64, has needed: MountFlags
  ) throws(SystemError) {
    guard place.device == device, place.inode == inode else {
      throw SystemError(call: "fstat", number: Errno.stale)
    }
    guard place.isDirectory || place.isRegular else {
      throw SystemError(call: "fstat", number: Errno.notDirectory)
    }
    guard !(place.isDirectory && place.mount.contains(.processes)) else {
      throw SystemError(call: "fstatfs", number: Errno.notSupported)
    }
    guard place.mount.isSuperset(of: needed) else {
      throw SystemError(call: "fstatfs", number: Errno.notPermitted)
    }
  }

  /// Opens a regular file with exactly the rights that are asked for.
  ///
  /// - Parameters:
  ///   - path: relative, without an end mark; empty for the file of a root that is one.
  ///   - mode: permission bits of a file that is made; set-id and sticky bits are dropped, our umask applies.
  /// - Throws: EISDIR for a directory: with one, `..` and openat(2) would reach what no decision was made about.
  ///   EOPNOTSUPP for FIFOs, sockets and devices; EXDEV for a way out; ELOOP for a link that is not followed; EROFS for
  ///   writing where nothing may be changed; EINVAL for flags that contradict each other.
  package borrowing func open(
    _ path: Span<UInt8>, _ opening: FileOpening, mode: UInt32
  ) throws(SystemError) -> OpenedFile {
    if opening.contains(.directory) { throw SystemError(call: "open", number: Errno.isDirectory) }
    if opening.isDisjoint(with: .changing) {
      return try FileRoot.open(reading, isDirectory, followsLinks, path, opening, 0)
    }
    switch writing {
    case .some(let way):
      return try FileRoot.open(way, isDirectory, followsLinks, path, opening, mode)
    case .none: throw SystemError(call: "open", number: Errno.readOnly)
    }
  }

  private static func open(
    _ way: borrowing Descriptor, _ isDirectory: Bool, _ links: Bool, _ path: Span<UInt8>,
    _ opening: FileOpening, _ mode: UInt32
  ) throws(SystemError) -> OpenedFile {
    if isDirectory { return try RootedCalls.open(way, path, opening, mode: mode, links: links) }
    guard path.isEmpty else { throw SystemError(call: "open", number: Errno.notDirectory) }
    return try RootedCalls.open(file: way, opening)
  }

  /// What lies at the path: a link itself, unless links are followed. Nothing is opened.
  package borrowing func status(_ path: Span<UInt8>) throws(SystemError) -> Place {
    if isDirectory { return try RootedCalls.status(reading, path, links: followsLinks) }
    guard path.isEmpty else { throw SystemError(call: "stat", number: Errno.notDirectory) }
    return try Place.of(reading)
  }

  /// See `DirectoryEntries.list`: `take` gets each entry's type (DT_*) and name, and says whether it had room.
  ///
  /// - Returns: the cursor to go on from; 0 at the end.
  package borrowing func list(
    _ path: Span<UInt8>, from cursor: UInt64, _ take: (UInt8, Span<UInt8>) -> Bool
  ) throws(SystemError) -> UInt64 {
    guard isDirectory else { throw SystemError(call: "open", number: Errno.notDirectory) }
    return try DirectoryEntries.list(
      reading, path, links: followsLinks, from: cursor, take)
  }

  /// Removes a file, a link itself, or an empty directory. EINVAL if the last component is empty, `.` or `..`.
  package borrowing func remove(_ path: Span<UInt8>, directory: Bool) throws(SystemError) {
    switch writing {
    case .some(let way) where isDirectory:
      try RootedCalls.remove(way, path, directory: directory, links: followsLinks)
    default: throw unchangeable("unlink")
    }
  }

  /// Renames within the directory; a link itself. EINVAL as for `remove`; EEXIST unless replacing.
  package borrowing func rename(
    from: Span<UInt8>, to: Span<UInt8>, replacing: Bool
  ) throws(SystemError) {
    switch writing {
    case .some(let way) where isDirectory:
      try RootedCalls.rename(way, from: from, to: to, replacing: replacing, links: followsLinks)
    default: throw unchangeable("rename")
    }
  }

  /// Makes a directory; of the mode only the permission bits count.
  package borrowing func makeDirectory(_ path: Span<UInt8>, mode: UInt32) throws(SystemError) {
    switch writing {
    case .some(let way) where isDirectory:
      try RootedCalls.makeDirectory(way, path, mode: mode, links: followsLinks)
    default: throw unchangeable("mkdir")
    }
  }

  /// An O_PATH descriptor of what lies beneath, for other drivers (a Unix socket); never for the app.
  package borrowing func locate(_ path: Span<UInt8>) throws(SystemError) -> Descriptor {
    guard isDirectory else { throw SystemError(call: "open", number: Errno.notDirectory) }
    return try RootedCalls.locate(reading, path, links: followsLinks)
  }

  private borrowing func unchangeable(_ name: StaticString) -> SystemError {
    SystemError(call: name, number: isDirectory ? Errno.readOnly : Errno.notDirectory)
  }
}
