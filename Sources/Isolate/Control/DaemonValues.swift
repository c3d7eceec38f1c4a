/// What the daemon tells of one app (config/io.isolated.Daemon.varlink).
package struct ControlApp: Hashable, Sendable {
  package var name: String
  package var state: LifeState
  package var isWanted = false
  package var waitsFor: [String] = []
  package var pid: Int32?
  package var instance: UInt64?
  package var ageMilliseconds: Int64?
  package var restartsInMilliseconds: Int64?
  /// It said that it reads its settings anew, so long ago, and not that it is done.
  package var reloadingMilliseconds: Int64?
  package var restarts: UInt64 = 0
  package var failures = 0
  package var isHealthy: Bool?
  package var isListening = false
  /// Of the app's own words.
  package var status: String?
  package var profile = ""
  package var isStale = false
  package var end: ControlEnd?

  package init(name: String, state: LifeState) {
    self.name = name
    self.state = state
  }
}

/// What an app has and does now, for `isolated top`.
package struct ControlUse: Hashable, Sendable {
  package var app: String
  package var state: LifeState
  package var restarts: UInt64
  /// Of the instance that runs; with it everything below.
  package var running: Running?

  package struct Running: Hashable, Sendable {
    package var instance: UInt64
    package var ageMicroseconds: Int64
    package var cpuMicroseconds: UInt64
    package var memoryKiB: UInt64
    package var processes: UInt64
    package var descriptors: UInt64
    /// To its broker; nil: it has no grants.
    package var requests: UInt64?
    package var refusals: UInt64?

    package init(
      instance: UInt64, ageMicroseconds: Int64, cpuMicroseconds: UInt64, memoryKiB: UInt64,
      processes: UInt64, descriptors: UInt64, requests: UInt64?, refusals: UInt64?
    ) {
      self.instance = instance
      self.ageMicroseconds = ageMicroseconds
      self.cpuMicroseconds = cpuMicroseconds
      self.memoryKiB = memoryKiB
      self.processes = processes
      self.descriptors = descriptors
      self.requests = requests
      self.refusals = refusals
    }
  }

  package init(app: String, state: LifeState, restarts: UInt64, running: Running?) {
    self.app = app
    self.state = state
    self.restarts = restarts
    self.running = running
  }
}

/// What a command needs to enter the sandbox of an app that runs.
package struct ControlSandbox: Hashable, Sendable {
  /// Of the sandbox's init, and of the daemon.
  package var pid: Int32
  package var supervisor: Int32
  /// By which words the daemon finds the profile, from its own directory.
  package var profile: String
  /// The fingerprint of the policy that holds the app.
  package var policy: String
  package var cgroup: ControlStatus.CgroupVersion?
  package var controllers: [String] = []

  package init(pid: Int32, supervisor: Int32, profile: String, policy: String) {
    self.pid = pid
    self.supervisor = supervisor
    self.profile = profile
    self.policy = policy
  }
}

/// How an instance ended.
package struct ControlEnd: Hashable, Sendable {
  package var cause: String
  package var words: String
  package var isFailure: Bool
  package var exitCode: Int32?
  package var signal: String?
  package var upMilliseconds: Int64
  package var ageMilliseconds: Int64

  package init(
    cause: String, words: String, isFailure: Bool, exitCode: Int32?, signal: String?,
    upMilliseconds: Int64, ageMilliseconds: Int64
  ) {
    self.cause = cause
    self.words = words
    self.isFailure = isFailure
    self.exitCode = exitCode
    self.signal = signal
    self.upMilliseconds = upMilliseconds
    self.ageMilliseconds = ageMilliseconds
  }
}

package struct ControlChange: Hashable, Sendable {
  package var app: String
  package var change: PolicyChange

  package init(app: String, _ change: PolicyChange) {
    self.app = app
    self.change = change
  }
}

/// Something that happened under the daemon.
package struct ControlEvent: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Sendable { case state, end, restart, notice, problem }

  package var sequence: UInt64
  package var ageMilliseconds: Int64
  /// Empty: of the daemon itself.
  package var app: String
  package var kind: Kind
  package var text: String
  package var state: String?
  package var cause: String?

  package init(
    sequence: UInt64, ageMilliseconds: Int64, app: String, kind: Kind, text: String,
    state: String? = nil, cause: String? = nil
  ) {
    self.sequence = sequence
    self.ageMilliseconds = ageMilliseconds
    self.app = app
    self.kind = kind
    self.text = text
    self.state = state
    self.cause = cause
  }
}

/// A line of an app's log, or a piece of a long one.
package struct ControlLine: Hashable, Sendable {
  /// In UTC, as `LogTime` writes it.
  package var time: String
  package var stream: String
  package var isPartial: Bool
  /// Any bytes, as `RawText` carries them.
  package var text: String

  package init(time: String, stream: String, isPartial: Bool, text: String) {
    self.time = time
    self.stream = stream
    self.isPartial = isPartial
    self.text = text
  }
}

/// A report of a crash that is kept.
package struct ControlCrash: Hashable, Sendable {
  package var id: UInt64
  package var app: String
  package var group: String

  package init(id: UInt64, app: String, group: String) {
    self.id = id
    self.app = app
    self.group = group
  }
}

/// What the daemon tells of itself.
package struct ControlDaemon: Hashable, Sendable {
  package var version: String
  package var pid: Int32
  package var ageMilliseconds: Int64 = 0
  package var apps = 0
  package var live = 0
  package var isStopping = false
  package var cgroups = ""
  package var logs: String?
  package var crashes: String?
  package var dropped: UInt64 = 0
  package var drop: String?

  package init(version: String, pid: Int32) {
    self.version = version
    self.pid = pid
  }
}
