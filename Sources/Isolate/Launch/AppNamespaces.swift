internal import CSeccomp

/// Why a running app's sandbox cannot be entered.
package enum EnterError: Error, Sendable {
  /// The app has ended, or is about to.
  case ended
  /// It was launched without namespaces: there is no sandbox to enter.
  case withoutNamespaces
  /// No process of the app lets its namespaces be opened: each has made itself undumpable (prctl(2)).
  case closed
  /// What was found is not what the launch made: the app has put a namespace of its own in its place.
  case foreign(NamespaceKind)
  /// The app's cgroup cannot be found.
  case noCgroup
  case system(SystemError)
}

/// A process that is not ours, held by its pidfd, so that its number cannot come to mean another.
package struct OtherProcess: ~Copyable {
  package let pid: Int32
  package let pidfd: Descriptor

  /// - Throws: ESRCH when there is none.
  package init(_ pid: Int32) throws(SystemError) {
    self.pid = pid
    pidfd = Descriptor(adopting: try call("pidfd_open") { kernel_pidfd(pid) })
  }

  /// What was read beneath /proc/PID before this says yes was of this process.
  package borrowing func isAlive() -> Bool { kernel_is_alive(pidfd.raw) == 1 }
}

/// The namespaces of a running app, held open, and known to be those that its launch made.
package struct AppNamespaces: ~Copyable {
  private let held: [(kind: NamespaceKind, box: HeldDescriptor)]

  /// By number, in the order in which they are entered.
  package var descriptors: [(kind: NamespaceKind, number: Int32)] {
    held.map { ($0.kind, $0.box.descriptor.raw) }
  }

  /// Init is closed to ordinary users, as it is to the app; then one of its children, which the app itself is.
  private static let maximumCandidates = 64

  /// Opens them.
  ///
  /// - Parameters:
  ///   - initProcess: the sandbox's init.
  ///   - policy: what the app was launched under.
  package static func open(
    of initProcess: borrowing OtherProcess, policy: Policy
  ) throws(EnterError) -> AppNamespaces {
    let order = policy.namespaces.order
    if order == .without { throw .withoutNamespaces }
    if let found = try opened(initProcess.pid, policy) {
      guard initProcess.isAlive() else { throw .ended }
      try check(found, order)
      return AppNamespaces(held: found)
    }
    var problem = EnterError.closed
    for pid in ProcessTree.children(ofMain: initProcess.pid).prefix(maximumCandidates) {
      guard let found = try opened(child: pid, of: initProcess.pid, policy) else { continue }
      do throws(EnterError) {
        try check(found, order)
        return AppNamespaces(held: found)
      } catch {
        problem = error
      }
    }
    throw initProcess.isAlive() ? problem : .ended
  }

  /// Nil: it ended meanwhile, or is closed to us.
  private static func opened(
    child pid: Int32, of parent: Int32, _ policy: Policy
  ) throws(EnterError) -> [(kind: NamespaceKind, box: HeldDescriptor)]? {
    let process: OtherProcess
    do throws(SystemError) {
      process = try OtherProcess(pid)
    } catch {
      if error.number == Errno.noProcess { return nil }
      throw .system(error)
    }
    guard ProcessTree.children(ofMain: parent).contains(pid), let found = try opened(pid, policy),
      process.isAlive()
    else { return nil }
    return found
  }

  private static func opened(
    _ pid: Int32, _ policy: Policy
  ) throws(EnterError) -> [(kind: NamespaceKind, box: HeldDescriptor)]? {
    var found: [(kind: NamespaceKind, box: HeldDescriptor)] = []
    for kind in kinds(policy) {
      do throws(SystemError) {
        let opened = try Descriptor.openForReading("/proc/\(pid)/ns/\(file(kind))")
        found.append((kind, HeldDescriptor(opened)))
      } catch {
        switch error.number {
        case Errno.access, Errno.notPermitted, Errno.noEntry, Errno.noProcess: return nil
        default: throw .system(error)
        }
      }
    }
    return found
  }

  /// An ordinary user has a right to the others only inside the app's user namespace; root only outside.
  private static func kinds(_ policy: Policy) -> [NamespaceKind] {
    var others: [NamespaceKind] = [.ipc, .uts, .cgroup]
    if policy.network.mode != .host { others.append(.network) }
    if policy.namespaces.time { others.append(.time) }
    others += [.pid, .mount]
    return policy.namespaces.order == .userFirst ? [.user] + others : others + [.user]
  }

  private static func file(_ kind: NamespaceKind) -> String {
    switch kind {
    case .user: "user"
    /* Init made it and is not in it itself (time_namespaces(7)). */
    case .time: "time_for_children"
    case .cgroup: "cgroup"
    case .mount: "mnt"
    case .pid: "pid"
    case .network: "net"
    case .ipc: "ipc"
    case .uts: "uts"
    }
  }

  /// An app may make namespaces of its own, where its filter allows that: they belong to a user namespace beneath its own. Those of the
  /// launch belong to the app's user namespace itself or, as root, to ours, where the app could not make any.
  private static func check(
    _ found: [(kind: NamespaceKind, box: HeldDescriptor)], _ order: Namespaces.Order
  ) throws(EnterError) {
    guard let user = found.first(where: { $0.kind == .user })?.box else { throw .closed }
    let ours: UInt64
    let apps: UInt64
    do throws(SystemError) {
      ours = try FileStatus.of("/proc/self/ns/user")?.inode ?? 0
      apps = try FileStatus.of(user.descriptor).inode
    } catch {
      throw .system(error)
    }
    guard ours != 0, kernel_namespace_owner(user.descriptor.raw, 1) == ours else {
      throw .foreign(.user)
    }
    let owner = order == .userFirst ? apps : ours
    for one in found where one.kind != .user {
      guard kernel_namespace_owner(one.box.descriptor.raw, 0) == owner else {
        throw .foreign(one.kind)
      }
    }
  }
}
