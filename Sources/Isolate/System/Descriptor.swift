internal import CSeccomp
internal import Glibc

/// An open descriptor with exactly one owner. Leaving scope closes it.
package struct Descriptor: ~Copyable, Sendable {
  package let raw: Int32

  /// Takes over `raw`; the caller must not close it.
  package init(adopting raw: Int32) {
    precondition(raw >= 0, "a descriptor is never negative")
    self.raw = raw
  }

  deinit { _ = close(raw) }

  /// Gives the number up without closing it.
  package consuming func release() -> Int32 {
    let raw = self.raw
    discard self
    return raw
  }

  /// A descriptor that this process was started with: from now on it is not passed on.
  package static func takeOver(_ raw: Int32) throws(SystemError) -> Descriptor {
    try call("fcntl", "descriptor \(raw)") { fcntl(raw, F_SETFD, FD_CLOEXEC) }
    let flags = try call("fcntl", "descriptor \(raw)") { fcntl(raw, F_GETFL) }
    try call("fcntl", "descriptor \(raw)") { fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
    return Descriptor(adopting: raw)
  }

  /// Opens a file for reading. The corresponding C function is `open`.
  package static func openForReading(_ path: String) throws(SystemError) -> Descriptor {
    let raw = try call("open", path) {
      unsafe RawText.withCString(path) { unsafe open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
    }
    return Descriptor(adopting: raw)
  }

  /// A name for what lies there, which gives no access to it (O_PATH).
  package static func openPlace(_ path: String) throws(SystemError) -> Descriptor {
    let raw = try call("open", path) {
      unsafe RawText.withCString(path) { unsafe kernel_open_path($0) }
    }
    return Descriptor(adopting: raw)
  }

  /// /dev/null, for reading and writing.
  package static func openNull() throws(SystemError) -> Descriptor {
    let raw = try call("open", "/dev/null") { unsafe open("/dev/null", O_RDWR | O_CLOEXEC) }
    return Descriptor(adopting: raw)
  }

  /// Everything up to the end, at most `limit` bytes.
  ///
  /// - Throws: `SystemError` of read(2), or EFBIG when there is more than `limit`.
  package borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
    var status = kernel_stat_result()
    let known = unsafe kernel_fstat(raw, &status) == 0 ? Int(max(0, status.size)) : 0
    var bytes = [UInt8](repeating: 0, count: max(1024, min(known + 1, limit + 1)))
    var filled = 0
    while true {
      let number = raw
      let count = try call("read") {
        unsafe bytes.withUnsafeMutableBytes { buffer in
          unsafe read(number, buffer.baseAddress.map { unsafe $0 + filled }, buffer.count - filled)
        }
      }
      filled += count
      if filled > limit { throw SystemError(call: "read", number: EFBIG) }
      if count == 0 {
        bytes.removeLast(bytes.count - filled)
        return bytes
      }
      if filled == bytes.count {
        bytes.append(contentsOf: repeatElement(0, count: min(filled, limit + 1 - filled)))
      }
    }
  }
}

/// Both ends of a pipe(7), close-on-exec.
package struct Pipe: ~Copyable {
  package var readEnd: Descriptor
  package var writeEnd: Descriptor

  package init() throws(SystemError) {
    var ends: (Int32, Int32) = (-1, -1)
    try call("pipe2") {
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe kernel_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress)
      }
    }
    readEnd = Descriptor(adopting: ends.0)
    writeEnd = Descriptor(adopting: ends.1)
  }

  /// Gives both ends away: (read, write).
  package consuming func split() -> PipeEnds {
    PipeEnds(readEnd: readEnd, writeEnd: writeEnd)
  }
}

/// The two ends of a pipe, to be taken one by one.
package struct PipeEnds: ~Copyable {
  package let readEnd: Descriptor
  package let writeEnd: Descriptor

  /// Closes the read end, keeps the write end.
  consuming func keepWriteEnd() -> Descriptor { writeEnd }
}

typealias kernel_stat_result = kernel_stat

/// What stat(2) says of a file, as far as a policy asks.
package struct FileStatus: Hashable, Sendable {
  package var device: UInt64
  package var inode: UInt64
  package var deviceNumber: UInt64
  package var mode: UInt32
  package var uid: UInt32
  package var gid: UInt32
  package var size: Int64

  package var isDirectory: Bool { mode & 0o170000 == 0o040000 }
  package var isLink: Bool { mode & 0o170000 == 0o120000 }
  package var isRegular: Bool { mode & 0o170000 == 0o100000 }
  package var isCharacterDevice: Bool { mode & 0o170000 == 0o020000 }
  package var isBlockDevice: Bool { mode & 0o170000 == 0o060000 }
  package var isSocket: Bool { mode & 0o170000 == 0o140000 }
  /// With a name or without.
  package var isPipe: Bool { mode & 0o170000 == 0o010000 }
  package var isExecutable: Bool { mode & 0o111 != 0 }

  /// The corresponding C functions are `stat` and `lstat`. Nil: there is no such file.
  package static func of(
    _ path: String, followingLinks: Bool = true
  ) throws(SystemError) -> FileStatus? {
    var status = kernel_stat_result()
    do {
      try call("stat", path) {
        unsafe RawText.withCString(path) {
          unsafe kernel_stat($0, followingLinks ? 1 : 0, &status)
        }
      }
    } catch {
      if error.number == ENOENT || error.number == ENOTDIR { return nil }
      throw error
    }
    return FileStatus(status)
  }

  /// The corresponding C function is `fstat`.
  package static func of(_ file: borrowing Descriptor) throws(SystemError) -> FileStatus {
    var status = kernel_stat_result()
    let raw = file.raw
    try call("fstat") { unsafe kernel_fstat(raw, &status) }
    return FileStatus(status)
  }
}

extension FileStatus {
  fileprivate init(_ status: kernel_stat_result) {
    self.init(
      device: status.device, inode: status.inode, deviceNumber: status.device_number,
      mode: status.mode, uid: status.uid, gid: status.gid, size: status.size)
  }
}

/// Reading the file system by name, for the rooms that may not.
package enum FileSystem {
  /// Where a symbolic link points, or nil if it is none.
  package static func linkTarget(_ path: String) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
      let count = unsafe RawText.withCString(path) {
        unsafe kernel_read_link($0, buffer.baseAddress, buffer.count)
      }
      return unsafe count <= 0
        ? nil : RawText.decode(UnsafeBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// What lies at a path, and its path without symbolic links: both of one file, looked up once. Nil: there is none.
  package static func resolve(
    _ path: String
  ) throws(SystemError) -> (status: FileStatus, path: String)? {
    let raw: Int32
    do throws(SystemError) {
      raw = try call("open", path) {
        unsafe RawText.withCString(path) { unsafe kernel_open_path($0) }
      }
    } catch {
      if error.number == ENOENT || error.number == ENOTDIR { return nil }
      throw error
    }
    let file = Descriptor(adopting: raw)
    let status = try FileStatus.of(file)
    guard let resolved = linkTarget("/proc/self/fd/\(raw)") else {
      throw SystemError(call: "readlink", number: ENOENT, subject: "/proc/self/fd")
    }
    return (status, resolved)
  }

  /// The corresponding C function is `chdir`.
  package static func changeDirectory(_ path: String) throws(SystemError) {
    try call("chdir", path) { unsafe RawText.withCString(path) { unsafe chdir($0) } }
  }

  /// The whole file. Nil: there is no such file.
  package static func contents(
    _ path: String, limit: Int = 1 << 20
  ) throws(SystemError) -> [UInt8]? {
    do throws(SystemError) {
      let file = try Descriptor.openForReading(path)
      return try file.readAll(limit: limit)
    } catch {
      if error.number == ENOENT || error.number == ENOTDIR { return nil }
      throw SystemError(call: error.call, number: error.number, subject: path)
    }
  }

  /// The names in a directory, without . and .., sorted; nil when it cannot be read.
  package static func names(in path: String) -> [String]? {
    guard let directory = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// A box, so that arrays, closures and classes can own a descriptor.
package final class HeldDescriptor {
  package let descriptor: Descriptor
  package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  package init?(_ descriptor: consuming Descriptor?) {
    guard let descriptor else { return nil }
    self.descriptor = descriptor
  }
}
