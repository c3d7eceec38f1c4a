/// A TCP connection that is being made for an app: the addresses of a host in turn, until one answers or time is over.
///
/// A socket that an app gets lies in the machine's network, and connect(2) can be called on it again. So it is bound to its
/// peer before the first segment leaves: a locked filter drops whatever comes from elsewhere, and no other connection is ever
/// established. Landlock in the app (Linux 6.7) refuses it the call itself. One of both must hold: whoever makes the attempt
/// says by `bond` whether Landlock does.
package struct ConnectAttempt: ~Copyable {
  /// Addresses of one host that are tried.
  package static let most = 8

  private var rest: ArraySlice<SocketPlace>
  private let deadline: Int64
  private let bond: SocketBond
  private var socket: Descriptor?
  private var socketDeadline: Int64 = 0
  private var failure = SystemError(call: "connect", number: Errno.access)

  /// What to do next.
  package enum Step: ~Copyable {
    /// Poll `door` for writing, until `time` (monotonic milliseconds) at most, then `advance`.
    case wait(door: Int32, time: Int64)
    /// Connected: the app's.
    case connected(Descriptor)
  }

  /// - Parameters:
  ///   - addresses: what the name means, in the order to try; more than `most` are left out.
  ///   - isAllowed: what the broker says of each address. It is asked here, after the name was resolved, and the very
  ///     address that it was asked about is connected to.
  ///   - deadline: monotonic milliseconds.
  package init(
    to addresses: [InternetAddress], port: UInt16, deadline: Int64, bond: SocketBond,
    isAllowed: (InternetAddress) -> Bool
  ) {
    rest =
      addresses.filter(isAllowed).prefix(ConnectAttempt.most)
      .map { SocketPlace($0, port: port) }[...]
    self.deadline = deadline
    self.bond = bond
  }

  /// Goes on as far as it goes without waiting.
  ///
  /// - Throws: EACCES when no address was allowed; EPERM when the bond is required and cannot be made; else why the last one
  ///   failed; ETIMEDOUT at the deadline.
  package mutating func advance(now: Int64) throws(SystemError) -> Step {
    while true {
      if let current = socket.take() {
        switch SocketCalls.progress(of: current) {
        case .connected: return .connected(current)
        case .failed(let number): failure = SystemError(call: "connect", number: number)
        case .connecting:
          if now < socketDeadline {
            let door = current.raw
            socket = consume current
            return .wait(door: door, time: socketDeadline)
          }
          failure = SystemError(call: "connect", number: Errno.timedOut)
        }
      }
      if now >= deadline { throw SystemError(call: "connect", number: Errno.timedOut) }
      guard let next = rest.first else { throw failure }
      /* Those that are left share the time that is left. */
      socketDeadline = now + max(1, (deadline - now) / Int64(rest.count))
      rest = rest.dropFirst()
      do throws(SystemError) {
        socket = try SocketCalls.connect(to: next, bond: bond)
      } catch {
        failure = error
      }
    }
  }
}

extension SocketPlace {
  package init(_ address: InternetAddress, port: UInt16) {
    self.init(
      high: address.isFour ? 0 : address.high,
      low: address.isFour ? address.low & 0xFFFF_FFFF : address.low,
      isFour: address.isFour, port: port)
  }
}
