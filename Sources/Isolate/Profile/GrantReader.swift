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
  private mutating func nonEmpty(_ node: TOMLNode, _ key: String) -> [TOMLNode] {
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

  // MARK: On which conditions

  private mutating func readConditions(
    _ table: inout ProfileTable, _ kind: GrantKeyWord?, _ grant: inout GrantSetting
  ) {
    if let node = table.take("rights") {
      grant.rights = rights(node, table.path("rights"), kind)
    }
    if let node = table.take("rate") { grant.rate = rate(node, table.path("rate")) }
    if let node = table.take("burst") {
      grant.burst = integer(node, table.path("burst"), in: 1...1_000_000).map {
        Setting(UInt32($0.value), at: $0.position, length: $0.length)
      }
      needs("rate", "burst", node, table, isThere: table.has("rate"))
    }
    if let node = table.take("count") {
      grant.count = integer(node, table.path("count"), in: 1...Int64.max).map {
        Setting(UInt64($0.value), at: $0.position, length: $0.length)
      }
    }
    if let node = table.take("lease") {
      grant.leaseMilliseconds = positiveTime(node, table.path("lease"))
    }
    grant.asks = boolean("ask", &table)
    if let node = table.take("ask-timeout") {
      grant.askMilliseconds = positiveTime(node, table.path("ask-timeout"))
      needs("ask", "ask-timeout", node, table, isThere: table.has("ask"))
    }
    guard let node = table.take("optional") else { return }
    grant.isOptional = boolean(node, table.path("optional"))?.value ?? false
    if let kind, kind != .files, kind != .device {
      error(
        node, "`\(table.path("optional"))` means nothing for `\(kind.rawValue)`",
        cure: "only a grant of `files` or of a `device` can be optional")
    }
  }

  private mutating func needs(
    _ other: String, _ name: String, _ node: TOMLNode, _ table: ProfileTable, isThere: Bool
  ) {
    guard !isThere else { return }
    error(
      node, "`\(table.path(name))` means nothing without `\(other)`",
      cure: "add `\(other)`, or remove it")
  }

  private mutating func rights(
    _ node: TOMLNode, _ key: String, _ kind: GrantKeyWord?
  ) -> Setting<[GrantWord]>? {
    // What can be said depends on what is granted; without that, any word passes for now.
    let allowed = kind?.allowedRights ?? GrantWord.allCases
    var words: [GrantWord] = []
    for element in nonEmpty(node, key) {
      guard let text = text(element, key) else { continue }
      if let word = allowed.first(where: { $0.rawValue == text.value }) {
        if words.contains(word) {
          error(element, "`\(key)`: \"\(text.value)\" is written twice", cure: "remove one")
        } else {
          words.append(word)
        }
      } else if let kind, GrantWord(rawValue: text.value) != nil {
        error(
          element, "`\(key)`: \"\(text.value)\" means nothing for `\(kind.rawValue)`",
          cure: "allowed are " + allowed.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
      } else {
        badWord(element, text.value, key, allowed.map(\.rawValue))
      }
    }
    return words.isEmpty ? nil : Setting(words, at: node.position, length: node.length)
  }

  /// `100/s`, `20/m`, `5/h`.
  private mutating func rate(_ node: TOMLNode, _ key: String) -> Setting<RateSetting>? {
    guard case .string(let text) = node.value else {
      wrongType(node, key, wanted: "a rate such as \"100/s\"")
      return nil
    }
    if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")), slash > text.startIndex,
      text.utf8[..<slash].allSatisfy({ (0x30...0x39).contains($0) }),
      let requests = UInt32(text[..<slash]), (1...1_000_000).contains(requests)
    {
      let unit: UInt32? =
        switch text[text.utf8.index(after: slash)...] {
        case "s": 1000
        case "m": 60_000
        case "h": 3_600_000
        default: nil
        }
      if let unit {
        return Setting(
          RateSetting(requests: requests, perMilliseconds: unit), at: node.position,
          length: node.length)
      }
    }
    error(
      node, "`\(key)`: \"\(text)\" is not a rate",
      cure: "write 1 to 1000000 requests and one of /s, /m, /h: \"100/s\"")
    return nil
  }

  /// A time of more than nothing, in milliseconds.
  mutating func positiveTime(_ node: TOMLNode, _ key: String) -> Setting<UInt64>? {
    guard let value = milliseconds(node, key) else { return nil }
    guard value > 0 else {
      error(
        node, "`\(key)`: with 0 nothing could be asked for", cure: "write a time such as \"10s\"")
      return nil
    }
    return Setting(value, at: node.position, length: node.length)
  }
}
