internal import Glibc

/// The app's socket to its broker.
///
///     let broker = try Broker()
///     let photo = try broker.open("photos", "a.jpg")
///
/// One thread at a time. Several requests at once: `begin` them, then `finish` each, in any order.
public final class Broker {
  public private(set) var grants: [AppGrant] = []
  /// Of requests from now on; 0: 30 seconds.
  public var deadlineMilliseconds: UInt32 = 0
  /// How much longer than the deadline to wait for a broker that says nothing.
  public var patienceMilliseconds: UInt32 = 5000

  private let socket: Int32
  private var waiting: [UInt32: Waiting] = [:]
  private var next: UInt32
  /// An errno: nothing works any more.
  private var broken: Int32 = 0

  private struct Waiting {
    var opcode: UInt16
    /// In milliseconds of the monotonic clock.
    var until: Int64
    var replies: [Reply] = []
  }

  static let messageBytes = 4096
  static let mostDescriptors = 16

  /// Finds the socket in the environment and learns the grants. The socket is never closed: others may use it.
  public convenience init() throws(BrokerError) {
    var number: Int32 = -1
    if let text = unsafe getenv("ISOLATED_BROKER_FD") {
      number = unsafe Int32(String(cString: text)) ?? -1
    }
    try self.init(socket: number)
  }

  /// The same with a socket of `door`, which stays the caller's and open as long as this is used.
  public init(socket: Int32) throws(BrokerError) {
    self.socket = socket
    next = UInt32(truncatingIfNeeded: Self.now) &* 64
    var type: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0,
      type == Int32(SOCK_SEQPACKET.rawValue)
    else { throw BrokerError(ENOTCONN) }
    var total = 1
    while grants.count < total {
      let first = UInt16(truncatingIfNeeded: grants.count)
      for hello in try finish(try ask(1, nil, 1 as UInt16, 1 as UInt16, first), { $0.hello() })
        .values
      {
        total = hello.total
        grants += hello.grants
      }
      if grants.count == first && total > first { throw fail(EPROTO) }
    }
  }

  private static var now: Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private func fail(_ number: Int32) -> BrokerError {
    broken = number
    return BrokerError(number)
  }

  /// Sends a request.
  ///
  /// - Parameters:
  ///   - grant: by its name; nil for a request that names none.
  ///   - fields: what docs/protocol.md lists behind the grant.
  ///   - descriptors: stay the caller's.
  /// - Returns: the id for `finish` or `cancel`.
  public func begin(
    _ opcode: UInt16, _ grant: String? = nil, fields: [UInt8] = [], descriptors: [Int32] = []
  ) throws(BrokerError) -> UInt32 {
    if broken != 0 { throw BrokerError(broken) }
    var body = fields
    if let grant {
      guard let index = grants.firstIndex(where: { $0.name == grant }) else {
        throw BrokerError(EACCES, detail: 1)
      }
      body = bytes([UInt16(truncatingIfNeeded: index)]) + body
    }
    next = next == .max ? 1 : next + 1
    let size = 16 + body.count
    guard size <= Self.messageBytes, descriptors.count <= Self.mostDescriptors else {
      throw BrokerError(EMSGSIZE)
    }
    let header: [any Field] = [UInt32(opcode), next, UInt32(size), deadlineMilliseconds]
    let message = bytes(header) + body
    let deadline = deadlineMilliseconds == 0 ? 30_000 : deadlineMilliseconds
    let until = Self.now + Int64(deadline) + Int64(patienceMilliseconds)
    while SocketMessage.send(message, descriptors, on: socket) < 0 {
      if errno == EPIPE || errno == ECONNRESET { throw fail(ECONNRESET) }
      try wait(for: POLLOUT, until: until)
    }
    waiting[next] = Waiting(opcode: opcode, until: until)
    return next
  }

  /// The same with fields as they are written down there.
  func ask(
    _ opcode: UInt16, _ grant: String?, _ fields: any Field...
  ) throws(BrokerError) -> UInt32 {
    try begin(opcode, grant, fields: bytes(fields))
  }

  /// Waits for the reply to a request, or for each of its replies, and has `read` take what it returns.
  ///
  /// - Parameter wanted: how many descriptors must come; nil: any number.
  /// - Returns: what `read` made of each; and the descriptors, which are the caller's.
  func finish<Value>(
    _ id: UInt32, descriptors wanted: Int? = 0, _ read: (Reply) -> Value
  ) throws(BrokerError) -> (values: [Value], descriptors: [Int32]) {
    var values: [Value] = []
    defer { waiting[id] = nil }
    while true {
      guard let entry = waiting[id] else { throw BrokerError(EINVAL) }
      guard let reply = entry.replies.first else {
        if broken != 0 { throw BrokerError(broken) }
        try receive(until: entry.until)
        continue
      }
      waiting[id]?.replies.removeFirst()
      if reply.status == 0 { values.append(read(reply)) }
      let expected = reply.status == 0 ? wanted : 0
      guard reply.isAtEnd, expected == nil || expected == reply.descriptors.count else {
        throw fail(EPROTO)
      }
      guard reply.status == 0 else {
        let number = Int32(truncatingIfNeeded: reply.status)
        throw BrokerError(number, detail: reply.detail, rule: reply.rule)
      }
      if reply.hasMore { continue }
      let descriptors = reply.descriptors
      reply.descriptors = []
      return (values, descriptors)
    }
  }

  /// Receives one message and gives it to whoever waits; a reply to a request that was given up is dropped.
  private func receive(until: Int64) throws(BrokerError) {
    guard let message = SocketMessage.receive(on: socket) else {
      if errno == ECONNRESET { throw fail(ECONNRESET) }
      return try wait(for: POLLIN, until: until)
    }
    let reply = Reply(message.bytes, message.descriptors)
    if message.bytes.isEmpty { throw fail(ECONNRESET) }
    let opcode = reply.take(UInt16.self)
    let flags = reply.take(UInt16.self)
    let id = reply.take(UInt32.self)
    let size = reply.take(UInt32.self)
    reply.status = reply.take()
    reply.hasMore = flags == 1
    reply.detail = reply.take()
    _ = reply.take(UInt8.self)
    _ = reply.take(UInt16.self)
    let rule = reply.text()
    reply.rule = String(decoding: rule, as: UTF8.self)
    let isOfRequest = waiting[id].map { opcode == $0.opcode | 0x8000 } ?? true
    guard reply.isSound, size == UInt32(message.bytes.count), flags < 2, id != 0, isOfRequest,
      reply.status < 4096, rule.count <= 256, !message.isCut
    else { throw fail(EPROTO) }
    waiting[id]?.replies.append(reply)
  }

  /// After a send or receive that failed: returns when it is worth another try.
  private func wait(for events: Int32, until: Int64) throws(BrokerError) {
    guard errno == EAGAIN || errno == EINTR else { throw BrokerError(errno) }
    let left = until - Self.now
    if left <= 0 { throw BrokerError(ETIMEDOUT) }
    var door = pollfd(fd: socket, events: Int16(events), revents: 0)
    _ = unsafe poll(&door, 1, Int32(min(left, 1_000_000)))
  }
}
