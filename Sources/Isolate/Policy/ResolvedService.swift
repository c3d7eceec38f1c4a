/// How the daemon runs the app, complete and checked.
extension PolicyResolver {
  mutating func servicePolicy() -> ServicePolicy {
    let written = profile.service
    var service = ServicePolicy()
    if let start = written.start { service.start = start.value == .boot ? .boot : .demand }
    for name in written.after + written.requires where name.value == app {
      report(
        Diagnostic(
          at: name.position, length: name.length, "`service`: \(app) waits for itself",
          cure: "remove it"))
    }
    service.requires = Set(written.requires.map(\.value)).sorted()
    service.after = Set(written.after.map(\.value)).sorted()
    service.runtimeMilliseconds = Self.time(written.runTimeMilliseconds)
    service.restart = restart(written)
    service.group = group(written)
    if let sign = written.readiness {
      service.readiness.sign = sign.value == .exec ? .exec : .notify
    }
    if let time = Self.time(written.readinessMilliseconds) {
      service.readiness.timeoutMilliseconds = time
    }
    service.watchdog = watchdog(written)
    service.listen = written.listen.compactMap { listener($0) }
    if let most = written.descriptorStore { service.descriptorStore = Int(most.value) }
    service.health = health(written)
    logs(written, &service.logs)
    return service
  }

  private static func time(_ setting: Setting<UInt64>?) -> Int64? {
    setting.map { Int64(clamping: $0.value) }
  }

  private mutating func restart(_ written: ServiceSettings) -> RestartPolicy {
    var restart = RestartPolicy()
    switch written.restartWhen?.value {
    case .never: restart.when = .never
    case .onFailure, nil: restart.when = .onFailure
    case .always: restart.when = .always
    }
    if let delay = Self.time(written.delayMilliseconds) { restart.delayMilliseconds = delay }
    if let ceiling = Self.time(written.ceilingMilliseconds) {
      restart.ceilingMilliseconds = ceiling
    } else {
      restart.ceilingMilliseconds = max(restart.ceilingMilliseconds, restart.delayMilliseconds)
    }
    if let burst = written.burst { restart.burst = Int(burst.value) }
    if let window = Self.time(written.windowMilliseconds) { restart.windowMilliseconds = window }
    if let jitter = written.jitterPercent { restart.jitterPercent = Int(jitter.value) }
    if let ceiling = written.ceilingMilliseconds,
      restart.delayMilliseconds > restart.ceilingMilliseconds
    {
      let delay = ProfileUnits.describe(milliseconds: UInt64(restart.delayMilliseconds))
      report(
        Diagnostic(
          at: ceiling.position, length: ceiling.length,
          "`restart.ceiling` is shorter than `restart.delay`, which is \(delay)",
          cure: "make it at least as long"))
    }
    return restart
  }

  private mutating func group(_ written: ServiceSettings) -> GroupPolicy? {
    guard let name = written.group else {
      if let strategy = written.strategy {
        useless(strategy.position, strategy.length, "group.strategy", without: "group.name")
      }
      return nil
    }
    let strategy: GroupStrategy =
      switch written.strategy?.value {
      case .one, nil: .one
      case .rest: .rest
      case .all: .all
      }
    return GroupPolicy(name: name.value, strategy: strategy)
  }

  private mutating func watchdog(_ written: ServiceSettings) -> WatchdogPolicy? {
    guard let interval = Self.time(written.watchdogMilliseconds) else {
      if let signal = written.watchdogSignal {
        useless(signal.position, signal.length, "watchdog.signal", without: "watchdog.interval")
      }
      return nil
    }
    return WatchdogPolicy(
      intervalMilliseconds: interval, signal: written.watchdogSignal?.value ?? 6)
  }

  private mutating func listener(_ setting: ListenSetting) -> ListenPolicy? {
    let address: ListenPolicy.Address
    let place = setting.place
    switch setting.kind {
    case .tcp: address = .tcp(host: place.value, port: setting.port)
    case .udp: address = .udp(host: place.value, port: setting.port)
    case .unix, .unixDatagram, .unixSequenced:
      var path = place.value
      if path.utf8.first != 0x40 {
        guard let expanded = expand(place, "service.listen") else { return nil }
        path = expanded
      }
      /* sun_path has 108 bytes, with the NUL at the end of a path. Source: unix(7). */
      guard path.utf8.count <= (path.utf8.first == 0x40 ? 108 : 107) else {
        report(
          Diagnostic(
            at: place.position, length: place.length,
            "`service.listen`: \(path) is longer than a socket's path can be",
            cure: "at most 107 bytes"))
        return nil
      }
      switch setting.kind {
      case .unixDatagram: address = .unixDatagram(path: path)
      case .unixSequenced: address = .unixSequenced(path: path)
      case .unix, .tcp, .udp: address = .unixStream(path: path)
      }
    }
    return ListenPolicy(
      name: setting.name, address: address, mode: setting.mode ?? 0o600,
      backlog: setting.backlog ?? 1024, position: place.position)
  }

  private mutating func health(_ written: ServiceSettings) -> HealthPolicy? {
    guard let check = written.check else {
      let times = [
        ("health.interval", written.healthMilliseconds.map { ($0.position, $0.length) }),
        ("health.timeout", written.healthTimeoutMilliseconds.map { ($0.position, $0.length) }),
        ("health.failures", written.healthFailures.map { ($0.position, $0.length) }),
        ("health.successes", written.healthSuccesses.map { ($0.position, $0.length) }),
      ]
      for (key, place) in times {
        if let place {
          useless(place.0, place.1, key, without: "health.command, health.http or health.tcp")
        }
      }
      return nil
    }
    let how: HealthPolicy.Check =
      switch check.value {
      case .command(let command): .command(command)
      case .http(let host, let port, let path): .http(host: host, port: port, path: path)
      case .tcp(let host, let port): .tcp(host: host, port: port)
      }
    return HealthPolicy(
      check: how, intervalMilliseconds: Self.time(written.healthMilliseconds) ?? 10_000,
      timeoutMilliseconds: Self.time(written.healthTimeoutMilliseconds) ?? 5000,
      failures: Int(written.healthFailures?.value ?? 3),
      successes: Int(written.healthSuccesses?.value ?? 1))
  }

  private func logs(_ written: ServiceSettings, _ logs: inout LogPolicy) {
    if let words = written.logsTo {
      var to: [LogDestination] = []
      if words.value.contains(.files) { to.append(.files) }
      if words.value.contains(.journald) { to.append(.journald) }
      logs.to = to
    }
    if let lines = written.logLines { logs.linesPerSecond = Int(lines.value) }
    if let size = written.logBytes { logs.sizeBytes = size.value }
    if let files = written.logFiles { logs.files = Int(files.value) }
  }

  private mutating func useless(
    _ position: Position, _ length: Int, _ key: String, without other: String
  ) {
    report(
      Diagnostic(
        .warning, at: position, length: length, "`\(key)` means nothing without \(other)",
        cure: "remove it, or write the other"))
  }
}
