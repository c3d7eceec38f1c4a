/// A socket that people's commands connect to: accepts peers, moves their bytes, and hides all of them behind one descriptor to
/// poll.
///
/// Nobody from inside a sandbox may connect, even where the socket can be seen there.
final class ControlSocket {
  /// Who else may.
  enum Guests {
    /// The same user and root.
    case sameUser
    /// Whoever the mode of the socket's file lets.
    case whoeverReachesIt
  }

  private var entrance: Entrance
  private let guests: Guests
  /// Takes the socket's name away, at the end.
  private let remove: () -> Void
  private var queue: EventQueue
  private var server: VarlinkServer
  private var peers: [Int: HeldDescriptor] = [:]
  /// Peers that have said all they will: they get what is ready, and go.
  private var ended: Set<Int> = []
  /// Somebody waits at the listener: let in at the end of the turn, when those that go have made room.
  private var knocks = false
  /// Refused at the door, for another user or from inside a sandbox.
  private(set) var turnedAway: UInt64 = 0

  private static let acceptsAtOnce = 16
  private static let callsAtOnce = 32

  /// - Parameter remove: takes the socket's name away, at the end.
  init(
    _ listener: consuming Descriptor, _ server: VarlinkServer, guests: Guests,
    remove: @escaping () -> Void
  ) throws(SystemError) {
    self.server = server
    self.guests = guests
    self.remove = remove
    queue = try EventQueue()
    entrance = try Entrance(listener, queue)
  }

  /// The socket of a session: for the same user and root.
  ///
  /// - Throws: `SystemError`; EADDRINUSE when somebody answers at this name.
  convenience init(
    _ place: ControlPlace, session: SessionName, _ server: VarlinkServer
  ) throws(SystemError) {
    let directory = try place.sessions()
    /* Ours alone, as our process id is: what has it is left over of a session that was killed. */
    Self.removeStale(session.text, in: directory, isOurs: true)
    let listener = try LocalSocket.listen(session.text, in: directory)
    Self.removeLeftovers(in: directory, but: session)
    let held = HeldPlace(directory)
    try self.init(listener, server, guests: .sameUser) {
      Self.removeFile(session.text, in: held.directory)
    }
  }

  deinit { remove() }

  /// The one door to wait on.
  var door: Int32 { queue.door }
  /// When `serve` wants to be called at the latest, in milliseconds on the monotonic clock.
  var nextAt: Int64? { [server.expiresAt, entrance.opensAt].compactMap { $0 }.min() }
  var dropped: UInt64 { server.dropped + turnedAway }
  var lastDrop: String? { server.lastDrop?.description }

  /// Sockets of sessions that were killed before they could take them away.
  private static func removeLeftovers(
    in directory: borrowing PrivateDirectory, but own: SessionName
  ) {
    for found in directory.names().prefix(256) {
      guard let session = SessionName(found), session != own, !isRunning(session.pid) else {
        continue
      }
      removeStale(found, in: directory, isOurs: true)
    }
  }

  private static func isRunning(_ pid: Int32) -> Bool {
    do throws(SystemError) {
      return try FileStatus.of("/proc/\(pid)") != nil
    } catch {
      return true
    }
  }

  /// Removes a socket behind which nobody listens; one that answers, or anything unclear, stays.
  ///
  /// - Parameter isOurs: nothing lies in that directory but what sessions left: a file that is no socket goes, too.
  static func removeStale(
    _ name: String, in directory: borrowing PrivateDirectory, isOurs: Bool = false
  ) {
    do throws(SystemError) {
      _ = try LocalSocket.connect(name, in: directory, timeoutMilliseconds: 10)
    } catch {
      /* The kernel says the same of a file that is no socket (connect(2)). */
      guard error.number == LocalSocket.refused else { return }
      if isOurs { directory.remove(name) } else { removeFile(name, in: directory) }
    }
  }

  /// The file of a socket of ours, if that is what is there.
  static func removeFile(_ name: String, in directory: borrowing PrivateDirectory) {
    do throws(SystemError) {
      try directory.removeSocket(name)
    } catch {
      /* Something else, which is not ours to remove, or nothing. */
    }
  }

  // MARK: one turn

  /// Takes what has come and gives what can be given; never waits.
  func serve(now: Int64) throws(SystemError) {
    try entrance.open(queue, now: now)
    for index in 0..<(try queue.wait(timeout: 0)) {
      let event = queue[index]
      if event.token == Entrance.token {
        knocks = true
        continue
      }
      let peer = Int(event.token)
      if event.isReadable || event.isHungUp { read(peer, now: now) }
      if event.isWritable { write(peer, now: now) }
    }
    server.expire(now: now)
    hangUp()
  }

  /// The calls to be answered now. At most 32: whoever floods shall not keep the session from its app.
  func calls(now: Int64) -> [VarlinkCall] {
    var calls: [VarlinkCall] = []
    while calls.count < Self.callsAtOnce, let call = server.nextCall(now: now) {
      calls.append(call)
    }
    return calls
  }

  func reply(_ call: VarlinkCall, _ parameters: JSONObject, continues: Bool = false, now: Int64) {
    server.reply(call, parameters, continues: continues, now: now)
  }

  func fail(_ call: VarlinkCall, _ error: VarlinkError, now: Int64) {
    server.fail(call, error, now: now)
  }

  func takes(_ call: VarlinkCall) -> Bool { server.takes(call) }
  func waits(_ call: VarlinkCall) -> Bool { server.waits(call) }

  /// Sends what was answered, and sees to what is waited for next.
  func finish(now: Int64) throws(SystemError) {
    for peer in peers.keys.sorted() {
      if !server.output(peer).isEmpty { write(peer, now: now) }
      if ended.contains(peer) { leave(peer) }
    }
    hangUp()
    if knocks { try accept(now) }
    for (peer, held) in peers {
      var wanted: EventQueue.Wanted = server.wantsInput(peer) ? .reading : []
      if !server.output(peer).isEmpty { wanted.insert(.writing) }
      try queue.change(held.descriptor.raw, token: UInt64(peer), wanted)
    }
  }

  private func accept(_ now: Int64) throws(SystemError) {
    knocks = false
    for _ in 0..<Self.acceptsAtOnce {
      guard let socket = try entrance.next(queue, now: now) else { return }
      guard isWelcome(socket) else {
        turnedAway += 1
        continue
      }
      guard let peer = server.connect() else { continue }
      let held = HeldDescriptor(socket)
      do throws(SystemError) {
        try queue.add(held.descriptor.raw, token: UInt64(peer), .reading)
        peers[peer] = held
      } catch {
        /* Too much is watched already. */
        server.disconnect(peer)
        turnedAway += 1
      }
    }
  }

  private func isWelcome(_ socket: borrowing Descriptor) -> Bool {
    do throws(SystemError) {
      let peer = try LocalSocket.peer(of: socket)
      let own = LocalSocket.user
      /* No app of an ordinary user's is root. */
      if peer.uid == 0 && own != 0 { return true }
      return (guests == .whoeverReachesIt || peer.uid == own) && peer.isOfOurNamespace()
    } catch {
      return false
    }
  }

  private func read(_ peer: Int, now: Int64) {
    guard let held = peers[peer] else { return }
    switch Bytes.take(from: held.descriptor.raw) {
    case .bytes(let bytes): server.receive(bytes, from: peer, now: now)
    case .nothingNow: break
    case .end: ended.insert(peer)
    }
  }

  private func write(_ peer: Int, now: Int64) {
    guard let held = peers[peer] else { return }
    while true {
      let output = server.output(peer)
      if output.isEmpty { return }
      guard let count = LocalSocket.give(output, to: held.descriptor) else { return leave(peer) }
      if count == 0 { return }
      server.sent(count, to: peer, now: now)
    }
  }

  private func leave(_ peer: Int) {
    server.disconnect(peer)
    peers[peer] = nil
    ended.remove(peer)
  }

  private func hangUp() {
    for drop in server.takeDrops() {
      peers[drop.peer] = nil
      ended.remove(drop.peer)
    }
  }
}

/// A box, so that a closure can own a directory.
final class HeldPlace {
  let directory: PrivateDirectory
  init(_ directory: consuming PrivateDirectory) { self.directory = directory }
}
