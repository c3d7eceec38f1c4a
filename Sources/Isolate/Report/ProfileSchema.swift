/// The JSON Schema of profiles, for editors that complete and check TOML. Made from the table of
/// keys.
package enum ProfileSchema {
  package static func json() -> String {
    var json = JSONWriter(indented: true)
    json.beginObject()
    json.field("$schema", "https://json-schema.org/draft/2020-12/schema")
    json.field("title", "A profile of isolated")
    json.field("type", "object")
    json.field("additionalProperties", false)
    json.key("properties")
    json.beginObject()
    for key in ProfileKey.all where key.section.isEmpty {
      write(key, as: String(key.name), &json)
    }
    for section in ProfileKey.sections where section != "relax" {
      let keys = ProfileKey.all.filter { $0.section == section }
      json.key(section)
      json.beginObject()
      if keys.allSatisfy(\.isOfNamedTable) {
        named(keys, &json)
      } else {
        json.field("type", "object")
        json.field("additionalProperties", false)
        json.key("properties")
        json.beginObject()
        for key in keys { write(key, as: String(key.name), &json) }
        json.endObject()
      }
      json.endObject()
    }
    json.key("relax")
    json.beginObject()
    json.field("type", "object")
    json.field("description", "Why a refusal must be lifted: a key's path and a reason.")
    json.endObject()
    json.endObject()
    json.endObject()
    json.endLine()
    return json.text
  }

  /// Tables of any name with the same keys; false drops a base's.
  private static func named(_ keys: [ProfileKey], _ json: inout JSONWriter) {
    json.field("type", "object")
    json.key("additionalProperties")
    json.beginObject()
    json.field("type", ["object", "boolean"])
    json.key("not")
    json.beginObject()
    json.field("const", true)
    json.endObject()
    json.field("additionalProperties", false)
    json.key("properties")
    json.beginObject()
    let inner = "secret."
    for key in keys where !key.field.hasPrefix(inner) { write(key, as: key.field, &json) }
    let secrets = keys.filter { $0.field.hasPrefix(inner) }
    if !secrets.isEmpty {
      json.key("secret")
      json.beginObject()
      json.field("type", "object")
      json.field("additionalProperties", false)
      json.key("properties")
      json.beginObject()
      for key in secrets { write(key, as: String(key.field.dropFirst(inner.utf8.count)), &json) }
      json.endObject()
      json.endObject()
    }
    json.endObject()
    json.endObject()
  }

  private static func write(_ key: ProfileKey, as name: String, _ json: inout JSONWriter) {
    json.key(name)
    json.beginObject()
    json.field(
      "description", "\(key.doc) Example: \(key.example). It \(key.widening.rawValue).")
    let isLimit = key.section == "limits"
    switch key.kind {
    case .string, .path: json.field("type", "string")
    case .boolean: json.field("type", "boolean")
    case .octal:
      json.field("type", "string")
      json.field("pattern", "^[0-7]{1,5}$")
    case .size: amount("^[0-9]+[KMGT]?$|^unlimited$", &json)
    case .time: amount("^[0-9]+(ms|s|m|h)$" + (isLimit ? "|^unlimited$" : ""), &json)
    case .count:
      if isLimit {
        amount("^unlimited$", &json)
      } else {
        json.field("type", "integer")
        json.field("minimum", 0)
      }
    case .number:
      json.field("type", ["number", "string"])
      json.field("minimum", 0)
      json.field("pattern", "^unlimited$")
    case .strings, .paths: list(&json) { $0.field("type", "string") }
    case .ports:
      list(&json) {
        $0.field("type", "integer")
        $0.field("minimum", 1)
        $0.field("maximum", 65535)
      }
    case .integers:
      list(&json) {
        $0.field("type", "integer")
        $0.field("minimum", 3)
      }
    case .rules: rules(key, &json)
    case .listeners: listeners(&json)
    case .table:
      json.field("type", "object")
      json.key("additionalProperties")
      json.beginObject()
      json.field("type", "string")
      json.endObject()
    case .words(let words): json.field("enum", words)
    case .wordList(let words): list(&json) { $0.field("enum", words) }
    }
    json.endObject()
  }

  private static func amount(_ pattern: String, _ json: inout JSONWriter) {
    json.field("type", ["integer", "string"])
    json.field("minimum", 0)
    json.field("pattern", pattern)
  }

  private static func list(_ json: inout JSONWriter, _ body: (inout JSONWriter) -> Void) {
    json.field("type", "array")
    json.key("items")
    json.beginObject()
    body(&json)
    json.endObject()
  }

  private static func listeners(_ json: inout JSONWriter) {
    list(&json) { json in
      json.field("type", ["string", "object"])
      json.field("required", ["address"])
      json.field("additionalProperties", false)
      json.key("properties")
      json.beginObject()
      for name in ["name", "address", "mode", "backlog"] {
        json.key(name)
        json.beginObject()
        json.field("type", name == "backlog" ? "integer" : "string")
        json.endObject()
      }
      json.endObject()
    }
  }

  private static func rules(_ key: ProfileKey, _ json: inout JSONWriter) {
    guard let kind = FileRuleKind.allCases.first(where: { $0.key == key.path }) else { return }
    list(&json) { json in
      json.field("type", ["string", "object"])
      json.field("required", ["path"])
      json.field("additionalProperties", false)
      json.key("properties")
      json.beginObject()
      for option in RuleOption.allCases where option.applies(to: kind) {
        json.key(option.rawValue)
        json.beginObject()
        switch option {
        case .path, .to, .upper, .mode: json.field("type", "string")
        case .optional, .execute: json.field("type", "boolean")
        case .owner: json.field("enum", ["app", "keep"])
        case .size: amount("^[0-9]+[KMGT]?$", &json)
        case .inodes: json.field("type", "integer")
        }
        json.endObject()
      }
      json.endObject()
    }
  }
}

/// The part of docs/profile.md that lists the keys. Made from the table of keys.
package enum ProfilePage {
  /// What stands before the list.
  package static let heading = "## Keys\n\n"

  package static func keys() -> String {
    ProfileKey.all.map { key in
      """
      ### `\(key.path)`

      \(key.doc)

      * Example: `\(key.example)`
      * Merging: \(key.merge.rawValue).
      * Widening: \(key.widening.rawValue).

      """
    }.joined(separator: "\n")
  }
}
