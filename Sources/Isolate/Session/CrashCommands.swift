/// Carries `isolated crashes` out.
package func showCrashes(_ question: CrashQuestion, json: Bool, style: TextStyle) -> CommandResult {
  do throws(SystemError) {
    let host = try HostProbe.facts(withCgroups: false)
    let now = try SystemClock.now().seconds
    let typed = question.directory.map {
      $0.hasPrefix("/") ? $0 : host.workingDirectory + "/" + $0
    }
    let store: CrashStore?
    if let path = typed ?? ControlPlace(host).crashes {
      try PlaceOwner.become(of: path)
      store = try CrashStore(existing: path)
    } else {
      store = nil
    }
    switch question.report {
    case nil: return try list(store, now, json, style)
    case .latest: return try show(store, store?.list().last?.id, now, json, style)
    case .number(let id): return try show(store, id, now, json, style)
    }
  } catch {
    return CommandResult(errors: "isolated: cannot read the crash reports: \(error)\n", exitCode: 1)
  }
}

private func list(
  _ store: borrowing CrashStore?, _ now: Int64, _ json: Bool, _ style: TextStyle
) throws(SystemError) -> CommandResult {
  var reports: [JSONValue] = []
  for entry in store?.list() ?? [] {
    if let report = try store?.read(entry.id) { reports.append(report) }
  }
  return CommandResult(
    output: json
      ? GrantsReport.document(CrashList.json(reports))
      : CrashList.text(reports, now: now, style: style))
}

private func show(
  _ store: borrowing CrashStore?, _ id: UInt64?, _ now: Int64, _ json: Bool, _ style: TextStyle
) throws(SystemError) -> CommandResult {
  guard let id else { return CommandResult(errors: "isolated: no crash reports\n", exitCode: 1) }
  guard let report = try store?.read(id) else {
    return CommandResult(
      errors: "isolated: no crash report \(id)\n  help: isolated crashes lists them\n", exitCode: 1)
  }
  return CommandResult(
    output: json
      ? GrantsReport.document(report) : CrashWords.text(report, now: now, style: style))
}
