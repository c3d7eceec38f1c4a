/// Keys of named tables on the command line: `--set grants.data.files=PATH`, `--set grants.data=false`.
extension CommandLineProfile {
  /// - Returns: false if the path is not one of such a key.
  mutating func addToTable(
    _ path: String, _ text: String, _ option: String, _ argument: Int
  ) throws(Diagnostic) -> Bool {
    guard let dot = path.utf8.firstIndex(of: UInt8(ascii: ".")) else { return false }
    let section = String(path[..<dot])
    let rest = String(path[path.utf8.index(after: dot)...])
    let keys = ProfileKey.all.filter { $0.section == section && $0.isOfNamedTable }
    guard !keys.isEmpty else { return false }
    // A table's name may have dots, so the key is what ends the path; `secret.file` before `file`.
    let known = keys.filter { rest.hasSuffix("." + $0.field) }
      .max { $0.field.utf8.count < $1.field.utf8.count }
    guard let known else {
      if text == "false" {
        try put(section, [rest], node(.boolean(false), argument), option)
        return true
      }
      guard let last = rest.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
      let near = nearest(
        to: String(rest[rest.utf8.index(after: last)...]), in: keys.lazy.map(\.field))
      throw Diagnostic(
        at: position(argument), "\(option): no key `\(path)`",
        cure: near.map { "did you mean `\(section).\(rest[..<last]).\($0)`?" }
          ?? "docs/profile.md lists every key")
    }
    let name = String(rest.dropLast(known.field.count + 1))
    var parts = [name]
    var field = known.field
    if let inner = field.utf8.firstIndex(of: UInt8(ascii: ".")) {
      parts.append(String(field[..<inner]))
      field = String(field[field.utf8.index(after: inner)...])
    }
    parts.append(field)
    switch known.kind {
    case .string, .words, .octal: try put(section, parts, node(.string(text), argument), option)
    case .path: try put(section, parts, node(.string(absolute(text)), argument), option)
    case .boolean, .size, .time, .count, .number:
      try put(section, parts, node(Self.scalar(text), argument), option)
    case .strings, .wordList, .paths, .ports, .integers, .rules, .listeners, .table:
      try put(section, parts, node(.string(text), argument), option, appends: true)
    }
    return true
  }

  private mutating func put(
    _ section: String, _ parts: [String], _ node: TOMLNode, _ option: String, appends: Bool = false
  ) throws(Diagnostic) {
    try change(section: section, at: node.position) { table throws(Diagnostic) in
      try Self.put(parts[...], node, in: &table, appends: appends) { first in
        Diagnostic(
          at: node.position,
          "\(option): `\(section).\(parts.joined(separator: "."))` is given twice",
          cure: "it is given at argument \(first.line) already")
      }
    }
  }

  private static func put(
    _ parts: ArraySlice<String>, _ node: TOMLNode, in table: inout TOMLTable, appends: Bool,
    twice: (Position) -> Diagnostic
  ) throws(Diagnostic) {
    guard let name = parts.first else { return }
    let old = table[name]
    if parts.count > 1 {
      var inner = TOMLTable()
      switch old?.value {
      case .table(let known): inner = known
      case nil: break
      case .string, .integer, .float, .boolean, .dateTime, .array:
        throw twice(old?.position ?? node.position)
      }
      try put(parts.dropFirst(), node, in: &inner, appends: appends, twice: twice)
      // The table stands where it began.
      set(&table, name, TOMLNode(.table(inner), at: old?.position ?? node.position))
      return
    }
    guard appends else {
      if let old { throw twice(old.position) }
      set(&table, name, node)
      return
    }
    var elements: [TOMLNode] = []
    if case .array(let known)? = old?.value { elements = known }
    elements.append(node)
    set(&table, name, TOMLNode(.array(elements), at: node.position))
  }
}
