internal import CSeccomp
internal import Glibc

/// A directory that belongs to one user alone, held open.
package struct PrivateDirectory: ~Copyable, Sendable {
  package let descriptor: Descriptor
  /// For people; what is done goes through the descriptor.
  package let path: String

  /// An existing directory that belongs to the caller and that nobody else can write.
  ///
  /// - Parameter isPrivate: nobody else may enter it either.
  /// - Throws: EPERM when it is another's.
  package init(existing path: String, isPrivate: Bool, ownedBy owner: UInt32) throws(SystemError) {
    var found: UInt32 = 0
    var mode: UInt32 = 0
    let raw = try call("open", path) {
      unsafe RawText.withCString(path) { unsafe kernel_open_directory($0, &found, &mode) }
    }
    let opened = Descriptor(adopting: raw)
    if found != owner || mode & (isPrivate ? 0o077 : 0o022) != 0 {
      throw SystemError(call: "open", number: EPERM, subject: path)
    }
    descriptor = opened
    self.path = path
  }

  /// An existing directory, whoever it belongs to: where a person says that a socket is.
  package init(anyExisting path: String) throws(SystemError) {
    var owner: UInt32 = 0
    var mode: UInt32 = 0
    let raw = try call("open", path) {
      unsafe RawText.withCString(path) { unsafe kernel_open_directory($0, &owner, &mode) }
    }
    self.init(Descriptor(adopting: raw), path: path)
  }

  private init(_ descriptor: consuming Descriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// A directory in it for this user alone, made if it is missing.
  package borrowing func directory(_ name: String) throws(SystemError) -> PrivateDirectory {
    let raw = descriptor.raw
    let path = path + "/" + name
    let inner = try call("mkdir", path) {
      unsafe RawText.withCString(name) { unsafe kernel_private_directory(raw, $0) }
    }
    return PrivateDirectory(Descriptor(adopting: inner), path: path)
  }

  /// The directory at an absolute path for this user alone; it and what is missing above it are made.
  package static func made(_ path: String) throws(SystemError) -> PrivateDirectory {
    let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
    let above = String(path[..<parent])
    makeDirectories(above)
    let held = try call("open", above) {
      unsafe RawText.withCString(above.isEmpty ? "/" : above) {
        unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      }
    }
    let outer = PrivateDirectory(Descriptor(adopting: held), path: above)
    return try outer.directory(String(path[path.utf8.index(after: parent)...]))
  }

  /// What fails shows when the last one is opened.
  private static func makeDirectories(_ path: String) {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/" + part
      _ = unsafe RawText.withCString(made) { unsafe mkdir($0, mode_t(S_IRWXU)) }
    }
  }

  package borrowing func remove(_ name: String) {
    let raw = descriptor.raw
    _ = unsafe RawText.withCString(name) { unsafe unlinkat(raw, $0, 0) }
  }

  /// The names in it, sorted.
  package borrowing func names() -> [String] {
    FileSystem.names(in: "/proc/self/fd/\(descriptor.raw)") ?? []
  }

  /// A regular file of this user's, which nobody else can write; nil when there is none.
  ///
  /// - Throws: EPERM when others could have written it, EFBIG when it is longer than `limit` bytes.
  package borrowing func contents(
    _ name: String, limit: Int
  ) throws(SystemError) -> [UInt8]? {
    let directory = descriptor.raw
    do throws(SystemError) {
      /* Not blocking: a fifo under this name must not hold us up. */
      let raw = try call("open", path + "/" + name) {
        unsafe RawText.withCString(name) {
          unsafe openat(directory, $0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        }
      }
      let file = Descriptor(adopting: raw)
      var status = stat()
      try call("fstat") { unsafe fstat(raw, &status) }
      guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
        status.st_mode & (S_IWGRP | S_IWOTH) == 0
      else { throw SystemError(call: "open", number: EPERM, subject: path + "/" + name) }
      return try file.readAll(limit: limit)
    } catch {
      if error.number == ENOENT { return nil }
      throw error
    }
  }

  /// Replaces a file as a whole: readers see the old one or the new one. Mode 0600.
  package borrowing func replace(_ name: String, with bytes: [UInt8]) throws(SystemError) {
    let directory = descriptor.raw
    let new = ".new-\(getpid())-" + name
    _ = unsafe RawText.withCString(new) { unsafe unlinkat(directory, $0, 0) }
    let raw = try call("open", path + "/" + new) {
      unsafe RawText.withCString(new) {
        unsafe openat(directory, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      }
    }
    let file = Descriptor(adopting: raw)
    if !Output.write(bytes, to: file.raw) {
      remove(new)
      throw SystemError(call: "write", number: ENOSPC, subject: path + "/" + name)
    }
    do throws(SystemError) {
      try call("fsync") { fsync(raw) }
      try call("rename", path + "/" + name) {
        unsafe RawText.withCString(new) { from in
          unsafe RawText.withCString(name) { to in
            unsafe renameat(directory, from, directory, to)
          }
        }
      }
    } catch {
      remove(new)
      throw error
    }
  }
}

/// Who is at the other end of a socket.
package struct SocketPeer: ~Copyable {
  /// 0: not to be seen from here.
  package let pid: Int32
  package let uid: UInt32
  /// Of the very process that connected; -1 when there is none.
  private let pidfd: Int32
  /// False where the kernel cannot say whether the process is still the one that connected (before Linux 6.5).
  private let isPinned: Bool

  init(_ peer: control_peer) {
    pid = peer.pid
    uid = peer.uid
    pidfd = peer.pidfd
    isPinned = peer.has_pidfd != 0
  }

  deinit { if pidfd >= 0 { _ = close(pidfd) } }

  /// Whether it lives in our pid namespace: in none that we, or others like us, have made for an app.
  ///
  /// Asked of our own descriptor for it, whose fdinfo has its number in each pid namespace (NSpid, pidfd_open(2)): of another
  /// user's process /proc may show nothing.
  package borrowing func isOfOurNamespace() -> Bool {
    guard pid > 0, let own = Self.ownDepth ?? Self.readOwnDepth() else { return false }
    let opened = isPinned ? -1 : kernel_pidfd(pid)
    defer { if opened >= 0 { _ = close(opened) } }
    let process = isPinned ? pidfd : opened
    guard process >= 0, let text = TextFile.read("/proc/self/fdinfo/\(process)", limit: 4096),
      Self.depth(text) == own
    else { return false }
    /* Ended since, it may have left its number to another. */
    return kernel_is_alive(process) == 1
  }

  /// It never changes, so it is read once; but nothing is decided for ever by a read that failed.
  private static let ownDepth = readOwnDepth()

  private static func readOwnDepth() -> Int? {
    TextFile.read("/proc/self/status", limit: 4096).flatMap { depth($0) }
  }

  /// In how many pid namespaces a process has a number, as far as this /proc shows (NSpid, proc(5)). Nil: it has ended, or is
  /// not to be seen from here.
  private static func depth(_ text: String) -> Int? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("NSpid:") }) else {
      return nil
    }
    let numbers = line.dropFirst(6).split(whereSeparator: { $0 == "\t" || $0 == " " })
    return numbers.allSatisfy { Int($0).map { $0 > 0 } ?? false } ? numbers.count : nil
  }
}

/// Stream sockets with a name in a private directory.
package enum LocalSocket {
  package static func listen(
    _ name: String, in directory: borrowing PrivateDirectory
  ) throws(SystemError) -> Descriptor {
    let folder = directory.descriptor.raw
    let raw = try call("bind", directory.path + "/" + name) {
      unsafe RawText.withCString(name) { unsafe kernel_control_listen(folder, $0) }
    }
    return Descriptor(adopting: raw)
  }

  /// Lets a group connect, by the rights of a socket's file that this process made. It is given to the group first.
  ///
  /// - Throws: EPERM when the file would let in more than that, or the group cannot be given.
  package static func share(
    _ name: String, in directory: borrowing PrivateDirectory, group: UInt32, mode: UInt32
  ) throws(SystemError) {
    let folder = directory.descriptor.raw
    try call("chown", directory.path + "/" + name) {
      unsafe RawText.withCString(name) { unsafe kernel_control_share(folder, $0, group, mode) }
    }
  }

  /// The next peer; nil when there is none now.
  package static func accept(from listener: borrowing Descriptor) throws(SystemError) -> Descriptor?
  {
    let raw = listener.raw
    do throws(SystemError) {
      return Descriptor(adopting: try call("accept") { kernel_control_accept(raw) })
    } catch {
      /* ECONNABORTED: it left before we came. */
      if error.number == EAGAIN || error.number == ECONNABORTED { return nil }
      throw error
    }
  }

  /// Connects; then every read and write waits at most that long.
  package static func connect(
    _ name: String, in directory: borrowing PrivateDirectory, timeoutMilliseconds: Int32
  ) throws(SystemError) -> Descriptor {
    let folder = directory.descriptor.raw
    let raw = try call("connect", directory.path + "/" + name) {
      unsafe RawText.withCString(name) {
        unsafe kernel_control_connect(folder, $0, timeoutMilliseconds)
      }
    }
    return Descriptor(adopting: raw)
  }

  package static func peer(of socket: borrowing Descriptor) throws(SystemError) -> SocketPeer {
    let raw = socket.raw
    var peer = control_peer()
    try call("getsockopt") { unsafe kernel_control_peer(raw, &peer) }
    return SocketPeer(peer)
  }

  /// Gives what can be given now; nil when the other end is gone.
  package static func give(_ bytes: ArraySlice<UInt8>, to socket: borrowing Descriptor) -> Int? {
    let raw = socket.raw
    let count = unsafe bytes.withUnsafeBytes {
      unsafe kernel_control_send(raw, $0.baseAddress, $0.count)
    }
    if count >= 0 { return count }
    return errno == EAGAIN || errno == EINTR ? 0 : nil
  }

  /// The user that this process acts as.
  package static var user: UInt32 { geteuid() }
  package static var process: Int32 { getpid() }
  /// Nobody listens behind a name that is there.
  package static let refused = ECONNREFUSED
  package static let taken = EADDRINUSE
}
