/// Messages as journald's native protocol has them: fields, each NAME=value and a newline, or, with a newline in the value, NAME, a
/// newline, its size as 8 bytes little-endian, the value, a newline. Source: systemd.io/JOURNAL_NATIVE_PROTOCOL.
enum JournalMessage {
  static func add(_ name: String, _ value: some Collection<UInt8>, to message: inout [UInt8]) {
    message += name.utf8
    if value.contains(LogByte.newline) {
      message.append(LogByte.newline)
      var size = UInt64(value.count)
      for _ in 0..<8 {
        message.append(UInt8(truncatingIfNeeded: size))
        size >>= 8
      }
    } else {
      message.append(UInt8(ascii: "="))
    }
    message += value
    message.append(LogByte.newline)
  }
}

/// Tells journald the lines of an app. One that is not there, or reads slowly, holds nobody up: messages wait, in bounded room; what
/// finds none is lost, counted, and that is said when there is room again.
package final class JournalLog {
  /// How long one that is full is left alone, and one that is not there: twice as long each time. In milliseconds.
  private static let shortPause: Int64 = 10
  private static let longPauses: ClosedRange<Int64> = 250...8000

  private let socket: Descriptor
  private let path: String
  /// The fields that every message has.
  private let fields: [UInt8]
  /// Which launch of the app writes now.
  package var instance: String?
  private var queue: JournalQueue
  /// Nothing is tried before this.
  private var retryAt: Int64 = .min
  private var pause = JournalLog.longPauses.lowerBound
  private var unsaid: UInt64 = 0
  package private(set) var lostLines: UInt64 = 0

  /// - Parameters:
  ///   - path: of the socket.
  ///   - room: for what waits; shared by the logs of all apps.
  package init(
    app: String, instance: String?, path: String = "/run/systemd/journal/socket",
    room: JournalRoom = JournalRoom()
  ) throws(SystemError) {
    queue = JournalQueue(room)
    socket = try LogCalls.datagramSocket()
    self.path = path
    var fields: [UInt8] = []
    JournalMessage.add("SYSLOG_IDENTIFIER", RawText.bytes(app), to: &fields)
    JournalMessage.add("ISOLATED_APP", RawText.bytes(app), to: &fields)
    self.fields = fields
    self.instance = instance
  }

  deinit { queue.removeAll() }

  func send(_ source: LogSource, _ bytes: ByteBuffer, _ piece: LineFramer.Piece, now: Int64) {
    var line = message(source, bytes.bytes(piece.range))
    if piece.isPartial { line += Array("CONTAINER_PARTIAL_MESSAGE=true\n".utf8) }
    tell(line, now: now)
  }

  /// A remark of ours; lost with the lines.
  func remark(_ text: String, now: Int64) { tell(message(.isolated, Array(text.utf8)), now: now) }

  /// How many messages wait.
  package var waiting: Int { queue.count }
  /// When `flush` has something to do, on the clock of `now`.
  package var nextAt: Int64? { queue.count > 0 || unsaid > 0 ? retryAt : nil }

  /// Tells what waits, as much of it as is taken now.
  package func flush(now: Int64) {
    guard now >= retryAt else { return }
    while let message = queue.oldest {
      let fate = deliver(message, now: now)
      if fate == .later { return }
      queue.removeOldest()
      if fate == .never { return lose() }
    }
    if unsaid > 0, deliver(lossRemark, now: now) == .taken { unsaid = 0 }
  }

  private func tell(_ message: [UInt8], now: Int64) {
    flush(now: now)
    if queue.count == 0, unsaid == 0, now >= retryAt {
      switch deliver(message, now: now) {
      case .taken: return
      case .never: return lose()
      case .later: break
      }
    }
    if unsaid > 0 {
      guard queue.isHalfFree, queue.add(lossRemark) else { return lose() }
      unsaid = 0
    }
    if !queue.add(message) { lose() }
  }

  private var lossRemark: [UInt8] {
    message(.isolated, Array("\(unsaid) lines were lost: journald did not take them".utf8))
  }

  private func message(_ source: LogSource, _ text: [UInt8]) -> [UInt8] {
    var message = fields
    message.reserveCapacity(fields.count + text.count + 128)
    if let instance {
      JournalMessage.add("ISOLATED_INSTANCE", RawText.bytes(instance), to: &message)
    }
    /* As syslog(3) counts: 3 an error, 4 a warning, 6 for information. */
    let priority =
      switch source {
      case .stdout: "6"
      case .stderr: "3"
      case .isolated: "4"
      }
    JournalMessage.add("PRIORITY", Array(priority.utf8), to: &message)
    JournalMessage.add("ISOLATED_STREAM", Array(source.rawValue.utf8), to: &message)
    JournalMessage.add("MESSAGE", text, to: &message)
    return message
  }

  private func lose() {
    lostLines += 1
    unsaid += 1
  }

  private enum Fate {
    case taken, later
    /// Nothing is wrong with journald, but with the message: what stands behind it must not wait for it for ever.
    case never
  }

  private func deliver(_ message: [UInt8], now: Int64) -> Fate {
    var sent = LogCalls.send(message, to: path, from: socket)
    if sent == .tooLarge {
      do throws(SystemError) {
        let file = try SharedMemory.makeSealed("log", message)
        sent = LogCalls.send(file, to: path, from: socket)
      } catch {
        sent = .failed(error.number)
      }
    }
    switch sent {
    case .done:
      pause = Self.longPauses.lowerBound
      return .taken
    case .full:
      retryAt = now + Self.shortPause
      return .later
    case .tooLarge, .failed:
      retryAt = now + pause
      pause = min(pause * 2, Self.longPauses.upperBound)
      guard case .failed(let number) = sent else { return .never }
      return Self.passing.contains(number) ? .later : .never
    }
  }

  /// Errors that tell of journald, or of a shortage here.
  private static let passing = Errno.ofShortage.union([
    Errno.noEntry, LocalSocket.refused, Errno.access, Errno.notPermitted,
  ])
}
