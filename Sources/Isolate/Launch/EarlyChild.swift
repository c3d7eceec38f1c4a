internal import CSeccomp
private import Glibc

/// A child that is born before the policy is known: the kernel makes its namespaces, the dearest part of a launch, and the child takes
/// the steps that nearly every plan begins with, while this process reads profiles. See docs/decisions/0003-early-child.md.
///
/// Dropped without a plan, it ends by itself: its lifeline closes.
@safe package struct EarlyChild: ~Copyable {
  private var early: launch_early
  private let reports: ReportEnds
  private let lifeline: PipeEnds
  private let pidfd: Descriptor
  /// What was guessed: a policy that needs anything else cannot use this child.
  package let hasNetwork: Bool
  /// What it does before it has a plan; every usable plan begins with it.
  package let ahead: UsualStart
  private let watched: [String]

  /// The step that a report names when the namespaces could not be made.
  package static let step = Int(UInt32.max)

  /// Whether the guess was right for this policy.
  package borrowing func serves(_ policy: Policy) -> Bool {
    policy.limits.cgroup == nil
      && (!hasNetwork || policy.network.mode != .host)
      && ahead.begins(policy)
  }

  /// Clones the child. The caller has blocked all signals.
  ///
  /// - Parameters:
  ///   - isPrivileged: real root: the user namespace comes last, by the plan.
  ///   - withNetwork: make a network namespace too.
  /// - Throws: `SystemError` of clone3(2) and what it needs.
  package static func begin(
    isPrivileged: Bool, withNetwork: Bool
  ) throws(SystemError) -> EarlyChild {
    let reports = try Launcher.reportPair()
    let lifeline = try Pipe().split()
    var early = unsafe launch_early()
    unsafe early.report_fd = reports.childs.raw
    unsafe early.lifeline_fd = lifeline.readEnd.raw
    unsafe early.lifeline_write_fd = lifeline.writeEnd.raw
    let atClone = CloneFlag.pid | (isPrivileged ? 0 : CloneFlag.user)
    let later =
      CloneFlag.mounts | CloneFlag.ipc | CloneFlag.uts | CloneFlag.cgroup
      | (withNetwork ? CloneFlag.network : 0)
    let order: Namespaces.Order = isPrivileged ? .userLast : .userFirst
    let usual = Identity.usualID
    let ids =
      isPrivileged
      ? nil : IdMap(uid: usual, gid: usual, outerUID: geteuid(), outerGID: getegid())
    let ahead = UsualStart(order, ids: ids)
    let flat = FlatPlan(ahead.steps, command: [], environment: [], filter: []) { _ in -1 }
    try call("clone3") {
      unsafe flat.withPlan(
        report: reports.childs.raw, lifeline: lifeline.readEnd.raw, lifelineWrite: -1
      ) { plan in
        unsafe launch_early_begin(&early, atClone, later, plan)
      }
    }
    return unsafe EarlyChild(
      early: early, reports: reports, lifeline: lifeline,
      pidfd: Descriptor(adopting: early.pidfd), hasNetwork: withNetwork,
      ahead: ahead, watched: flat.watched)
  }

  /// Ends a child that is not wanted, and waits until it is gone.
  package consuming func end() {
    ProcessHandle.endAndReap(pidfd)
  }

  /// Hands the plan over and lets the child run it.
  ///
  /// - Parameter passed: descriptors that the plan names and that were opened since `begin`: the child gets copies.
  package consuming func run(
    _ plan: borrowing FlatPlan, passing passed: [Int32]
  ) throws(SystemError) -> Child {
    let report = reports.childs.raw
    let ours = reports.ours.raw
    let read = lifeline.readEnd.raw
    var early = unsafe self.early
    try call("write") {
      unsafe plan.withPlan(report: report, lifeline: read, lifelineWrite: -1) { plan in
        unsafe launch_early_run(&early, plan, ours, passed, UInt32(passed.count))
      }
    }
    let pid = unsafe early.pid
    unsafe launch_early_release(&early)
    return Child(
      pid: pid, pidfd: pidfd, reports: reports.keepOurs(), lifeline: lifeline.keepWriteEnd(),
      watched: watched + plan.watched)
  }
}
