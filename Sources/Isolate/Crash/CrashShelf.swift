/// Which reports a directory holds, and which of them go when there are too many. A report's file is named `ID.GROUP.APP.json`.
package struct CrashShelf: Hashable, Sendable {
  package static let mostReports = 128
  package static let mostBytes = 32 << 20

  package struct Entry: Hashable, Sendable {
    /// Counted from 1 in a directory; a later report has a greater one.
    package var id: UInt64
    package var group: String
    /// As it is part of the name.
    package var app: String
    package var bytes: Int

    package init(id: UInt64, group: String, app: String, bytes: Int) {
      self.id = id
      self.group = group
      self.app = app
      self.bytes = bytes
    }

    package var fileName: String { "\(id).\(group).\(app).json" }

    /// Nil: not the name of a report.
    package init?(fileName: String, bytes: Int) {
      let parts = fileName.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 4, parts[3] == "json", let id = UInt64(parts[0]), id > 0,
        parts[1].utf8.count == 16, parts[1].utf8.allSatisfy(Self.isHex), !parts[2].isEmpty
      else { return nil }
      self.init(id: id, group: parts[1], app: parts[2], bytes: bytes)
      if self.fileName != fileName { return nil }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
  }

  /// Oldest first.
  package private(set) var entries: [Entry]

  package init(_ entries: [Entry]) { self.entries = entries.sorted { $0.id < $1.id } }

  package var nextID: UInt64 { (entries.last?.id ?? 0) &+ 1 }

  /// What has to go, so that the bounds hold: the oldest, but the first of each group only when nothing else is left. The newest
  /// stays.
  package func surplus(
    mostReports: Int = mostReports, mostBytes: Int = mostBytes
  ) -> [Entry] {
    var left = entries
    var gone: [Entry] = []
    var bytes = left.reduce(0) { $0 + $1.bytes }
    while left.count > 1, left.count > mostReports || bytes > mostBytes {
      var seen: Set<String> = []
      let repeated = left.dropLast().firstIndex { !seen.insert($0.group).inserted }
      let place = repeated ?? 0
      bytes -= left[place].bytes
      gone.append(left.remove(at: place))
    }
    return gone
  }
}
