/// The sockets that are listened on for an app. They are open for as long as this lives, whether the app runs or not: a crash
/// refuses nobody. Its end closes them and removes their files.
package final class Listeners {
  private var sockets: [ListeningDoor] = []
  private let policies: [ListenPolicy]
  /// In the order of `descriptors`, as LISTEN_FDNAMES has them.
  package let names: [String]

  /// Opens all, or none.
  ///
  /// - Throws: where it was asked for, what failed, and what to do.
  package init(_ policies: [ListenPolicy]) throws(Diagnostic) {
    self.policies = policies
    names = policies.map(\.name)
    for policy in policies { sockets.append(try Self.open(policy)) }
  }

  /// To be polled for reading (somebody is there), and given to the app from number 3 on. They stay owned here, and block.
  package var descriptors: [Int32] { sockets.map { $0.socket.raw } }

  /// Opens anew what the app has shut down (shutdown(2)): that holds for all who have the socket, and nobody can connect to it any
  /// more. While no instance of the app is there.
  ///
  /// - Returns: the names of those.
  /// - Throws: as `init`; then this is of no more use.
  package func renew() throws(Diagnostic) -> [String] {
    let places = sockets.indices.filter { ServiceSockets.isShut(sockets[$0].socket.raw) }
    for place in places {
      /* First closed: until then its address is taken. */
      sockets.remove(at: place)
      sockets.insert(try Self.open(policies[place]), at: place)
    }
    return places.map { names[$0] }
  }

  private static func open(_ policy: ListenPolicy) throws(Diagnostic) -> ListeningDoor {
    do throws(SystemError) {
      switch policy.address {
      case .tcp(let host, let port): return try internet(host, port, .stream, policy.backlog)
      case .udp(let host, let port): return try internet(host, port, .datagram, policy.backlog)
      case .unixStream(let path): return try local(path, .stream, policy)
      case .unixDatagram(let path): return try local(path, .datagram, policy)
      case .unixSequenced(let path): return try local(path, .sequenced, policy)
      }
    } catch {
      throw ListenFault.diagnostic(error, policy)
    }
  }

  private static func internet(
    _ host: String, _ port: UInt16, _ kind: ServiceSockets.Kind, _ backlog: Int32
  ) throws(SystemError) -> ListeningDoor {
    guard host.isEmpty else {
      let bytes = Array(host.utf8)
      guard let address = InternetAddress(text: bytes.span) else {
        throw SystemError(call: "bind", number: Errno.invalid)
      }
      let place = SocketPlace(
        high: address.high, low: address.low, isFour: address.isFour, port: port)
      return ListeningDoor(
        try ServiceSockets.listen(at: place, kind, both: false, backlog: backlog))
    }
    do throws(SystemError) {
      let every = SocketPlace(high: 0, low: 0, isFour: false, port: port)
      return ListeningDoor(
        try ServiceSockets.listen(at: every, kind, both: true, backlog: backlog))
    } catch {
      /* A machine without IPv6 has no such family, or no such address. */
      guard error.number == ServiceSockets.noFamily || error.number == ServiceSockets.noAddress
      else { throw error }
      let every = SocketPlace(high: 0, low: 0, isFour: true, port: port)
      return ListeningDoor(
        try ServiceSockets.listen(at: every, kind, both: false, backlog: backlog))
    }
  }

  private static func local(
    _ path: String, _ kind: ServiceSockets.Kind, _ policy: ListenPolicy
  ) throws(SystemError) -> ListeningDoor {
    func open() throws(SystemError) -> ListeningDoor {
      let made = try ServiceSockets.listen(
        at: path, kind, mode: policy.mode, backlog: policy.backlog)
      return ListeningDoor(made, path: path)
    }
    do throws(SystemError) {
      return try open()
    } catch {
      /* Left by one that was killed: a socket file of ours at which nobody answers. */
      guard error.number == ServiceSockets.taken, path.utf8.first != UInt8(ascii: "@"),
        !ServiceSockets.isAnswered(path, kind)
      else { throw error }
      do throws(SystemError) {
        try ServiceSockets.remove(path)
      } catch let refusal {
        throw refusal.number == Errno.stale ? error : refusal
      }
      return try open()
    }
  }
}

/// One socket, with the file that goes with it.
private final class ListeningDoor {
  let socket: Descriptor
  private let path: String
  private let file: ServiceSockets.File?

  init(_ socket: consuming Descriptor) {
    self.socket = socket
    path = ""
    file = nil
  }

  init(_ listener: consuming LocalListener, path: String) {
    file = listener.file
    self.path = path
    socket = listener.takeSocket()
  }

  deinit {
    guard let file else { return }
    do throws(SystemError) {
      try ServiceSockets.remove(path, file)
    } catch {
      /* Somebody removed it, or put another in its place: that one is not ours to remove. */
    }
  }
}
