/// What `isolated why` prints.
package enum WhyReport {
  package static func text(_ why: ControlWhy, style: TextStyle) -> String {
    let app = VisibleText.of(why.app)
    var text = style.heading(why.state.map { "\(app) is \($0.word)" } ?? "\(app) runs") + "\n"
    for reason in why.reasons {
      let age = reason.ageMilliseconds.map { "\(TextTable.age($0)) ago: " } ?? ""
      text += "  \(age)\(shown(reason.words))\n"
      let rule = [reason.key, reason.rule].compactMap { $0 }.joined(separator: ", ")
      text += lines(rule: rule, reason.change, reason.risk)
    }
    return text + refusals(why.refusals, style)
  }

  private static func refusals(_ refusals: ControlRefusals, _ style: TextStyle) -> String {
    guard refusals.hasGrants else {
      return "it has no grants: it asks no broker for anything\n"
    }
    if refusals.list.isEmpty {
      return "its broker has refused nothing\(refusals.isOfEnded ? " to the last instance" : "")"
        + (refusals.counted == 0 ? "\n" : " that is still known, and \(refusals.counted) before\n")
    }
    let ended = refusals.isOfEnded ? ", to the instance that ended" : ""
    var text = "\n" + style.heading("Refused by its broker\(ended), the newest first") + "\n"
    for one in refusals.list {
      text += "  \(line(one))\n    why: \(shown(one.advice.words))\n"
      let rule = [one.grant.map { "grants.\($0)" }, one.rule].compactMap { $0 }
      text += lines(
        rule: rule.joined(separator: ", "), one.advice.change, one.advice.risk)
    }
    let told = refusals.list.reduce(0) { $0 &+ $1.times }
    if refusals.counted > told {
      text += "\(refusals.counted) refused by rules in all; isolated why --last N shows more\n"
    }
    return text
  }

  /// "3 times, 4 s ago: file.open ../key: EXDEV (kernel)".
  private static func line(_ one: ControlRefusal) -> String {
    let often = one.times == 1 ? "" : "\(one.times) times, last "
    let what = [
      one.operation, one.transport ?? "",
      shown(one.subject) + (one.isCut ? "..." : "") + (one.port.map { " port \($0)" } ?? ""),
    ].filter { !$0.isEmpty }.joined(separator: " ")
    let since = one.times == 1 ? "" : ", first \(TextTable.age(one.firstMilliseconds)) ago"
    return "\(often)\(TextTable.age(one.ageMilliseconds)) ago: \(what): \(one.error) "
      + "(\(one.reason))\(since)"
  }

  private static func lines(rule: String, _ change: String?, _ risk: String?) -> String {
    var text = rule.isEmpty ? "" : "    rule: \(shown(rule))\n"
    if let change { text += "    it would take: \(shown(change))\n" }
    if let risk { text += "    but then: \(shown(risk))\n" }
    return text
  }

  /// Words of the app are among them.
  private static func shown(_ text: String) -> String { VisibleText.of(text, limit: 2000) }
}
