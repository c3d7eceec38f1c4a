/// What profiles say for the daemon, as text with the places it stands at; only what is written, for the rest `isolated
/// run` has no use.
enum ServiceKeyList {
  /// The keys, each once.
  static func written(_ settings: ServiceSettings) -> [String] {
    var keys: [String] = []
    for entry in entries(settings) where keys.last != entry.key { keys.append(entry.key) }
    return keys
  }

  static func entries(_ settings: ServiceSettings) -> [Provenance] {
    var list = Lister()
    list.add("service.start", settings.start) { $0.rawValue }
    for name in settings.after { list.add("service.after", name) { $0 } }
    for name in settings.requires { list.add("service.requires", name) { $0 } }
    list.add("service.run-time", settings.runTimeMilliseconds, list.time)
    for one in settings.listen {
      list.entries.append(
        Provenance(key: "service.listen", value: describe(one), position: one.place.position))
    }
    list.add("service.descriptor-store", settings.descriptorStore) { String($0) }
    list.add("restart.when", settings.restartWhen) { $0.rawValue }
    list.add("restart.delay", settings.delayMilliseconds, list.time)
    list.add("restart.ceiling", settings.ceilingMilliseconds, list.time)
    list.add("restart.burst", settings.burst) { String($0) }
    list.add("restart.window", settings.windowMilliseconds, list.time)
    list.add("restart.jitter", settings.jitterPercent) { String($0) }
    list.add("group.name", settings.group) { $0 }
    list.add("group.strategy", settings.strategy) { $0.rawValue }
    list.add("readiness.when", settings.readiness) { $0.rawValue }
    list.add("readiness.timeout", settings.readinessMilliseconds, list.time)
    list.add("watchdog.interval", settings.watchdogMilliseconds, list.time)
    list.add("watchdog.signal", settings.watchdogSignal) { number in
      ProfileUnits.signals.first { $0.number == number }?.name ?? String(number)
    }
    if let check = settings.check { list.add(check.value.key, check, describe) }
    list.add("health.interval", settings.healthMilliseconds, list.time)
    list.add("health.timeout", settings.healthTimeoutMilliseconds, list.time)
    list.add("health.failures", settings.healthFailures) { String($0) }
    list.add("health.successes", settings.healthSuccesses) { String($0) }
    list.add("logs.to", settings.logsTo) { $0.map(\.rawValue).joined(separator: " ") }
    list.add("logs.rate", settings.logLines) { String($0) }
    list.add("logs.size", settings.logBytes) { ProfileUnits.describe(bytes: $0) }
    list.add("logs.files", settings.logFiles) { String($0) }
    return list.entries
  }

  private struct Lister {
    var entries: [Provenance] = []
    let time: (UInt64) -> String = { ProfileUnits.describe(milliseconds: $0) }

    mutating func add<Value>(_ key: String, _ setting: Setting<Value>?, _ text: (Value) -> String) {
      guard let setting else { return }
      entries.append(Provenance(key: key, value: text(setting.value), position: setting.position))
    }
  }

  private static func describe(_ check: HealthCheckSetting) -> String {
    switch check {
    case .command(let words): words.joined(separator: " ")
    case .http(let host, let port, let path): "http://\(address(host, port))\(path)"
    case .tcp(let host, let port): address(host, port)
    }
  }

  private static func describe(_ one: ListenSetting) -> String {
    var text = "\(one.name): \(one.kind.rawValue):"
    switch one.kind {
    case .tcp, .udp: text += address(one.place.value, one.port)
    case .unix, .unixDatagram, .unixSequenced: text += one.place.value
    }
    if let mode = one.mode { text += " mode \(String(mode, radix: 8))" }
    if let backlog = one.backlog { text += " backlog \(backlog)" }
    return text
  }

  private static func address(_ host: String, _ port: UInt16) -> String {
    if host.isEmpty { return "*:\(port)" }
    return host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
