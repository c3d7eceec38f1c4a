internal import Glibc

extension Broker {
  /// The descriptor that a request returns, behind its handle.
  private func descriptor(_ id: UInt32, _ read: (Reply) -> Void = { _ in }) throws(BrokerError)
    -> OwnedDescriptor
  {
    let descriptors = try finish(id, descriptors: 1) { reply in
      _ = reply.take(UInt32.self)
      read(reply)
    }
    return OwnedDescriptor(adopting: descriptors[0])
  }

  private func done(
    _ opcode: UInt16, _ grant: String?, _ make: (inout Fields) -> Void
  ) throws(BrokerError) {
    try finish(try begin(opcode, grant, fields: Fields(make).bytes)) { _ in }
  }

  /// Begins to open a file: `finishOpen` waits for it.
  public func beginOpen(
    _ grant: String, _ path: String = "", _ flags: OpenFlags = .read, mode: UInt32 = 0o600
  ) throws(BrokerError) -> UInt32 {
    let fields = Fields {
      $0.put(flags.rawValue)
      $0.put(mode)
      $0.put(path.utf8)
    }
    return try begin(16, grant, fields: fields.bytes)
  }

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
    var found: FileStatus?
    try finish(try begin(17, grant, fields: Fields { $0.put(path.utf8) }.bytes)) {
      found = FileStatus(
        size: $0.take(), mode: $0.take(), uid: $0.take(), gid: $0.take(),
        modifiedSeconds: $0.take(), modifiedNanoseconds: $0.take(), inode: $0.take())
    }
    guard let found else { throw BrokerError(EPROTO) }
    return found
  }

  /// Everything in a directory.
  public func list(_ grant: String, _ path: String = "") throws(BrokerError) -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    var cursor: UInt64 = 0
    repeat {
      let fields = Fields {
        $0.put(path.utf8)
        $0.put(cursor)
      }
      try finish(try begin(18, grant, fields: fields.bytes)) {
        cursor = $0.take()
        entries += $0.list { DirectoryEntry(type: $0.take(), name: $0.text()) }
      }
    } while cursor != 0
    return entries
  }

  public func remove(
    _ grant: String, _ path: String, isDirectory: Bool = false
  ) throws(BrokerError) {
    try done(19, grant) {
      $0.put(isDirectory ? 1 : 0 as UInt32)
      $0.put(path.utf8)
    }
  }

  public func rename(
    _ grant: String, _ from: String, _ to: String, keepsExisting: Bool = false
  ) throws(BrokerError) {
    try done(20, grant) {
      $0.put(keepsExisting ? 1 : 0 as UInt32)
      $0.put(from.utf8)
      $0.put(to.utf8)
    }
  }

  public func makeDirectory(
    _ grant: String, _ path: String, mode: UInt32 = 0o700
  ) throws(BrokerError) {
    try done(21, grant) {
      $0.put(mode)
      $0.put(path.utf8)
    }
  }

  /// A connected socket.
  ///
  /// - Parameter host: a name, an address, or for unix a path.
  public func connect(
    _ grant: String, _ host: String, port: UInt16 = 0, _ transport: Transport = .tcp
  ) throws(BrokerError) -> OwnedDescriptor {
    let fields = Fields {
      $0.put(UInt16(transport.rawValue))
      $0.put(port)
      $0.put(host.utf8)
    }
    return try descriptor(try begin(32, grant, fields: fields.bytes))
  }

  /// A listening socket (udp: a bound one); `port` becomes the one that was chosen.
  public func listen(
    _ grant: String, _ host: String = "", port: inout UInt16, _ transport: Transport = .tcp,
    backlog: UInt16 = 0
  ) throws(BrokerError) -> OwnedDescriptor {
    let fields = Fields {
      $0.put(UInt16(transport.rawValue))
      $0.put(port)
      $0.put(backlog)
      $0.put(host.utf8)
    }
    var chosen: UInt16 = 0
    let socket = try descriptor(try begin(33, grant, fields: fields.bytes)) { chosen = $0.take() }
    port = chosen
    return socket
  }

  /// The addresses of a name, of 4 or 16 bytes each.
  public func resolve(_ grant: String, _ name: String) throws(BrokerError) -> [[UInt8]] {
    var addresses: [[UInt8]] = []
    try finish(try begin(34, grant, fields: Fields { $0.put(name.utf8) }.bytes)) {
      addresses = $0.list { $0.text() }
    }
    return addresses
  }

  /// The secret, as a memory file that cannot change.
  public func secret(_ grant: String) throws(BrokerError) -> OwnedDescriptor {
    try descriptor(try begin(48, grant))
  }

  public func device(
    _ grant: String, _ flags: OpenFlags = .read
  ) throws(BrokerError) -> OwnedDescriptor {
    try descriptor(try begin(64, grant, fields: Fields { $0.put(flags.rawValue) }.bytes))
  }

  /// Starts an app and returns its instance's name.
  public func startApp(
    _ grant: String, _ name: String, arguments: [String] = []
  ) throws(BrokerError) -> String {
    let fields = Fields {
      $0.put(name.utf8)
      $0.put(UInt16(truncatingIfNeeded: arguments.count))
      for argument in arguments { $0.put(argument.utf8) }
    }
    var instance: [UInt8] = []
    try finish(try begin(80, grant, fields: fields.bytes)) { instance = $0.text() }
    return String(decoding: instance, as: UTF8.self)
  }

  public func signalApp(
    _ grant: String, _ instance: String, _ signal: UInt32
  ) throws(BrokerError) {
    try done(81, grant) {
      $0.put(instance.utf8)
      $0.put(signal)
    }
  }

  public func appStatus(_ grant: String, _ instance: String) throws(BrokerError) -> AppStatus {
    var found: AppStatus?
    try finish(try begin(82, grant, fields: Fields { $0.put(instance.utf8) }.bytes)) {
      found = AppStatus(state: $0.take(), exit: $0.take(), restarts: $0.take())
    }
    guard let found else { throw BrokerError(EPROTO) }
    return found
  }

  /// - Parameter seconds: since 1970, UTC.
  public func setClock(
    _ grant: String, seconds: Int64, nanoseconds: UInt32 = 0
  ) throws(BrokerError) {
    try done(96, grant) {
      $0.put(seconds)
      $0.put(nanoseconds)
    }
  }

  /// Asks a driver: its answer, and its descriptors, which are the caller's.
  public func call(
    _ grant: String, _ payload: [UInt8], descriptors: [Int32] = []
  ) throws(BrokerError) -> (answer: [UInt8], descriptors: [Int32]) {
    let fields = Fields { $0.put(payload) }.bytes
    var answer: [UInt8] = []
    let id = try begin(112, grant, fields: fields, descriptors: descriptors)
    let kept = try finish(id, descriptors: nil) { answer = $0.text() }
    return (answer, kept)
  }

  /// Lines as of sd_notify(3): `READY=1`.
  public func notify(_ lines: String) throws(BrokerError) {
    try done(3, nil) { $0.put(lines.utf8) }
  }

  /// What was handed out.
  public func handles() throws(BrokerError) -> [HandedOut] {
    var found: [HandedOut] = []
    try finish(try begin(4, nil, fields: Fields { $0.put(0 as UInt32) }.bytes)) {
      found += $0.list {
        HandedOut(
          handle: $0.take(), grant: $0.take(), kind: $0.take(), state: $0.take(),
          ageMilliseconds: $0.take(), rights: $0.take())
      }
    }
    return found
  }

  /// Has the broker forget a descriptor, and cut it if it is a socket.
  public func closeHandle(_ handle: UInt32) throws(BrokerError) {
    try done(5, nil) { $0.put(handle) }
  }

  /// Another socket to the broker: for a thread of its own `Broker(socket:)`, for another program in its ISOLATED_BROKER_FD.
  public func door() throws(BrokerError) -> OwnedDescriptor {
    let descriptors = try finish(try begin(6), descriptors: 1) { _ in }
    return OwnedDescriptor(adopting: descriptors[0])
  }

  /// Cancels a request that was begun; it still has to be finished.
  public func cancel(_ id: UInt32) throws(BrokerError) {
    try done(2, nil) { $0.put(id) }
  }
}
