/// Carries out `isolated exec`: in a session's app, or the daemon's.
///
/// - Returns: the command's own exit code, 128 + the signal that ended it, or 125, 126, 127 when it could not be started.
package func enterApp(_ request: ExecRequest) -> Int32 {
  do throws(ControlClient.Failure) {
    let host: HostFacts
    do throws(SystemError) {
      host = try HostProbe.facts(withCgroups: false)
    } catch {
      throw ControlClient.Failure(message: "cannot read the machine's facts: \(error)", cure: nil)
    }
    return try ExecRun.run(request, host) { () throws(ControlClient.Failure) in
      try target(request, host)
    }
  } catch {
    Output.complain(error.message + (error.cure.map { "\n  help: \($0)" } ?? ""))
    return 125
  }
}

private func target(
  _ request: ExecRequest, _ host: HostFacts
) throws(ControlClient.Failure) -> ExecTarget {
  let place = DaemonPlace(host)
  if request.socket != nil { return try ofDaemon(request, place) }
  let failure: ControlClient.Failure
  do throws(ControlClient.Failure) {
    return try ExecTarget(place.control, app: request.app)
  } catch {
    failure = error
  }
  /* No daemon that knows it: then what was said of sessions stands. */
  guard isKnown(request.app, place) else { throw failure }
  return try ofDaemon(request, place)
}

private func isKnown(_ app: String, _ place: DaemonPlace) -> Bool {
  do throws(ControlClient.Failure) {
    var client = try DaemonClient(place, socket: nil, waits: false)
    return try client.app(app).name == app
  } catch {
    return false
  }
}

private func ofDaemon(
  _ request: ExecRequest, _ place: DaemonPlace
) throws(ControlClient.Failure) -> ExecTarget {
  var client = try DaemonClient(place, socket: request.socket, waits: false)
  let app = try client.app(request.app)
  guard app.pid != nil else {
    throw ControlClient.Failure(
      message: "\(VisibleText.of(app.name)) is \(app.state.word): it has no sandbox to enter",
      cure: "isolated start \(VisibleText.of(app.name))")
  }
  return try ExecTarget(app.name, try client.sandbox(app.name))
}
