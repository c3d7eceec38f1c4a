/// UDP for an app, to one peer and no other.
///
/// A connected UDP socket that was handed out could send to anybody: sendto(2) takes any address. So the app gets one end of
/// a channel that keeps datagrams whole, and the broker moves them. What does not fit now is dropped, as UDP does.
package struct DatagramRelay: ~Copyable {
  /// Datagrams that are moved before others get their turn.
  private static let turn: Int32 = 32

  private let outside: Descriptor
  private let inside: Descriptor
  private var apps: Descriptor?

  package init(to address: InternetAddress, port: UInt16) throws(SystemError) {
    let outside = try SocketCalls.connectDatagrams(to: SocketPlace(address, port: port))
    var channel = try SocketCalls.datagramChannel()
    apps = channel.apps.take()
    inside = channel.ours
    self.outside = outside
  }

  /// The descriptor to hand out, a Unix socket (SOCK_SEQPACKET); nil after the first time.
  package mutating func takeAppsEnd() -> Descriptor? { apps.take() }

  /// The numbers to poll for reading, both.
  package var doors: (outside: Int32, inside: Int32) { (outside.raw, inside.raw) }

  /// Moves what waits, a bounded number each way.
  ///
  /// - Returns: whether more may wait.
  /// - Throws: EPIPE when the app has closed its end: drop the relay.
  package borrowing func move() throws(SystemError) -> Bool {
    let out = try SocketCalls.relay(from: inside, to: outside, budget: DatagramRelay.turn)
    let back = try SocketCalls.relay(from: outside, to: inside, budget: DatagramRelay.turn)
    return out || back
  }
}
