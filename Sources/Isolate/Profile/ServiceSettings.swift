/// What a profile says about how the daemon runs the app.
package struct ServiceSettings: Sendable {
  package var start: Setting<StartMomentWord>?
  package var after: [Setting<String>] = []
  package var requires: [Setting<String>] = []
  package var runTimeMilliseconds: Setting<UInt64>?
  package var listen: [ListenSetting] = []
  package var descriptorStore: Setting<Int64>?
  package var restartWhen: Setting<RestartWord>?
  package var delayMilliseconds: Setting<UInt64>?
  package var ceilingMilliseconds: Setting<UInt64>?
  package var burst: Setting<Int64>?
  package var windowMilliseconds: Setting<UInt64>?
  package var jitterPercent: Setting<Int64>?
  package var group: Setting<String>?
  package var strategy: Setting<GroupStrategyWord>?
  package var readiness: Setting<ReadinessWord>?
  package var readinessMilliseconds: Setting<UInt64>?
  package var watchdogMilliseconds: Setting<UInt64>?
  package var watchdogSignal: Setting<Int32>?
  package var check: Setting<HealthCheckSetting>?
  package var healthMilliseconds: Setting<UInt64>?
  package var healthTimeoutMilliseconds: Setting<UInt64>?
  package var healthFailures: Setting<Int64>?
  package var healthSuccesses: Setting<Int64>?
  package var logsTo: Setting<[LogWord]>?
  package var logLines: Setting<Int64>?
  package var logBytes: Setting<UInt64>?
  package var logFiles: Setting<Int64>?
}

/// When the app is started by itself.
package enum StartMomentWord: String, CaseIterable, Sendable { case boot, demand }

package enum RestartWord: String, CaseIterable, Sendable {
  case never
  case onFailure = "on-failure"
  case always
}

package enum GroupStrategyWord: String, CaseIterable, Sendable { case one, rest, all }

package enum ReadinessWord: String, CaseIterable, Sendable { case exec, notify }

package enum LogWord: String, CaseIterable, Sendable { case files, journald, none }

/// How it is found out whether the app is well.
package enum HealthCheckSetting: Hashable, Sendable {
  case command([String])
  case http(host: String, port: UInt16, path: String)
  case tcp(host: String, port: UInt16)

  /// The key that says it.
  package var key: String {
    switch self {
    case .command: "health.command"
    case .http: "health.http"
    case .tcp: "health.tcp"
    }
  }
}

/// One socket of `service.listen`.
package struct ListenSetting: Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case tcp, udp, unix
    case unixDatagram = "unix-dgram"
    case unixSequenced = "unix-seqpacket"

    var isPath: Bool {
      switch self {
      case .tcp, .udp: false
      case .unix, .unixDatagram, .unixSequenced: true
      }
    }

    /// It has a queue of connections.
    var hasBacklog: Bool {
      switch self {
      case .tcp, .unix, .unixSequenced: true
      case .udp, .unixDatagram: false
      }
    }
  }
  /// Unique in a profile.
  package var name: String
  package var kind: Kind
  /// A numeric address, "" for every one; or a path, or `@` and a name.
  package var place: Setting<String>
  /// 0 with a path.
  package var port: UInt16
  package var mode: UInt32?
  package var backlog: Int32?
}
