import Testing

@testable import Isolate

@Suite("The policy of a broker")
struct BrokerPolicyTests {
  /// The broker's policy of an app whose profile holds these grants and much that is not the broker's business.
  static func broker(
    _ grants: String, host: HostFacts = Fixture.host(), role: BrokerPolicy.Role = .broker,
    credentials: String? = nil
  ) throws -> Policy {
    let app = try Fixture.policy(
      """
      files = { read = ["/usr", "/opt"], write = ["/home/ann/out"], private = ["/tmp"], \
      devices = ["/dev/dri"], proc = true, dev = true }
      network.mode = "host"
      environment.keep = ["SECRET", "LANG"]
      descriptors.keep = [3, 7]
      syscalls.allow = ["@ptrace"]
      terminal.mode = "inherit"
      memory.write-execute = true
      limits = { memory = "8G", processes = 1000, cpu-time = "1h" }
      identity = { umask = "027", home = "/home/ann" }
      require = ["namespaces", "filter"]
      [relax]
      "syscalls.allow" = "debugging"
      "memory.write-execute" = "a JIT"
      """, grants, host: host)
    return BrokerPolicy.make(
      for: app, role: role, credentials: credentials, deniesWriteExecute: true)
  }

  /// Its file rules, one a line.
  static func view(_ policy: Policy) -> [String] {
    policy.files.rules.map {
      "\($0.kind) \($0.source) at \($0.target)" + ($0.isOptional ? " if there" : "")
    } + policy.files.devices.map { "device \($0.source) at \($0.target)" }
  }

  static func calls(_ policy: Policy) -> Set<String> { policy.syscalls.allowedCalls }

  @Test("nothing of the app's own comes with it") func nothingElse() throws {
    let policy = try Self.broker("grants.a.clock = 1")
    #expect(Self.view(policy) == [])
    #expect(!policy.files.proc)
    #expect(!policy.files.dev)
    #expect(!policy.files.sys)
    #expect(policy.network == NetworkPolicy(mode: .none, connectPorts: nil, bindPorts: nil))
    #expect(policy.environment.map(\.name) == ["SWIFT_BACKTRACE"])
    #expect(policy.descriptors == [])
    #expect(policy.grants.isEmpty)
    #expect(policy.drivers.isEmpty)
    #expect(policy.brokerDescriptor == nil)
    #expect(policy.terminal == .none)
    #expect(policy.workdir == "/")
    #expect(policy.memory.deniesWriteExecute)
    #expect(policy.relaxations.isEmpty)
    #expect(policy.require == [.namespaces, .filter])
    #expect(policy.namespaces == Namespaces(order: .userFirst, time: false))
  }

  @Test("it has small limits of its own") func limits() throws {
    let limits = try Self.broker("grants.a.clock = 1").limits
    #expect(limits.memoryBytes?.amount == 64 << 20)
    #expect(limits.processes?.amount == 1)
    #expect(limits.coreSizeBytes?.amount == 0)
    #expect(limits.fileSizeBytes?.amount == 16 << 20)
    // More than an app can have in flight, so that an app cannot keep its broker from answering.
    #expect(limits.openFiles?.amount ?? 0 >= 65_536)
    #expect(limits.wallTimeMilliseconds == nil)
    #expect(limits.cgroup == nil)
  }

  @Test("it is the app: its ids, so that owners are mapped alike, and its umask") func identity()
    throws
  {
    let app = try Fixture.policy("identity.umask = \"027\"", host: Fixture.root())
    let broker = try Self.broker("grants.a.files = \"/srv\"", host: Fixture.root())
    #expect(broker.identity.hostUID == app.identity.hostUID)
    #expect(broker.identity.hostUID >= 0x7000_0000)
    #expect(broker.identity.uid == app.identity.uid)
    #expect(broker.identity.umask == 0o027)
    #expect(broker.files.rules.allSatisfy { $0.mapsOwner })
    #expect(broker.namespaces.order == .userLast)
    #expect(broker.identity.home == "/")
  }

  @Test("files that are only read are shown read-only, others a second time to be changed")
  func files() throws {
    let policy = try Self.broker(
      """
      grants.a.files = "/srv/a"
      grants.b = { files = "/srv/b", rights = ["read", "links"] }
      grants.c = { files = "/srv/c", rights = ["remove"] }
      """)
    #expect(
      Self.view(policy) == [
        "read /srv/a at /grants/0/read", "read /srv/b at /grants/1/read",
        "read /srv/c at /grants/2/read", "write /srv/c at /grants/2/write",
      ])
    #expect(policy.files.rules.allSatisfy { !$0.allowsExecute })
    #expect(policy.network.mode == .none)
    #expect(Self.calls(policy).isSuperset(of: ["openat2", "getdents64", "unlinkat", "renameat2"]))
    #expect(Self.calls(policy).isDisjoint(with: ["socket", "connect"]))
    let reader = try Self.broker("grants.a.files = \"/srv/a\"")
    #expect(Self.calls(reader).contains("openat2"))
    #expect(Self.calls(reader).isDisjoint(with: BrokerCalls.changing))
  }

  @Test(
    "each right that changes something makes it writable, no other does",
    arguments: GrantWord.allCases.filter { GrantKeyWord.files.allowedRights.contains($0) })
  func rights(word: GrantWord) throws {
    let policy = try Self.broker("grants.a = { files = \"/a\", rights = [\"\(word.rawValue)\"] }")
    #expect(policy.files.rules.contains { $0.kind == .write } == word.changesFiles)
  }

  @Test("secrets are single files, which need not be there yet") func secrets() throws {
    let grants = """
      grants.a.secret.file = "/etc/key"
      grants.b.secret.credential = "db"
      grants.c.secret.command = ["/usr/bin/pass"]
      """
    let policy = try Self.broker(grants, credentials: "/run/credentials/x.service")
    #expect(
      Self.view(policy) == [
        "read /etc/key at /grants/0/read if there",
        "read /run/credentials/x.service/db at /grants/1/read if there",
      ])
    #expect(Self.view(try Self.broker(grants)) == ["read /etc/key at /grants/0/read if there"])
    #expect(Self.calls(policy).contains("memfd_create"))
    #expect(Self.calls(policy).isDisjoint(with: ["clone", "fork", "vfork", "clone3"]))
  }

  @Test("connecting by TCP has the host's network, and only the ports that are granted")
  func connect() throws {
    let policy = try Self.broker("grants.a.connect = [\"192.0.2.1:443\", \"[::1]:80-82\"]")
    #expect(
      policy.network
        == NetworkPolicy(mode: .host, connectPorts: [80, 81, 82, 443], bindPorts: []))
    #expect(policy.syscalls.socketFamilies == [.inet, .inet6])
    #expect(Self.view(policy) == [])
    #expect(Self.calls(policy).isSuperset(of: ["socket", "connect"]))
    #expect(Self.calls(policy).isDisjoint(with: ["openat", "openat2", "accept4"]))
  }

  @Test("names bring the resolver's files and port") func names() throws {
    let named = try Self.broker("grants.a.connect = [\"example.org:443\"]")
    #expect(named.network.connectPorts == [53, 443])
    #expect(
      Self.view(named) == [
        "read /etc/hosts at /etc/hosts if there",
        "read /etc/resolv.conf at /etc/resolv.conf if there",
      ])
    let resolve = try Self.broker("grants.a.resolve = [\"*\"]")
    #expect(resolve.network == NetworkPolicy(mode: .host, connectPorts: [53], bindPorts: []))
    #expect(Self.view(resolve).count == 2)
    let udp = try Self.broker("grants.a.connect = [\"udp:192.0.2.1:53\"]")
    #expect(udp.network == NetworkPolicy(mode: .host, connectPorts: [], bindPorts: []))
  }

  @Test("too many ports are all ports: Landlock knows no ranges") func manyPorts() throws {
    #expect(try Self.broker("grants.a.connect = [\"192.0.2.1:*\"]").network.connectPorts == nil)
    #expect(
      try Self.broker("grants.a.connect = [\"192.0.2.1:1-128\"]").network.connectPorts?.count
        == 128)
    let wide = try Self.broker("grants.a.connect = [\"192.0.2.1:1-129\"]").network
    #expect(wide.connectPorts == nil)
    #expect(wide.bindPorts == [])
  }

  @Test("listening has the host's network and no other connections") func listen() throws {
    let policy = try Self.broker("grants.a.listen = [\"127.0.0.1:8080\"]")
    #expect(
      policy.network == NetworkPolicy(mode: .host, connectPorts: [], bindPorts: [8080]))
    #expect(Self.view(policy) == [])
  }

  @Test("sockets of the file system need no network") func unix() throws {
    let policy = try Self.broker(
      """
      grants.a.connect = ["unix:/run/db.sock"]
      grants.b.listen = ["unix:/run/app/x.sock"]
      """)
    #expect(
      Self.view(policy) == [
        "read /run/db.sock at /grants/0/0 if there", "write /run/app at /grants/1/0",
      ])
    #expect(policy.network.mode == .none)
    #expect(policy.syscalls.socketFamilies == .unix)
    let mixed = try Self.broker("grants.a.connect = [\"192.0.2.1:1\", \"unix:/run/db.sock\"]")
    #expect(Self.view(mixed) == ["read /run/db.sock at /grants/0/1 if there"])
    #expect(mixed.syscalls.socketFamilies == .all.subtracting(.netlink))
  }

  @Test("where tmpfs cannot map owners, sockets and credentials keep theirs") func oldKernel()
    throws
  {
    let app = try Fixture.policy(
      """
      grants.a.connect = ["unix:/run/db.sock"]
      grants.b.listen = ["unix:/run/app/x"]
      grants.c.secret.credential = "db"
      grants.d.secret.file = "/etc/key"
      grants.e.files = "/srv"
      """, host: Fixture.root())
    for maps in [true, false] {
      let policy = BrokerPolicy.make(
        for: app, credentials: "/run/credentials/x", deniesWriteExecute: true,
        mapsMemoryFiles: maps)
      #expect(
        policy.files.rules.filter { $0.source.hasPrefix("/run") }.map(\.mapsOwner)
          == [maps, maps, maps])
      #expect(policy.files.rules.filter { $0.mapsOwner }.count == (maps ? 5 : 2))
    }
  }

  @Test("a device is a node of its own") func device() throws {
    let user = try Self.broker("grants.a.device = \"/dev/video0\"")
    #expect(Self.view(user) == ["device /dev/video0 at /dev/grant-0"])
    #expect(!user.files.dev)
    let root = try Self.broker("grants.a.device = \"/dev/video0\"", host: Fixture.root())
    #expect(root.files.dev)
    #expect(root.files.devices.allSatisfy { !$0.mapsOwner })
  }

  @Test(
    "apps, the clock and drivers need nothing of it",
    arguments: ["apps = [\"x\"]", "clock = 1", "driver = \"d\""])
  func supervised(target: String) throws {
    let policy = try Self.broker(
      "drivers.d = { run = [\"/bin/d\"], profile = \"strict\" }\n[grants.a]\n\(target)")
    #expect(Self.view(policy) == [])
    #expect(policy.network.mode == .none)
    #expect(Self.calls(policy) == Set(BrokerCalls.always))
  }

  @Test("a driver in a process of its own takes its grants along") func driver() throws {
    let text = """
      drivers.files.mode = "user"
      grants.a.files = "/srv"
      grants.b.connect = ["192.0.2.1:443"]
      """
    let broker = try Self.broker(text)
    #expect(Self.view(broker) == [])
    #expect(broker.network.mode == .host)
    let driver = try Self.broker(text, role: .driver(.files))
    #expect(Self.view(driver) == ["read /srv at /grants/0/read"])
    #expect(driver.network.mode == .none)
    #expect(Self.calls(driver).isDisjoint(with: ["socket"]))
  }

  @Test("without namespaces the places are the host's own") func withoutView() throws {
    let host = Fixture.host { $0.canMakeUserNamespaces = false }
    let app = try Fixture.policy(
      "grants.a = { files = \"/srv\", rights = [\"write\"] }\ngrants.b.listen = [\"unix:/run/x\"]",
      host: host)
    let broker = BrokerPolicy.make(for: app, deniesWriteExecute: true)
    #expect(
      Set(Self.view(broker)) == [
        "read /srv at /srv", "write /srv at /srv", "write /run at /run",
      ])
    #expect(BrokerPlaces(.without).device(0, "/dev/null") == "/dev/null")
  }

  @Test("its system calls are known, and never new processes or other ways out") func known()
    throws
  {
    #expect(SyscallPolicy.unknownEntries(in: BrokerCalls.all) == [])
    #expect(Set(BrokerCalls.always).count == BrokerCalls.always.count)
    let never: Set<String> = [
      "clone", "clone3", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
      "mount", "open_tree", "move_mount", "unshare", "setns", "bpf", "io_uring_setup", "keyctl",
      "kill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "chmod", "fchmodat",
      "mknod", "mknodat", "symlinkat", "linkat", "chroot", "userfaultfd", "perf_event_open",
      "ioctl",
      "setuid", "setresuid", "capset", "seccomp", "prctl",
    ]
    let everything = GrantReaderTests.every.split(separator: "\n")
      .filter { !$0.hasPrefix("gone") && !$0.hasPrefix("old") }.joined(separator: "\n")
    let policy = try Self.broker(everything)
    #expect(Self.calls(policy).isDisjoint(with: never))
    #expect(Self.calls(policy).isSuperset(of: ["epoll_wait", "sendmsg", "openat2"]))
  }

  @Test("every broker's policy can be planned", arguments: [false, true]) func plans(
    isRoot: Bool
  ) throws {
    let host = isRoot ? Fixture.root() : Fixture.host()
    let policy = try Self.broker(
      """
      grants.a = { files = "/srv", rights = ["write"] }
      grants.b.device = "/dev/video0"
      grants.c.connect = ["example.org:443"]
      """, host: host)
    let steps = try PlanFixture.plan(policy).steps.map(\.description)
    #expect(steps.contains { $0.contains("grants/0/write") })
    #expect(steps.contains { $0.contains("dev/grant-1") })
    #expect(!steps.contains { $0.contains("/usr") || $0.contains("home") })
  }
}
