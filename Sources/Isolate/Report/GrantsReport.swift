/// What `isolated grants` and `isolated answer` print.
package enum GrantsReport {
  package static func text(
    _ grants: [ControlGrant], _ status: ControlStatus, asks: [ControlAsk], style: TextStyle
  ) -> String {
    let rows = grants.map { grant in
      [
        VisibleText.of(grant.name),
        grant.state.rawValue.split(separator: "_").joined(separator: " "),
        "\(grant.requests)", "\(grant.refused)", grant.left.map { "\($0)" } ?? "-",
        grant.leaseMilliseconds.map(TextTable.age) ?? "-", answer(grant),
        VisibleText.of(grant.target), grant.rights.joined(separator: ","),
        VisibleText.of(grant.rule),
      ]
    }
    let heading = [
      "GRANT", "STATE", "REQUESTS", "REFUSED", "LEFT", "LEASE", "ASK", "OF", "RIGHTS", "RULE",
    ]
    var text = TextTable.lines(heading, rows, style: style)
    text += "\(VisibleText.of(status.app)) runs for \(TextTable.age(status.ageMilliseconds)); "
    text += broker(status) + "\n"
    if !asks.isEmpty { text += "\n" + questions(asks, style: style) }
    return text
  }

  private static func answer(_ grant: ControlGrant) -> String {
    if let answer = grant.answer { return answer.rawValue }
    return grant.asks ? "each time" : "-"
  }

  private static func broker(_ status: ControlStatus) -> String {
    let reason = status.brokerReason.map { ": " + VisibleText.of($0) } ?? ""
    let often = status.restarts == 0 ? "" : ", replaced \(status.restarts) times"
    return switch status.broker {
    case .idle: "it has asked for nothing yet"
    case .running: "its broker is process \(status.brokerPid ?? 0)\(often)"
    case .restarting: "its broker is being replaced\(often)"
    case .givenUp: "its broker was given up\(reason)"
    case .cutOff: "it was cut off from its broker\(reason)"
    case .closed: "it has closed the door to its broker"
    }
  }

  package static func questions(_ asks: [ControlAsk], style: TextStyle) -> String {
    let rows = asks.map { ask in
      [
        "\(ask.ask)", VisibleText.of(ask.grant), ask.operation, TextTable.age(ask.leftMilliseconds),
        VisibleText.of(ask.rule), VisibleText.of(ask.subject),
      ]
    }
    return TextTable.lines(
      ["ASK", "GRANT", "OPERATION", "LEFT", "RULE", "WHAT"], rows, style: style)
  }

  package static func json(
    _ grants: [ControlGrant], _ status: ControlStatus, asks: [ControlAsk]
  ) -> String {
    document([
      "status": status.json, "grants": .array(grants.map(\.json)),
      "asks": .array(asks.map(\.json)),
    ])
  }

  package static func json(_ asks: [ControlAsk]) -> String {
    document(["asks": .array(asks.map(\.json))])
  }

  /// One document, on lines of its own.
  package static func document(_ value: JSONValue) -> String {
    var json = JSONWriter(indented: true)
    json.value(value)
    json.endLine()
    return json.text
  }
}
