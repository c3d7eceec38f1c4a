internal import Glibc

extension SyscallFilter {
  /// The filter, from the cache when it is there and beyond doubt, else compiled and put there.
  ///
  /// A file is used only when it and its directory belong to the caller's effective user, nobody
  /// else can write either, and it holds exactly this policy's text. Anything else means compiling
  /// anew; a cache that cannot be written is no error.
  ///
  /// - Parameter directory: absolute; made, with its parents, when a filter is to be stored.
  ///   Nil: no cache.
  package static func cached(
    _ policy: SyscallPolicy, directory: String?
  ) throws(FilterError) -> [UInt8] {
    guard let directory else { return try compile(policy) }
    var text = policy.canonicalText
    appendCompiler(to: &text)
    let name = FilterCache.fileName(for: text)
    if let program = FilterCache.load(name, text: text, from: directory) { return program }
    let program = try compile(policy)
    FilterCache.store(
      FilterCacheEntry.encode(text: text, program: program), as: name, in: directory)
    return program
  }
}

/// The files of the filter cache.
package enum FilterCache {
  /// 32 hexadecimal digits, and `.bpf`.
  static func fileName(for text: [UInt8]) -> String {
    let hash = Fingerprint.wide(text)
    var name: [UInt8] = []
    SyscallPolicy.append(UInt64(truncatingIfNeeded: hash >> 64), to: &name)
    SyscallPolicy.append(UInt64(truncatingIfNeeded: hash), to: &name)
    name += ".bpf".utf8
    return String(decoding: name, as: UTF8.self)
  }

  /// Whether only `user` can have written a file or directory with this owner and mode.
  package static func isTrusted(owner: UInt32, mode: UInt32, user: UInt32) -> Bool {
    owner == user && mode & UInt32(S_IWGRP | S_IWOTH) == 0
  }

  static func load(_ name: String, text: [UInt8], from directory: String) -> [UInt8]? {
    guard let folder = openTrusted(directory) else { return nil }
    defer { _ = close(folder) }
    // Not blocking: a fifo under this name must not hold the launch up.
    let file = unsafe openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { _ = close(file) }
    guard let size = trustedSize(of: file, kind: S_IFREG),
      let bytes = read(file, size: size)
    else { return nil }
    return FilterCacheEntry.decode(bytes, text: text)
  }

  /// Writes the file under a second name and renames it. The second name is fixed and locked by its
  /// writer: a writer that was killed leaves it behind unlocked, and the next one takes it over.
  static func store(_ bytes: [UInt8], as name: String, in directory: String) {
    makeDirectories(directory)
    guard let folder = openTrusted(directory) else { return }
    defer { _ = close(folder) }
    let new = name + ".new"
    let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    let file = unsafe openat(folder, new, flags, mode_t(S_IRUSR | S_IWUSR))
    guard file >= 0 else { return }
    defer { _ = close(file) }
    guard trustedSize(of: file, kind: S_IFREG) != nil, flock(file, LOCK_EX | LOCK_NB) == 0,
      isStill(file, named: new, in: folder), ftruncate(file, 0) == 0
    else { return }
    if write(bytes, to: file) {
      if unsafe renameat(folder, new, folder, name) == 0 {
        prune(folder, named: directory, keeping: name)
        return
      }
    }
    _ = unsafe unlinkat(folder, new, 0)
  }

  private static func openTrusted(_ directory: String) -> CInt? {
    let folder = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard folder >= 0 else { return nil }
    if trustedSize(of: folder, kind: S_IFDIR) != nil { return folder }
    _ = close(folder)
    return nil
  }

  /// The size of what is open, when it is of this kind and only this user can have written it.
  static func trustedSize(of descriptor: CInt, kind: mode_t) -> Int? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == kind,
      isTrusted(owner: status.st_uid, mode: status.st_mode, user: geteuid())
    else { return nil }
    return Int(status.st_size)
  }

  /// Whether the name still leads to this file: its last writer may have renamed it since.
  static func isStill(_ file: CInt, named name: String, in folder: CInt) -> Bool {
    var opened = stat()
    var named = stat()
    return unsafe fstat(file, &opened) == 0
      && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  private static func read(_ file: CInt, size: Int) -> [UInt8]? {
    guard size > 0, size <= FilterCacheEntry.maximumSize else { return nil }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = max(0, unsafe Glibc.read(file, buffer.baseAddress, size))
    }
    return bytes.count == size ? bytes : nil
  }

  /// Whether all was written. A part, on a full disk, is as good as nothing.
  private static func write(_ bytes: [UInt8], to file: CInt) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe Glibc.write(file, buffer.baseAddress, buffer.count) == buffer.count
    }
  }

  /// Makes the directory and its parents, for this user only. What fails shows when it is opened.
  private static func makeDirectories(_ directory: String) {
    var path = ""
    for part in directory.split(separator: "/") {
      path += "/" + part
      _ = unsafe mkdir(path, mode_t(S_IRWXU))
    }
  }
}
