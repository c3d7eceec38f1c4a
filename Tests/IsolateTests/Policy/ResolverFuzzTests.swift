import Foundation
import Isolate
import Testing

@Suite("Profiles made at random")
struct ResolverFuzzTests {
  static let texts = [
    "", "/", "/usr", "/usr/../x", "usr", "$HOME", "$HOME/.ssh", "$$", "$", "${APP}", "$NOPE",
    "/proc/1",
    "/dev/null", "/etc/passwd", "none", "host", "loopback", "errno", "kill", "log", "default",
    "strict",
    "nothing", "unix", "netlink", "64M", "1G", "99999999999T", "10s", "5ms", "unlimited", "077",
    "1777", "SIGTERM",
    "SIGX", "@ptrace", "@io", "@nope", "read", "clone3", "auto", "inherit", "LANG", "LC_*", "A=B",
    "*",
    "namespaces", "limits.memory", "Europe/Berlin", "../etc", "nginx", "\u{301}", "/\u{301}",
    "a\0b",
    "$RUNTIME_DIR/x", "$CWD",
  ]
  static let options = RuleOption.allCases.map(\.rawValue) + ["nope"]

  static func node(_ generator: inout SeededGenerator, depth: Int = 0) -> TOMLNode {
    let place = Position(
      file: "f", line: Int.random(in: 1...9, using: &generator),
      column: Int.random(in: 1...9, using: &generator))
    func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &generator)] }
    let value: TOMLValue
    switch Int.random(in: 0...(depth > 2 ? 4 : 7), using: &generator) {
    case 0, 1: value = .string(pick(texts))
    case 2: value = .integer(pick([0, 1, -1, 3, 80, 65535, 65536, Int64.max, Int64.min]))
    case 3: value = .boolean(pick([true, false]))
    case 4: value = .float(pick([0, 1.5, -1, .nan, .infinity, 1e300]))
    case 5, 6:
      let count = Int.random(in: 0...4, using: &generator)
      value = .array((0..<count).map { _ in node(&generator, depth: depth + 1) })
    default:
      let names = pick([options, texts])
      let count = Int.random(in: 0...4, using: &generator)
      value = .table(
        TOMLTable(
          (0..<count).map { _ in
            TOMLTable.Entry(
              key: TOMLKey(pick(names), at: place), node: node(&generator, depth: depth + 1))
          }))
    }
    return TOMLNode(value, at: place)
  }

  /// A document with keys of the table and values that may fit them.
  static func document(_ generator: inout SeededGenerator) -> TOMLTable {
    let place = Position(file: "f", line: 1)
    var top = TOMLTable()
    for _ in 0..<Int.random(in: 0...12, using: &generator) {
      let key = ProfileKey.all[Int.random(in: 0..<ProfileKey.all.count, using: &generator)]
      var node = node(&generator)
      // Half of the values are the key's own example, so that profiles get past the reader.
      if Bool.random(using: &generator),
        let example = try? TOMLReader.read(Array("x = \(key.example)".utf8), file: "f")["x"]
      {
        node = example
      }
      let section = Bool.random(using: &generator) ? String(key.section) : "relax"
      var leaf = TOMLTable.Entry(key: TOMLKey(String(key.name), at: place), node: node)
      if key.isOfNamedTable {
        // A few names, so that tables meet; now and then one is false.
        var parts = key.field.split(separator: ".").map(String.init)
        if Int.random(in: 0..<8, using: &generator) > 0 {
          let names = ["a", "b", "files", "scanner"]
          parts.insert(names[Int.random(in: 0..<4, using: &generator)], at: 0)
        } else {
          parts = ["a"]
          node = TOMLNode(.boolean(false), at: place)
        }
        leaf = parts.dropLast().reversed().reduce(
          TOMLTable.Entry(key: TOMLKey(parts[parts.count - 1], at: place), node: node)
        ) { inner, name in
          TOMLTable.Entry(
            key: TOMLKey(name, at: place), node: TOMLNode(.table(TOMLTable([inner])), at: place))
        }
      }
      if key.section.isEmpty {
        top.entries.append(leaf)
      } else if section == "relax" {
        let reason = TOMLNode(.string("why"), at: place)
        let entry = TOMLTable.Entry(key: TOMLKey(key.path, at: place), node: reason)
        top.entries.append(
          TOMLTable.Entry(
            key: TOMLKey("relax", at: place), node: TOMLNode(.table(TOMLTable([entry])), at: place))
        )
        top.entries.append(
          TOMLTable.Entry(
            key: TOMLKey(String(key.section), at: place),
            node: TOMLNode(.table(TOMLTable([leaf])), at: place)))
      } else {
        top.entries.append(
          TOMLTable.Entry(
            key: TOMLKey(section, at: place), node: TOMLNode(.table(TOMLTable([leaf])), at: place)))
      }
    }
    return top
  }

  static func host(_ generator: inout SeededGenerator) -> HostFacts {
    func coin() -> Bool { Bool.random(using: &generator) }
    return Fixture.host {
      $0.kernelMinor = coin() ? 1 : 18
      $0.canDenyWriteExecute = coin()
      $0.isPrivileged = coin()
      $0.canMakeUserNamespaces = coin()
      $0.landlockABI = coin() ? 0 : 7
      if coin() {
        $0.cgroup2 = UnifiedCgroup(
          path: "/sys/fs/cgroup/x", controllers: coin() ? ["memory"] : ["cpu", "pids"])
      }
      if coin() { $0.cgroup1 = ResolvedLimitsTests.legacy }
      if coin() { $0.home = "" }
      if coin() { $0.runtimeDirectory = nil }
      if coin() { $0.workingDirectory = "/" }
    }
  }

  @Test("never trap, and what resolves is complete", arguments: [1, 2, 3, 4] as [UInt64])
  func neverTraps(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var resolved = 0
    for _ in 0..<250 {
      let count = Int.random(in: 1...3, using: &generator)
      var wrong: [Diagnostic] = []
      var profiles = (0..<count).map { index in
        let (profile, diagnostics) = ProfileReader.read(
          Self.document(&generator), name: "p", file: index == 2 ? Position.commandLine : "f")
        wrong += diagnostics
        return profile
      }
      var line = CommandLineProfile(workingDirectory: "/")
      line.setCommand(["true"], argument: 1)
      profiles.append(line.read().profile)
      let host = Self.host(&generator)
      switch PolicyResolver.resolve(profiles, host: host) {
      case .success(let policy):
        resolved += 1
        check(policy)
      case .failure(let errors):
        #expect(errors.diagnostics.contains { $0.severity == .error }, "seed \(seed)")
      }
      for diagnostic in wrong { #expect(!diagnostic.message.isEmpty, "seed \(seed)") }
    }
    #expect(resolved > 20, "seed \(seed): too few profiles get through to mean anything")
  }

  private func check(_ policy: Policy) {
    #expect(!policy.command.isEmpty)
    #expect(policy.workdir.hasPrefix("/"))
    for rule in policy.files.rules {
      #expect((try? ProfilePath.normalise(rule.source)) == rule.source)
      #expect((try? ProfilePath.normalise(rule.target)) == rule.target)
    }
    for (before, after) in zip(policy.files.rules, policy.files.rules.dropFirst()) {
      #expect(before.target != after.target)
      #expect(!ProfilePath.contains(after.target, before.target))
    }
    #expect(Set(policy.environment.map(\.name)).count == policy.environment.count)
    #expect(policy.descriptors.allSatisfy { $0 >= 3 })
    #expect(policy.identity.hostUID != 0)
    let json = PolicyText.json(policy).bytes
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json)) }
    #expect(PolicyText.lines(policy).count >= policy.provenance.count)
  }
}
