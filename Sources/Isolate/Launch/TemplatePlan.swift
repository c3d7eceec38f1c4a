/// A launch in three parts: what the launcher process does once, what each ready child does before
/// its app is known, and the
/// rest. See docs/decisions/0004-prepared-launcher.md.
///
/// The template is a policy too; the launches that fit it do everything that its ready children
/// have done already.
package struct TemplatePlan: Equatable, Sendable {
  /// Run by the launcher process: a root that holds the shared read-only trees and nothing else of
  /// the host.
  package let prepare: [LaunchStep]
  /// Run by each ready child, in namespaces of its own: nothing it makes is shared with another
  /// one.
  package let ready: [LaunchStep]
  /// CLONE_NEW* flags of the launcher process itself, and of its children.
  package let ownFlags: UInt64
  package let childFlags: UInt64
  private let order: Namespaces.Order
  private let network: NetworkPolicy.Mode
  private let hostUID: UInt32
  private let hostGID: UInt32
  private let shared: [LaunchStep]
  /// The Landlock ruleset that the ready children have made: its first step, then its paths. Empty:
  /// none.
  private let ruleset: [LaunchStep]

  /// Splits a policy.
  ///
  /// - Parameter landlockABI: as for the apps; 0: no ruleset is made ahead.
  /// - Throws: `TemplateMisfit.order` where there are no namespaces, `.rules` for files that are
  /// not there.
  package init(
    _ policy: Policy, landlockABI: Int, sources: PlanSources
  ) throws(TemplateMisfit) {
    order = policy.namespaces.order
    guard order != .without else { throw .order }
    network = policy.network.mode
    /* As root the ids come with the rest: apps of all ids fit. */
    hostUID = order == .userFirst ? policy.identity.hostUID : 0
    hostGID = order == .userFirst ? policy.identity.hostGID : 0
    let context = PlanContext(
      landlockABI: landlockABI, filterInstructions: 0, standard: [], terminal: nil,
      nullDescriptor: -1,
      bootSeconds: 0, monotonicSeconds: 0)
    let plan = try Self.split(policy, context, sources)
    let (shared, late) = Self.shareable(plan.mounts)
    self.shared = shared
    ruleset = plan.tail.filter { step in
      step.isRuleset && !late.contains { $0.coversPath(of: step) }
    }
    var ready = shared
    if network != .host {
      /* The helper works beside the mounts; sysfs shows the network namespace of whoever mounts it. */
      let sysfs = ready.firstIndex(of: .mountSysfs(path: "sys"))
      ready.insert(.joinNetwork, at: sysfs ?? ready.count)
      ready.insert(.startNetwork(loopback: network == .loopback), at: 0)
    }
    self.ready = ready + [.enterRoot] + ruleset
    prepare = try Self.preparation(shared, policy, sources)
    ownFlags = CloneFlag.mounts | (order == .userFirst ? CloneFlag.user : 0)
    childFlags =
      CloneFlag.mounts | CloneFlag.pid | CloneFlag.ipc | CloneFlag.uts | CloneFlag.cgroup
  }

  /// The steps that are left for one app, to be run after `ready`.
  ///
  /// - Throws: why the app cannot be launched from this template; it can be launched the ordinary
  /// way.
  package func rest(
    of policy: Policy, context: PlanContext, sources: PlanSources
  ) throws(TemplateMisfit) -> [LaunchStep] {
    guard policy.namespaces.order == order else { throw .order }
    guard policy.network.mode == network else { throw .network }
    if order == .userFirst {
      guard policy.identity.hostUID == hostUID, policy.identity.hostGID == hostGID else {
        throw .order
      }
    }
    let plan = try Self.split(policy, context, sources)
    var own: [LaunchStep] = []
    var next = 0
    for step in plan.mounts {
      if next < shared.count && step == shared[next] {
        if let cover = own.first(where: { $0.covers(step) }) { throw .covers(cover, step) }
        next += 1
      } else {
        /* A later one: what comes before it is not in this app's plan. */
        if shared[next...].contains(step) { throw .missing(shared[next]) }
        try accept(step)
        own.append(step)
      }
    }
    if next < shared.count { throw .missing(shared[next]) }
    return own + tail(plan.tail, after: own)
  }

  /// Without what the ruleset that was made ahead says already; or whole, when that one allows
  /// anything else.
  private func tail(_ tail: [LaunchStep], after own: [LaunchStep]) -> [LaunchStep] {
    let isUsable = ruleset.allSatisfy { step in
      tail.contains(step) && !own.contains { $0.coversPath(of: step) }
    }
    guard isUsable else { return tail }
    return tail.filter { !ruleset.contains($0) }
  }

  /// What a child that cannot see the host's files can still do.
  private func accept(_ step: LaunchStep) throws(TemplateMisfit) {
    switch step {
    case .bind(let bind):
      /* Only root may clone a tree of the host's mount namespace. A bind over the root would hide
         all that is ready. */
      if order != .userLast || bind.target.isEmpty { throw .unsupported(step) }
    case .mountOverlay: throw .unsupported(step)
    default: break
    }
  }

  /// A plan as its mounts and what follows them.
  private static func split(
    _ policy: Policy, _ context: PlanContext, _ sources: PlanSources
  ) throws(TemplateMisfit) -> (mounts: [LaunchStep], tail: [LaunchStep]) {
    var context = context
    context.isPrepared = true
    context.networkIsMade = true
    let plan: LaunchPlan
    do throws(PlanErrors) {
      plan = try LaunchPlanner(policy, context: context, sources: sources).plan()
    } catch {
      throw .rules(error)
    }
    guard let pivot = plan.steps.firstIndex(of: .enterRoot) else { throw .order }
    let mounts = plan.steps[..<pivot].filter { $0 != .raiseLoopback && $0 != .makeMountsPrivate }
    return (Array(mounts), Array(plan.steps[(pivot + 1)...]))
  }

  /// The mounts that need no app: not what is writable outside, not what names the app, and nothing
  /// above or below those.
  private static func shareable(
    _ mounts: [LaunchStep]
  ) -> (shared: [LaunchStep], late: [LaunchStep]) {
    var late: [LaunchStep] = []
    var shared: [LaunchStep] = []
    for step in mounts {
      if step.isShareable && !late.contains(where: { $0.covers(step) }) {
        shared.append(step)
      } else {
        late.append(step)
      }
    }
    return (shared, late)
  }

  private static func preparation(
    _ shared: [LaunchStep], _ policy: Policy, _ sources: PlanSources
  ) throws(TemplateMisfit) -> [LaunchStep] {
    var steps: [LaunchStep] = []
    let identity = policy.identity
    if policy.namespaces.order == .userFirst {
      /* The launcher's own user namespace maps the caller to itself; each app's lies inside. */
      steps.append(.writeProc(file: "setgroups", content: "deny"))
      steps.append(
        .writeProc(file: "uid_map", content: "\(identity.hostUID) \(identity.hostUID) 1\n"))
      steps.append(
        .writeProc(file: "gid_map", content: "\(identity.hostGID) \(identity.hostGID) 1\n"))
    }
    steps += [.makeMountsPrivate, .makeRoot(sizeBytes: 1 << 20)]
    var seen: Set<String> = []
    for step in shared {
      guard case .bind(var bind) = step, seen.insert(bind.source).inserted else { continue }
      bind.target = String(bind.source.dropFirst())
      steps.append(.bind(bind))
    }
    /* The children write their own id maps through it, and may mount a fresh one only where one is
       seen whole. */
    let proc: FileStatus?
    do throws(SystemError) {
      proc = try sources.status("/proc", true)
    } catch {
      throw .system(error)
    }
    guard let proc else { throw .noProc }
    steps.append(
      .bind(
        BindStep(
          source: "/proc", device: proc.device, inode: proc.inode, isDirectory: true,
          target: "proc", attributes: [], isRecursive: true, mappedOwner: nil)))
    return steps + [.setAttributes(path: "", [.readOnly, .noSetID, .noDevices]), .enterRoot]
  }
}

/// Why a launch cannot come from a template.
package enum TemplateMisfit: Error, Sendable {
  /// Other namespaces, or another identity of an ordinary user.
  case order
  case network
  /// The template's children have made what this app is not to have.
  case missing(LaunchStep)
  /// The app's own mount would come after, and so hide, what is made ahead.
  case covers(LaunchStep, LaunchStep)
  /// Needs the host's files, which the children do not see.
  case unsupported(LaunchStep)
  case noProc
  case rules(PlanErrors)
  case system(SystemError)
}

extension LaunchStep {
  /// Files whose content tells one app from another.
  private static let namesApp: Set<String> = [
    "etc/hosts", "etc/hostname", "etc/passwd", "etc/group",
  ]

  /// Whether it can be made before the app is known, and is the same for all that fit.
  fileprivate var isShareable: Bool {
    switch self {
    case .bind(let bind):
      return bind.mappedOwner == nil && !bind.target.isEmpty
        && (bind.attributes.contains(.readOnly) || PathWords.isBeneath(bind.source, "/dev"))
    case .makeFile(let path, _, _): return !Self.namesApp.contains(path)
    case .makeRoot, .makeDirectory, .makeLink, .makeDevice, .mountTmpfs, .mountProc, .mountDevpts,
      .mountSysfs, .mask, .makeReadOnly:
      return true
    default: return false
    }
  }

  /// Where it makes something, "" for the root; nil for what makes nothing in the file view.
  private var place: String? {
    switch self {
    case .bind(let bind), .attachTree(_, let bind): bind.target
    case .mountTmpfs(let tmpfs): tmpfs.target
    case .mountOverlay(let overlay): overlay.target
    case .makeDirectory(let path, _), .makeFile(let path, _, _), .makeLink(let path, _),
      .makeDevice(let path, _), .mountProc(let path), .mountDevpts(let path, _),
      .mountSysfs(let path), .mask(let path), .makeReadOnly(let path):
      path
    default: nil
    }
  }

  /// Part of a Landlock ruleset, but for its ports.
  fileprivate var isRuleset: Bool {
    switch self {
    case .beginLandlock, .allowPath: true
    default: false
    }
  }

  /// Whether it changes what a path of a Landlock rule means: something is made there, above it or
  /// below it.
  fileprivate func coversPath(of rule: LaunchStep) -> Bool {
    guard case .allowPath(let path, _) = rule, let place else { return false }
    if case .setAttributes = self { return false }
    return ProfilePath.contains("/" + place, path)
  }

  /// Whether it is a mount on or above the place of another step: made after that one, it would
  /// hide it.
  fileprivate func covers(_ other: LaunchStep) -> Bool {
    switch self {
    case .bind, .attachTree, .mountTmpfs, .mountOverlay, .mask, .mountProc, .mountDevpts,
      .mountSysfs:
      guard let outer = place, let inner = other.place else { return false }
      return outer.isEmpty || ProfilePath.contains("/" + outer, "/" + inner)
    default: return false
    }
  }
}
