import Testing

@testable import Isolate

@Suite("The plan of a command that enters an app's sandbox")
struct ExecPlanTests {
  private static let kinds: [NamespaceKind] = [.ipc, .uts, .cgroup, .network, .pid, .mount]

  private static func plan(asRoot: Bool, _ text: String = "[files]\nread = [\"/usr\"]\ndev = true")
    throws -> LaunchPlan
  {
    let policy = try Fixture.policy(text, host: asRoot ? Fixture.root() : Fixture.host())
    let order = asRoot ? kinds + [.user] : [.user] + kinds
    let terminal = TerminalSettings(path: "/dev/pts/ptmx", modes: [], window: [24, 80, 0, 0])
    let context = PlanFixture.context {
      $0.standard = [.pty, .pty, .pty]
      $0.terminal = terminal
    }
    return LaunchPlanner(
      ExecPlan.policy(policy, command: ["ls"]), context: context, sources: PlanFixture.sources
    ).planEntry(order.enumerated().map { ($0.element, Int32(20 + $0.offset)) })
  }

  @Test(
    "is closed to looks and has no descriptor to lose before it enters, and forks last",
    arguments: [false, true])
  func order(asRoot: Bool) throws {
    let steps = try Self.plan(asRoot: asRoot).steps
    func place(_ step: LaunchStep) throws -> Int { try #require(steps.firstIndex(of: step)) }
    let entries = steps.indices.filter { if case .enter = steps[$0] { true } else { false } }
    #expect(steps[0] == .setDumpable(false))
    #expect(steps[1] == .closeUnnamed)
    #expect(entries.count == 7)
    let user = try #require(
      entries.first { if case .enter(.user, _) = steps[$0] { true } else { false } })
    #expect(user == (asRoot ? entries.last : entries.first))
    let fork = try place(.forkApp(copiesMemory: false))
    let last = try #require(entries.last)
    for step in [LaunchStep.newKeyring, .dropCapabilities, .noNewPrivileges] {
      #expect(try (last..<fork).contains(place(step)))
    }
    /* Again, for a change of ids may make it open. */
    #expect(steps[last..<fork].contains(.setDumpable(false)))
    #expect(steps[fork...].contains(.enforceLandlock))
    #expect(steps.dropLast().last == .loadFilter(instructions: 2))
    if asRoot {
      let identity = steps[user - 1]
      guard case .becomeIdentity(_, _, clearsGroups: true) = identity else {
        Issue.record("\(identity)")
        return
      }
    }
  }

  @Test("builds nothing: it has no step that mounts or makes", arguments: [false, true])
  func builds(asRoot: Bool) throws {
    for step in try Self.plan(asRoot: asRoot).steps {
      switch step {
      case .bind, .mountTmpfs, .mountProc, .makeRoot, .enterRoot, .unshare, .writeProc,
        .makeMountsPrivate, .startNetwork:
        Issue.record("\(step)")
      default: break
      }
    }
  }

  @Test("is one that the child can run", arguments: [false, true])
  func flat(asRoot: Bool) throws {
    let plan = try Self.plan(asRoot: asRoot)
    let flat = FlatPlan(
      plan.steps, command: ["ls"], environment: [], filter: [UInt8](repeating: 0, count: 16)
    ) { _ in -1 }
    #expect(flat.fault == nil, "\(flat.fault as Any)")
  }

  @Test("has Landlock's scopes only where no namespace holds the same in")
  func scopes() throws {
    func scopes(_ text: String) throws -> UInt64? {
      for case .beginLandlock(let rights) in try Self.plan(asRoot: false, text).steps {
        return rights.scopes
      }
      return nil
    }
    #expect(try scopes("[files]\nread = [\"/usr\"]") == 0)
    #expect(try scopes("[files]\nread = [\"/usr\"]\n[network]\nmode = \"host\"") == 1)
  }

  @Test("gives the command neither kept descriptors nor the broker's door")
  func own() throws {
    var policy = try Fixture.policy("[files]\nread = [\"/usr\"]\n[descriptors]\nkeep = [5]")
    policy.brokerDescriptor = 6
    policy.environment.append(EnvironmentVariable(name: BrokerVariable.name, value: "6"))
    let own = ExecPlan.policy(policy, command: ["ls", "-l"])
    #expect(own.command == ["ls", "-l"])
    #expect(own.descriptors == [])
    #expect(own.brokerDescriptor == nil)
    #expect(!own.environment.contains { $0.name == BrokerVariable.name })
  }

  @Test("a fingerprint is the same for the same rules and another for any other rule")
  func fingerprint() throws {
    let text = "[files]\nread = [\"/usr\"]\n[limits]\nmemory = \"1G\""
    let first = Fingerprint.of(try Fixture.policy(text))
    #expect(first.utf8.count == 32)
    #expect(Fingerprint.of(try Fixture.policy(text)) == first)
    for other in [
      "[files]\nread = [\"/usr\", \"/etc/hosts\"]\n[limits]\nmemory = \"1G\"",
      "[files]\nread = [\"/usr\"]\n[limits]\nmemory = \"2G\"",
      "[files]\nwrite = [\"/usr\"]\n[limits]\nmemory = \"1G\"",
      text + "\n[network]\nmode = \"loopback\"", text + "\n[namespaces]\ntime = true",
      text + "\n[environment]\nset = { A = \"b\" }", text + "\n[syscalls]\ndeny = [\"chmod\"]",
    ] {
      #expect(Fingerprint.of(try Fixture.policy(other)) != first, "\(other)")
    }
  }

  @Test("the app's cgroup is the one that its init is in, and one that a launch made")
  func cgroup() {
    let mounts = [
      CgroupText.Mount(type: "cgroup2", root: "/", point: "/c", options: ["rw"]),
      CgroupText.Mount(type: "cgroup", root: "/", point: "/m", options: ["rw", "memory"]),
    ]
    func found(_ text: String, _ place: CgroupPlace) -> [String]? {
      AppCgroup.directories(text, place: place, mounts: mounts)
    }
    let memory = CgroupPlace.legacy([.init(name: "memory", parent: "/elsewhere")])
    let text = "4:memory:/a/isolated-web-7\n0::/u/isolated-web-7\n"
    #expect(found(text, .unified(parent: "/x")) == ["/c/u/isolated-web-7"])
    #expect(found(text, memory) == ["/m/a/isolated-web-7"])
    #expect(found("4:memory:/a/other\n0::/\n", memory) == nil)
    #expect(found("4:memory:/a/other\n0::/\n", .unified(parent: "/x")) == nil)
    #expect(found("0::/../isolated-web-7\n", .unified(parent: "/x")) == nil)
  }

  @Test("a process's parent is told whatever its program is called")
  func parent() {
    #expect(ProcessText.parent("12 (a) S 1 (b) R 99 1 1") == 99)
    #expect(ProcessText.parent("12 (isolated) S 34 12 12 0") == 34)
    #expect(ProcessText.parent("") == nil)
    #expect(ProcessText.parent("12 (x) S") == nil)
  }
}
