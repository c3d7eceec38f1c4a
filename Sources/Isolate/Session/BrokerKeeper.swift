/// The supervisor's side of one app's broker: launches it at the first knock, replaces it when it dies, and is what
/// operators act on.
///
/// It reads no byte that the app wrote. What the broker writes (the book, messages) is decoded as hostile.
package final class BrokerKeeper {
  /// So many deaths within so many milliseconds, and there is no further broker.
  static let deathLimit = 5
  static let deathWindow: Int64 = 10_000
  private static let reapMilliseconds: Int64 = 20
  /// How many doors `doors` gives.
  static let doorCount = 5

  package let policy: Policy
  package private(set) var state = BrokerState.asleep
  /// In the order of their arrival.
  package internal(set) var pendingAsks: [PendingAsk] = []
  /// When the app was started, in milliseconds on the monotonic clock.
  let startedAt: Int64
  /// The same on the clock that leases and the book go by.
  let bootStart: BrokerTime
  private let host: HostFacts
  private let pins: BrokerPins
  /// The supervisor's end of the way to the app, until it is shut.
  private var door: HeldDescriptor?
  private var launch: BrokerLaunch?
  private var bookFile: HeldDescriptor?
  var running: BrokerLaunch.Running?
  private var spare: SpareBroker?
  /// When there is to be one.
  private var spareAt: Int64?
  /// When a broker that has closed its way to us must have ended.
  var deafUntil: Int64?
  /// Kept mapped for `reader`, which looks at what brokers write: hostile words.
  private var book: SharedMemory?
  private(set) var reader: BookReader?
  private var reports = ChildReports()
  /// Inits whose brokers have ended, and which end.
  private var leaving: [BrokerLaunch.Running] = []
  private var reportsEnded = false
  private var deaths: [Int64] = []
  let services: BrokerServices
  let drivers: DriverKeeper
  /// Nil: nobody wants decisions kept.
  let audit: AuditLog?
  var events: [BrokerEvent] = []
  let sockets = KeptSockets()
  /// The app's init, once there is one.
  private var appPid: Int32?
  /// Our ends of the doors that the app asked for, for the next broker.
  var moreDoors: [(number: UInt16, door: HeldDescriptor, inode: UInt64)] = [] {
    didSet { sockets.doors = Set(moreDoors.map(\.inode) + [firstDoor]) }
  }
  /// The app's end of the first one, by inode.
  private let firstDoor: UInt64
  var revoked: Set<UInt16> = []
  var answers: [UInt16: StandingAnswer] = [:]

  /// Before the app runs: what its grants' paths name now is what they are of.
  ///
  /// - Parameters:
  ///   - door: our end of the pair whose other end the app has.
  ///   - appsDoor: the other end; nil: there is none.
  ///   - audit: where every decision goes.
  init(
    _ policy: Policy, _ host: HostFacts, door: HeldDescriptor, appsDoor: HeldDescriptor? = nil,
    audit: AuditLog? = nil, startedAt: Int64
  ) {
    self.policy = policy
    self.host = host
    self.startedAt = startedAt
    self.door = door
    self.audit = audit
    firstDoor = appsDoor.flatMap { SocketIdentity($0.descriptor)?.inode } ?? 0
    sockets.doors = [firstDoor]
    bootStart = BrokerTime(microseconds: Poller.bootMicroseconds())
    pins = BrokerPins(policy, credentials: host.credentialsDirectory)
    services = BrokerServices(policy, host)
    drivers = DriverKeeper(policy, host, pins: pins, bootStart: bootStart)
  }

  // MARK: The session's loop

  /// What to wait for: `doorCount` of them.
  var doors: [Door] {
    var knock: Int32 = -1
    if case .asleep = state { knock = door?.descriptor.raw ?? -1 }
    return [
      Door(knock), Door(deafUntil == nil ? running?.control.raw ?? -1 : -1),
      Door(reportsEnded ? -1 : running?.child.reports.raw ?? -1),
      Door(running?.child.pidfd.raw ?? -1), Door(drivers.door),
    ]
  }

  /// When `handle` wants to be called though no door is ready, in milliseconds on the monotonic clock.
  var nextAt: Int64? {
    var times = [
      drivers.nextAt, audit?.dueAt, appPid == nil ? nil : sockets.dueAt, spareAt, deafUntil,
    ]
    if case .resting(let until) = state { times.append(until) }
    if !leaving.isEmpty { times.append(Poller.now() + Self.reapMilliseconds) }
    return times.compactMap { $0 }.min()
  }

  /// The app runs, beneath this init.
  func appStarted(pid: Int32) { appPid = pid }

  /// - Parameter ready: the doors that `doors` gave, after waiting.
  func handle(_ ready: ArraySlice<Door>, now: Int64) throws(SystemError) {
    let ready = Array(ready)
    if ready[1].isReadable || ready[1].isHungUp { readNotices() }
    if !leaving.isEmpty { reap() }
    if ready[2].isReadable { try readReports() }
    if ready[2].isHungUp { reportsEnded = true }
    if ready[3].isReadable || reports.status != nil { try ended(now) }
    /* Who has closed it, or has ended, hears no answer. */
    if ready[0].isHungUp { shut(.closed) } else if ready[0].isReadable { start(now) }
    if case .resting(let until) = state, now >= until { start(now) }
    if let spareAt, now >= spareAt { launchSpare() }
    if let deafUntil, now >= deafUntil { distrust("it closed its way to us") }
    if ready[4].isReadable || drivers.nextAt.map({ $0 <= now }) == true {
      drivers.turn(now)
      follow()
    }
    sockets.turn(beneath: inits, now: now)
    while let handle = sockets.firstGone, send(.socketGone(handle: handle)) {
      sockets.toldGone()
    }
    if let audit, let reader, let sequence = audit.turn(reader, now: now) {
      /* A next broker is told as it starts. */
      if running == nil || send(.tookRecords(sequence: sequence)) { audit.told(sequence) }
    }
  }

  /// What the drivers have brought about.
  func follow() {
    events += drivers.takeEvents()
    for (order, descriptor) in drivers.takeOrders() {
      if case .driverLost(let index) = order { services.leaveCommands(of: Int(index)) }
      send(order, passing: descriptor?.descriptor.raw ?? -1)
      withExtendedLifetime(descriptor) {}
    }
    for (driver, request) in drivers.takeRequests() { serve(request, driver: driver) }
  }

  /// The app has ended: so does its broker.
  func end() {
    /* What it said last: perhaps why the app has ended. */
    readNotices()
    if let running { ProcessHandle.endAndReap(running.child.pidfd) }
    for running in leaving { ProcessHandle.endAndReap(running.child.pidfd) }
    running = nil
    deafUntil = nil
    endSpare()
    services.endAll()
    switch state {
    case .asleep, .running, .resting: shut(.closed)
    case .givenUp, .cutOff, .closed: break
    }
    audit?.finish(reader)
  }

  private func start(_ now: Int64) {
    guard let door else { return }
    do throws(LaunchError) {
      let launch: BrokerLaunch
      if let known = self.launch { launch = known } else { launch = try prepare() }
      self.launch = launch
      reports = ChildReports()
      reportsEnded = false
      deafUntil = nil
      pins.look()
      guard let bookFile else { return }
      let settings = try settings(recordsTaken: audit?.begin())
      let running: BrokerLaunch.Running
      if let ready = spare?.take(launch, pins) {
        running = ready
      } else {
        running = try launch.start(door.descriptor, book: bookFile.descriptor, pins: pins)
      }
      spare = nil
      spareAt = now + SpareBroker.pauseMilliseconds
      self.running = running
      running.begin(
        settings: settings, orders: moreDoors.map { (.door(number: $0.number), $0.door) })
      state = .running(pid: running.child.pid)
      events.append(.started(pid: running.child.pid))
    } catch {
      giveUp(words(error, policy).joined(separator: "; "))
    }
  }

  private func launchSpare() {
    spareAt = nil
    guard case .running = state, spare == nil, let launch, let door, let bookFile else { return }
    do throws(LaunchError) {
      pins.look()
      let spare = try SpareBroker(launch, door.descriptor, book: bookFile.descriptor, pins: pins)
      self.spare = spare
      spare.rehearse(settings: try settings(recordsTaken: nil))
    } catch {
      /* The next broker is launched when it is needed, and says why it cannot be. */
    }
  }

  private func endSpare() {
    spareAt = nil
    spare?.end()
    spare = nil
  }

  private func prepare() throws(LaunchError) -> BrokerLaunch {
    try attempt { () throws(SystemError) in
      let launch = try BrokerLaunch(policy, host)
      let file = HeldDescriptor(try BrokerLaunch.makeBook())
      let mapped = try SharedMemory.map(
        file.descriptor, size: BookLayout.bytes, isWritable: false)
      bookFile = file
      book = mapped
      reader = BookMemory(mapped).map(BookReader.init)
      return launch
    }
  }

  private func settings(recordsTaken: UInt64?) throws(LaunchError) -> Descriptor {
    let start = BrokerStart(
      settings: BrokerSettings(
        grants: policy.grants, drivers: policy.drivers, start: bootStart,
        doors: [0] + moreDoors.map { Int($0.number) }, revoked: revoked, answers: answers,
        recordsTaken: recordsTaken),
      order: policy.namespaces.order, credentials: host.credentialsDirectory,
      appIsBonded: policy.bondsSockets(host), pins: pins.pins)
    return try attempt { () throws(SystemError) in
      try SharedMemory.makeSealed("isolated-settings", start.encoded())
    }
  }

  func shut(_ state: BrokerState) {
    self.state = state
    drivers.endAll()
    services.leaveCommands()
    endSpare()
    if let door { Packets.shut(door.descriptor) }
    door = nil
    pendingAsks = []
  }

  private func giveUp(_ reason: String) {
    shut(.givenUp(reason))
    events.append(.givenUp(reason))
  }

  /// Whose descriptors are looked at: those of the app, and of what it can pass them to.
  var inits: [Int32] {
    appPid.map { [$0] + (running.map { [$0.child.pid] } ?? []) + drivers.inits } ?? []
  }

  func forget(ask number: UInt64) {
    guard pendingAsks.contains(where: { $0.number == number }) else { return }
    pendingAsks.removeAll { $0.number == number }
    events.append(.askGone(number: number))
  }

  /// - Returns: whether there is a broker, and it has room for it.
  @discardableResult
  func send(_ order: BrokerOrder, passing number: Int32 = -1) -> Bool {
    guard let running else { return false }
    let message = BrokerMessage(order)
    return Packets.send(message.bytes.span, to: running.control, passing: number) == .done
  }

  private func readReports() throws(SystemError) {
    guard let running else { return }
    try reports.read(running.child)
  }

  // MARK: Its end

  private func ended(_ now: Int64) throws(SystemError) {
    guard let running else { return }
    /* Its init has killed and reaped all there was before it said so: nobody writes the book any more, and no app waits for its
       namespaces to be taken down. */
    let initStatus = try ProcessHandle.status(of: running.child.pidfd, blocking: false)
    if initStatus == nil {
      guard reports.status != nil else { return }
      leaving.append(running)
    }
    readNotices()
    guard self.running != nil else { return }
    try readReports()
    self.running = nil
    deafUntil = nil
    switch state {
    case .givenUp, .cutOff, .closed: return
    case .asleep, .running, .resting: break
    }
    if let failure = reports.failure {
      return giveUp(failure.text(running.plan, running.policy))
    }
    guard let status = reports.status ?? initStatus.map({ ExitStatus(waitStatus: $0) }) else {
      return
    }
    if status == .exited(code: BrokerNumbers.End.doorClosed.rawValue) { return shut(.closed) }
    events.append(.died(status.cause))
    died(now)
  }

  private func reap() {
    leaving.removeAll { running in
      do throws(SystemError) {
        return try ProcessHandle.status(of: running.child.pidfd, blocking: false) != nil
      } catch {
        /* ECHILD: it is gone. */
        return true
      }
    }
  }

  func died(_ now: Int64) {
    /* They end with it: the next one begins with none. */
    drivers.endAll()
    services.leaveCommands()
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
}
