/// What time does.
extension Supervisor {
  /// Does what is due at `time`.
  package mutating func advance(to time: Int64) {
    move(to: time)
    while let key = timers.takeDue(at: now) {
      visits += 1
      let count = AppTimer.allCases.count
      let slot = key / count
      switch AppTimer(rawValue: key % count) {
      case .life: lifeTimer(slot)
      case .watchdog: endAtOnce(slot, .watchdog)
      case .health: healthTimer(slot)
      case .runtime: endAtOnce(slot, .runtime)
      case nil: break
      }
    }
  }

  private mutating func lifeTimer(_ slot: Int) {
    switch apps[slot].state {
    case .starting: endAtOnce(slot, .startTimeout)
    case .ready:
      apps[slot].failures = 0
      setState(slot, .running)
    case .stopping: killTree(slot)
    case .backingOff:
      setState(slot, .down)
      startIfPossible(slot)
    case .down: arm(slot)
    /* These have none: it is cancelled on the way to them. */
    case .running, .failed, .frozen: break
    }
  }

  private mutating func healthTimer(_ slot: Int) {
    if apps[slot].isChecking { checked(slot, isGood: false) } else { check(slot) }
  }
}
