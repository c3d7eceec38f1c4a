internal import CSeccomp
internal import Glibc

/// From what a probe saw to words: pure, so that every machine's trouble can be tested on this one.
package enum Diagnosis {
  package static func finding(
    for probe: Probe, _ result: ProbeResult, _ facts: DoctorFacts
  ) -> Finding {
    var finding = Finding(
      name: probe.rawValue, status: .missing, detail: words(result), neededFor: probe.neededFor,
      cure: nil, isRequired: probe.isRequired)
    switch result.outcome {
    case .works: judge(probe, result, facts, &finding)
    case .failed, .ineffective, .timedOut, .died:
      finding.cure = Cures.cure(for: probe, result, facts)
      if probe == .namespaces, result.detail != 0 {
        finding.detail += "; refused: " + namespaceNames(result.detail)
      }
    }
    return finding
  }

  /// Whether a crash of the app is seen by a program outside.
  package static func corePattern(_ facts: DoctorFacts) -> Finding {
    var finding = Finding(
      name: "core dumps", status: .works, detail: "kept where the app runs",
      neededFor: "keeping the app's memory from programs outside when it crashes", cure: nil,
      isRequired: false)
    guard let pattern = facts.corePattern else {
      finding.status = .partly
      finding.detail = "/proc/sys/kernel/core_pattern cannot be read"
      finding.cure = "mount /proc in this environment, so that it can be checked"
      return finding
    }
    finding.detail = "core_pattern is '\(pattern)'"
    if pattern.hasPrefix("|") {
      finding.status = .partly
      finding.detail += ": a program of the host reads the memory of what crashes"
      finding.cure =
        "the default profile's core-size = 0 does not stop a pipe handler from being started; to "
        + "keep crashes confined:\n  sudo sysctl -w kernel.core_pattern=core"
    }
    return finding
  }

  /// Whether crash reports will have stacks with names.
  package static func unwinder(_ facts: DoctorFacts) -> Finding {
    guard let program = facts.unwinder else {
      return Finding(
        name: "unwinder", status: .missing, detail: "eu-stack is not installed",
        neededFor: "crash reports: the functions on each thread's stack",
        cure: "install elfutils:\n  sudo apt-get install elfutils (Debian, Ubuntu), "
          + "sudo dnf install elfutils (Fedora)", isRequired: false)
    }
    return Finding(
      name: "unwinder", status: .works, detail: program,
      neededFor: "crash reports: the functions on each thread's stack", cure: nil,
      isRequired: false)
  }

  /// The call worked; what it offers may still be less than all.
  private static func judge(
    _ probe: Probe, _ result: ProbeResult, _ facts: DoctorFacts, _ finding: inout Finding
  ) {
    finding.status = .works
    finding.detail = ""
    switch probe {
    case .landlock: judgeLandlock(result.detail, &finding)
    case .notify: judgeNotify(result.detail, &finding)
    case .cgroup2: judgeControllers(result.detail, facts, &finding)
    case .cgroup1:
      finding.detail = "a process was moved into a new cgroup of: " + controllers(result.detail)
    case .trace:
      guard result.detail != 0 else { break }
      // Root may trace anything anyway.
      finding.status = facts.isRoot ? .works : .partly
      finding.detail = "a process may trace another of the same user"
      if !facts.isRoot {
        finding.cure =
          facts.ptraceScope == nil
          ? "use a kernel with the Yama security module (lsm=...,yama)"
          : "sudo sysctl -w kernel.yama.ptrace_scope=1"
      }
    case .resourceLimits:
      if result.detail == 0 {
        finding.status = .partly
        finding.detail = "hard limits can be lowered, not raised (no CAP_SYS_RESOURCE)"
        finding.cure =
          "raise the caller's own limit before: ulimit -H, /etc/security/limits.conf, or "
          + "LimitNOFILE= in a unit"
      } else {
        finding.detail = "hard limits can be raised"
      }
    case .userNamespaces, .namespaces, .proc, .filter, .writeExecute, .mountAPI, .overlay,
      .idmapped, .devpts, .timeNamespace, .pidfd, .closeRange, .keyring:
      break
    }
  }

  private static func judgeLandlock(_ abi: Int64, _ finding: inout Finding) {
    // Source: landlock(7) and the kernel's Documentation/userspace-api/landlock.rst.
    let added = [
      "reading, writing and running files", "links and renames between directories", "truncation",
      "TCP ports", "ioctl on devices", "signals and abstract sockets",
      "audit records of refusals",
    ]
    let known = added.prefix(Int(max(0, min(abi, 7))))
    finding.detail = "ABI \(abi): " + known.joined(separator: ", ")
    guard abi < 6 else { return }
    finding.status = .partly
    let missing = added[Int(max(0, abi))..<6].joined(separator: ", ")
    finding.cure = "a newer kernel adds: \(missing) (ABI 6: Linux 6.12)"
  }

  private static func judgeNotify(_ bits: Int64, _ finding: inout Finding) {
    var lacks: [String] = []
    if bits & Int64(PROBE_NOTIFY_ADDFD) == 0 {
      lacks.append("handing over a descriptor in one step (Linux 5.14)")
    }
    if bits & Int64(PROBE_NOTIFY_KILLABLE) == 0 {
      lacks.append("calls that signals do not interrupt while they wait (Linux 5.19)")
    }
    guard !lacks.isEmpty else {
      finding.detail = "a call was received, answered, and answered with a descriptor"
      return
    }
    finding.status = .partly
    finding.detail = "lacks " + lacks.joined(separator: " and ")
    finding.cure = "use a newer kernel"
  }

  private static func judgeControllers(
    _ bits: Int64, _ facts: DoctorFacts, _ finding: inout Finding
  ) {
    let child = bits & 0xff
    let own = bits >> 8
    finding.detail = "a process was born in a new cgroup; its controllers: " + controllers(child)
    guard child != 7 else { return }
    finding.status = .partly
    if own & ~child != 0 {
      finding.detail +=
        "; to be had once the caller's own processes are in a leaf: "
        + controllers(own & ~child)
    }
    if own != 7 {
      finding.detail += "; not delegated: " + controllers(7 & ~own)
      finding.cure = Cures.delegation(facts)
    }
  }

  static func controllers(_ bits: Int64) -> String {
    let names = [
      (PROBE_CONTROLLER_MEMORY, "memory"), (PROBE_CONTROLLER_PIDS, "pids"),
      (PROBE_CONTROLLER_CPU, "cpu"),
    ]
    let found = names.filter { bits & Int64($0.0) != 0 }.map(\.1)
    return found.isEmpty ? "none" : found.joined(separator: ", ")
  }

  private static func namespaceNames(_ flags: Int64) -> String {
    let names: [(Int64, String)] = [
      (0x0002_0000, "mount"), (0x2000_0000, "pid"), (0x4000_0000, "network"),
      (0x0800_0000, "ipc"), (0x0400_0000, "uts"), (0x0200_0000, "cgroup"),
    ]
    return names.filter { flags & $0.0 != 0 }.map(\.1).joined(separator: ", ")
  }

  /// "unshare(CLONE_NEWUSER): Operation not permitted".
  private static func words(_ result: ProbeResult) -> String {
    switch result.outcome {
    case .works: ""
    case .failed: "\(result.call): \(SystemError.text(result.error))"
    case .ineffective: "\(result.call) was accepted, but did not do what it promises"
    case .timedOut: "gave no answer within five seconds"
    case .died: "\(result.call) was ended by signal \(result.error)"
    }
  }
}
