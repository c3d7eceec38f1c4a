/// What is polled, and who is called.
extension Daemon {
  /// So many launches before the others are looked at again: a fleet that starts must not keep anybody waiting.
  private static let launchesAtOnce = 4

  /// Does what is to be done, waits, and looks at whoever has something.
  func turn() throws(SystemError) {
    let hasActed = perform()
    if isFinished && !crashes.isBusy { return }
    let now = Poller.now()
    beginReport(now)
    /* Whoever waits for an order may have waited for just that. */
    if hasActed, control?.isAwaited == true { serveControl(now) }
    let count = try wait(now)
    var touched: Set<Int> = []
    for index in 0..<count {
      let event = queue[index]
      if event.token == Token.signals {
        readSignals()
      } else if event.token == Token.control || event.token == Token.metrics {
        continue
      } else if event.token == Token.mounts {
        prepared.dropAll()
      } else if event.token == Token.leaving {
        try reapLeaving()
      } else if let place = Token.report(event.token) {
        reportEnded(place)
      } else if let (slot, door) = Token.app(event.token) {
        touched.insert(slot)
        handle(slot, door, event)
      }
    }
    let after = Poller.now()
    while let slot = timers.takeDue(at: after) {
      touched.insert(slot)
      look(slot, after)
    }
    for slot in touched { tend(slot, after) }
    tendReports(after)
    supervisor.advance(to: after)
    serveControl(after)
    serveMetrics(after)
    manager.handle(now: after)
    if count == 0, let at = prepared.nextAt, after >= at { prepared.work(now: after) }
  }

  /// So long nothing happens before memory is given back, in milliseconds.
  private static let quiet: Int64 = 10_000

  /// Waits. Before a long wait in which nothing has happened for a while, memory is given back: once, and then nothing wakes the
  /// daemon until there is something to do.
  private func wait(_ now: Int64) throws(SystemError) -> Int {
    let timeout = timeout(now)
    if let timeout, timeout <= Self.quiet { return try queue.wait(timeout: timeout) }
    let count = try queue.wait(timeout: Self.quiet)
    if count > 0 || isFinished { return count }
    Poller.shedMemory()
    return try queue.wait(timeout: timeout.map { $0 - Self.quiet })
  }

  private func timeout(_ now: Int64) -> Int64? {
    if supervisor.hasActions || pendingStart < pending.count || crashes.wantsTurn { return 0 }
    let times = [
      timers.next, supervisor.nextDeadline, control?.nextAt(now: now), metricsListener?.nextAt,
      manager.nextAt, prepared.nextAt, crashes.nextAt,
    ]
    return times.compactMap { $0 }.min().map { max(0, $0 - now) }
  }

  /// Performs what the supervisor says, in its order; launches only some at a time.
  ///
  /// - Returns: whether there was anything.
  func perform() -> Bool {
    var launches = 0
    var hasActed = false
    while true {
      if pendingStart == pending.count {
        pendingStart = 0
        supervisor.takeActions(&pending)
        if pending.isEmpty { return hasActed }
      }
      let action = pending[pendingStart]
      if case .launch = action {
        if launches == Self.launchesAtOnce { return hasActed }
        launches += 1
      }
      pendingStart += 1
      perform(action)
      hasActed = true
      if isFinished { return true }
    }
  }

  private func handle(_ slot: Int, _ door: DaemonDoor, _ event: EventQueue.Event) {
    guard let app = apps[slot] else { return }
    if door == .listener {
      /* Once: while the connection waits to be taken it would wake us again and again. */
      guard app.isArmed else { return }
      app.isArmed = false
      supervisor.receive(.knock, of: app.id, now: Poller.now())
      return
    }
    if door == .out || door == .error { return readLog(app, door) }
    guard let instance = app.instance else { return }
    do throws(SystemError) {
      switch door {
      case .listener, .out, .error: break
      case .check: goOn(app, instance)
      case .notify: try readNotices(app, instance)
      case .reports:
        if event.isReadable { try readReports(app, instance) }
        if event.isHungUp { instance.live.reportsEnded = true }
        try leaveAhead(app, instance)
      case .process: try processEnded(app, instance)
      case .knock, .notices, .brokerReports, .brokerProcess, .drivers:
        try tendBroker(app, instance, door, event)
      case .session: tendSession(app, instance)
      }
    } catch {
      failed(app, instance, error)
    }
  }

  /// An app of which something cannot be read any more is ended: its supervision has failed, nobody else's.
  private func failed(_ app: DaemonApp, _ instance: DaemonInstance, _ error: SystemError) {
    say(.problem, app.name, "its supervision failed: \(error); it is ended")
    instance.live.kill()
  }

  /// An app's own time has come.
  private func look(_ slot: Int, _ now: Int64) {
    guard let app = apps[slot] else { return }
    if let log = app.log, let at = log.nextAt, now >= at {
      log.handleTime(now: now, wall: LogCalls.wallMicroseconds())
      tellLogFault(app)
    }
    tellLeftOut(app, now)
    guard let instance = app.instance else { return }
    if let check = instance.check, now >= check.nextAt { goOn(app, instance) }
    if let at = instance.crashesAt, now >= at { collectCrashes(app, instance, nil) }
    _ = instance.live.checkLimits(at: now)
    if let keeper = instance.live.keeper, let at = keeper.nextAt, now >= at {
      do throws(SystemError) {
        try keeper.handle(Self.nothingReady, now: now)
        take(keeper, app, instance)
      } catch {
        failed(app, instance, error)
      }
    }
    tendSession(app, instance)
  }

  private static let nothingReady = [Door](repeating: Door(-1), count: BrokerKeeper.doorCount)[...]

  private func tendBroker(
    _ app: DaemonApp, _ instance: DaemonInstance, _ door: DaemonDoor, _ event: EventQueue.Event
  ) throws(SystemError) {
    guard let keeper = instance.live.keeper,
      let index = DaemonDoor.broker.firstIndex(of: door)
    else { return }
    var doors = keeper.doors
    doors[index].isReadable = event.isReadable
    doors[index].isHungUp = event.isHungUp
    try keeper.handle(doors[...], now: Poller.now())
    take(keeper, app, instance)
  }

  private func take(_ keeper: BrokerKeeper, _ app: DaemonApp, _ instance: DaemonInstance) {
    for event in keeper.takeEvents() {
      tell(app, event)
      instance.control?.note(event)
      instance.desk?.note(event)
    }
  }

  private func tendSession(_ app: DaemonApp, _ instance: DaemonInstance) {
    guard let control = instance.control else { return }
    do throws(SystemError) {
      try control.turn(now: Poller.now())
    } catch {
      instance.control = nil
      say(.problem, app.name, "its control socket failed and is closed: \(error)")
    }
  }

  /// What is polled for an app, and when it is looked at, after something has happened to it.
  func tend(_ slot: Int, _ now: Int64) {
    guard let app = apps[slot] else {
      timers.cancel(slot)
      return
    }
    let doors = app.doors
    for old in app.watched where !doors.contains(where: { $0.number == old.number }) {
      queue.remove(old.number)
    }
    do throws(SystemError) {
      for door in doors
      where !app.watched.contains(where: { $0.number == door.number && $0.door == door.door })
        || DaemonDoor.broker.contains(door.door) || door.door == .check
      {
        try queue.watch(door.number, token: Token.of(slot, door.door), door.wanted)
      }
    } catch {
      if let instance = app.instance { failed(app, instance, error) }
    }
    app.watched = doors.map { ($0.door, $0.number) }
    if let at = app.nextAt(now: now) { timers.set(slot, to: at) } else { timers.cancel(slot) }
  }

  /// Before an app's descriptors are closed: their numbers may be others' in a moment.
  func unwatch(_ app: DaemonApp) {
    for old in app.watched { queue.remove(old.number) }
    app.watched = []
  }

  // MARK: Signals

  private func readSignals() {
    while let signal = signals.next() {
      switch signal.number {
      case SignalNumber.child:
        for slot in brokered { apps[slot]?.instance?.live.keeper?.childEnded() }
      case SignalNumber.terminate, SignalNumber.interrupt, SignalNumber.quit: shutDown()
      case SignalNumber.hangUp: reloadAll()
      default: break
      }
    }
  }

  /// Asks every app to end; asked again, everything is killed.
  func shutDown() {
    if supervisor.isShuttingDown {
      guard !isHurried else { return }
      isHurried = true
      say(.notice, "", "asked to end again: every app is killed")
      for app in apps.values { app.instance?.live.kill() }
      crashes.finish(by: Poller.now())
      return
    }
    prepared.close()
    say(.notice, "", "ending: \(supervisor.live) apps run")
    manager.tell("STOPPING=1", now: Poller.now())
    supervisor.shutDown(now: Poller.now())
  }
}
