/// Listening for an app, and Unix sockets beneath a granted directory.
package enum SocketOpening {
  /// The longest queue of connections that nobody accepted yet.
  package static let longestBacklog: Int32 = 4096

  /// A listening TCP socket. It and what it accepts can be used to answer, not to connect elsewhere.
  ///
  /// - Parameter port: 0 lets the kernel choose.
  package static func listen(
    at address: InternetAddress, port: UInt16, backlog: UInt16, bond: SocketBond
  ) throws(SystemError) -> ListeningSocket {
    try SocketCalls.listen(
      at: SocketPlace(address, port: port), backlog: bounded(backlog), bond: bond)
  }

  /// A bound UDP socket. Its holder can send to every address that the bound one reaches: bound to loopback, to the
  /// machine itself; to any other, everywhere. So a grant of this is a grant of that.
  package static func bindDatagrams(
    at address: InternetAddress, port: UInt16
  ) throws(SystemError) -> ListeningSocket {
    try SocketCalls.bindDatagrams(at: SocketPlace(address, port: port))
  }

  /// A connection to a Unix stream socket. The service sees the broker's ids (SO_PEERCRED), which are its caller's.
  ///
  /// - Parameters:
  ///   - root: what the socket lies beneath; the path may be empty if it is the socket's own place.
  /// - Throws: ECONNREFUSED when nobody listens or it is no socket; EAGAIN when its queue is full.
  package static func connectUnix(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, links: Bool
  ) throws(SystemError) -> Descriptor {
    if path.isEmpty { return try SocketCalls.connect(unix: root) }
    let place = try RootedCalls.locate(root, path, links: links)
    return try SocketCalls.connect(unix: place)
  }

  /// A listening Unix stream socket; its file is made, and is removed by whoever made the grant, not by us.
  ///
  /// - Throws: EADDRINUSE when anything lies there; EINVAL when the last component is empty, `.` or `..`.
  package static func listenUnix(
    _ root: borrowing Descriptor, _ path: Span<UInt8>, links: Bool, backlog: UInt16
  ) throws(SystemError) -> Descriptor {
    var start = path.count
    while start > 0, path[start - 1] != UInt8(ascii: "/") { start -= 1 }
    let name = path.extracting(start..<path.count)
    let isDots = name.indices.allSatisfy { name[$0] == UInt8(ascii: ".") } && name.count <= 2
    if isDots { throw SystemError(call: "bind", number: Errno.invalid) }
    if start == 0 {
      return try SocketCalls.listen(unix: root, name: name, backlog: bounded(backlog))
    }
    let parent = try RootedCalls.locate(root, path.extracting(0..<start), links: links)
    return try SocketCalls.listen(unix: parent, name: name, backlog: bounded(backlog))
  }

  private static func bounded(_ backlog: UInt16) -> Int32 {
    min(max(1, Int32(backlog)), longestBacklog)
  }
}
