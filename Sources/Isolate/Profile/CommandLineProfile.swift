/// The command line's rules as a profile: the most derived one, read and merged by the same code as
/// a file.
package struct CommandLineProfile: Sendable {
  /// The options as the document they stand for.
  package private(set) var table = TOMLTable()
  private let workingDirectory: String

  /// - Parameter workingDirectory: what relative paths are relative to.
  package init(workingDirectory: String) { self.workingDirectory = workingDirectory }

  package var isEmpty: Bool { table.entries.isEmpty }

  package func read() -> (profile: Profile, diagnostics: [Diagnostic]) {
    ProfileReader.read(table, name: Position.commandLine, file: Position.commandLine)
  }

  /// The program and its arguments.
  ///
  /// - Parameter argument: the number of the first of them on the command line, counted from 1.
  package mutating func setCommand(_ command: [String], argument: Int) {
    let elements = command.enumerated().map { offset, word in
      node(.string(word), argument + offset)
    }
    put("command.run", node(.array(elements), argument))
  }

  /// Adds one option.
  ///
  /// - Parameters:
  ///   - option: as written: `--read`.
  ///   - argument: the number of the option on the command line, counted from 1.
  /// - Throws: an unknown option, or a value that does not have the option's form.
  package mutating func add(
    option: String, value: String, argument: Int
  ) throws(Diagnostic) {
    guard let index = CommandLineOption.all.firstIndex(where: { $0.name == option }) else {
      let near = nearest(to: option, in: CommandLineOption.all.lazy.map(\.name))
      throw Diagnostic(
        at: position(argument), "no option \(option)", cure: near.map { "did you mean \($0)?" })
    }
    let known = CommandLineOption.all[index]
    switch known.form {
    case .value: try add(key: known.key, value, option, argument)
    case .rule: add(rule: value, known.key, argument)
    case .limit:
      let (name, amount) = try split(value, option, known.placeholder, argument)
      try add(key: "limits.\(name)", amount, option, argument)
    case .environment:
      guard let (name, text) = Self.split(value) else {
        append("environment.keep", node(.string(value), argument))
        return
      }
      try put("environment.set", name, ProfileVariables.escape(text), option, argument)
    case .relax:
      let (key, reason) = try split(value, option, known.placeholder, argument)
      try put("relax", key, reason, option, argument)
    case .set:
      let (key, text) = try split(value, option, known.placeholder, argument)
      try add(key: key, text, option, argument)
    }
  }

  /// Adds a value under any key of the table, in the type the key wants.
  private mutating func add(
    key path: String, _ text: String, _ option: String, _ argument: Int
  ) throws(Diagnostic) {
    guard let index = ProfileKey.all.firstIndex(where: { $0.path == path }) else {
      if try addToTable(path, text, option, argument) { return }
      let near = nearest(to: path, in: ProfileKey.all.lazy.map(\.path))
      throw Diagnostic(
        at: position(argument), "\(option): no key `\(path)`",
        cure: near.map { "did you mean `\($0)`?" })
    }
    let key = ProfileKey.all[index]
    switch key.kind {
    case .string, .words, .octal: try putOnce(key.path, node(.string(text), argument), option)
    case .path: try putOnce(key.path, node(.string(absolute(text)), argument), option)
    case .boolean, .size, .time, .count, .number:
      try putOnce(key.path, node(Self.scalar(text), argument), option)
    case .strings, .wordList, .listeners: append(key.path, node(.string(text), argument))
    case .paths: append(key.path, node(.string(absolute(text)), argument))
    case .ports, .integers: append(key.path, node(Self.scalar(text), argument))
    case .rules: add(rule: text, key.path, argument)
    case .table:
      let (name, value) = try split(text, option, "NAME=VALUE", argument)
      try put(key.path, name, value, option, argument)
    }
  }

  /// `PATH`, or `PATH:PLACE` to show it at another place; the place begins with a slash or a
  /// variable.
  private mutating func add(rule text: String, _ key: String, _ argument: Int) {
    let bytes = text.utf8
    if let colon = bytes.lastIndex(of: UInt8(ascii: ":")) {
      let next = bytes.index(after: colon)
      if next < bytes.endIndex, bytes[next] == 0x2F || bytes[next] == 0x24 {
        let path = node(.string(absolute(String(text[..<colon]))), argument)
        let place = node(.string(String(text[next...])), argument)
        let rule = TOMLTable([
          TOMLTable.Entry(key: TOMLKey("path", at: path.position), node: path),
          TOMLTable.Entry(key: TOMLKey("to", at: path.position), node: place),
        ])
        append(key, node(.table(rule), argument))
        return
      }
    }
    append(key, node(.string(absolute(text)), argument))
  }

  /// A path of the command line as a profile would write it: relative ones are made absolute.
  func absolute(_ path: String) -> String {
    guard let first = path.utf8.first, first != 0x2F, first != 0x24 else { return path }
    var base = workingDirectory[...]
    var rest = path[...]
    // Leading `..` are the working directory's own parents, which are known; others depend on
    // symbolic links.
    while true {
      if rest == "." || rest.isEmpty { return escaped(base) }
      if rest == ".." { return escaped(Self.parent(base)) }
      // By bytes, and without Substring's generic doors: they cost more than all the rest at
      // start-up.
      let bytes = rest.utf8
      if bytes.starts(with: [0x2E, 0x2F]) {
        rest = Substring(bytes.dropFirst(2))
      } else if bytes.starts(with: [0x2E, 0x2E, 0x2F]) {
        rest = Substring(bytes.dropFirst(3))
        base = Self.parent(base)
      } else {
        return (base.utf8.count == 1 ? "" : escaped(base)) + "/" + String(rest)
      }
    }
  }

  private func escaped(_ path: Substring) -> String {
    ProfileVariables.escape(String(path))
  }

  private static func parent(_ path: Substring) -> Substring {
    guard let slash = path.utf8.lastIndex(of: 0x2F), slash > path.startIndex else { return "/" }
    return path[..<slash]
  }

  /// A number or truth value if it reads as one, else a text, which the reader then judges.
  static func scalar(_ text: String) -> TOMLValue {
    if text == "true" { return .boolean(true) }
    if text == "false" { return .boolean(false) }
    if let number = Int64(text) { return .integer(number) }
    if text.utf8.contains(0x2E), let number = Double(text) { return .float(number) }
    return .string(text)
  }

  private static func split(_ text: String) -> (name: String, value: String)? {
    guard let equals = text.utf8.firstIndex(of: 0x3D), equals > text.startIndex else { return nil }
    return (String(text[..<equals]), String(text[text.utf8.index(after: equals)...]))
  }

  private func split(
    _ text: String, _ option: String, _ form: String, _ argument: Int
  ) throws(Diagnostic) -> (String, String) {
    if let (name, value) = Self.split(text) { return (name, value) }
    throw Diagnostic(
      at: position(argument), "\(option): expected \(form), found \"\(text)\"")
  }

  // MARK: Building the document

  func position(_ argument: Int) -> Position {
    Position(file: Position.commandLine, line: argument)
  }

  func node(_ value: TOMLValue, _ argument: Int) -> TOMLNode {
    TOMLNode(value, at: position(argument))
  }

  private mutating func putOnce(
    _ path: String, _ node: TOMLNode, _ option: String
  ) throws(Diagnostic) {
    if let first = put(path, node) {
      throw Diagnostic(
        at: node.position, "\(option): `\(path)` is given twice",
        cure: "it is given at argument \(first.position.line) already")
    }
  }

  private mutating func put(
    _ path: String, _ name: String, _ value: String, _ option: String, _ argument: Int
  ) throws(Diagnostic) {
    let place = position(argument)
    var inner = TOMLTable()
    if case .table(let old)? = get(path)?.value { inner = old }
    if let first = inner[name] {
      throw Diagnostic(
        at: place, "\(option): \(name) is given twice",
        cure: "it is given at argument \(first.position.line) already")
    }
    inner.entries.append(
      TOMLTable.Entry(key: TOMLKey(name, at: place), node: node(.string(value), argument)))
    replace(path, node(.table(inner), argument))
  }

  private mutating func append(_ path: String, _ element: TOMLNode) {
    var elements: [TOMLNode] = []
    if case .array(let old)? = get(path)?.value { elements = old }
    elements.append(element)
    replace(path, TOMLNode(.array(elements), at: element.position))
  }

  private static func parts(_ path: String) -> (section: String, name: String) {
    guard let dot = path.utf8.firstIndex(of: 0x2E) else { return ("", path) }
    return (String(path[..<dot]), String(path[path.utf8.index(after: dot)...]))
  }

  private func get(_ path: String) -> TOMLNode? {
    let (section, name) = Self.parts(path)
    if section.isEmpty { return table[name] }
    guard case .table(let inner)? = table[section]?.value else { return nil }
    return inner[name]
  }

  /// Sets what is not set yet; returns what stands there if something does.
  @discardableResult
  private mutating func put(_ path: String, _ node: TOMLNode) -> TOMLNode? {
    if let old = get(path) { return old }
    replace(path, node)
    return nil
  }

  private mutating func replace(_ path: String, _ node: TOMLNode) {
    let (section, name) = Self.parts(path)
    guard !section.isEmpty else {
      Self.set(&table, name, node)
      return
    }
    var inner = TOMLTable()
    if case .table(let old)? = table[section]?.value { inner = old }
    Self.set(&inner, name, node)
    Self.set(&table, section, TOMLNode(.table(inner), at: node.position))
  }

  /// Changes the table of a section, which is made if it is not there.
  mutating func change(
    section: String, at position: Position,
    _ body: (inout TOMLTable) throws(Diagnostic) -> Void
  ) throws(Diagnostic) {
    var inner = TOMLTable()
    if case .table(let old)? = table[section]?.value { inner = old }
    try body(&inner)
    Self.set(&table, section, TOMLNode(.table(inner), at: position))
  }

  static func set(_ table: inout TOMLTable, _ name: String, _ node: TOMLNode) {
    if let index = table.entries.firstIndex(where: { $0.key.name == name }) {
      table.entries[index].node = node
    } else {
      table.entries.append(TOMLTable.Entry(key: TOMLKey(name, at: node.position), node: node))
    }
  }
}
