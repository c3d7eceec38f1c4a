/// One limit: how much, by what it is enforced, and which rule set it.
package struct Limit: Hashable, Sendable {
  /// Bytes, a count, a weight, thousandths of one CPU, or milliseconds, as the limit's name says.
  package var amount: UInt64
  package var enforcement: Enforcement
  package var position: Position

  package init(amount: UInt64, enforcement: Enforcement, position: Position) {
    self.amount = amount
    self.enforcement = enforcement
    self.position = position
  }

  /// One that no profile states.
  static func builtIn(_ amount: UInt64, _ enforcement: Enforcement = .rlimit) -> Limit {
    Limit(amount: amount, enforcement: enforcement, position: .ofBuiltIn)
  }
}

/// By what a limit holds. `show` and `plan` say it for each.
package enum Enforcement: Hashable, Sendable {
  case cgroup2
  case cgroup1
  /// setrlimit(2): per process, except RLIMIT_NPROC, which counts the app's user namespace (Linux 5.14).
  case rlimit
  /// The supervisor samples the whole sandbox and ends it when it is over the limit.
  case sampled
  /// The supervisor's clock.
  case timer
}

package struct Limits: Hashable, Sendable {
  package var memoryBytes: Limit?
  package var processes: Limit?
  /// Thousandths of one CPU.
  package var cpuMillis: Limit?
  /// Of each disk in a second.
  package var ioReadBytes: Limit?
  package var ioWriteBytes: Limit?
  package var ioReadOperations: Limit?
  package var ioWriteOperations: Limit?
  /// Of each disk while it is busy: 1 to 10000, where others have 100.
  package var ioWeight: Limit?
  package var openFiles: Limit?
  package var fileSizeBytes: Limit?
  package var addressSpaceBytes: Limit?
  package var cpuTimeMilliseconds: Limit?
  package var wallTimeMilliseconds: Limit?
  package var coreSizeBytes: Limit?
  /// The disks that limits of reading and writing hold for: "8:0". Empty where there is no such limit.
  package var disks: [String] = []
  /// What minds the weight. Empty where there is none.
  package var weighers: [DiskWeigher] = []
  /// Where the app's cgroup is made, when a limit needs one.
  package var cgroup: CgroupPlace?
  /// A witness runs beside init, and counts where processes are counted.
  package var hasWitness = false

  package init() {}

  /// Of every cgroup for which nobody says anything.
  package static let usualWeight: UInt64 = 100
}

/// Where the supervisor may make a cgroup for the app.
package enum CgroupPlace: Hashable, Sendable {
  /// The absolute path of a delegated cgroup v2 directory in which the app's own is made.
  case unified(parent: String)
  /// The v1 controllers needed, each with the absolute path of the directory in which the app's own is made.
  case legacy([LegacyController])

  package struct LegacyController: Hashable, Sendable {
    package var name: String
    package var parent: String

    package init(name: String, parent: String) {
      self.name = name
      self.parent = parent
    }
  }
}
