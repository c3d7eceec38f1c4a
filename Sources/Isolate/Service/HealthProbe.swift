/// Why a check failed.
package enum HealthFault: Hashable, Sendable, CustomStringConvertible {
  /// There is no socket, or no connection.
  case failed(SystemError)
  case timedOut
  /// It closed the connection before it had answered.
  case closed
  /// Its answer is not HTTP/1.
  case malformed
  /// It answered with another status than 200 to 299.
  case status(Int)

  package var description: String {
    switch self {
    case .failed(let error): SystemError.text(error.number)
    case .timedOut: "no answer in time"
    case .closed: "the connection was closed without an answer"
    case .malformed: "the answer is not HTTP"
    case .status(let status): "answered with status \(status)"
    }
  }
}

/// One check of an app by TCP or HTTP. It never waits: poll `descriptor` for what it wants, and call `handle` then and at `nextAt`,
/// until there is an outcome.
package final class HealthProbe {
  package enum Outcome: Hashable, Sendable {
    case good
    case bad(HealthFault)
  }

  private enum State {
    case connecting
    /// So much of the request has gone.
    case sending(Int)
    case reading(HTTPStatus)
    case over(Outcome)
  }

  private var socket: HealthSocket?
  private var state: State
  /// Empty: to connect is enough.
  private let request: [UInt8]
  private let deadline: Int64

  /// Begins; what fails at once is told by the first `handle`.
  ///
  /// - Parameters:
  ///   - check: nil when it is a command: that is none of this.
  ///   - process, handle: init's number and pidfd, to ask in the app's own network. A handle of -1: in the host's.
  ///   - now: monotonic, in milliseconds.
  package init?(
    _ check: HealthPolicy.Check, timeoutMilliseconds: Int64, process: Int32, handle: Int32,
    now: Int64
  ) {
    let (host, port): (String, UInt16)
    switch check {
    case .command: return nil
    case .tcp(let itsHost, let itsPort):
      (host, port) = (itsHost, itsPort)
      request = []
    case .http(let itsHost, let itsPort, let path):
      (host, port) = (itsHost, itsPort)
      request = HTTPStatus.request(host: host, port: port, path: path)
    }
    deadline = now + timeoutMilliseconds
    state = .connecting
    do throws(SystemError) {
      socket = try HealthSocket(host: host, port: port, process: process, handle: handle)
    } catch {
      state = .over(.bad(.failed(error)))
    }
  }

  /// Nil: nothing to poll; the outcome is known.
  package var descriptor: Int32? {
    if case .over = state { return nil }
    return socket?.descriptor.raw
  }

  /// Poll for writing; else for reading.
  package var wantsWrite: Bool {
    switch state {
    case .connecting, .sending: true
    case .reading, .over: false
    }
  }

  /// When to call `handle` though nothing is ready, on the clock of `now`; at once when the outcome is known.
  package var nextAt: Int64 {
    if case .over = state { return .min }
    return deadline
  }

  /// Goes on as far as it can.
  ///
  /// - Returns: the outcome, once there is one, from then on.
  package func handle(now: Int64) -> Outcome? {
    do throws(SystemError) {
      while let next = try step() { state = next }
    } catch {
      state = .over(.bad(.failed(error)))
    }
    if case .over(let outcome) = state {
      socket = nil
      return outcome
    }
    if now < deadline { return nil }
    state = .over(.bad(.timedOut))
    socket = nil
    return .bad(.timedOut)
  }

  /// The next state; nil: it has to wait, or is over.
  private func step() throws(SystemError) -> State? {
    guard let socket else { return nil }
    switch state {
    case .over: return nil
    case .connecting:
      switch SocketCalls.progress(of: socket.descriptor) {
      case .connecting: return nil
      case .failed(let number):
        return .over(.bad(.failed(SystemError(call: "connect", number: number))))
      case .connected: return request.isEmpty ? .over(.good) : .sending(0)
      }
    case .sending(let sent):
      let rest = Array(request[sent...])
      let count = try SocketCalls.send(rest.span, to: socket.descriptor)
      if count == 0 { return nil }
      let all = sent + count
      return all == request.count ? .reading(HTTPStatus()) : .sending(all)
    case .reading(var status):
      var bytes = [UInt8](repeating: 0, count: 64)
      guard let count = try SocketCalls.receive(from: socket.descriptor, into: &bytes) else {
        return nil
      }
      if count == 0 { return .over(.bad(.closed)) }
      switch status.feed(bytes[..<count]) {
      case .more: return .reading(status)
      case .malformed: return .over(.bad(.malformed))
      case .status(let number):
        return .over((200...299).contains(number) ? .good : .bad(.status(number)))
      }
    }
  }
}

/// A socket on its way to a numeric address.
private final class HealthSocket {
  let descriptor: Descriptor

  init(host: String, port: UInt16, process: Int32, handle: Int32) throws(SystemError) {
    let bytes = Array(host.utf8)
    guard let address = InternetAddress(text: bytes.span) else {
      throw SystemError(call: "connect", number: Errno.invalid, subject: host)
    }
    let place = SocketPlace(
      high: address.high, low: address.low, isFour: address.isFour, port: port)
    if handle < 0 {
      descriptor = try SocketCalls.connectOwn(to: place)
    } else {
      let own = try Descriptor.duplicate(handle)
      let made = try AppNetwork.socket(of: process, own, isSix: !address.isFour)
      try AppNetwork.connect(made, to: place)
      descriptor = made
    }
  }
}
