/// How single values are read: each wrong one is reported where it stands, and left out.
extension ProfileReader {
  mutating func error(_ node: TOMLNode, _ message: String, cure: String? = nil) {
    report(Diagnostic(at: node.position, length: node.length, message, cure: cure))
  }

  mutating func wrongType(_ node: TOMLNode, _ key: String, wanted: String) {
    error(node, "`\(key)`: expected \(wanted), found \(node.value.typeInWords)")
  }

  mutating func badWord(_ node: TOMLNode, _ word: String, _ key: String, _ allowed: [String]) {
    let near = nearest(to: word, in: allowed).map { "did you mean \"\($0)\"? " } ?? ""
    error(
      node, "`\(key)`: \"\(word)\" is not one of its values",
      cure: near + "allowed are " + allowed.map { "\"\($0)\"" }.joined(separator: ", "))
  }

  /// Reports every key of a table that nobody took.
  mutating func finish(_ table: ProfileTable) {
    for index in table.entries.indices where !table.isTaken[index] {
      let key = table.entries[index].key
      let near = ProfileKey.suggestion(for: key.name, in: table.section)
      report(
        Diagnostic(
          at: key.position, length: key.length, "no key `\(table.path(key.name))`",
          cure: near.map { "did you mean `\($0)`?" }
            ?? "docs/profile.md lists every key"))
    }
  }

  mutating func section(
    _ name: String, _ top: inout ProfileTable,
    _ body: (inout ProfileReader, inout ProfileTable) -> Void
  ) {
    guard let node = top.take(name) else { return }
    guard case .table(let table) = node.value else {
      wrongType(node, name, wanted: "a table")
      return
    }
    var section = ProfileTable(section: name, table)
    body(&self, &section)
    finish(section)
  }

  mutating func text(_ node: TOMLNode, _ key: String) -> Setting<String>? {
    guard case .string(let value) = node.value else {
      wrongType(node, key, wanted: "a string")
      return nil
    }
    guard !value.utf8.contains(0) else {
      error(node, "`\(key)`: a NUL character cannot be passed to the kernel")
      return nil
    }
    return Setting(value, at: node.position, length: node.length)
  }

  mutating func string(_ name: String, _ table: inout ProfileTable) -> Setting<String>? {
    guard let node = table.take(name) else { return nil }
    return text(node, table.path(name))
  }

  /// The elements of an array.
  mutating func list(_ node: TOMLNode, _ key: String) -> [TOMLNode] {
    guard case .array(let elements) = node.value else {
      wrongType(node, key, wanted: "an array")
      return []
    }
    return elements
  }

  mutating func strings(_ name: String, _ table: inout ProfileTable) -> [Setting<String>] {
    guard let node = table.take(name) else { return [] }
    let key = table.path(name)
    var result: [Setting<String>] = []
    for element in list(node, key) {
      guard let value = text(element, key) else { continue }
      if value.value.isEmpty {
        error(element, "`\(key)`: an empty string means nothing here")
      } else if let first = result.first(where: { $0.value == value.value }) {
        error(
          element, "`\(key)`: \"\(value.value)\" is written twice",
          cure: "it stands at \(first.position.precise) already")
      } else {
        result.append(value)
      }
    }
    return result
  }

  mutating func boolean(_ name: String, _ table: inout ProfileTable) -> Setting<Bool>? {
    guard let node = table.take(name) else { return nil }
    return boolean(node, table.path(name))
  }

  mutating func boolean(_ node: TOMLNode, _ key: String) -> Setting<Bool>? {
    guard case .boolean(let value) = node.value else {
      wrongType(node, key, wanted: "a boolean")
      return nil
    }
    return Setting(value, at: node.position, length: node.length)
  }

  mutating func integer(
    _ node: TOMLNode, _ key: String, in range: ClosedRange<Int64>
  ) -> Setting<Int64>? {
    guard case .integer(let value) = node.value else {
      wrongType(node, key, wanted: "an integer")
      return nil
    }
    guard range.contains(value) else {
      error(
        node, "`\(key)`: \(value) is out of range",
        cure: "allowed are \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    return Setting(value, at: node.position, length: node.length)
  }

  mutating func integers(
    _ name: String, in range: ClosedRange<Int64>, _ table: inout ProfileTable
  ) -> [Setting<Int64>] {
    guard let node = table.take(name) else { return [] }
    let key = table.path(name)
    return list(node, key).compactMap { integer($0, key, in: range) }
  }

  mutating func word<Word: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ table: inout ProfileTable
  ) -> Setting<Word>? where Word.RawValue == String {
    guard let node = table.take(name) else { return nil }
    return word(node, table.path(name))
  }

  mutating func word<Word: RawRepresentable & CaseIterable & Sendable>(
    _ node: TOMLNode, _ key: String
  ) -> Setting<Word>? where Word.RawValue == String {
    guard let value = text(node, key) else { return nil }
    guard let word = Word(rawValue: value.value) else {
      badWord(node, value.value, key, Word.allCases.map(\.rawValue))
      return nil
    }
    return Setting(word, at: node.position, length: node.length)
  }

  mutating func words<Word: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ table: inout ProfileTable
  ) -> [Setting<Word>]? where Word.RawValue == String {
    guard let node = table.take(name) else { return nil }
    let key = table.path(name)
    return list(node, key).compactMap { word($0, key) }
  }

  mutating func octal(_ node: TOMLNode, _ key: String, max: UInt32) -> Setting<UInt32>? {
    guard case .string(let value) = node.value else {
      wrongType(node, key, wanted: "a string of octal digits, such as \"077\"")
      return nil
    }
    guard let number = ProfileUnits.octal(value, max: max) else {
      error(
        node, "`\(key)`: \"\(value)\" is not an octal number up to \(String(max, radix: 8))",
        cure: "write octal digits in quotes, such as \"077\"")
      return nil
    }
    return Setting(number, at: node.position, length: node.length)
  }
}
