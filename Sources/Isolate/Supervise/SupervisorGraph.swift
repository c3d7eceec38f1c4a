/// Which apps there are, and who depends on whom.
extension Supervisor {
  /// Adds apps, or gives those that are there new settings. All or, where they wait for each other, none.
  ///
  /// New settings hold at once as far as they can: timers of watchdog, checks and run time begin anew. Nothing is started
  /// or ended.
  package mutating func configure(
    _ list: [AppSettings], now time: Int64
  ) throws(SupervisorError) {
    move(to: time)
    guard !isShuttingDown else { throw .shuttingDown }
    if let cycle = cycle(list) { throw .cycle(cycle) }
    for settings in list {
      let slot = slot(of: settings.name)
      let old = apps[slot].settings
      apps[slot].settings = settings
      apps[slot].isRemoved = false
      connect(slot, settings)
      if old != nil, old != settings { adapt(slot, settings) }
    }
    /* Those may wait for less now, or for somebody who has just come. */
    for settings in list {
      guard let slot = slots[settings.name] else { continue }
      if apps[slot].isWaiting { startIfPossible(slot) }
      wake(slot)
    }
  }

  package mutating func configure(
    _ settings: AppSettings, now time: Int64
  ) throws(SupervisorError) -> AppID {
    try configure([settings], now: time)
    return AppID(slot(of: settings.name))
  }

  /// Forgets an app: it is stopped first, and all that require it.
  package mutating func remove(_ app: AppID, now time: Int64) {
    move(to: time)
    guard settings(app) != nil else { return }
    apps[app.slot].isRemoved = true
    stop(app.slot)
    if apps[app.slot].instance == nil { release(app.slot) }
  }

  /// The names of apps that would wait for each other; nil: none would.
  private func cycle(_ list: [AppSettings]) -> [String]? {
    var changed: [String: AppSettings] = [:]
    for settings in list { changed[settings.name] = settings }
    return DependencyGraph.cycle(from: list.map(\.name)) { name in
      let settings = changed[name] ?? slots[name].flatMap { apps[$0].settings }
      return settings.map { $0.after + $0.requires } ?? []
    }
  }

  /// The slot of a name, made if there is none.
  mutating func slot(of name: String) -> Int {
    if let slot = slots[name] { return slot }
    let slot: Int
    if let old = free.popLast() {
      slot = old
      apps[slot] = AppRecord(name: name)
    } else {
      slot = apps.count
      apps.append(AppRecord(name: name))
      edges.append(AppEdges())
    }
    slots[name] = slot
    return slot
  }

  mutating func connect(_ slot: Int, _ settings: AppSettings) {
    var needed: [Int] = []
    for name in settings.requires { needed.append(self.slot(of: name)) }
    var earlier = needed
    for name in settings.after { earlier.append(self.slot(of: name)) }
    let old = edges[slot]
    edges[slot].after = Set(earlier).sorted()
    edges[slot].requires = Set(needed).sorted()
    for other in edges[slot].after { Self.insert(slot, &edges[other].before) }
    for other in edges[slot].requires { Self.insert(slot, &edges[other].requiredBy) }
    drop(slot, old, keeping: edges[slot])
    join(slot, settings.group?.name)
  }

  /// Takes an app off the lists of those it no longer names; who is named by nobody and configured by nobody goes.
  private mutating func drop(_ slot: Int, _ old: AppEdges, keeping new: AppEdges) {
    for other in old.requires where !new.requires.contains(other) {
      edges[other].requiredBy.removeAll { $0 == slot }
    }
    for other in old.after where !new.after.contains(other) {
      edges[other].before.removeAll { $0 == slot }
      freeIfUnused(other)
    }
  }

  private mutating func freeIfUnused(_ slot: Int) {
    guard apps[slot].settings == nil, edges[slot].before.isEmpty,
      slots.removeValue(forKey: apps[slot].name) != nil
    else { return }
    apps[slot] = AppRecord(name: "")
    edges[slot] = AppEdges()
    let place = free.firstIndex { $0 < slot } ?? free.endIndex
    free.insert(slot, at: place)
  }

  private mutating func join(_ slot: Int, _ name: String?) {
    if let old = edges[slot].group {
      guard groups[old].name != name else { return }
      leaveGroupStop(slot)
      groups[old].members.removeAll { $0 == slot }
      edges[slot].group = nil
    }
    guard let name else { return }
    let number = groupNumbers[name] ?? groups.count
    if number == groups.count {
      groups.append(AppGroup(name: name))
      groupNumbers[name] = number
    }
    Self.insert(slot, &groups[number].members)
    edges[slot].group = number
  }

  private static func insert(_ slot: Int, _ list: inout [Int]) {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle] < slot { low = middle + 1 } else { high = middle }
    }
    if low == list.count || list[low] != slot { list.insert(slot, at: low) }
  }

  /// An app that is down is no longer there.
  mutating func release(_ slot: Int) {
    cancelTimers(slot)
    disarm(slot)
    closeListeners(slot)
    let old = edges[slot]
    act(.forget(AppID(slot)))
    join(slot, nil)
    apps[slot] = AppRecord(name: apps[slot].name)
    edges[slot].after = []
    edges[slot].requires = []
    drop(slot, old, keeping: edges[slot])
    wake(slot)
    freeIfUnused(slot)
  }

  /// Makes what runs follow new settings.
  private mutating func adapt(_ slot: Int, _ settings: AppSettings) {
    if !settings.hasListeners {
      disarm(slot)
      closeListeners(slot)
    } else if apps[slot].isWanted {
      openListeners(slot)
    }
    guard apps[slot].isUp else { return }
    let elapsed = now - apps[slot].launchedAt
    if let runtime = settings.runtimeMilliseconds {
      setTimer(slot, .runtime, in: max(0, runtime - elapsed))
    } else {
      cancelTimer(slot, .runtime)
    }
    apps[slot].watchdogInterval = settings.watchdog?.intervalMilliseconds ?? 0
    if settings.health == nil {
      apps[slot].isChecking = false
      apps[slot].isHealthy = nil
      cancelTimer(slot, .health)
    }
    if apps[slot].state != .frozen { watch(slot) }
  }
}
