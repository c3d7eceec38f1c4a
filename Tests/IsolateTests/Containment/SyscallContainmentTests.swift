import Testing

@Suite("An app and the system calls it has no business with")
struct SyscallContainmentTests {
  /// Calls that the filter refuses, with the group that allows each and what the app is told.
  static let calls: [(call: String, group: String, error: String)] = [
    ("mount", "@mount", "EPERM"), ("umount2", "@mount", "EPERM"),
    ("pivot_root", "@mount", "EPERM"), ("open_tree", "@mount", "EPERM"),
    ("move_mount", "@mount", "EPERM"), ("fsopen", "@mount", "EPERM"),
    ("fsconfig", "@mount", "EPERM"), ("fsmount", "@mount", "EPERM"),
    ("fspick", "@mount", "EPERM"), ("mount_setattr", "@mount", "EPERM"),
    ("chroot", "@chroot", "EPERM"), ("setns", "@namespaces", "EPERM"),
    ("ptrace", "@ptrace", "EPERM"), ("process_vm_readv", "@ptrace", "EPERM"),
    ("process_vm_writev", "@ptrace", "EPERM"), ("pidfd_getfd", "@ptrace", "EPERM"),
    ("kcmp", "@ptrace", "EPERM"), ("keyctl", "@keyring", "ENOSYS"),
    ("add_key", "@keyring", "ENOSYS"), ("request_key", "@keyring", "ENOSYS"),
    ("bpf", "@bpf", "EPERM"), ("perf_event_open", "@perf", "EPERM"),
    ("userfaultfd", "@userfaultfd", "EPERM"), ("io_uring_setup", "@io-uring", "ENOSYS"),
    ("io_uring_enter", "@io-uring", "ENOSYS"), ("io_uring_register", "@io-uring", "ENOSYS"),
    ("fanotify_init", "@fanotify", "EPERM"), ("fanotify_mark", "@fanotify", "EPERM"),
    ("init_module", "@module", "EPERM"), ("finit_module", "@module", "EPERM"),
    ("delete_module", "@module", "EPERM"), ("reboot", "@reboot", "EPERM"),
    ("kexec_load", "@reboot", "EPERM"), ("kexec_file_load", "@reboot", "EPERM"),
    ("clock_settime", "@clock-set", "EPERM"), ("settimeofday", "@clock-set", "EPERM"),
    ("adjtimex", "@clock-set", "EPERM"), ("clock_adjtime", "@clock-set", "EPERM"),
    ("swapon", "@swap", "EPERM"), ("swapoff", "@swap", "EPERM"),
    ("acct", "@accounting", "EPERM"), ("quotactl", "@quota", "EPERM"),
    ("sethostname", "@hostname", "EPERM"), ("setdomainname", "@hostname", "EPERM"),
    ("syslog", "@kernel-log", "EPERM"), ("open_by_handle_at", "@handles", "EPERM"),
  ]

  static let attacks: [AttackRow] = [
    AttackRow(
      "an app cannot use the 32-bit entry of the kernel", ["i386-entry"], refusal: ["SIGSYS"]),
    /* A kernel without x32 answers ENOSYS, and only a filter kills. */
    AttackRow(
      "an app cannot use the x32 entry of the kernel", ["x32-entry"], refusal: ["SIGSYS"],
      reached: ["ENOSYS"]),
    AttackRow("an app cannot make a user namespace with unshare", ["unshare-user"]),
    AttackRow("an app cannot make a user namespace with clone", ["clone-user", "0"]),
    AttackRow(
      "an app cannot make a user namespace with clone and high bits in its flags",
      ["clone-user", "0xdead00000000"]),
    AttackRow(
      "an app cannot make a user namespace with clone3, whose flags no filter sees",
      ["clone3-user"], refusal: ["ENOSYS"]),
    AttackRow(
      "an app cannot switch its address randomisation off", ["personality", "0x0040000"]),
    AttackRow(
      "an app cannot switch its execution domain with high bits in the argument",
      ["personality", "0xdead00040000"]),
    AttackRow("an app is never without its filter", ["no-filter"]),
  ]

  @Test(
    "a refused call is refused by the filter, and reaches the kernel when it is allowed",
    arguments: calls)
  func refusedCall(_ row: (call: String, group: String, error: String)) {
    let attack = AttackRow("", ["call", row.call])
    #expect(attack.protected() == .refused(row.error))
    /* Only the filter can kill: so it is the filter that refuses. */
    var killing = attack
    killing.options = ["--set", "syscalls.refuse-with=kill"]
    let written = row.error != "EPERM"
    #expect(killing.protected() == (written ? .refused(row.error) : .killed(31)))
    var allowed = killing
    allowed.options += ["--allow-syscall", row.group, "--relax", "syscalls.allow=test"]
    let reached = allowed.protected()
    #expect(reached != .killed(31))
    if written { #expect(reached != .refused(row.error)) }
  }

  @Test(
    "an attack on the system call gate is refused, and works without the gate",
    arguments: attacks.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }
}
