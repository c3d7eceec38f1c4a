internal import CSeccomp

/// What lies at a place, and how it is reached.
package struct Place: Hashable, Sendable {
  package var device: UInt64
  package var inode: UInt64
  /// st_rdev of a device node.
  package var deviceNumber: UInt64
  package var mode: UInt32
  package var uid: UInt32
  package var gid: UInt32
  package var size: UInt64
  package var modifiedSeconds: Int64
  package var modifiedNanoseconds: UInt32
  /// Of the mount, when the place was asked for by descriptor; else empty.
  package var mount: MountFlags = []

  package var isDirectory: Bool { mode & 0o170000 == 0o040000 }
  package var isRegular: Bool { mode & 0o170000 == 0o100000 }
  package var isDevice: Bool { [0o020000, 0o060000].contains(mode & 0o170000) }

  fileprivate init(_ raw: driver_place) {
    device = raw.device
    inode = raw.inode
    deviceNumber = raw.device_number
    mode = raw.mode
    uid = raw.uid
    gid = raw.gid
    size = raw.size
    modifiedSeconds = raw.modified
    modifiedNanoseconds = raw.modified_ns
    mount = MountFlags(rawValue: UInt32(truncatingIfNeeded: raw.mount_flags))
    if raw.file_system == UInt64(DRIVER_PROC_FILE_SYSTEM) { mount.insert(.processes) }
  }

  /// The corresponding C functions are `fstat` and `fstatfs`.
  package static func of(_ descriptor: borrowing Descriptor) throws(SystemError) -> Place {
    let raw = descriptor.raw
    var place = driver_place()
    try call("fstat") { unsafe driver_place(raw, &place) }
    return Place(place)
  }
}

/// How a mount limits what is reached by it, whoever opens it.
package struct MountFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let readOnly = MountFlags(rawValue: 1)
  package static let noSetID = MountFlags(rawValue: 2)
  package static let noDevices = MountFlags(rawValue: 4)
  package static let noExec = MountFlags(rawValue: 8)
  /// The file system is proc(5).
  package static let processes = MountFlags(rawValue: 16)
}

/// A file that was opened, and which it is.
package struct OpenedFile: ~Copyable {
  package let descriptor: Descriptor
  package let device: UInt64
  package let inode: UInt64

  fileprivate init(_ raw: Int32, _ identity: driver_identity) {
    descriptor = Descriptor(adopting: raw)
    device = identity.device
    inode = identity.inode
  }

  package consuming func take() -> Descriptor { descriptor }
}

/// How a file is to be opened: the wire's own numbers.
package struct FileOpening: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = FileOpening(rawValue: 1)
  package static let write = FileOpening(rawValue: 2)
  package static let create = FileOpening(rawValue: 4)
  package static let exclusive = FileOpening(rawValue: 8)
  package static let truncate = FileOpening(rawValue: 16)
  package static let append = FileOpening(rawValue: 32)
  /// Write, create, truncate, append: whatever changes something.
  package static let changing = FileOpening(rawValue: 2 | 4 | 16 | 32)
  /// A directory: nobody gets one.
  package static let directory = FileOpening(rawValue: 64)
}

/// Files beneath a directory that is held open: one call each, by openat2(2). A path is bytes of any encoding without an
/// end mark; no path leads out of the directory, over a mount, or through a link of /proc. Nothing allocates.
package enum RootedCalls {
  /// A regular file. `mode`: permission bits of one that is made.
  package static func open(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, _ opening: FileOpening, mode: UInt32,
    links: Bool
  ) throws(SystemError) -> OpenedFile {
    let root = root.raw
    var identity = driver_identity()
    let raw = try unsafe path.withUnsafeBytes { path throws(SystemError) in
      try call("openat2") {
        unsafe driver_open(
          root, path.baseAddress, path.count, opening.rawValue, mode, links ? 1 : 0, &identity)
      }
    }
    return OpenedFile(raw, identity)
  }

  /// The regular file that an O_PATH descriptor names, opened anew. Needs /proc.
  package static func open(
    file: borrowing Descriptor, _ opening: FileOpening
  ) throws(SystemError) -> OpenedFile {
    let file = file.raw
    var identity = driver_identity()
    let raw = try call("open") { unsafe driver_open_file(file, opening.rawValue, &identity) }
    return OpenedFile(raw, identity)
  }

  /// The device node that an O_PATH descriptor names, opened anew, if its number is this one. Needs /proc.
  package static func open(
    device: borrowing Descriptor, _ opening: FileOpening, number: UInt64
  ) throws(SystemError) -> Descriptor {
    let device = device.raw
    let raw = try call("open") { driver_open_device(device, opening.rawValue, number) }
    return Descriptor(adopting: raw)
  }

  /// A link itself, unless `links`.
  package static func status(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, links: Bool
  ) throws(SystemError) -> Place {
    let root = root.raw
    var place = driver_place()
    _ = try unsafe path.withUnsafeBytes { path throws(SystemError) in
      try call("openat2") {
        unsafe driver_stat(root, path.baseAddress, path.count, links ? 1 : 0, &place)
      }
    }
    return Place(place)
  }

  /// An O_PATH descriptor: a name for other calls, which gives no access by itself. Not to be handed out.
  package static func locate(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, links: Bool
  ) throws(SystemError) -> Descriptor {
    let root = root.raw
    let raw = try unsafe path.withUnsafeBytes { path throws(SystemError) in
      try call("openat2") {
        unsafe driver_locate(root, path.baseAddress, path.count, links ? 1 : 0)
      }
    }
    return Descriptor(adopting: raw)
  }

  package static func makeDirectory(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, mode: UInt32, links: Bool
  ) throws(SystemError) {
    let root = root.raw
    _ = try unsafe path.withUnsafeBytes { path throws(SystemError) in
      try call("mkdirat") {
        unsafe driver_make_directory(root, path.baseAddress, path.count, mode, links ? 1 : 0)
      }
    }
  }

  package static func remove(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, directory: Bool, links: Bool
  ) throws(SystemError) {
    let root = root.raw
    _ = try unsafe path.withUnsafeBytes { path throws(SystemError) in
      try call("unlinkat") {
        unsafe driver_remove(
          root, path.baseAddress, path.count, directory ? 1 : 0, links ? 1 : 0)
      }
    }
  }

  package static func rename(
    _ root: borrowing Descriptor, from: Span<UInt8>, to: Span<UInt8>, replacing: Bool, links: Bool
  ) throws(SystemError) {
    let root = root.raw
    _ = try unsafe from.withUnsafeBytes { from throws(SystemError) in
      try unsafe to.withUnsafeBytes { to throws(SystemError) in
        try call("renameat2") {
          unsafe driver_rename(
            root, from.baseAddress, from.count, to.baseAddress, to.count, replacing ? 0 : 1,
            links ? 1 : 0)
        }
      }
    }
  }
}
