/// Carries out what an operator asks of a running session, or of what earlier ones kept.
package func operate(
  _ command: OperatorCommand, json: Bool, style: TextStyle
) -> CommandResult {
  do throws(ControlClient.Failure) {
    let place = ControlPlace(HostProbe.placeFacts())
    switch command {
    case .grants(let app): return try showGrants(place, app, json, style)
    case .handles(let app): return try showHandles(place, app, json, style)
    case .revoke(let app, let grant): return try revoke(place, app, grant, json)
    case .questions(let app): return try showQuestions(place, app, json, style)
    case .answer(let app, let ask, let answer):
      var client = try ControlClient(place, app: app)
      try client.answer(ask, answer)
      return done(json, ["ask": JSONValue(ask), "answer": .string(answer.rawValue)], "")
    case .forget(let app, let grant): return try forget(place, app, grant, json)
    }
  } catch {
    let cure = error.cure.map { "  help: \($0)\n" } ?? ""
    return CommandResult(errors: "isolated: \(error.message)\n\(cure)", exitCode: 1)
  }
}

private func done(_ json: Bool, _ value: JSONValue, _ text: String) -> CommandResult {
  CommandResult(output: json ? GrantsReport.document(value) : text)
}

private func showGrants(
  _ place: ControlPlace, _ app: String, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  var client: ControlClient
  do throws(ControlClient.Failure) {
    client = try ControlClient(place, app: app)
  } catch {
    throw withKept(error, place, app)
  }
  let status = try client.status()
  let grants = try client.grants()
  let asks = try client.asks()
  return CommandResult(
    output: json
      ? GrantsReport.json(grants, status, asks: asks)
      : GrantsReport.text(grants, status, asks: asks, style: style))
}

/// What is kept for an app that does not run is worth knowing, too.
private func withKept(
  _ failure: ControlClient.Failure, _ place: ControlPlace, _ app: String
) -> ControlClient.Failure {
  do throws(SystemError) {
    let entries = try KeptAnswers(place: place, app: app).read().entries
    if entries.isEmpty { return failure }
    let kept = entries.map { "\(VisibleText.of($0.grant)): \($0.answer.rawValue)" }
    var told = failure
    told.cure =
      "kept answers: \(kept.joined(separator: ", ")); to be asked again: isolated forget "
      + VisibleText.of(app)
    return told
  } catch {
    return failure
  }
}

private func showHandles(
  _ place: ControlPlace, _ app: String, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  var client = try ControlClient(place, app: app)
  let status = try client.status()
  let seen = DescriptorTables.look(beneath: status.pid)
  /* After the tables: what is handed over in between is then known. */
  let ledger = try client.handles()
  let rows = HandleTable.join(
    seen.descriptors, ledger: ledger, status: status,
    inherited: DescriptorTables.inherited([0, 1, 2] + status.kept, of: status.supervisor))
  var notes = ""
  for pid in seen.hidden {
    notes += "isolated: the descriptors of process \(pid) may not be seen by this user\n"
  }
  if seen.isCut { notes += "isolated: there are more processes or descriptors than are shown\n" }
  return CommandResult(
    output: json ? HandlesReport.json(rows) : HandlesReport.text(rows, style: style), errors: notes)
}

private func showQuestions(
  _ place: ControlPlace, _ app: String, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  var client = try ControlClient(place, app: app)
  let asks = try client.asks()
  if json { return CommandResult(output: GrantsReport.json(asks)) }
  if asks.isEmpty { return CommandResult(output: "no question waits\n") }
  return CommandResult(
    output: GrantsReport.questions(asks, style: style)
      + "answer: isolated answer \(client.session.text) ASK once|run|always|no|never\n")
}

private func revoke(
  _ place: ControlPlace, _ app: String, _ grant: String, _ json: Bool
) throws(ControlClient.Failure) -> CommandResult {
  var client = try ControlClient(place, app: app)
  let counts = try client.revoke(grant)
  var text = "revoked \(VisibleText.of(grant)); sockets cut: \(counts.cut)\n"
  if counts.lasting > 0 {
    text += "descriptors that cannot be recalled: \(counts.lasting); see: "
    text += "isolated handles \(client.session.text)\n"
  }
  return done(
    json,
    [
      "grant": .string(grant), "cut": .integer(counts.cut), "lasting": .integer(counts.lasting),
    ], text)
}

private func forget(
  _ place: ControlPlace, _ app: String, _ grant: String?, _ json: Bool
) throws(ControlClient.Failure) -> CommandResult {
  var count = 0
  do throws(SystemError) {
    let kept = KeptAnswers(place: place, app: app)
    if try !kept.read().entries.isEmpty { try kept.change { count = $0.forget(grant) } }
  } catch {
    throw ControlClient.Failure(message: "the kept answers cannot be changed: \(error)", cure: nil)
  }
  if count == 0 {
    let what = grant.map { " for the grant '\(VisibleText.of($0))'" } ?? ""
    throw ControlClient.Failure(
      message: "no answer of '\(VisibleText.of(app))' is kept\(what)", cure: nil)
  }
  let text = "forgot \(count) \(count == 1 ? "answer" : "answers"): the next session asks again\n"
  return done(json, ["forgotten": .integer(Int64(count))], text)
}
