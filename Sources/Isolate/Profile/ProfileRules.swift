/// How path rules and names are read.
extension ProfileReader {
  mutating func readFiles(_ table: inout ProfileTable) {
    for kind in FileRuleKind.allCases {
      let name = kind == .device ? "devices" : kind.rawValue
      guard let node = table.take(name) else { continue }
      for element in list(node, kind.key) {
        if let rule = rule(element, kind) { append(rule) }
      }
    }
    setMounts(
      proc: boolean("proc", &table), dev: boolean("dev", &table), sys: boolean("sys", &table))
  }

  /// A path, or a table with a path and options.
  private mutating func rule(_ node: TOMLNode, _ kind: FileRuleKind) -> FileSetting? {
    if case .string = node.value {
      return path(node, kind.key).map { FileSetting(kind: kind, path: $0) }
    }
    guard case .table(let options) = node.value else {
      wrongType(node, kind.key, wanted: "a path or a table with `path`")
      return nil
    }
    var path: Setting<String>?
    var hasPath = false
    var rule = FileSetting(kind: kind, path: Setting("", at: node.position))
    for entry in options.entries {
      let key = "\(kind.key).\(entry.key.name)"
      guard let option = RuleOption(rawValue: entry.key.name) else {
        let near = nearest(to: entry.key.name, in: RuleOption.allCases.map(\.rawValue))
        report(
          Diagnostic(
            at: entry.key.position, length: entry.key.length, "no key `\(key)`",
            cure: near.map { "did you mean `\($0)`?" }
              ?? "a rule has " + RuleOption.names(for: kind)))
        continue
      }
      guard option.applies(to: kind) else {
        report(
          Diagnostic(
            at: entry.key.position, length: entry.key.length,
            "`\(entry.key.name)` means nothing in a rule of `\(kind.key)`",
            cure: "such a rule has " + RuleOption.names(for: kind)))
        continue
      }
      if option == .path {
        hasPath = true
        path = self.path(entry.node, key)
      } else {
        read(option, entry.node, key, into: &rule)
      }
    }
    if !hasPath { error(node, "`\(kind.key)`: a rule without `path`") }
    guard let path else { return nil }
    rule.path = path
    return rule
  }

  private mutating func read(
    _ option: RuleOption, _ node: TOMLNode, _ key: String, into rule: inout FileSetting
  ) {
    switch option {
    case .path: break  // read by the caller
    case .to: rule.to = path(node, key)
    case .optional: rule.isOptional = boolean(node, key)?.value ?? false
    case .execute: rule.allowsExecute = boolean(node, key)?.value
    case .owner:
      let owner: Setting<RuleOwner>? = word(node, key)
      rule.mapsOwner = owner.map { $0.value == .app }
    case .size: rule.sizeBytes = positive(bytes(node, key), node, key)
    case .inodes:
      rule.inodes = integer(node, key, in: 1...Int64(UInt32.max)).map { UInt64($0.value) }
    case .mode: rule.mode = octal(node, key, max: 0o1777)?.value
    case .upper: rule.upper = path(node, key)
    }
  }

  private mutating func positive(_ value: UInt64?, _ node: TOMLNode, _ key: String) -> UInt64? {
    // A tmpfs takes 0 to mean "no limit". Source: tmpfs(5).
    guard value == 0 else { return value }
    error(node, "`\(key)`: 0 would mean no limit", cure: "write how much it may hold: \"64M\"")
    return nil
  }

  mutating func path(_ name: String, _ table: inout ProfileTable) -> Setting<String>? {
    guard let node = table.take(name) else { return nil }
    return path(node, table.path(name))
  }

  /// A path that may begin with a variable.
  mutating func path(_ node: TOMLNode, _ key: String) -> Setting<String>? {
    guard let value = text(node, key), checkVariables(value, key) else { return nil }
    // What a variable stands for is absolute; whether the whole is, shows with "/" in its place.
    let text = value.value
    let startsWithVariable =
      text.utf8.first == UInt8(ascii: "$") && text.utf8.dropFirst().first != UInt8(ascii: "$")
    do throws(ProfilePath.Failure) {
      let checked = try ProfilePath.normalise(startsWithVariable ? "/" + text : text)
      if startsWithVariable { return value }
      return Setting(checked, at: node.position, length: node.length)
    } catch {
      report(Self.badPath(value, key, error))
      return nil
    }
  }

  /// Why a path cannot be used, in words.
  package static func badPath(
    _ path: Setting<String>, _ key: String, _ failure: ProfilePath.Failure
  ) -> Diagnostic {
    let what: String
    var cure: String?
    switch failure {
    case .empty: what = "an empty path"
    case .relative:
      what = "\"\(path.value)\" is a relative path"
      cure = "begin it with /, $HOME, $CWD or $RUNTIME_DIR"
    case .parent:
      what = "\"\(path.value)\" has a component `..`"
      cure = "write the path that is meant: what `..` is depends on symbolic links"
    case .nul: what = "a path with a NUL character"
    case .tooLong: what = "a path of more than \(ProfilePath.maximumBytes) bytes"
    }
    return Diagnostic(at: path.position, length: path.length, "`\(key)`: \(what)", cure: cure)
  }

  mutating func checkVariables(_ value: Setting<String>, _ key: String) -> Bool {
    do throws(ProfileVariables.Failure) {
      try ProfileVariables.check(value.value)
      return true
    } catch {
      report(Self.badVariable(value, key, error))
      return false
    }
  }

  /// Why a variable cannot be used, in words.
  package static func badVariable(
    _ value: Setting<String>, _ key: String, _ failure: ProfileVariables.Failure
  ) -> Diagnostic {
    let what: String
    let cure: String
    let names = ProfileVariables.Name.allCases.map(\.rawValue)
    switch failure {
    case .unknown(let name):
      what = "no variable `$\(name)`"
      cure =
        nearest(to: name, in: names).map { "did you mean `$\($0)`?" }
        ?? "there are \(names.map { "$" + $0 }.joined(separator: ", ")); $$ is a dollar sign"
    case .unfinished:
      what = "a `$` without a variable's name"
      cure = "write $NAME or ${NAME}; $$ is a dollar sign"
    case .unset(let name):
      what = "`$\(name)` has no value here"
      cure = "set it in the caller's environment, or write the path itself"
    }
    return Diagnostic(at: value.position, length: value.length, "`\(key)`: \(what)", cure: cure)
  }

  mutating func checkVariableName(
    _ name: String, at setting: Setting<String>, _ key: String, mayBeEmpty: Bool = false
  ) -> Bool {
    if name == BrokerVariable.name, key != "environment.unset" {
      report(
        Diagnostic(
          at: setting.position, length: setting.length,
          "`\(key)`: \(name) is for isolated alone to set",
          cure: "remove it: an app with grants has it"))
      return false
    }
    if (mayBeEmpty || !name.isEmpty)
      && !name.utf8.contains(where: { $0 == 0x3D || $0 == 0x2A || $0 == 0 })
    {
      return true
    }
    report(
      Diagnostic(
        at: setting.position, length: setting.length,
        "`\(key)`: \"\(setting.value)\" is not a variable's name"))
    return false
  }

  mutating func checkUserName(_ name: Setting<String>) -> Bool {
    let isGood =
      (1...32).contains(name.value.utf8.count) && name.value.utf8.first != 0x2D
      && name.value.utf8.allSatisfy { Self.isNameByte($0) || $0 == 0x5F }
    if isGood { return true }
    report(
      Diagnostic(
        at: name.position, length: name.length,
        "`identity.user`: \"\(name.value)\" is not a user name",
        cure: "use at most 32 letters, digits, `_`, `.` and `-`, no `-` first"))
    return false
  }

  mutating func checkHostname(_ name: Setting<String>) -> Bool {
    let isGood =
      (1...64).contains(name.value.utf8.count) && name.value.utf8.allSatisfy(Self.isNameByte)
    if isGood { return true }
    report(
      Diagnostic(
        at: name.position, length: name.length,
        "`identity.hostname`: \"\(name.value)\" is not a host name",
        cure: "use at most 64 letters, digits, `-` and `.`"))
    return false
  }

  mutating func checkTimezone(_ zone: Setting<String>) -> Bool {
    let text = zone.value
    let isGood =
      !text.isEmpty && text.utf8.first != 0x2F
      && text.utf8.allSatisfy { Self.isNameByte($0) || $0 == 0x2F || $0 == 0x5F || $0 == 0x2B }
      && !text.utf8.split(separator: 0x2F).contains { Substring($0) == ".." }
    if isGood { return true }
    report(
      Diagnostic(
        at: zone.position, length: zone.length,
        "`identity.timezone`: \"\(text)\" is not a zone's name",
        cure: "name a file beneath /usr/share/zoneinfo, such as \"Europe/Berlin\""))
    return false
  }

  /// Letters, digits, `-` and `.`.
  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
    default: false
    }
  }
}

/// Whom the files of a rule appear to belong to.
enum RuleOwner: String, CaseIterable, Sendable { case app, keep }

/// What a path rule may say beside its path.
package enum RuleOption: String, CaseIterable, Sendable {
  case path, to, optional, execute, owner, size, inodes, mode, upper

  package func applies(to kind: FileRuleKind) -> Bool {
    switch self {
    case .path: true
    case .to, .owner: kind == .read || kind == .write || kind == .overlay
    case .optional: kind != .private && kind != .hide
    case .execute: kind == .write || kind == .private || kind == .overlay
    case .size, .inodes: kind == .private || kind == .overlay
    case .mode: kind == .private
    case .upper: kind == .overlay
    }
  }

  package static func names(for kind: FileRuleKind) -> String {
    allCases.filter { $0.applies(to: kind) }.map { "`\($0.rawValue)`" }.joined(separator: ", ")
  }
}
