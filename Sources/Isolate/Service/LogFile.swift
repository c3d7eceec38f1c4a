/// The files of one log: appended to, the next one begun when one is full, the oldest removed. A disk that is full or broken holds
/// nobody up: what cannot be written is counted, and said in the log when it can be written again.
package final class LogFile {
  private let directory: PrivateDirectory
  private let mode: UInt32
  /// Nobody else writes this log meanwhile: two would remove each other's files.
  private let isAlone: Bool
  private var isClaimed = false
  private var rotation: LogRotation
  private var file: LogFileHandle?
  /// What was written last has no end: an error cut it.
  private var isCut = false
  /// Lines that could not be written, since the beginning.
  package private(set) var lostLines: UInt64 = 0
  /// Of them, those that the log has not said.
  private var unsaid: UInt64 = 0
  /// Why the last batch could not be written; nil: it was.
  package private(set) var fault: SystemError?
  /// Why the last line could not be written, for the remark.
  private var reason: SystemError?
  /// What `append` wrote last ended within a line: what comes next ends it.
  private var goesOn = false

  /// Goes on with the newest file that is there.
  ///
  /// - Parameters:
  ///   - mode: of the files; less the umask.
  ///   - isAlone: nothing is written (EAGAIN) while another has this log; until `giveUp` or its end nobody else has it.
  package init(
    in directory: consuming PrivateDirectory, _ policy: LogPolicy, mode: UInt32 = 0o600,
    isAlone: Bool = false
  ) {
    self.isAlone = isAlone
    let newest = directory.names().compactMap(LogRotation.number).max() ?? 1
    rotation = LogRotation(limit: policy.sizeBytes, files: policy.files, number: newest)
    self.directory = directory
    self.mode = mode
  }

  /// The largest batch that does not make a file longer than it should be (but for one line).
  package var batchLimit: Int { Int(min(rotation.limit, UInt64(Self.largestBatch))) }
  static let largestBatch = 192 << 10

  /// Where the next line will be.
  package var position: LogPosition { LogPosition(number: rotation.number, offset: rotation.size) }
  package var path: String { directory.path }

  /// Writes whole lines.
  package func write(_ batch: ByteBuffer) {
    var written = 0
    do throws(SystemError) {
      if rotation.wantsNext(batch.count) { try begin() }
      if file == nil { try open() }
      guard let file else { return }
      if isCut {
        let end = ByteBuffer(capacity: 1)
        end.append(LogByte.newline)
        try end.write(to: file.descriptor, written: &written)
        rotation.wrote(1)
        (isCut, written) = (false, 0)
      }
      try batch.write(to: file.descriptor, written: &written)
      rotation.wrote(written)
      fault = nil
    } catch {
      lose(batch, written, error)
    }
  }

  /// At most so many bytes are added at one time.
  package static let largestPiece = 64 << 10

  /// Adds lines that must not be lost: what was not written stays the caller's, who gives it again. Not to be mixed with `write`.
  ///
  /// - Returns: how many bytes were written, at least one.
  /// - Throws: when none could be.
  package func append(_ lines: ArraySlice<UInt8>) throws(SystemError) -> Int {
    var piece = lines.prefix(Self.largestPiece)
    if let end = piece.lastIndex(of: LogByte.newline) { piece = piece[...end] }
    if !goesOn, rotation.wantsNext(piece.count) { try begin() }
    if file == nil { try open() }
    guard let file, !piece.isEmpty else { return 0 }
    if isCut, !goesOn {
      let end = ByteBuffer(capacity: 1)
      end.append(LogByte.newline)
      var written = 0
      try end.write(to: file.descriptor, written: &written)
      rotation.wrote(1)
    }
    isCut = false
    let bytes = ByteBuffer(capacity: piece.count)
    bytes.append(Array(piece))
    var written = 0
    var problem: SystemError?
    do throws(SystemError) {
      try bytes.write(to: file.descriptor, written: &written)
    } catch {
      problem = error
    }
    rotation.wrote(written)
    if written > 0 { goesOn = bytes[written - 1] != LogByte.newline }
    if written == 0, let problem { throw problem }
    return written
  }

  /// How many lines were lost and why, once it can be said.
  package func takeLost() -> (lines: UInt64, why: String)? {
    guard unsaid > 0, fault == nil, let reason else { return nil }
    defer { unsaid = 0 }
    return (unsaid, SystemError.text(reason.number))
  }

  private func lose(_ batch: ByteBuffer, _ written: Int, _ error: SystemError) {
    if !isCut {
      rotation.wrote(written)
      isCut = written > 0 && batch[written - 1] != LogByte.newline
    }
    var place = written
    while let newline = batch.newline(from: place, to: batch.count) {
      lostLines += 1
      unsaid += 1
      place = newline + 1
    }
    (fault, reason) = (error, error)
  }

  /// Another may write it from now on; what is written here still waits for that one's end.
  package func giveUp() {
    file = nil
    if isClaimed { directory.release() }
    isClaimed = false
  }

  private func open() throws(SystemError) {
    if isAlone, !isClaimed {
      try directory.claim()
      isClaimed = true
      /* Who had it may have begun others. */
      let newest = directory.names().compactMap(LogRotation.number).max() ?? rotation.number
      rotation.goOn(from: newest)
    }
    let name = LogRotation.name(rotation.number)
    let opened = try LogCalls.open(name, in: directory, mode: mode)
    rotation.opened(size: opened.size)
    if opened.size > 0, let written = try LogCalls.openForReading(name, in: directory) {
      let last = ByteBuffer(capacity: 1)
      try last.fill(from: written, at: opened.size - 1)
      isCut = last.count == 1 && last[0] != LogByte.newline
    }
    file = LogFileHandle(opened.takeFile())
  }

  private func begin() throws(SystemError) {
    file = nil
    isCut = false
    rotation.next()
    try open()
    for number in rotation.old(directory.names().compactMap(LogRotation.number)) {
      directory.remove(LogRotation.name(number))
    }
  }
}

/// A box, so that a class can let go of it.
private final class LogFileHandle {
  let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
