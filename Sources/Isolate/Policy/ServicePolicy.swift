/// How the daemon runs an app: what only it uses of a profile. `isolated run` ignores all of it.
package struct ServicePolicy: Hashable, Sendable {
  package var start: StartMoment = .boot
  package var restart = RestartPolicy()
  /// Nil: the app stands by itself.
  package var group: GroupPolicy?
  /// Apps that are started before this one and stopped after it, if they run at all. Sorted, unique.
  package var after: [String] = []
  /// Apps without which this one does not run; each is an `after` as well. Sorted, unique.
  package var requires: [String] = []
  package var readiness = ReadinessPolicy()
  package var watchdog: WatchdogPolicy?
  /// What the daemon listens on for the app, in the order of the descriptors it gets. Names are unique.
  package var listen: [ListenPolicy] = []
  /// So many descriptors the app may give the daemon to keep for its next start: FDSTORE=1 of sd_notify(3).
  package var descriptorStore = 0
  package var health: HealthPolicy?
  package var logs = LogPolicy()
  /// How long the app may run at a stretch, in milliseconds. Nil: for ever.
  package var runtimeMilliseconds: Int64?

  package init() {}

  /// No profile says anything that only the daemon uses.
  package var isDefault: Bool { self == ServicePolicy() }

  /// The app has something to say by sd_notify(3), and a socket for it.
  package var hasNotify: Bool {
    readiness.sign == .notify || watchdog != nil || descriptorStore > 0
  }
}

/// When the app is started by itself.
package enum StartMoment: String, CaseIterable, Hashable, Sendable {
  /// When the daemon starts.
  case boot
  /// When somebody asks for it, or knocks at what is listened on for it.
  case demand
}

package enum RestartWhen: String, CaseIterable, Hashable, Sendable {
  case never
  case onFailure = "on-failure"
  case always
}

/// When an app that ended is started again, and how soon. Times in milliseconds.
package struct RestartPolicy: Hashable, Sendable {
  package var when: RestartWhen = .onFailure
  /// The second restart in a row waits so long, each further one twice the one before; the first does not wait.
  package var delayMilliseconds: Int64 = 100
  /// The longest wait. An app that was up for so long begins again with no wait.
  package var ceilingMilliseconds: Int64 = 30_000
  /// So many restarts within the window; at the next end the app has failed. 1...100.
  package var burst: Int = 10
  package var windowMilliseconds: Int64 = 300_000
  /// By how many hundredths a wait may be shortened at random, so that apps do not come back in step. 0...50.
  package var jitterPercent: Int = 10

  package init() {}
}

/// What the end of one member means for the others.
package enum GroupStrategy: String, CaseIterable, Hashable, Sendable {
  /// Nothing.
  case one
  /// Those that start after it are restarted too.
  case rest
  /// All are restarted too.
  case all
}

package struct GroupPolicy: Hashable, Sendable {
  package var name: String
  package var strategy: GroupStrategy

  package init(name: String, strategy: GroupStrategy) {
    self.name = name
    self.strategy = strategy
  }
}

package enum ReadinessSign: String, CaseIterable, Hashable, Sendable {
  /// Its program was executed.
  case exec
  /// It says READY=1 on the socket of sd_notify(3).
  case notify
}

package struct ReadinessPolicy: Hashable, Sendable {
  package var sign: ReadinessSign = .exec
  /// How long it may take, in milliseconds; from the launch. 0: no bound.
  package var timeoutMilliseconds: Int64 = 90_000

  package init() {}
}

package struct WatchdogPolicy: Hashable, Sendable {
  /// The longest time between two signs of life, in milliseconds; at least 1.
  package var intervalMilliseconds: Int64
  /// What an app gets that missed it. After `stop.timeout` it is killed.
  package var signal: Int32

  package init(intervalMilliseconds: Int64, signal: Int32) {
    self.intervalMilliseconds = intervalMilliseconds
    self.signal = signal
  }
}

/// A socket that the daemon opens before the app and keeps while the app is down.
package struct ListenPolicy: Hashable, Sendable {
  package enum Address: Hashable, Sendable {
    /// A numeric address; "" is every address.
    case tcp(host: String, port: UInt16)
    case udp(host: String, port: UInt16)
    /// An absolute path, or `@` and a name in the abstract space.
    case unixStream(path: String)
    case unixDatagram(path: String)
    case unixSequenced(path: String)

    /// It lies in the machine's network.
    package var isOfNetwork: Bool {
      switch self {
      case .tcp, .udp: true
      case .unixStream, .unixDatagram, .unixSequenced: false
      }
    }
  }
  /// What the app knows it by: LISTEN_FDNAMES.
  package var name: String
  package var address: Address
  /// Of a path's socket file.
  package var mode: UInt32
  package var backlog: Int32
  package var position: Position

  package init(
    name: String, address: Address, mode: UInt32, backlog: Int32, position: Position
  ) {
    self.name = name
    self.address = address
    self.mode = mode
    self.backlog = backlog
    self.position = position
  }
}

package struct HealthPolicy: Hashable, Sendable {
  package enum Check: Hashable, Sendable {
    /// Run inside the app's sandbox; good when it exits with 0.
    case command([String])
    /// A GET of an `http://` address from the app's network; good when answered with 200 to 299.
    case http(host: String, port: UInt16, path: String)
    /// Good when the connection is made.
    case tcp(host: String, port: UInt16)
  }
  package var check: Check
  package var intervalMilliseconds: Int64
  package var timeoutMilliseconds: Int64
  /// So many failures in a row end the app.
  package var failures: Int
  /// So many in a row make it healthy.
  package var successes: Int

  package init(
    check: Check, intervalMilliseconds: Int64, timeoutMilliseconds: Int64, failures: Int,
    successes: Int
  ) {
    self.check = check
    self.intervalMilliseconds = intervalMilliseconds
    self.timeoutMilliseconds = timeoutMilliseconds
    self.failures = failures
    self.successes = successes
  }
}

/// Where what the app writes to 1 and 2 goes.
package enum LogDestination: String, CaseIterable, Hashable, Sendable { case files, journald, none }

package struct LogPolicy: Hashable, Sendable {
  /// Sorted, unique; empty: nothing is kept.
  package var to: [LogDestination] = [.files]
  /// Lines a second before some are dropped and counted. 0: no bound.
  package var linesPerSecond: Int = 10_000
  /// Of one file, in bytes, before the next is begun.
  package var sizeBytes: UInt64 = 16 << 20
  /// How many files are kept, the current one included; at least 1.
  package var files: Int = 4

  package init() {}
}
