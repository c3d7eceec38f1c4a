/// Makes one profile of several that extend each other, base first, and holds the rule of `relax`.
///
/// What a profile states is a refusal of everything wider. A later profile that goes beyond it
/// needs `relax.KEY = "reason"`, in itself or in a profile that comes after it.
struct ProfileMerge {
  let profiles: [Profile]
  let variables: ProfileVariables
  private(set) var result: Profile
  private(set) var diagnostics: [Diagnostic] = []
  /// The relaxations that something needed, in the order of need.
  private(set) var used: [RelaxSetting] = []
  /// Tables of grants and drivers that a profile dropped, by their paths: having them again is wider.
  var dropped: [Setting<String>] = []

  /// - Parameter profiles: base first, the command line last; not empty.
  init(_ profiles: [Profile], variables: ProfileVariables) {
    self.profiles = profiles
    self.variables = variables
    let last = profiles.last { !$0.isCommandLine }
    result = Profile(name: last?.name ?? "", file: last?.file ?? Position.builtIn)
  }

  mutating func run() {
    for index in profiles.indices {
      mergeGeneral(index)
      mergeEnvironment(index)
      if !profiles[index].grants.isEmpty { mergeGrants(index) }
      if !profiles[index].drivers.isEmpty { mergeDrivers(index) }
      mergeFiles(index)
      mergeNetwork(index)
      mergeSyscalls(index)
      mergeRest(index)
      mergeService(profiles[index].service)
    }
    for profile in profiles {
      for relax in profile.relax
      where !used.contains(where: { $0.position == relax.position && $0.key == relax.key }) {
        diagnostics.append(
          Diagnostic(
            .warning, at: relax.position, length: relax.length,
            "`relax`: nothing here widens `\(relax.key)`", cure: "remove it"))
      }
    }
  }

  private mutating func mergeGeneral(_ index: Int) {
    let profile = profiles[index]
    if profile.description != nil { result.description = profile.description }
    if let require = profile.require { mergeRequire(require, profile) }
    if let run = profile.command.run { result.command.run = run }
    if let workdir = profile.command.workdir { result.command.workdir = workdir }
    if let path = profile.command.path { result.command.path = path }
  }

  private mutating func mergeRequire(_ require: [Setting<Requirement>], _ profile: Profile) {
    var merged = result.require ?? []
    let removed = merged.contains { old in !require.contains { $0.value == old.value } }
    if removed, let relax = profile.relax.first(where: { $0.key == "require" }) {
      used.append(relax)
      merged = []
    }
    for requirement in require where !merged.contains(where: { $0.value == requirement.value }) {
      merged.append(requirement)
    }
    result.require = merged
  }

  private mutating func mergeEnvironment(_ index: Int) {
    let environment = profiles[index].environment
    for name in environment.unset {
      result.environment.keep.removeAll { $0.value == name.value }
      result.environment.set.removeAll { $0.name == name.value }
      if !result.environment.unset.contains(where: { $0.value == name.value }) {
        result.environment.unset.append(name)
      }
    }
    for name in environment.keep
    where !result.environment.keep.contains(where: { $0.value == name.value }) {
      // A prefix never brings back a name that is unset; naming the variable itself does, with a
      // reason.
      if let unset = result.environment.unset.firstIndex(where: { $0.value == name.value }) {
        let stated = result.environment.unset[unset].position
        guard widens("environment.keep", name.value, index, name.position, name.length, stated)
        else { continue }
        result.environment.unset.remove(at: unset)
      }
      result.environment.keep.append(name)
    }
    for variable in environment.set {
      if let old = result.environment.set.firstIndex(where: { $0.name == variable.name }) {
        result.environment.set[old] = variable
      } else {
        result.environment.set.append(variable)
      }
    }
  }

  private mutating func mergeNetwork(_ index: Int) {
    let network = profiles[index].network
    if let mode = network.mode {
      let base = result.network.mode
      if base == nil || mode.value.width <= (base?.value.width ?? 0)
        || widens(
          "network.mode", mode.value.rawValue, index, mode.position, mode.length, base?.position)
      {
        result.network.mode = mode
      }
    }
    if let ports = network.connect {
      let base = result.network.connect
      if mayReplace(base, ports, "network.connect", index) { result.network.connect = ports }
    }
    if let ports = network.bind {
      let base = result.network.bind
      if mayReplace(base, ports, "network.bind", index) { result.network.bind = ports }
    }
    guard let families = network.families else { return }
    if let base = result.network.families,
      let more = families.value.first(where: { !base.value.contains($0) }),
      !widens(
        "network.families", more.rawValue, index, families.position, families.length, base.position)
    {
      return
    }
    result.network.families = families
  }

  private mutating func mayReplace(
    _ base: Setting<[UInt16]>?, _ ports: Setting<[UInt16]>, _ key: String, _ index: Int
  ) -> Bool {
    guard let base, let port = ports.value.first(where: { !base.value.contains($0) }) else {
      return true
    }
    return widens(key, String(port), index, ports.position, ports.length, base.position)
  }

  private mutating func mergeRest(_ index: Int) {
    let profile = profiles[index]
    if let report = profile.crashReport { result.crashReport = report }
    if let isOn = profile.writeExecute {
      if !isOn.value || result.writeExecute?.value == true
        || widens(
          "memory.write-execute", "true", index, isOn.position, isOn.length,
          result.writeExecute?.position)
      {
        result.writeExecute = isOn
      }
    }
    for limit in profile.limits {
      if let old = result.limits.firstIndex(where: { $0.name == limit.name }) {
        result.limits[old] = limit
      } else {
        result.limits.append(limit)
      }
    }
    mergeIdentity(profile.identity)
    if let time = profile.timeNamespace { result.timeNamespace = time }
    if let mode = profile.terminal {
      let base = result.terminal
      if base == nil || mode.value.width <= (base?.value.width ?? 0)
        || widens(
          "terminal.mode", mode.value.rawValue, index, mode.position, mode.length, base?.position)
      {
        result.terminal = mode
      }
    }
    for descriptor in profile.descriptors
    where !result.descriptors.contains(where: { $0.value == descriptor.value }) {
      result.descriptors.append(descriptor)
    }
    if let signal = profile.stopSignal { result.stopSignal = signal }
    if let timeout = profile.stopTimeoutMilliseconds { result.stopTimeoutMilliseconds = timeout }
  }

  private mutating func mergeIdentity(_ identity: IdentitySettings) {
    if let user = identity.user { result.identity.user = user }
    if let uid = identity.uid { result.identity.uid = uid }
    if let gid = identity.gid { result.identity.gid = gid }
    if let home = identity.home { result.identity.home = home }
    if let shell = identity.shell { result.identity.shell = shell }
    if let hostname = identity.hostname { result.identity.hostname = hostname }
    if let timezone = identity.timezone { result.identity.timezone = timezone }
    if let umask = identity.umask { result.identity.umask = umask }
  }

  // MARK: For the other files of the merge

  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  mutating func setService(_ change: (inout ServiceSettings) -> Void) { change(&result.service) }

  mutating func setFiles(_ change: (inout FileSettings) -> Void) { change(&result.files) }

  mutating func setGrants(_ change: (inout [GrantSetting]) -> Void) { change(&result.grants) }

  mutating func setDrivers(_ change: (inout [DriverSetting]) -> Void) { change(&result.drivers) }

  mutating func setSyscalls(_ change: (inout SyscallSettings) -> Void) { change(&result.syscalls) }

  /// Asks whether the profile at `index` may widen `key`; reports it if not.
  ///
  /// - Parameter stated: where a base refused it; nil: nowhere, it is refused to everybody.
  mutating func widens(
    _ key: String, _ value: String, _ index: Int, _ position: Position, _ length: Int,
    _ stated: Position?
  ) -> Bool {
    for later in profiles[index...] {
      guard let relax = later.relax.first(where: { $0.key == key }) else { continue }
      if !used.contains(where: { $0.position == relax.position && $0.key == key }) {
        used.append(relax)
      }
      return true
    }
    let what = stated.map { "widens what \($0) states" } ?? "is refused unless it is relaxed"
    diagnostics.append(
      Diagnostic(
        at: position, length: length, "`\(key)`: \(value) \(what)",
        cure: profiles[index].isCommandLine
          ? "say why it is needed: --relax \(key)=REASON"
          : "say why it is needed: relax.\(key) = \"REASON\""))
    return false
  }
}
