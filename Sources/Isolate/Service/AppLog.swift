/// What an app writes to its standard output and error, on its way to files and journald. What is too much, or cannot be kept
/// because a disk is full or journald does not read, is dropped, counted, and said in the log; the app does not wait for it.
package final class AppLog {
  /// How much of one stream is read a turn, in bytes.
  package static let perTurn = 65_536

  private var streams: [LogStream] = []
  private var rate: LineRate
  private let files: LogFile?
  package let journal: JournalLog?
  /// Which launch of the app writes from now on: journald is told it with each line.
  package var instance: String? {
    get { journal?.instance }
    set { journal?.instance = newValue }
  }
  private let memory: LogMemory
  private let flushAt: Int
  private var out: ByteBuffer { memory.out }

  /// - Parameters:
  ///   - memory: to work in; any number of logs can share one, as none keeps anything there.
  ///   - files: nil: not kept in files.
  ///   - journal: nil: not told to journald. With neither it is read and forgotten.
  package init(
    _ policy: LogPolicy, files: LogFile?, journal: JournalLog?, memory: LogMemory = LogMemory()
  ) {
    self.memory = memory
    self.files = files
    self.journal = journal
    rate = LineRate(perSecond: policy.linesPerSecond)
    flushAt = files?.batchLimit ?? 0
  }

  /// Reads from the read end of a pipe from now on; what the one before it had left is a line.
  package func attach(
    _ source: LogSource, _ pipe: consuming Descriptor, now: Int64, wall: Int64
  ) throws(SystemError) {
    try Bytes.makeNonBlocking(pipe)
    end(source, now: now, wall: wall)
    streams.append(LogStream(source, pipe))
  }

  /// The end of this log, but not of what it reads: that is another's from now on.
  package func giveAway() -> [LogStream] {
    if let dropped = rate.takeDropped() {
      say(dropped, now: Poller.now(), wall: LogCalls.wallMicroseconds())
    }
    flush()
    files?.giveUp()
    defer { streams = [] }
    return streams
  }

  /// Goes on with what another log has read.
  package func take(_ given: [LogStream]) { streams += given }

  /// To be polled for reading.
  package var doors: [(source: LogSource, descriptor: Int32)] {
    streams.map { ($0.source, $0.pipe.raw) }
  }

  /// Lines that were dropped because there were too many a second, and those that no file could take.
  package var droppedLines: UInt64 { rate.allDropped }
  /// What all streams brought.
  package private(set) var readBytes: UInt64 = 0
  package var lostLines: UInt64 { files?.lostLines ?? 0 }
  package var fault: SystemError? { files?.fault }
  /// The directory of its files, and where in them the next line will be; nil: there are none.
  package var place: (directory: String, end: LogPosition)? {
    files.map { ($0.path, $0.position) }
  }

  /// Reads once, at most `perTurn`.
  ///
  /// - Parameters:
  ///   - now: monotonic, in milliseconds.
  ///   - wall: microseconds since 1970.
  /// - Returns: false: the stream has ended, and its descriptor is closed.
  package func handle(_ source: LogSource, now: Int64, wall: Int64) -> Bool {
    guard let stream = streams.first(where: { $0.source == source }) else { return false }
    do throws(SystemError) {
      memory.begin(with: stream.rest)
      switch try memory.input.fill(from: stream.pipe.raw, limit: Self.perTurn) {
      case .some(let count):
        readBytes += UInt64(count)
        take(stream, isEnd: false, now: now, wall: wall)
      case .nothing: break
      case .end:
        end(source, now: now, wall: wall)
        return false
      }
    } catch {
      end(source, now: now, wall: wall)
      return false
    }
    return true
  }

  /// When `handleTime` has something to do, on the clock of `now`.
  package var nextAt: Int64? {
    guard let at = journal?.nextAt else { return rate.nextAt }
    return min(at, rate.nextAt ?? at)
  }
  /// Messages that journald has not taken yet.
  package var waiting: Int { journal?.waiting ?? 0 }

  package func handleTime(now: Int64, wall: Int64) {
    if let dropped = rate.takeDropped(now: now) { say(dropped, now: now, wall: wall) }
    flush()
    journal?.flush(now: now)
  }

  /// The end of a stream, whatever its pipe still brings: what was left without a newline is a line.
  package func end(_ source: LogSource, now: Int64, wall: Int64) {
    guard let stream = streams.first(where: { $0.source == source }) else { return }
    memory.begin(with: stream.rest)
    take(stream, isEnd: true, now: now, wall: wall)
    if streams.count == 1, let dropped = rate.takeDropped() { say(dropped, now: now, wall: wall) }
    flush()
    streams.removeAll { $0 === stream }
  }

  /// Takes the lines of what lies in the memory; what is no whole line is kept.
  private func take(_ stream: LogStream, isEnd: Bool, now: Int64, wall: Int64) {
    if let dropped = rate.takeDropped(now: now) { say(dropped, now: now, wall: wall) }
    let stamp = LogTime.write(wall) + [LogByte.space]
    let head = stamp + stream.source.rawValue.utf8 + [LogByte.space]
    var start = 0
    while let piece = LineFramer.piece(of: memory.input, from: start, isEnd: isEnd) {
      start = piece.next
      guard rate.admits(now: now) else { continue }
      if files != nil { record(head, memory.input, piece) }
      journal?.send(stream.source, memory.input, piece, now: now)
    }
    stream.rest = memory.input.bytes(start..<memory.input.count)
    flush()
  }

  private func record(_ head: [UInt8], _ bytes: ByteBuffer, _ piece: LineFramer.Piece) {
    let isEscaped = bytes.hasControl(piece.range)
    let widest = piece.range.count * (isEscaped ? LogEscape.widest : 1)
    if out.count > 0, out.count + head.count + widest + 8 > flushAt { flush() }
    out.append(head)
    out.append(piece.isPartial ? LogByte.partial : LogByte.full)
    if isEscaped {
      out.append(LogByte.escapedTag)
      out.append(LogByte.space)
      LogEscape.add(bytes, piece.range, to: out)
    } else {
      out.append(LogByte.space)
      out.append(bytes, piece.range)
    }
    out.append(LogByte.newline)
  }

  private func flush() {
    guard let files, out.count > 0 else { return }
    files.write(out)
    out.removeAll()
    if let lost = files.takeLost() {
      remark("\(lost.lines) lines could not be written: \(lost.why)", LogCalls.wallMicroseconds())
      files.write(out)
      out.removeAll()
    }
  }

  private func say(_ dropped: UInt64, now: Int64, wall: Int64) {
    let text = "\(dropped) lines were dropped: more than \(rate.perSecond) a second"
    if files != nil { remark(text, wall) }
    journal?.remark(text, now: now)
  }

  private func remark(_ text: String, _ wall: Int64) {
    if out.count + text.utf8.count + 64 > out.capacity { flush() }
    out.append(LogTime.write(wall))
    out.append(Array(" \(LogSource.isolated.rawValue) F \(text)\n".utf8))
  }
}

/// What logs work in, one after another: nothing lies in it between two calls, but what counts journald's room.
package final class LogMemory {
  let input = ByteBuffer(capacity: AppLog.perTurn + LineFramer.longest)
  /// Of what journald has not taken yet.
  package let journalRoom = JournalRoom()
  let out = ByteBuffer(
    capacity: LogFile.largestBatch + LogTime.size + 32 + LineFramer.longest * LogEscape.widest)

  package init() {}

  /// - Parameter rest: what was no whole line the last time.
  fileprivate func begin(with rest: [UInt8]) {
    input.removeAll()
    input.append(rest)
  }
}

/// One pipe, and what of it is no whole line yet.
package final class LogStream {
  fileprivate let source: LogSource
  fileprivate let pipe: Descriptor
  fileprivate var rest: [UInt8] = []

  fileprivate init(_ source: LogSource, _ pipe: consuming Descriptor) {
    self.source = source
    self.pipe = pipe
  }
}
