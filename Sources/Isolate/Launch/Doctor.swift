internal import CSeccomp
internal import Glibc

/// Finds out what this machine offers for isolation, by using it in throw-away children.
package enum Doctor {
  /// Tries everything. Takes a fraction of a second; changes nothing.
  package static func examine() -> [Finding] {
    let facts = readFacts()
    return Probe.allCases.map { Diagnosis.finding(for: $0, attempt($0), facts) }
      + [Diagnosis.corePattern(facts), Diagnosis.unwinder(facts)]
  }

  /// All that the default profile requires works.
  package static func isWell(_ findings: [Finding]) -> Bool {
    findings.allSatisfy { !$0.isRequired || $0.status == .works }
  }

  private static func attempt(_ probe: Probe) -> ProbeResult {
    let raw = unsafe probe_run(probe.kind)
    let call = unsafe raw.call.map { unsafe String(cString: $0) } ?? ""
    let outcome = unsafe ProbeResult.Outcome(rawValue: raw.outcome) ?? .died
    return unsafe ProbeResult(outcome: outcome, error: raw.error, detail: raw.detail, call: call)
  }

  private static func readFacts() -> DoctorFacts {
    let status = TextFile.read("/proc/self/status") ?? ""
    let map = TextFile.readLine("/proc/self/uid_map") ?? ""
    // The machine's own namespace maps every id to itself. Source: user_namespaces(7).
    let isInitial = map.split(separator: " ").map(String.init) == ["0", "0", "4294967295"]
    return DoctorFacts(
      unprivilegedClone: TextFile.readLine("/proc/sys/kernel/unprivileged_userns_clone"),
      maxUserNamespaces: TextFile.readLine("/proc/sys/user/max_user_namespaces"),
      appArmorRestricts: TextFile.readLine(
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
      corePattern: TextFile.readLine("/proc/sys/kernel/core_pattern"),
      ptraceScope: TextFile.readLine("/proc/sys/kernel/yama/ptrace_scope"),
      securityModules: TextFile.readLine("/sys/kernel/security/lsm"),
      isFiltered: status.split(separator: "\n").contains("Seccomp:\t2"),
      isRoot: geteuid() == 0 && isInitial, isInUserNamespace: !map.isEmpty && !isInitial,
      executable: TextFile.link("/proc/self/exe") ?? "/usr/bin/isolated",
      kernel: TextFile.readLine("/proc/sys/kernel/osrelease") ?? "",
      unwinder: UnwinderPolicy.programs.lazy.compactMap { FileSystem.resolved($0) }.first)
  }
}

/// One thing to try. The names are those that `doctor` prints.
package enum Probe: String, CaseIterable, Sendable {
  case userNamespaces = "user namespaces"
  case namespaces = "other namespaces"
  case proc = "fresh /proc"
  case filter = "system call filter"
  case notify = "filter notifications"
  case landlock = "Landlock"
  case writeExecute = "deny write-execute"
  case mountAPI = "mount API"
  case overlay = "overlay in a user namespace"
  case idmapped = "idmapped mounts"
  case devpts = "own devpts"
  case timeNamespace = "time namespaces"
  case cgroup2 = "cgroup v2 delegation"
  case cgroup1 = "cgroup v1"
  case pidfd = "process descriptors"
  case closeRange = "close_range"
  case keyring = "session keyrings"
  case trace = "tracing of siblings"
  case resourceLimits = "resource limits"

  /// Without it the default profile starts nothing.
  package var isRequired: Bool {
    switch self {
    case .userNamespaces, .namespaces, .proc, .filter, .mountAPI, .devpts, .pidfd, .closeRange: true
    case .notify, .landlock, .writeExecute, .overlay, .idmapped, .timeNamespace, .cgroup2,
      .cgroup1, .keyring, .trace, .resourceLimits:
      false
    }
  }

  package var neededFor: String {
    switch self {
    case .userNamespaces: "every isolation that an ordinary user makes; as root, the app's own ids"
    case .namespaces: "own mounts, processes, network, IPC, host name and cgroups"
    case .proc: "showing the app its own processes and no others"
    case .filter: "refusing system calls the app has no use for"
    case .notify: "saying what was refused and why, and acting for the app on request"
    case .landlock: "a second layer over files and TCP; the fallback without user namespaces"
    case .writeExecute: "memory that was written is never executed"
    case .mountAPI: "building the app's view from descriptors, so that no path is looked up twice"
    case .overlay: "files.overlay: changes that are thrown away"
    case .idmapped: "as root: files that the app may use as their owner would"
    case .devpts: "a terminal that belongs to the app alone"
    case .timeNamespace: "namespaces.time: an own monotonic clock"
    case .cgroup2: "limits of memory, processes and CPU over all of the app's processes together"
    case .cgroup1: "as root on a machine without cgroup v2 controllers: the same limits, at a cost"
    case .pidfd: "following the app without mistaking another process for it"
    case .closeRange: "closing every descriptor the app must not inherit"
    case .keyring: "keeping the caller's kernel keys from the app"
    case .trace: "keeping other programs of this user from reading isolated's memory"
    case .resourceLimits: "raising a limit above the caller's own"
    }
  }

  var kind: probe_kind {
    switch self {
    case .userNamespaces: PROBE_USER_NAMESPACE
    case .namespaces: PROBE_NAMESPACES
    case .proc: PROBE_PROC
    case .filter: PROBE_FILTER
    case .notify: PROBE_NOTIFY
    case .landlock: PROBE_LANDLOCK
    case .writeExecute: PROBE_MDWE
    case .mountAPI: PROBE_MOUNT_API
    case .overlay: PROBE_OVERLAY
    case .idmapped: PROBE_IDMAPPED_MOUNT
    case .devpts: PROBE_DEVPTS
    case .timeNamespace: PROBE_TIME_NAMESPACE
    case .cgroup2: PROBE_CGROUP2
    case .cgroup1: PROBE_CGROUP1
    case .pidfd: PROBE_PIDFD
    case .closeRange: PROBE_CLOSE_RANGE
    case .keyring: PROBE_KEYRING
    case .trace: PROBE_TRACE
    case .resourceLimits: PROBE_RLIMIT
    }
  }
}

/// What came of a probe.
package struct ProbeResult: Hashable, Sendable {
  /// The numbers are those of enum probe_outcome.
  package enum Outcome: Int32, Sendable {
    case works, failed, ineffective, timedOut, died
  }
  package var outcome: Outcome
  /// The errno of `call`; for a probe that died, the signal.
  package var error: Int32
  /// What probe.h says for this probe.
  package var detail: Int64
  package var call: String

  package init(outcome: Outcome, error: Int32 = 0, detail: Int64 = 0, call: String = "") {
    self.outcome = outcome
    self.error = error
    self.detail = detail
    self.call = call
  }
}
