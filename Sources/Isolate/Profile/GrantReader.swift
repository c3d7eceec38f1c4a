/// How `grants` is read.
extension ProfileReader {
  mutating func readGrants(_ node: TOMLNode) {
    guard case .table(let table) = node.value else {
      wrongType(node, "grants", wanted: "a table")
      return
    }
    for entry in table.entries {
      guard let name = tableName(entry.key, "grants") else { continue }
      var grant = GrantSetting(name: name)
      switch entry.node.value {
      case .boolean(false): add(grant)
      case .table(let values):
        let before = diagnostics.count
        var table = ProfileTable(section: "grants.\(name.value)", values)
        let (kind, target) = target(&table, name)
        grant.target = target
        readConditions(&table, kind, &grant)
        finish(table, of: "grants")
        // One mistake, one message: a misspelt `files` already says what is missing.
        if grant.target == nil, diagnostics.count == before { reportNoTarget(name) }
        if grant.target != nil { add(grant) }
      case .string, .integer, .float, .boolean, .dateTime, .array:
        wrongType(entry.node, "grants.\(name.value)", wanted: "a table, or false")
      }
    }
  }

  /// The name of a table beneath `grants` or `drivers`.
  mutating func tableName(_ key: TOMLKey, _ section: String) -> Setting<String>? {
    if Self.isTableName(key.name) {
      return Setting(key.name, at: key.position, length: key.length)
    }
    report(
      Diagnostic(
        at: key.position, length: key.length, "`\(section)`: \"\(key.name)\" is no name",
        cure: "use at most 64 letters, digits, `-`, `_` and `.`"))
    return nil
  }

  static func isTableName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: "_") }
  }

  private mutating func reportNoTarget(_ name: Setting<String>) {
    let kinds = GrantKeyWord.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    report(
      Diagnostic(
        at: name.position, length: name.length, "`grants.\(name.value)`: nothing is granted",
        cure: "say of what, by one of \(kinds)"))
  }

  // MARK: What it is of

  private mutating func target(
    _ table: inout ProfileTable, _ name: Setting<String>
  ) -> (GrantKeyWord?, GrantTargetSetting?) {
    var first: (kind: GrantKeyWord, node: TOMLNode)?
    var result: GrantTargetSetting?
    for kind in GrantKeyWord.allCases {
      guard let node = table.take(kind.rawValue) else { continue }
      if let first {
        let later = first.node.position < node.position ? node : first.node
        let earlier = first.node.position < node.position ? first.node : node
        error(
          later, "`grants.\(name.value)`: a grant is of one thing",
          cure: "`\((first.node.position < node.position ? first.kind : kind).rawValue)` stands at "
            + "\(earlier.position.precise) already; make a second grant")
        continue
      }
      first = (kind, node)
      result = target(kind, node, table.path(kind.rawValue))
    }
    return (first?.kind, result)
  }

  private mutating func target(
    _ kind: GrantKeyWord, _ node: TOMLNode, _ key: String
  ) -> GrantTargetSetting? {
    switch kind {
    case .files: return path(node, key).map { .files($0) }
    case .device: return path(node, key).map { .device($0) }
    case .connect: return places(node, key, listens: false).map { .connect($0) }
    case .listen: return places(node, key, listens: true).map { .listen($0) }
    case .resolve: return names(node, key).map { .resolve($0) }
    case .secret: return secret(node, key)
    case .apps:
      let apps = nonEmpty(node, key).compactMap { appName($0, key) }
      return apps.isEmpty ? nil : .apps(apps)
    case .clock:
      return positiveTime(node, key).map { .clock($0) }
    case .driver:
      guard let name = text(node, key) else { return nil }
      guard Self.isTableName(name.value) else {
        error(node, "`\(key)`: \"\(name.value)\" is no driver's name")
        return nil
      }
      return .driver(name)
    }
  }

  /// The elements of a list that says something.
  mutating func nonEmpty(_ node: TOMLNode, _ key: String) -> [TOMLNode] {
    let elements = list(node, key)
    if case .array = node.value, elements.isEmpty {
      error(node, "`\(key)`: an empty list grants nothing", cure: "remove the grant")
    }
    return elements
  }

  private mutating func places(
    _ node: TOMLNode, _ key: String, listens: Bool
  ) -> [NetworkTargetSetting]? {
    var result: [NetworkTargetSetting] = []
    for element in nonEmpty(node, key) {
      guard let text = text(element, key), let place = place(text, key, listens) else { continue }
      let isKnown = result.contains {
        $0.transport == place.transport && $0.host.value == place.host.value
          && $0.ports == place.ports
      }
      if isKnown {
        error(element, "`\(key)`: \"\(text.value)\" is written twice", cure: "remove one")
      } else {
        result.append(place)
      }
    }
    return result.isEmpty ? nil : result
  }

  private mutating func place(
    _ text: Setting<String>, _ key: String, _ listens: Bool
  ) -> NetworkTargetSetting? {
    let parts: NetworkTargetText.Parts
    do throws(NetworkTargetText.Failure) {
      parts = try NetworkTargetText.parse(text.value)
    } catch {
      return fault(text, key, error.message, error.cure)
    }
    var host = Setting(parts.host, at: text.position, length: text.length)
    if parts.transport == .unix {
      if parts.host.utf8.first == UInt8(ascii: "@") {
        return fault(
          text, key, "an abstract socket belongs to a network namespace, not to a file",
          "name the path of a socket")
      }
      guard
        let path = path(TOMLNode(.string(parts.host), at: text.position, length: text.length), key)
      else { return nil }
      host = path
    } else if listens, parts.host != "*", AddressText.parse(parts.host) == nil {
      return fault(
        text, key, "\"\(parts.host)\" is no address of this machine",
        "write an address such as 127.0.0.1 or [::1], or * for all")
    }
    return NetworkTargetSetting(transport: parts.transport, host: host, ports: parts.ports)
  }

  private mutating func fault<Value>(
    _ text: Setting<String>, _ key: String, _ message: String, _ cure: String
  ) -> Value? {
    report(
      Diagnostic(at: text.position, length: text.length, "`\(key)`: \(message)", cure: cure))
    return nil
  }

  private mutating func names(_ node: TOMLNode, _ key: String) -> [Setting<String>]? {
    var result: [Setting<String>] = []
    for element in nonEmpty(node, key) {
      guard let text = text(element, key) else { continue }
      do throws(NetworkTargetText.Failure) {
        let name = try NetworkTargetText.name(text.value)
        if result.contains(where: { $0.value == name }) {
          error(element, "`\(key)`: \"\(text.value)\" is written twice", cure: "remove one")
        } else {
          result.append(Setting(name, at: text.position, length: text.length))
        }
      } catch {
        let _: Never? = fault(text, key, error.message, error.cure)
      }
    }
    return result.isEmpty ? nil : result
  }

  private mutating func appName(_ node: TOMLNode, _ key: String) -> Setting<String>? {
    guard let name = text(node, key) else { return nil }
    guard Self.isTableName(name.value) else {
      error(
        node, "`\(key)`: \"\(name.value)\" is no app's name",
        cure: "write the name of its profile, without a directory and `.toml`")
      return nil
    }
    return name
  }

  private mutating func secret(_ node: TOMLNode, _ key: String) -> GrantTargetSetting? {
    guard case .table(let values) = node.value else {
      wrongType(node, key, wanted: "a table with `file`, `credential` or `command`")
      return nil
    }
    let before = diagnostics.count
    var table = ProfileTable(section: key, values)
    var found: [GrantTargetSetting] = []
    if let node = table.take("file"), let path = path(node, "\(key).file") {
      found.append(.secretFile(path))
    }
    if let node = table.take("credential"), let name = text(node, "\(key).credential") {
      if Self.isTableName(name.value), name.value != ".", name.value != ".." {
        found.append(.secretCredential(name))
      } else {
        error(node, "`\(key).credential`: \"\(name.value)\" is no credential's name")
      }
    }
    if let node = table.take("command"), let command = commandLine(node, "\(key).command") {
      found.append(.secretCommand(command))
    }
    finish(table, of: "grants", beneath: "secret.")
    if diagnostics.count == before, found.count != 1 {
      error(
        node, "`\(key)`: a secret has one source",
        cure: "say one of `file`, `credential` and `command`")
    }
    return found.first
  }

  /// A program by its absolute path, with arguments: it runs outside of every view, so no search path decides which.
  private mutating func commandLine(_ node: TOMLNode, _ key: String) -> Setting<[String]>? {
    let words = nonEmpty(node, key).compactMap { text($0, key)?.value }
    guard let program = words.first else { return nil }
    guard program.utf8.first == UInt8(ascii: "/") else {
      error(
        node, "`\(key)`: \"\(program)\" is not an absolute path",
        cure: "name the program by its path: it runs with the rights of whoever starts isolated")
      return nil
    }
    return Setting(words, at: node.position, length: node.length)
  }
}
