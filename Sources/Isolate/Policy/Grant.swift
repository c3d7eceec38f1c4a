/// Something the broker may do or hand out for an app: one table beneath `grants` of a profile, complete and checked.
package struct Grant: Hashable, Sendable {
  /// The table's name: ASCII letters, digits, `-`, `_`, `.`; at most 64 bytes. Requests name the grant by its index in `Policy.grants`.
  package var name: String
  package var target: GrantTarget
  package var rights: GrantRights
  /// Requests a second, and how many may come at once. Nil: no limit.
  package var rate: GrantRate?
  /// How many requests in all. Nil: no limit.
  package var count: UInt64?
  /// How long it holds from the app's start, in milliseconds. Nil: as long as the app lives.
  package var leaseMilliseconds: Int64?
  /// An operator decides first; how long to wait for the answer, in milliseconds. Nil: nobody is asked.
  package var askMilliseconds: Int64?
  /// Where it was written: the rule of every decision it makes.
  package var position: Position

  package init(name: String, target: GrantTarget, rights: GrantRights, position: Position) {
    self.name = name
    self.target = target
    self.rights = rights
    self.position = position
  }
}

/// What a grant is of.
package enum GrantTarget: Hashable, Sendable {
  /// A directory of the host, absolute and with its links resolved when the policy was made: everything beneath it; or one file.
  case files(path: String, isDirectory: Bool)
  /// Where the app may connect to.
  case connect([NetworkTarget])
  /// Where the app may listen.
  case listen([NetworkTarget])
  /// Names that may be looked up: exact, or `*.` and a suffix; `*` is every name.
  case resolve([String])
  case secret(SecretSource)
  /// A device node of the host, absolute.
  case device(path: String)
  /// Apps by the names of their profiles.
  case apps([String])
  /// The system clock; the largest step, in milliseconds, either way.
  case clock(largestStepMilliseconds: Int64)
  /// A driver that the profile declares, by its name.
  case driver(name: String)
}

package struct NetworkTarget: Hashable, Sendable {
  package enum Transport: String, CaseIterable, Hashable, Sendable { case tcp, udp, unix }
  package var transport: Transport
  /// A host name, `*.` and a suffix, an address, an address and `/` and a prefix length, `*`; for `unix` an absolute path.
  package var host: String
  /// Inclusive; 0...65535 when every port is meant; nil for `unix`.
  package var ports: ClosedRange<UInt16>?

  package init(transport: Transport, host: String, ports: ClosedRange<UInt16>?) {
    self.transport = transport
    self.host = host
    self.ports = ports
  }
}

/// Where a secret comes from when it is asked for; never earlier.
package enum SecretSource: Hashable, Sendable {
  case file(path: String)
  /// A name in systemd's credential directory ($CREDENTIALS_DIRECTORY of the supervisor).
  case credential(name: String)
  /// What a command of the host prints, run with the supervisor's rights.
  case command([String])
}

package struct GrantRights: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = GrantRights(rawValue: 1 << 0)
  /// Change what is there.
  package static let write = GrantRights(rawValue: 1 << 1)
  /// Make new files.
  package static let create = GrantRights(rawValue: 1 << 2)
  package static let list = GrantRights(rawValue: 1 << 3)
  package static let stat = GrantRights(rawValue: 1 << 4)
  package static let remove = GrantRights(rawValue: 1 << 5)
  package static let rename = GrantRights(rawValue: 1 << 6)
  package static let makeDirectory = GrantRights(rawValue: 1 << 7)
  /// Follow symbolic links that stay beneath the directory.
  package static let links = GrantRights(rawValue: 1 << 8)
  package static let connect = GrantRights(rawValue: 1 << 9)
  package static let listen = GrantRights(rawValue: 1 << 10)
  package static let resolve = GrantRights(rawValue: 1 << 11)
  package static let start = GrantRights(rawValue: 1 << 12)
  package static let signal = GrantRights(rawValue: 1 << 13)
  package static let status = GrantRights(rawValue: 1 << 14)
  package static let set = GrantRights(rawValue: 1 << 15)
  package static let call = GrantRights(rawValue: 1 << 16)
}

/// A token bucket.
package struct GrantRate: Hashable, Sendable {
  /// Requests in `perMilliseconds`.
  package var requests: UInt32
  package var perMilliseconds: UInt32
  /// How many may come at once.
  package var burst: UInt32

  package init(requests: UInt32, perMilliseconds: UInt32, burst: UInt32) {
    self.requests = requests
    self.perMilliseconds = perMilliseconds
    self.burst = burst
  }
}

/// A driver that a profile declares or moves into a process of its own: one table beneath `drivers`.
package struct DriverPolicy: Hashable, Sendable {
  /// One of the built-in ones with `mode = "user"`: files, network, secrets, devices, clock, apps; or a name of the profile's own.
  package var name: String
  /// The program and its arguments; empty for a built-in driver.
  package var command: [String]
  /// The profile that confines it; nil: for a built-in driver, the policy derived from the grants.
  package var profile: String?
  /// How long a call may take, in milliseconds.
  package var deadlineMilliseconds: Int64
  /// Calls that wait for it; beyond: EAGAIN.
  package var queue: Int
  package var position: Position

  package init(
    name: String, command: [String], profile: String?, deadlineMilliseconds: Int64, queue: Int,
    position: Position
  ) {
    self.name = name
    self.command = command
    self.profile = profile
    self.deadlineMilliseconds = deadlineMilliseconds
    self.queue = queue
    self.position = position
  }
}

extension Grant {
  /// Whether it hands out sockets of the machine's network.
  package var isOfSockets: Bool {
    switch target {
    case .connect, .listen: true
    case .files, .resolve, .secret, .device, .apps, .clock, .driver: false
    }
  }
}
