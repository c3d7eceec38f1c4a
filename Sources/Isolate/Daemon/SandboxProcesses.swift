/// The processes of a sandbox, from /proc.
struct SandboxProcess: Hashable {
  var pid: Int32
  /// Its number in the sandbox; nil: it could not be read.
  var inside: Int32?
  var state: String
  var threads: UInt64
  var residentKiB: UInt64
  /// The beginning of its command line. Text of the app.
  var command: String

  var json: JSONValue {
    [
      "pid": .integer(Int64(pid)), "inside": inside.map { .integer(Int64($0)) } ?? .null,
      "state": .string(state), "threads": JSONValue(threads),
      "resident_kib": JSONValue(residentKiB), "command": .string(command),
    ]
  }
}

enum SandboxProcesses {
  static func look(beneath initPid: Int32) -> [SandboxProcess] {
    let tree = ProcessTree(beneath: initPid, limit: Sampler.maximumProcesses)
    return tree.pids.sorted().compactMap { look($0) }
  }

  private static func look(_ pid: Int32) -> SandboxProcess? {
    guard let text = TextFile.read("/proc/\(pid)/status", limit: 8192) else { return nil }
    var fields: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { fields[parts[0]] = parts[1] }
    }
    func words(_ key: Substring) -> [Substring] {
      (fields[key] ?? "").split { $0 == "\t" || $0 == " " }
    }
    let line = TextFile.read("/proc/\(pid)/cmdline", limit: 4096) ?? ""
    let command = line.split(separator: "\0").joined(separator: " ")
    return SandboxProcess(
      pid: pid, inside: words("NSpid").last.flatMap { Int32($0) },
      state: String(words("State").first ?? "?"),
      threads: words("Threads").first.flatMap { UInt64($0) } ?? 0,
      residentKiB: words("VmRSS").first.flatMap { UInt64($0) } ?? 0,
      command: command.isEmpty
        ? "[\(fields["Name"].map { $0.drop { $0 == "\t" } } ?? "?")]" : command)
  }

  static func text(_ rows: [SandboxProcess], style: TextStyle) -> String {
    let cells = rows.map { row in
      [
        "\(row.pid)", row.inside.map { "\($0)" } ?? "-", row.state, "\(row.threads)",
        "\(row.residentKiB)", VisibleText.of(row.command, limit: 200),
      ]
    }
    return TextTable.lines(
      ["PID", "INSIDE", "STATE", "THREADS", "RSS KIB", "COMMAND"], cells, style: style)
  }
}
