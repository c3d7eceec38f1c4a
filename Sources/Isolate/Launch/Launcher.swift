internal import CSeccomp
internal import Glibc

/// A launched app: its init, and the supervisor's ends of what ties them.
package struct Child: ~Copyable {
  /// Init's pid in the supervisor's pid namespace.
  package let pid: Int32
  package let pidfd: Descriptor
  /// Where the child's and init's reports arrive. Does not block.
  package let reports: Descriptor
  /// While this is open the sandbox lives.
  package let lifeline: Descriptor
  /// The private file systems, in the order of `ReportMessage.fullFileSystems`.
  package let watched: [String]
}

/// A message of the child or of init.
package enum ReportMessage: ~Copyable {
  case failed(step: Int, number: Int32)
  case terminal(Descriptor)
  case started(pid: Int32)
  case stopped(signal: Int32)
  case continued
  case exited(waitStatus: Int32, usage: ChildUsage)
  /// What lies in the private file systems and in SysV shared memory, attached or not.
  case shared(bytes: UInt64)
  /// A file that the process of the next `crashed` has mapped.
  case crashFile(Descriptor)
  /// A process is about to end by a signal: its core (crash_core.h), and how many files came before.
  case crashed(core: Descriptor, files: Int)
  /// Nobody looks at crashes: from the start, with the reason (errno(3)), or any more (0).
  case unwitnessed(number: Int32)
}

/// What init counted.
package struct ChildUsage: Hashable, Sendable {
  package var userMicroseconds: UInt64
  package var systemMicroseconds: UInt64
  /// Of the largest single process.
  package var peakResidentKiB: UInt64
  package var processes: UInt64
  /// Of them, those that still lived when the app had ended.
  package var left: UInt64
  /// Bit i: the i-th of `Child.watched` was full when the app ended.
  package var fullFileSystems: UInt32
}

package enum Launcher {
  /// Clones the child and lets it run the plan.
  ///
  /// The caller has blocked all signals: the child starts with them blocked.
  ///
  /// - Parameter cgroup: of v2: the child is born in it; of v1: it is moved in while it waits at the gate.
  /// - Throws: `SystemError` of clone3(2): EPERM or ENOSPC where user namespaces are not to be had.
  package static func launch(
    _ plan: borrowing FlatPlan, cloneFlags: UInt64, cgroup: Cgroup?
  ) throws(SystemError) -> Child {
    try launch(
      plan, cloneFlags: cloneFlags, directory: cgroup?.directory,
      entering: cgroup.map { $0.needsGate ? $0.paths : [] } ?? [])
  }

  /// - Parameters:
  ///   - directory: of cgroup v2, to be born in.
  ///   - paths: of v1, to be moved into while the child waits at the gate.
  static func launch(
    _ plan: borrowing FlatPlan, cloneFlags: UInt64, directory: Int32?, entering paths: [String]
  ) throws(SystemError) -> Child {
    let sockets = try reportPair()
    let lifeline = try Pipe().split()
    var pidfd: Int32 = -1
    let pid = try call("clone3") {
      unsafe plan.withPlan(
        report: sockets.childs.raw, lifeline: lifeline.readEnd.raw,
        lifelineWrite: lifeline.writeEnd.raw
      ) { plan in
        unsafe launch_clone(plan, cloneFlags, directory ?? -1, &pidfd)
      }
    }
    let process = Descriptor(adopting: pidfd)
    if !paths.isEmpty { try admit(pid, process, to: paths, through: lifeline.writeEnd) }
    return Child(
      pid: pid, pidfd: process, reports: sockets.keepOurs(),
      lifeline: lifeline.keepWriteEnd(), watched: plan.watched)
  }

  /// Both ends of the socket that reports travel on: ours, the child's.
  static func reportPair() throws(SystemError) -> ReportEnds {
    var sockets: (Int32, Int32) = (-1, -1)
    try call("socketpair") {
      unsafe withUnsafeMutableBytes(of: &sockets) {
        unsafe kernel_report_pair($0.assumingMemoryBound(to: Int32.self).baseAddress)
      }
    }
    return ReportEnds(
      ours: Descriptor(adopting: sockets.0), childs: Descriptor(adopting: sockets.1))
  }

  /// Moves the waiting child into its cgroups and opens the gate. On failure nothing of the child is left.
  private static func admit(
    _ pid: Int32, _ process: borrowing Descriptor, to paths: [String],
    through lifeline: borrowing Descriptor
  ) throws(SystemError) {
    do throws(SystemError) {
      for path in paths { try CgroupFile.write(String(pid), to: path + "/cgroup.procs") }
      let raw = lifeline.raw
      try call("write") { unsafe write(raw, "g", 1) }
    } catch {
      let cause = error
      try ProcessHandle.send(SIGKILL, to: process)
      _ = try ProcessHandle.status(of: process, blocking: true)
      throw cause
    }
  }

  /// Has init kill the app and all that it has started, and end. What it still reports can be received.
  package static func endByInit(_ reports: borrowing Descriptor) throws(SystemError) {
    let socket = reports.raw
    try call("shutdown") { shutdown(socket, Int32(SHUT_WR)) }
  }

  /// Asks init how much memory lies where no process need map it. The answer is a `.shared` report.
  package static func askForShared(_ reports: borrowing Descriptor) {
    /* Init that is gone, or has a question already, needs none. */
    _ = kernel_send_byte(reports.raw)
  }

  /// The next report, or nil when there is none now.
  ///
  /// - Throws: `SystemError`; EIO for a message that is not one.
  package static func receive(
    from reports: borrowing Descriptor
  ) throws(SystemError) -> ReportMessage? {
    var report = launch_report()
    var fd: Int32 = -1
    let socket = reports.raw
    let size: Int
    do throws(SystemError) {
      size = try call("recvmsg") { unsafe kernel_receive_report(socket, &report, &fd) }
    } catch {
      if error.number == EAGAIN || error.number == ECONNRESET { return nil }
      throw error
    }
    let passed: Descriptor? = fd >= 0 ? Descriptor(adopting: fd) : nil
    if size == 0 { return nil }
    guard size == MemoryLayout<launch_report>.size else {
      throw SystemError(call: "recvmsg", number: EIO)
    }
    return try message(report, passed)
  }

  private static func message(
    _ report: launch_report, _ passed: consuming Descriptor?
  ) throws(SystemError) -> ReportMessage {
    switch report.kind {
    case LAUNCH_REPORT_FAILED.rawValue:
      return .failed(step: Int(report.step), number: report.error)
    case LAUNCH_REPORT_TERMINAL.rawValue:
      guard let passed else { throw SystemError(call: "recvmsg", number: EIO) }
      return .terminal(passed)
    case LAUNCH_REPORT_STARTED.rawValue: return .started(pid: report.pid)
    case LAUNCH_REPORT_STOPPED.rawValue: return .stopped(signal: report.status)
    case LAUNCH_REPORT_CONTINUED.rawValue: return .continued
    case LAUNCH_REPORT_EXITED.rawValue:
      return .exited(
        waitStatus: report.status,
        usage: ChildUsage(
          userMicroseconds: report.user_microseconds,
          systemMicroseconds: report.system_microseconds,
          peakResidentKiB: report.peak_resident_kib, processes: report.reaped, left: report.left,
          fullFileSystems: report.tmpfs_full))
    case LAUNCH_REPORT_SHARED.rawValue:
      let segments = report.shared_pages.multipliedReportingOverflow(by: kernel_page_size())
      return .shared(bytes: report.shared_bytes &+ segments.partialValue)
    case LAUNCH_REPORT_CRASH_FILE.rawValue:
      guard let passed else { throw SystemError(call: "recvmsg", number: EIO) }
      return .crashFile(passed)
    case LAUNCH_REPORT_CRASHED.rawValue:
      guard let passed else { throw SystemError(call: "recvmsg", number: EIO) }
      return .crashed(core: passed, files: Int(report.step))
    case LAUNCH_REPORT_UNWITNESSED.rawValue: return .unwitnessed(number: report.error)
    default: throw SystemError(call: "recvmsg", number: EIO)
    }
  }

  /// Opens a user namespace that maps a file owner to the app, for idmapped mounts.
  package static func ownerNamespace(
    _ owner: FileOwner, to identity: Identity
  ) throws(SystemError) -> Descriptor {
    let raw = try call("clone", "a user namespace for uid \(owner.uid)") {
      kernel_user_namespace(owner.uid, identity.hostUID, owner.gid, identity.hostGID)
    }
    return Descriptor(adopting: raw)
  }
}

/// The two ends of a report socket.
struct ReportEnds: ~Copyable {
  let ours: Descriptor
  let childs: Descriptor

  /// Closes the child's end, keeps ours.
  consuming func keepOurs() -> Descriptor { ours }
}
