/// How nearly every launch begins, whatever its policy says: an empty root, and in it the app's own /dev and /proc. It is known before
/// a profile is read, so an early child makes it meanwhile (`EarlyChild`). See docs/decisions/0003-early-child.md.
package struct UsualStart {
  let order: Namespaces.Order
  let ids: IdMap?
  /// For a child in namespaces that are there already.
  package let steps: [LaunchStep]

  /// - Parameter ids: nil: the maps are not to be written now.
  init(_ order: Namespaces.Order, ids: IdMap?) {
    self.order = order
    self.ids = ids
    var steps = ids?.steps ?? []
    steps.reserveCapacity(48)
    steps.append(.makeMountsPrivate)
    steps.append(LaunchPlanner.emptyRoot)
    if order == .userLast { LaunchPlanner.addOwnDev(to: &steps) }
    LaunchPlanner.addOwnProc(to: &steps)
    self.steps = steps
  }

  /// Whether the policy's launch begins with these steps, in a child that has the maps of its ids from them or from its plan.
  package func begins(_ policy: Policy) -> Bool {
    LaunchPlanner.startsAsUsual(policy) && order == policy.namespaces.order
      && (order == .userLast ? ids == nil : ids == policy.identity.idMap)
  }
}

extension LaunchPlanner {
  /// Where the app's own devices come from. Source: the kernel's Documentation/admin-guide/devices.txt.
  static let devices: [(name: String, major: UInt64, minor: UInt64)] = [
    ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9),
    ("tty", 5, 0),
  ]

  /// Files of /proc that say or do more than an app's business; covered. Not every kernel has all: the child passes over what is not
  /// there.
  private static let maskedProcFiles = [
    "acpi", "asound", "kallsyms", "kcore", "key-users", "keys", "kmsg", "latency_stats", "scsi",
    "sched_debug", "timer_list", "timer_stats",
  ]
  /// Directories and files of /proc that change the machine; read-only.
  private static let readOnlyProcFiles = ["bus", "fs", "irq", "sys", "sysrq-trigger"]

  /// Whether the policy's launch begins as `UsualStart` says: no rule lies on /dev or /proc, above them or inside /proc, which would
  /// have to come first.
  static func startsAsUsual(_ policy: Policy) -> Bool {
    guard policy.namespaces.order != .without, policy.files.dev, policy.files.proc else {
      return false
    }
    return !policy.files.rules.contains { rule in
      ProfilePath.contains(rule.target, "/dev") || ProfilePath.contains(rule.target, "/proc")
        || PathWords.isBeneath(rule.target, "/proc")
    }
  }

  static var emptyRoot: LaunchStep { .makeRoot(sizeBytes: 4 << 20) }

  /// A /dev with a file system of its own, in which real root makes nodes: three times faster than binds.
  fileprivate static func addOwnDev(to steps: inout [LaunchStep]) {
    steps.append(devFileSystem)
    for device in devices { steps.append(nodeStep(device)) }
    steps += devLinks
  }

  static var devFileSystem: LaunchStep {
    .mountTmpfs(
      TmpfsStep(
        target: "dev", options: "size=64k,nr_inodes=64,mode=0755",
        attributes: [.noSetID, .noExecute]
      ))
  }

  static func nodeStep(_ device: (name: String, major: UInt64, minor: UInt64)) -> LaunchStep {
    .makeDevice(path: "dev/" + device.name, number: device.major << 8 | device.minor)
  }

  /// Own terminals, and the links that programs expect.
  static var devLinks: [LaunchStep] {
    [
      .mountDevpts(path: "dev/pts", options: "newinstance,ptmxmode=0666,mode=0620"),
      .makeLink(path: "dev/ptmx", target: "pts/ptmx"),
      .makeLink(path: "dev/fd", target: "/proc/self/fd"),
      .makeLink(path: "dev/stdin", target: "/proc/self/fd/0"),
      .makeLink(path: "dev/stdout", target: "/proc/self/fd/1"),
      .makeLink(path: "dev/stderr", target: "/proc/self/fd/2"),
    ]
  }

  static func addOwnProc(to steps: inout [LaunchStep]) {
    steps.append(.mountProc(path: "proc"))
    for name in maskedProcFiles { steps.append(.mask(path: "proc/" + name)) }
    for name in readOnlyProcFiles { steps.append(.makeReadOnly(path: "proc/" + name)) }
  }
}

/// One id of a user namespace and the id outside that it stands for; the same for the group.
struct IdMap: Equatable {
  var uid: UInt32
  var gid: UInt32
  var outerUID: UInt32
  var outerGID: UInt32

  /// The maps are written by the process itself, which a single id allows (user_namespaces(7)): no round trip to the parent.
  var steps: [LaunchStep] {
    [
      .writeProc(file: "setgroups", content: "deny"),
      .writeProc(file: "uid_map", content: "\(uid) \(outerUID) 1\n"),
      .writeProc(file: "gid_map", content: "\(gid) \(outerGID) 1\n"),
    ]
  }
}

extension Identity {
  var idMap: IdMap { IdMap(uid: uid, gid: gid, outerUID: hostUID, outerGID: hostGID) }
}
