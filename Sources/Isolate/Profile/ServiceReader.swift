/// How the sections are read that only the daemon uses.
extension ProfileReader {
  mutating func readServices(_ top: inout ProfileTable) {
    var service = ServiceSettings()
    section("service", &top) { reader, table in
      service.start = reader.word("start", &table)
      service.after = reader.appNames("after", &table)
      service.requires = reader.appNames("requires", &table)
      service.runTimeMilliseconds = reader.time("run-time", &table)
      service.listen = reader.listeners(&table)
      service.descriptorStore = reader.count("descriptor-store", in: 0...256, &table)
    }
    section("restart", &top) { reader, table in
      service.restartWhen = reader.word("when", &table)
      service.delayMilliseconds = reader.time("delay", &table, mayBeZero: true)
      service.ceilingMilliseconds = reader.time("ceiling", &table)
      service.burst = reader.count("burst", in: 1...100, &table)
      service.windowMilliseconds = reader.time("window", &table)
      service.jitterPercent = reader.count("jitter", in: 0...50, &table)
    }
    section("group", &top) { reader, table in
      service.group = reader.string("name", &table).flatMap {
        reader.isName($0, "group.name") ? $0 : nil
      }
      service.strategy = reader.word("strategy", &table)
    }
    section("readiness", &top) { reader, table in
      service.readiness = reader.word("when", &table)
      service.readinessMilliseconds = reader.time("timeout", &table, mayBeZero: true)
    }
    section("watchdog", &top) { reader, table in
      service.watchdogMilliseconds = reader.time("interval", &table)
      service.watchdogSignal = reader.signal("signal", &table)
    }
    section("health", &top) { reader, table in reader.readHealth(&table, &service) }
    section("logs", &top) { reader, table in reader.readLogs(&table, &service) }
    set(service)
  }

  private mutating func readHealth(
    _ table: inout ProfileTable, _ service: inout ServiceSettings
  ) {
    for check in [command(&table), http(&table), tcp(&table)] {
      guard let check else { continue }
      if let first = service.check {
        report(
          Diagnostic(
            at: check.position, length: check.length,
            "`\(check.value.key)`: the app has a check already",
            cure: "`\(first.value.key)` has it at \(first.position.precise); keep one"))
      } else {
        service.check = check
      }
    }
    service.healthMilliseconds = time("interval", &table)
    service.healthTimeoutMilliseconds = time("timeout", &table)
    service.healthFailures = count("failures", in: 1...1000, &table)
    service.healthSuccesses = count("successes", in: 1...1000, &table)
  }

  private mutating func readLogs(
    _ table: inout ProfileTable, _ service: inout ServiceSettings
  ) {
    if let node = table.take("to") {
      var words: [LogWord] = []
      for element in list(node, "logs.to") {
        let word: Setting<LogWord>? = word(element, "logs.to")
        if let word, !words.contains(word.value) { words.append(word.value) }
      }
      if words.contains(.none), words.count > 1 {
        error(
          node, "`logs.to`: \"none\" and others", cure: "write [\"none\"] alone to keep nothing")
      }
      service.logsTo = Setting(words, at: node.position, length: node.length)
    }
    service.logLines = count("rate", in: 0...10_000_000, &table)
    if let node = table.take("size"), let size = bytes(node, "logs.size") {
      if size < 4096 {
        error(node, "`logs.size`: less than 4K would be one line a file", cure: "\"16M\"")
      } else {
        service.logBytes = Setting(size, at: node.position, length: node.length)
      }
    }
    service.logFiles = count("files", in: 1...1000, &table)
  }

  // MARK: Values

  private mutating func time(
    _ name: String, _ table: inout ProfileTable, mayBeZero: Bool = false
  ) -> Setting<UInt64>? {
    guard let node = table.take(name), let value = milliseconds(node, table.path(name)) else {
      return nil
    }
    guard mayBeZero || value > 0 else {
      error(
        node, "`\(table.path(name))`: 0 is no time",
        cure: "leave the key out, or write a time: \"10s\"")
      return nil
    }
    return Setting(value, at: node.position, length: node.length)
  }

  private mutating func count(
    _ name: String, in range: ClosedRange<Int64>, _ table: inout ProfileTable
  ) -> Setting<Int64>? {
    guard let node = table.take(name) else { return nil }
    return integer(node, table.path(name), in: range)
  }

  private mutating func signal(
    _ name: String, _ table: inout ProfileTable
  ) -> Setting<Int32>? {
    guard let node = table.take(name), let text = text(node, table.path(name)) else { return nil }
    guard let signal = ProfileUnits.signals.first(where: { $0.name == text.value }) else {
      badWord(node, text.value, table.path(name), ProfileUnits.signals.map(\.name))
      return nil
    }
    return Setting(signal.number, at: node.position, length: node.length)
  }

  private mutating func appNames(
    _ name: String, _ table: inout ProfileTable
  ) -> [Setting<String>] {
    let key = table.path(name)
    return strings(name, &table).filter { isName($0, key) }
  }

  /// A name that is passed on in words of its own: of an app, a group, a socket.
  mutating func isName(_ name: Setting<String>, _ key: String) -> Bool {
    let isGood =
      (1...128).contains(name.value.utf8.count)
      && name.value.utf8.allSatisfy { Self.isNameByte($0) || $0 == 0x5F || $0 == 0x40 }
    if isGood { return true }
    report(
      Diagnostic(
        at: name.position, length: name.length, "`\(key)`: \"\(name.value)\" is not a name",
        cure: "use at most 128 letters, digits, `-`, `_`, `.` and `@`"))
    return false
  }

  // MARK: Checks

  private mutating func command(_ table: inout ProfileTable) -> Setting<HealthCheckSetting>? {
    guard let node = table.take("command") else { return nil }
    let words = list(node, "health.command").compactMap { text($0, "health.command")?.value }
    guard case .array = node.value else { return nil }
    guard let program = words.first, !program.isEmpty else {
      error(
        node, "`health.command`: no program", cure: "health.command = [\"PROGRAM\", \"ARGUMENT\"]")
      return nil
    }
    return Setting(.command(words), at: node.position, length: node.length)
  }

  private mutating func http(_ table: inout ProfileTable) -> Setting<HealthCheckSetting>? {
    guard let text = string("http", &table) else { return nil }
    let scheme = "http://"
    if text.value.utf8.starts(with: scheme.utf8) {
      let rest = text.value.utf8.dropFirst(scheme.utf8.count)
      let end = rest.firstIndex(of: 0x2F) ?? rest.endIndex
      let path = end == rest.endIndex ? "/" : String(Substring(rest[end...]))
      let isPlain = path.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      if isPlain, let (host, port) = ListenText.address(Substring(rest[..<end]), defaultPort: 80) {
        return Setting(
          .http(host: host, port: port, path: path), at: text.position, length: text.length)
      }
    }
    report(
      Diagnostic(
        at: text.position, length: text.length,
        "`health.http`: \"\(text.value)\" is not an address that can be asked",
        cure: "write it with a numeric host: \"http://127.0.0.1:8080/health\""))
    return nil
  }

  private mutating func tcp(_ table: inout ProfileTable) -> Setting<HealthCheckSetting>? {
    guard let text = string("tcp", &table) else { return nil }
    if let (host, port) = ListenText.address(text.value[...], defaultPort: nil) {
      return Setting(.tcp(host: host, port: port), at: text.position, length: text.length)
    }
    report(
      Diagnostic(
        at: text.position, length: text.length,
        "`health.tcp`: \"\(text.value)\" is not a numeric address and a port",
        cure: "such as \"127.0.0.1:5432\" or \"[::1]:5432\""))
    return nil
  }
}
