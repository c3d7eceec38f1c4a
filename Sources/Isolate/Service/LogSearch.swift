/// The files of a log, to be read.
final class LogDirectory {
  private let place: PrivateDirectory

  init(_ place: consuming PrivateDirectory) { self.place = place }

  /// Of its files, the oldest first.
  var numbers: [UInt64] { place.names().compactMap(LogRotation.number).sorted() }

  /// Nil: it is gone.
  func open(_ number: UInt64) throws(SystemError) -> Descriptor? {
    try LogCalls.openForReading(LogRotation.name(number), in: place)
  }
}

/// The way back from the end of a log to where its last lines begin, a block at a time: whoever has something else to do can turn
/// to that between two steps.
package struct LogSearch {
  private static let blockBytes: UInt64 = 65_536

  private let directory: LogDirectory
  /// Files that were not looked at, the newest last.
  private var left: [UInt64]
  private let first: UInt64
  private var missing: Int
  private let before: LogPosition?
  /// What is being looked at.
  private var file: File?

  private struct File {
    var number: UInt64
    /// What lies behind was looked at.
    var end: UInt64
    /// Nothing of it was seen that ends a line.
    var isLast = true
  }

  init(
    _ directory: LogDirectory, _ numbers: [UInt64], missing: Int, before: LogPosition?
  ) {
    self.directory = directory
    left = numbers
    first = numbers.first ?? 1
    self.missing = missing
    self.before = before
  }

  /// Looks at the next block.
  ///
  /// - Returns: where the lines begin; nil: further back.
  package mutating func step() throws(SystemError) -> LogPosition? {
    guard var file else {
      guard let number = left.popLast() else { return LogPosition(number: first, offset: 0) }
      guard let opened = try directory.open(number) else { return nil }
      var end = UInt64(max(0, try FileStatus.of(opened).size))
      if let before, before.number == number { end = min(end, before.offset) }
      file = File(number: number, end: end)
      return nil
    }
    let start = file.end - min(file.end, Self.blockBytes)
    if file.end > 0, let opened = try directory.open(file.number) {
      let block = ByteBuffer(capacity: Int(file.end - start))
      try block.fill(from: opened, at: start)
      if let found = look(block, start, &file) { return found }
    }
    file.end = start
    self.file = file
    if start > 0 { return nil }
    if !file.isLast { missing -= 1 }
    self.file = nil
    return missing <= 0 ? LogPosition(number: file.number, offset: 0) : nil
  }

  private mutating func look(
    _ block: ByteBuffer, _ start: UInt64, _ file: inout File
  ) -> LogPosition? {
    for index in (0..<block.count).reversed() where block[index] == LogByte.newline {
      /* The last byte ends the last line; every other newline begins one behind it. */
      let place = LogPosition(number: file.number, offset: start + UInt64(index) + 1)
      if file.isLast {
        file.isLast = false
        if missing == 0 { return place }
        continue
      }
      missing -= 1
      if missing == 0 { return place }
    }
    return nil
  }
}
