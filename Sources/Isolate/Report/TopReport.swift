/// What `isolated top` shows: two looks at the apps of a daemon, as a table or as JSON.
package struct TopReport: Sendable {
  /// CPU time of each instance at the look before, with its age: by instance.
  private var earlier: [UInt64: (age: Int64, cpu: UInt64)] = [:]
  private var rows: [Row] = []

  private struct Row: Sendable {
    var use: ControlUse
    /// Hundredths of one processor, times ten: 1000 is one processor.
    var cpuPermille: UInt64?
  }

  package init() {}

  /// Takes a further look. CPU use is that since the look before, of a new instance since its launch.
  package mutating func take(_ all: [ControlUse]) {
    var seen: [UInt64: (age: Int64, cpu: UInt64)] = [:]
    rows = all.map { use in
      guard let now = use.running else { return Row(use: use, cpuPermille: nil) }
      seen[now.instance] = (now.ageMicroseconds, now.cpuMicroseconds)
      let before = earlier[now.instance] ?? (0, 0)
      let time = max(1, now.ageMicroseconds - before.age)
      let cpu = now.cpuMicroseconds >= before.cpu ? now.cpuMicroseconds - before.cpu : 0
      return Row(
        use: use,
        cpuPermille: cpu.multipliedReportingOverflow(by: 1000).partialValue / UInt64(time))
    }.sorted { ($1.cpuPermille ?? 0, $0.use.app) < ($0.cpuPermille ?? 0, $1.use.app) }
    earlier = seen
  }

  /// The busiest first.
  package func text(style: TextStyle) -> String {
    func number(_ value: UInt64?) -> String { value.map { "\($0)" } ?? "-" }
    let cells = rows.map { row in
      let running = row.use.running
      return [
        VisibleText.of(row.use.app), row.use.state.word, "\(row.use.restarts)",
        row.cpuPermille.map { "\($0 / 10).\($0 % 10)" } ?? "-",
        running.map { Self.size($0.memoryKiB) } ?? "-", number(running?.processes),
        number(running?.descriptors), number(running?.requests), number(running?.refusals),
      ]
    }
    return TextTable.lines(
      ["APP", "STATE", "RESTARTS", "CPU%", "MEMORY", "PROCS", "FDS", "REQUESTS", "REFUSED"],
      cells, style: style)
  }

  package var json: JSONValue {
    let apps = rows.map { row in
      var object = row.use.json.object ?? JSONObject()
      object["cpu_percent"] = row.cpuPermille.map { .double(Double($0) / 10) } ?? .null
      return JSONValue.object(object)
    }
    return ["apps": .array(apps)]
  }

  /// A screen of it: as many lines and columns as there are.
  package func screen(rows count: Int, columns: Int) -> String {
    let running = rows.count { $0.use.running != nil }
    let lines =
      ["\(running) of \(rows.count) apps run; q ends"]
      + text(style: .plain).split(separator: "\n").map(String.init)
    /* Home; each line to its end; what is below is cleared. */
    return "\u{1b}[H"
      + lines.prefix(max(1, count)).map { String($0.prefix(max(1, columns))) }
      .joined(separator: "\u{1b}[K\r\n") + "\u{1b}[K\u{1b}[J"
  }

  /// "812K", "12.3M", "1.5G".
  static func size(_ kib: UInt64) -> String {
    switch kib {
    case ..<1024: "\(kib)K"
    case ..<(1024 * 1024): "\(kib / 1024).\(kib % 1024 * 10 / 1024)M"
    default: "\(kib >> 20).\((kib >> 10) % 1024 * 10 / 1024)G"
    }
  }
}
