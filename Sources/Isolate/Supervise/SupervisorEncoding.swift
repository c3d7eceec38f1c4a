/// The supervisor's state as bytes, so that another program of another version can go on with it.
extension Supervisor {
  /// "ISUP", then the version.
  static let magic: UInt32 = 0x5055_5349
  /// Raised with every change of the format. A newer program must read every older one.
  package static let version: UInt16 = 1

  /// The whole state. The actions must have been taken: they are not part of it.
  package func encoded() -> [UInt8] {
    precondition(!hasActions, "actions are lost")
    var writer = StateWriter()
    writer.put(Self.magic)
    writer.put(Self.version)
    writer.put(isShuttingDown)
    writer.put(now)
    writer.put(random.bits)
    writer.put(nextInstance)
    writer.put(staleEvents)
    writer.put(UInt32(apps.count))
    for slot in apps.indices {
      let isUsed = slots[apps[slot].name] == slot
      writer.put(isUsed)
      if isUsed { write(slot, &writer) }
    }
    return writer.bytes
  }

  private func write(_ slot: Int, _ writer: inout StateWriter) {
    let app = apps[slot]
    writer.put(app.name)
    writer.put(app.settings) { $1.write(&$0) }
    guard app.settings != nil else { return }
    writer.put(app.state.rawValue)
    for flag in [
      app.isWanted, app.isWaiting, app.isRemoved, app.isListening, app.isArmed, app.isInGroupStop,
      app.isHeld,
    ] {
      writer.put(flag)
    }
    writer.put(Int64(app.failures))
    writer.put(app.restarts)
    writer.put(list: app.restartTimes) { $0.put($1) }
    writer.put(app.launchedAt)
    writer.put(app.instance) { $0.put($1) }
    if app.instance != nil {
      writer.put(app.isLaunched)
      writer.put(app.reason) { $1.write(&$0) }
      writer.put(app.phase.rawValue)
      writer.put(app.lastSignal)
      writer.put(app.frozenFrom.rawValue)
      writer.put(app.watchdogInterval)
      writer.put(Int64(app.healthFailures))
      writer.put(Int64(app.healthSuccesses))
      writer.put(app.isHealthy) { $0.put($1) }
      writer.put(app.isChecking)
    }
    for timer in AppTimer.allCases {
      writer.put(timers.time(of: key(slot, timer))) { $0.put($1) }
    }
  }
}
