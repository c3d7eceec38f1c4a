/// The policy of the process that serves an app's grants: what the grants need, and nothing else.
///
/// It starts from nothing. Nothing of the app's own policy is taken over but who the app is, its file mode mask and how
/// namespaces are made here; docs/decisions/0009-broker-identity.md says why.
package struct BrokerPolicy {
  /// Which process.
  package enum Role: Hashable, Sendable {
    /// The broker itself: all grants but those of drivers that have a process of their own.
    case broker
    /// A built-in driver with `mode = "user"`.
    case driver(BuiltInDriver)
  }

  /// What a dynamically linked build needs in its view; the installed program is static and needs nothing.
  package struct Loader: Hashable, Sendable {
    package var path: String
    /// Directories.
    package var libraries: [String]

    package init(path: String, libraries: [String]) {
      self.path = path
      self.libraries = libraries
    }
  }

  /// Enough for every descriptor in flight of an app at its own limit: the kernel counts those by user, and refuses
  /// whoever sends more while the count is above the sender's limit (unix(7), ETOOMANYREFS). Capped by the hard limit.
  static let openFiles: UInt64 = 65_536
  static let memoryBytes: UInt64 = 64 << 20
  static let fileSizeBytes: UInt64 = 16 << 20

  private let app: Policy
  private let role: Role
  private let places: BrokerPlaces
  private let mapsMemoryFiles: Bool
  private var rules: [FileRule] = []
  private var devices: [FileRule] = []
  private var network = BrokerNetwork()
  private var hasFiles = false
  private var changesFiles = false

  /// - Parameters:
  ///   - app: its grants are in `app.grants`; their order is that of `BrokerPlaces`.
  ///   - directory: systemd's $CREDENTIALS_DIRECTORY of the supervisor, if it has one.
  ///   - deniesWriteExecute: the kernel can (Linux 6.3).
  ///   - mapsMemoryFiles: tmpfs, where sockets and credentials lie, can map owners (Linux 6.3). Else they keep theirs: a broker
  ///     that serves what everybody may use is more than one that cannot be launched.
  package static func make(
    for app: Policy, role: Role = .broker, loader: Loader? = nil,
    credentials directory: String? = nil, deniesWriteExecute: Bool, mapsMemoryFiles: Bool = true
  ) -> Policy {
    var maker = BrokerPolicy(app, role, mapsMemoryFiles)
    for (index, grant) in app.grants.enumerated() where maker.serves(grant) {
      maker.add(grant, index, directory)
    }
    maker.addShared(loader)
    return maker.policy(loader, deniesWriteExecute)
  }

  private init(_ app: Policy, _ role: Role, _ mapsMemoryFiles: Bool) {
    self.mapsMemoryFiles = mapsMemoryFiles
    self.app = app
    self.role = role
    places = BrokerPlaces(app.namespaces.order)
  }

  private func serves(_ grant: Grant) -> Bool {
    guard let driver = BuiltInDriver(grant.target.keyWord) else { return false }
    let isMoved = app.drivers.contains { $0.command.isEmpty && $0.name == driver.rawValue }
    return switch role {
    case .broker: !isMoved
    case .driver(let own): own == driver
    }
  }

  private mutating func add(_ grant: Grant, _ index: Int, _ credentials: String?) {
    switch grant.target {
    case .files(let path, _):
      hasFiles = true
      show(.read, path, places.reading(index, path), grant)
      if !grant.rights.isDisjoint(with: .changing) {
        changesFiles = true
        show(.write, path, places.writing(index, path), grant)
      }
    case .secret(.file(let path)):
      hasFiles = true
      show(.read, path, places.reading(index, path), grant, isOptional: true)
    case .secret(.credential(let name)):
      hasFiles = true
      guard let credentials else { return }
      let path = "\(credentials)/\(name)"
      show(
        .read, path, places.reading(index, path), grant, isOptional: true,
        mapsOwner: mapsMemoryFiles)
    case .device(let path):
      hasFiles = true
      devices.append(
        FileRule(
          showing: path, at: places.device(index, path), as: .device, allowsExecute: false,
          position: grant.position))
    case .connect(let targets):
      network.add(connect: targets)
      for (number, target) in targets.enumerated() where target.transport == .unix {
        /* Named by an O_PATH descriptor, through /proc. */
        hasFiles = true
        show(
          .read, target.host, places.socket(index, number, target.host), grant, isOptional: true,
          mapsOwner: mapsMemoryFiles)
      }
    case .listen(let targets):
      network.add(listen: targets)
      for (number, target) in targets.enumerated() where target.transport == .unix {
        let parent = PathWords.parent(target.host)
        hasFiles = true
        changesFiles = true
        show(
          .write, parent.isEmpty ? "/" : String(parent),
          places.socketDirectory(index, number, target.host), grant, mapsOwner: mapsMemoryFiles)
      }
    case .resolve: network.addNames()
    /* The supervisor runs it; what it prints is sealed in a file that is then opened again, read-only, through /proc. */
    case .secret(.command): hasFiles = true
    // The supervisor does these, with its own rights; the process only decides.
    case .apps, .clock, .driver: break
    }
  }

  private mutating func show(
    _ kind: FileRuleKind, _ source: String, _ target: String, _ grant: Grant,
    isOptional: Bool = false, mapsOwner: Bool = true
  ) {
    rules.append(
      FileRule(
        showing: source, at: target, as: kind, isOptional: isOptional, allowsExecute: false,
        mapsOwner: mapsOwner, position: grant.position))
  }

  /// What belongs to no grant.
  private mutating func addShared(_ loader: Loader?) {
    func add(_ path: String, isOptional: Bool) {
      rules.append(
        FileRule(showing: path, at: path, isOptional: isOptional, allowsExecute: false))
    }
    if network.looksUpNames {
      add("/etc/hosts", isOptional: true)
      add("/etc/resolv.conf", isOptional: true)
    }
    guard let loader else { return }
    add(loader.path, isOptional: false)
    for library in loader.libraries { add(library, isOptional: false) }
  }

  private func policy(_ loader: Loader?, _ deniesWriteExecute: Bool) -> Policy {
    let order = app.namespaces.order
    var environment = [EnvironmentVariable(name: "SWIFT_BACKTRACE", value: "enable=no")]
    if let loader {
      environment.append(
        EnvironmentVariable(
          name: "LD_LIBRARY_PATH", value: loader.libraries.joined(separator: ":")))
    }
    let rules = rules.sorted { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) }
    let etc = SynthesisedFile(path: "/etc/hostname", content: .text("broker\n"))
    var policy = Policy(
      app: app.app, command: ["isolated"] + command, searchPath: [], workdir: "/",
      environment: environment, identity: identity,
      namespaces: Namespaces(order: order, time: false),
      files: FilePolicy(
        rules: rules, proc: hasFiles,
        // Only real root makes nodes, and those need a file system of their own.
        dev: !devices.isEmpty && order == .userLast, sys: false, devices: devices,
        synthesised: [etc]),
      network: network.policy, syscalls: syscalls(isDynamic: loader != nil),
      memory: MemoryPolicy(deniesWriteExecute: deniesWriteExecute), limits: Self.limits,
      terminal: .none, descriptors: [],
      stop: StopPolicy(signal: 15, timeoutMilliseconds: 1000),
      require: app.require.filter { Self.ownRequirements.contains($0) }, relaxations: [],
      notices: [], provenance: [])
    policy.brokerDescriptor = nil
    return policy
  }

  /// What the program is called with: ps(1) shows it.
  private var command: [String] {
    switch role {
    case .broker: ["broker"]
    case .driver(let driver): ["driver", driver.rawValue]
    }
  }

  private static let ownRequirements: [Requirement] = [.namespaces, .filter, .landlock]

  /// The app's own ids, so that owners are mapped as its file rules map them; no name, home or shell.
  private var identity: Identity {
    var identity = app.identity
    identity.user = "broker"
    identity.group = "broker"
    identity.home = "/"
    identity.shell = "/"
    identity.hostname = "broker"
    identity.timezone = nil
    return identity
  }

  private static var limits: Limits {
    var limits = Limits()
    // RLIMIT_DATA: what `sampled` sets for each process, and it is one process.
    limits.memoryBytes = .builtIn(memoryBytes, .sampled)
    limits.processes = .builtIn(1)
    limits.openFiles = .builtIn(openFiles)
    limits.fileSizeBytes = .builtIn(fileSizeBytes)
    limits.coreSizeBytes = .builtIn(0)
    return limits
  }

  private func syscalls(isDynamic: Bool) -> SyscallPolicy {
    var calls = BrokerCalls.always
    if isDynamic { calls += BrokerCalls.dynamicallyLinked }
    if hasFiles || network.looksUpNames { calls += BrokerCalls.files }
    if changesFiles { calls += BrokerCalls.changing }
    if !network.families.isEmpty { calls += BrokerCalls.sockets }
    var policy = SyscallPolicy(known: calls)
    policy.socketFamilies = network.families
    // openat2 has its mode behind a pointer; without it no path is resolved beneath a directory.
    policy.allowsWriteOfSetIDBits = hasFiles
    return policy
  }
}

extension GrantRights {
  /// Something on the host is another afterwards.
  package static let changing: GrantRights = [.write, .create, .remove, .rename, .makeDirectory]
}

extension GrantTarget {
  package var keyWord: GrantKeyWord {
    switch self {
    case .files: .files
    case .connect: .connect
    case .listen: .listen
    case .resolve: .resolve
    case .secret: .secret
    case .device: .device
    case .apps: .apps
    case .clock: .clock
    case .driver: .driver
    }
  }
}
