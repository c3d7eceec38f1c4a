/// Answers those who collect metrics by HTTP: one request a connection, a bounded number of them, each within a time. Never waits.
final class MetricsListener {
  /// Connections at a time. A further one takes the place of the oldest: who asks at once is always answered, whoever dawdles.
  private static let most = 16
  private static let acceptsAtOnce = 16
  /// From the connection to its end, in milliseconds.
  private static let patience: Int64 = 5000
  /// So long the same text is given, in milliseconds: however many ask, it is made five times a second at most.
  private static let keeps: Int64 = 200

  private var entrance: Entrance
  private let remove: () -> Void
  private let make: (Int64) -> String
  private var queue: EventQueue
  private var peers: [UInt64: Peer] = [:]
  private var last: UInt64 = 0
  private var made: (text: String, at: Int64)?

  private final class Peer {
    let socket: Descriptor
    let endsAt: Int64
    var input: [UInt8] = []
    /// Nil: it has not asked yet.
    var output: ArraySlice<UInt8>?

    init(_ socket: consuming Descriptor, endsAt: Int64) {
      self.socket = socket
      self.endsAt = endsAt
    }
  }

  /// - Parameters:
  ///   - listener: does not block.
  ///   - remove: takes the socket's name away, at the end.
  ///   - make: the text, at a time.
  init(
    _ listener: consuming Descriptor, remove: @escaping () -> Void,
    make: @escaping (Int64) -> String
  ) throws(SystemError) {
    self.remove = remove
    self.make = make
    queue = try EventQueue()
    entrance = try Entrance(listener, queue)
  }

  deinit { remove() }

  /// The one door to wait on.
  var door: Int32 { queue.door }
  /// When `turn` wants to be called though the door is not ready, in milliseconds on the monotonic clock.
  var nextAt: Int64? { (peers.values.map(\.endsAt) + [entrance.opensAt]).compactMap { $0 }.min() }

  func turn(now: Int64) throws(SystemError) {
    var knocks = false
    try entrance.open(queue, now: now)
    for index in 0..<(try queue.wait(timeout: 0)) {
      let event = queue[index]
      if event.token == Entrance.token { knocks = true } else { try serve(event.token, now) }
    }
    for (number, peer) in peers where now >= peer.endsAt { leave(number) }
    if knocks { try accept(now) }
  }

  private func accept(_ now: Int64) throws(SystemError) {
    for _ in 0..<Self.acceptsAtOnce {
      guard let socket = try entrance.next(queue, now: now) else { return }
      if peers.count >= Self.most, let oldest = peers.keys.min() { leave(oldest) }
      last += 1
      let peer = Peer(socket, endsAt: now + Self.patience)
      try queue.add(peer.socket.raw, token: last, .reading)
      peers[last] = peer
      try serve(last, now)
    }
  }

  private func serve(_ number: UInt64, _ now: Int64) throws(SystemError) {
    guard let peer = peers[number] else { return }
    if peer.output == nil {
      switch Bytes.take(from: peer.socket.raw) {
      case .bytes(let bytes): peer.input += bytes
      case .nothingNow: return
      case .end: return leave(number)
      }
      switch ScrapeRequest.read(peer.input) {
      case .more: return
      case .metrics: peer.output = ScrapeRequest.answer(metrics: text(now))[...]
      case .refused(let refusal): peer.output = ScrapeRequest.answer(refusal)[...]
      }
      try queue.change(peer.socket.raw, token: number, .writing)
    }
    guard let output = peer.output,
      let count = LocalSocket.give(output, to: peer.socket)
    else { return leave(number) }
    peer.output = output.dropFirst(count)
    if count == output.count { leave(number) }
  }

  private func text(_ now: Int64) -> String {
    if let made, now - made.at < Self.keeps { return made.text }
    let text = make(now)
    made = (text, now)
    return text
  }

  private func leave(_ number: UInt64) {
    guard let peer = peers.removeValue(forKey: number) else { return }
    /* What was not read would make the kernel take back the answer that is on its way. */
    for _ in 0..<4 { guard case .bytes = Bytes.take(from: peer.socket.raw) else { return } }
  }
}
