import Testing

@testable import Isolate

/// One app may start another only when that is nowhere wider than itself.
@Suite struct PolicyWideningTests {
  private func found(_ own: String, _ other: String) throws -> [String] {
    try Fixture.policy(own).widenings(beyond: Fixture.policy(other)).map { "\($0.key) \($0.what)" }
  }

  /// A driver has rights of its own, so that its name alone says nothing.
  @Test func aDriverIsTheSameProgramUnderTheSameProfile() throws {
    func app(_ program: String, _ profile: String) -> String {
      """
      drivers.d = { run = ["\(program)"], profile = "\(profile)" }
      grants.g.driver = "d"
      """
    }
    let own = app("/bin/a", "strict")
    #expect(try found(own, own) == [])
    #expect(try found(own, "") == ["grants.g a grant of its own"])
    #expect(try found(app("/bin/b", "strict"), own) == ["grants.g a grant of its own"])
    #expect(try found(app("/bin/a", "default"), own) == ["grants.g a grant of its own"])
  }

  @Test func nothingIsWiderThanItself() throws {
    let text = """
      files.read = ["/usr", { path = "/srv/in", to = "/in" }]
      files.write = ["/srv/out"]
      files.hide = ["/usr/share/secret"]
      network.mode = "host"
      limits.memory = "64M"
      """
    #expect(try found(text, text) == [])
    #expect(try found("", text) == ["limits.memory no limit"])
  }

  /// Who says nothing of a disk's weight has 100.
  @Test(arguments: [
    ("limits.io-weight = 200", "", ["limits.io-weight more than 100"]),
    ("limits.io-weight = 100", "", []), ("limits.io-weight = 50", "", []),
    ("", "limits.io-weight = 200", []),
    ("", "limits.io-weight = 50", ["limits.io-weight more than 50"]),
    ("limits.io-weight = 60", "limits.io-weight = 50", ["limits.io-weight more than 50"]),
    ("limits.io-weight = 50", "limits.io-weight = 60", []),
  ])
  func weightsAreComparedWithTheUsualOne(_ own: String, _ other: String, _ widenings: [String])
    throws
  {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["memory", "io"])
      $0.disks = ["8:0"]
      $0.weighers = [.cost]
    }
    let found = try Fixture.policy(own, host: host).widenings(
      beyond: Fixture.policy(other, host: host))
    #expect(found.map { "\($0.key) \($0.what)" } == widenings)
  }

  @Test(arguments: [
    (#"files.read = ["/srv"]"#, #"files.read = ["/srv/a"]"#, ["files.read /srv"]),
    (#"files.read = ["/srv/a"]"#, #"files.read = ["/srv"]"#, []),
    (#"files.read = ["/srv/ab"]"#, #"files.read = ["/srv/a"]"#, ["files.read /srv/ab"]),
    (#"files.write = ["/srv/a"]"#, #"files.read = ["/srv"]"#, ["files.write /srv/a"]),
    /* Where it appears does not matter; what it is does. */
    (#"files.read = [{ path = "/srv/a", to = "/b" }]"#, #"files.read = ["/srv"]"#, []),
    (
      #"files.read = [{ path = "/root", to = "/srv" }]"#, #"files.read = ["/srv"]"#,
      ["files.read /root"]
    ),
    /* What the other hides or makes its own beneath a shown directory is not shown. */
    (
      #"files.read = ["/srv"]"#, "files.read = [\"/srv\"]\nfiles.hide = [\"/srv/key\"]",
      ["files.read /srv/key"]
    ),
    (
      #"files.read = ["/srv"]"#, "files.read = [\"/srv\"]\nfiles.private = [\"/srv/tmp\"]",
      ["files.read /srv/tmp"]
    ),
    (
      "files.read = [\"/srv\"]\nfiles.hide = [\"/srv/key\"]",
      "files.read = [\"/srv\"]\nfiles.hide = [\"/srv/key\"]", []
    ),
    /* Covered at one place, shown at another. */
    (
      "files.read = [\"/srv\", { path = \"/srv/key\", to = \"/k\" }]\nfiles.hide = [\"/srv/key\"]",
      "files.read = [\"/srv\"]\nfiles.hide = [\"/srv/key\"]", ["files.read /srv/key"]
    ),
    (
      #"files.write = ["/srv"]"#, "files.write = [\"/srv\"]\nfiles.read = [\"/srv/conf\"]",
      ["files.write /srv/conf"]
    ),
    (
      #"files.overlay = ["/srv"]"#, #"files.read = ["/srv"]"#, []
    ),
    (
      #"files.overlay = [{ path = "/srv", upper = "/keep" }]"#, #"files.read = ["/srv"]"#,
      ["files.write /keep"]
    ),
    (
      #"files.write = [{ path = "/srv", execute = true }]"#, #"files.write = ["/srv"]"#,
      ["files /srv (programs may be run from it)"]
    ),
    ("files.sys = true", "", ["files.sys /sys"]),
    (
      "files.dev = true\nfiles.devices = [\"/dev/kvm\"]", "files.dev = true",
      ["files.write /dev/kvm"]
    ),
    (#"network.mode = "host""#, "", ["network.mode host, not only none"]),
    ("", #"network.mode = "host""#, []),
    (
      #"network.mode = "host""#, "network.mode = \"host\"\nnetwork.connect = [443]",
      ["network.connect more ports"]
    ),
    (
      "network.mode = \"host\"\nnetwork.connect = [80]",
      "network.mode = \"host\"\nnetwork.connect = [443]", ["network.connect more ports"]
    ),
    (
      "network.mode = \"host\"\nnetwork.bind = [80]",
      "network.mode = \"host\"\nnetwork.bind = [80, 443]", []
    ),
    (
      "network.mode = \"host\"\nnetwork.bind = [80, 443]",
      "network.mode = \"host\"\nnetwork.bind = [80]", ["network.bind more ports"]
    ),
    ("limits.memory = \"2M\"", "limits.memory = \"1M\"", ["limits.memory more than 1048576"]),
    ("limits.memory = \"1M\"", "limits.memory = \"2M\"", []),
    (#"terminal.mode = "auto""#, #"terminal.mode = "none""#, ["terminal.mode auto"]),
    ("descriptors.keep = [5]", "descriptors.keep = [4]", ["descriptors.keep 5"]),
    (#"syscalls.deny = ["socket"]"#, "", []),
    (#"syscalls.deny = ["socket"]"#, #"syscalls.deny = ["bind"]"#, ["syscalls.allow bind"]),
  ])
  func eachWayToBeWiderIsFound(own: String, other: String, expected: [String]) throws {
    #expect(try found(own, other) == expected)
  }

  @Test func whoHasNoNamespacesIsWiderThanWhoHas() throws {
    let alone = try Fixture.policy("", host: Fixture.host { $0.canMakeUserNamespaces = false })
    let keys = try alone.widenings(beyond: Fixture.policy("")).map(\.key)
    #expect(keys.contains("namespaces"), "\(keys)")
    #expect(try !Fixture.policy("").widenings(beyond: alone).map(\.key).contains("namespaces"))
    #expect(!alone.widenings(beyond: alone).map(\.key).contains("namespaces"))
  }

  @Test func theSwitchesAreCompared() throws {
    let wide = """
      memory.write-execute = true
      syscalls.refuse-with = "log"
      syscalls.set-id-bits = true
      syscalls.nested-user-namespaces = true
      syscalls.terminal-injection = true
      syscalls.personality = true
      [relax]
      "memory.write-execute" = "a test"
      "syscalls.set-id-bits" = "a test"
      "syscalls.refuse-with" = "a test"
      "syscalls.nested-user-namespaces" = "a test"
      "syscalls.terminal-injection" = "a test"
      "syscalls.personality" = "a test"
      """
    let keys = try found(wide, #"network.families = ["unix"]"#).map {
      $0.prefix { $0 != " " }
    }
    #expect(
      Set(keys)
        == [
          "memory.write-execute", "syscalls.refuse-with", "syscalls.families",
          "syscalls.set-id-bits", "syscalls.nested-user-namespaces",
          "syscalls.terminal-injection", "syscalls.personality", "syscalls.allow",
        ])
    #expect(try found(#"network.families = ["unix"]"#, wide) == [])
  }

  /// By force: at every path of a small world, what the comparison says is what walking both views says.
  @Test func theComparisonIsExact() throws {
    var source = SeededGenerator(seed: 20_261_122)
    let names = ["/a", "/a/b", "/a/e", "/e", "/e/b"]
    let letters = ["/a", "/b", "/e"]
    var paths = letters
    for _ in 0..<3 { paths += paths.flatMap { path in letters.map { path + $0 } } }
    paths = Array(Set(paths))
    func pick<Value>(_ values: [Value]) -> Value {
      values[Int.random(in: 0..<values.count, using: &source)]
    }
    func rule() -> FileRule {
      let kind = pick([FileRuleKind.read, .write, .overlay, .private, .hide])
      let target = pick(names)
      return FileRule(
        kind: kind, source: Bool.random(using: &source) ? target : pick(names), target: target,
        isOptional: false, allowsExecute: Bool.random(using: &source), mapsOwner: false,
        sizeBytes: 1, inodes: 1,
        mode: 0o755, upper: nil, position: Position(file: "x", line: 1))
    }
    func files() -> FilePolicy {
      var rules: [FileRule] = []
      for _ in 0..<Int.random(in: 0..<5, using: &source) {
        let one = rule()
        rules.removeAll { $0.target == one.target }
        rules.append(one)
      }
      rules.sort { $0.target < $1.target }
      return FilePolicy(
        rules: rules, proc: true, dev: true, sys: false, devices: [], synthesised: [])
    }
    for _ in 0..<400 {
      let own = files()
      let other = files()
      let isWider = paths.contains {
        !HostReach(own).access($0).isSubset(of: HostReach(other).access($0))
      }
      #expect(own.widenings(beyond: other).isEmpty == !isWider, "\(own.rules) \(other.rules)")
    }
  }

  @Test func grantsAreComparedByWhatTheyGive() {
    let position = Position(file: "x.toml", line: 3)
    func grant(_ target: GrantTarget, _ rights: GrantRights = .read) -> Grant {
      Grant(name: "g", target: target, rights: rights, position: position)
    }
    let tree = grant(.files(path: "/srv", isDirectory: true))
    #expect(grant(.files(path: "/srv/a", isDirectory: false)).isWithin(tree))
    #expect(!grant(.files(path: "/srvx", isDirectory: true)).isWithin(tree))
    #expect(!grant(.files(path: "/srv", isDirectory: true), [.read, .write]).isWithin(tree))
    #expect(!tree.isWithin(grant(.files(path: "/srv/a", isDirectory: true))))
    #expect(!tree.isWithin(grant(.secret(.file(path: "/srv")))))
    #expect(grant(.apps(["a"])).isWithin(grant(.apps(["a", "b"]))))
    func target(_ host: String) -> NetworkTarget {
      NetworkTarget(transport: .tcp, host: host, ports: 1...2)
    }
    let (one, both) = ([target("a.b")], [target("c.d"), target("a.b")])
    #expect(grant(.connect(one)).isWithin(grant(.connect(both))))
    #expect(!grant(.connect(both)).isWithin(grant(.connect(one))))
    #expect(grant(.listen(one)).isWithin(grant(.listen(both))))
    #expect(!grant(.listen(one)).isWithin(grant(.connect(both))))
    #expect(!grant(.apps(["a", "c"])).isWithin(grant(.apps(["a", "b"]))))
    #expect(
      !grant(.clock(largestStepMilliseconds: 9)).isWithin(
        grant(.clock(largestStepMilliseconds: 8))))
    var limited = tree
    limited.count = 4
    limited.leaseMilliseconds = 1000
    limited.rate = GrantRate(requests: 10, perMilliseconds: 1000, burst: 10)
    limited.askMilliseconds = 5
    #expect(!tree.isWithin(limited))
    #expect(limited.isWithin(tree))
    var more = limited
    more.rate = GrantRate(requests: 601, perMilliseconds: 60_000, burst: 10)
    #expect(!more.isWithin(limited))
    more.rate = GrantRate(requests: 600, perMilliseconds: 60_000, burst: 10)
    #expect(more.isWithin(limited))
    more.askMilliseconds = nil
    #expect(!more.isWithin(limited))
    var fast = limited
    fast.rate = nil
    #expect(!fast.isWithin(limited), "as often as it likes")
  }
}
