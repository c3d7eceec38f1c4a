/// Why an app ended: a closed set, decided from what the kernel said.
package enum Cause: Hashable, Sendable {
  /// It returned or called exit.
  case exited(code: Int32)
  /// A signal that nothing of ours sent.
  case signal(Int32, dumpedCore: Bool)
  /// The filter killed it (SIGSYS).
  case refusedSystemCall
  case memoryLimit
  case cpuTimeLimit
  case fileSizeLimit
  case wallTimeLimit
  /// Somebody ended `isolated run` by this signal; `forced`: the app did not end in time and was killed.
  case stopped(by: Int32, forced: Bool)
  /// Init died before it could say how the app ended: killed from outside, or by the kernel for want of memory.
  case lost(signal: Int32)
  /// It gave no sign of life in time (`watchdog.interval`).
  case watchdog
  /// Its checks failed (`health.failures`).
  case health
  /// It ran as long as it may at a stretch (`service.run-time`).
  case runtimeLimit
  /// It was not ready in time (`readiness.timeout`).
  case startTimeout
  /// What it requires, or its group, went down for good; the name of that app.
  case dependency(String)
  /// It never ran: this step failed with this error number.
  case launchFailed(step: String, number: Int32)
  /// The daemon ended it, for a reason that is not the app's.
  case daemon(DaemonReason)

  /// The signal behind it: that of the app's end, or that which asked for it.
  package var signal: Int32? {
    switch self {
    case .signal(let signal, _), .stopped(let signal, _), .lost(let signal): signal
    case .refusedSystemCall: SignalNumber.systemCall
    case .exited, .memoryLimit, .cpuTimeLimit, .fileSizeLimit, .wallTimeLimit, .watchdog, .health,
      .runtimeLimit, .startTimeout, .dependency, .launchFailed, .daemon:
      nil
    }
  }

  /// Something went wrong: it counts for `restart.when = "on-failure"` and is worth a report.
  package var isFailure: Bool {
    switch self {
    case .exited(let code): code != 0
    case .stopped, .dependency: false
    case .daemon(let reason): reason == .kill
    case .signal, .refusedSystemCall, .memoryLimit, .cpuTimeLimit, .fileSizeLimit, .wallTimeLimit,
      .lost, .watchdog, .health, .runtimeLimit, .startTimeout, .launchFailed:
      true
    }
  }

  /// The word for programs: `cause` in --json-status-fd.
  package var word: String {
    switch self {
    case .exited: "exited"
    case .signal: "signal"
    case .refusedSystemCall: "system-call"
    case .memoryLimit: "memory-limit"
    case .cpuTimeLimit: "cpu-time-limit"
    case .fileSizeLimit: "file-size-limit"
    case .wallTimeLimit: "wall-time-limit"
    case .stopped: "stopped"
    case .lost: "lost"
    case .watchdog: "watchdog"
    case .health: "health"
    case .runtimeLimit: "run-time-limit"
    case .startTimeout: "start-timeout"
    case .dependency: "dependency"
    case .launchFailed: "launch-failure"
    case .daemon(let reason): "daemon-\(reason)"
    }
  }
}

/// Why the daemon ended an app that had done nothing wrong.
package enum DaemonReason: UInt8, CaseIterable, Hashable, Sendable {
  /// Somebody's `restart`, `reload`, `kill`.
  case restart, reload, kill
  /// Another member of its group ended.
  case group
  /// The daemon itself ends.
  case shutdown
}

/// What an app used.
package struct ResourceUse: Hashable, Sendable {
  package var userMicroseconds: UInt64 = 0
  package var systemMicroseconds: UInt64 = 0
  /// Of its largest process; with a cgroup or sampling also of the whole sandbox.
  package var peakResidentKiB: UInt64 = 0
  package var peakTotalKiB: UInt64?
  /// How many processes ran in the sandbox and were reaped.
  package var processes: UInt64 = 0
  package var wallMilliseconds: Int64 = 0

  package init() {}
}

/// What the session learnt while the app ran; with it the cause is decided.
package struct Evidence: Sendable {
  package var status: ExitStatus?
  /// The status of init itself, when it could not report.
  package var initStatus: ExitStatus?
  package var wallTimePassed = false
  package var memoryExceeded = false
  package var cpuTimeExceeded = false
  /// The app as a whole used as much CPU time as it may.
  package var cpuTimeIsUsedUp = false
  package var memoryKills: UInt64 = 0
  package var stopSignal: Int32?
  package var wasForced = false
  package var cpuTimeIsLimited = false
  package var fileSizeIsLimited = false

  package init() {}

  /// The cause. Ours come first: what we did ourselves is certain.
  package var cause: Cause {
    if wallTimePassed { return .wallTimeLimit }
    if memoryExceeded { return .memoryLimit }
    if cpuTimeExceeded { return .cpuTimeLimit }
    guard let status else {
      if let stopSignal { return .stopped(by: stopSignal, forced: wasForced) }
      if memoryKills > 0 { return .memoryLimit }
      return .lost(signal: initStatus?.signal ?? SignalNumber.kill)
    }
    switch status {
    case .exited(let code): return .exited(code: code)
    case .signaled(let signal, let core):
      if let stopSignal, wasForced || signal == stopSignal {
        return .stopped(by: stopSignal, forced: wasForced)
      }
      if signal == SignalNumber.kill && memoryKills > 0 { return .memoryLimit }
      if signal == SignalNumber.systemCall { return .refusedSystemCall }
      if cpuTimeIsLimited && signal == SignalNumber.cpuTime { return .cpuTimeLimit }
      /* A second later, if it goes on (setrlimit(2)). */
      if cpuTimeIsUsedUp && signal == SignalNumber.kill { return .cpuTimeLimit }
      if fileSizeIsLimited && signal == SignalNumber.fileSize { return .fileSizeLimit }
      return .signal(signal, dumpedCore: core)
    }
  }
}

/// Signal numbers that decide something; the same on x86-64 and arm64 (signal(7)).
package enum SignalNumber {
  package static let hangUp: Int32 = 1
  package static let interrupt: Int32 = 2
  package static let quit: Int32 = 3
  package static let illegal: Int32 = 4
  package static let trap: Int32 = 5
  package static let kill: Int32 = 9
  package static let user1: Int32 = 10
  package static let user2: Int32 = 12
  package static let pipe: Int32 = 13
  package static let terminate: Int32 = 15
  package static let child: Int32 = 17
  package static let `continue`: Int32 = 18
  package static let stop: Int32 = 19
  package static let terminalStop: Int32 = 20
  package static let cpuTime: Int32 = 24
  package static let fileSize: Int32 = 25
  package static let windowChange: Int32 = 28
  package static let systemCall: Int32 = 31

  /// What people, terminals and machines that go down send to end a program.
  package static let ends = [hangUp, interrupt, quit, terminate]
}

/// The end of an app, whole.
package struct AppEnd: Sendable {
  package var cause: Cause
  package var use: ResourceUse
  package var limitsMet: [LimitMet]
  /// What `isolated run` exits with.
  package var exitCode: Int32

  package init(evidence: Evidence, use: ResourceUse, limitsMet: [LimitMet]) {
    cause = evidence.cause
    self.use = use
    self.limitsMet = limitsMet
    let status = evidence.status ?? evidence.initStatus
    switch cause {
    case .exited(let code): exitCode = code
    case .signal(let signal, _): exitCode = 128 + signal
    case .refusedSystemCall: exitCode = 128 + SignalNumber.systemCall
    case .wallTimeLimit, .memoryLimit, .cpuTimeLimit, .fileSizeLimit, .stopped, .lost, .watchdog,
      .health, .runtimeLimit, .startTimeout, .dependency, .launchFailed, .daemon:
      exitCode = status.map { max($0.shellCode, 129) } ?? 128 + SignalNumber.kill
    }
  }
}
