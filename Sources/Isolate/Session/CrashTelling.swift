/// What a person and a program are told about crashes.
extension RunReporter {
  func crash(_ outcome: CrashDesk.Outcome, isHeard: Bool) {
    switch outcome {
    case .failed(let reason):
      if isHeard { Output.complain(reason) }
    case .written(let id, let path, let report):
      if isHeard, !isQuiet {
        let place = report.place.map { " in \($0)" } ?? ""
        Output.complain(
          "crash \(id)\(place): \(report.cause.words); report: \(VisibleText.of(path))")
      }
      emit { json in
        json.field("event", "crash-report")
        json.field("app", app)
        json.field("id", id)
        json.field("group", report.group)
        json.field("path", path)
      }
    }
  }

  /// Nobody could look, for this reason.
  func crashesUnseen(_ reason: String) {
    if !isQuiet { Output.complain("crash.report: nobody looks at crashes: \(reason)") }
  }

  func crashesDropped(_ count: Int, isHeard: Bool) {
    guard isHeard, !isQuiet else { return }
    Output.complain(
      "\(count) more crashes have no report: \(CrashRoom.limit) are kept while the app runs")
  }
}

extension ResourceUse {
  /// The amounts by the names that --json-status-fd has for them.
  var named: [CrashContext.Named] {
    var list: [CrashContext.Named] = [
      .init("wall-milliseconds", "\(wallMilliseconds)"),
      .init("user-microseconds", "\(userMicroseconds)"),
      .init("system-microseconds", "\(systemMicroseconds)"),
      .init("peak-resident-kib", "\(peakResidentKiB)"),
    ]
    if let total = peakTotalKiB { list.append(.init("peak-total-kib", "\(total)")) }
    list.append(.init("processes", "\(processes)"))
    return list
  }
}

extension BrokerKeeper {
  /// The last requests of the app and what became of each, oldest first, in words.
  func lastRequests(_ count: Int) -> [String] {
    guard let reader, reader.isValid else { return [] }
    return reader.records().suffix(count).map { $0.record.words(policy.grants) }
  }
}

extension DecisionRecord {
  /// What was asked and what became of it, for people. Of a book: every value may be anything.
  func words(_ grants: [Grant]) -> String {
    let index = grant.map { Int($0) } ?? -1
    let name = grants.indices.contains(index) ? grants[index].name : ""
    let text = VisibleText.of(String(decoding: subject.bytes, as: UTF8.self))
    let error = SystemError.name(Int32(clamping: status))
    let answer = status == 0 ? "done" : "refused: \(detail.words) (\(error))"
    return [opcode.words, name, text, answer].filter { !$0.isEmpty }.joined(separator: " ")
  }
}
