/// How apps are started, and in which order.
extension Supervisor {
  /// Wants an app, and all it requires, and starts what can be.
  ///
  /// - Parameter ordered: somebody said so; else what somebody stopped stays down, and the app waits for it.
  mutating func want(_ slot: Int, ordered: Bool) {
    var open = [slot]
    var found: [Int] = []
    while let one = open.popLast() {
      visits += 1
      guard apps[one].settings != nil, apps[one].state != .failed, ordered || !apps[one].isHeld
      else { continue }
      apps[one].isHeld = false
      let isNew = !apps[one].isWanted || one == slot
      apps[one].isWanted = true
      guard isNew else { continue }
      found.append(one)
      open += edges[one].requires
    }
    for one in found.reversed() { startIfPossible(one) }
  }

  /// Launches an app if it is wanted, down, and everything it waits for is there.
  mutating func startIfPossible(_ slot: Int) {
    visits += 1
    guard !isShuttingDown, apps[slot].isWanted, !apps[slot].isRemoved, apps[slot].state == .down,
      apps[slot].instance == nil, let settings = apps[slot].settings
    else { return }
    guard !isBlocked(slot) else {
      apps[slot].isWaiting = true
      return
    }
    apps[slot].isWaiting = false
    disarm(slot)
    cancelTimer(slot, .life)
    openListeners(slot)
    let instance = nextInstance
    nextInstance += 1
    live += 1
    apps[slot].instance = instance
    apps[slot].isLaunched = false
    apps[slot].launchedAt = now
    setState(slot, .starting)
    if settings.readiness.timeoutMilliseconds > 0 {
      setTimer(slot, .life, in: settings.readiness.timeoutMilliseconds)
    }
    act(.launch(AppID(slot), Instance(instance)))
  }

  private mutating func isBlocked(_ slot: Int) -> Bool {
    if let group = edges[slot].group, groups[group].pending > 0 { return true }
    for other in edges[slot].after {
      visits += 1
      if blocks(other, slot) { return true }
    }
    return false
  }

  /// Those that an app waits for.
  func blockers(_ slot: Int) -> [Int] {
    var found = edges[slot].after.filter { blocks($0, slot) }
    if let group = edges[slot].group {
      found += groups[group].members.filter { $0 != slot && apps[$0].isInGroupStop }
    }
    return found
  }

  /// Whether one app must not start because of another that it comes after.
  private func blocks(_ other: Int, _ slot: Int) -> Bool {
    if apps[other].isUp { return false }
    /* What is only ordered waits for those that are coming; nobody waits for what is down for good. */
    return apps[other].isWanted || edges[slot].requires.contains(other)
  }

  /// An app is ready, or down for good: those that waited for that may start.
  mutating func wake(_ slot: Int) {
    for other in edges[slot].before {
      visits += 1
      if apps[other].isWaiting { startIfPossible(other) }
    }
  }
}
