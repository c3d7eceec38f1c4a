/// One table beneath `grants`, as it was written: what the app may ask its broker for.
package struct GrantSetting: Sendable {
  /// The table's name, at the place it was written.
  package var name: Setting<String>
  /// Nil: `NAME = false`, which takes away what a base grants.
  package var target: GrantTargetSetting?
  package var rights: Setting<[GrantWord]>?
  package var rate: Setting<RateSetting>?
  package var burst: Setting<UInt32>?
  package var count: Setting<UInt64>?
  package var leaseMilliseconds: Setting<UInt64>?
  package var asks: Setting<Bool>?
  package var askMilliseconds: Setting<UInt64>?
  /// Without what it names on the host, the grant is left out.
  package var isOptional = false

  package init(name: Setting<String>) { self.name = name }

  /// What is written, or what its kind has when nothing is.
  package var effectiveRights: [GrantWord] {
    rights?.value ?? target?.kind.defaultRights ?? []
  }
}

/// What a grant is of. Paths are as written until the profiles are merged.
package enum GrantTargetSetting: Sendable {
  case files(Setting<String>)
  case connect([NetworkTargetSetting])
  case listen([NetworkTargetSetting])
  case resolve([Setting<String>])
  case secretFile(Setting<String>)
  case secretCredential(Setting<String>)
  case secretCommand(Setting<[String]>)
  case device(Setting<String>)
  case apps([Setting<String>])
  /// The largest step in milliseconds.
  case clock(Setting<UInt64>)
  case driver(Setting<String>)

  package var kind: GrantKeyWord {
    switch self {
    case .files: .files
    case .connect: .connect
    case .listen: .listen
    case .resolve: .resolve
    case .secretFile, .secretCredential, .secretCommand: .secret
    case .device: .device
    case .apps: .apps
    case .clock: .clock
    case .driver: .driver
    }
  }
}

/// One place of `connect` or `listen`.
package struct NetworkTargetSetting: Sendable {
  package var transport: TransportWord
  /// A name in small letters, `*.` and a suffix, an address, an address and `/` and a prefix length, `*`; of `unix` a path.
  package var host: Setting<String>
  /// Inclusive; nil for `unix`.
  package var ports: ClosedRange<UInt16>?

  package init(transport: TransportWord, host: Setting<String>, ports: ClosedRange<UInt16>?) {
    self.transport = transport
    self.host = host
    self.ports = ports
  }
}

/// So many requests in so many milliseconds.
package struct RateSetting: Hashable, Sendable {
  package var requests: UInt32
  package var perMilliseconds: UInt32

  package init(requests: UInt32, perMilliseconds: UInt32) {
    self.requests = requests
    self.perMilliseconds = perMilliseconds
  }
}

/// One table beneath `drivers`, as it was written.
package struct DriverSetting: Sendable {
  package var name: Setting<String>
  /// `NAME = false`, which takes away what a base declares.
  package var isDropped = false
  package var mode: Setting<DriverMode>?
  package var run: Setting<[String]>?
  package var profile: Setting<String>?
  package var deadlineMilliseconds: Setting<UInt64>?
  package var queue: Setting<Int>?

  package init(name: Setting<String>) { self.name = name }
}

/// How a built-in driver runs, where that is not inside the broker.
package enum DriverMode: String, CaseIterable, Sendable {
  /// In a process of its own.
  case user
}

/// The drivers that are built in.
package enum BuiltInDriver: String, CaseIterable, Sendable {
  case files, network, secrets, devices, clock, apps

  /// Whether it can have a process of its own. Starting apps and setting the clock are the supervisor's, as no confined process could.
  package var isMovable: Bool {
    switch self {
    case .files, .network, .secrets, .devices: true
    case .clock, .apps: false
    }
  }

  /// Who serves the requests of a grant; nil: a driver of the profile's own.
  package init?(_ kind: GrantKeyWord) {
    switch kind {
    case .files: self = .files
    case .connect, .listen, .resolve: self = .network
    case .secret: self = .secrets
    case .device: self = .devices
    case .clock: self = .clock
    case .apps: self = .apps
    case .driver: return nil
    }
  }
}

package enum TransportWord: String, CaseIterable, Sendable { case tcp, udp, unix }

/// What a grant can be of; each word is the key that says so.
package enum GrantKeyWord: String, CaseIterable, Sendable {
  case files, connect, listen, resolve, secret, device, apps, clock, driver

  /// The rights that mean something for it.
  package var allowedRights: [GrantWord] {
    switch self {
    case .files:
      [.read, .write, .create, .list, .stat, .remove, .rename, .makeDirectory, .links]
    case .connect: [.connect]
    case .listen: [.listen]
    case .resolve: [.resolve]
    case .secret: [.read]
    case .device: [.read, .write]
    case .apps: [.start, .signal, .status]
    case .clock: [.set]
    case .driver: [.call]
    }
  }

  /// What it grants when nothing is said: the least that is of use.
  package var defaultRights: [GrantWord] {
    switch self {
    case .files: [.read, .list, .stat]
    case .device: [.read]
    case .apps: [.start, .status]
    case .connect, .listen, .resolve, .secret, .clock, .driver: allowedRights
    }
  }
}

/// What may be done with what is granted.
package enum GrantWord: String, CaseIterable, Sendable {
  case read, write, create, list, stat, remove, rename
  case makeDirectory = "make-directory"
  /// Follow symbolic links that stay beneath the directory.
  case links
  case connect, listen, resolve, start, signal, status, set, call

  /// It changes something on the host.
  package var changesFiles: Bool {
    switch self {
    case .write, .create, .remove, .rename, .makeDirectory: true
    case .read, .list, .stat, .links, .connect, .listen, .resolve, .start, .signal, .status, .set,
      .call:
      false
    }
  }
}

/// The variable that tells an app the number of its door to the broker. Nobody else may set it.
package enum BrokerVariable {
  package static let name = "ISOLATED_BROKER_FD"
}
