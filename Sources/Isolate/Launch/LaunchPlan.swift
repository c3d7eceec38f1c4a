/// What the child does for one policy, in the order that docs/launch-order.md argues for.
package struct LaunchPlan: Sendable {
  package var steps: [LaunchStep]
  /// The namespaces made by the clone itself: CLONE_NEW* flags.
  package var cloneFlags: UInt64

  /// The number of the app's process in its own pid namespace: init is 1, and only what makes the network namespace and the witness
  /// come before the app. Nil: it has no pid namespace, and the kernel chooses.
  package var appNumber: Int32? {
    if cloneFlags & CloneFlag.pid == 0 { return nil }
    var makesNetwork = false
    var hasWitness = false
    for step in steps {
      switch step {
      case .startNetwork: makesNetwork = true
      case .startWitness: hasWitness = true
      default: break
      }
    }
    return Self.appNumber(makesNetwork: makesNetwork, hasWitness: hasWitness)
  }

  package static func appNumber(makesNetwork: Bool, hasWitness: Bool) -> Int32 {
    2 + (makesNetwork ? 1 : 0) + (hasWitness ? 1 : 0)
  }
}

/// What the planner looks up on the host: a value or a few closures, so that plans can be made in tests.
package struct PlanSources {
  /// stat(2) of a path, nil when there is nothing.
  package var status: (_ path: String, _ followingLinks: Bool) throws(SystemError) -> FileStatus?
  package var linkTarget: (String) -> String?

  package init(
    status: @escaping (String, Bool) throws(SystemError) -> FileStatus?,
    linkTarget: @escaping (String) -> String?
  ) {
    self.status = status
    self.linkTarget = linkTarget
  }

  package static var host: PlanSources {
    PlanSources(
      status: { (path, follow) throws(SystemError) in
        try FileStatus.of(path, followingLinks: follow)
      },
      linkTarget: { FileSystem.linkTarget($0) })
  }
}

/// What the launch is done with, beside the policy.
package struct PlanContext {
  package var landlockABI: Int
  package var filterInstructions: Int
  /// The caller's 0, 1, 2: whether each becomes the app's pty.
  package var standard: [StandardDescriptor]
  package var terminal: TerminalSettings?
  /// A descriptor of /dev/null, for terminals that the policy keeps from the app.
  package var nullDescriptor: Int32
  /// CLOCK_BOOTTIME and CLOCK_MONOTONIC now, in seconds; for a time namespace.
  package var bootSeconds: Int64
  package var monotonicSeconds: Int64
  /// The child has its network namespace already (`EarlyChild`).
  package var networkIsMade = false
  /// What the child has done already: the plan begins with it. It must begin the policy's launch (`UsualStart.begins`).
  package var ahead: UsualStart?
  /// The child is born in a user namespace of the launcher's where one is needed, and private file systems get their owner
  /// late (`TemplatePlan`).
  package var isPrepared = false
  /// Descriptors of the supervisor's that the app gets, beside those that it keeps by number. No source is
  /// another's number.
  package var placed: [PlacedDescriptor] = []
  /// The soft and hard limit of open files that an app without a limit of its own gets: the supervisor has raised its own.
  package var openFiles: OpenFiles?
  /// The sandbox is there already, and others live in it: see `ExecPlan`.
  package var isGuest = false
  /// The program itself, opened by the supervisor, in place of the policy's command.
  package var executable: Int32?
  /// Files that the supervisor has open and hands over, which the app may open anew through /proc.
  package var readable: [Int32] = []

  package struct PlacedDescriptor: Equatable, Sendable {
    package var source: Int32
    package var number: Int32

    package init(source: Int32, number: Int32) {
      self.source = source
      self.number = number
    }
  }

  package enum StandardDescriptor: Equatable, Sendable {
    case asIs
    case pty
    case null
    /// A descriptor of the supervisor's: a log's pipe.
    case given(Int32)
  }

  package init(
    landlockABI: Int, filterInstructions: Int, standard: [StandardDescriptor],
    terminal: TerminalSettings?, nullDescriptor: Int32, bootSeconds: Int64,
    monotonicSeconds: Int64
  ) {
    self.landlockABI = landlockABI
    self.filterInstructions = filterInstructions
    self.standard = standard
    self.terminal = terminal
    self.nullDescriptor = nullDescriptor
    self.bootSeconds = bootSeconds
    self.monotonicSeconds = monotonicSeconds
  }
}

/// A file rule that cannot be carried out on this host.
package struct PlanError: Error, Sendable {
  package var rule: FileRule
  package var message: String
  package var cure: String
}

/// Policy → steps.
package struct LaunchPlanner {
  let policy: Policy
  var context: PlanContext
  let sources: PlanSources
  /// Where rules show directories and files of the host.
  let shown: [String]
  var steps: [LaunchStep] = []
  /// Every rule that could not be planned; all are reported at once.
  var failures: [PlanError] = []

  package init(_ policy: Policy, context: PlanContext, sources: PlanSources) {
    self.policy = policy
    self.context = context
    self.sources = sources
    var shown: [String] = []
    shown.reserveCapacity(policy.files.rules.count)
    for rule in policy.files.rules
    where rule.kind == .read || rule.kind == .write || rule.kind == .overlay {
      shown.append(rule.target)
    }
    self.shown = shown
    steps.reserveCapacity(128)
  }

  /// Makes the plan.
  ///
  /// - Throws: every rule that cannot be carried out here.
  package consuming func plan() throws(PlanErrors) -> LaunchPlan {
    var planner = self
    let order = planner.policy.namespaces.order
    planner.planCgroup(order)
    if order != .without {
      planner.planNamespaces(order)
    } else if var terminal = planner.context.terminal {
      terminal.path = "/dev/ptmx"
      planner.steps.append(.openTerminal(terminal))
    }
    planner.planApp()
    if !planner.failures.isEmpty { throw PlanErrors(errors: planner.failures) }
    let first: UInt64 = order == .userFirst ? CloneFlag.user : 0
    let cgroup = planner.policy.limits.cgroup == nil ? CloneFlag.cgroup : 0
    let others = CloneFlag.mounts | CloneFlag.pid | CloneFlag.ipc | CloneFlag.uts | cgroup
    return LaunchPlan(steps: planner.steps, cloneFlags: order == .without ? 0 : first | others)
  }

  var ownsNetwork: Bool { policy.network.mode != .host }

  /// With a cgroup of its own the app's cgroup namespace is made from within it: a clone would make it from ours.
  private mutating func planCgroup(_ order: Namespaces.Order) {
    switch policy.limits.cgroup {
    case nil: return
    case .unified: break
    case .legacy: steps.append(.awaitGate)
    }
    if order != .without { steps.append(.unshare(.cgroup)) }
  }

  private mutating func planNamespaces(_ order: Namespaces.Order) {
    let loopback = policy.network.mode == .loopback
    /* As early as can be: an early child has the usual start behind it when it hears what network it is to have. */
    let startsNetwork = ownsNetwork && !context.networkIsMade
    if startsNetwork && context.ahead == nil { steps.append(.startNetwork(loopback: loopback)) }
    let isUsual = Self.startsAsUsual(policy)
    let ids = order == .userFirst && !context.isPrepared ? policy.identity.idMap : nil
    if isUsual {
      steps += (context.ahead ?? UsualStart(order, ids: ids)).steps
    } else {
      steps += ids?.steps ?? []
      steps.append(.makeMountsPrivate)
    }
    if startsNetwork && context.ahead != nil { steps.append(.startNetwork(loopback: loopback)) }
    if ownsNetwork && context.networkIsMade && loopback { steps.append(.raiseLoopback) }
    planFiles(isStarted: isUsual)
    if !policy.files.sys { planJoinNetwork() }
    steps.append(.enterRoot)
    steps.append(.setHostname(policy.identity.hostname))
    if policy.namespaces.time { planTime() }
    if order == .userLast { planIdentityLast() }
    if order == .userFirst && context.isPrepared {
      steps.append(.unshare(.user))
      steps += policy.identity.idMap.steps
    }
    if let terminal = context.terminal { steps.append(.openTerminal(terminal)) }
  }

  /// As late as can be, for its helper to be ready: before the root is left, or before sysfs, which shows the network
  /// namespace of whoever mounts it.
  mutating func planJoinNetwork() {
    if ownsNetwork && !context.networkIsMade { steps.append(.joinNetwork) }
  }

  /// As root the user namespace comes last: everything before belongs to the host's, out of the app's reach.
  private mutating func planIdentityLast() {
    steps.append(
      .becomeIdentity(
        uid: policy.identity.hostUID, gid: policy.identity.hostGID, clearsGroups: true))
    /* A change of ids makes a process undumpable, and then it may not write its own maps (proc(5)). */
    steps.append(.setDumpable(true))
    steps.append(.unshare(.user))
    steps += policy.identity.idMap.steps
  }

  /// The app's clocks start near zero: it does not learn for how long the machine has been up.
  private mutating func planTime() {
    steps.append(.unshare(.time))
    steps.append(
      .writeProc(
        file: "timens_offsets",
        content: "monotonic -\(context.monotonicSeconds) 0\nboottime -\(context.bootSeconds) 0\n"))
  }

  mutating func planApp() {
    steps.append(.newKeyring)
    steps.append(.setDumpable(false))
    if policy.namespaces.order != .without { steps.append(.dropCapabilities) }
    steps.append(.noNewPrivileges)
    if policy.namespaces.order == .without {
      steps.append(.standAlone(holdsSignals: context.landlockABI >= 6))
    }
    let hasWitness = policy.crash.isOn
    if hasWitness { steps.append(.startWitness(atFilter: policy.syscalls.refusal == .kill)) }
    steps.append(.forkApp(copiesMemory: policy.namespaces.time || hasWitness))
    steps.append(.newSession(onTerminal: context.terminal != nil))
    if hasWitness { steps.append(.meetWitness) }
    steps.append(.setUmask(policy.identity.umask))
    steps.append(.changeDirectory(policy.workdir))
    steps.append(.resetPersonality)
    if context.landlockABI > 0 { planLandlock() }
    planDescriptors()
    planLimits()
    if policy.memory.deniesWriteExecute { steps.append(.denyWriteExecute) }
    steps.append(.resetSignals)
    if context.filterInstructions > 0 {
      steps.append(.loadFilter(instructions: context.filterInstructions))
    }
    if let executable = context.executable {
      steps.append(.executeFile(descriptor: executable))
    } else {
      steps.append(.execute(candidates: candidates))
    }
  }

  /// Where the program may be, in the order in which it is tried.
  private var candidates: [String] {
    let program = policy.command[0]
    if program.utf8.contains(UInt8(ascii: "/")) { return [program] }
    return policy.searchPath.map { "\($0)/\(program)" }
  }

  private mutating func planDescriptors() {
    steps.append(.closeDescriptors(from: 3))
    for (index, standard) in context.standard.enumerated() {
      let number = Int32(index)
      switch standard {
      case .asIs: steps.append(.placeDescriptor(source: .caller(number), number: number))
      case .pty: steps.append(.placeDescriptor(source: .terminal, number: number))
      case .null:
        steps.append(.placeDescriptor(source: .caller(context.nullDescriptor), number: number))
      case .given(let source):
        steps.append(.placeDescriptor(source: .caller(source), number: number))
      }
    }
    for number in policy.descriptors {
      steps.append(.placeDescriptor(source: .caller(number), number: number))
    }
    for placed in context.placed {
      steps.append(.placeDescriptor(source: .caller(placed.source), number: placed.number))
    }
  }

  private mutating func planLimits() {
    let limits = policy.limits
    /* No limit at all is the largest number (RLIM_INFINITY of setrlimit(2)): sums end there. */
    func plus(_ amount: UInt64, _ more: UInt64) -> UInt64 {
      amount > .max - more ? .max : amount + more
    }
    func add(_ resource: ResourceLimit.Resource, _ amount: UInt64, slack: UInt64 = 0) {
      steps.append(
        .setLimit(ResourceLimit(resource: resource, soft: amount, hard: plus(amount, slack))))
    }
    if let limit = limits.coreSizeBytes { add(.coreSize, limit.amount) }
    if let limit = limits.fileSizeBytes { add(.fileSize, limit.amount) }
    if let limit = limits.cpuTimeMilliseconds {
      /* SIGXCPU at the limit, SIGKILL a second later (setrlimit(2)). */
      add(.cpuTime, max(1, plus(limit.amount, 999) / 1000), slack: 1)
    }
    /* Each process by itself; the sum is sampled. With a cgroup the sum is all that counts. */
    if let limit = limits.memoryBytes, limit.enforcement == .sampled { add(.data, limit.amount) }
    if let limit = limits.addressSpaceBytes { add(.addressSpace, limit.amount) }
    if let limit = limits.processes, limit.enforcement == .rlimit {
      /* Init, the witness and the app itself count too; the limit is on what the profile calls processes. */
      add(.processes, plus(limit.amount, limits.hasWitness ? 2 : 1))
    }
    if let limit = limits.openFiles {
      add(.openFiles, limit.amount)
    } else if let before = context.openFiles {
      steps.append(
        .setLimit(ResourceLimit(resource: .openFiles, soft: before.soft, hard: before.hard)))
    }
  }
}

/// Every file rule that failed, together.
package struct PlanErrors: Error, Sendable {
  package var errors: [PlanError]
}
