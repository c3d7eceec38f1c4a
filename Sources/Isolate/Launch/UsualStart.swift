/// How nearly every launch begins, whatever its policy says: an empty root, and in it the app's own /dev and /proc. It is known before
/// a profile is read, so an early child makes it meanwhile (`EarlyChild`). See docs/decisions/0003-early-child.md.
extension LaunchPlanner {
  /// Where the app's own devices come from. Source: the kernel's Documentation/admin-guide/devices.txt.
  static let devices: [(name: String, major: UInt64, minor: UInt64)] = [
    ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9),
    ("tty", 5, 0),
  ]

  /// Files of /proc that say or do more than an app's business; covered. Not every kernel has all: the child passes over what is not
  /// there.
  private static let maskedProcFiles = [
    "acpi", "asound", "kcore", "key-users", "keys", "kmsg", "latency_stats", "scsi",
    "sched_debug", "timer_list", "timer_stats",
  ]
  /// Directories and files of /proc that change the machine; read-only.
  private static let readOnlyProcFiles = ["bus", "fs", "irq", "sys", "sysrq-trigger"]

  /// Whether the policy's launch begins as `usualStart` says: no rule lies on /dev or /proc, above them or inside /proc, which would
  /// have to come first.
  static func startsAsUsual(_ policy: Policy) -> Bool {
    guard policy.namespaces.order != .without, policy.files.dev, policy.files.proc else {
      return false
    }
    return !policy.files.rules.contains { rule in
      PathWords.isAtOrBeneath("/dev", rule.target) || PathWords.isAtOrBeneath("/proc", rule.target)
        || PathWords.isBeneath(rule.target, "/proc")
    }
  }

  /// The first steps of a launch in namespaces that are there already.
  ///
  /// - Parameter ids: nil: the maps are not to be written now.
  static func usualStart(_ order: Namespaces.Order, ids: IdMap?) -> [LaunchStep] {
    var steps: [LaunchStep] = []
    steps.reserveCapacity(48)
    if let ids { steps += ids.steps }
    steps.append(.makeMountsPrivate)
    steps.append(emptyRoot)
    if order == .userLast { steps += ownDev }
    return steps + ownProc
  }

  static var emptyRoot: LaunchStep { .makeRoot(sizeBytes: 4 << 20) }

  /// A /dev with a file system of its own, in which real root makes nodes: three times faster than binds.
  private static var ownDev: [LaunchStep] {
    [devFileSystem] + devices.map { nodeStep($0) } + devLinks
  }

  static var devFileSystem: LaunchStep {
    .mountTmpfs(
      TmpfsStep(
        target: "dev", options: "size=64k,nr_inodes=64,mode=0755",
        attributes: [.noSetID, .noExecute]
      ))
  }

  static func nodeStep(_ device: (name: String, major: UInt64, minor: UInt64)) -> LaunchStep {
    .makeDevice(path: "dev/\(device.name)", number: device.major << 8 | device.minor)
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

  static var ownProc: [LaunchStep] {
    [.mountProc(path: "proc")] + maskedProcFiles.map { .mask(path: "proc/\($0)") }
      + readOnlyProcFiles.map { .makeReadOnly(path: "proc/\($0)") }
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
