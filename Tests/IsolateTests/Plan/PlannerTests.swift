import Testing

@testable import Isolate

private func rule(
  _ kind: FileRuleKind, _ source: String, optional: Bool = false, file: String = "f"
) -> FileRule {
  FileRule(
    kind: kind, source: source, target: source, isOptional: optional, allowsExecute: false,
    mapsOwner: true, sizeBytes: 1, inodes: 1, mode: 0o755, upper: nil,
    position: Position(file: file, line: 1))
}

@Suite("The planner")
struct PlannerTests {
  private let base = "[command]\nrun = [\"/bin/true\"]\n"

  /// A plan of these rules and no others.
  private func plan(
    _ rules: [FileRule], isRoot: Bool = false, change: (inout Policy) -> Void = { _ in }
  ) throws -> LaunchPlan {
    var policy = try PlanFixture.policy(base, host: isRoot ? Fixture.root() : Fixture.host())
    policy.files.rules = rules
    change(&policy)
    return try PlanFixture.plan(policy)
  }

  private func errors(_ rules: FileRule...) -> [PlanError] {
    do {
      _ = try plan(rules)
      return []
    } catch let error as PlanErrors {
      return error.errors
    } catch {
      return []
    }
  }

  private func index(of text: String, in plan: LaunchPlan) -> Int? {
    plan.steps.firstIndex { $0.description.hasPrefix(text) }
  }

  @Test("reports every rule that cannot be carried out, together") func allErrors() {
    let found = errors(
      rule(.read, "/srv/missing"), rule(.write, "/srv/missing", file: Position.commandLine),
      rule(.read, "/srv/missing", file: Position.commandLine), rule(.read, "/x/forbidden"),
      rule(.read, "/x/broken", optional: true), rule(.overlay, "/srv/file"))
    #expect(
      found.map(\.message) == [
        "/srv/missing does not exist", "/srv/missing does not exist",
        "/srv/missing does not exist", "/x/forbidden cannot be used: Permission denied",
        "/x/broken cannot be used: Input/output error",
        "/srv/file is not a directory; only directories can be overlaid",
      ])
    #expect(found[0].cure == "create it, or write { path = \"/srv/missing\", optional = true }")
    #expect(found[1].cure.hasPrefix("create the directory"))
    #expect(found[2].cure == "check its spelling")
    #expect(found.allSatisfy { $0.rule.source.hasPrefix("/") && !$0.cure.isEmpty })
  }

  @Test("skips optional rules that are missing or out of reach") func optional() throws {
    let found = try plan([
      rule(.read, "/srv/missing", optional: true), rule(.overlay, "/srv/missing", optional: true),
      rule(.read, "/x/forbidden", optional: true), rule(.read, "/x/circle", optional: true),
    ])
    #expect(!found.steps.contains { $0.description.contains("/srv/missing on") })
    #expect(!found.steps.contains { if case .bind = $0 { true } else { false } })
  }

  @Test("shows a link as a link only where it leads into another rule's directory")
  func links() throws {
    func steps(_ rules: FileRule...) throws -> [String] {
      try plan(rules).steps.map(\.description).filter { $0.contains("bind") || $0.contains("link") }
    }
    #expect(
      try steps(rule(.read, "/bin"), rule(.read, "/usr")).first == "make the link /bin to usr/bin")
    #expect(try steps(rule(.read, "/bin"))[0].hasPrefix("bind /bin"))
    #expect(try steps(rule(.read, "/bin"), rule(.hide, "/usr"))[0].hasPrefix("bind /bin"))
    // In a directory that is shown already the link is there to be seen.
    #expect(try steps(rule(.read, "/usr"), rule(.read, "/usr/alias")).count == 2)
    let away = [rule(.read, "/data"), rule(.read, "/srv"), rule(.read, "/srv/away")]
    #expect(!(try plan(away)).steps.contains { $0.description.contains("/srv/away") && $0.isMount })
  }

  @Test(
    "puts a private /dev/shm into the app's own /dev, with the rule's size",
    arguments: [true, false])
  func sharedMemory(isRoot: Bool) throws {
    var own = rule(.private, "/dev/shm")
    own.sizeBytes = 8 << 20
    let found = try plan([own], isRoot: isRoot) { $0.files.dev = true }
    let shm = try #require(index(of: "mount a private file system on /dev/shm", in: found))
    let null = try #require(
      index(of: isRoot ? "make the device /dev/null" : "bind /dev/null", in: found))
    #expect(shm > null)
    #expect(found.steps[shm].description.contains("size=8388608,"))
    #expect(found.steps.filter { $0.description.contains("on /dev/shm") }.count == 1)
  }

  @Test("as root makes nodes of character devices, and binds directories of them unmapped")
  func devices() throws {
    let found = try plan([], isRoot: true) {
      $0.files.dev = true
      $0.files.devices = [
        rule(.device, "/dev/dri"), rule(.device, "/dev/kvm"),
        rule(.device, "/srv/missing", optional: true),
      ]
    }
    #expect(index(of: "make the device /dev/kvm", in: found) != nil)
    let binds = found.steps.compactMap { if case .bind(let bind) = $0 { bind } else { nil } }
    #expect(binds.map(\.source) == ["/dev/dri"])
    #expect(binds.allSatisfy { $0.mappedOwner == nil && !$0.attributes.contains(.noDevices) })
  }

  @Test("as an ordinary user binds devices") func userDevices() throws {
    let found = try plan([]) {
      $0.files.dev = true
      $0.files.devices = [rule(.device, "/dev/kvm")]
    }
    #expect(index(of: "bind /dev/kvm", in: found) != nil)
    #expect(!found.steps.contains { if case .makeDevice = $0 { true } else { false } })
  }

  @Test("makes a /dev of its own over a root that is shown, and leaves it read-only")
  func rootIsShown() throws {
    let found = try plan([rule(.read, "/")]) { $0.files.dev = true }
    let dev = try #require(index(of: "mount a private file system on /dev (", in: found))
    let sealed = try #require(index(of: "make /dev read-only", in: found))
    let enter = try #require(index(of: "enter the new root", in: found))
    #expect(dev < sealed && sealed < enter)
    #expect(index(of: "make / read-only", in: found) == nil)
  }

  @Test("without user namespaces confines by Landlock, the filter and limits alone")
  func without() throws {
    let found = try plan([rule(.read, "/usr")]) { $0.namespaces.order = .without }
    #expect(found.cloneFlags == 0)
    #expect(!found.steps.contains { $0.isMount })
    #expect(index(of: "enforce the Landlock ruleset", in: found) != nil)
    #expect(index(of: "drop every capability and lock the securebits", in: found) == nil)
    #expect(found.steps.contains(.standAlone(holdsSignals: true)))
    #expect(index(of: "allow read beneath /etc", in: found) == nil)
    /* What would be a place of the app's own is the machine's here, whoever has put the rule in. */
    let later = try plan([
      rule(.read, "/usr"), FileRule(showing: "/srv/file", at: "/srv/x", allowsExecute: false),
      rule(.private, "/tmp"), rule(.overlay, "/data"), rule(.hide, "/opt"),
    ]) {
      $0.namespaces.order = .without
    }
    #expect(later.steps == found.steps)
  }

  @Test("makes the cgroup namespace from within a cgroup of the app's own") func cgroups() throws {
    let v2 = try plan([]) { $0.limits.cgroup = .unified(parent: "/c") }
    #expect(v2.steps.first == .unshare(.cgroup))
    #expect(v2.cloneFlags & CloneFlag.cgroup == 0)
    let v1 = try plan([]) { $0.limits.cgroup = .legacy([]) }
    #expect(v1.steps.prefix(2) == [.awaitGate, .unshare(.cgroup)])
    let without = try plan([]) {
      $0.limits.cgroup = .legacy([])
      $0.namespaces.order = .without
    }
    #expect(without.steps.first == .awaitGate)
    #expect(without.steps[1] != .unshare(.cgroup))
  }

  @Test("rounds CPU time up, and ends sums at the largest number") func limits() throws {
    func limited(_ amount: UInt64) throws -> [ResourceLimit] {
      let limit = Limit(
        amount: amount, enforcement: .rlimit, position: Position(file: "f", line: 1))
      return try plan([]) {
        $0.limits = Limits()
        $0.limits.cpuTimeMilliseconds = limit
        $0.limits.processes = limit
      }.steps.compactMap { if case .setLimit(let limit) = $0 { limit } else { nil } }
    }
    #expect(
      try limited(1500) == [
        ResourceLimit(resource: .cpuTime, soft: 2, hard: 3),
        ResourceLimit(resource: .processes, soft: 1501, hard: 1501),
      ])
    #expect(try limited(0).first == ResourceLimit(resource: .cpuTime, soft: 1, hard: 2))
    let most = try limited(.max)
    #expect(most[0].hard >= most[0].soft)
    #expect(most[1].soft == .max)
  }

  @Test("covers the files of /proc without looking which the kernel has") func unknownProc() throws
  {
    var policy = try PlanFixture.policy(base)
    policy.files.rules = []
    policy.files.proc = true
    let sources = PlanSources(
      status: { (path, _) throws(SystemError) in
        #expect(!path.hasPrefix("/proc"))
        return nil
      }, linkTarget: { _ in nil })
    let found = try LaunchPlanner(policy, context: PlanFixture.context(), sources: sources).plan()
    #expect(found.steps.contains(.mask(path: "proc/acpi")))
    #expect(found.steps.contains(.mask(path: "proc/keys")))
  }

  @Test("for a prepared launch makes the user namespace last and gives the app its file systems")
  func prepared() throws {
    let context = PlanFixture.context { $0.isPrepared = true }
    var policy = try PlanFixture.policy(base)
    policy.files.rules = [rule(.private, "/tmp"), rule(.device, "/dev/kvm")]
    let user = try PlanFixture.plan(policy, context).steps
    let enter = try #require(user.firstIndex(of: .enterRoot))
    #expect(try #require(user.firstIndex(of: .unshare(.user))) > enter)
    policy = try PlanFixture.policy(base, host: Fixture.root())
    policy.files.rules = [rule(.private, "/tmp")]
    let id = policy.identity
    let root = try PlanFixture.plan(policy, context).steps
    #expect(root.contains(.setOwner(path: "tmp", uid: id.hostUID, gid: id.hostGID)))
  }

  @Test("knows a path's parent and where it climbs") func pathWords() {
    #expect(PathWords.parent("/usr/bin") == "/usr")
    #expect(PathWords.parent("usr") == "")
    for path in ["..", "/..", "../x", "/x/../y", "/x/.."] { #expect(PathWords.climbs(path)) }
    for path in ["", "/", ".", "/...", "/a..", "/..a", "/.b./c"] {
      #expect(!PathWords.climbs(path))
    }
  }

  @Test("looks at the host itself when it runs for real") func host() throws {
    let host = PlanSources.host
    #expect(try host.status("/", true)?.isDirectory == true)
    #expect(try host.status("/nowhere/at/all", true) == nil)
    #expect(host.linkTarget("/") == nil)
  }

  @Test(
    "gives an app without a limit of open files the one that a supervisor had before it raised its own"
  )
  func openFiles() throws {
    var policy = try PlanFixture.policy("extends = [\"default\"]\n[command]\nrun = [\"true\"]\n")
    func limits(_ policy: Policy) throws -> [ResourceLimit] {
      let context = PlanFixture.context { $0.openFiles = OpenFiles(soft: 77, hard: 88) }
      return try PlanFixture.plan(policy, context).steps.compactMap { step in
        if case .setLimit(let limit) = step, limit.resource == .openFiles { limit } else { nil }
      }
    }
    policy.limits.openFiles = nil
    #expect(try limits(policy).map(\.soft) == [77])
    #expect(try limits(policy).map(\.hard) == [88])
  }

  @Test("whoever looks at crashes is started before the app, and counts among its processes")
  func witness() throws {
    let text =
      "extends = [\"default\"]\n" + base + "[limits]\nprocesses = 20\n[crash]\nreport = true\n"
    let policy = try PlanFixture.policy(text)
    let plan = try PlanFixture.plan(policy)
    let atFilter = policy.syscalls.refusal == .kill
    let started = try #require(plan.steps.firstIndex(of: .startWitness(atFilter: atFilter)))
    let met = try #require(plan.steps.firstIndex(of: .meetWitness))
    let forked = try #require(plan.steps.firstIndex(of: .forkApp(copiesMemory: true)))
    #expect(started < forked && forked < met)
    #expect(plan.appNumber == 4)
    #expect(
      plan.steps.contains(
        .setLimit(ResourceLimit(resource: .processes, soft: 22, hard: 22))))
    let plain = try PlanFixture.plan(try PlanFixture.policy(base + "[limits]\nprocesses = 20"))
    #expect(plain.appNumber == 3)
    var none = plain
    none.cloneFlags = 0
    #expect(none.appNumber == nil)
  }

  @Test("a program, files and streams that are descriptors are placed, allowed and run")
  func descriptors() throws {
    let policy = try PlanFixture.policy(base)
    let plan = try PlanFixture.plan(
      policy,
      PlanFixture.context {
        $0.executable = 8
        $0.readable = [9]
        $0.standard = [.given(20), .null, .asIs]
      })
    #expect(plan.steps.last == .executeFile(descriptor: 8))
    #expect(
      plan.steps.contains { $0.description.hasSuffix("of the file of descriptor 8 in Landlock") })
    #expect(
      plan.steps.contains { $0.description.hasSuffix("of the file of descriptor 9 in Landlock") })
    #expect(plan.steps.contains(.placeDescriptor(source: .caller(20), number: 0)))
    #expect(plan.steps.last?.description == "execute the program of descriptor 8")
  }
}

extension LaunchStep {
  var isMount: Bool {
    switch self {
    case .bind, .mountTmpfs, .mountProc, .mountDevpts, .mountSysfs, .mountOverlay, .makeRoot:
      true
    default: false
    }
  }
}
