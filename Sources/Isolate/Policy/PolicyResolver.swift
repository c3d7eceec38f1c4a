/// Everything that is wrong with a set of profiles, in the order it was found.
package struct PolicyErrors: Error, Sendable {
  package var diagnostics: [Diagnostic]

  package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}

/// A policy, or all that is wrong. Not a `Result`: the runtime would look up what that demands of its types, in every process, which
/// takes as long as reading a profile.
package enum PolicyResult: Sendable {
  case success(Policy)
  case failure(PolicyErrors)

  package func get() throws(PolicyErrors) -> Policy {
    switch self {
    case .success(let policy): return policy
    case .failure(let errors): throw errors
    }
  }
}

/// Turns profiles and the facts of a machine into the complete answer for one app, or into all
/// errors.
///
/// It makes no system call and reads no clock: the same profiles and facts always give the same
/// policy.
package struct PolicyResolver {
  let host: HostFacts
  let profile: Profile
  let variables: ProfileVariables
  let app: String
  private(set) var diagnostics: [Diagnostic]
  private(set) var notices: [String] = []
  private(set) var searchPath: [String] = []
  private var isExplaining = true
  private var expander: ProfileMerge
  private let relaxations: [RelaxSetting]

  /// Resolves profiles.
  ///
  /// - Parameters:
  ///   - profiles: bases first, the command line last.
  ///   - host: the machine and the caller.
  ///   - app: the app's name; nil: of the last profile that is no shipped base, else of the
  ///     program.
  ///   - explaining: with the provenance of every value, which only `show` and its like need.
  /// - Returns: the policy, with warnings in it, or every error.
  package static func resolve(
    _ profiles: [Profile], host: HostFacts, app: String? = nil, explaining: Bool = true
  ) -> PolicyResult {
    var resolver = PolicyResolver(profiles, host: host, app: app)
    resolver.isExplaining = explaining
    let policy = resolver.policy()
    let isGood = !resolver.diagnostics.contains { $0.severity == .error }
    if let policy, isGood { return .success(policy) }
    return .failure(PolicyErrors(resolver.diagnostics))
  }

  /// Resolves what was loaded; what was wrong with it and where it came from are part of the
  /// answer.
  package static func resolve(
    _ loaded: LoadedProfiles, host: HostFacts, app: String? = nil, explaining: Bool = true
  ) -> PolicyResult {
    let hasErrors = loaded.diagnostics.contains { $0.severity == .error }
    // Without a single profile there is nothing to say beyond what the loader said.
    if hasErrors, loaded.profiles.allSatisfy(\.isCommandLine) {
      return .failure(PolicyErrors(loaded.diagnostics))
    }
    switch resolve(loaded.profiles, host: host, app: app, explaining: explaining) {
    case .failure(let errors):
      return .failure(PolicyErrors(loaded.diagnostics + errors.diagnostics))
    case .success(var policy):
      if hasErrors { return .failure(PolicyErrors(loaded.diagnostics + policy.warnings)) }
      policy.notices = loaded.notices + policy.notices
      policy.warnings = loaded.diagnostics + policy.warnings
      return .success(policy)
    }
  }

  private init(_ profiles: [Profile], host: HostFacts, app: String?) {
    self.host = host
    self.app = app ?? Self.appName(of: profiles)
    variables = Self.variables(host, app: self.app)
    expander = ProfileMerge(profiles, variables: variables)
    expander.run()
    profile = expander.result
    diagnostics = expander.diagnostics
    relaxations = expander.used
  }

  static func variables(_ host: HostFacts, app: String) -> ProfileVariables {
    ProfileVariables(
      home: host.home, app: app,
      runtimeDirectory: host.runtimeDirectory ?? (host.effectiveUID == 0 ? "/run/isolated" : nil),
      workingDirectory: host.workingDirectory)
  }

  /// The name of the last profile of a file that is no shipped base; else the program's.
  package static func appName(of profiles: [Profile]) -> String {
    if let own = profiles.last(where: { !$0.isCommandLine && !ProfileSearch.isBaseName($0.name) }) {
      return own.name
    }
    guard let program = profiles.last(where: { $0.command.run != nil })?.command.run?.value.first
    else { return profiles.last { !$0.isCommandLine }?.name ?? "app" }
    guard let slash = program.utf8.lastIndex(of: UInt8(ascii: "/")) else { return program }
    let name = String(program[program.utf8.index(after: slash)...])
    return name.isEmpty ? "app" : name
  }

  private mutating func policy() -> Policy? {
    searchPath = findSearchPath()
    let order = namespaceOrder()
    let files = filePolicy(order)
    let identity = identity(order)
    let synthesised = order == .without ? [] : synthesisedFiles(identity, files.rules)
    let environment = environment(identity)
    let limits = limits(order)
    let memory = memoryPolicy()
    let network = networkPolicy(order)
    let namespaces = Namespaces(order: order, time: timeNamespace(order))
    let syscalls = syscallPolicy(order)
    let workdir = workdir(files, synthesised, identity)
    let service = servicePolicy()
    let grants = profile.grants.isEmpty ? [] : grants()
    let drivers = profile.drivers.isEmpty ? [] : drivers()
    checkRequirements(order)
    guard let command = profile.command.run?.value else {
      report(
        Diagnostic(
          at: Position(file: profile.file, line: 1), "`command.run`: no program to run",
          cure: "name it after `--`, or in the profile: command.run = [\"PROGRAM\"]"))
      return nil
    }
    var policy = Policy(
      app: app, command: command, searchPath: searchPath, workdir: workdir,
      environment: environment, identity: identity, namespaces: namespaces,
      files: FilePolicy(
        rules: files.rules, proc: files.proc, dev: files.dev, sys: files.sys,
        devices: files.devices, synthesised: synthesised),
      network: network, syscalls: syscalls, memory: memory, limits: limits,
      terminal: profile.terminal?.value ?? .auto,
      descriptors: profile.descriptors.map(\.value).sorted(),
      stop: StopPolicy(
        signal: profile.stopSignal?.value ?? 15,
        timeoutMilliseconds: Int64(profile.stopTimeoutMilliseconds?.value ?? 10_000)),
      require: profile.require?.map(\.value) ?? [],
      relaxations: relaxations.map {
        Relaxation(key: $0.key, reason: $0.reason, position: $0.position)
      },
      notices: notices, provenance: [], warnings: diagnostics)
    policy.service = service
    addCrash(to: &policy)
    policy.daemonKeys = ServiceKeyList.written(profile.service)
    if !grants.isEmpty { addGrants(grants, to: &policy) }
    if service.listen.contains(where: \.address.isOfNetwork) {
      policy.confineSockets(landlockABI: host.landlockABI, fastOpen: true)
    }
    policy.drivers = drivers
    if isExplaining { policy.provenance = PolicyProvenance.list(policy, profile) }
    return policy
  }

  private func addCrash(to policy: inout Policy) {
    policy.crash.report = profile.crashReport?.value
    /* What the filter allows is much to gather: only where somebody asks. */
    guard policy.crash.report == true else { return }
    if policy.namespaces.order == .without {
      policy.crash.obstacle = "without namespaces there is nobody beside the app who may"
    } else if !policy.files.proc {
      policy.crash.obstacle = "it needs files.proc = true"
    } else if policy.syscalls.allowedCalls.contains("ptrace") {
      policy.crash.obstacle = "the app may use ptrace itself, and a process has one tracer"
    }
    policy.limits.hasWitness = policy.crash.isOn
    if let obstacle = policy.crash.obstacle {
      policy.notices.append("crash.report: nobody looks at crashes: \(obstacle).")
    }
  }

  private func addGrants(_ grants: [Grant], to policy: inout Policy) {
    let number = Self.lowestFree(policy.descriptors)
    policy.grants = grants
    policy.brokerDescriptor = number
    policy.environment.append(
      EnvironmentVariable(name: BrokerVariable.name, value: String(number)))
    policy.confineSockets(
      landlockABI: host.landlockABI, fastOpen: grants.contains(where: \.isOfSockets))
  }

  /// Where programs are looked up; the usual directories if no profile says.
  private mutating func findSearchPath() -> [String] {
    guard let setting = profile.command.path else {
      return ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"]
    }
    var directories: [String] = []
    for directory in setting.value {
      let one = Setting(directory, at: setting.position, length: setting.length)
      if let path = expand(one, "command.path") { directories.append(path) }
    }
    return directories
  }

  private mutating func memoryPolicy() -> MemoryPolicy {
    let denies = profile.writeExecute?.value != true
    let required = requirement(.denyWriteExecute)
    if !denies, let required {
      report(
        Diagnostic(
          at: required.position, length: required.length,
          "`require`: deny-write-execute and memory.write-execute = true exclude each other",
          cure: "remove one of them"))
    }
    if denies, !host.canDenyWriteExecute {
      lacks(
        required, "memory.write-execute",
        "this kernel, or a filter that this runs under, cannot refuse memory that is written and "
          + "then executed",
        "prctl(PR_SET_MDWE) of Linux 6.3")
    }
    /* Where the kernel cannot, the step would fail: it is left out, and that was said above. */
    return MemoryPolicy(deniesWriteExecute: denies && host.canDenyWriteExecute)
  }

  private mutating func networkPolicy(_ order: Namespaces.Order) -> NetworkPolicy {
    let mode = profile.network.mode?.value ?? .none
    let ports = profile.network.connect ?? profile.network.bind
    if let ports {
      if host.landlockABI < 4 {
        report(
          Diagnostic(
            at: ports.position, length: ports.length,
            "port rules need Landlock ABI 4; this kernel has \(host.landlockABI)",
            cure: "use Linux 6.7 or newer, or remove network.connect and network.bind"))
      }
      if mode == .none {
        report(
          Diagnostic(
            .warning, at: ports.position, length: ports.length,
            "port rules mean nothing with network.mode = \"none\"",
            cure: "remove them, or say which network the app has"))
      }
    }
    if order == .without, mode != .host {
      note(
        "The app has no network at all, no loopback either: without namespaces there is only the machine's."
      )
    }
    var network = NetworkPolicy(
      mode: mode, connectPorts: profile.network.connect?.value.sorted(),
      bindPorts: profile.network.bind?.value.sorted())
    network.modePosition = profile.network.mode?.position
    if order == .without, mode != .host {
      network.connectPorts = []
      network.bindPorts = []
    }
    return network
  }

  // MARK: For the other files of the resolver

  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  mutating func note(_ notice: String) { notices.append(notice) }

  /// A path with its variables replaced and in its one spelling; nil and reported if that cannot
  /// be.
  mutating func expand(_ path: Setting<String>, _ key: String) -> String? {
    let before = expander.diagnostics.count
    let result = expander.expand(path, key)
    diagnostics += expander.diagnostics[before...]
    return result
  }

  func requirement(_ requirement: Requirement) -> Setting<Requirement>? {
    profile.require?.first { $0.value == requirement }
  }

  /// Something that this machine lacks: an error where it is required, else a notice.
  mutating func lacks(
    _ required: Setting<Requirement>?, _ key: String, _ what: String, _ cure: String
  ) {
    if let required {
      report(
        Diagnostic(
          at: required.position, length: required.length,
          "`require`: \(required.value.rawValue) cannot be had: \(what)", cure: cure))
    } else {
      notices.append("\(key) is not enforced: \(what) (\(cure)).")
    }
  }
}

extension HostFacts {
  /// True if the kernel is of this version or newer.
  package func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
    (kernelMajor, kernelMinor) >= (major, minor)
  }
}
