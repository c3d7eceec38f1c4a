import Isolate
import Testing

@Suite("The system-call policy")
struct SyscallPolicyTests {
  @Test("lets every recorded program make its calls, but for those refused on purpose")
  func servesPrograms() throws {
    /// Programs go on without these: libc falls back from clone3, NUMA hints are only hints, the
    /// last two belong to sandboxes of sshd and chromium, whose profiles allow them.
    let refused: Set = ["clone3", "get_mempolicy", "set_mempolicy", "unshare", "chroot"]
    let allowed = SyscallPolicy().allowedCalls
    let text = String(
      decoding: try ProjectFiles.read("Tests/Fixtures/app-syscalls.txt"), as: UTF8.self)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines.count == 25)
    var seen: Set<String> = []
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let missing = Set(words.dropFirst()).subtracting(allowed)
      seen.formUnion(missing)
      #expect(missing.isSubset(of: refused), "\(words[0])")
    }
    #expect(seen == refused)
  }

  @Test("refuses by default what ordinary programs do not need") func refusesByDefault() {
    let refused = [
      "io_uring_setup", "bpf", "perf_event_open", "userfaultfd", "keyctl", "ptrace",
      "process_vm_readv", "pidfd_getfd", "mount", "move_mount", "fsopen", "unshare", "setns",
      "clone3", "init_module", "reboot", "kexec_load", "settimeofday", "swapon", "iopl",
      "open_by_handle_at", "fanotify_init", "modify_ldt", "chroot", "sethostname", "syslog",
      "acct", "quotactl", "openat2",
    ]
    #expect(SyscallPolicy().allowedCalls.isDisjoint(with: refused))
  }

  @Test(
    "a named call beats a group, and deny beats allow",
    arguments: [
      (["@ptrace"], [], "ptrace", true),
      (["@ptrace"], ["@ptrace"], "ptrace", false),
      (["ptrace"], ["@ptrace"], "ptrace", true),
      (["ptrace"], ["ptrace"], "ptrace", false),
      (["@ptrace"], ["ptrace"], "kcmp", true),
      ([], ["@sockets"], "socket", false),
      (["socketpair"], ["@sockets"], "socketpair", true),
      ([], [], "read", true),
    ] as [([String], [String], String, Bool)])
  func order(allow: [String], deny: [String], call: String, isAllowed: Bool) throws {
    let policy = try SyscallPolicy(base: .standard, allow: allow, deny: deny)
    #expect(policy.allowedCalls.contains(call) == isAllowed)
  }

  @Test("names every unknown entry with the nearest one") func unknown() {
    let error = #expect(throws: UnknownSyscalls.self) {
      try SyscallPolicy(
        base: .standard, allow: ["read", "raed", "@sokcets"], deny: ["quite_wrong"])
    }
    #expect(
      error?.entries.map(\.text) == ["raed", "@sokcets", "quite_wrong"])
    #expect(error?.entries.map(\.nearest) == ["read", "@sockets", nil])
  }

  @Test("says which entries a switch makes useless") func useless() throws {
    var policy = try SyscallPolicy(base: .standard, allow: ["clone3", "openat2"], deny: [])
    #expect(policy.uselessEntries == ["clone3", "openat2"])
    #expect(policy.allowedCalls.isDisjoint(with: ["clone3", "openat2"]))
    policy.allowsNestedUserNamespaces = true
    policy.allowsWriteOfSetIDBits = true
    #expect(policy.uselessEntries.isEmpty)
    #expect(policy.allowedCalls.isSuperset(of: ["clone3", "openat2", "unshare"]))
  }

  @Test("keeps written errors when refused calls kill") func writtenErrors() {
    var policy = SyscallPolicy()
    policy.refusal = .kill
    let answers = Dictionary(
      policy.rules.filter(\.checks.isEmpty).map { ($0.name, $0.answer) }
    ) { first, _ in first }
    #expect(answers["clone3"] == .error(38))
    #expect(answers["mount"] == .kill)
  }

  @Test("reads as different text exactly when it differs") func canonicalText() throws {
    var policies = [SyscallPolicy()]
    policies.append(try SyscallPolicy(base: .strict, allow: [], deny: []))
    policies.append(try SyscallPolicy(base: .nothing, allow: [], deny: []))
    policies.append(try SyscallPolicy(base: .standard, allow: ["bpf"], deny: []))
    policies.append(try SyscallPolicy(base: .standard, allow: [], deny: ["bpf"]))
    let changes: [(inout SyscallPolicy) -> Void] = [
      { $0.refusal = .kill }, { $0.refusal = .log }, { $0.refusal = .error(13) },
      { $0.socketFamilies = [] }, { $0.socketFamilies = [.unix] },
      { $0.allowsWriteOfSetIDBits = true }, { $0.allowsNestedUserNamespaces = true },
      { $0.allowsTerminalInjection = true }, { $0.allowsPersonality = true },
      { $0.refusesFastOpen = true }, { $0.hasNamespaces = false },
    ]
    for change in changes {
      var policy = SyscallPolicy()
      change(&policy)
      policies.append(policy)
    }
    #expect(Set(policies.map(\.canonicalText)).count == policies.count)
    let ordered = try SyscallPolicy(base: .standard, allow: ["bpf", "acct"], deny: [])
    let reordered = try SyscallPolicy(base: .standard, allow: ["acct", "bpf", "acct"], deny: [])
    #expect(ordered == reordered)
    #expect(ordered.canonicalText == reordered.canonicalText)
  }
}
