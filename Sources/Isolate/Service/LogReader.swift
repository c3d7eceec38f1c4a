/// A place in a log, which stays true while files come and go.
package struct LogPosition: Hashable, Sendable {
  /// Of the file.
  package var number: UInt64
  /// In it, in bytes.
  package var offset: UInt64

  package init(number: UInt64, offset: UInt64) {
    self.number = number
    self.offset = offset
  }
}

/// Reads a log while it is written, or after the app's death.
package final class LogReader {
  private let directory: LogDirectory

  package init(_ directory: consuming PrivateDirectory) { self.directory = LogDirectory(directory) }

  package struct Chunk: Sendable {
    package var records: [LogRecord] = []
    /// Where to go on; the same place when there is nothing new.
    package var next: LogPosition
    /// Files that lay between are gone.
    package var hasGap = false
    /// Lines that are none: cut when a disk was full.
    package var malformed = 0
  }

  /// The next lines, of at most `limit` bytes of the file.
  package func read(
    from position: LogPosition, limit: Int = 256 << 10
  ) throws(SystemError) -> Chunk {
    let numbers = numbers
    var chunk = Chunk(next: position)
    if !numbers.contains(position.number) {
      guard let next = numbers.first(where: { $0 > position.number }) else { return chunk }
      chunk.next = LogPosition(number: next, offset: 0)
      chunk.hasGap = next > position.number + 1 || position.offset > 0
    }
    /* A file is finished before the next one is made: seen in this order, its end is its end. */
    let hasNext = numbers.contains { $0 > chunk.next.number }
    let bytes = ByteBuffer(capacity: limit)
    if let file = try directory.open(chunk.next.number) {
      try bytes.fill(from: file, at: chunk.next.offset)
    }
    var start = 0
    while let newline = bytes.newline(from: start, to: bytes.count) {
      add(bytes.bytes(start..<newline), to: &chunk)
      start = newline + 1
    }
    let isWhole = bytes.room > 0
    if start < bytes.count, isWhole && hasNext || !isWhole && start == 0 {
      /* Cut for good, or longer than a line of ours can be. */
      chunk.malformed += 1
      start = bytes.count
    }
    chunk.next.offset += UInt64(start)
    if isWhole, hasNext, let next = numbers.first(where: { $0 > chunk.next.number }) {
      chunk.next = LogPosition(number: next, offset: 0)
    }
    return chunk
  }

  /// Where the last lines before a place begin; all of them when there are fewer. Without a place: before the end.
  package func begin(
    last lines: Int, before place: LogPosition? = nil
  ) throws(SystemError) -> LogPosition {
    var search = search(last: lines, before: place)
    while true {
      if let found = try search.step() { return found }
    }
  }

  /// The same, in steps.
  package func search(last lines: Int, before place: LogPosition? = nil) -> LogSearch {
    LogSearch(
      directory, numbers.filter { $0 <= place?.number ?? .max }, missing: lines, before: place)
  }

  /// The last lines before a place (without: the end), at most so many and of at most so many bytes: what a report of a crash
  /// shows.
  package func tail(
    lines: Int, bytes: Int, before place: LogPosition? = nil
  ) throws(SystemError) -> [LogRecord] {
    var records: [LogRecord] = []
    var position = try begin(last: lines, before: place)
    for _ in 0..<1024 {
      var limit = 256 << 10
      if let place {
        if position.number > place.number { break }
        if position.number == place.number {
          if position.offset >= place.offset { break }
          limit = Int(min(UInt64(limit), place.offset - position.offset))
        }
      }
      let chunk = try read(from: position, limit: limit)
      records += chunk.records
      if records.count > lines { records.removeFirst(records.count - lines) }
      if chunk.next == position { break }
      position = chunk.next
    }
    var size = 0
    let fitting = records.reversed().prefix { record in
      size += record.text.count + 1
      return size <= bytes
    }
    return fitting.reversed()
  }

  private var numbers: [UInt64] { directory.numbers }

  private func add(_ line: [UInt8], to chunk: inout Chunk) {
    if let record = LogRecord(line) {
      chunk.records.append(record)
    } else {
      chunk.malformed += 1
    }
  }
}
