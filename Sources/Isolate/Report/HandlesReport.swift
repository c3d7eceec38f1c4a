/// What `isolated handles` prints.
package enum HandlesReport {
  package static func text(_ rows: [HandleRow], style: TextStyle) -> String {
    let lines = rows.map { row in
      let from = words(row.origin)
      return [
        row.seen.map { "\($0.pid)" } ?? "-", row.seen.map { "\($0.number)" } ?? "-", from.origin,
        from.age, from.rights, what(row),
      ]
    }
    return TextTable.lines(["PID", "FD", "FROM", "AGE", "RIGHTS", "WHAT"], lines, style: style)
  }

  private static func words(
    _ origin: HandleOrigin
  ) -> (origin: String, age: String, rights: String) {
    switch origin {
    case .caller(let number): return ("caller's \(number)", "-", "-")
    case .terminal: return ("a terminal of its own", "-", "-")
    case .nothing: return ("instead of the caller's terminal", "-", "-")
    case .door: return ("door to the broker", "-", "-")
    case .own(let kind): return ("opened by the app: \(kind)", "-", "-")
    case .granted(let handle):
      return (
        "grant \(VisibleText.of(handle.grant)) (\(VisibleText.of(handle.rule)))"
          + state(handle.state),
        TextTable.age(handle.ageMilliseconds), handle.rights.joined(separator: ",")
      )
    }
  }

  private static func state(_ state: ControlHandle.State) -> String {
    switch state {
    case .held: ""
    case .cut: ", revoked: cut"
    case .lasting: ", revoked: cannot be recalled"
    }
  }

  private static func what(_ row: HandleRow) -> String {
    switch row.origin {
    case .granted(let handle):
      let subject = VisibleText.of(handle.subject.isEmpty ? row.seen?.link ?? "" : handle.subject)
      let open = row.seen == nil ? ", not open any more" : ""
      return handle.kind + (subject.isEmpty ? "" : " " + subject) + open
    case .caller, .terminal, .nothing, .door, .own: return VisibleText.of(row.seen?.link ?? "")
    }
  }

  package static func json(_ rows: [HandleRow]) -> String {
    GrantsReport.document([
      "handles": .array(
        rows.map { row in
          var object = JSONObject([
            .init("pid", row.seen.map { .integer(Int64($0.pid)) } ?? .null),
            .init("fd", row.seen.map { .integer(Int64($0.number)) } ?? .null),
            .init("link", row.seen.map { .string($0.link) } ?? .null),
          ])
          switch row.origin {
          case .caller(let number):
            object["from"] = "caller"
            object["number"] = .integer(Int64(number))
          case .terminal: object["from"] = "terminal"
          case .nothing: object["from"] = "nothing"
          case .door: object["from"] = "door"
          case .own(let kind):
            object["from"] = "app"
            object["kind"] = .string(kind)
          case .granted(let handle):
            object["from"] = "grant"
            object["handle"] = handle.json
          }
          return .object(object)
        })
    ])
  }
}
