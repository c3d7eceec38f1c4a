import Glibc
import Isolate
import Testing

@Suite("A diagnosis")
struct DiagnosisTests {
  private func refused(_ call: String, _ error: Int32, detail: Int64 = 0) -> ProbeResult {
    ProbeResult(outcome: .failed, error: error, detail: detail, call: call)
  }

  private func cure(_ probe: Probe, _ result: ProbeResult, _ facts: DoctorFacts) -> String {
    let finding = Diagnosis.finding(for: probe, result, facts)
    #expect(finding.status == .missing)
    return finding.cure ?? ""
  }

  @Test("of refused user namespaces names the setting that refuses them") func userNamespaces() {
    let call = "unshare(CLONE_NEWUSER)"
    let denied = refused(call, EPERM)
    #expect(
      cure(.userNamespaces, denied, DoctorFacts(unprivilegedClone: "0"))
        .contains("sudo sysctl -w kernel.unprivileged_userns_clone=1"))
    #expect(
      cure(.userNamespaces, refused(call, ENOSPC), DoctorFacts(maxUserNamespaces: "100"))
        .contains("sudo sysctl -w user.max_user_namespaces=15000"))
    #expect(
      cure(.userNamespaces, denied, DoctorFacts(isFiltered: true)).contains("seccomp=unconfined"))
    #expect(cure(.userNamespaces, refused(call, EUSERS), DoctorFacts()).contains("32 levels"))
    #expect(
      cure(.userNamespaces, refused(call, EINVAL), DoctorFacts(kernel: "5.4"))
        .contains("CONFIG_USER_NS=y (this is 5.4)"))
    #expect(cure(.userNamespaces, denied, DoctorFacts()).contains("chroot"))
  }

  @Test(
    "on Ubuntu prints the whole AppArmor profile and how to load it",
    arguments: [
      (Probe.userNamespaces, "write /proc/self/uid_map", EACCES),
      (.userNamespaces, "unshare(CLONE_NEWUSER)", EPERM),
      (.namespaces, "mount(MS_PRIVATE)", EACCES),
      (.namespaces, "unshare", EPERM),
    ]) func appArmor(probe: Probe, call: String, error: Int32)
  {
    let facts = DoctorFacts(appArmorRestricts: "1", executable: "/opt/isolated/bin/isolated")
    let cure = cure(probe, refused(call, error), facts)
    for part in [
      "/etc/apparmor.d/isolated", "abi <abi/4.0>,", "include <tunables/global>",
      "profile isolated /opt/isolated/bin/isolated flags=(unconfined) {", "userns,",
      "sudo apparmor_parser -r /etc/apparmor.d/isolated",
    ] { #expect(cure.contains(part)) }
    #expect(!self.cure(probe, refused(call, error), DoctorFacts()).contains("apparmor"))
  }

  @Test("of a /proc that a container covers names the option that uncovers it") func maskedProc() {
    let cure = cure(.proc, refused("mount proc", EPERM), DoctorFacts())
    #expect(cure.contains("systempaths=unconfined"))
    #expect(cure.contains("unmask=ALL"))
  }

  @Test("tells which namespaces were refused") func whichNamespaces() {
    let finding = Diagnosis.finding(
      for: .namespaces, refused("unshare", ENOSPC, detail: 0x4000_0000 | 0x0002_0000), DoctorFacts()
    )
    #expect(finding.detail == "unshare: No space left on device; refused: mount, network")
    #expect(finding.cure?.contains("user.max_net_namespaces") == true)
  }

  @Test("of Landlock tells what the ABI adds and what a newer one would") func landlock() {
    func finding(_ abi: Int64) -> Finding {
      Diagnosis.finding(
        for: .landlock, ProbeResult(outcome: .works, detail: abi), DoctorFacts())
    }
    #expect(finding(1).status == .partly)
    #expect(finding(3).cure?.contains("TCP ports") == true)
    #expect(finding(4).detail.hasSuffix("TCP ports"))
    #expect(finding(6).status == .works)
    #expect(finding(6).cure == nil)
    #expect(finding(9).detail.hasPrefix("ABI 9: "))
    let off = cure(
      .landlock, refused("landlock_create_ruleset", EOPNOTSUPP),
      DoctorFacts(securityModules: "capability,yama"))
    #expect(off.contains("lsm=landlock,capability,yama"))
    #expect(
      cure(.landlock, refused("landlock_create_ruleset", ENOSYS), DoctorFacts())
        .contains("CONFIG_SECURITY_LANDLOCK=y"))
  }

  @Test(
    "of notifications tells what an older kernel lacks",
    arguments: [
      (3, Finding.Status.works, ""), (1, .partly, "Linux 5.14"), (2, .partly, "Linux 5.19"),
      (0, .partly, "Linux 5.14"),
    ] as [(Int64, Finding.Status, String)])
  func notify(bits: Int64, status: Finding.Status, words: String) {
    let finding = Diagnosis.finding(
      for: .notify, ProbeResult(outcome: .works, detail: bits), DoctorFacts())
    #expect(finding.status == status)
    if !words.isEmpty { #expect(finding.detail.contains(words)) }
  }

  @Test("of cgroups tells which controllers there are, and how to have them delegated")
  func controllers() {
    func finding(_ own: Int64, _ child: Int64, root: Bool = false) -> Finding {
      Diagnosis.finding(
        for: .cgroup2, ProbeResult(outcome: .works, detail: own << 8 | child),
        DoctorFacts(isRoot: root))
    }
    #expect(finding(7, 7).status == .works)
    #expect(finding(7, 7).detail.hasSuffix("memory, pids, cpu"))
    #expect(finding(3, 3).detail.contains("not delegated: cpu"))
    #expect(finding(3, 3).cure?.contains("systemd-run --user --scope -p Delegate=yes") == true)
    #expect(finding(0, 0, root: true).cure?.contains("Delegate=yes") == true)
    #expect(finding(7, 0).detail.contains("in a leaf: memory, pids, cpu"))
    #expect(
      cure(.cgroup2, refused("mkdir in our own cgroup", EACCES), DoctorFacts())
        .contains("Delegate=yes"))
  }

  @Test("of a crash handler outside says that it sees the app") func corePattern() {
    func finding(_ pattern: String?) -> Finding {
      Diagnosis.corePattern(DoctorFacts(corePattern: pattern))
    }
    #expect(finding("core").status == .works)
    #expect(finding("|/usr/lib/systemd/systemd-coredump %P").status == .partly)
    #expect(finding("|/x").cure?.contains("kernel.core_pattern=core") == true)
    #expect(finding(nil).status == .partly)
  }

  @Test("of an unwinder that is not there names the package") func unwinder() {
    let missing = Diagnosis.unwinder(DoctorFacts())
    #expect(missing.status == .missing && !missing.isRequired)
    #expect(missing.detail.contains("eu-stack"))
    #expect(missing.cure?.contains("apt-get install elfutils") == true)
    let found = Diagnosis.unwinder(DoctorFacts(unwinder: "/usr/bin/eu-stack"))
    #expect(found.status == .works && found.detail == "/usr/bin/eu-stack" && found.cure == nil)
  }

  @Test("of tracing names Yama where siblings may be traced") func tracing() {
    func finding(_ detail: Int64, _ facts: DoctorFacts) -> Finding {
      Diagnosis.finding(for: .trace, ProbeResult(outcome: .works, detail: detail), facts)
    }
    #expect(finding(0, DoctorFacts()).status == .works)
    #expect(finding(1, DoctorFacts(isRoot: true)).status == .works)
    #expect(finding(1, DoctorFacts()).cure?.contains("Yama") == true)
    #expect(
      finding(1, DoctorFacts(ptraceScope: "0")).cure == "sudo sysctl -w kernel.yama.ptrace_scope=1")
  }

  @Test("has words and a cure for everything that can go wrong", arguments: Probe.allCases)
  func complete(probe: Probe) {
    for outcome in [ProbeResult.Outcome.failed, .ineffective, .timedOut, .died] {
      for error in [EPERM, EACCES, ENOSYS, EINVAL, ENOSPC, EBUSY, EDQUOT, EOPNOTSUPP, EAGAIN] {
        for facts in [DoctorFacts(), DoctorFacts(isFiltered: true), DoctorFacts(isRoot: true)] {
          let result = ProbeResult(outcome: outcome, error: error, call: "fork")
          let finding = Diagnosis.finding(for: probe, result, facts)
          #expect(finding.status == .missing)
          #expect(!finding.detail.isEmpty)
          #expect(finding.cure?.isEmpty == false)
          #expect(!finding.neededFor.isEmpty)
        }
      }
    }
  }

  @Test("fails the default profile only by what that requires") func isWell() {
    func findings(without missing: Probe?) -> [Finding] {
      Probe.allCases.map { probe in
        Finding(
          name: probe.rawValue, status: probe == missing ? .missing : .works, detail: "",
          neededFor: "", cure: nil, isRequired: probe.isRequired)
      }
    }
    #expect(Doctor.isWell(findings(without: nil)))
    for probe in Probe.allCases {
      #expect(Doctor.isWell(findings(without: probe)) == !probe.isRequired)
    }
  }
}
