/// The network that an app's grants need of its broker.
struct BrokerNetwork {
  /// More ports than these are not worth a rule each.
  static let mostPorts = 128
  /// TCP and UDP, where names are looked up.
  static let namePort: UInt16 = 53

  private(set) var families: SyscallPolicy.SocketFamilies = []
  private(set) var looksUpNames = false
  /// Nil: all of them.
  private var connectPorts: [UInt16]? = []
  private var bindPorts: [UInt16]? = []

  mutating func add(connect targets: [NetworkTarget]) {
    for target in targets {
      add(family: target)
      if target.transport != .unix, AddressText.parse(target.host) == nil { addNames() }
      if target.transport == .tcp { Self.add(target.ports, to: &connectPorts) }
    }
  }

  mutating func add(listen targets: [NetworkTarget]) {
    for target in targets {
      add(family: target)
      if target.transport == .tcp { Self.add(target.ports, to: &bindPorts) }
    }
  }

  mutating func addNames() {
    families.formUnion([.inet, .inet6])
    looksUpNames = true
    Self.add(Self.namePort...Self.namePort, to: &connectPorts)
  }

  private mutating func add(family target: NetworkTarget) {
    if target.transport == .unix {
      families.insert(.unix)
    } else {
      families.formUnion([.inet, .inet6])
    }
  }

  private static func add(_ ports: ClosedRange<UInt16>?, to list: inout [UInt16]?) {
    guard let ports, var known = list else { return }
    guard known.count + ports.count <= mostPorts else {
      list = nil
      return
    }
    for port in ports where !known.contains(port) { known.append(port) }
    list = known
  }

  /// A pathname socket is reached from any network namespace, so `unix` alone needs no network.
  var policy: NetworkPolicy {
    guard !families.isDisjoint(with: [.inet, .inet6]) else {
      return NetworkPolicy(mode: .none, connectPorts: nil, bindPorts: nil)
    }
    return NetworkPolicy(
      mode: .host, connectPorts: connectPorts?.sorted(), bindPorts: bindPorts?.sorted())
  }
}
