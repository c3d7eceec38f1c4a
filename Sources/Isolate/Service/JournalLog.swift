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

/// Tells journald the lines of an app. One that is not there, or does not read, holds nobody up: lines are lost, counted, and that is
/// said when it listens again.
package final class JournalLog {
  /// How long one that is not there is left alone, in milliseconds.
  private static let pause: Int64 = 1000

  private let socket: Descriptor
  private let path: String
  /// The fields that every message has.
  private let fields: [UInt8]
  /// Which launch of the app writes now.
  package var instance: String?
  private var retryAt: Int64 = .min
  private var unsaid: UInt64 = 0
  package private(set) var lostLines: UInt64 = 0

  /// - Parameter path: of the socket.
  package init(
    app: String, instance: String?, path: String = "/run/systemd/journal/socket"
  ) throws(SystemError) {
    socket = try LogCalls.datagramSocket()
    self.path = path
    var fields: [UInt8] = []
    JournalMessage.add("SYSLOG_IDENTIFIER", RawText.bytes(app), to: &fields)
    JournalMessage.add("ISOLATED_APP", RawText.bytes(app), to: &fields)
    self.fields = fields
    self.instance = instance
  }

  func send(_ source: LogSource, _ bytes: ByteBuffer, _ piece: LineFramer.Piece, now: Int64) {
    if now < retryAt {
      lose()
      return
    }
    if unsaid > 0 {
      let text = "\(unsaid) lines were lost: journald did not take them"
      guard deliver(message(.isolated, Array(text.utf8)), now: now) else {
        lose()
        return
      }
      unsaid = 0
    }
    var line = message(source, bytes.bytes(piece.range))
    if piece.isPartial { line += Array("CONTAINER_PARTIAL_MESSAGE=true\n".utf8) }
    if !deliver(line, now: now) { lose() }
  }

  /// A remark of ours; lost with the lines.
  func remark(_ text: String) {
    _ = deliver(message(.isolated, Array(text.utf8)), now: nil)
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

  private func deliver(_ message: [UInt8], now: Int64?) -> Bool {
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
    case .done: return true
    case .full, .tooLarge, .failed:
      if let now { retryAt = sent == .full ? now + 10 : now + Self.pause }
      return false
    }
  }
}
