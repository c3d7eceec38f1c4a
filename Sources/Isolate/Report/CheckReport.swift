/// What `check` found out about one profile.
package struct CheckedProfile: Sendable {
  package var name: String
  /// In the order they were found; each as a person reads it, and as fields.
  package var diagnostics: [(diagnostic: Diagnostic, rendered: String)]

  package init(name: String, diagnostics: [(diagnostic: Diagnostic, rendered: String)]) {
    self.name = name
    self.diagnostics = diagnostics
  }

  package var isGood: Bool { !diagnostics.contains { $0.diagnostic.severity == .error } }
}

/// What `check` prints.
package enum CheckReport {
  /// The errors, each once: profiles share their bases.
  package static func errors(_ checked: [CheckedProfile]) -> String {
    var seen: [String] = []
    for profile in checked {
      for one in profile.diagnostics where !seen.contains(one.rendered) {
        seen.append(one.rendered)
      }
    }
    return seen.map { $0 + "\n" }.joined()
  }

  package static func text(_ checked: [CheckedProfile]) -> String {
    checked.map { "\($0.name): \($0.isGood ? "ok" : "has errors")\n" }.joined()
  }

  package static func json(_ checked: [CheckedProfile]) -> String {
    var json = JSONWriter(indented: true)
    json.beginArray()
    for profile in checked {
      json.beginObject()
      json.field("profile", profile.name)
      json.field("good", profile.isGood)
      json.key("diagnostics")
      json.beginArray()
      for (diagnostic, _) in profile.diagnostics {
        json.beginObject()
        json.field("severity", diagnostic.severity.rawValue)
        json.field("file", diagnostic.position.file)
        json.field("line", diagnostic.position.line)
        json.field("column", diagnostic.position.column)
        json.field("message", diagnostic.message)
        json.key("cure")
        if let cure = diagnostic.cure { json.value(cure) } else { json.null() }
        json.endObject()
      }
      json.endArray()
      json.endObject()
    }
    json.endArray()
    json.endLine()
    return json.text
  }
}
