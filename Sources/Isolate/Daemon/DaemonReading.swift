/// What the daemon keeps in files, for those who may ask it and may not read them: logs, reports of crashes.
extension Daemon {
  /// - Throws: `DaemonRefusal.noSuchLog`.
  func log(_ name: String, last lines: Int) throws(DaemonRefusal) -> LogTelling {
    do throws(SystemError) {
      guard let path = place.logs(settings.state) else {
        throw SystemError(call: "open", number: Errno.noEntry, subject: "$HOME")
      }
      let directory = try PrivateDirectory(
        existing: path + "/" + ControlPlace.ownName(name), isPrivate: true,
        ownedBy: LocalSocket.user)
      return LogTelling(app: name, LogReader(directory), last: lines)
    } catch {
      throw .noSuchLog(app: name, reason: "\(error)")
    }
  }

  /// Where the next line of an app's log will be; nil: the app has no log now.
  func logEnd(_ name: String) -> LogPosition? {
    supervisor.app(named: name).flatMap { apps[$0.slot]?.log?.place?.end }
  }

  /// The oldest first.
  func crashReports() -> [ControlCrash] {
    do throws(SystemError) {
      guard let path = place.crashes(settings.state),
        let store = try CrashStore(existing: path)
      else { return [] }
      return store.list().map { ControlCrash(id: $0.id, app: $0.app, group: $0.group) }
    } catch {
      say(.problem, "", "the crash reports cannot be read: \(error)")
      return []
    }
  }

  /// A report's document as it is, unread.
  func crashReport(_ id: UInt64) throws(DaemonRefusal) -> [UInt8] {
    do throws(SystemError) {
      if let path = place.crashes(settings.state), let store = try CrashStore(existing: path),
        let bytes = try store.bytes(id)
      {
        return bytes
      }
    } catch {
      say(.problem, "", "crash report \(id) cannot be read: \(error)")
    }
    throw .noSuchCrash(id)
  }
}

/// A log on its way to somebody who asked for it, a piece of its files a turn.
struct LogTelling {
  /// More than the longest line has: 16 KiB of which each byte is written as four, and what stands before.
  private static let pieceBytes = 96 << 10

  let app: String
  private let reader: LogReader
  private var search: LogSearch?
  private var place: LogPosition
  /// All was told when it was looked at last.
  private(set) var isAtEnd = false

  init(app: String, _ reader: LogReader, last lines: Int) {
    self.app = app
    self.reader = reader
    search = reader.search(last: lines)
    place = LogPosition(number: 0, offset: 0)
  }

  enum Piece {
    /// There will be more at once.
    case nothingYet
    case lines([ControlLine], hasGap: Bool)
    case end
  }

  /// What comes next.
  ///
  /// - Parameter end: where the log is known to end; nil: its files say so.
  mutating func next(end: LogPosition?) throws(SystemError) -> Piece {
    if search != nil {
      if let found = try search?.step() {
        search = nil
        place = found
      }
      return .nothingYet
    }
    isAtEnd = true
    if place == end { return .end }
    let chunk = try reader.read(from: place, limit: Self.pieceBytes)
    if chunk.next == place { return .end }
    isAtEnd = false
    place = chunk.next
    return .lines(chunk.records.map { ControlLine($0) }, hasGap: chunk.hasGap)
  }
}

extension ControlLine {
  init(_ record: LogRecord) {
    self.init(
      time: RawText.decode(LogTime.write(record.time)), stream: record.source.rawValue,
      isPartial: record.isPartial, text: RawText.decode(record.text))
  }
}

/// A text on its way in pieces.
struct TextTelling {
  private static let pieceBytes = 32 << 10

  private var left: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { left = bytes[...] }

  var isDone: Bool { left.isEmpty }

  /// The next piece, which ends where a character does.
  mutating func next() -> String {
    var count = min(left.count, Self.pieceBytes)
    /* 10xxxxxx goes on with a character. */
    while count < left.count, count > 0, left[left.startIndex + count] & 0xC0 == 0x80 { count -= 1 }
    defer { left = left.dropFirst(max(1, count)) }
    return String(decoding: left.prefix(max(1, count)), as: UTF8.self)
  }
}
