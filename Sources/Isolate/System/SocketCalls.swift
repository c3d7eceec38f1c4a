internal import CSeccomp
internal import Glibc

/// Where a socket leads to or lies: an address of 4 or 16 bytes and a port.
package struct SocketPlace: Hashable, Sendable {
  /// The two halves of the IPv6 form; an IPv4 address is the lowest 32 bits.
  package var high: UInt64
  package var low: UInt64
  package var isFour: Bool
  package var port: UInt16

  package init(high: UInt64, low: UInt64, isFour: Bool, port: UInt16) {
    self.high = high
    self.low = low
    self.isFour = isFour
    self.port = port
  }

  var raw: driver_peer {
    var peer = driver_peer()
    peer.port = port
    peer.size = isFour ? 4 : 16
    let (high, low) = isFour ? (low << 32, 0) : (high, low)
    unsafe withUnsafeMutableBytes(of: &peer.bytes) { bytes in
      for index in 0..<8 {
        unsafe bytes[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
        unsafe bytes[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
      }
    }
    return peer
  }
}

/// What keeps a TCP socket that an app gets from being connected elsewhere.
package enum SocketBond: Hashable, Sendable {
  /// The socket's own filter, or there is no socket.
  case required
  /// Something else does already (Landlock refuses the app every connect(2) over TCP); the filter comes on top where the
  /// kernel lets us. Some kernels want CAP_NET_ADMIN for it (seen: 6.18).
  case ifPossible
}

/// Sockets for drivers: none waits, and what may be handed out is bound to its peer first (driver_sockets.h says how).
package enum SocketCalls {
  /// How far a connection has come.
  package enum Progress: Hashable, Sendable {
    case connecting
    case connected
    case failed(Int32)
  }

  /// A TCP socket that has begun to connect and takes segments of this peer only, for ever: for an app.
  ///
  /// - Throws: EPERM when the bond is required and the kernel does not let us make it.
  package static func connect(
    to place: SocketPlace, bond: SocketBond
  ) throws(SystemError) -> Descriptor {
    var peer = place.raw
    let isRequired: Int32 = bond == .required ? 1 : 0
    return Descriptor(
      adopting: try call("connect") { unsafe driver_connect_tcp(&peer, isRequired) })
  }

  /// The same without that bond: for ourselves.
  package static func connectOwn(to place: SocketPlace) throws(SystemError) -> Descriptor {
    var peer = place.raw
    return Descriptor(adopting: try call("connect") { unsafe driver_connect_stream(&peer) })
  }

  /// A connected UDP socket: for ourselves, as its holder may send to anybody.
  package static func connectDatagrams(to place: SocketPlace) throws(SystemError) -> Descriptor {
    var peer = place.raw
    return Descriptor(adopting: try call("connect") { unsafe driver_connect_udp(&peer) })
  }

  /// Once connected the descriptor blocks, as an app expects of one.
  package static func progress(of socket: borrowing Descriptor) -> Progress {
    switch driver_connected(socket.raw) {
    case 0: .connected
    case EINPROGRESS: .connecting
    case let number: .failed(number)
    }
  }

  /// A listening TCP socket, and its port. It, and what it accepts, connects nowhere.
  package static func listen(
    at place: SocketPlace, backlog: Int32, bond: SocketBond
  ) throws(SystemError) -> ListeningSocket {
    var peer = place.raw
    var port: UInt16 = 0
    let isRequired: Int32 = bond == .required ? 1 : 0
    let raw = try call("listen") {
      unsafe driver_listen_tcp(&peer, backlog, isRequired, &port)
    }
    return ListeningSocket(socket: Descriptor(adopting: raw), port: port)
  }

  /// A bound UDP socket, which answers whom its holder likes.
  package static func bindDatagrams(at place: SocketPlace) throws(SystemError) -> ListeningSocket {
    var peer = place.raw
    var port: UInt16 = 0
    let raw = try call("bind") { unsafe driver_bind_udp(&peer, &port) }
    return ListeningSocket(socket: Descriptor(adopting: raw), port: port)
  }

  /// A connection to the Unix socket that an O_PATH descriptor names. EAGAIN: it is full. Needs /proc.
  package static func connect(unix place: borrowing Descriptor) throws(SystemError) -> Descriptor {
    let raw = place.raw
    return Descriptor(adopting: try call("connect") { driver_connect_unix(raw) })
  }

  /// A listening Unix socket of this name in the directory that an O_PATH descriptor names. Needs /proc.
  package static func listen(
    unix directory: borrowing Descriptor, name: Span<UInt8>, backlog: Int32
  ) throws(SystemError) -> Descriptor {
    let raw = directory.raw
    let socket = try unsafe name.withUnsafeBytes { name throws(SystemError) in
      try call("bind") { unsafe driver_listen_unix(raw, name.baseAddress, name.count, backlog) }
    }
    return Descriptor(adopting: socket)
  }

  /// A channel for datagrams: our end, which does not block, and the app's.
  package static func datagramChannel() throws(SystemError) -> DatagramChannel {
    var ends: (Int32, Int32) = (-1, -1)
    try call("socketpair") {
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe driver_datagram_pair($0.assumingMemoryBound(to: Int32.self).baseAddress)
      }
    }
    return DatagramChannel(
      ours: Descriptor(adopting: ends.0), apps: Descriptor(adopting: ends.1))
  }

  /// Moves at most `budget` datagrams.
  ///
  /// - Returns: whether more may wait.
  /// - Throws: EPIPE when the end that is read from was closed.
  package static func relay(
    from: borrowing Descriptor, to: borrowing Descriptor, budget: Int32
  ) throws(SystemError) -> Bool {
    let (from, to) = (from.raw, to.raw)
    return try call("recv") { driver_relay(from, to, budget) } == 1
  }

  /// Gives what can be given now: how much of it; 0: nothing.
  package static func send(
    _ bytes: Span<UInt8>, to socket: borrowing Descriptor
  ) throws(SystemError) -> Int {
    let raw = socket.raw
    do throws(SystemError) {
      return try unsafe bytes.withUnsafeBytes { bytes throws(SystemError) in
        try call("send") { unsafe driver_send(raw, bytes.baseAddress, bytes.count) }
      }
    } catch {
      if error.number == EAGAIN { return 0 }
      throw error
    }
  }

  /// What is there, at most as much as the buffer holds; nil: nothing now. 0: the end, or an empty datagram.
  package static func receive(
    from socket: borrowing Descriptor, into buffer: inout [UInt8]
  ) throws(SystemError) -> Int? {
    let raw = socket.raw
    do throws(SystemError) {
      return try call("recv") {
        unsafe buffer.withUnsafeMutableBytes {
          unsafe driver_receive(raw, $0.baseAddress, $0.count)
        }
      }
    } catch {
      if error.number == EAGAIN { return nil }
      throw error
    }
  }
}

/// A socket that waits for others, and the port it got (0 for a Unix socket).
package struct ListeningSocket: ~Copyable {
  package let socket: Descriptor
  package let port: UInt16

  package consuming func take() -> Descriptor { socket }
}

/// Two ends of a channel, to be taken one by one.
package struct DatagramChannel: ~Copyable {
  package let ours: Descriptor
  package var apps: Descriptor?
}
