internal import Glibc

/// Keeping the filter cache small: only who has just stored a filter looks, so that a hit costs nothing.
extension FilterCache {
  /// The most files that are kept; at 64 KiB each at most, 4 MiB. A machine with more policies in daily use compiles some anew.
  package static let maximumFiles = 64
  /// Names that one look reads at most; a directory that somebody filled otherwise is not worth a launch's time.
  private static let namesAtMost = 4096

  /// Removes the filters used longest ago, as far as there are too many, and what killed writers left.
  ///
  /// A use is what the kernel notes as access: with `relatime`, once a day (mount(8)); with `noatime` the day of
  /// writing counts. Several writers at once remove the same files: the last to look sees all. A reader that has
  /// opened a file reads it to its end; one that comes later compiles.
  ///
  /// - Parameter folder: the directory, opened and trusted; `named` is its path, for the names only.
  static func prune(_ folder: CInt, named directory: String, keeping written: String) {
    guard let names = FileSystem.names(in: directory)?.prefix(namesAtMost),
      names.count > maximumFiles
    else { return }
    var entries: [(name: String, used: Int)] = []
    for name in names where name != written {
      if isEntry(name.utf8[...]) {
        if let used = lastUse(of: name, in: folder) { entries.append((name, used)) }
      } else if name.hasSuffix(".new"), isEntry(name.utf8.dropLast(4)) {
        removeAbandoned(name, in: folder)
      }
    }
    entries.sort { $0.used < $1.used }
    for entry in entries.prefix(max(0, entries.count - (maximumFiles - 1))) {
      _ = unsafe unlinkat(folder, entry.name, 0)
    }
  }

  /// 32 hexadecimal digits and `.bpf`: what is named otherwise is not ours to remove.
  private static func isEntry(_ name: Substring.UTF8View) -> Bool {
    name.count == 36 && name.suffix(4).elementsEqual(".bpf".utf8)
      && name.prefix(32).allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  /// Nanoseconds since 1970 of the last access or change; nil when it is no file.
  private static func lastUse(of name: String, in folder: CInt) -> Int? {
    var status = stat()
    guard unsafe fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
      status.st_mode & S_IFMT != S_IFDIR
    else { return nil }
    func nanoseconds(_ time: timespec) -> Int { time.tv_sec * 1_000_000_000 + time.tv_nsec }
    return max(nanoseconds(status.st_atim), nanoseconds(status.st_mtim))
  }

  /// A writer at work holds the lock; a new one that has not locked yet finds its name gone and stores nothing.
  private static func removeAbandoned(_ name: String, in folder: CInt) {
    let file = unsafe openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return }
    defer { _ = close(file) }
    guard trustedSize(of: file, kind: S_IFREG) != nil, flock(file, LOCK_EX | LOCK_NB) == 0,
      isStill(file, named: name, in: folder)
    else { return }
    _ = unsafe unlinkat(folder, name, 0)
  }
}
