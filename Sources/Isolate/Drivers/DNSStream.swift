/// One question by TCP: what a server could not say in one datagram (RFC 7766). Both ways begin with the length.
struct DNSStream: ~Copyable {
  /// Which of the lookup's questions.
  let index: Int
  private let socket: Descriptor
  private let question: DNSMessage.Question
  private var rest: ArraySlice<UInt8>
  private var received: [UInt8] = []

  init(
    to server: SocketPlace, question: DNSMessage.Question, index: Int
  ) throws(SystemError) {
    let message = question.message
    socket = try SocketCalls.connectOwn(to: server)
    self.question = question
    self.index = index
    rest = ([UInt8(message.count >> 8), UInt8(message.count & 0xFF)] + message)[...]
  }

  var door: Int32 { socket.raw }
  /// Connecting or sending: the door is to be polled for writing.
  var isSending: Bool { !rest.isEmpty }

  /// Goes on as far as it goes without waiting.
  ///
  /// - Returns: the answer, `malformed` for one that is not ours; nil: not yet.
  mutating func advance(_ buffer: inout [UInt8]) throws(SystemError) -> DNSMessage.Answer? {
    while !rest.isEmpty {
      let sent = try SocketCalls.send(rest.span, to: socket)
      if sent == 0 { return nil }
      rest = rest.dropFirst(sent)
    }
    while true {
      guard let count = try SocketCalls.receive(from: socket, into: &buffer) else { return nil }
      if count == 0 { return .malformed }
      /* 65535 bytes and the length at most: then it is complete. */
      received += buffer.prefix(count)
      guard received.count >= 2 else { continue }
      let size = Int(received[0]) << 8 | Int(received[1])
      if received.count < size + 2 { continue }
      let answer = question.answer(received.span.extracting(2..<size + 2))
      return answer == .foreign || answer == .cut ? .malformed : answer
    }
  }
}
