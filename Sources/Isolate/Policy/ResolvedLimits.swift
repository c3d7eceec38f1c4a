/// By what each limit holds on this machine.
extension PolicyResolver {
  mutating func limits(_ order: Namespaces.Order) -> Limits {
    var limits = Limits()
    var legacy: [CgroupPlace.LegacyController] = []
    var needsUnified = false
    for setting in profile.limits {
      guard let amount = setting.amount.value else { continue }
      let enforcement = enforcement(setting, order)
      guard let enforcement else { continue }
      switch enforcement {
      case .cgroup2: needsUnified = true
      case .cgroup1:
        if let one = legacyController(setting.name), !legacy.contains(one) { legacy.append(one) }
      case .rlimit, .sampled, .timer: break
      }
      limits[setting.name] = Limit(
        amount: amount, enforcement: enforcement, position: setting.amount.position)
    }
    if LimitName.ofTraffic.contains(where: { limits[$0] != nil }) {
      limits.disks = host.disks ?? []
    }
    if limits.ioWeight != nil { limits.weighers = host.weighers }
    reportUnset()
    if needsUnified, let place = host.cgroup2 {
      limits.cgroup = .unified(parent: place.path)
    } else if !legacy.isEmpty {
      let keys = LimitName.allCases.filter { limits[$0]?.enforcement == .cgroup1 }.map(\.key)
      note(
        "\(keys.joined(separator: ", ")): enforced by cgroup v1, as `require` demands; "
          + "entering each cgroup makes the start about 11 ms slower.")
      limits.cgroup = .legacy(legacy)
    }
    return limits
  }

  /// What is required and nowhere set.
  private mutating func reportUnset() {
    for (requirement, names) in Self.limitRequirements {
      guard let required = self.requirement(requirement),
        !profile.limits.contains(where: { names.contains($0.name) && $0.amount.value != nil })
      else { continue }
      report(
        Diagnostic(
          at: required.position, length: required.length,
          "`require`: \(requirement.rawValue) is required but no profile sets it",
          cure: "add \(names.map(\.key).joined(separator: " or ")), or remove it from `require`"))
    }
  }

  private static let limitRequirements: [(Requirement, [LimitName])] = [
    (.memoryLimit, [.memory]), (.processLimit, [.processes]), (.cpuLimit, [.cpu]),
    (.ioLimit, LimitName.ofDisks),
  ]

  /// By what one limit holds; nil if by nothing, which is then reported.
  private mutating func enforcement(
    _ setting: LimitSetting, _ order: Namespaces.Order
  ) -> Enforcement? {
    switch setting.name {
    case .openFiles, .fileSize, .addressSpace, .coreSize: return .rlimit
    /* RLIMIT_CPU counts each process by itself, so the sum is looked at too. */
    case .cpuTime: return .sampled
    case .wallTime: return .timer
    case .memory:
      if let cgroup = cgroup(setting.name, requirement(.memoryLimit)) { return cgroup }
      weaker(
        requirement(.memoryLimit), setting.name,
        "each process's data is limited and the whole app's memory is looked at several times a "
          + "second"
      )
      return .sampled
    case .processes:
      let required = requirement(.processLimit)
      if let cgroup = cgroup(setting.name, required) { return cgroup }
      // Counted for the app alone from Linux 5.14 on: user_namespaces(7), RLIMIT_NPROC.
      if order == .without || (order == .userFirst && !host.isAtLeast(5, 14)) {
        weaker(
          required, setting.name, "RLIMIT_NPROC counts all processes of the caller's user here")
      }
      return .rlimit
    case .cpu:
      let required = requirement(.cpuLimit)
      if let cgroup = cgroup(setting.name, required) { return cgroup }
      lacks(
        required, setting.name.key, "there is no delegated cgroup with the cpu controller",
        Self.cgroupCure)
      return nil
    case .ioRead, .ioWrite, .ioReadOperations, .ioWriteOperations, .ioWeight:
      let required = requirement(.ioLimit)
      if let cgroup = cgroup(setting.name, required) { return cgroup }
      /* One error is enough for what is required by one word. */
      let first = profile.limits.first {
        LimitName.ofDisks.contains($0.name) && $0.amount.value != nil
          && cgroup($0.name, required) == nil
      }
      guard required == nil || first?.name == setting.name else { return nil }
      let (why, cure) = withoutDisks(setting.name)
      lacks(required, setting.name.key, why, cure)
      return nil
    }
  }

  /// Why a limit of disks does not hold, and what helps.
  private func withoutDisks(_ name: LimitName) -> (why: String, cure: String) {
    if host.disks == nil { return ("the machine's disks are not to be seen", "show /sys/block") }
    if name == .ioWeight, unified(name) != nil {
      return ("no disk has the scheduler bfq or is set up in io.cost.qos", Self.weightCure)
    }
    let why =
      host.isPrivileged && legacyController(name) != nil && !Self.holdsLegacy(name)
      ? "a cgroup v1 counts no write that the kernel does later"
      : "there is no delegated cgroup with the controllers io and memory"
    return (why, Self.diskCure)
  }

  private static let cgroupCure =
    "a delegated cgroup v2 is needed; under systemd: systemd-run --user --scope -p Delegate=yes"
  private static let diskCure =
    "a delegated cgroup v2 is needed; under systemd, as root: systemd-run --scope -p Delegate=yes; "
    + "a user's own systemd has io once user@.service says Delegate=cpu cpuset io memory pids"

  private static let weightCure =
    "as root: echo bfq >/sys/block/DISK/queue/scheduler, "
    + "or echo 'MAJOR:MINOR enable=1' >/sys/fs/cgroup/io.cost.qos"

  /// A limit that holds, but not as firmly as a cgroup's would: an error where it is required.
  private mutating func weaker(
    _ required: Setting<Requirement>?, _ name: LimitName, _ how: String
  ) {
    if required != nil {
      lacks(required, name.key, "without a cgroup, \(how)", Self.cgroupCure)
    } else {
      note("\(name.key) is enforced without a cgroup: \(how).")
    }
  }

  private func cgroup(_ name: LimitName, _ required: Setting<Requirement>?) -> Enforcement? {
    if LimitName.ofDisks.contains(name), host.disks == nil { return nil }
    if name == .ioWeight, host.weighers.isEmpty { return nil }
    if unified(name) != nil { return .cgroup2 }
    // Entering a v1 cgroup costs over ten milliseconds, so only a required limit is worth it. An app is in cgroups of one version.
    guard host.isPrivileged, host.cgroup2 == nil, required != nil, legacyController(name) != nil,
      Self.holdsLegacy(name)
    else { return nil }
    return .cgroup1
  }

  /// The cgroup of version 2 that has what this limit takes.
  private func unified(_ name: LimitName) -> UnifiedCgroup? {
    host.cgroup2.flatMap {
      Self.controllers(name).allSatisfy($0.controllers.contains) ? $0 : nil
    }
  }

  /// What is written goes to the page cache, and later to the disk by a thread of the kernel's: v1 does not know whose it is.
  private static func holdsLegacy(_ name: LimitName) -> Bool {
    name != .ioWrite && name != .ioWriteOperations && name != .ioWeight
  }

  private func legacyController(_ name: LimitName) -> CgroupPlace.LegacyController? {
    /* Of version 1 the one for disks has another name. */
    let wanted = Self.controllers(name).first.map { $0 == "io" ? "blkio" : $0 }
    return host.cgroup1.first { $0.name == wanted }
  }

  /// Those of version 2. What is written later is known by whose memory it was: so limits of disks take both (cgroup-v2, "Writeback").
  private static func controllers(_ name: LimitName) -> [String] {
    switch name {
    case .memory: ["memory"]
    case .processes: ["pids"]
    case .cpu: ["cpu"]
    case .ioRead, .ioWrite, .ioReadOperations, .ioWriteOperations, .ioWeight: ["io", "memory"]
    case .openFiles, .fileSize, .addressSpace, .cpuTime, .wallTime, .coreSize: []
    }
  }
}

extension Limits {
  /// The limit of this name.
  package subscript(_ name: LimitName) -> Limit? {
    get {
      switch name {
      case .memory: memoryBytes
      case .processes: processes
      case .cpu: cpuMillis
      case .ioRead: ioReadBytes
      case .ioWrite: ioWriteBytes
      case .ioReadOperations: ioReadOperations
      case .ioWriteOperations: ioWriteOperations
      case .ioWeight: ioWeight
      case .openFiles: openFiles
      case .fileSize: fileSizeBytes
      case .addressSpace: addressSpaceBytes
      case .cpuTime: cpuTimeMilliseconds
      case .wallTime: wallTimeMilliseconds
      case .coreSize: coreSizeBytes
      }
    }
    set {
      switch name {
      case .memory: memoryBytes = newValue
      case .processes: processes = newValue
      case .cpu: cpuMillis = newValue
      case .ioRead: ioReadBytes = newValue
      case .ioWrite: ioWriteBytes = newValue
      case .ioReadOperations: ioReadOperations = newValue
      case .ioWriteOperations: ioWriteOperations = newValue
      case .ioWeight: ioWeight = newValue
      case .openFiles: openFiles = newValue
      case .fileSize: fileSizeBytes = newValue
      case .addressSpace: addressSpaceBytes = newValue
      case .cpuTime: cpuTimeMilliseconds = newValue
      case .wallTime: wallTimeMilliseconds = newValue
      case .coreSize: coreSizeBytes = newValue
      }
    }
  }
}
