/// Reads what `encoded` wrote. Any bytes whatever give a state that is whole, or an error.
extension Supervisor {
  /// More than can ever be counted, and far from overflowing.
  private static let most: Int64 = 1 << 62

  package init(decoding bytes: [UInt8]) throws(StateError) {
    var reader = StateReader(bytes)
    guard bytes.count >= 4, try reader.take(UInt32.self) == Self.magic else { throw .notAState }
    let version: UInt16 = try reader.take()
    guard version == Self.version else { throw .version(version) }
    self.init(seed: 0)
    isShuttingDown = try reader.bool()
    now = try reader.length("now")
    random.bits = try reader.take()
    nextInstance = UInt64(try reader.length("instances", upTo: Self.most))
    staleEvents = UInt64(try reader.length("stale events", upTo: Self.most))
    let count = Int(try reader.take(UInt32.self))
    guard count <= reader.left else { throw .truncated }
    for slot in 0..<count {
      apps.append(AppRecord(name: ""))
      edges.append(AppEdges())
      if try reader.bool() { try read(slot, &reader) } else { free.append(slot) }
    }
    free.reverse()
    guard reader.left == 0 else { throw .leftOver }
    try connectAll()
    for slot in apps.indices { try checkGroup(slot) }
  }

  /// Edges and groups follow from the settings; every name has its slot already.
  private mutating func connectAll() throws(StateError) {
    let names = apps.compactMap { $0.settings?.name }
    let cycle = DependencyGraph.cycle(from: names) { name in
      slots[name].flatMap { apps[$0].settings }.map { $0.after + $0.requires } ?? []
    }
    guard cycle == nil else { throw .contradiction("cycle") }
    let count = apps.count
    for slot in 0..<count {
      guard let settings = apps[slot].settings else { continue }
      for name in settings.after + settings.requires where slots[name] == nil {
        throw .contradiction("name")
      }
      connect(slot, settings)
    }
    for slot in 0..<count
    where apps[slot].settings == nil && !free.contains(slot) && edges[slot].before.isEmpty {
      throw .contradiction("unused name")
    }
  }

  private mutating func checkGroup(_ slot: Int) throws(StateError) {
    guard apps[slot].isInGroupStop else { return }
    guard let group = edges[slot].group else { throw .contradiction("group") }
    groups[group].pending += 1
  }

  private mutating func read(_ slot: Int, _ reader: inout StateReader) throws(StateError) {
    let name = try reader.text()
    guard slots.updateValue(slot, forKey: name) == nil else { throw .contradiction("two names") }
    var app = AppRecord(name: name)
    app.settings = try reader.optional { reader throws(StateError) in
      try AppSettings.read(&reader, name: name)
    }
    guard app.settings != nil else {
      apps[slot] = app
      return
    }
    app.state = try reader.word()
    app.isWanted = try reader.bool()
    app.isWaiting = try reader.bool()
    app.isRemoved = try reader.bool()
    app.isListening = try reader.bool()
    app.isArmed = try reader.bool()
    app.isInGroupStop = try reader.bool()
    app.isHeld = try reader.bool()
    app.failures = Int(try reader.length("failures", upTo: Self.mostFailures))
    app.restarts = UInt64(try reader.length("restarts", upTo: Self.most))
    app.restartTimes = try reader.list { reader throws(StateError) in try reader.take() }
    app.launchedAt = try reader.length("launch", upTo: now)
    app.instance = try reader.optional { reader throws(StateError) in try reader.take() }
    if app.instance != nil { try Self.readInstance(&app, &reader) }
    try check(app)
    apps[slot] = app
    if app.instance != nil { live += 1 }
    for timer in AppTimer.allCases {
      let time = try reader.optional { reader throws(StateError) in try reader.length("timer") }
      guard let time else { continue }
      guard Self.mayHave(timer, app) else { throw .contradiction("timer") }
      timers.set(key(slot, timer), to: time)
    }
  }

  private static func readInstance(
    _ app: inout AppRecord, _ reader: inout StateReader
  ) throws(StateError) {
    app.isLaunched = try reader.bool()
    app.reason = try reader.optional { reader throws(StateError) in
      try StopReason.read(&reader)
    }
    app.phase = try reader.word()
    app.lastSignal = try reader.take()
    app.frozenFrom = try reader.word()
    app.watchdogInterval = try reader.length("watchdog")
    app.healthFailures = Int(try reader.length("health", upTo: most))
    app.healthSuccesses = Int(try reader.length("health", upTo: most))
    app.isHealthy = try reader.optional { reader throws(StateError) in try reader.bool() }
    app.isChecking = try reader.bool()
  }

  /// What the code beside this relies on.
  private func check(_ app: AppRecord) throws(StateError) {
    let needsInstance =
      switch app.state {
      case .starting, .ready, .running, .stopping, .frozen: true
      case .down, .backingOff, .failed: false
      }
    guard needsInstance == (app.instance != nil) else { throw .contradiction("instance") }
    guard app.instance ?? 0 < nextInstance else { throw .contradiction("instance number") }
    guard (app.reason != nil) == (app.state == .stopping),
      (app.phase != .none) == (app.state == .stopping)
    else { throw .contradiction("stopping") }
    let wasReady = app.state == .ready || app.state == .running || app.state == .frozen
    guard !wasReady || app.isLaunched else { throw .contradiction("launched") }
    guard app.state != .frozen || app.frozenFrom == .ready || app.frozenFrom == .running else {
      throw .contradiction("frozen")
    }
    guard !app.isInGroupStop || app.state == .stopping else { throw .contradiction("group stop") }
    guard !app.isWaiting || app.state == .down && app.isWanted else {
      throw .contradiction("waiting")
    }
    guard !app.isArmed || app.isListening else { throw .contradiction("armed") }
  }

  /// A timer that nothing would wait for never fires into a state that has none.
  private static func mayHave(_ timer: AppTimer, _ app: AppRecord) -> Bool {
    switch timer {
    case .life:
      app.state == .starting || app.state == .ready || app.state == .stopping
        || app.state == .backingOff || app.state == .down && app.isListening && !app.isWanted
    case .watchdog, .health: app.state == .ready || app.state == .running
    case .runtime: app.isUp
    }
  }
}
