import Foundation
import Isolate
import Testing

@Suite("What profiles say for the daemon")
struct ServiceProfileTests {
  /// Every key once, none at its default.
  static let full = """
    [service]
    start = "demand"
    after = ["redis"]
    requires = ["postgresql"]
    run-time = "24h"
    listen = [
      { name = "web", address = "tcp:127.0.0.1:8080", backlog = 5 }, "udp:*:53",
      { name = "six", address = "tcp:[::1]:443" },
      { name = "path", address = "unix:$RUNTIME_DIR/x.sock", mode = "0660" },
      { name = "dgram", address = "unix-dgram:/run/y" },
      { name = "packets", address = "unix-seqpacket:@name" },
    ]
    descriptor-store = 12
    [restart]
    when = "always"
    delay = "50ms"
    ceiling = "1m"
    burst = 3
    window = "10s"
    jitter = 0
    [group]
    name = "shop"
    strategy = "rest"
    [readiness]
    when = "notify"
    timeout = 0
    [watchdog]
    interval = "10s"
    signal = "SIGQUIT"
    [health]
    http = "http://[::1]:8080/health?x=1"
    interval = 1
    timeout = 2
    failures = 5
    successes = 2
    [logs]
    to = ["files", "journald"]
    rate = 0
    size = "1M"
    files = 2
    """

  @Test("comes complete into the policy") func resolved() throws {
    let policy = try Fixture.policy(Self.full)
    let service = policy.service
    #expect(service.start == .demand && service.runtimeMilliseconds == 86_400_000)
    #expect(service.after == ["redis"] && service.requires == ["postgresql"])
    #expect(
      service.listen.map(\.address) == [
        .tcp(host: "127.0.0.1", port: 8080), .udp(host: "", port: 53), .tcp(host: "::1", port: 443),
        .unixStream(path: "/run/user/1001/x.sock"), .unixDatagram(path: "/run/y"),
        .unixSequenced(path: "@name"),
      ])
    #expect(service.listen.map(\.name) == ["web", "listen", "six", "path", "dgram", "packets"])
    #expect(service.listen.map(\.mode) == [0o600, 0o600, 0o600, 0o660, 0o600, 0o600])
    #expect(service.listen.first?.backlog == 5 && service.listen.last?.backlog == 1024)
    let restart = service.restart
    #expect(restart.when == .always && restart.burst == 3 && restart.jitterPercent == 0)
    #expect(restart.delayMilliseconds == 50 && restart.ceilingMilliseconds == 60_000)
    #expect(restart.windowMilliseconds == 10_000)
    #expect(service.group == GroupPolicy(name: "shop", strategy: .rest))
    #expect(service.readiness.sign == .notify && service.readiness.timeoutMilliseconds == 0)
    #expect(service.watchdog == WatchdogPolicy(intervalMilliseconds: 10_000, signal: 3))
    #expect(
      service.health
        == HealthPolicy(
          check: .http(host: "::1", port: 8080, path: "/health?x=1"), intervalMilliseconds: 1000,
          timeoutMilliseconds: 2000, failures: 5, successes: 2))
    #expect(service.descriptorStore == 12 && service.hasNotify)
    #expect(service.logs.to == [.files, .journald] && service.logs.linesPerSecond == 0)
    #expect(service.logs.sizeBytes == 1 << 20 && service.logs.files == 2)
    let settings = AppSettings(name: "a", service: service, stop: policy.stop)
    #expect(settings.hasListeners && settings.health?.failures == 5)
  }

  @Test("is all default, and nowhere to be seen, when nothing is written") func absent() throws {
    let policy = try Fixture.policy("")
    #expect(policy.service.isDefault && policy.daemonKeys.isEmpty)
    #expect(!PolicyText.lines(policy).contains { $0.contains("daemon") })
    #expect(
      try Fixture.policy("restart.delay = \"2h\"").service.restart.ceilingMilliseconds == 7_200_000)
    #expect(try Fixture.policy("group.name = \"g\"").service.group?.strategy == .one)
    #expect(
      try Fixture.policy("group = { name = \"g\", strategy = \"all\" }").service.group?.strategy
        == .all)
    #expect(try Fixture.policy("restart.when = \"never\"").service.restart.when == .never)
    #expect(try Fixture.policy("watchdog.interval = 1").service.watchdog?.signal == 6)
    #expect(try Fixture.policy("logs.to = [\"none\"]").service.logs.to == [])
    #expect(
      try Fixture.policy("health.command = [\"a\", \"b\"]").service.health?.check
        == .command(["a", "b"]))
    #expect(
      try Fixture.policy("health.tcp = \"10.0.0.1:5\"").service.health?.check
        == .tcp(host: "10.0.0.1", port: 5))
    #expect(
      try Fixture.policy("health.http = \"http://1.2.3.4\"").service.health?.check
        == .http(host: "1.2.3.4", port: 80, path: "/"))
  }

  @Test("is shown with its places, and once as what run does not do") func shown() throws {
    let policy = try Fixture.policy(Self.full)
    let keys = ProfileKey.all.filter(\.isOfDaemon).map(\.path)
    let unwritten = ["health.command", "health.tcp"]
    #expect(policy.daemonKeys == keys.filter { !unwritten.contains($0) })
    let shown = Set(policy.provenance.map(\.key))
    #expect(Set(policy.daemonKeys).isSubset(of: shown))
    let lines = PolicyText.lines(policy)
    #expect(lines.filter { $0.contains("isolated run does not") }.count == 1)
    #expect(lines.contains { $0.hasPrefix("service.listen = web: tcp:127.0.0.1:8080 backlog 5") })
    #expect(lines.contains { $0.hasPrefix("service.listen = six: tcp:[::1]:443") })
    #expect(lines.contains { $0.hasPrefix("service.listen = listen: udp:*:53") })
    #expect(lines.contains { $0.contains("x.sock mode 660") })
    #expect(lines.contains { $0.hasPrefix("health.http = http://[::1]:8080/health?x=1") })
    #expect(lines.contains { $0.hasPrefix("watchdog.signal = SIGQUIT") })
    let bytes = PolicyText.json(policy).bytes
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect((object["daemonOnly"] as? [String]) == policy.daemonKeys)
    #expect(policy.notices == (try Fixture.policy("")).notices, "no notice at each run")
  }

  @Test("is merged: lists unite, sockets by name, one check, the rest replaces") func merged()
    throws
  {
    let policy = try Fixture.policy(
      Self.full,
      """
      service.after = ["redis", "mail"]
      service.listen = [{ name = "web", address = "tcp:*:80" }, { name = "new", address = "udp:1.1.1.1:1" }]
      health.command = ["true"]
      restart.burst = 9
      service.descriptor-store = 3
      """)
    let service = policy.service
    #expect(service.after == ["mail", "redis"] && service.listen.count == 7)
    #expect(service.listen.first?.address == .tcp(host: "", port: 80))
    #expect(service.health?.check == .command(["true"]) && service.health?.failures == 5)
    #expect(service.descriptorStore == 3)
    #expect(service.restart.burst == 9 && service.restart.delayMilliseconds == 50)
  }

  @Test(
    "wrong values are refused where they stand",
    arguments: [
      ("service.start = \"never\"", "\"never\" is not one of its values"),
      ("service.after = [\"a/b\"]", "\"a/b\" is not a name"),
      ("service.requires = [\"a\", \"a\"]", "\"a\" is written twice"),
      ("service.run-time = 0", "0 is no time"),
      ("service.run-time = \"2000000h\"", "too long"),
      ("service.run-time = true", "expected a time"),
      ("service.listen = [\"tcp:localhost:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:1.2.3:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:1.2.3.04:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:1.2.3.4:0\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:1.2.3.4\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:*80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[::1:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[1::2::3]:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[:1:2:3:4:5:6:7]:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[1:2:3:4:5:6:7]:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[::12345]:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[::1]80\"]", "is not something to listen on"),
      ("service.listen = [\"sctp:1.2.3.4:5\"]", "is not something to listen on"),
      ("service.listen = [\"unix:@\"]", "is not something to listen on"),
      ("service.listen = [\"unix:run/x\"]", "is a relative path"),
      ("service.listen = [7]", "expected an address or a table"),
      ("service.listen = [{ name = \"a\" }]", "a socket without `address`"),
      ("service.listen = [{ address = 3 }]", "expected a string"),
      (
        "service.listen = [{ address = \"udp:*:1\", nmae = \"x\" }]", "no key `service.listen.nmae`"
      ),
      ("service.listen = [{ address = \"udp:*:1\", name = \"a b\" }]", "is not a name"),
      (
        "service.listen = [{ address = \"udp:*:1\", mode = \"600\" }]",
        "`service.listen.mode` means"
      ),
      (
        "service.listen = [{ address = \"unix:@a\", mode = \"600\" }]",
        "`service.listen.mode` means"
      ),
      (
        "service.listen = [{ address = \"udp:*:1\", backlog = 5 }]",
        "`service.listen.backlog` means"
      ),
      ("service.listen = [\"udp:*:1\", \"udp:*:2\"]", "a second socket called \"listen\""),
      ("service.descriptor-store = 257", "257 is out of range"),
      ("service.descriptor-store = -1", "-1 is out of range"),
      ("service.descriptor-store = \"4\"", "expected"),
      ("restart.when = \"sometimes\"", "is not one of its values"),
      ("restart.burst = 0", "0 is out of range"),
      ("restart.jitter = 51", "51 is out of range"),
      ("group.name = \"a b\"", "is not a name"),
      ("watchdog.signal = \"SIGFOO\"", "is not one of its values"),
      ("watchdog.signal = 6", "expected a string"),
      ("health.command = []", "no program"),
      ("health.command = \"true\"", "expected an array"),
      ("health.http = \"https://1.2.3.4/\"", "is not an address that can be asked"),
      ("health.http = \"http://host/\"", "is not an address that can be asked"),
      ("health.http = \"http://1.2.3.4/a b\"", "is not an address that can be asked"),
      ("health.tcp = \"1.2.3.4\"", "is not a numeric address and a port"),
      ("health = { tcp = \"1.2.3.4:5\", command = [\"a\"] }", "the app has a check already"),
      ("logs.to = [\"none\", \"files\"]", "\"none\" and others"),
      ("logs.to = [\"syslog\"]", "is not one of its values"),
      ("logs.size = 100", "less than 4K"),
      ("logs.files = 0", "0 is out of range"),
    ])
  func wrong(text: String, message: String) {
    let faults = Fixture.faults(text)
    #expect(faults.count == 1, "\(faults)")
    #expect(faults.first?.contains(message) == true, "\(faults)")
  }

  @Test("good addresses are taken") func addresses() {
    for address in ["[::]:1", "[1::]:1", "[1:2:3:4:5:6:7:8]:1", "[fe80::A]:65535", "0.0.0.0:1"] {
      #expect(Fixture.faults("service.listen = [\"tcp:\(address)\"]") == [])
    }
    let many = (0..<65).map { "{ name = \"n\($0)\", address = \"udp:*:1\" }" }.joined(
      separator: ",")
    #expect(Fixture.faults("service.listen = [\(many)]").count == 1)
  }

  @Test("what contradicts itself is refused once the profiles are merged") func contradictions() {
    #expect(
      Fixture.errors("service.requires = [\"app\"]").first?.contains("app waits for itself") == true
    )
    #expect(
      Fixture.errors("restart.delay = \"1m\"", "restart.ceiling = \"1s\"").first?
        .contains("shorter than `restart.delay`") == true)
    let long = String(repeating: "x", count: 108)
    #expect(
      Fixture.errors("service.listen = [\"unix:/\(long)\"]").first?.contains("longer than") == true)
    #expect(Fixture.errors("service.listen = [\"unix:$HOM/x\"]").count == 1)
    for (text, key) in [
      ("group.strategy = \"all\"", "group.strategy"),
      ("watchdog.signal = \"SIGINT\"", "watchdog.signal"),
      ("health.interval = 1", "health.interval"), ("health.failures = 1", "health.failures"),
    ] {
      guard case .success(let policy) = Fixture.resolve([text]) else {
        Issue.record("\(text)")
        continue
      }
      #expect(policy.warnings.contains { $0.message.contains("`\(key)` means nothing") })
    }
  }

  @Test("--set takes these keys too") func commandLine() throws {
    var line = CommandLineProfile(workingDirectory: "/w")
    try line.add(option: "--set", value: "restart.burst=4", argument: 1)
    try line.add(option: "--set", value: "service.listen=udp:*:5", argument: 2)
    let (profile, diagnostics) = line.read()
    #expect(diagnostics.isEmpty && profile.service.burst?.value == 4)
    #expect(profile.service.listen.first?.port == 5)
  }
}

@Suite("What changes with a profile, and between profiles")
struct ReloadPlanTests {
  private func effects(_ old: String, _ new: String, host: HostFacts = Fixture.host()) throws
    -> [String: PolicyChange.Effect]
  {
    let changes = ReloadPlan.changes(
      from: try Fixture.policy(old, host: host), to: try Fixture.policy(new, host: host))
    return Dictionary(uniqueKeysWithValues: changes.map { ($0.key, $0.effect) })
  }

  @Test("every key takes hold live, at the next start or by a restart") func effects() throws {
    #expect(try effects("", "").isEmpty)
    let all = try effects("", ServiceProfileTests.full)
    #expect(all["restart.burst"] == .live && all["service.after"] == .live)
    #expect(all["service.start"] == .nextStart && all["service.listen"] == .restart)
    #expect(all["watchdog.interval"] == .restart && all["watchdog.signal"] == .live)
    #expect(try effects("stop.timeout = 1", "stop.timeout = 2") == ["stop.timeout": .live])
    let (few, many) = ("service.descriptor-store = 2", "service.descriptor-store = 3")
    #expect(try effects(few, many) == ["service.descriptor-store": .live])
    #expect(
      try effects("", few) == ["service.descriptor-store": .restart], "it has no socket for notices"
    )
    #expect(
      try effects("files.read = [\"/usr\"]", "files.read = [\"/usr\", \"/opt\"]")
        == ["files.read": .restart])
    #expect(
      try effects("limits.memory = \"1G\"", "limits.memory = \"2G\"") == ["limits.memory": .restart]
    )
    let cgroup = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/x", controllers: ["memory"])
    }
    #expect(
      try effects("limits.memory = \"1G\"", "limits.memory = \"2G\"", host: cgroup)
        == ["limits.memory": .live])
    #expect(try effects("", "limits.memory = \"2G\"", host: cgroup) == ["limits.memory": .restart])
    #expect(try effects("limits.memory = \"2G\"", "", host: cgroup) == ["limits.memory": .restart])
    let disks = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/x", controllers: ["memory", "io"])
      $0.disks = ["8:0"]
      $0.weighers = [.bfq]
    }
    for name in LimitName.ofDisks {
      let (old, new) = ("\(name.key) = 1000", "\(name.key) = 2000")
      #expect(try effects(old, new, host: disks) == [name.key: .live])
      #expect(try effects(old, new, host: cgroup) == [name.key: .restart], "nothing holds it")
    }
  }

  @Test("an app with a cgroup gets any limit that a cgroup holds while it runs, and loses it so")
  func furtherLimits() throws {
    let all = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(
        path: "/sys/fs/cgroup/x", controllers: ["memory", "pids", "cpu", "io"])
      $0.disks = ["8:0"]
      $0.weighers = [.cost]
    }
    let some = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/x", controllers: ["memory", "pids"])
      $0.disks = ["8:0"]
      $0.weighers = [.cost]
    }
    let texts: [(name: LimitName, text: String)] =
      LimitName.ofDisks.map { ($0, "\($0.key) = 1000") } + [
        (.memory, "limits.memory = \"1G\""), (.processes, "limits.processes = 9"),
        (.cpu, "limits.cpu = 0.5"),
      ]
    for (name, text) in texts {
      let (other, base) = texts.first { $0.name != name } ?? texts[0]
      let both = "\(base)\n\(text)"
      #expect(try effects(base, both, host: all) == [name.key: .live], "beside \(other.key)")
      #expect(try effects(both, base, host: all) == [name.key: .live])
      #expect(try effects("", text, host: all) == [name.key: .restart], "there is no cgroup")
      #expect(try effects(base, both) == [name.key: .restart], "nothing is held by a cgroup")
      guard name != .memory, name != .processes else { continue }
      let held = "limits.memory = \"1G\""
      #expect(
        try effects(held, "\(held)\n\(text)", host: some) == [name.key: .restart],
        "the cgroup has no such controller")
    }
    for key in ["limits.open-files = 9", "limits.cpu-time = 9", "limits.wall-time = 9"] {
      let held = "limits.memory = \"1G\""
      #expect(
        try effects(held, "\(held)\n\(key)", host: all).values.elementsEqual([.restart]), "\(key)")
    }
  }

  @Test("the difference has both values, in the order of the page") func values() throws {
    let changes = ReloadPlan.changes(
      from: try Fixture.policy("limits.open-files = 5\nrestart.burst = 2"),
      to: try Fixture.policy(
        "restart.burst = 3\nnetwork.mode = \"host\"\nenvironment.keep = [\"LANG\"]"))
    #expect(
      changes.map(\.key) == [
        "environment.keep", "network.mode", "limits.open-files", "restart.burst", "environment",
      ])
    let burst = changes.first { $0.key == "restart.burst" }
    #expect(burst?.old == ["2"] && burst?.new == ["3"])
    #expect(changes.first { $0.key == "limits.open-files" }?.new == [])
    #expect(ReloadPlan.needsRestart(changes) && !ReloadPlan.needsRestart([]))
  }

  private func service(_ name: String, _ text: String) throws -> CheckedService {
    CheckedService(name: name, try Fixture.policy(text))
  }

  @Test("circles, strangers and quarrels between profiles are found") func between() throws {
    let all = [
      try service("a", "service.after = [\"b\"]"), try service("b", "service.requires = [\"c\"]"),
      try service("c", "service.after = [\"a\", \"gone\"]"),
      try service("d", "service.requires = [\"a\", \"lost\"]"),
    ]
    func problems(_ name: String) -> [Diagnostic] {
      guard let app = all.first(where: { $0.name == name }) else { return [] }
      return ServiceCheck.problems(
        of: app, find: { name in all.first { $0.name == name } },
        exists: { name in all.contains { $0.name == name } })
    }
    #expect(
      problems("a").map(\.message) == ["`service`: apps wait for each other: a -> b -> c -> a"])
    #expect(problems("b").first?.position.line == 1)
    #expect(problems("c").map(\.severity) == [.warning, .error])
    #expect(problems("d").map(\.message).first?.contains("\"lost\", so d can never start") == true)
    #expect(problems("d").count == 1, "the circle is not d's fault")
    let one = try service("x", "group = { name = \"g\", strategy = \"all\" }")
    let other = try service("y", "group.name = \"g\"")
    #expect(ServiceCheck.disagreement(of: one, with: [one, all[0]]) == nil)
    #expect(ServiceCheck.disagreement(of: all[0], with: [one]) == nil)
    #expect(
      ServiceCheck.disagreement(of: other, with: [one])?.message.contains("x says \"all\"") == true)
  }
}
