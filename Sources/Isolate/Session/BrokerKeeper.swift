/// The supervisor's side of one app's broker: launches it at the first knock, replaces it when it dies, and is what
/// operators act on.
///
/// It reads no byte that the app wrote. What the broker writes (the book, messages) is decoded as hostile.
package final class BrokerKeeper {
  /// So many deaths within so many milliseconds, and there is no further broker.
  static let deathLimit = 5
  static let deathWindow: Int64 = 10_000
  /// How many doors `doors` gives.
  static let doorCount = 4
  /// Sockets of one app that can be cut; one beyond is cut at once.
  static let socketLimit = 256

  package let policy: Policy
  package private(set) var state = BrokerState.asleep
  /// In the order of their arrival.
  package private(set) var pendingAsks: [PendingAsk] = []
  /// When the app was started, in milliseconds on the monotonic clock.
  let startedAt: Int64
  /// The same on the clock that leases and the book go by.
  let bootStart: BrokerTime
  private let host: HostFacts
  private let pins: BrokerPins
  /// The supervisor's end of the way to the app, until it is shut.
  private var door: HeldDescriptor?
  private var launch: BrokerLaunch?
  private var running: BrokerLaunch.Running?
  /// Kept mapped for `reader`, which looks at what brokers write: hostile words.
  private var book: SharedMemory?
  private(set) var reader: BookReader?
  private var failure: LaunchFailure?
  private var endStatus: ExitStatus?
  private var reportsEnded = false
  private var deaths: [Int64] = []
  let services: BrokerServices
  private var events: [BrokerEvent] = []
  /// Sockets that the app got, in the order in which it got them: to be shut when their grant is taken back.
  private var sockets: [HeldSocket] = []
  /// Our ends of the doors that the app asked for, for the next broker.
  private var moreDoors: [(number: UInt16, door: HeldDescriptor)] = []
  private(set) var revoked: Set<UInt16> = []
  private var answers: [UInt16: StandingAnswer] = [:]

  private struct HeldSocket {
    var handle: UInt32
    var grant: UInt16
    var socket: HeldDescriptor
  }

  /// Before the app runs: what its grants' paths name now is what they are of.
  ///
  /// - Parameter door: our end of the pair whose other end the app has.
  init(
    _ policy: Policy, _ host: HostFacts, door: HeldDescriptor, startedAt: Int64
  ) {
    self.policy = policy
    self.host = host
    self.startedAt = startedAt
    self.door = door
    bootStart = BrokerTime(microseconds: Poller.bootMicroseconds())
    pins = BrokerPins(policy, credentials: host.credentialsDirectory)
    services = BrokerServices(policy, host)
  }

  // MARK: The session's loop

  /// What to wait for: `doorCount` of them.
  var doors: [Door] {
    var knock: Int32 = -1
    if case .asleep = state { knock = door?.descriptor.raw ?? -1 }
    return [
      Door(knock), Door(running?.control.raw ?? -1),
      Door(reportsEnded ? -1 : running?.child.reports.raw ?? -1),
      Door(running?.child.pidfd.raw ?? -1),
    ]
  }

  /// When `handle` wants to be called though no door is ready, in milliseconds on the monotonic clock.
  var nextAt: Int64? {
    if case .resting(let until) = state { return until }
    return nil
  }

  /// - Parameter ready: the doors that `doors` gave, after waiting.
  func handle(_ ready: ArraySlice<Door>, now: Int64) throws(SystemError) {
    let ready = Array(ready)
    if ready[1].isReadable { readNotices() }
    if ready[2].isReadable { try readReports() }
    if ready[2].isHungUp && !ready[2].isReadable { reportsEnded = true }
    if ready[3].isReadable { try ended(now) }
    /* Who has closed it, or has ended, hears no answer. */
    if ready[0].isHungUp { shut(.closed) } else if ready[0].isReadable { start(now) }
    if case .resting(let until) = state, now >= until { start(now) }
  }

  /// The app has ended: so does its broker.
  func end() {
    /* What it said last: perhaps why the app has ended. */
    readNotices()
    if let running { ProcessHandle.endAndReap(running.child.pidfd) }
    running = nil
    services.endAll()
    switch state {
    case .asleep, .running, .resting: shut(.closed)
    case .givenUp, .cutOff, .closed: break
    }
  }

  private func start(_ now: Int64) {
    guard let door else { return }
    do throws(LaunchError) {
      let launch: BrokerLaunch
      if let known = self.launch { launch = known } else { launch = try prepare() }
      self.launch = launch
      failure = nil
      endStatus = nil
      reportsEnded = false
      pins.look()
      let running = try launch.start(
        door.descriptor, settings: settings(), pins: pins,
        orders: moreDoors.map { (.door(number: $0.number), $0.door) })
      self.running = running
      state = .running(pid: running.child.pid)
      events.append(.started(pid: running.child.pid))
    } catch {
      giveUp(words(error, policy).joined(separator: "; "))
    }
  }

  private func prepare() throws(LaunchError) -> BrokerLaunch {
    try attempt { () throws(SystemError) in
      let launch = try BrokerLaunch(policy, host)
      let mapped = try launch.mapBook()
      book = mapped
      reader = BookMemory(mapped).map(BookReader.init)
      return launch
    }
  }

  private func settings() throws(LaunchError) -> Descriptor {
    let start = BrokerStart(
      settings: BrokerSettings(
        grants: policy.grants, drivers: policy.drivers, start: bootStart,
        doors: [0] + moreDoors.map { Int($0.number) }, revoked: revoked, answers: answers),
      order: policy.namespaces.order, credentials: host.credentialsDirectory,
      appIsBonded: policy.network.mode == .host
        || host.landlockABI >= 4 && policy.network.connectPorts == [],
      pins: pins.pins)
    return try attempt { () throws(SystemError) in
      try SharedMemory.makeSealed("isolated-settings", start.encoded())
    }
  }

  private func shut(_ state: BrokerState) {
    self.state = state
    if let door { Packets.shut(door.descriptor) }
    door = nil
    pendingAsks = []
  }

  private func giveUp(_ reason: String) {
    shut(.givenUp(reason))
    events.append(.givenUp(reason))
  }

  // MARK: What the broker says

  private func readNotices() {
    guard let running else { return }
    /* As many as a socket holds: a broker that never stops must not keep us. */
    for _ in 0..<64 {
      do throws(SystemError) {
        var message = BrokerMessage()
        var span = message.bytes.mutableSpan
        guard var arrival = try Packets.receive(from: running.control, into: &span) else { return }
        if arrival.size == 0 { return }
        guard !arrival.isTruncated, let notice = message.notice(size: arrival.size) else {
          return distrust("it sent what is no message")
        }
        note(notice, HeldDescriptor(arrival.descriptors.take(0)))
      } catch {
        return
      }
    }
  }

  private func note(_ notice: BrokerNotice, _ passed: HeldDescriptor?) {
    switch notice {
    case .ready: break
    case .gaveSocket(let handle, let grant):
      guard let passed else { return }
      keep(HeldSocket(handle: handle, grant: grant, socket: passed))
    case .cut(let handle): cut { $0.handle == handle }
    case .openedDoor(let number):
      guard let passed, number > 0,
        number < WireLimits.doors, !moreDoors.contains(where: { $0.number == number })
      else { return }
      moreDoors.append((number, passed))
    case .closedDoor(let number): moreDoors.removeAll { $0.number == number }
    case .asks(let number, let grant, let opcode, let milliseconds, let subject):
      guard Int(grant) < policy.grants.count, let opcode = Opcode(rawValue: opcode),
        pendingAsks.count < policy.grants.count
      else { return }
      let left = max(0, min(milliseconds, 86_400_000))
      let ask = PendingAsk(
        number: number, grant: Int(grant), opcode: opcode, subject: subject.array,
        deadlineAt: Poller.now() + left)
      pendingAsks.append(ask)
      events.append(.asked(ask))
    case .askGone(let number): forget(ask: number)
    case .notified(let text): events.append(.notified(text.array))
    case .cutOff(let violation, _):
      let words = WireViolation(rawValue: violation)?.words ?? "a protocol error"
      shut(.cutOff(words))
      events.append(.cutOff(words))
    case .wantsService(let ticket, let grant, let opcode, let signal, let name):
      guard let opcode = Opcode(rawValue: opcode) else { return }
      serve(
        ServiceRequest(
          ticket: ticket, grant: Int(grant), opcode: opcode, signal: signal,
          name: RawText.decode(name.array), arguments: passed))
    case .ringIsHalfFull, .wantsDriver: break
    }
  }

  private func keep(_ socket: HeldSocket) {
    if revoked.contains(socket.grant) || sockets.count >= Self.socketLimit {
      return Packets.shut(socket.socket.descriptor)
    }
    sockets.append(socket)
  }

  private func cut(_ isMeant: (HeldSocket) -> Bool) {
    for socket in sockets where isMeant(socket) { Packets.shut(socket.socket.descriptor) }
    sockets.removeAll(where: isMeant)
  }

  private func forget(ask number: UInt64) {
    guard pendingAsks.contains(where: { $0.number == number }) else { return }
    pendingAsks.removeAll { $0.number == number }
    events.append(.askGone(number: number))
  }

  func send(_ order: BrokerOrder, passing number: Int32 = -1) {
    guard let running else { return }
    let message = BrokerMessage(order)
    _ = Packets.send(message.bytes.span, to: running.control, passing: number)
  }

  /// A broker that does not keep to our own protocol is not ours any more.
  private func distrust(_ reason: String) {
    guard let running else { return }
    events.append(.died("ended by us: \(reason)"))
    ProcessHandle.endAndReap(running.child.pidfd)
    self.running = nil
    died(Poller.now())
  }

  private func readReports() throws(SystemError) {
    guard let running else { return }
    while let message = try Launcher.receive(from: running.child.reports) {
      switch consume message {
      case .failed(let step, let number): failure = LaunchFailure(step: step, number: number)
      case .exited(let status, _): endStatus = ExitStatus(waitStatus: status)
      case .terminal: break
      case .started: break
      case .stopped: break
      case .continued: break
      case .shared: break
      case .crashFile: break
      case .crashed: break
      case .unwitnessed: break
      }
    }
  }

  // MARK: Its end

  private func ended(_ now: Int64) throws(SystemError) {
    guard let running,
      let initStatus = try ProcessHandle.status(of: running.child.pidfd, blocking: false)
    else { return }
    readNotices()
    guard self.running != nil else { return }
    try readReports()
    self.running = nil
    switch state {
    case .givenUp, .cutOff, .closed: return
    case .asleep, .running, .resting: break
    }
    if let failure {
      let text = Hints.explain(
        step: failure.step, number: failure.number, plan: running.plan, policy: running.policy
      ).text
      return giveUp(text)
    }
    let status = endStatus ?? ExitStatus(waitStatus: initStatus)
    if status == .exited(code: BrokerNumbers.End.doorClosed.rawValue) { return shut(.closed) }
    events.append(.died(cause(status)))
    died(now)
  }

  private func died(_ now: Int64) {
    /* Who asked is told that the broker died; the next one asks anew. */
    for ask in pendingAsks { forget(ask: ask.number) }
    deaths = deaths.filter { now - $0 < Self.deathWindow } + [now]
    if deaths.count >= Self.deathLimit {
      return giveUp("it died \(deaths.count) times within \(Self.deathWindow / 1000) s")
    }
    /* The first at once; then longer, so that a broker that dies as it starts does not eat the machine. */
    let pause = [0, 10, 50, 200][min(deaths.count - 1, 3)]
    state = .resting(until: now + Int64(pause))
    if pause == 0 { start(now) }
  }

  private func cause(_ status: ExitStatus) -> String {
    switch status {
    case .exited(let code): "exit code \(code)"
    case .signaled(let signal, _):
      signal == SignalNumber.illegal || signal == SignalNumber.trap
        ? "a trap (\(EndText.name(signal)))" : "killed by \(EndText.name(signal))"
    }
  }

  // MARK: Operators

  /// Takes a grant back: sockets are shut now, further requests are refused. Nil: no such grant.
  package func revoke(grant index: Int) -> Revocation? {
    guard policy.grants.indices.contains(index) else { return nil }
    let grant = UInt16(index)
    revoked.insert(grant)
    let gone = sockets.filter { $0.grant == grant }.map(\.handle)
    cut { $0.grant == grant }
    send(.revoke(grant: grant))
    events.append(.revoked(grant: index))
    let left = handles(at: Poller.now()).filter {
      $0.grant == index && !gone.contains($0.handle) && $0.state != .cut
    }
    return Revocation(cut: gone, beyondRecall: left.map(\.handle))
  }

  /// - Returns: false when no such request waits (any more).
  package func answer(_ number: UInt64, _ answer: AskAnswer) -> Bool {
    guard let ask = pendingAsks.first(where: { $0.number == number }), running != nil else {
      return false
    }
    switch answer {
    case .once, .no: break
    case .forThisRun: answers[UInt16(ask.grant)] = .yes
    case .never: answers[UInt16(ask.grant)] = .no
    }
    send(.answer(number: number, answer))
    forget(ask: number)
    return true
  }

  /// What has happened since the last call, oldest first.
  package func takeEvents() -> [BrokerEvent] {
    let taken = events
    events = []
    return taken
  }
}
