/// The sockets that an app was handed, to be shut when their grant is taken back.
///
/// A duplicate is held of each, so that it can be cut whatever the app does with its own. But the peer of a connection sees its
/// end only when the last duplicate is closed. So now and then it is looked whether any process still has it; if none has,
/// twice, ours is closed too. Should it live on (it was passed around while we looked), an epoll instance knows, which forgets
/// a socket with its last descriptor; it is searched for until it is found or gone.
final class KeptSockets {
  /// Of one app; one beyond is cut at once.
  static let limit = 256
  /// Between two looks, in milliseconds: at first, and when nothing changes.
  static let shortPause: Int64 = 500
  static let longPause: Int64 = 2000
  /// While one that is to be cut is out of sight: so often at a short distance.
  static let chasePause: Int64 = 50
  static let chases = 200

  private var sockets: [Kept] = []
  private var watch: HeldQueue?
  private var last: UInt64 = 0
  private var pause = shortPause
  private var chased = 0
  private(set) var dueAt: Int64?
  /// The app's ends of the ways to its broker, by inode.
  var doors: Set<UInt64> = []
  /// Until then there is no use in looking for places.
  private var fullUntil: Int64 = 0
  /// Of those that nobody has any more, and which no broker has been told.
  private var gone: [UInt32] = []

  private struct Kept {
    var number: UInt64
    var handle: UInt32
    var grant: UInt16
    var identity: SocketIdentity
    /// Nil: out of sight.
    var socket: HeldDescriptor?
    /// Looks in which nobody had it.
    var misses = 0
    var isToBeCut = false
  }

  /// A box, so that a class can make it late.
  private final class HeldQueue {
    let queue: EventQueue
    init() throws(SystemError) { queue = try EventQueue() }
  }

  var isEmpty: Bool { sockets.isEmpty }
  var isFull: Bool { sockets.count >= Self.limit }
  var outOfSight: Int { sockets.count { $0.socket == nil } }

  func isOutOfSight(_ handle: UInt32) -> Bool {
    sockets.contains { $0.handle == handle && $0.socket == nil }
  }

  /// The handle of one that nobody has any more, until `toldGone`.
  var firstGone: UInt32? { gone.first }
  func toldGone() { gone.removeFirst() }

  /// As below. When there are too many, it is looked first, twice: what nobody has is let go the second time.
  ///
  /// - Parameter inits: whose descriptors to look at: see `SocketSight`.
  func keep(
    _ socket: HeldDescriptor, handle: UInt32, grant: UInt16, beneath inits: [Int32], now: Int64
  ) {
    if isFull, now >= fullUntil {
      look(beneath: inits, now: now)
      if isFull { look(beneath: inits, now: now) }
      let after = Poller.now()
      if isFull { fullUntil = after + 100 * (after - now) }
    }
    keep(socket, handle: handle, grant: grant, now: now)
  }

  /// Looks, if that is due.
  func turn(beneath inits: [Int32], now: Int64) {
    if let dueAt, now >= dueAt { look(beneath: inits, now: now) }
  }

  /// - Returns: the handles of those that were shut.
  @discardableResult
  func look(beneath inits: [Int32], now: Int64) -> [UInt32] {
    if sockets.isEmpty { dueAt = nil }
    guard !inits.isEmpty, !sockets.isEmpty else { return [] }
    let sight = SocketSight.look(beneath: inits, withThreads: outOfSight > 0)
    let after = Poller.now()
    let seen = note(sight, now: after, took: after - now)
    gone = (gone + seen.gone).suffix(WireLimits.handles)
    return seen.cut
  }

  /// What is no socket is closed.
  func keep(_ socket: HeldDescriptor, handle: UInt32, grant: UInt16, now: Int64) {
    guard let identity = SocketIdentity(socket.descriptor) else { return }
    if isFull { return Packets.shut(socket.descriptor) }
    last += 1
    sockets.append(
      Kept(number: last, handle: handle, grant: grant, identity: identity, socket: socket))
    pause = Self.shortPause
    dueAt = min(dueAt ?? .max, now + pause)
  }

  /// Shuts what is meant. What is out of sight is shut when it is found.
  ///
  /// - Returns: the handles of those that were shut.
  @discardableResult
  func cut(grant: UInt16? = nil, handle: UInt32? = nil, now: Int64) -> [UInt32] {
    var gone: [UInt32] = []
    for place in sockets.indices.reversed()
    where sockets[place].grant == grant ?? sockets[place].grant
      && sockets[place].handle == handle ?? sockets[place].handle
    {
      if let socket = sockets[place].socket {
        Packets.shut(socket.descriptor)
        gone.append(sockets.remove(at: place).handle)
      } else {
        sockets[place].isToBeCut = true
        chased = 0
        dueAt = now
      }
    }
    return gone.reversed()
  }

  /// Goes by what was seen.
  ///
  /// - Parameter now: after looking.
  /// - Parameter took: how long looking took, in milliseconds: at most a hundredth of the time is spent on it.
  /// - Returns: the handles of those that nobody has any more, and those that were shut.
  func note(
    _ sight: SocketSight, now: Int64, took: Int64 = 0
  ) -> (gone: [UInt32], cut: [UInt32]) {
    var (gone, cut): ([UInt32], [UInt32]) = ([], [])
    find(in: sight, &gone, &cut)
    var isPassing: Bool?
    var changes = false
    for place in sockets.indices {
      guard let socket = sockets[place].socket else { continue }
      if !sight.isWhole || sight.places[sockets[place].identity.inode] != nil {
        sockets[place].misses = 0
        continue
      }
      /* Where there are no places left what may be on its way is let go as well: it is found again. */
      let passes =
        isPassing ?? (!isFull && sight.hasDescriptorsOnTheirWay(besides: doors))
      isPassing = passes
      if passes { continue }
      changes = true
      sockets[place].misses += 1
      if sockets[place].misses >= 2 { letGo(place, socket) }
    }
    find(in: SocketSight(), &gone, &cut)
    pause = changes ? Self.shortPause : min(2 * pause, Self.longPause)
    if sockets.contains(where: { $0.isToBeCut }) {
      chased += 1
      if chased < Self.chases { pause = Self.chasePause }
    }
    dueAt = sockets.isEmpty ? nil : now + max(pause, 100 * took)
    return (gone, cut)
  }

  /// It stays known to the epoll instance, as long as it lives.
  private func letGo(_ place: Int, _ socket: HeldDescriptor) {
    do throws(SystemError) {
      if watch == nil { watch = try HeldQueue() }
      try watch?.queue.add(socket.descriptor.raw, token: sockets[place].number, [])
      sockets[place].socket = nil
    } catch {
      /* Kept, as it could not be known any more. */
      sockets[place].misses = 0
    }
  }

  /// What was out of sight: gone, or found.
  private func find(in sight: SocketSight, _ gone: inout [UInt32], _ cut: inout [UInt32]) {
    guard sockets.contains(where: { $0.socket == nil }), let alive = watch?.queue.tokens() else {
      return
    }
    sockets.removeAll { kept in
      guard kept.socket == nil, !alive.contains(kept.number) else { return false }
      gone.append(kept.handle)
      return true
    }
    for place in sockets.indices.reversed() where sockets[place].socket == nil {
      guard let where_ = sight.places[sockets[place].identity.inode],
        let found = taken(where_, sockets[place].identity)
      else { continue }
      if sockets[place].isToBeCut {
        Packets.shut(found.descriptor)
        cut.append(sockets.remove(at: place).handle)
      } else {
        sockets[place].socket = found
        sockets[place].misses = 0
      }
    }
  }

  private func taken(_ place: SocketSight.Place, _ identity: SocketIdentity) -> HeldDescriptor? {
    do throws(SystemError) {
      let found = HeldDescriptor(try ProcessHandle.take(place.number, of: place.thread))
      return SocketIdentity(found.descriptor) == identity ? found : nil
    } catch {
      /* It has just been closed, or passed on. */
      return nil
    }
  }
}
