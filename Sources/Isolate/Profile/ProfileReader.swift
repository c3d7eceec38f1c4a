/// Turns a TOML table into a profile and collects everything that is wrong with it.
package struct ProfileReader {
  package private(set) var profile: Profile
  package private(set) var diagnostics: [Diagnostic] = []

  /// Reads one profile.
  ///
  /// - Parameters:
  ///   - table: the whole document, or the command line's options as one.
  ///   - name: the name the profile was asked for by.
  ///   - file: what positions carry; `Position.commandLine` for options.
  /// - Returns: the profile with all values that could be read, and all errors.
  package static func read(
    _ table: TOMLTable, name: String, file: String
  ) -> (profile: Profile, diagnostics: [Diagnostic]) {
    var reader = ProfileReader(profile: Profile(name: name, file: file))
    reader.readTop(table)
    // In the order of the file, as a person goes through it.
    if reader.diagnostics.count > 1 {
      reader.diagnostics.sort {
        ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
      }
    }
    return (reader.profile, reader.diagnostics)
  }

  private init(profile: Profile) { self.profile = profile }

  private mutating func readTop(_ table: TOMLTable) {
    var top = ProfileTable(section: "", table)
    profile.description = string("description", &top)
    profile.extends = strings("extends", &top)
    profile.require = words("require", &top)
    section("command", &top) { reader, table in reader.readCommand(&table) }
    section("environment", &top) { reader, table in reader.readEnvironment(&table) }
    section("files", &top) { reader, table in reader.readFiles(&table) }
    section("network", &top) { reader, table in reader.readNetwork(&table) }
    section("syscalls", &top) { reader, table in reader.readSyscalls(&table) }
    section("memory", &top) { reader, table in
      reader.profile.writeExecute = reader.boolean("write-execute", &table)
    }
    section("limits", &top) { reader, table in reader.readLimits(&table) }
    section("identity", &top) { reader, table in reader.readIdentity(&table) }
    section("namespaces", &top) { reader, table in
      reader.profile.timeNamespace = reader.boolean("time", &table)
    }
    section("terminal", &top) { reader, table in
      reader.profile.terminal = reader.word("mode", &table)
    }
    section("descriptors", &top) { reader, table in
      reader.profile.descriptors = reader.integers("keep", in: 3...65535, &table)
        .map { Setting(Int32($0.value), at: $0.position, length: $0.length) }
    }
    section("crash", &top) { reader, table in
      reader.profile.crashReport = reader.boolean("report", &table)
    }
    section("stop", &top) { reader, table in reader.readStop(&table) }
    readServices(&top)
    if let node = top.take("grants") { readGrants(node) }
    if let node = top.take("drivers") { readDrivers(node) }
    if let node = top.take("relax") { readRelax(node, prefix: "") }
    finish(top)
  }

  private mutating func readCommand(_ table: inout ProfileTable) {
    if let node = table.take("run") {
      let values = list(node, "command.run").compactMap { text($0, "command.run")?.value }
      if let program = values.first, !program.isEmpty {
        profile.command.run = Setting(values, at: node.position, length: node.length)
      } else if case .array = node.value {
        error(node, "`command.run`: no program", cure: "command.run = [\"PROGRAM\", \"ARGUMENT\"]")
      }
    }
    profile.command.workdir = path("workdir", &table)
    if let node = table.take("path") {
      let values = list(node, "command.path").compactMap { path($0, "command.path")?.value }
      profile.command.path = Setting(values, at: node.position, length: node.length)
    }
  }

  private mutating func readEnvironment(_ table: inout ProfileTable) {
    profile.environment.keep = strings("keep", &table).filter { setting in
      let isPrefix = setting.value.utf8.last == UInt8(ascii: "*")
      return checkVariableName(
        isPrefix ? String(setting.value.dropLast()) : setting.value, at: setting,
        "environment.keep",
        mayBeEmpty: isPrefix)
    }
    profile.environment.unset = strings("unset", &table).filter {
      checkVariableName($0.value, at: $0, "environment.unset")
    }
    guard let node = table.take("set") else { return }
    guard case .table(let values) = node.value else {
      wrongType(node, "environment.set", wanted: "a table")
      return
    }
    for entry in values.entries {
      let name = Setting(entry.key.name, at: entry.key.position, length: entry.key.length)
      guard let value = text(entry.node, "environment.set.\(entry.key.name)") else { continue }
      guard checkVariableName(name.value, at: name, "environment.set"),
        checkVariables(value, "environment.set")
      else { continue }
      profile.environment.set.append(NamedSetting(name: name.value, value: value))
    }
  }

  private mutating func readNetwork(_ table: inout ProfileTable) {
    profile.network.mode = word("mode", &table)
    profile.network.connect = ports("connect", &table)
    profile.network.bind = ports("bind", &table)
    guard let node = table.take("families") else { return }
    var families: [SocketFamilyWord] = []
    for element in list(node, "network.families") {
      let family: Setting<SocketFamilyWord>? = word(element, "network.families")
      if let family { families.append(family.value) }
    }
    profile.network.families = Setting(families, at: node.position, length: node.length)
  }

  private mutating func ports(
    _ name: String, _ table: inout ProfileTable
  ) -> Setting<[UInt16]>? {
    guard let node = table.take(name) else { return nil }
    let key = table.path(name)
    let values = list(node, key).compactMap { integer($0, key, in: 1...65535) }
    return Setting(values.map { UInt16($0.value) }, at: node.position, length: node.length)
  }

  private mutating func readSyscalls(_ table: inout ProfileTable) {
    profile.syscalls.base = word("base", &table)
    profile.syscalls.allow = strings("allow", &table)
    profile.syscalls.deny = strings("deny", &table)
    profile.syscalls.refuseWith = word("refuse-with", &table)
    for name in SyscallSwitch.allCases {
      if let isOn = boolean(name.rawValue, &table) {
        profile.syscalls.switches.append(SwitchSetting(name: name, isOn: isOn))
      }
    }
  }

  private mutating func readLimits(_ table: inout ProfileTable) {
    for name in LimitName.allCases {
      guard let node = table.take(name.rawValue) else { continue }
      if let amount = limit(node, name) {
        let setting = Setting(amount, at: node.position, length: node.length)
        profile.limits.append(LimitSetting(name: name, amount: setting))
      }
    }
  }

  private mutating func readIdentity(_ table: inout ProfileTable) {
    if let user = string("user", &table), checkUserName(user) { profile.identity.user = user }
    profile.identity.uid = identifier("uid", &table)
    profile.identity.gid = identifier("gid", &table)
    profile.identity.home = path("home", &table)
    profile.identity.shell = path("shell", &table)
    if let name = string("hostname", &table), checkHostname(name) {
      profile.identity.hostname = name
    }
    if let zone = string("timezone", &table), checkTimezone(zone) {
      profile.identity.timezone = zone
    }
    if let node = table.take("umask") {
      profile.identity.umask = octal(node, "identity.umask", max: 0o777)
    }
  }

  private mutating func identifier(
    _ name: String, _ table: inout ProfileTable
  ) -> Setting<UInt32>? {
    // 65534 is what ids of nobody look like; 65535 and -1 mean "none" to the kernel.
    guard let value = table.take(name),
      let number = integer(value, table.path(name), in: 0...65533)
    else { return nil }
    return Setting(UInt32(number.value), at: number.position, length: number.length)
  }

  private mutating func readStop(_ table: inout ProfileTable) {
    if let node = table.take("signal"), let name = text(node, "stop.signal") {
      if let signal = ProfileUnits.signals.first(where: { $0.name == name.value }) {
        profile.stopSignal = Setting(signal.number, at: node.position, length: node.length)
      } else {
        badWord(node, name.value, "stop.signal", ProfileUnits.signals.map(\.name))
      }
    }
    guard let node = table.take("timeout") else { return }
    guard let value = amount(node, "stop.timeout", unit: .milliseconds) else { return }
    profile.stopTimeoutMilliseconds = Setting(value, at: node.position, length: node.length)
  }

  /// Reads `relax`: a dotted key in quotes and nested tables mean the same.
  private mutating func readRelax(_ node: TOMLNode, prefix: String) {
    guard case .table(let table) = node.value else {
      wrongType(node, "relax", wanted: "a table")
      return
    }
    for entry in table.entries {
      let key = prefix.isEmpty ? entry.key.name : "\(prefix).\(entry.key.name)"
      if case .table = entry.node.value {
        readRelax(entry.node, prefix: key)
        continue
      }
      guard let reason = text(entry.node, "relax") else { continue }
      guard ProfileKey.canBeRelaxed(key) else {
        let near = nearest(to: key, in: ProfileKey.all.lazy.map(\.path))
        diagnostics.append(
          Diagnostic(
            at: entry.key.position, length: entry.key.length, "`relax`: no key `\(key)`",
            cure: near.map { "did you mean `\($0)`?" }))
        continue
      }
      guard reason.value.utf8.contains(where: { $0 > 0x20 }) else {
        error(
          entry.node, "`relax`: no reason for `\(key)`",
          cure: "say why the app needs it: it is shown wherever the policy is")
        continue
      }
      profile.relax.append(
        RelaxSetting(
          key: key, reason: reason.value, position: entry.key.position, length: entry.key.length))
    }
  }

  // MARK: Tools that the other files of the reader use

  mutating func set(_ service: ServiceSettings) { profile.service = service }

  mutating func append(_ rule: FileSetting) { profile.files.rules.append(rule) }

  mutating func add(_ grant: GrantSetting) { profile.grants.append(grant) }

  mutating func add(_ driver: DriverSetting) { profile.drivers.append(driver) }

  mutating func setMounts(proc: Setting<Bool>?, dev: Setting<Bool>?, sys: Setting<Bool>?) {
    profile.files.proc = proc
    profile.files.dev = dev
    profile.files.sys = sys
  }

  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }
}
