/// The supervisor's side of one app's drivers with processes of their own: launches each when it is first asked, and again when
/// it has died. It reads no byte that a driver of the profile's own wrote, and believes no broker which drivers there are.
final class DriverKeeper {
  /// So many deaths within so many milliseconds, and it is not launched again for so long.
  static let deathLimit = 5
  static let deathWindow: Int64 = 10_000
  static let restMilliseconds: Int64 = 60_000
  /// How long one that the broker has lost sight of may take to end by itself, and so to say why.
  static let graceMilliseconds: Int64 = 200

  private final class Slot {
    let driver: DriverPolicy
    var process: DriverProcess?
    /// The broker waits for it.
    var isWanted = false
    /// When it may be launched, on the monotonic clock in milliseconds.
    var notBefore: Int64 = 0
    /// Until then nobody waits for it: it cannot be had.
    var restsUntil: Int64 = 0
    var deaths: [Int64] = []
    /// When it is killed, unless it has ended.
    var killAt: Int64?
    /// Why we have killed it.
    var fault: String?

    init(_ driver: DriverPolicy) { self.driver = driver }

    func accept(_ order: BrokerOrder, _ passed: HeldDescriptor?) {
      process?.send(order, passing: passed)
    }
  }

  private let policy: Policy
  private let launcher: DriverLauncher
  private let slots: [Slot]
  /// Made with the first driver.
  private var queue: QueueBox?
  private var events: [BrokerEvent] = []
  private var orders: [(BrokerOrder, HeldDescriptor?)] = []
  private var requests: [(Int, ServiceRequest)] = []
  private var revoked: Set<UInt16> = []

  /// Whose descriptors may be the app's sockets.
  var inits: [Int32] { slots.compactMap { $0.process?.pid } }

  private final class QueueBox {
    var queue: EventQueue
    init(_ queue: consuming EventQueue) { self.queue = queue }
  }

  init(_ policy: Policy, _ host: HostFacts, pins: BrokerPins, bootStart: BrokerTime) {
    self.policy = policy
    launcher = DriverLauncher(policy, host, pins, bootStart)
    slots = policy.drivers.map { Slot($0) }
  }

  // MARK: The loop

  /// To be polled; -1: nothing to wait for.
  var door: Int32 { queue?.queue.door ?? -1 }

  /// When `turn` wants to be called though its door is not ready.
  var nextAt: Int64? {
    var next: Int64?
    for slot in slots {
      let at = slot.killAt ?? (slot.isWanted && slot.process == nil ? slot.notBefore : nil)
      if let at { next = next.map { min($0, at) } ?? at }
    }
    return next
  }

  func turn(_ now: Int64) {
    do throws(SystemError) {
      if let queue {
        let count = try queue.queue.wait(timeout: 0)
        let tokens = (0..<count).map { Int(queue.queue[$0].token) }
        for token in tokens where slots.indices.contains(token >> 1) {
          if token & 1 == 0 { try look(token >> 1, now) } else { read(token >> 1) }
        }
      }
      for index in slots.indices {
        let slot = slots[index]
        if let at = slot.killAt, at <= now {
          slot.killAt = nil
          slot.process?.kill()
        }
        if slot.isWanted, slot.process == nil, slot.notBefore <= now { launch(index, now) }
      }
    } catch {
      /* As good as gone, all of them: what asks anew gets new ones. */
      endAll()
    }
  }

  func takeEvents() -> [BrokerEvent] {
    defer { events = [] }
    return events
  }

  /// What the broker is to be told.
  func takeOrders() -> [(BrokerOrder, HeldDescriptor?)] {
    defer { orders = [] }
    return orders
  }

  /// What built-in drivers want of the supervisor, each with its driver.
  func takeRequests() -> [(Int, ServiceRequest)] {
    defer { requests = [] }
    return requests
  }

  // MARK: What the broker wants

  /// The broker has a request for a driver and no way to it.
  ///
  /// - Returns: false: there is no such driver.
  func want(_ index: Int, _ now: Int64) -> Bool {
    guard slots.indices.contains(index) else { return false }
    let slot = slots[index]
    if slot.restsUntil > now {
      orders.append((.driverEnded(index: UInt16(index)), nil))
      return true
    }
    slot.isWanted = true
    if slot.process != nil {
      /* It has closed its end: it is about to end, or does as if. */
      slot.killAt = slot.killAt ?? now + Self.graceMilliseconds
    } else if slot.notBefore <= now {
      launch(index, now)
    }
    return true
  }

  /// The broker does not want it any longer: it broke the protocol, or is silent.
  func failed(_ index: Int, _ reason: UInt8) {
    guard slots.indices.contains(index), let process = slots[index].process else { return }
    slots[index].fault =
      reason == BrokerSession.silence
      ? "ended by us: it has not answered for twice its deadline"
      : "ended by us: it broke the protocol (\(WireViolation(rawValue: reason)?.words ?? "unknown"))"
    process.kill()
  }

  func revoke(_ grant: UInt16) {
    revoked.insert(grant)
    for slot in slots { slot.accept(.revoke(grant: grant), nil) }
  }

  /// To a built-in driver; one of the profile's own is told nothing.
  func send(_ order: BrokerOrder, to index: Int, passing passed: HeldDescriptor? = nil) {
    if slots.indices.contains(index) { slots[index].accept(order, passed) }
  }

  /// With their broker they end; that is no death of theirs.
  func endAll() {
    for slot in slots {
      slot.process?.end()
      slot.process = nil
      slot.isWanted = false
      slot.killAt = nil
      slot.fault = nil
    }
    orders = []
    requests = []
  }

  // MARK: One driver

  private func launch(_ index: Int, _ now: Int64) {
    let slot = slots[index]
    slot.isWanted = false
    do throws(DriverLauncher.Failure) {
      let (process, way) = try launcher.launch(slot.driver, revoked: revoked)
      slot.process = process
      slot.fault = nil
      do throws(SystemError) {
        try watch(process, index)
      } catch {
        process.end()
        slot.process = nil
        return giveUp(index, "it cannot be watched: \(error)", now)
      }
      events.append(.driverStarted(name: slot.driver.name, pid: process.pid))
      orders.append((.driver(index: UInt16(index)), way))
    } catch {
      giveUp(index, error.reason, now)
    }
  }

  private func watch(_ process: DriverProcess, _ index: Int) throws(SystemError) {
    let queue: QueueBox
    if let known = self.queue { queue = known } else { queue = QueueBox(try EventQueue()) }
    self.queue = queue
    try queue.queue.add(process.pidfd, token: UInt64(index) << 1, .reading)
    guard let control = process.control else { return }
    try queue.queue.add(control, token: UInt64(index) << 1 | 1, .reading)
  }

  private func giveUp(_ index: Int, _ reason: String, _ now: Int64) {
    let slot = slots[index]
    slot.deaths = []
    slot.restsUntil = now + Self.restMilliseconds
    slot.isWanted = false
    events.append(.driverGivenUp(name: slot.driver.name, reason: reason))
    orders.append((.driverEnded(index: UInt16(index)), nil))
  }

  /// Its process may have ended.
  private func look(_ index: Int, _ now: Int64) throws(SystemError) {
    let slot = slots[index]
    guard let process = slot.process, let end = try process.ended() else { return }
    read(index)
    slot.process = nil
    slot.killAt = nil
    orders.append((.driverLost(index: UInt16(index)), nil))
    switch end {
    case .notLaunched(let reason): return giveUp(index, reason, now)
    case .ended(let cause):
      if let cause = slot.fault ?? cause {
        events.append(.driverDied(name: slot.driver.name, cause: cause))
      }
    }
    slot.fault = nil
    slot.deaths = slot.deaths.filter { now - $0 < Self.deathWindow } + [now]
    if slot.deaths.count >= Self.deathLimit {
      let times = "it died \(slot.deaths.count) times within \(Self.deathWindow / 1000) s"
      return giveUp(index, times, now)
    }
    /* As a broker: the first time at once. */
    slot.notBefore = now + [0, 10, 50, 200][min(slot.deaths.count - 1, 3)]
  }

  /// What a built-in driver wants of us: hostile, as what a broker says.
  private func read(_ index: Int) {
    guard let process = slots[index].process else { return }
    for _ in 0..<64 {
      switch process.receive() {
      case .nothing: return
      case .nonsense: continue
      case .end:
        /* It ends, or does as if. Watched on, it would wake us for ever. */
        if let control = process.control { queue?.queue.remove(control) }
        slots[index].killAt = slots[index].killAt ?? Poller.now() + Self.graceMilliseconds
        return
      case .notice(let notice, let passed): take(notice, passed, of: index)
      }
    }
  }

  private func take(_ notice: BrokerNotice, _ passed: HeldDescriptor?, of index: Int) {
    guard case .wantsService(let ticket, let grant, let opcode, _, _) = notice,
      let opcode = Opcode(rawValue: opcode)
    else { return }
    let request = ServiceRequest(
      ticket: ticket, grant: Int(grant), opcode: opcode, signal: 0, name: "", arguments: passed)
    requests.append((index, request))
  }
}
