/// A grant, ready to decide by: nothing of it is looked up or allocated while a request waits. A class, as a value would be copied,
/// with its five arrays, to ask it one thing.
final class GrantRule: Sendable {
  let name: String
  let kind: GrantKind
  let rights: GrantRights
  let rate: GrantRate?
  let count: UInt64?
  /// From here on it is over.
  let leaseEnd: BrokerTime?
  let askMilliseconds: Int64?
  let places: [PlacePattern]
  /// Apps, byte for byte.
  let apps: [[UInt8]]
  let isDirectory: Bool
  /// What serves it: an index in the settings' drivers; nil: a driver within the broker.
  let driver: Int?
  /// No driver has the name that the grant gives.
  let lacksDriver: Bool
  /// A command has to run before there is an answer.
  let takesTime: Bool
  /// `file:line`, as a reply tells it: its end, when it is too long.
  let position: [UInt8]

  init(_ grant: Grant, settings: BrokerSettings) {
    name = grant.name
    kind = GrantKind(grant.target)
    rights = grant.rights
    rate = grant.rate
    count = grant.count
    leaseEnd = grant.leaseMilliseconds.map { settings.start.adding(milliseconds: $0) }
    askMilliseconds = grant.askMilliseconds
    position = Array(grant.position.description.utf8.suffix(WireLimits.ruleBytes))
    var places: [PlacePattern] = []
    var apps: [[UInt8]] = []
    var driver = kind.builtInDriver
    var isDirectory = false
    var takesTime = false
    switch grant.target {
    case .files(_, let directory): isDirectory = directory
    case .connect(let targets), .listen(let targets): places = targets.map { PlacePattern($0) }
    case .resolve(let names): places = names.map { PlacePattern(name: $0) }
    case .secret(.command): takesTime = true
    case .secret, .device, .clock: break
    case .apps(let names): apps = names.map { Array($0.utf8) }
    case .driver(let name): driver = name
    }
    self.places = places
    self.apps = apps
    self.isDirectory = isDirectory
    self.takesTime = takesTime
    let index = settings.drivers.firstIndex { $0.name == driver }
    self.driver = index
    lacksDriver = kind == .driver && index == nil
  }
}

extension GrantKind {
  init(_ target: GrantTarget) {
    switch target {
    case .files: self = .files
    case .connect: self = .connect
    case .listen: self = .listen
    case .resolve: self = .resolve
    case .secret: self = .secret
    case .device: self = .device
    case .apps: self = .apps
    case .clock: self = .clock
    case .driver: self = .driver
    }
  }

  /// The name under which a profile moves its driver into a process of its own.
  fileprivate var builtInDriver: String {
    switch self {
    case .files: "files"
    case .connect, .listen, .resolve: "network"
    case .secret: "secrets"
    case .device: "devices"
    case .apps: "apps"
    case .clock: "clock"
    case .driver: ""
    }
  }
}

/// Somewhere to connect to or to listen at, or a name to look up.
struct PlacePattern: Hashable, Sendable {
  var host: HostPattern
  /// Nil: only the name counts.
  var transport: WireTransport?
  var ports: ClosedRange<UInt16>

  init(_ target: NetworkTarget) {
    switch target.transport {
    case .tcp: transport = .tcp
    case .udp: transport = .udp
    case .unix: transport = .unix
    }
    host = target.transport == .unix ? .path(Array(target.host.utf8)) : HostPattern(target.host)
    ports = target.ports ?? 0...65535
  }

  init(name: String) {
    host = HostPattern(name)
    transport = nil
    ports = 0...65535
  }

  func covers(_ transport: WireTransport, port: UInt16) -> Bool {
    self.transport == transport && ports.contains(port)
  }
}
