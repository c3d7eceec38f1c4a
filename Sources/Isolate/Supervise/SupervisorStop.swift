/// How instances are ended: those that come later first, by signal, after the grace period by force.
extension Supervisor {
  /// How soon what was killed and is still there is killed again, in milliseconds.
  static let killAgain: Int64 = 10_000

  /// Notes that an instance is to end. False: it is ending already, for the reason it had first.
  mutating func mark(_ slot: Int, _ reason: StopReason) -> Bool {
    visits += 1
    guard let instance = apps[slot].instance else { return false }
    if let old = apps[slot].reason, old != .own || reason == .own { return false }
    apps[slot].reason = reason
    apps[slot].phase = .waiting
    cancelTimers(slot)
    if apps[slot].state == .frozen { act(.thaw(AppID(slot), Instance(instance))) }
    setState(slot, .stopping)
    return true
  }

  /// Asks all these to end: each as soon as those are gone that come after it.
  mutating func ask(_ marked: [Int]) {
    for slot in marked.reversed() { askIfPossible(slot) }
  }

  mutating func askIfPossible(_ slot: Int) {
    guard apps[slot].phase == .waiting, let settings = apps[slot].settings else { return }
    for other in edges[slot].before {
      visits += 1
      if apps[other].reason != nil { return }
    }
    ask(slot, settings.stop.signal)
  }

  private mutating func ask(_ slot: Int, _ number: Int32) {
    apps[slot].phase = .asked
    apps[slot].lastSignal = number
    if apps[slot].isLaunched { signal(slot, number) }
    grace(slot)
  }

  mutating func signal(_ slot: Int, _ number: Int32) {
    guard let instance = apps[slot].instance else { return }
    act(.signal(AppID(slot), Instance(instance), number))
  }

  /// Begins the time an app has to end.
  mutating func grace(_ slot: Int) {
    guard let settings = apps[slot].settings else { return }
    let time = settings.stop.timeoutMilliseconds
    if time <= 0 { killTree(slot) } else { setTimer(slot, .life, in: time) }
  }

  mutating func killTree(_ slot: Int) {
    guard let instance = apps[slot].instance else { return }
    apps[slot].phase = .killed
    act(.killTree(AppID(slot), Instance(instance)))
    setTimer(slot, .life, in: Self.killAgain)
  }

  /// Ends an instance that failed: nobody is waited for.
  mutating func endAtOnce(_ slot: Int, _ reason: StopReason) {
    guard mark(slot, reason), let settings = apps[slot].settings else { return }
    ask(slot, reason == .watchdog ? settings.watchdog?.signal ?? 6 : settings.stop.signal)
  }

  /// Ends an instance, and before it those of all apps that require it.
  mutating func stopWithDependents(_ slot: Int, _ reason: StopReason) {
    var marked: [Int] = []
    if mark(slot, reason) { marked.append(slot) }
    markDependents(of: slot, &marked)
    ask(marked)
  }

  /// An app is down for good: all that require it end too, and wait until it is back.
  mutating func stopDependents(of slot: Int) {
    var marked: [Int] = []
    markDependents(of: slot, &marked)
    ask(marked)
  }

  private mutating func markDependents(of slot: Int, _ marked: inout [Int]) {
    guard !edges[slot].requiredBy.isEmpty else { return }
    var seen: Set<Int> = [slot]
    var open = [slot]
    while let one = open.popLast() {
      for other in edges[one].requiredBy where seen.insert(other).inserted {
        visits += 1
        open.append(other)
        /* Those that back off go on with that: when it is over they wait like others that are down. */
        if mark(other, .dependency(apps[one].name)) { marked.append(other) }
      }
    }
  }

  // MARK: Groups

  /// A member ended and will start again: the others its group's strategy names are restarted too.
  mutating func restartGroup(of slot: Int) {
    guard let group = edges[slot].group else { return }
    var marked: [Int] = []
    for other in companions(of: slot) where mark(other, .group) {
      apps[other].isInGroupStop = true
      groups[group].pending += 1
      marked.append(other)
    }
    ask(marked)
  }

  /// A member failed for good: those that stand and fall with it are stopped.
  mutating func stopGroup(of slot: Int) {
    var marked: [Int] = []
    var down: [Int] = []
    for other in companions(of: slot) {
      apps[other].isWanted = false
      apps[other].isWaiting = false
      if apps[other].instance != nil {
        if mark(other, .dependency(apps[slot].name)) { marked.append(other) }
        continue
      }
      if apps[other].state == .backingOff {
        cancelTimer(other, .life)
        setState(other, .down)
      }
      down.append(other)
    }
    ask(marked)
    for other in down { wake(other) }
  }

  /// The strategy of a group: the widest that a member states.
  func strategy(_ group: Int) -> GroupStrategy {
    var widest = GroupStrategy.one
    for member in groups[group].members {
      switch apps[member].settings?.group?.strategy {
      case .all: return .all
      case .rest: widest = .rest
      case .one, nil: break
      }
    }
    return widest
  }

  private mutating func companions(of slot: Int) -> [Int] {
    guard let group = edges[slot].group else { return [] }
    visits += UInt64(groups[group].members.count)
    switch strategy(group) {
    case .one: return []
    case .all: return groups[group].members.filter { $0 != slot }
    case .rest:
      var seen: Set<Int> = [slot]
      var open = [slot]
      while let one = open.popLast() {
        for other in edges[one].before where seen.insert(other).inserted { open.append(other) }
      }
      visits += UInt64(seen.count)
      return groups[group].members.filter { $0 != slot && seen.contains($0) }
    }
  }

  /// An instance ended that its group waited for.
  mutating func leaveGroupStop(_ slot: Int) {
    guard apps[slot].isInGroupStop else { return }
    apps[slot].isInGroupStop = false
    guard let group = edges[slot].group else { return }
    groups[group].pending -= 1
    guard groups[group].pending == 0 else { return }
    visits += UInt64(groups[group].members.count)
    for member in groups[group].members where apps[member].isWaiting { startIfPossible(member) }
  }
}
