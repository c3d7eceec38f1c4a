/// Counters in the text format of Prometheus, version 0.0.4.
extension Daemon {
  func metrics(_ now: Int64) -> String {
    var text = ""
    func metric(_ name: String, _ type: String, _ help: String, _ lines: [(String, String)]) {
      text += "# HELP isolated_\(name) \(help)\n# TYPE isolated_\(name) \(type)\n"
      for (labels, value) in lines {
        text += "isolated_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
      }
    }
    let all = apps.values.sorted { $0.name < $1.name }
    func each(_ value: (DaemonApp) -> String?) -> [(String, String)] {
      all.compactMap { app in value(app).map { ("app=\"\(Self.label(app.name))\"", $0) } }
    }
    metric(
      "up_seconds", "gauge", "Since the daemon was started.", [("", "\((now - startedAt) / 1000)")])
    metric("launches_total", "counter", "Instances launched.", [("", "\(reports.launches)")])
    metric(
      "prepared_launches_total", "counter", "Of them, those from what was made ahead.",
      [("", "\(reports.preparedLaunches)")])
    metric(
      "failed_launches_total", "counter", "Launches that came to nothing.",
      [("", "\(reports.failedLaunches)")])
    metric(
      "app_up", "gauge", "Whether an instance of the app is there.",
      each { $0.instance == nil ? "0" : "1" })
    metric(
      "app_state", "gauge", "1 for the state the app is in.",
      all.compactMap { app in
        guard let state = supervisor.status(of: app.id)?.state else { return nil }
        return ("app=\"\(Self.label(app.name))\",state=\"\(state.wireWord)\"", "1")
      })
    metric("app_launches_total", "counter", "Launches.", each { "\($0.launches)" })
    metric(
      "app_restarts", "gauge", "Restarts after failures since somebody started it.",
      each { app in supervisor.status(of: app.id).map { "\($0.restarts)" } })
    metric(
      "app_kept_descriptors", "gauge", "What it gave for its next start.",
      each { app in app.notify.map { "\($0.store.count)" } })
    metric(
      "app_ends_total", "counter", "Ends, by cause.",
      all.flatMap { app in
        app.ends.sorted { $0.key < $1.key }.map {
          ("app=\"\(Self.label(app.name))\",cause=\"\($0.key)\"", "\($0.value)")
        }
      })
    metric(
      "app_cpu_seconds_total", "counter", "CPU time of instances that have ended.",
      each { "\(Double($0.cpuMicroseconds) / 1_000_000)" })
    metric(
      "crash_reports_total", "counter", "Reports of crashes that were written.",
      [("", "\(crashes.written)")])
    metric(
      "lost_crash_reports_total", "counter", "Crashes that were seen and have no report.",
      [("", "\(crashes.lost)")])
    return text
  }

  /// As the format wants it: a backslash before backslash, quote, and for a newline.
  private static func label(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
