/// Runs the daemon in the foreground.
///
/// - Returns: 0 when every app was stopped; 1 when it could not work.
package func runDaemon(_ settings: DaemonRequestSettings) -> Int32 {
  do throws(SystemError) {
    Poller.keepOneHeap()
    try Output.reserveStandardDescriptors()
    /* An order to it, not the end of a terminal: nohup does not take it away. */
    let signals = try SignalDoor(hearing: [SignalNumber.hangUp])
    let host = try HostProbe.facts(withCgroups: false)
    let openFiles = try OpenFiles.raise()
    let base = try CgroupBase()
    let daemon = try Daemon(
      settings, host: host, signals: signals, base: base, openFiles: openFiles)
    return try daemon.run()
  } catch {
    let cure =
      error.number == LocalSocket.taken
      ? "\n  help: another daemon of yours runs (see: isolated status), or what lies there is no "
        + "socket of yours" : ""
    Output.complain("the daemon cannot work: \(error)\(cure)")
    return 1
  }
}

/// Carries out what is asked of the daemon.
package func direct(
  _ command: DaemonCommand, socket: String?, json: Bool, style: TextStyle
) -> CommandResult {
  do throws(ControlClient.Failure) {
    let way = Way(socket: socket)
    switch command {
    case .order(let order, let apps, let waits):
      return try carryOut(way, order, apps, waits, json)
    case .reload(let app, let isPlan):
      var client = try way.client(waits: true)
      let changes = try client.reload(app, isPlan: isPlan)
      return CommandResult(
        output: json
          ? GrantsReport.document(["changes": .array(changes.map(\.json))])
          : DaemonReport.changes(changes, style: style))
    case .status(let app): return try showStatus(way, app, json, style)
    case .why(let app, let kinds): return try showWhy(way, app, kinds, json, style)
    case .processes(let app): return try showProcesses(way, app, json, style)
    case .logs(let app, let follows, let lines):
      let command = LogCommand(app: app, follows: follows, lines: lines, json: json)
      return try command.show(in: way.logs()) { () throws(ControlClient.Failure) in
        try way.client(waits: follows)
      }
    case .events(let app, let follows, let lines):
      return try showEvents(way, app, follows, lines, json)
    case .top(let interval, let once):
      return try TopCommand.show(
        try way.client(waits: false), interval: interval, once: once, json: json, style: style)
    case .metrics:
      var client = try way.client(waits: false)
      return CommandResult(output: try client.metrics())
    }
  } catch {
    return refused(error)
  }
}

func refused(_ error: ControlClient.Failure) -> CommandResult {
  let cure = error.cure.map { "  help: \($0)\n" } ?? ""
  return CommandResult(errors: "isolated: \(error.message)\n\(cure)", exitCode: 1)
}

private func carryOut(
  _ way: Way, _ order: AppOrder, _ apps: [String], _ waits: Bool, _ json: Bool
) throws(ControlClient.Failure) -> CommandResult {
  var client = try way.client(waits: true)
  var result = CommandResult()
  var told: [JSONValue] = []
  for name in apps {
    do throws(ControlClient.Failure) {
      let app = try client.order(order, name, waits: waits)
      told.append(app.json)
      if !json { result.output += "\(VisibleText.of(app.name)) is \(app.state.word)\n" }
    } catch {
      result.errors += refused(error).errors
      result.exitCode = 1
    }
  }
  if json { result.output = GrantsReport.document(["apps": .array(told)]) }
  return result
}

private func showStatus(
  _ way: Way, _ name: String?, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  var client = try way.client(waits: false)
  if let name {
    let app = try client.app(name)
    return CommandResult(
      output: json ? GrantsReport.document(app.json) : DaemonReport.page(app, style: style))
  }
  let status = try client.status()
  let apps = try client.apps()
  return CommandResult(
    output: json
      ? GrantsReport.document(["daemon": status.json, "apps": .array(apps.map(\.json))])
      : DaemonReport.table(apps, status, style: style))
}

/// Of the daemon's app, or else of a session that runs.
private func showWhy(
  _ way: Way, _ name: String, _ kinds: Int, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  let why: ControlWhy
  do throws(ControlClient.Failure) {
    var client = try way.client(waits: false)
    why = try client.why(name, kinds)
  } catch {
    if way.socket != nil { throw error }
    let failure = error
    do throws(ControlClient.Failure) {
      var client = try ControlClient(way.place.control, app: name)
      let status = try client.status()
      var told = ControlWhy(
        app: status.app, state: nil, refusals: try client.refusals(kinds))
      if let reason = status.brokerReason {
        told.reasons = [ControlReason(.broker, "it has no broker any more: \(reason)")]
      }
      why = told
    } catch {
      throw ControlClient.Failure(
        message: "\(failure.message); and \(error.message)", cure: error.cure ?? failure.cure)
    }
  }
  return CommandResult(
    output: json ? GrantsReport.document(why.json) : WhyReport.text(why, style: style))
}

private func showProcesses(
  _ way: Way, _ name: String, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  var client = try way.client(waits: false)
  let app = try client.app(name)
  guard let pid = app.pid else {
    throw ControlClient.Failure(
      message: "\(VisibleText.of(app.name)) is \(app.state.word): it has no processes", cure: nil)
  }
  let rows = SandboxProcesses.look(beneath: pid)
  return CommandResult(
    output: json
      ? GrantsReport.document(["processes": .array(rows.map(\.json))])
      : SandboxProcesses.text(rows, style: style))
}

private func showEvents(
  _ way: Way, _ name: String?, _ follows: Bool, _ lines: Int, _ json: Bool
) throws(ControlClient.Failure) -> CommandResult {
  var client = try way.client(waits: follows)
  let output = StreamedOutput()
  try client.events(of: name, lines, follows: follows) { event in
    var text = DaemonReport.line(event)
    if json {
      var writer = JSONWriter()
      writer.value(event.json)
      writer.endLine()
      text = writer.text
    }
    /* Whoever reads has gone: head(1). */
    return output.put(text)
  }
  return output.result
}

/// How a daemon is found.
struct Way {
  var place: DaemonPlace
  var socket: String?

  init(socket: String?) {
    self.socket = socket
    place = DaemonPlace(HostProbe.placeFacts())
  }

  func client(waits: Bool) throws(ControlClient.Failure) -> DaemonClient {
    try DaemonClient(place, socket: socket, waits: waits)
  }

  /// Where the logs are: the daemon knows, or else at the usual place.
  func logs() throws(ControlClient.Failure) -> String? {
    do throws(ControlClient.Failure) {
      var client = try client(waits: false)
      return try client.status().logs
    } catch {
      if socket != nil { throw error }
      return place.logs(nil)
    }
  }
}
