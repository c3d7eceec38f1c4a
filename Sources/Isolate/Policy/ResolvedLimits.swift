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
      case .cgroup1: legacy += legacyController(setting.name).map { [$0] } ?? []
      case .rlimit, .sampled, .timer: break
      }
      limits[setting.name] = Limit(
        amount: amount, enforcement: enforcement, position: setting.amount.position)
    }
    for (requirement, name) in Self.limitRequirements {
      guard let required = self.requirement(requirement), limits[name] == nil,
        profile.limits.first(where: { $0.name == name })?.amount.value == nil
      else { continue }
      report(
        Diagnostic(
          at: required.position, length: required.length,
          "`require`: \(name.key) is required but no profile sets it",
          cure: "add \(name.key), or remove it from `require`"))
    }
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

  private static let limitRequirements: [(Requirement, LimitName)] = [
    (.memoryLimit, .memory), (.processLimit, .processes), (.cpuLimit, .cpu),
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
    }
  }

  private static let cgroupCure =
    "a delegated cgroup v2 is needed; under systemd: systemd-run --user --scope -p Delegate=yes"

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
    if let place = host.cgroup2, place.controllers.contains(Self.controller(name)) {
      return .cgroup2
    }
    // Entering a v1 cgroup costs over ten milliseconds, so only a required limit is worth it.
    guard host.isPrivileged, required != nil, legacyController(name) != nil else { return nil }
    return .cgroup1
  }

  private func legacyController(_ name: LimitName) -> CgroupPlace.LegacyController? {
    let wanted = Self.controller(name)
    return host.cgroup1.first { $0.name == wanted }
  }

  private static func controller(_ name: LimitName) -> String {
    switch name {
    case .memory: "memory"
    case .processes: "pids"
    case .cpu: "cpu"
    case .openFiles, .fileSize, .addressSpace, .cpuTime, .wallTime, .coreSize: ""
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
