/// Every value of a policy as text, with the rule it came from.
enum PolicyProvenance {
  static func list(_ policy: Policy, _ profile: Profile) -> [Provenance] {
    var list = Lister()
    list.entries.reserveCapacity(64)
    for one in profile.require ?? [] { list.add("require", one.value.rawValue, one.position) }
    list.add("command.run", policy.command.joined(separator: " "), profile.command.run?.position)
    list.add("command.workdir", policy.workdir, profile.command.workdir?.position)
    list.add(
      "command.path", policy.searchPath.joined(separator: ":"), profile.command.path?.position)
    for one in profile.environment.keep { list.add("environment.keep", one.value, one.position) }
    for one in profile.environment.set {
      list.add("environment.set", "\(one.name)=\(one.value.value)", one.value.position)
    }
    for one in profile.environment.unset { list.add("environment.unset", one.value, one.position) }
    for rule in policy.files.rules { list.add(rule.kind.key, describe(rule), rule.position) }
    for rule in policy.files.devices { list.add("files.devices", rule.target, rule.position) }
    list.add("files.proc", policy.files.proc, profile.files.proc)
    list.add("files.dev", policy.files.dev, profile.files.dev)
    list.add("files.sys", policy.files.sys, profile.files.sys)
    network(policy, profile, &list)
    syscalls(profile, &list)
    list.add("memory.write-execute", !policy.memory.deniesWriteExecute, profile.writeExecute)
    for name in LimitName.allCases {
      guard let setting = profile.limits.first(where: { $0.name == name }) else { continue }
      let how = policy.limits[name].map { " (\($0.enforcement.inWords))" } ?? " (not enforced)"
      let amount = setting.amount.value.map { describe($0, name.unit) + how } ?? "unlimited"
      list.add(name.key, amount, setting.amount.position)
    }
    identity(policy.identity, profile.identity, &list)
    list.add("namespaces.time", policy.namespaces.time, profile.timeNamespace)
    list.add("terminal.mode", policy.terminal.rawValue, profile.terminal?.position)
    for one in profile.descriptors {
      list.add("descriptors.keep", String(one.value), one.position)
    }
    if let report = profile.crashReport {
      list.add("crash.report", report.value, report)
    }
    let signal = ProfileUnits.signals.first { $0.number == policy.stop.signal }?.name
    list.add("stop.signal", signal ?? String(policy.stop.signal), profile.stopSignal?.position)
    list.add(
      "stop.timeout",
      ProfileUnits.describe(milliseconds: UInt64(policy.stop.timeoutMilliseconds)),
      profile.stopTimeoutMilliseconds?.position)
    for entry in ServiceKeyList.entries(profile.service) {
      list.add(entry.key, entry.value, entry.position)
    }
    for one in policy.grants { list.add("grants.\(one.name)", one.inWords, one.position) }
    for one in policy.drivers { list.add("drivers.\(one.name)", one.inWords, one.position) }
    for one in policy.relaxations { list.add("relax.\(one.key)", one.reason, one.position) }
    return list.entries
  }

  private struct Lister {
    var entries: [Provenance] = []
    let builtIn = Position.ofBuiltIn

    mutating func add(_ key: String, _ value: String, _ position: Position?) {
      entries.append(Provenance(key: key, value: value, position: position ?? builtIn))
    }

    mutating func add(_ key: String, _ value: Bool, _ setting: Setting<Bool>?) {
      add(key, value ? "true" : "false", setting?.position)
    }
  }

  private static func network(_ policy: Policy, _ profile: Profile, _ list: inout Lister) {
    list.add("network.mode", policy.network.mode.rawValue, profile.network.mode?.position)
    if let ports = policy.network.connectPorts {
      let text = ports.map(String.init).joined(separator: " ")
      list.add("network.connect", text, profile.network.connect?.position)
    }
    if let ports = policy.network.bindPorts {
      let text = ports.map(String.init).joined(separator: " ")
      list.add("network.bind", text, profile.network.bind?.position)
    }
    if let families = profile.network.families {
      let text = families.value.map(\.rawValue).joined(separator: " ")
      list.add("network.families", text, families.position)
    }
  }

  private static func syscalls(_ profile: Profile, _ list: inout Lister) {
    let base = profile.syscalls.base
    list.add("syscalls.base", (base?.value ?? .default).rawValue, base?.position)
    for one in profile.syscalls.allow { list.add("syscalls.allow", one.value, one.position) }
    for one in profile.syscalls.deny { list.add("syscalls.deny", one.value, one.position) }
    let word = profile.syscalls.refuseWith
    list.add("syscalls.refuse-with", (word?.value ?? .errno).rawValue, word?.position)
    for name in SyscallSwitch.allCases {
      let setting = profile.syscalls.switches.first { $0.name == name }?.isOn
      list.add(name.key, setting?.value ?? false, setting)
    }
  }

  private static func identity(
    _ identity: Identity, _ settings: IdentitySettings, _ list: inout Lister
  ) {
    list.add("identity.user", identity.user, settings.user?.position)
    list.add("identity.uid", String(identity.uid), settings.uid?.position)
    list.add("identity.gid", String(identity.gid), settings.gid?.position)
    list.add("identity.home", identity.home, settings.home?.position)
    list.add("identity.shell", identity.shell, settings.shell?.position)
    list.add("identity.hostname", identity.hostname, settings.hostname?.position)
    if let zone = identity.timezone {
      list.add("identity.timezone", zone, settings.timezone?.position)
    }
    let mask = String(identity.umask, radix: 8)
    list.add(
      "identity.umask", String(repeating: "0", count: max(0, 3 - mask.utf8.count)) + mask,
      settings.umask?.position)
  }

  private static func describe(_ rule: FileRule) -> String {
    var text = rule.source
    if !ProfileMerge.isSame(rule.source, rule.target) { text += " as \(rule.target)" }
    switch rule.kind {
    case .private:
      text += " (\(ProfileUnits.describe(bytes: rule.sizeBytes)), \(rule.inodes) files)"
    case .overlay:
      text += rule.upper.map { " (kept in \($0))" } ?? " (thrown away)"
    case .read, .write, .hide, .device: break
    }
    return text
  }

  private static func describe(_ amount: UInt64, _ unit: LimitName.Unit) -> String {
    switch unit {
    case .bytes: ProfileUnits.describe(bytes: amount)
    case .count: String(amount)
    case .thousandths: ProfileUnits.describe(thousandths: amount)
    case .milliseconds: ProfileUnits.describe(milliseconds: amount)
    }
  }
}

extension Enforcement {
  /// By what a limit holds, as `show` says it.
  package var inWords: String {
    switch self {
    case .cgroup2: "cgroup v2"
    case .cgroup1: "cgroup v1"
    case .rlimit: "rlimit"
    case .sampled: "sampled"
    case .timer: "timer"
    }
  }
}
