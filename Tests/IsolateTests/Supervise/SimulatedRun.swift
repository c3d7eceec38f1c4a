@testable import Isolate

/// How the simulated world goes on.
extension SimulatedWorld {
  /// Runs everything: a life with faults, a calm in which all must come to rest, a shutdown.
  ///
  /// - Returns: what went wrong; nil: nothing.
  func run(events most: Int) -> String? {
    start()
    while events < most, failure == nil { step() }
    calmDown()
    if failure == nil { shutDown() }
    return failure
  }

  private func start() {
    do throws(SupervisorError) {
      try supervisor.configure(settings, now: 0)
    } catch {
      failure = "\(error)"
    }
    expect(
      supervisor.all.map(\.slot) == Array(0..<count), "apps have other numbers than was assumed")
    supervisor.boot(now: 0)
    agenda.add(.order, at: 10)
    agenda.add(.upgrade, at: 100)
    perform()
    checkWhole()
  }

  /// One moment: the next thing that happens, or the next timer.
  func step() {
    let due = supervisor.nextDeadline
    let own = agenda.next
    guard due != nil || own != nil else { return }
    events += 1
    if let due, due <= own ?? .max {
      now = max(now, due)
      note("timers")
      supervisor.advance(to: now)
    } else if let moment = agenda.take() {
      now = max(now, own ?? now)
      note("\(moment)")
      happen(moment)
    }
    perform()
    expect(supervisor.timers.count <= 4 * count, "more timers than apps can have")
    expect(supervisor.nextDeadline ?? .max > now || due ?? .max <= now, "a timer was left behind")
    if events.isMultiple(of: 4096) { checkWhole() }
  }

  private func tell(_ app: Int, _ event: AppEvent) {
    supervisor.receive(event, of: AppID(app), now: now)
  }

  private func happen(_ moment: SimulatedMoment) {
    switch moment {
    case .execute(let instance):
      guard let process = processes[instance] else { return }
      processes[instance]?.isExecuted = true
      processes[instance]?.lastPing = now
      if settings[process.app].readiness.sign == .exec { processes[instance]?.isReady = true }
      /* What it says itself may be heard before the report of its launch. */
      if settings[process.app].readiness.sign == .notify, !isCalm, chance(10) {
        processes[instance]?.isReady = true
        tell(process.app, .ready(Instance(instance)))
      }
      tell(process.app, .launched(Instance(instance)))
      live(instance)
    case .fail(let instance, let step, let number):
      guard let process = processes[instance] else { return }
      processes[instance]?.end = .launchFailed(step: step, number: number)
      living[process.app] = nil
      tell(process.app, .launchFailed(Instance(instance), step: step, number: number))
    case .ready(let instance):
      guard let process = processes[instance] else { return }
      processes[instance]?.isReady = true
      processes[instance]?.lastPing = now
      tell(process.app, .ready(Instance(instance)))
    case .ping(let instance): ping(instance)
    case .end(let instance, let cause):
      // Only the first of the ends that were on their way.
      guard let process = processes[instance], process.end == cause, process.endsAt == now else {
        return
      }
      living[process.app] = nil
      tell(process.app, .ended(Instance(instance), cause))
      perform()
      expect(processes[instance] == nil, "the end of instance \(instance) is lost")
      if chance(3), !isCalm { agenda.add(.stale(instance), at: now + delay(upTo: 500)) }
    case .answer(let instance, let isGood):
      guard let process = processes[instance] else { return }
      processes[instance]?.failedChecks = isGood ? 0 : process.failedChecks + 1
      tell(process.app, isGood ? .healthy(Instance(instance)) : .unhealthy(Instance(instance)))
    case .saysStopping(let instance):
      guard let process = processes[instance] else { return }
      processes[instance]?.saidStopping = true
      tell(process.app, .stopping(Instance(instance)))
      if !chance(10) { end(instance, .exited(code: 0), in: delay(upTo: 400)) }
    case .order: order()
    case .knock(let app):
      guard isArmed[app] else { return }
      isArmed[app] = false
      tell(app, .knock)
    case .stale(let instance): stale(instance)
    case .upgrade: upgrade()
    }
  }

  /// What a process does with its life, from when it is executed.
  private func live(_ instance: UInt64) {
    guard let process = processes[instance] else { return }
    let settings = settings[process.app]
    if settings.readiness.sign == .notify, !process.isReady, isCalm || !chance(5) {
      agenda.add(.ready(instance), at: now + delay(upTo: isCalm ? 5 : 200))
    }
    if settings.watchdog != nil { agenda.add(.ping(instance), at: now + 200) }
    guard !isCalm else { return }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<25: end(instance, .signal(11, dumpedCore: true), in: delay(upTo: 3000))
    case 25..<35: end(instance, .exited(code: 1), in: delay(upTo: 10_000))
    case 35..<40: end(instance, .exited(code: 0), in: delay(upTo: 10_000))
    case 40..<43: end(instance, .memoryLimit, in: delay(upTo: 10_000))
    case 43..<45: end(instance, .refusedSystemCall, in: 0)
    case 45..<48: agenda.add(.saysStopping(instance), at: now + delay(upTo: 5000))
    default: end(instance, .signal(11, dumpedCore: false), in: 1000 + delay(upTo: 120_000))
    }
  }

  private func ping(_ instance: UInt64) {
    guard let process = processes[instance] else { return }
    // One in fifty falls silent.
    guard isCalm || !chance(2) else { return }
    processes[instance]?.lastPing = now
    tell(process.app, .ping(Instance(instance)))
    agenda.add(.ping(instance), at: now + 200)
  }

  /// Dead instances go on talking; nobody must listen.
  private func stale(_ instance: UInt64) {
    let before = supervisor.staleEvents
    let app = Int.random(in: 0..<count, using: &random)
    let events: [AppEvent] = [
      .ready(Instance(instance)), .ended(Instance(instance), .exited(code: 0)),
      .launched(Instance(instance)), .ping(Instance(instance)), .unhealthy(Instance(instance)),
    ]
    for event in events { tell(app, event) }
    expect(supervisor.staleEvents == before + 5, "a dead instance is listened to")
    expect(!supervisor.hasActions, "a dead instance has something done")
  }

  private func order() {
    guard !isCalm else { return }
    agenda.add(.order, at: now + delay(upTo: 40))
    let app = Int.random(in: 0..<count, using: &random)
    let order = Order.allCases.randomElement(using: &random) ?? .start
    note("  order \(order) of app\(app)")
    if let instance = living[app] { processes[instance]?.orders.insert(order) }
    switch order {
    case .start, .restart, .reload:
      allow(app)
      for other in required(by: app) { notBefore[other] = min(notBefore[other], now) }
    case .activate:
      if settings[app].start == .boot {
        allow(app)
      } else if settings[app].hasListeners, states[app] == .down {
        isStopped[app] = false
      }
    case .stop:
      isStopped[app] = true
      restarts[app] = living[app] == nil ? 0 : restarts[app]
      notBefore[app] = 0
    case .freeze, .thaw, .kill, .resetFailed: break
    }
    let state = states[app]
    do throws(OrderRefusal) {
      try supervisor.order(order, to: AppID(app), now: now)
      if state == .failed { restarts[app] = 0 }
    } catch {
      expect(
        [.notUp(state), .notFrozen(state), .notFailed(state)].contains(error),
        "\(order) is refused: \(error)")
    }
  }

  /// An app was started: it, and all it requires, are meant to be up.
  private func allow(_ app: Int) {
    for other in [app] + required(by: app) { isStopped[other] = false }
    notBefore[app] = 0
  }

  private func required(by app: Int) -> [Int] {
    var found: [Int] = []
    var open = [app]
    while let one = open.popLast() {
      for name in settings[one].requires {
        guard let other = Self.number(of: name), !found.contains(other) else { continue }
        found.append(other)
        open.append(other)
      }
    }
    return found
  }

  /// The daemon is replaced: another one goes on with the bytes.
  private func upgrade() {
    guard !isCalm else { return }
    agenda.add(.upgrade, at: now + 2000 + delay(upTo: 4000))
    upgrades += 1
    let bytes = supervisor.encoded()
    do throws(StateError) {
      let next = try Supervisor(decoding: bytes)
      expect(next.encoded() == bytes, "the state is not what it was, after an upgrade")
      expect(next.edges == supervisor.edges, "apps hang together otherwise, after an upgrade")
      expect(next.live == supervisor.live, "instances are lost in an upgrade")
      expect(next.timers.count == supervisor.timers.count, "timers are lost in an upgrade")
      supervisor = next
    } catch {
      expect(false, "the state cannot be read: \(error)")
    }
  }

  // MARK: What must be true

  private func checkWhole() {
    expect(supervisor.live == living.count { $0 != nil }, "instances are miscounted")
    for app in 0..<count where failure == nil {
      let record = supervisor.apps[app]
      expect(record.state == states[app], "app\(app) is \(record.state), not \(states[app])")
      expect(record.instance == living[app], "app\(app) has another instance")
      expect(!record.isWaiting || record.isWanted && record.state == .down, "waits for nothing")
      expect(record.isArmed == isArmed[app], "app\(app) is armed otherwise")
      expect(
        record.restartTimes.count <= settings[app].restart.burst, "too many restarts remembered")
    }
    for group in supervisor.groups {
      let pending = group.members.count { supervisor.apps[$0].isInGroupStop }
      expect(pending == group.pending, "\(group.name) is miscounted")
    }
  }

  /// No more faults: who is wanted must come up, or wait for who is not.
  private func calmDown() {
    isCalm = true
    let end = now + 200_000
    while failure == nil, now < end, supervisor.nextDeadline != nil || agenda.count > 0 { step() }
    checkWhole()
    for app in 0..<count where failure == nil {
      guard let status = supervisor.status(of: AppID(app)), status.isWanted else { continue }
      let isUp = [.ready, .running, .frozen].contains(status.state)
      // Those with a run-time limit or an old fault ahead of them may be on their way.
      let isMoving = [.starting, .stopping, .backingOff].contains(status.state)
      expect(
        isUp || isMoving || !status.waitsFor.isEmpty,
        "app\(app) is wanted, \(status.state), and waits for nothing")
    }
  }

  private func shutDown() {
    isShuttingDown = true
    for app in 0..<count where states[app] == .stopping {
      if let instance = living[app] { wasAskedEarlier.insert(instance) }
    }
    supervisor.shutDown(now: now)
    perform()
    let end = now + 60_000
    while !isFinished, failure == nil, now < end, supervisor.nextDeadline != nil || agenda.count > 0
    {
      step()
    }
    expect(isFinished, "the shutdown does not end")
    expect(supervisor.live == 0 && processes.isEmpty, "instances are left")
    expect(supervisor.timers.count == 0, "timers are left")
    expect(reports == launches, "\(launches) launches, \(reports) reports")
    expect(isListening.allSatisfy { !$0 }, "sockets are left open")
  }
}
