import Isolate
import Testing

@Suite("Profiles that extend each other")
struct ProfileMergeTests {
  @Test("a later value replaces, lists are joined, tables merge by name") func rules() throws {
    let policy = try Fixture.policy(
      """
      require = ["namespaces"]
      command = { workdir = "/a", path = ["/a"] }
      environment = { keep = ["LANG"], set = { A = "1", B = "2" } }
      files = { read = ["/a", "/b"], proc = true, dev = true }
      limits = { processes = 5, open-files = 10 }
      identity = { user = "one", uid = 5, hostname = "h1" }
      descriptors.keep = [4, 3]
      stop = { signal = "SIGINT", timeout = "1s" }
      network.connect = [443, 80]
      network.mode = "loopback"
      terminal.mode = "auto"
      """,
      """
      require = ["filter"]
      command = { workdir = "/b", path = ["/b"] }
      environment = { keep = ["LC_*"], set = { B = "3" } }
      files = { private = ["/a"], hide = ["/b/c"], dev = false }
      limits.processes = "unlimited"
      identity = { user = "two", gid = 6, home = "/b", shell = "/b/sh", timezone = "UTC", umask = "077" }
      descriptors.keep = [3, 5]
      stop.signal = "SIGHUP"
      network.connect = [80]
      network.mode = "none"
      terminal.mode = "none"
      namespaces.time = true
      """)
    #expect(policy.require == [.namespaces, .filter])
    #expect(policy.workdir == "/b")
    #expect(policy.searchPath == ["/b"])
    #expect(
      policy.environment.map { "\($0.name)=\($0.value)" } == [
        "HOME=/b", "USER=two", "LOGNAME=two", "SHELL=/b/sh", "PATH=/b", "LANG=C.UTF-8",
        "LC_TIME=de_DE.UTF-8", "A=1", "B=3",
      ])
    #expect(
      policy.files.rules.map { "\($0.kind) \($0.target)" } == [
        "private /a", "read /b", "hide /b/c",
      ])
    #expect(policy.files.proc)
    #expect(!policy.files.dev)
    #expect(policy.limits.processes == nil)
    #expect(policy.limits.openFiles?.amount == 10)
    #expect(policy.identity.uid == 5)
    #expect(policy.identity.gid == 6)
    #expect(policy.identity.hostname == "h1")
    #expect(policy.identity.umask == 0o77)
    #expect(policy.identity.timezone == "UTC")
    #expect(policy.descriptors == [3, 4, 5])
    #expect(policy.stop == StopPolicy(signal: 1, timeoutMilliseconds: 1000))
    #expect(policy.network.connectPorts == [80])
    #expect(policy.network.mode == .none)
    #expect(policy.terminal == .none)
    #expect(policy.namespaces.time)
  }

  @Test("unset takes away what a base keeps and sets; a later set stands") func unset() throws {
    let names = try Fixture.policy(
      "environment = { keep = [\"LANG\", \"SECRET\"], set = { A = \"1\", B = \"1\" } }",
      "environment.unset = [\"SECRET\", \"A\", \"B\", \"LOGNAME\", \"LC_TIME\"]",
      "environment = { set = { B = \"2\" }, keep = [\"LC_*\"] }"
    ).environment.map { "\($0.name)=\($0.value)" }
    #expect(names.contains("B=2"))
    #expect(names.contains("LANG=C.UTF-8"))
    for gone in ["A=", "SECRET=", "LOGNAME=", "LC_TIME="] {
      #expect(!names.contains { $0.hasPrefix(gone) })
    }
  }

  /// Key, what the base states, what the derived profile says, and the error without a relax.
  static let widenings: [(key: String, base: String, derived: String, error: String)] = [
    (
      "memory.write-execute", "", "memory.write-execute = true",
      "1.toml:1: `memory.write-execute`: true is refused unless it is relaxed"
    ),
    (
      "memory.write-execute", "memory.write-execute = false", "memory.write-execute = true",
      "1.toml:1: `memory.write-execute`: true widens what 0.toml:1 states"
    ),
    (
      "network.mode", "network.mode = \"none\"", "network.mode = \"host\"",
      "1.toml:1: `network.mode`: host widens what 0.toml:1 states"
    ),
    (
      "network.connect", "network.connect = [80]", "network.connect = [80, 81]",
      "1.toml:1: `network.connect`: 81 widens what 0.toml:1 states"
    ),
    (
      "network.bind", "network.bind = []", "network.bind = [1]",
      "1.toml:1: `network.bind`: 1 widens what 0.toml:1 states"
    ),
    (
      "network.families", "network.families = [\"unix\"]", "network.families = [\"inet\"]",
      "1.toml:1: `network.families`: inet widens what 0.toml:1 states"
    ),
    (
      "syscalls.base", "syscalls.base = \"strict\"", "syscalls.base = \"default\"",
      "1.toml:1: `syscalls.base`: default widens what 0.toml:1 states"
    ),
    (
      "syscalls.allow", "", "syscalls.allow = [\"@ptrace\"]",
      "1.toml:1: `syscalls.allow`: @ptrace is refused unless it is relaxed"
    ),
    (
      "syscalls.allow", "", "syscalls.allow = [\"bpf\"]",
      "1.toml:1: `syscalls.allow`: bpf is refused unless it is relaxed"
    ),
    (
      "syscalls.allow", "syscalls.deny = [\"kill\"]", "syscalls.allow = [\"kill\"]",
      "1.toml:1: `syscalls.allow`: kill widens what 0.toml:1 states"
    ),
    (
      "syscalls.allow", "syscalls.deny = [\"@signals\"]", "syscalls.allow = [\"kill\"]",
      "1.toml:1: `syscalls.allow`: kill widens what 0.toml:1 states"
    ),
    (
      "syscalls.allow", "syscalls.base = \"strict\"", "syscalls.allow = [\"socket\"]",
      "1.toml:1: `syscalls.allow`: socket widens what 0.toml:1 states"
    ),
    (
      "syscalls.allow", "syscalls.base = \"nothing\"", "syscalls.allow = [\"@io\"]",
      "1.toml:1: `syscalls.allow`: @io widens what 0.toml:1 states"
    ),
    (
      "syscalls.refuse-with", "", "syscalls.refuse-with = \"log\"",
      "1.toml:1: `syscalls.refuse-with`: log is refused unless it is relaxed"
    ),
    (
      "syscalls.refuse-with", "syscalls.refuse-with = \"kill\"", "syscalls.refuse-with = \"errno\"",
      "1.toml:1: `syscalls.refuse-with`: errno widens what 0.toml:1 states"
    ),
    (
      "syscalls.set-id-bits", "", "syscalls.set-id-bits = true",
      "1.toml:1: `syscalls.set-id-bits`: true is refused unless it is relaxed"
    ),
    (
      "syscalls.nested-user-namespaces", "", "syscalls.nested-user-namespaces = true",
      "1.toml:1: `syscalls.nested-user-namespaces`: true is refused unless it is relaxed"
    ),
    (
      "syscalls.terminal-injection", "syscalls.terminal-injection = false",
      "syscalls.terminal-injection = true",
      "1.toml:1: `syscalls.terminal-injection`: true widens what 0.toml:1 states"
    ),
    (
      "syscalls.personality", "", "syscalls.personality = true",
      "1.toml:1: `syscalls.personality`: true is refused unless it is relaxed"
    ),
    (
      "files.read", "files.hide = [\"$HOME/.ssh\"]", "files.read = [\"/home/ann/.ssh\"]",
      "1.toml:1: `files.read`: /home/ann/.ssh widens what 0.toml:1 states"
    ),
    (
      "files.read", "files.hide = [\"/a\"]", "files.read = [{ path = \"/a/b\", to = \"/c\" }]",
      "1.toml:1: `files.read`: /a/b widens what 0.toml:1 states"
    ),
    (
      "files.overlay", "files.hide = [\"/a\"]", "files.overlay = [\"/a/b\"]",
      "1.toml:1: `files.overlay`: /a/b widens what 0.toml:1 states"
    ),
    (
      "files.overlay", "files.read = [\"/a\"]",
      "files.overlay = [{ path = \"/b\", upper = \"/a/up\" }]",
      "1.toml:1: `files.overlay`: /a/up widens what 0.toml:1 states"
    ),
    (
      "files.write", "files.read = [\"/a\"]", "files.write = [\"/a/b\"]",
      "1.toml:1: `files.write`: /a/b widens what 0.toml:1 states"
    ),
    (
      "files.write", "files.read = [\"/a\"]", "files.write = [{ path = \"/a\", to = \"/b\" }]",
      "1.toml:1: `files.write`: /a widens what 0.toml:1 states"
    ),
    (
      "files.proc", "files.proc = false", "files.proc = true",
      "1.toml:1: `files.proc`: true widens what 0.toml:1 states"
    ),
    (
      "files.dev", "files.dev = false", "files.dev = true",
      "1.toml:1: `files.dev`: true widens what 0.toml:1 states"
    ),
    (
      "files.sys", "files.sys = false", "files.sys = true",
      "1.toml:1: `files.sys`: true widens what 0.toml:1 states"
    ),
    (
      "environment.keep", "environment.unset = [\"SECRET\"]", "environment.keep = [\"SECRET\"]",
      "1.toml:1: `environment.keep`: SECRET widens what 0.toml:1 states"
    ),
    (
      "terminal.mode", "terminal.mode = \"auto\"", "terminal.mode = \"inherit\"",
      "1.toml:1: `terminal.mode`: inherit widens what 0.toml:1 states"
    ),
  ]

  @Test("to widen what a base states is refused without a relax", arguments: widenings.indices)
  func refused(index: Int) {
    let one = Self.widenings[index]
    #expect(Fixture.errors(one.base, one.derived) == [one.error])
  }

  @Test("with a reason it is accepted, and the reason is recorded", arguments: widenings.indices)
  func relaxed(index: Int) throws {
    let one = Self.widenings[index]
    let relax = "relax.\"\(one.key)\" = \"needed\""
    let policy = try Fixture.policy(one.base, "\(one.derived)\n\(relax)")
    #expect(
      policy.relaxations == [
        Relaxation(
          key: one.key, reason: "needed", position: Position(file: "1.toml", line: 2, column: 7))
      ])
    #expect(!policy.warnings.contains { $0.message.hasPrefix("`relax`") })
    // The relax of a profile that comes later counts too, one that came before does not.
    #expect(throws: Never.self) { try Fixture.policy(one.base, one.derived, relax) }
    #expect(Fixture.errors("\(one.base)\n\(relax)", one.derived) == [one.error])
  }

  @Test("keys that the table says never need a relax are in no test above, all others are")
  func complete() {
    let tested = Set(Self.widenings.map(\.key)).union(["require"])
    // Whole tables of grants and drivers widen or do not: `GrantMergeTests`.
    let wanted = ProfileKey.all.filter { $0.widening != .never && !$0.isOfNamedTable }.map(\.path)
    #expect(tested == Set(wanted))
  }

  @Test(
    "narrowing needs none",
    arguments: [
      ("network.mode = \"host\"", "network.mode = \"none\""),
      ("files.write = [\"/a\"]", "files.read = [\"/a\"]"),
      ("files.write = [\"/a\"]", "files.write = [\"/a/b\"]"),
      ("files.read = [\"/a\"]", "files.overlay = [\"/a\"]"),
      ("files.read = [\"/a\"]", "files.private = [\"/a\"]"),
      ("files.read = [\"/a\"]", "files.hide = [\"/a/b\"]"),
      ("files.hide = [\"/a/b\"]", "files.read = [\"/a\"]"),
      ("syscalls.deny = [\"@aio\"]", "syscalls.allow = [\"read\"]"),
      ("", "syscalls.allow = [\"@io\"]"),
      ("syscalls.base = \"strict\"", "syscalls.base = \"nothing\""),
      ("terminal.mode = \"inherit\"", "terminal.mode = \"auto\""),
      (
        "memory.write-execute = true\nrelax.memory.write-execute = \"JIT\"",
        "memory.write-execute = true"
      ),
      ("limits.memory = 1000", "limits.memory = \"unlimited\""),
    ])
  func narrowing(base: String, derived: String) {
    #expect(Fixture.errors(base, derived) == [])
  }

  @Test("a requirement is taken away only with a reason") func require() throws {
    let base = "require = [\"namespaces\", \"filter\"]"
    #expect(try Fixture.policy(base, "require = []").require == [.namespaces, .filter])
    let policy = try Fixture.policy(base, "require = [\"filter\"]\nrelax.require = \"old kernel\"")
    #expect(policy.require == [.filter])
    #expect(policy.relaxations.map(\.key) == ["require"])
  }

  @Test("a relax that nothing needs is a warning") func useless() throws {
    let policy = try Fixture.policy("relax.network.mode = \"why\"")
    #expect(
      policy.warnings.map(Fixture.short) == ["1:15: `relax`: nothing here widens `network.mode`"])
  }

  @Test("two rules on one path in one profile are refused") func twice() {
    #expect(
      Fixture.errors("files = { read = [\"$HOME\"], write = [\"/home/ann/\"] }") == [
        "0.toml:1: `files.write`: a second rule for /home/ann"
      ])
  }

  @Test("allowing and denying one call in one profile is refused") func contradiction() {
    #expect(
      Fixture.errors("syscalls = { allow = [\"kill\"], deny = [\"kill\"] }") == [
        "0.toml:1: `syscalls.allow`: kill is denied by the same profile"
      ])
  }

  @Test("unknown calls and groups are refused with the nearest") func unknownCalls() {
    #expect(
      Fixture.errors(
        "syscalls = { allow = [\"@ptrac\"], deny = [\"kil\", \"qqqqqqq\"] }\nrelax.syscalls.allow = \"x\""
      ) == [
        "0.toml:1: `syscalls.allow`: no system call group @ptrac",
        "0.toml:1: `syscalls.deny`: no system call kil",
        "0.toml:1: `syscalls.deny`: no system call qqqqqqq",
      ])
  }

  @Test("a denied group takes back the calls a base allowed by name") func groupTakesBack() throws {
    let policy = try Fixture.policy(
      "syscalls.allow = [\"bpf\"]\nrelax.syscalls.allow = \"tracing\"", "syscalls.deny = [\"@bpf\"]"
    )
    #expect(policy.syscalls.allow == [])
    #expect(!policy.syscalls.allowedCalls.contains("bpf"))
  }

  @Test("a variable without a value is an error where it is used") func unsetVariable() {
    let host = Fixture.host { $0.runtimeDirectory = nil }
    #expect(
      Fixture.errors(
        "[files]\nread = [\"$RUNTIME_DIR/a\", { path = \"/b\", to = \"$RUNTIME_DIR\" }]\n"
          + "overlay = [{ path = \"/a\", upper = \"$RUNTIME_DIR\" }]", host: host) == [
          "0.toml:2: `files.read`: `$RUNTIME_DIR` has no value here",
          "0.toml:2: `files.read.to`: `$RUNTIME_DIR` has no value here",
          "0.toml:3: `files.overlay.upper`: `$RUNTIME_DIR` has no value here",
        ])
  }
}
