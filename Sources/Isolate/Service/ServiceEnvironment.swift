/// What an app that the daemon runs finds in its environment: the protocols of sd_listen_fds(3), sd_notify(3) and
/// sd_watchdog_enabled(3).
package struct ServiceEnvironment: Hashable, Sendable {
  /// The first number of what it gets. Source: SD_LISTEN_FDS_START of sd_listen_fds(3).
  package static let firstDescriptor: Int32 = 3

  /// Of what is listened on, then of what was kept: in the order of their numbers.
  package var descriptorNames: [String] = []
  package var hasNotify = false
  /// The time between two signs of life, in microseconds.
  package var watchdogMicroseconds: UInt64?

  package init() {}

  /// - Parameter process: the app's number as it sees it itself (`LaunchPlan.appNumber`). Nil: it is not known before it runs (there is no pid namespace), and what must name it is
  ///   left out.
  package func variables(process: Int32?) -> [EnvironmentVariable] {
    var variables: [EnvironmentVariable] = []
    func add(_ name: String, _ value: String) {
      variables.append(EnvironmentVariable(name: name, value: value))
    }
    if !descriptorNames.isEmpty {
      if let process { add("LISTEN_PID", String(process)) }
      add("LISTEN_FDS", String(descriptorNames.count))
      add("LISTEN_FDNAMES", descriptorNames.joined(separator: ":"))
    }
    if hasNotify { add("NOTIFY_SOCKET", NotifySocket.target) }
    if let watchdogMicroseconds {
      if let process { add("WATCHDOG_PID", String(process)) }
      add("WATCHDOG_USEC", String(watchdogMicroseconds))
    }
    return variables
  }

  /// Adds them to an environment; what it had under these names is gone, said or not: it spoke of another process.
  package func apply(
    to environment: inout [EnvironmentVariable], process: Int32?
  ) {
    environment.removeAll { Self.names.contains($0.name) }
    environment += variables(process: process)
  }

  private static let names: Set<String> = [
    "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
  ]
}
