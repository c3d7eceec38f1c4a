import Isolate
import Testing

@Suite("The official TOML 1.0 suite")
struct TOMLSuiteTests {
  @Test("is here in full") func complete() {
    #expect(TOMLSuite.validNames.count == 210)
    #expect(TOMLSuite.invalidNames.count == 499)
  }

  @Test("a valid document is read as the suite says", arguments: TOMLSuite.validNames)
  func reads(name: String) throws {
    let table = try TOMLReader.read(try TOMLSuite.toml(name), file: name)
    let difference = differs(.table(table), from: try TOMLSuite.json(name), at: "")
    #expect(difference == nil, "\(name): \(difference ?? "")")
  }

  @Test("an invalid document is refused, with a place inside it", arguments: TOMLSuite.invalidNames)
  func refuses(name: String) throws {
    let bytes = try TOMLSuite.toml(name)
    do throws(Diagnostic) {
      let table = try TOMLReader.read(bytes, file: name)
      Issue.record("\(name) was read: \(table)")
    } catch {
      let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
      #expect(error.position.file == name)
      try #require((1...lines.count).contains(error.position.line))
      let line = lines[error.position.line - 1]
      #expect((1...line.count + 1).contains(error.position.column))
      #expect(!error.message.isEmpty)
    }
  }

  /// Where a value is not what the suite's tagged JSON says, in words; nil where all is equal.
  private func differs(_ value: TOMLValue, from expected: Any, at path: String) -> String? {
    switch value {
    case .table(let table):
      guard let members = expected as? [String: Any] else { return "\(path): a table was read" }
      // A dictionary would merge keys that only differ in their Unicode form: compare by bytes.
      guard members.count == table.entries.count else {
        return "\(path): \(table.entries.count) keys, not \(members.count)"
      }
      for entry in table.entries {
        guard let member = members[entry.key.name] else { return "\(path): \(entry.key.name)" }
        let inside = "\(path).\(entry.key.name)"
        if let found = differs(entry.node.value, from: member, at: inside) { return found }
      }
      return nil
    case .array(let nodes):
      guard let items = expected as? [Any], items.count == nodes.count else {
        return "\(path): an array of \(nodes.count) was read"
      }
      for (place, pair) in zip(nodes, items).enumerated() {
        if let found = differs(pair.0.value, from: pair.1, at: "\(path)[\(place)]") { return found }
      }
      return nil
    case .string, .integer, .float, .boolean, .dateTime:
      guard let tagged = expected as? [String: String], let type = tagged["type"],
        let text = tagged["value"], tagged.count == 2
      else { return "\(path): \(value) was read" }
      return isScalar(value, type, text) ? nil : "\(path): \(value) was read, not \(type) \(text)"
    }
  }

  private func isScalar(_ value: TOMLValue, _ type: String, _ text: String) -> Bool {
    switch value {
    case .string(let string):
      type == "string" && string.utf8.elementsEqual(text.utf8)
    case .integer(let integer): type == "integer" && String(integer) == text
    case .float(let float):
      type == "float"
        && (text == "nan" ? float.isNaN : Double(text) == float)
    case .boolean(let boolean): type == "bool" && String(boolean) == text
    case .dateTime(let time):
      type == time.kind.rawValue && withoutFinalZeros(time.text) == withoutFinalZeros(text)
    case .array, .table: false
    }
  }

  /// The text of a time with the zeros at the end of its fraction taken off: .600 is .6.
  private func withoutFinalZeros(_ text: String) -> String {
    guard let dot = text.firstIndex(of: ".") else { return text }
    let rest = text[text.index(after: dot)...]
    let fraction = rest.prefix { $0.isNumber }
    var kept = fraction
    while kept.last == "0" { kept.removeLast() }
    return text[..<dot] + (kept.isEmpty ? "" : "." + kept) + rest.dropFirst(fraction.count)
  }
}
