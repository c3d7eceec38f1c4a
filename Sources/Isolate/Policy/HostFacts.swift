/// What this machine and the caller are, read once by `Launch/HostProbe` and then a value.
package struct HostFacts: Sendable {
  package var kernelMajor: Int
  package var kernelMinor: Int
  package var effectiveUID: UInt32
  package var effectiveGID: UInt32
  /// The caller may act as root on this machine (CAP_SYS_ADMIN in the initial user namespace).
  package var isPrivileged: Bool
  /// False only where a probe found out; the launcher meets the rest by doing it.
  package var canMakeUserNamespaces: Bool
  /// The Landlock ABI, 0 without Landlock.
  package var landlockABI: Int
  /// Memory that was written can be kept from being executed: PR_SET_MDWE of prctl(2), Linux 6.3.
  package var canDenyWriteExecute = true
  /// A cgroup v2 directory delegated to the caller, with its enabled controllers.
  package var cgroup2: UnifiedCgroup?
  /// v1 controllers mounted, with the caller's own directory in each; only read as root.
  package var cgroup1: [CgroupPlace.LegacyController]
  /// The machine's disks as "MAJOR:MINOR"; nil: nobody looked, or it cannot be told. Read only where a limit needs them.
  package var disks: [String]?
  /// What gives any of them out by weight. Read as they are.
  package var weighers: [DiskWeigher] = []
  package var processorCount: Int
  package var hostname: String
  /// The caller's working directory and environment.
  package var workingDirectory: String
  package var environment: [EnvironmentVariable]
  /// $HOME of the caller, or from its password entry.
  package var home: String
  /// $XDG_RUNTIME_DIR of the caller, or nil.
  package var runtimeDirectory: String?
  /// /etc/resolv.conf, for apps on the host's network; empty if there is none.
  package var resolvConf: String
  /// What /etc/localtime points to beneath /usr/share/zoneinfo, if anything.
  package var timezone: String?
  /// What lies at the paths that grants name; nil: nobody looked, and what they name is taken to be there.
  package var paths: [PathFact]?

  package init(
    kernelMajor: Int, kernelMinor: Int, effectiveUID: UInt32, effectiveGID: UInt32,
    isPrivileged: Bool, canMakeUserNamespaces: Bool, landlockABI: Int,
    cgroup2: UnifiedCgroup?, cgroup1: [CgroupPlace.LegacyController],
    processorCount: Int, hostname: String, workingDirectory: String,
    environment: [EnvironmentVariable], home: String, runtimeDirectory: String?,
    resolvConf: String, timezone: String?
  ) {
    self.kernelMajor = kernelMajor
    self.kernelMinor = kernelMinor
    self.effectiveUID = effectiveUID
    self.effectiveGID = effectiveGID
    self.isPrivileged = isPrivileged
    self.canMakeUserNamespaces = canMakeUserNamespaces
    self.landlockABI = landlockABI
    self.cgroup2 = cgroup2
    self.cgroup1 = cgroup1
    self.processorCount = processorCount
    self.hostname = hostname
    self.workingDirectory = workingDirectory
    self.environment = environment
    self.home = home
    self.runtimeDirectory = runtimeDirectory
    self.resolvConf = resolvConf
    self.timezone = timezone
  }
}

/// What of the kernel gives a busy disk out by weights, and by which file of a cgroup: nothing does unless it is set up.
package enum DiskWeigher: CaseIterable, Hashable, Sendable {
  /// io.cost.
  case cost
  /// The scheduler BFQ.
  case bfq
}

/// A cgroup v2 directory in which we may make our own.
package struct UnifiedCgroup: Hashable, Sendable {
  package var path: String
  /// Those enabled for its children: "memory", "pids", "cpu", "io".
  package var controllers: [String]

  package init(path: String, controllers: [String]) {
    self.path = path
    self.controllers = controllers
  }
}
