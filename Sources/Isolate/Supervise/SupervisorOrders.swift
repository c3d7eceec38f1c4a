/// What people want.
extension Supervisor {
  /// Carries an order out, as far as that needs no waiting.
  package mutating func order(
    _ order: Order, to app: AppID, now time: Int64
  ) throws(OrderRefusal) {
    move(to: time)
    guard settings(app) != nil else { throw .unknownApp }
    guard !isShuttingDown else { throw .shuttingDown }
    let slot = app.slot
    visits += 1
    switch order {
    case .activate: activate(slot)
    case .start: start(slot)
    case .stop: stop(slot)
    case .restart: restart(slot, .restart)
    case .reload: restart(slot, .reload)
    case .freeze: try freeze(slot)
    case .thaw:
      guard apps[slot].state == .frozen else { throw .notFrozen(apps[slot].state) }
      thaw(slot)
    case .kill: try kill(slot)
    case .resetFailed:
      guard apps[slot].state == .failed else { throw .notFailed(apps[slot].state) }
      forgive(slot)
      setState(slot, .down)
    }
  }

  /// The daemon is up: every app does what its `start` says.
  package mutating func boot(now time: Int64) {
    move(to: time)
    guard !isShuttingDown else { return }
    for slot in apps.indices where apps[slot].settings != nil { activate(slot) }
  }

  /// Everything is stopped, in reverse order, and nothing starts any more; at the end there is `finished`.
  package mutating func shutDown(now time: Int64) {
    move(to: time)
    guard !isShuttingDown else { return }
    isShuttingDown = true
    var marked: [Int] = []
    for slot in apps.indices where apps[slot].settings != nil {
      apps[slot].isWanted = false
      apps[slot].isWaiting = false
      if apps[slot].instance != nil {
        if mark(slot, .shutdown) { marked.append(slot) }
      } else {
        cancelTimers(slot)
        if apps[slot].state == .backingOff { setState(slot, .down) }
        disarm(slot)
        closeListeners(slot)
      }
    }
    ask(marked)
    if live == 0 { act(.finished) }
  }

  private mutating func activate(_ slot: Int) {
    guard let settings = apps[slot].settings else { return }
    if settings.start == .boot {
      start(slot)
    } else if settings.hasListeners, apps[slot].state == .down, !apps[slot].isWanted {
      apps[slot].isHeld = false
      openListeners(slot)
      arm(slot)
    }
  }

  private mutating func start(_ slot: Int) {
    apps[slot].isRemoved = false
    if apps[slot].state == .failed {
      forgive(slot)
      setState(slot, .down)
    }
    if apps[slot].state == .backingOff {
      cancelTimer(slot, .life)
      setState(slot, .down)
    }
    apps[slot].restarts = apps[slot].isWanted ? apps[slot].restarts : 0
    want(slot, ordered: true)
  }

  mutating func forgive(_ slot: Int) {
    apps[slot].failures = 0
    apps[slot].restarts = 0
    apps[slot].restartTimes = []
  }

  mutating func stop(_ slot: Int) {
    apps[slot].isHeld = true
    apps[slot].isWanted = false
    apps[slot].isWaiting = false
    if apps[slot].instance != nil {
      stopWithDependents(slot, .order)
      return
    }
    cancelTimers(slot)
    forgive(slot)
    disarm(slot)
    closeListeners(slot)
    setState(slot, .down)
    stopDependents(of: slot)
    wake(slot)
  }

  private mutating func restart(_ slot: Int, _ reason: StopReason) {
    if apps[slot].instance == nil {
      start(slot)
    } else {
      apps[slot].isRemoved = false
      want(slot, ordered: true)
      stopWithDependents(slot, reason)
    }
  }

  private mutating func freeze(_ slot: Int) throws(OrderRefusal) {
    let state = apps[slot].state
    guard state == .ready || state == .running, let instance = apps[slot].instance else {
      throw .notUp(state)
    }
    /* What is frozen gives no signs of life, and is not measured by them. */
    apps[slot].frozenFrom = state
    cancelTimer(slot, .life)
    cancelTimer(slot, .watchdog)
    cancelTimer(slot, .health)
    apps[slot].healthFailures = 0
    apps[slot].healthSuccesses = 0
    act(.freeze(AppID(slot), Instance(instance)))
    setState(slot, .frozen)
  }

  /// Goes on where it was; watchdog and checks begin anew.
  private mutating func thaw(_ slot: Int) {
    guard let instance = apps[slot].instance else { return }
    act(.thaw(AppID(slot), Instance(instance)))
    setState(slot, apps[slot].frozenFrom)
    watch(slot)
  }

  private mutating func kill(_ slot: Int) throws(OrderRefusal) {
    guard apps[slot].instance != nil else { throw .notUp(apps[slot].state) }
    _ = mark(slot, .kill)
    killTree(slot)
  }
}
