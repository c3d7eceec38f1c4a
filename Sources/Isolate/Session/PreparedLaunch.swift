/// Everything that is made before the clone.
struct PreparedLaunch: ~Copyable {
  let plan: LaunchPlan
  let flat: FlatPlan
  let standard: [PlanContext.StandardDescriptor]
  let signals: SignalDoor
  let cgroup: Cgroup?
  /// Descriptors that the child uses by number; closed when the launch is over.
  let held: [HeldDescriptor]
}

/// Why an app could not be launched, before there was a child.
enum LaunchError: Error {
  case rules([PlanError])
  case filter(FilterError)
  /// The profile names a descriptor that the caller has not opened.
  case descriptor(Int32)
  /// One of 0, 1 and 2 is a directory.
  case directory(Int32)
  case system(SystemError)
  case tooLarge(bytes: Int)
  /// A driver may not run, and why.
  case driver(String)
}

/// Runs something of the System or Launch room inside a function that throws `LaunchError`.
func attempt<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(LaunchError) -> Result {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}

extension PreparedLaunch {
  /// - Parameters:
  ///   - signals: made already: all signals are blocked.
  ///   - cgroup: made already, if the policy wants one.
  ///   - networkIsMade: an early child with a network namespace waits for the plan.
  ///   - ahead: the steps that it has done already.
  ///   - door: the app's end of the way to its broker, if it has grants.
  static func make(
    _ prepared: Preparation, filterCache: String?, signals: consuming SignalDoor,
    cgroup: Cgroup?, networkIsMade: Bool, ahead: UsualStart? = nil, door: HeldDescriptor? = nil
  ) throws(LaunchError) -> PreparedLaunch {
    let policy = prepared.policy
    for number in policy.descriptors where !Output.isOpen(number) {
      throw .descriptor(number)
    }
    for number: Int32 in 0...2 where Output.isDirectory(number) { throw .directory(number) }
    let standard = standardDescriptors(policy)
    let made = try PreparedPlan.make(
      policy, landlockABI: prepared.host.landlockABI, filterCache: filterCache, standard: standard
    ) { context in
      context.terminal = TerminalRelay.settings(standard)
      context.networkIsMade = networkIsMade
      context.ahead = ahead
      if let door, let number = policy.brokerDescriptor {
        context.placed = [.init(source: door.descriptor.raw, number: number)]
      }
    }
    return PreparedLaunch(
      plan: made.plan, flat: made.flat, standard: standard, signals: signals, cgroup: cgroup,
      held: made.held + (door.map { [$0] } ?? []))
  }

  /// What becomes of the caller's 0, 1 and 2.
  static func standardDescriptors(_ policy: Policy) -> [PlanContext.StandardDescriptor] {
    (0...2).map { (number: Int32) in
      guard Output.isTerminal(number) else { return .asIs }
      switch policy.terminal {
      case .auto: return policy.files.dev ? .pty : .asIs
      case .inherit: return .asIs
      case .none: return .null
      }
    }
  }
}

/// A plan, written for the child, with the descriptors it names.
struct PreparedPlan {
  var plan: LaunchPlan
  var flat: FlatPlan
  var held: [HeldDescriptor]

  /// More text than the arguments and environment that exec takes, and every rule, can need.
  static let maximumText = 8 << 20

  /// - Parameters:
  ///   - environment: of the app, once the plan is known; without, the policy's.
  ///   - adjust: what this launch has beyond the policy.
  static func make(
    _ policy: Policy, landlockABI: Int, filterCache: String?,
    standard: [PlanContext.StandardDescriptor], sources: PlanSources = .host,
    environment: ((LaunchPlan) -> [EnvironmentVariable])? = nil,
    adjust: (inout PlanContext) -> Void
  ) throws(LaunchError) -> PreparedPlan {
    let filter = try filterBytes(policy, cache: filterCache)
    var held: [HeldDescriptor] = []
    var null: Int32 = -1
    if standard.contains(.null) {
      held.append(
        HeldDescriptor(try attempt { () throws(SystemError) in try Descriptor.openNull() }))
      null = held[0].descriptor.raw
    }
    let clocks = policy.namespaces.time ? HostProbe.clocks() : (0, 0)
    var context = PlanContext(
      landlockABI: landlockABI,
      filterInstructions: filter.count / SyscallFilter.instructionSize, standard: standard,
      terminal: nil, nullDescriptor: null, bootSeconds: clocks.0, monotonicSeconds: clocks.1)
    adjust(&context)
    /* The early child's guess was compared with the policy; were it wrong all the same, the app would get another sandbox. */
    if let ahead = context.ahead, !ahead.begins(policy) {
      throw .system(SystemError(call: "launch", number: Errno.invalid))
    }
    let plan = try makePlan(policy, context, sources)
    let owners = try ownerNamespaces(plan, policy.identity, &held)
    let flat = FlatPlan(
      plan.steps.dropFirst(context.ahead?.steps.count ?? 0), command: policy.command,
      environment: environment?(plan) ?? policy.environment, filter: filter
    ) { owner in owners.first { $0.owner == owner }?.namespace ?? -1 }
    if flat.textSize > maximumText { throw .tooLarge(bytes: flat.textSize) }
    return PreparedPlan(plan: plan, flat: flat, held: held)
  }

  private static func makePlan(
    _ policy: Policy, _ context: PlanContext, _ sources: PlanSources
  ) throws(LaunchError) -> LaunchPlan {
    do throws(PlanErrors) {
      return try LaunchPlanner(policy, context: context, sources: sources).plan()
    } catch {
      throw .rules(error.errors)
    }
  }

  static func filterBytes(_ policy: Policy, cache: String?) throws(LaunchError) -> [UInt8] {
    do throws(FilterError) {
      return try SyscallFilter.cached(policy.syscalls, directory: cache)
    } catch {
      throw .filter(error)
    }
  }

  private static func ownerNamespaces(
    _ plan: LaunchPlan, _ identity: Identity, _ held: inout [HeldDescriptor]
  ) throws(LaunchError) -> [(owner: FileOwner, namespace: Int32)] {
    var owners: [(owner: FileOwner, namespace: Int32)] = []
    for step in plan.steps {
      guard let owner = step.mappedOwner, !owners.contains(where: { $0.owner == owner }) else {
        continue
      }
      let namespace = try attempt { () throws(SystemError) in
        try Launcher.ownerNamespace(owner, to: identity)
      }
      let box = HeldDescriptor(namespace)
      owners.append((owner, box.descriptor.raw))
      held.append(box)
    }
    return owners
  }
}
