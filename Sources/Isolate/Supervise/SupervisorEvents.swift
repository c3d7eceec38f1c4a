/// What apps and their sockets do.
extension Supervisor {
  package mutating func receive(_ event: AppEvent, of app: AppID, now time: Int64) {
    move(to: time)
    guard settings(app) != nil else {
      staleEvents += 1
      return
    }
    let slot = app.slot
    visits += 1
    if let instance = event.instance, apps[slot].instance != instance.number {
      staleEvents += 1
      return
    }
    /* Who speaks was executed: the launch's own report comes by another way, and may come later. */
    if event.isItsOwnWord { launched(slot) }
    switch event {
    case .launched: launched(slot)
    case .launchFailed(_, let step, let number):
      ended(slot, .launchFailed(step: step, number: number))
    case .ended(_, let cause): ended(slot, cause)
    case .ready: if apps[slot].state == .starting { becameReady(slot) }
    case .stopping: stopsItself(slot)
    case .ping: if timers.time(of: key(slot, .watchdog)) != nil { feed(slot) }
    case .trigger: if apps[slot].isUp { endAtOnce(slot, .watchdog) }
    case .watchdogInterval(_, let interval): setWatchdog(slot, interval)
    case .extend(_, let time): extend(slot, time)
    case .healthy: checked(slot, isGood: true)
    case .unhealthy: checked(slot, isGood: false)
    case .knock: knock(slot)
    case .listenFailed(let number): listenFailed(slot, number)
    }
  }

  private mutating func launched(_ slot: Int) {
    guard !apps[slot].isLaunched, let settings = apps[slot].settings else { return }
    apps[slot].isLaunched = true
    if apps[slot].state == .starting {
      if settings.readiness.sign == .exec { becameReady(slot) }
    } else if apps[slot].phase == .asked, apps[slot].lastSignal != 0 {
      /* It was to end before it had begun: only now is there somebody who hears. */
      signal(slot, apps[slot].lastSignal)
    } else if apps[slot].phase == .killed {
      killTree(slot)
    }
  }

  mutating func becameReady(_ slot: Int) {
    guard let settings = apps[slot].settings else { return }
    setState(slot, .ready)
    apps[slot].watchdogInterval = settings.watchdog?.intervalMilliseconds ?? 0
    watch(slot)
    if let runtime = settings.runtimeMilliseconds { setTimer(slot, .runtime, in: runtime) }
    wake(slot)
  }

  /// Sets the timers of an app that has become ready, or was thawed.
  mutating func watch(_ slot: Int) {
    guard let settings = apps[slot].settings else { return }
    if apps[slot].state == .ready {
      setTimer(slot, .life, in: settings.restart.ceilingMilliseconds)
    }
    feed(slot)
    if let health = settings.health, !apps[slot].isChecking {
      setTimer(slot, .health, in: health.intervalMilliseconds)
    } else if let health = settings.health {
      setTimer(slot, .health, in: Self.answerTime(health))
    }
  }

  mutating func feed(_ slot: Int) {
    let interval = apps[slot].watchdogInterval
    if interval > 0 {
      setTimer(slot, .watchdog, in: interval)
    } else {
      cancelTimer(slot, .watchdog)
    }
  }

  /// Only an app that has a watchdog may set it: who has none is not watched by its own word.
  private mutating func setWatchdog(_ slot: Int, _ interval: Int64) {
    guard apps[slot].settings?.watchdog != nil, apps[slot].isUp else { return }
    apps[slot].watchdogInterval = max(0, interval)
    if apps[slot].state != .frozen { feed(slot) }
  }

  /// Never sooner than it would have been, and nothing where there is no bound.
  private mutating func extend(_ slot: Int, _ time: Int64) {
    guard apps[slot].state == .starting,
      let at = timers.time(of: key(slot, .life)), time > at - now
    else { return }
    setTimer(slot, .life, in: time)
  }

  private mutating func stopsItself(_ slot: Int) {
    guard apps[slot].state != .frozen, mark(slot, .own) else { return }
    apps[slot].phase = .asked
    grace(slot)
  }

  // MARK: Health

  /// When a check counts as failed that nobody answers: a second after its own time limit.
  static func answerTime(_ health: AppSettings.HealthTimes) -> Int64 {
    let (time, overflow) = health.timeoutMilliseconds.addingReportingOverflow(1000)
    return overflow ? .max : time
  }

  mutating func check(_ slot: Int) {
    guard let health = apps[slot].settings?.health, let instance = apps[slot].instance else {
      return
    }
    apps[slot].isChecking = true
    setTimer(slot, .health, in: Self.answerTime(health))
    act(.check(AppID(slot), Instance(instance)))
  }

  mutating func checked(_ slot: Int, isGood: Bool) {
    guard let health = apps[slot].settings?.health, apps[slot].isChecking else { return }
    apps[slot].isChecking = false
    guard apps[slot].isUp, apps[slot].state != .frozen else { return }
    if isGood {
      apps[slot].healthFailures = 0
      apps[slot].healthSuccesses = min(apps[slot].healthSuccesses + 1, health.successes)
      if apps[slot].healthSuccesses >= health.successes { apps[slot].isHealthy = true }
    } else {
      apps[slot].healthSuccesses = 0
      apps[slot].healthFailures += 1
      if apps[slot].healthFailures >= health.failures {
        apps[slot].isHealthy = false
        endAtOnce(slot, .health)
        return
      }
    }
    setTimer(slot, .health, in: health.intervalMilliseconds)
  }

  // MARK: Sockets

  private mutating func knock(_ slot: Int) {
    guard apps[slot].isArmed else { return }
    apps[slot].isArmed = false
    want(slot, ordered: false)
  }

  private mutating func listenFailed(_ slot: Int, _ number: Int32) {
    guard apps[slot].isListening else { return }
    apps[slot].isListening = false
    apps[slot].isArmed = false
    /* A launch that is under way fails by itself, for the same reason. */
    guard apps[slot].instance == nil else { return }
    cancelTimers(slot)
    apps[slot].isWanted = false
    apps[slot].isWaiting = false
    act(
      .report(
        EndReport(
          app: AppID(slot), instance: nil, cause: .launchFailed(step: "listen", number: number),
          isFailure: true, upMilliseconds: 0, restarts: apps[slot].restarts, next: .failed)))
    setState(slot, .failed)
    stopDependents(of: slot)
    wake(slot)
  }

  mutating func openListeners(_ slot: Int) {
    guard apps[slot].settings?.hasListeners == true, !apps[slot].isListening else { return }
    apps[slot].isListening = true
    act(.openListeners(AppID(slot)))
  }

  mutating func closeListeners(_ slot: Int) {
    guard apps[slot].isListening else { return }
    apps[slot].isListening = false
    act(.closeListeners(AppID(slot)))
  }

  mutating func arm(_ slot: Int) {
    guard apps[slot].isListening, !apps[slot].isArmed else { return }
    apps[slot].isArmed = true
    act(.arm(AppID(slot)))
  }

  mutating func disarm(_ slot: Int) {
    guard apps[slot].isArmed else { return }
    apps[slot].isArmed = false
    act(.disarm(AppID(slot)))
  }
}

extension AppEvent {
  /// Said by the app itself, over its notification socket.
  var isItsOwnWord: Bool {
    switch self {
    case .ready, .stopping, .ping, .trigger, .watchdogInterval, .extend: true
    case .launched, .launchFailed, .ended, .healthy, .unhealthy, .knock, .listenFailed: false
    }
  }

  /// Who says it; nil: no instance.
  var instance: Instance? {
    switch self {
    case .launched(let instance), .launchFailed(let instance, _, _), .ended(let instance, _),
      .ready(let instance), .stopping(let instance), .ping(let instance), .trigger(let instance),
      .watchdogInterval(let instance, _), .extend(let instance, _), .healthy(let instance),
      .unhealthy(let instance):
      instance
    case .knock, .listenFailed: nil
    }
  }
}
