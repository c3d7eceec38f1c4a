/// A policy as people and programs read it: every value with the place it came from.
package enum PolicyText {
  /// One line for each value: `key = value   # file:line`, the places in one column where they fit.
  package static func lines(_ policy: Policy) -> [String] {
    var lines: [String] = []
    let values = policy.provenance.map { "\($0.key) = \(printable($0.value))" }
    let width = min(values.map(\.count).filter { $0 <= maximumColumn }.max() ?? 0, maximumColumn)
    for (value, entry) in zip(values, policy.provenance) {
      let padding = String(repeating: " ", count: max(0, width - value.count))
      lines.append("\(value)\(padding)  # \(entry.position)")
    }
    if let line = daemonLine(policy) { lines.append("# \(line)") }
    for notice in policy.notices { lines.append("# notice: \(printable(notice))") }
    return lines
  }

  /// What a person should know who runs the app without the daemon; nil: nothing.
  package static func daemonLine(_ policy: Policy) -> String? {
    guard !policy.daemonKeys.isEmpty else { return nil }
    return "only the daemon does this, isolated run does not: "
      + policy.daemonKeys.joined(separator: ", ")
  }

  /// Longer values push their place to the right instead of everybody's.
  private static let maximumColumn = 60

  /// Control characters would let a profile write to the reader's terminal.
  private static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      || scalar.properties.isBidiControl
  }

  /// The same as one JSON object.
  package static func json(_ policy: Policy, indented: Bool = true) -> JSONWriter {
    var json = JSONWriter(indented: indented)
    json.beginObject()
    json.field("app", policy.app)
    json.field("command", policy.command)
    json.field("workdir", policy.workdir)
    json.key("values")
    json.beginArray()
    for entry in policy.provenance {
      json.beginObject()
      json.field("key", entry.key)
      json.field("value", entry.value)
      json.field("file", entry.position.file)
      json.field("line", entry.position.line)
      json.endObject()
    }
    json.endArray()
    json.field("daemonOnly", policy.daemonKeys)
    json.key("environment")
    json.beginObject()
    for variable in policy.environment { json.field(variable.name, variable.value) }
    json.endObject()
    json.key("relaxations")
    json.beginArray()
    for relaxation in policy.relaxations {
      json.beginObject()
      json.field("key", relaxation.key)
      json.field("reason", relaxation.reason)
      json.field("file", relaxation.position.file)
      json.field("line", relaxation.position.line)
      json.endObject()
    }
    json.endArray()
    json.field("notices", policy.notices)
    json.endObject()
    json.endLine()
    return json
  }
}
