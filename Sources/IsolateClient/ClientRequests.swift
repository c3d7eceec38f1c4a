extension Broker {
  /// What a request returns that has one reply.
  private func answer<Value>(
    _ id: UInt32, _ read: (Reply) -> Value
  ) throws(BrokerError) -> Value { try finish(id, read).values[0] }

  private func done(_ id: UInt32) throws(BrokerError) { try answer(id) { _ in } }

  /// The descriptor that a request returns, behind its handle.
  private func descriptor(_ id: UInt32) throws(BrokerError) -> OwnedDescriptor {
    let (_, found) = try finish(id, descriptors: 1) { $0.take(UInt32.self) }
    return OwnedDescriptor(adopting: found[0])
  }

  /// Begins to open a file: `finishOpen` waits for it.
  public func beginOpen(
    _ grant: String, _ path: String = "", _ flags: OpenFlags = .read, mode: UInt32 = 0o600
  ) throws(BrokerError) -> UInt32 { try ask(16, grant, flags.rawValue, mode, path) }

  public func finishOpen(_ id: UInt32) throws(BrokerError) -> OwnedDescriptor {
    try descriptor(id)
  }

  /// A file beneath a grant, or with an empty path the granted file itself.
  ///
  /// - Parameter mode: permission bits of a file that is made.
  public func open(
    _ grant: String, _ path: String = "", _ flags: OpenFlags = .read, mode: UInt32 = 0o600
  ) throws(BrokerError) -> OwnedDescriptor {
    try finishOpen(try beginOpen(grant, path, flags, mode: mode))
  }

  public func stat(_ grant: String, _ path: String = "") throws(BrokerError) -> FileStatus {
    try answer(try ask(17, grant, path)) {
      FileStatus(
        size: $0.take(), mode: $0.take(), uid: $0.take(), gid: $0.take(),
        modifiedSeconds: $0.take(), modifiedNanoseconds: $0.take(), inode: $0.take())
    }
  }

  /// Everything in a directory.
  public func list(_ grant: String, _ path: String = "") throws(BrokerError) -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    var cursor: UInt64 = 0
    repeat {
      for part in try finish(try ask(18, grant, path, cursor), { $0.entries() }).values {
        cursor = part.next
        entries += part.entries
      }
    } while cursor != 0
    return entries
  }

  public func remove(
    _ grant: String, _ path: String, isDirectory: Bool = false
  ) throws(BrokerError) { try done(try ask(19, grant, isDirectory ? 1 : 0 as UInt32, path)) }

  public func rename(
    _ grant: String, _ from: String, _ to: String, keepsExisting: Bool = false
  ) throws(BrokerError) { try done(try ask(20, grant, keepsExisting ? 1 : 0 as UInt32, from, to)) }

  public func makeDirectory(
    _ grant: String, _ path: String, mode: UInt32 = 0o700
  ) throws(BrokerError) { try done(try ask(21, grant, mode, path)) }

  /// A connected socket.
  ///
  /// - Parameter host: a name, an address, or for unix a path.
  public func connect(
    _ grant: String, _ host: String, port: UInt16 = 0, _ transport: Transport = .tcp
  ) throws(BrokerError) -> OwnedDescriptor {
    try descriptor(try ask(32, grant, UInt16(transport.rawValue), port, host))
  }

  /// A listening socket (udp: a bound one); `port` becomes the one that was chosen.
  public func listen(
    _ grant: String, _ host: String = "", port: inout UInt16, _ transport: Transport = .tcp,
    backlog: UInt16 = 0
  ) throws(BrokerError) -> OwnedDescriptor {
    let id = try ask(33, grant, UInt16(transport.rawValue), port, backlog, host)
    let (chosen, found) = try finish(id, descriptors: 1) {
      (handle: $0.take(UInt32.self), port: $0.take(UInt16.self))
    }
    port = chosen[0].port
    return OwnedDescriptor(adopting: found[0])
  }

  /// The addresses of a name, of 4 or 16 bytes each.
  public func resolve(_ grant: String, _ name: String) throws(BrokerError) -> [[UInt8]] {
    try answer(try ask(34, grant, name)) { $0.list { $0.text() } }
  }

  /// The secret, as a memory file that cannot change.
  public func secret(_ grant: String) throws(BrokerError) -> OwnedDescriptor {
    try descriptor(try ask(48, grant))
  }

  public func device(
    _ grant: String, _ flags: OpenFlags = .read
  ) throws(BrokerError) -> OwnedDescriptor { try descriptor(try ask(64, grant, flags.rawValue)) }

  /// Starts an app and returns its instance's name.
  public func startApp(
    _ grant: String, _ name: String, arguments: [String] = []
  ) throws(BrokerError) -> String {
    try answer(try ask(80, grant, name, arguments)) { $0.string() }
  }

  public func signalApp(
    _ grant: String, _ instance: String, _ signal: UInt32
  ) throws(BrokerError) { try done(try ask(81, grant, instance, signal)) }

  public func appStatus(_ grant: String, _ instance: String) throws(BrokerError) -> AppStatus {
    try answer(try ask(82, grant, instance)) {
      AppStatus(state: $0.take(), exit: $0.take(), restarts: $0.take())
    }
  }

  /// - Parameter seconds: since 1970, UTC.
  public func setClock(
    _ grant: String, seconds: Int64, nanoseconds: UInt32 = 0
  ) throws(BrokerError) { try done(try ask(96, grant, seconds, nanoseconds)) }

  /// Asks a driver: its answer, and its descriptors, which are the caller's.
  public func call(
    _ grant: String, _ payload: [UInt8], descriptors: [Int32] = []
  ) throws(BrokerError) -> (answer: [UInt8], descriptors: [Int32]) {
    let id = try begin(112, grant, fields: bytes([payload]), descriptors: descriptors)
    let (answers, kept) = try finish(id, descriptors: nil) { $0.text() }
    return (answers[0], kept)
  }

  /// Lines as of sd_notify(3): `READY=1`.
  public func notify(_ lines: String) throws(BrokerError) { try done(try ask(3, nil, lines)) }

  /// What was handed out.
  public func handles() throws(BrokerError) -> [HandedOut] {
    let parts = try finish(try ask(4, nil, 0 as UInt32)) {
      $0.list {
        HandedOut(
          handle: $0.take(), grant: $0.take(), kind: $0.take(), state: $0.take(),
          ageMilliseconds: $0.take(), rights: $0.take())
      }
    }
    return parts.values.flatMap { $0 }
  }

  /// Has the broker forget a descriptor, and cut it if it is a socket.
  public func closeHandle(_ handle: UInt32) throws(BrokerError) {
    try done(try ask(5, nil, handle))
  }

  /// Another socket to the broker: for a thread of its own `Broker(socket:)`, for another program in its ISOLATED_BROKER_FD.
  public func door() throws(BrokerError) -> OwnedDescriptor {
    OwnedDescriptor(adopting: try finish(try ask(6, nil), descriptors: 1) { _ in }.descriptors[0])
  }

  /// Cancels a request that was begun; it still has to be finished.
  public func cancel(_ id: UInt32) throws(BrokerError) { try done(try ask(2, nil, id)) }
}
