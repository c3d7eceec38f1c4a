import CSeccomp
import Testing

@testable import Isolate

@Suite("The flat plan")
struct FlatPlanTests {
  private static let bind = BindStep(
    source: "/usr", device: 1, inode: 2, isDirectory: true, target: "usr", attributes: [.readOnly],
    isRecursive: true, mappedOwner: FileOwner(uid: 7, gid: 8))
  private static let overlay = OverlayStep(
    lower: "/opt", device: 1, inode: 2, target: "opt", attributes: [],
    kept: .init(upper: "/up", work: "/up.work"), options: "size=1", usesUserAttributes: true)
  private static let terminal = TerminalSettings(
    path: "/dev/pts/ptmx", modes: [UInt8](repeating: 3, count: 36), window: [1, 2, 3, 4])

  /// One step of every kind, in an order that can be run.
  private static let everything: [LaunchStep] = [
    .awaitGate, .startNetwork(loopback: true), .joinNetwork, .raiseLoopback, .unshare(.user),
    .unshare(.time), .unshare(.cgroup), .writeProc(file: "uid_map", content: "0 0 1"),
    .makeMountsPrivate, .makeRoot(sizeBytes: 1), .makeDirectory(path: "d", mode: 0o700),
    .makeFile(path: "f", content: "", mode: 0o444), .makeLink(path: "l", target: "/t"),
    .makeDevice(path: "n", number: 259), .bind(bind), .attachTree(descriptor: 5, bind),
    .setOwner(path: "o", uid: 1, gid: 2),
    .mountTmpfs(TmpfsStep(target: "tmp", options: "size=1", attributes: [.noExecute])),
    .mountProc(path: "proc"), .mountDevpts(path: "dev/pts", options: "newinstance"),
    .mountSysfs(path: "sys"), .mountOverlay(overlay), .mask(path: "m"), .makeReadOnly(path: "r"),
    .setAttributes(path: "", [.readOnly]), .enterRoot, .setHostname("h"),
    .becomeIdentity(uid: 1, gid: 2, clearsGroups: true), .newKeyring, .openTerminal(terminal),
    .setDumpable(false), .dropCapabilities, .noNewPrivileges, .startWitness(atFilter: true),
    .standAlone(holdsSignals: true), .forkApp(copiesMemory: true), .meetWitness,
    .newSession(onTerminal: true), .changeDirectory("/"), .setUmask(0o22),
    .setLimit(ResourceLimit(resource: .data, soft: 1, hard: .max)), .resetSignals,
    .resetPersonality, .closeDescriptors(from: 3),
    .placeDescriptor(source: .terminal, number: 0),
    .placeDescriptor(source: .caller(4), number: 1), .denyWriteExecute,
    .beginLandlock(LandlockRights(files: 1, network: 2, scopes: 3, attributeSize: 24)),
    .allowPath(path: "/usr", rights: 4), .allowFile(descriptor: 4, rights: 4),
    .allowPort(port: 443, rights: 2), .enforceLandlock,
    .loadFilter(instructions: 2), .execute(candidates: ["/bin/a", "/usr/bin/a"]),
  ]

  private func flat(
    _ steps: [LaunchStep], command: [String] = ["a"], filter: Int = 2
  ) -> FlatPlan {
    FlatPlan(
      steps, command: command, environment: [EnvironmentVariable(name: "A", value: "1")],
      filter: [UInt8](repeating: 0, count: filter * 8)
    ) { Int32($0.uid) }
  }

  private func fault(_ steps: LaunchStep..., command: [String] = ["a"], filter: Int = 2) -> UInt32 {
    UInt32(flat(steps, command: command, filter: filter).fault?.kind ?? 0)
  }

  private let fork = LaunchStep.forkApp(copiesMemory: false)
  private let run = LaunchStep.execute(candidates: ["/bin/a"])

  @Test("carries every kind of step so that the child can run it") func allKinds() {
    let plan = flat(Self.everything)
    #expect(plan.fault == nil)
    #expect(plan.stepCount == Self.everything.count)
    #expect(plan.watched == ["/tmp"])
    // A tree that was made ready is attached in the words of its bind.
    #expect(Set(Self.everything.map(\.description)).count == Self.everything.count - 1)
  }

  @Test("numbers every resource as the kernel does") func resources() {
    let all: [ResourceLimit.Resource] = [
      .cpuTime, .fileSize, .data, .coreSize, .processes, .openFiles, .addressSpace,
    ]
    // setrlimit(2), the generic numbers of <asm-generic/resource.h>.
    #expect(all.map(\.number) == [0, 1, 2, 4, 6, 7, 9])
  }

  @Test("is refused by the check when its steps make no sense together") func order() {
    #expect(fault(run) == LAUNCH_FAULT_ORDER.rawValue)
    #expect(fault(fork) == LAUNCH_FAULT_END.rawValue)
    #expect(fault() == LAUNCH_FAULT_END.rawValue)
    #expect(fault(.enterRoot) == LAUNCH_FAULT_END.rawValue)
    #expect(fault(fork, fork, run) == LAUNCH_FAULT_ORDER.rawValue)
    #expect(fault(fork, .enterRoot, run) == LAUNCH_FAULT_ORDER.rawValue)
    #expect(fault(.resetSignals, fork, run) == LAUNCH_FAULT_ORDER.rawValue)
    #expect(fault(fork, run, .resetSignals) == LAUNCH_FAULT_END.rawValue)
    #expect(
      fault(fork, .loadFilter(instructions: 2), .resetSignals, run) == LAUNCH_FAULT_END.rawValue)
    #expect(fault(fork, run) == 0)
  }

  @Test("is refused by the check when a step's values make no sense") func values() {
    #expect(fault(.mask(path: "/x"), fork, run) == LAUNCH_FAULT_RELATIVE.rawValue)
    #expect(fault(fork, .changeDirectory("x"), run) == LAUNCH_FAULT_ABSOLUTE.rawValue)
    #expect(fault(fork, .execute(candidates: [])) == LAUNCH_FAULT_CANDIDATES.rawValue)
    #expect(
      fault(fork, .placeDescriptor(source: .caller(-1), number: 1), run)
        == LAUNCH_FAULT_DESCRIPTOR.rawValue)
    #expect(fault(fork, .loadFilter(instructions: 0), run) == LAUNCH_FAULT_FILTER.rawValue)
    #expect(fault(fork, .loadFilter(instructions: 4097), run) == LAUNCH_FAULT_FILTER.rawValue)
    #expect(fault(fork, .loadFilter(instructions: 4096), run) == LAUNCH_FAULT_OFFSET.rawValue)
    #expect(fault(fork, run, command: []) == LAUNCH_FAULT_ARGUMENTS.rawValue)
    var bind = Self.bind
    bind.target = "/usr"
    #expect(fault(.bind(bind), fork, run) == LAUNCH_FAULT_RELATIVE.rawValue)
    for (lower, upper) in [("opt", "/up"), ("/opt", "up")] {
      var overlay = Self.overlay
      overlay.lower = lower
      overlay.kept = .init(upper: upper, work: upper)
      #expect(fault(.mountOverlay(overlay), fork, run) == LAUNCH_FAULT_ABSOLUTE.rawValue)
    }
  }

  /// The check's answer after the step has been damaged.
  private func damaged(_ step: LaunchStep, _ damage: (inout launch_step) -> Void) -> UInt32 {
    let plan = flat([step, fork, run])
    var steps = plan.steps
    damage(&steps[0])
    return unsafe plan.withPlan(report: -1, lifeline: -1, lifelineWrite: -1) { plan in
      unsafe steps.withUnsafeBufferPointer { steps in
        var copy = unsafe plan.pointee
        unsafe copy.steps = steps.baseAddress
        var place: UInt32 = 0
        return unsafe UInt32(launch_plan_check(&copy, &place))
      }
    }
  }

  @Test("is refused by the check when an offset or an operation is damaged") func damage() {
    let offset = LAUNCH_FAULT_OFFSET.rawValue
    #expect(damaged(.enterRoot) { $0.op = LAUNCH_OP_COUNT.rawValue } == LAUNCH_FAULT_OP.rawValue)
    #expect(damaged(.enterRoot) { $0.op = LAUNCH_OP_END.rawValue } == LAUNCH_FAULT_OP.rawValue)
    #expect(damaged(.enterRoot) { $0.text_a = 1 } == LAUNCH_FAULT_UNUSED.rawValue)
    #expect(damaged(.mask(path: "m")) { $0.text_b = 1 } == LAUNCH_FAULT_UNUSED.rawValue)
    #expect(damaged(.mask(path: "m")) { $0.text_a = .max } == offset)
    #expect(damaged(.bind(Self.bind)) { $0.text_b += 4 } == LAUNCH_FAULT_ALIGNMENT.rawValue)
    #expect(damaged(.bind(Self.bind)) { $0.text_b = 0 } == offset)
    #expect(damaged(.bind(Self.bind)) { $0.text_b = 8000 } == offset)
    #expect(damaged(.enterRoot) { _ in } == LAUNCH_FAULT_NONE.rawValue)
  }

  @Test("is refused by the check when its text is cut or missing") func text() {
    let plan = flat([fork, run])
    let answers: [Int32] = unsafe plan.withPlan(report: -1, lifeline: -1, lifelineWrite: -1) {
      plan in
      var place: UInt32 = 0
      var cut = unsafe plan.pointee
      unsafe cut.text_size = 0
      var missing = unsafe plan.pointee
      unsafe missing.text = nil
      var open = unsafe plan.pointee
      unsafe open.text_size = 5
      var bare = unsafe plan.pointee
      unsafe bare.envp = nil
      return unsafe [
        launch_plan_check(&cut, &place), launch_plan_check(&missing, &place),
        launch_plan_check(&open, &place), launch_plan_check(&bare, &place),
      ]
    }
    #expect(
      answers == [
        Int32(LAUNCH_FAULT_NO_TEXT.rawValue), Int32(LAUNCH_FAULT_NO_TEXT.rawValue),
        Int32(LAUNCH_FAULT_OFFSET.rawValue), Int32(LAUNCH_FAULT_ARGUMENTS.rawValue),
      ])
  }

  @Test("may end with a program that a descriptor names") func byDescriptor() {
    #expect(fault(fork, .executeFile(descriptor: 4)) == 0)
    #expect(flat([.closeUnnamed, .enter(.pid, descriptor: 4), fork, run]).stepCount == 4)
    #expect(
      LaunchStep.closeUnnamed.description == "close every descriptor that no later step names")
  }
}
