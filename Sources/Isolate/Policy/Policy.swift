/// The complete answer for one app on this machine: checked, with no default left open.
package struct Policy: Sendable {
  /// The app's name: of its profile, or of its program.
  package var app: String
  /// The program and its arguments; never empty. A program without a slash is looked up in `searchPath`.
  package var command: [String]
  /// Absolute directories inside the view in which a program without a slash is looked up.
  package var searchPath: [String]
  /// Where the app starts: an absolute path inside the view.
  package var workdir: String
  /// The whole environment, in order; names are unique.
  package var environment: [EnvironmentVariable]
  package var identity: Identity
  package var namespaces: Namespaces
  package var files: FilePolicy
  package var network: NetworkPolicy
  package var syscalls: SyscallPolicy
  package var memory: MemoryPolicy
  package var limits: Limits
  package var terminal: TerminalMode
  /// The caller's descriptors the app keeps, beyond 0, 1 and 2. Sorted, unique, at least 3.
  package var descriptors: [Int32]
  package var stop: StopPolicy
  package var crash = CrashPolicy()
  /// How the daemon runs it; `isolated run` does nothing of it.
  package var service = ServicePolicy()
  /// The keys that profiles have and only the daemon uses, in the order of docs/profile.md.
  package var daemonKeys: [String] = []
  /// What the broker may do for the app; at most `WireLimits.grants`. Empty: there is no broker and no socket to one.
  package var grants: [Grant] = []
  package var drivers: [DriverPolicy] = []
  /// At which number the app has the socket to its broker; its environment says so in ISOLATED_BROKER_FD. Nil: no grants.
  package var brokerDescriptor: Int32?
  /// Protections whose absence is an error. What is not here and cannot be had is announced instead.
  package var require: [Requirement]
  /// Every widening of what a base profile refused, with its written reason.
  package var relaxations: [Relaxation]
  /// What a person should know before the app starts: protections this machine lacks, rules without effect.
  package var notices: [String]
  /// Every value with the place it came from, in the order of docs/profile.md; what `show` prints.
  package var provenance: [Provenance]
  /// What is odd in the profiles but harmless: a relaxation that nothing needs, a rule without effect.
  package var warnings: [Diagnostic]

  package init(
    app: String, command: [String], searchPath: [String], workdir: String,
    environment: [EnvironmentVariable], identity: Identity, namespaces: Namespaces,
    files: FilePolicy, network: NetworkPolicy, syscalls: SyscallPolicy, memory: MemoryPolicy,
    limits: Limits, terminal: TerminalMode, descriptors: [Int32], stop: StopPolicy,
    require: [Requirement], relaxations: [Relaxation], notices: [String],
    provenance: [Provenance], warnings: [Diagnostic] = []
  ) {
    self.app = app
    self.command = command
    self.searchPath = searchPath
    self.workdir = workdir
    self.environment = environment
    self.identity = identity
    self.namespaces = namespaces
    self.files = files
    self.network = network
    self.syscalls = syscalls
    self.memory = memory
    self.limits = limits
    self.terminal = terminal
    self.descriptors = descriptors
    self.stop = stop
    self.require = require
    self.relaxations = relaxations
    self.notices = notices
    self.provenance = provenance
    self.warnings = warnings
  }
}

package struct EnvironmentVariable: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// One value of the policy, as text, with the rule it came from.
package struct Provenance: Hashable, Sendable {
  /// The key's path: `files.read`, `limits.memory`.
  package var key: String
  package var value: String
  package var position: Position

  package init(key: String, value: String, position: Position) {
    self.key = key
    self.value = value
    self.position = position
  }
}

/// A weakening of what a base profile refused. It has a reason or it is refused.
package struct Relaxation: Hashable, Sendable {
  package var key: String
  package var reason: String
  package var position: Position

  package init(key: String, reason: String, position: Position) {
    self.key = key
    self.reason = reason
    self.position = position
  }
}

package struct StopPolicy: Hashable, Sendable {
  /// The signal that asks the app to end.
  package var signal: Int32
  /// How long it has before everything in the sandbox is killed.
  package var timeoutMilliseconds: Int64

  package init(signal: Int32, timeoutMilliseconds: Int64) {
    self.signal = signal
    self.timeoutMilliseconds = timeoutMilliseconds
  }
}

/// Whether somebody looks at the app's processes when a signal ends them.
package struct CrashPolicy: Hashable, Sendable {
  /// Nil: no profile says, and nobody looks.
  package var report: Bool?
  /// Why nobody can look, in words; nil: somebody can.
  package var obstacle: String?

  package init() {}

  package var isOn: Bool { report == true && obstacle == nil }
}

package struct MemoryPolicy: Hashable, Sendable {
  /// No mapping may be made executable that was ever writable (prctl(2), PR_SET_MDWE, Linux 6.3).
  package var deniesWriteExecute: Bool

  package init(deniesWriteExecute: Bool) { self.deniesWriteExecute = deniesWriteExecute }
}
