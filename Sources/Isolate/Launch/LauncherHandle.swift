internal import CSeccomp

/// The supervisor's end of one launcher process.
struct LauncherHandle: ~Copyable {
  let pid: Int32
  let pidfd: Descriptor
  private let control: Descriptor

  /// Seconds after which a launcher process that does not answer is given up.
  private static let patience: Int32 = 5

  static func start(_ template: TemplatePlan) throws(LauncherError) -> LauncherHandle {
    let started = try attempted { () throws(SystemError) in try begin(template) }
    let control = started.control.raw
    var report = launch_report()
    do throws(SystemError) {
      var fd: Int32 = -1
      let size = try call("recvmsg") { unsafe kernel_receive_report(control, &report, &fd) }
      if size == 0 { report.kind = 0 }
    } catch {
      /* It has said nothing in time. */
      started.end()
      throw .system(error)
    }
    switch report.kind {
    case LAUNCH_REPORT_STARTED.rawValue: return started
    case LAUNCH_REPORT_FAILED.rawValue where Int(report.step) < template.prepare.count:
      started.end()
      throw .step(template.prepare[Int(report.step)], number: report.error)
    default:
      started.end()
      throw .ended
    }
  }

  private static func begin(_ template: TemplatePlan) throws(SystemError) -> LauncherHandle {
    let prepare = try pack(template.prepare)
    let ready = try pack(template.ready)
    var raw: (Int32, Int32) = (-1, -1)
    try call("socketpair") {
      unsafe withUnsafeMutableBytes(of: &raw) {
        unsafe launcher_pair($0.assumingMemoryBound(to: Int32.self).baseAddress, patience)
      }
    }
    let ends = ReportEnds(ours: Descriptor(adopting: raw.0), childs: Descriptor(adopting: raw.1))
    var pidfd: Int32 = -1
    let pid = try call("clone3") {
      unsafe launcher_begin(
        prepare.raw, ready.raw, template.ownFlags, template.childFlags, ends.childs.raw, &pidfd)
    }
    return LauncherHandle(
      pid: pid, pidfd: Descriptor(adopting: pidfd), control: ends.keepOurs())
  }

  private static func pack(_ steps: [LaunchStep]) throws(SystemError) -> Descriptor {
    let flat = FlatPlan(steps, command: [], environment: [], filter: []) { _ in -1 }
    return try flat.packed()
  }

  /// Has a ready child made.
  func prepare(cgroup: Int32?) throws(LauncherError) -> ReadyChild {
    do throws(SystemError) {
      let reports = try Launcher.reportPair()
      let lifeline = try Pipe().split()
      var pidfd: Int32 = -1
      let pid = try call("clone3") {
        unsafe launcher_prepare(
          control.raw, reports.childs.raw, lifeline.readEnd.raw, cgroup ?? -1, &pidfd)
      }
      return ReadyChild(
        pid: pid, pidfd: Descriptor(adopting: pidfd), reports: reports.keepOurs(),
        lifeline: lifeline.keepWriteEnd())
    } catch {
      if error.number == Errno.brokenPipe || error.number == Errno.connectionReset { throw .ended }
      throw .system(error)
    }
  }

  /// Kills and reaps it; nothing happens when that is done already.
  borrowing func end() { ProcessHandle.endAndReap(pidfd) }
}

/// A child that waits for its app.
struct ReadyChild: ~Copyable {
  let pid: Int32
  let pidfd: Descriptor
  let reports: Descriptor
  let lifeline: Descriptor

  consuming func become(watching watched: [String]) -> Child {
    Child(pid: pid, pidfd: pidfd, reports: reports, lifeline: lifeline, watched: watched)
  }
}

/// A box, so that the pool can own ready children.
final class ReadyBox {
  private var child: ReadyChild?

  init(_ child: consuming ReadyChild) { self.child = consume child }

  /// Lets the child run the rest.
  ///
  /// - Throws: `SystemError`; EPIPE when the child has ended. The box then still holds it.
  func run(_ app: borrowing PlannedApp, _ passed: [Int32]) throws(SystemError) -> Child {
    guard let reports = child?.reports.raw else {
      throw SystemError(call: "sendmsg", number: Errno.brokenPipe)
    }
    let packed = app.packed.raw
    let floor = app.floor
    try call("sendmsg") {
      unsafe passed.withUnsafeBufferPointer { passed in
        unsafe launcher_run(reports, packed, passed.baseAddress, UInt32(passed.count), floor)
      }
    }
    guard let child = child.take() else {
      throw SystemError(call: "sendmsg", number: Errno.brokenPipe)
    }
    return child.become(watching: app.watched)
  }

  /// The step at which it ended, if it said so.
  func failedStep() -> (step: Int, number: Int32)? {
    guard let child = child.take() else { return nil }
    var failed: (step: Int, number: Int32)?
    do throws(SystemError) {
      if case .failed(let step, let number)? = try Launcher.receive(from: child.reports) {
        failed = (step, number)
      }
    } catch {
      /* It said nothing that can be understood; the caller has the error of the launch. */
    }
    self.child = consume child
    return failed
  }

  /// Ends it.
  func discard() {
    guard let child = child.take() else { return }
    ProcessHandle.endAndReap(child.pidfd)
  }
}
