/// What the commands for the daemon print.
package enum DaemonReport {
  /// The list of `status`.
  package static func table(_ apps: [ControlApp], _ daemon: ControlDaemon, style: TextStyle)
    -> String
  {
    let rows = apps.map { app in
      [
        VisibleText.of(app.name), app.reloadingMilliseconds == nil ? app.state.word : "reloading",
        app.pid.map { "\($0)" } ?? "-",
        app.ageMilliseconds.map(TextTable.age) ?? "-", "\(app.restarts)", health(app), last(app),
      ]
    }
    var text = TextTable.lines(
      ["APP", "STATE", "PID", "UP", "RESTARTS", "HEALTH", "LAST"], rows, style: style)
    text +=
      "\(daemon.live) of \(daemon.apps) apps run; daemon \(VisibleText.of(daemon.version)), process "
    text += "\(daemon.pid), up for \(TextTable.age(daemon.ageMilliseconds))"
    return text + (daemon.isStopping ? ", ending\n" : "\n")
  }

  private static func health(_ app: ControlApp) -> String {
    app.isHealthy.map { $0 ? "good" : "bad" } ?? "-"
  }

  /// In few words: what it waits for, what it says, or how it ended.
  private static func last(_ app: ControlApp) -> String {
    if !app.waitsFor.isEmpty {
      return "waits for " + app.waitsFor.map { VisibleText.of($0) }.joined(separator: ", ")
    }
    if let time = app.restartsInMilliseconds, let end = app.end {
      return "\(VisibleText.of(end.cause)); again in \(time) ms"
    }
    if let status = app.status { return VisibleText.of(status, limit: 60, isVisible: true) }
    guard let end = app.end else { return app.isListening ? "listens" : "-" }
    return "\(VisibleText.of(end.cause)) \(TextTable.age(end.ageMilliseconds)) ago"
  }

  /// The page of `status APP`.
  package static func page(_ app: ControlApp, style: TextStyle) -> String {
    var lines: [(String, String)] = []
    var state = app.state.word
    if let age = app.ageMilliseconds { state += " for \(TextTable.age(age))" }
    if let time = app.restartsInMilliseconds { state += ", again in \(time) ms" }
    if !app.isWanted { state += ", not wanted" }
    if let time = app.reloadingMilliseconds { state += ", reloading for \(TextTable.age(time))" }
    lines.append(("state", state))
    if let pid = app.pid { lines.append(("process", "\(pid) (its init)")) }
    if let instance = app.instance { lines.append(("instance", "\(instance)")) }
    lines.append(("profile", VisibleText.of(app.profile, limit: 4096)))
    if app.isStale { lines.append(("", "another one waits for its restart")) }
    if !app.waitsFor.isEmpty {
      lines.append(("waits for", app.waitsFor.map { VisibleText.of($0) }.joined(separator: ", ")))
    }
    lines.append(("restarts", "\(app.restarts), failures in a row: \(app.failures)"))
    if app.isHealthy != nil { lines.append(("health", health(app))) }
    if app.isListening { lines.append(("sockets", "open")) }
    if let status = app.status {
      lines.append(("says", VisibleText.of(status, limit: 256, isVisible: true)))
    }
    if let end = app.end {
      lines.append(("last end", VisibleText.of(end.words, limit: 1000)))
      lines.append(
        (
          "",
          "\(TextTable.age(end.ageMilliseconds)) ago, after \(TextTable.age(end.upMilliseconds))"
        ))
    }
    var text = style.heading(VisibleText.of(app.name)) + "\n"
    for (name, value) in lines {
      text += "  \(name)" + String(repeating: " ", count: max(1, 11 - name.count)) + value + "\n"
    }
    return text
  }

  /// A line of `events`.
  package static func line(_ event: ControlEvent) -> String {
    let app = event.app.isEmpty ? "daemon" : VisibleText.of(event.app)
    let kind = event.kind.rawValue
    let age = TextTable.age(event.ageMilliseconds)
    return
      "\(event.sequence) \(age) ago \(app) \(kind): \(VisibleText.of(event.text, limit: 2000))\n"
  }

  /// The difference of `reload --plan`.
  package static func changes(_ changes: [ControlChange], style: TextStyle) -> String {
    if changes.isEmpty { return "nothing has changed\n" }
    var text = ""
    var app: String?
    for one in changes {
      if one.app != app {
        app = one.app
        text += style.heading(VisibleText.of(one.app)) + "\n"
      }
      let effect =
        switch one.change.effect {
        case .live: "at once"
        case .nextStart: "when it is started next"
        case .restart: "needs a restart"
        }
      text += "  \(VisibleText.of(one.change.key)): \(effect)\n"
      for old in one.change.old where !one.change.new.contains(old) {
        text += "    - \(VisibleText.of(old, limit: 400))\n"
      }
      for new in one.change.new where !one.change.old.contains(new) {
        text += "    + \(VisibleText.of(new, limit: 400))\n"
      }
    }
    return text
  }
}
