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
  private let directory: PrivateDirectory

  package init(_ directory: consuming PrivateDirectory) { self.directory = directory }

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
    if let file = try LogCalls.openForReading(LogRotation.name(chunk.next.number), in: directory) {
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
    var missing = lines
    let numbers = numbers.filter { $0 <= place?.number ?? .max }
    for number in numbers.reversed() {
      guard let file = try LogCalls.openForReading(LogRotation.name(number), in: directory) else {
        continue
      }
      var end = UInt64(max(0, try FileStatus.of(file).size))
      if let place, place.number == number { end = min(end, place.offset) }
      var isLast = true
      while end > 0 {
        let size = min(end, 65_536)
        let block = ByteBuffer(capacity: Int(size))
        try block.fill(from: file, at: end - size)
        for index in (0..<block.count).reversed() where block[index] == LogByte.newline {
          /* The last byte ends the last line; every other newline begins one behind it. */
          let begins = end - size + UInt64(index) + 1
          if isLast {
            isLast = false
            if missing == 0 { return LogPosition(number: number, offset: begins) }
            continue
          }
          missing -= 1
          if missing == 0 { return LogPosition(number: number, offset: begins) }
        }
        end -= size
      }
      if !isLast { missing -= 1 }
      if missing <= 0 { return LogPosition(number: number, offset: 0) }
    }
    return LogPosition(number: numbers.first ?? 1, offset: 0)
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

  private var numbers: [UInt64] {
    directory.names().compactMap(LogRotation.number).sorted()
  }

  private func add(_ line: [UInt8], to chunk: inout Chunk) {
    if let record = LogRecord(line) {
      chunk.records.append(record)
    } else {
      chunk.malformed += 1
    }
  }
}
