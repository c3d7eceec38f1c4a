/// One connection: what has come and waits for its NUL, what waits to be sent, the call being answered.
struct VarlinkPeer: Sendable {
  private var input: [UInt8] = []
  /// So much of `input` holds no NUL.
  private var searched = 0
  private var output: [UInt8] = []
  private var sent = 0
  /// The number of the call that is being answered; later ones wait.
  var answering: UInt64?
  var isOneway = false
  /// When the first byte of the message in `input` came. Nil: there is none, or it is whole.
  private(set) var begunAt: Int64?
  /// When the peer last took something, while something waits for it.
  private(set) var waitingSince: Int64?

  /// A whole message waits.
  var hasMessage: Bool { searched < input.count && input[searched] == 0 }
  var unread: Int { output.count - sent }
  var pending: ArraySlice<UInt8> { output[sent...] }

  /// Adds what came.
  ///
  /// - Returns: false when a message is too long.
  mutating func receive(_ bytes: [UInt8], now: Int64, limit: Int) -> Bool {
    input += bytes
    return look(now: now, limit: limit)
  }

  /// Looks for the end of the first message.
  private mutating func look(now: Int64, limit: Int) -> Bool {
    while searched < input.count, input[searched] != 0 { searched += 1 }
    if searched > limit { return false }
    begunAt = input.isEmpty || hasMessage ? nil : begunAt ?? now
    return true
  }

  /// The first message, without its NUL; nil while there is none that is whole.
  ///
  /// - Parameter isGood: false when the one behind it is too long.
  mutating func takeMessage(now: Int64, limit: Int, isGood: inout Bool) -> [UInt8]? {
    guard hasMessage else { return nil }
    let message = Array(input[..<searched])
    input.removeFirst(searched + 1)
    searched = 0
    isGood = look(now: now, limit: limit)
    return message
  }

  mutating func send(_ message: [UInt8], now: Int64) {
    if unread == 0 { waitingSince = now }
    output += message
    output.append(0)
  }

  /// The peer has taken so many bytes.
  mutating func taken(_ count: Int, now: Int64) {
    sent += min(count, unread)
    waitingSince = unread == 0 ? nil : count > 0 ? now : waitingSince
    if unread == 0 {
      output.removeAll(keepingCapacity: sent <= 65_536)
      sent = 0
    } else if sent > 65_536 {
      output.removeFirst(sent)
      sent = 0
    }
  }
}
