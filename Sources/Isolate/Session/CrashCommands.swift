/// Reports of crashes, wherever they are kept.
struct CrashSource {
  /// The oldest first.
  let ids: [UInt64]
  /// A report's document; nil: there is none of this number, or it cannot be read.
  let read: (UInt64) throws(ControlClient.Failure) -> JSONValue?

  init(
    ids: [UInt64], read: @escaping (UInt64) throws(ControlClient.Failure) -> JSONValue?
  ) {
    self.ids = ids
    self.read = read
  }

  /// Those of a directory, or none if there is no such directory. Root goes on as its owner.
  ///
  /// - Throws: `SystemError`; EPERM when it is another's.
  init(directory: String?) throws(SystemError) {
    guard let directory else {
      self.init(ids: []) { _ in nil }
      return
    }
    try PlaceOwner.become(of: directory)
    let shelf = try CrashPlace(directory)
    self.init(ids: shelf.store?.list().map(\.id) ?? []) { id throws(ControlClient.Failure) in
      do throws(SystemError) {
        return try shelf.store?.read(id)
      } catch {
        throw ControlClient.Failure(
          message: "cannot read the crash reports: \(error)", cure: nil)
      }
    }
  }
}

/// A box, so that a closure can own a store.
private final class CrashPlace {
  let store: CrashStore?
  init(_ path: String) throws(SystemError) { store = try CrashStore(existing: path) }
}

/// Carries `isolated crashes` out.
func showCrashes(
  _ source: CrashSource, _ report: CrashQuestion.Report?, json: Bool, style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  let now: Int64
  do throws(SystemError) {
    now = try SystemClock.now().seconds
  } catch {
    throw ControlClient.Failure(message: "cannot read the clock: \(error)", cure: nil)
  }
  switch report {
  case nil: return try list(source, now, json, style)
  case .latest: return try show(source, source.ids.last, now, json, style)
  case .number(let id): return try show(source, id, now, json, style)
  }
}

private func list(
  _ source: CrashSource, _ now: Int64, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  var reports: [JSONValue] = []
  for id in source.ids {
    if let report = try source.read(id) { reports.append(report) }
  }
  return CommandResult(
    output: json
      ? GrantsReport.document(CrashList.json(reports))
      : CrashList.text(reports, now: now, style: style))
}

private func show(
  _ source: CrashSource, _ id: UInt64?, _ now: Int64, _ json: Bool, _ style: TextStyle
) throws(ControlClient.Failure) -> CommandResult {
  guard let id else { return CommandResult(errors: "isolated: no crash reports\n", exitCode: 1) }
  guard let report = try source.read(id) else {
    return CommandResult(
      errors: "isolated: no crash report \(id)\n  help: isolated crashes lists them\n", exitCode: 1)
  }
  return CommandResult(
    output: json
      ? GrantsReport.document(report) : CrashWords.text(report, now: now, style: style))
}
