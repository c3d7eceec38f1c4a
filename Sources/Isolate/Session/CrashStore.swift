/// A directory of crash reports: bounded in number and size, for one user alone.
package struct CrashStore: ~Copyable {
  private let directory: PrivateDirectory

  /// - Parameter directory: an absolute path; made for this user alone if it is missing.
  /// - Throws: EPERM when it is another's, or others may write it.
  package init(directory: String) throws(SystemError) {
    if try FileStatus.of(directory) == nil {
      self.directory = try PrivateDirectory.made(directory)
    } else {
      self.directory = try PrivateDirectory(
        existing: directory, isPrivate: false, ownedBy: LocalSocket.user)
    }
  }

  /// Only to read: nil when there is no such directory.
  package init?(existing path: String) throws(SystemError) {
    guard try FileStatus.of(path) != nil else { return nil }
    directory = try PrivateDirectory(existing: path, isPrivate: false, ownedBy: LocalSocket.user)
  }

  /// Writes a report, and removes what then is too much.
  ///
  /// - Returns: its number, and the path of its file.
  package borrowing func add(
    _ report: CrashReport
  ) throws(SystemError) -> (id: UInt64, path: String) {
    try directory.locked { (directory) throws(SystemError) in
      /* Of one that was killed while it wrote: nobody else is at it now. */
      for name in directory.names() where name.hasPrefix(".new-") { directory.remove(name) }
      let shelf = Self.shelf(directory)
      let id = shelf.nextID
      let bytes = report.json(id: id)
      let entry = CrashShelf.Entry(
        id: id, group: report.group, app: ControlPlace.fileName(report.app), bytes: bytes.count)
      try directory.replace(entry.fileName, with: bytes)
      for gone in CrashShelf(shelf.entries + [entry]).surplus() { directory.remove(gone.fileName) }
      return (id, directory.path + "/" + entry.fileName)
    }
  }

  /// Oldest first.
  package borrowing func list() -> [CrashShelf.Entry] { Self.shelf(directory).entries }

  /// A report's document; nil: there is none of this number, or it cannot be read.
  package borrowing func read(_ id: UInt64) throws(SystemError) -> JSONValue? {
    try bytes(id).flatMap { Self.document($0) }
  }

  /// The same, unread.
  package borrowing func bytes(_ id: UInt64) throws(SystemError) -> [UInt8]? {
    guard let entry = list().last(where: { $0.id == id }) else { return nil }
    return try directory.contents(entry.fileName, limit: CrashReport.sizeLimit)
  }

  /// Nil: it is none.
  package static func document(_ bytes: [UInt8]) -> JSONValue? {
    do throws(JSONError) {
      return try JSONReader.read(bytes, limit: CrashReport.sizeLimit)
    } catch {
      return nil
    }
  }

  private static func shelf(_ directory: borrowing PrivateDirectory) -> CrashShelf {
    var entries: [CrashShelf.Entry] = []
    for name in directory.names() {
      if let entry = CrashShelf.Entry(fileName: name, bytes: size(directory.path + "/" + name)) {
        entries.append(entry)
      }
    }
    return CrashShelf(entries)
  }

  private static func size(_ path: String) -> Int {
    do throws(SystemError) {
      return Int(clamping: try FileStatus.of(path, followingLinks: false)?.size ?? 0)
    } catch {
      return 0
    }
  }
}

extension ControlPlace {
  /// Where crash reports are kept unless somebody says otherwise.
  var crashes: String? { state.map { $0 + "/crashes" } }
}
