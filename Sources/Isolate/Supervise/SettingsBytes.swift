/// An app's settings as bytes of the supervisor's state.
extension AppSettings {
  func write(_ writer: inout StateWriter) {
    writer.put(start.place)
    writer.put(restart.when.place)
    writer.put(restart.delayMilliseconds)
    writer.put(restart.ceilingMilliseconds)
    writer.put(Int64(restart.burst))
    writer.put(restart.windowMilliseconds)
    writer.put(Int64(restart.jitterPercent))
    writer.put(group) {
      $0.put($1.name)
      $0.put($1.strategy.place)
    }
    writer.put(list: after) { $0.put($1) }
    writer.put(list: requires) { $0.put($1) }
    writer.put(readiness.sign.place)
    writer.put(readiness.timeoutMilliseconds)
    writer.put(watchdog) {
      $0.put($1.intervalMilliseconds)
      $0.put($1.signal)
    }
    writer.put(health) {
      $0.put($1.intervalMilliseconds)
      $0.put($1.timeoutMilliseconds)
      $0.put(Int64($1.failures))
      $0.put(Int64($1.successes))
    }
    writer.put(runtimeMilliseconds) { $0.put($1) }
    writer.put(stop.signal)
    writer.put(stop.timeoutMilliseconds)
    writer.put(hasListeners)
  }

  static func read(
    _ reader: inout StateReader, name: String
  ) throws(StateError) -> AppSettings {
    var service = ServicePolicy()
    service.start = try reader.place()
    service.restart.when = try reader.place()
    service.restart.delayMilliseconds = try reader.length("restart.delay")
    service.restart.ceilingMilliseconds = try reader.length("restart.ceiling")
    service.restart.burst = Int(try reader.length("restart.burst"))
    service.restart.windowMilliseconds = try reader.length("restart.window")
    service.restart.jitterPercent = Int(try reader.length("restart.jitter"))
    service.group = try reader.optional { reader throws(StateError) in
      GroupPolicy(name: try reader.text(), strategy: try reader.place())
    }
    service.after = try reader.list { reader throws(StateError) in try reader.text() }
    service.requires = try reader.list { reader throws(StateError) in try reader.text() }
    service.readiness.sign = try reader.place()
    service.readiness.timeoutMilliseconds = try reader.length("readiness.timeout")
    service.watchdog = try reader.optional { reader throws(StateError) in
      WatchdogPolicy(
        intervalMilliseconds: try reader.length("watchdog.interval"), signal: try reader.take())
    }
    let health = try reader.optional { reader throws(StateError) in
      HealthTimes(
        intervalMilliseconds: try reader.length("health.interval"),
        timeoutMilliseconds: try reader.length("health.timeout"),
        failures: Int(try reader.length("health.failures")),
        successes: Int(try reader.length("health.successes")))
    }
    service.runtimeMilliseconds = try reader.optional { reader throws(StateError) in
      try reader.length("service.run-time")
    }
    let stop = StopPolicy(
      signal: try reader.take(), timeoutMilliseconds: try reader.length("stop.timeout"))
    var settings = AppSettings(name: name, service: service, stop: stop)
    settings.health = health
    settings.hasListeners = try reader.bool()
    return settings
  }
}

extension StopReason {
  func write(_ writer: inout StateWriter) {
    switch self {
    case .order: writer.put(0 as UInt8)
    case .restart: writer.put(1 as UInt8)
    case .reload: writer.put(2 as UInt8)
    case .shutdown: writer.put(3 as UInt8)
    case .group: writer.put(4 as UInt8)
    case .dependency(let name):
      writer.put(5 as UInt8)
      writer.put(name)
    case .watchdog: writer.put(6 as UInt8)
    case .health: writer.put(7 as UInt8)
    case .runtime: writer.put(8 as UInt8)
    case .startTimeout: writer.put(9 as UInt8)
    case .kill: writer.put(10 as UInt8)
    case .own: writer.put(11 as UInt8)
    }
  }

  static func read(_ reader: inout StateReader) throws(StateError) -> StopReason {
    switch try reader.take(UInt8.self) {
    case 0: .order
    case 1: .restart
    case 2: .reload
    case 3: .shutdown
    case 4: .group
    case 5: .dependency(try reader.text())
    case 6: .watchdog
    case 7: .health
    case 8: .runtime
    case 9: .startTimeout
    case 10: .kill
    case 11: .own
    default: throw .contradiction("reason")
    }
  }
}
