import Isolate
import Testing

@Suite("The command line as a profile")
struct CommandLineProfileTests {
  static func policy(
    _ options: [(String, String)], base: String = "", host: HostFacts = Fixture.host()
  ) throws -> Policy {
    var line = CommandLineProfile(workingDirectory: host.workingDirectory)
    for (index, (option, value)) in options.enumerated() {
      try line.add(option: option, value: value, argument: 2 * index + 2)
    }
    line.setCommand(["/usr/bin/true"], argument: 99)
    let (profile, diagnostics) = line.read()
    if !diagnostics.isEmpty { throw PolicyErrors(diagnostics) }
    let first = Fixture.read(base, name: "p0").profile
    return try PolicyResolver.resolve([first, profile], host: host, app: "app").get()
  }

  @Test("every option means what its key in a file means") func equivalence() throws {
    let options = [
      ("--read", "data"), ("--read", "./x:/y"), ("--write", "../out"), ("--write", "$HOME/w"),
      ("--private", "/tmp"), ("--overlay", "/opt"), ("--hide", "/opt/secret"),
      ("--network", "loopback"), ("--connect", "443"), ("--bind", "80"), ("--connect", "80"),
      ("--limit", "memory=64M"), ("--limit", "cpu=1.5"), ("--limit", "processes=7"),
      ("--limit", "wall-time=unlimited"), ("--env", "A=b$c"), ("--env", "SECRET"),
      ("--unset-env", "LANG"), ("--workdir", "."), ("--hostname", "box"), ("--user", "me"),
      ("--home", "/tmp"), ("--umask", "077"), ("--timezone", "UTC"), ("--fd", "5"),
      ("--terminal", "none"), ("--allow-syscall", "@ptrace"), ("--deny-syscall", "kill"),
      ("--require", "filter"), ("--stop-signal", "SIGHUP"), ("--stop-timeout", "3"),
      ("--relax", "syscalls.allow=debugging = fun"), ("--relax", "memory.write-execute=JIT"),
      ("--set", "memory.write-execute=true"), ("--set", "files.dev=true"),
      ("--set", "command.path=/usr/bin"), ("--set", "environment.set=B=$APP"),
      ("--set", "files.read=/usr"), ("--device", "/dev/dri"), ("--set", "identity.uid=7"),
    ]
    let line = try Self.policy(options)
    let file = try Fixture.policy(
      """
      require = ["filter"]
      command = { workdir = "$CWD", path = ["/usr/bin"] }
      environment = { keep = ["SECRET"], set = { A = "b$$c", B = "$APP" }, unset = ["LANG"] }
      network = { mode = "loopback", connect = [443, 80], bind = [80] }
      limits = { memory = "64M", cpu = 1.5, processes = 7, wall-time = "unlimited" }
      identity = { hostname = "box", user = "me", home = "/tmp", umask = "077", timezone = "UTC", uid = 7 }
      descriptors.keep = [5]
      terminal.mode = "none"
      syscalls = { allow = ["@ptrace"], deny = ["kill"] }
      stop = { signal = "SIGHUP", timeout = 3 }
      relax = { syscalls.allow = "debugging = fun", memory.write-execute = "JIT" }
      memory.write-execute = true
      [files]
      read = ["$CWD/data", { path = "$CWD/x", to = "/y" }, "/usr"]
      write = ["/home/ann/out", "$HOME/w"]
      private = ["/tmp"]
      overlay = ["/opt"]
      hide = ["/opt/secret"]
      devices = ["/dev/dri"]
      dev = true
      """)
    #expect(line.provenance.map(\.key) == file.provenance.map(\.key))
    #expect(line.provenance.map(\.value) == file.provenance.map(\.value))
    #expect(line.environment == file.environment)
    #expect(line.syscalls == file.syscalls)
    #expect(line.files.rules.map(\.target) == file.files.rules.map(\.target))
    #expect(line.notices == file.notices)
    let data = line.files.rules.first { $0.target == "/home/ann/work/data" }
    #expect(data?.position == Position(file: Position.commandLine, line: 2))
    #expect(Set(options.map(\.0)) == Set(CommandLineOption.all.map(\.name)))
  }

  @Test(
    "relative paths are resolved against the working directory",
    arguments: [
      ("a", "/w$d/a"), (".", "/w$d"), ("./a/", "/w$d/a"), ("..", "/"), ("../../a", "/a"),
      ("/a", "/a"),
      ("", "/w$d"),
    ])
  func relative(path: String, absolute: String) throws {
    let host = Fixture.host { $0.workingDirectory = "/w$d" }
    if path.isEmpty {
      #expect(throws: PolicyErrors.self) { try Self.policy([("--overlay", path)], host: host) }
    } else {
      let policy = try Self.policy([("--overlay", path)], host: host)
      #expect(policy.files.rules.map(\.source) == [absolute])
    }
  }

  @Test(
    "what is after the last colon and begins with a slash is the place",
    arguments: [
      ("/a:/b", "/a", "/b"), ("/a:b", "/a:b", "/a:b"), ("/a:/b:$HOME", "/a:/b", "/home/ann"),
      ("/a:", "/a:", "/a:"),
    ])
  func place(text: String, source: String, target: String) throws {
    let rule = try Self.policy([("--read", text)]).files.rules.first
    #expect(rule?.source == source)
    #expect(rule?.target == target)
  }

  @Test(
    "an option's wrong value is refused with its argument",
    arguments: [
      ("--raed", "x", "no option --raed", "did you mean --read?"),
      ("--limit", "memory", "--limit: expected KEY=VALUE, found \"memory\"", nil),
      ("--limit", "memroy=1", "--limit: no key `limits.memroy`", "did you mean `limits.memory`?"),
      ("--relax", "=x", "--relax: expected KEY=REASON, found \"=x\"", nil),
      ("--set", "environment.set=A", "--set: expected NAME=VALUE, found \"A\"", nil),
    ] as [(String, String, String, String?)])
  func wrong(option: String, value: String, message: String, cure: String?) {
    var line = CommandLineProfile(workingDirectory: "/")
    let error = #expect(throws: Diagnostic.self) {
      try line.add(option: option, value: value, argument: 7)
    }
    #expect(error?.message == message)
    #expect(error?.cure == cure)
    #expect(error?.position.description == "command line:argument 7")
    #expect(line.isEmpty)
  }

  @Test(
    "one value given twice is refused",
    arguments: [
      ("--network", "none", "--network: `network.mode` is given twice"),
      ("--env", "A=1", "--env: A is given twice"),
      ("--workdir", "/", "--workdir: `command.workdir` is given twice"),
      ("--set", "files.dev=true", "--set: `files.dev` is given twice"),
    ])
  func twice(option: String, value: String, message: String) throws {
    var line = CommandLineProfile(workingDirectory: "/")
    try line.add(option: option, value: value, argument: 2)
    let error = #expect(throws: Diagnostic.self) {
      try line.add(option: option, value: value, argument: 4)
    }
    #expect(error?.message == message)
    #expect(error?.cure == "it is given at argument 2 already")
  }

  @Test("what the reader refuses is refused here too, with the argument") func reader() {
    let error = #expect(throws: PolicyErrors.self) {
      try Self.policy([("--network", "hosts"), ("--fd", "x"), ("--read", "/a/../b")])
    }
    #expect(
      error?.diagnostics.map { "\($0.position.precise): \($0.message)" } == [
        "command line:argument 2: `network.mode`: \"hosts\" is not one of its values",
        "command line:argument 4: `descriptors.keep`: expected an integer, found a string",
        "command line:argument 6: `files.read`: \"/a/../b\" has a component `..`",
      ])
  }

  @Test("it widens a base only with --relax, and is told how") func relax() throws {
    let base = "network.mode = \"none\""
    let error = #expect(throws: PolicyErrors.self) {
      try Self.policy([("--network", "host")], base: base)
    }
    #expect(
      error?.diagnostics.map(\.cure) == ["say why it is needed: --relax network.mode=REASON"])
    let policy = try Self.policy(
      [("--network", "host"), ("--relax", "network.mode=to fetch")], base: base)
    #expect(policy.relaxations.map(\.reason) == ["to fetch"])
  }

  @Test("the command stands at its arguments") func command() throws {
    var line = CommandLineProfile(workingDirectory: "/")
    #expect(line.isEmpty)
    line.setCommand(["ls", "", "-l"], argument: 3)
    let (profile, diagnostics) = line.read()
    #expect(diagnostics == [])
    #expect(profile.command.run?.value == ["ls", "", "-l"])
    #expect(profile.command.run?.position.line == 3)
    #expect(profile.isCommandLine)
  }

  @Test("each option names a key of the table") func keys() {
    for option in CommandLineOption.all where !["", "limits", "relax"].contains(option.key) {
      #expect(ProfileKey.named(option.key) != nil, "\(option.name)")
    }
  }

  private static func grants(_ values: String...) -> (profile: Profile, messages: [String]) {
    var line = CommandLineProfile(workingDirectory: "/w")
    var messages: [String] = []
    for (index, value) in values.enumerated() {
      do throws(Diagnostic) {
        try line.add(option: "--set", value: value, argument: index + 1)
      } catch {
        messages.append("\(error.position.line): \(error.message) | \(error.cure ?? "")")
      }
    }
    let (profile, diagnostics) = line.read()
    return (profile, messages + diagnostics.map { "\($0.position.line): \($0.message)" })
  }

  @Test("--set reaches the tables of grants and drivers") func tables() throws {
    let (profile, messages) = Self.grants(
      "grants.a.b.files=data", "grants.a.b.rights=read", "grants.a.b.rights=list",
      "grants.a.b.rate=5/s", "grants.a.b.ask=true", "grants.key.secret.file=key",
      "grants.db.connect=db.example:5432", "grants.db.connect=unix:/run/db.sock",
      "grants.old=false", "drivers.files.mode=user", "drivers.d.run=/bin/d", "drivers.d.run=-q",
      "drivers.d.profile=strict", "grants.db.lease=1h", "grants.db.count=7")
    #expect(messages == [])
    #expect(profile.grants.map(\.name.value) == ["a.b", "key", "db", "old"])
    #expect(profile.grants[0].rights?.value == [.read, .list])
    guard case .files(let path)? = profile.grants[0].target,
      case .secretFile(let key)? = profile.grants[1].target,
      case .connect(let places)? = profile.grants[2].target
    else {
      Issue.record("wrong targets")
      return
    }
    #expect(path.value == "/w/data")
    #expect(key.value == "/w/key")
    #expect(places.map(\.host.value) == ["db.example", "/run/db.sock"])
    #expect(profile.grants[0].name.position.line == 1)
    #expect(profile.grants[2].count?.value == 7)
    #expect(profile.grants[3].target == nil)
    #expect(profile.drivers.map(\.run?.value) == [nil, ["/bin/d", "-q"]])
  }

  @Test("--set of a table's key is held to what the reader holds a file to") func wrongTables() {
    #expect(
      Self.grants("grants.a.fils=/x").messages == [
        "1: --set: no key `grants.a.fils` | did you mean `grants.a.files`?"
      ])
    #expect(
      Self.grants("grants.a.files=/x", "grants.a.files=/y").messages == [
        "2: --set: `grants.a.files` is given twice | it is given at argument 1 already"
      ])
    #expect(
      Self.grants("grants.a=false", "grants.a.files=/y").messages == [
        "2: --set: `grants.a.files` is given twice | it is given at argument 1 already"
      ])
    #expect(Self.grants("grants.a=true").messages.first?.hasPrefix("1: --set: no key") == true)
    #expect(
      Self.grants("grants.a.connect=x").messages == ["1: `grants.a.connect`: \"x\" names no port"])
    #expect(Self.grants("grants.=false").messages == ["1: `grants`: \"\" is no name"])
    #expect(Self.grants("grants..files=/x").messages == ["1: `grants`: \"\" is no name"])
  }

  @Test("--relax names a whole table") func relaxTable() throws {
    var line = CommandLineProfile(workingDirectory: "/w")
    try line.add(option: "--relax", value: "grants.a.b=why", argument: 1)
    let (profile, diagnostics) = line.read()
    #expect(diagnostics.isEmpty)
    #expect(profile.relax.map(\.key) == ["grants.a.b"])
  }
}
