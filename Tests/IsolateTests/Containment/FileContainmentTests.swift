import Testing

@testable import Isolate

@Suite("An app and the files of the machine")
struct FileContainmentTests {
  private static let write = ["--write", "$DIR/open"]
  private static let shown = ["--read", "$DIR/shown"]
  private static let hidden = ["--read", "$DIR/shown", "--hide", "$DIR/shown/hidden"]
  private static let writable = ["--write", "$DIR/shown"]

  static let attacks: [AttackRow] = [
    AttackRow("an app cannot read what no rule shows", ["read", "$DIR/public"]),
    AttackRow("an app cannot list what no rule shows", ["list", "$DIR"]),
    AttackRow(
      "an app cannot read the machine's passwords", ["read", "/etc/shadow"], caller: .root),
    AttackRow("an app has no /sys unless asked", ["list", "/sys/kernel"]),
    AttackRow(
      "an app cannot reach a file by a link out of its view",
      ["by-symlink", "$DIR/public", "$DIR/open/link"], options: write),
    AttackRow(
      "an app cannot reach a file through /proc/self/root",
      ["read", "/proc/self/root$DIR/public"]),
    AttackRow(
      "an app cannot walk up and out of its root",
      ["read", "/../../../../../../../..$DIR/public"]),
    AttackRow(
      "an app that is shown the whole machine cannot walk up to what its view covers",
      ["read", "/usr/..$DIR/public"], options: ["--read", "/"]),
    AttackRow(
      "an app that is shown the whole machine cannot write to it",
      ["open-write", "/usr/../usr/bin/env"], options: ["--read", "/"], caller: .root),
    AttackRow(
      "an app that is shown the whole machine elsewhere cannot walk up out of it",
      ["read", "/host/..$DIR/public"], options: ["--read", "/:/host"],
      bare: .relaxed(["--read", "/:/host", "--read", "$DIR"])),

    AttackRow(
      "an app cannot write a file it may read", ["write", "$DIR/shown/plain"], options: shown,
      bare: .relaxed(writable)),
    AttackRow(
      "an app cannot truncate a file it may read", ["truncate", "$DIR/shown/plain"],
      options: shown, bare: .relaxed(writable)),
    AttackRow(
      "an app cannot remove a file it may read", ["remove", "$DIR/shown/plain"],
      options: shown, bare: .relaxed(writable)),
    AttackRow(
      "an app cannot make a file where it may read", ["create", "$DIR/shown/new"],
      options: shown, bare: .relaxed(writable)),
    AttackRow(
      "an app cannot change the mode of a file it may read, by the mount alone",
      ["change-mode", "$DIR/shown/plain"], options: shown, bare: .relaxed(writable),
      refusal: ["EROFS"]),
    AttackRow(
      "an app cannot link a file that it may only read to where it may write",
      ["hard-link", "$DIR/shown/plain", "$DIR/open/link"], options: shown + write,
      refusal: ["EXDEV", "EACCES"]),
    AttackRow(
      "an app cannot write the system's programs", ["open-write", "/usr/bin/env"],
      caller: .root),
    AttackRow(
      "an app cannot overwrite a running program by its link in /proc",
      ["overwrite-program", "$DIR/program"], options: ["--read", "$DIR/program"]),

    AttackRow(
      "an app cannot read what a hide rule covers", ["read", "$DIR/shown/hidden"],
      options: hidden, bare: .relaxed(shown)),
    AttackRow(
      "an app cannot look into a directory that a hide rule covers",
      ["read", "$DIR/shown/plain"], options: ["--read", "$DIR", "--hide", "$DIR/shown"],
      bare: .relaxed(["--read", "$DIR"])),
    AttackRow(
      "an app cannot read what is hidden by a symbolic link of its own",
      ["by-symlink", "$DIR/shown/hidden", "$DIR/open/link"], options: hidden + write,
      bare: .relaxed(shown + write)),
    AttackRow(
      "an app cannot read what is hidden through /proc/self/root",
      ["read", "/proc/self/root$DIR/shown/hidden"], options: hidden, bare: .relaxed(shown)),
    AttackRow(
      "an app cannot give what is hidden a second name",
      ["hard-link", "$DIR/shown/hidden", "$DIR/shown/other"],
      options: writable + ["--hide", "$DIR/shown/hidden"], bare: .relaxed(writable)),
    AttackRow(
      "an app cannot move what is hidden",
      ["rename", "$DIR/shown/hidden", "$DIR/shown/other"],
      options: writable + ["--hide", "$DIR/shown/hidden"], bare: .relaxed(writable)),
    AttackRow(
      "an app cannot uncover what is hidden by renaming the directory it lies in",
      ["rename-parent", "$DIR/shown", "$DIR/moved", "$DIR/moved/hidden"],
      options: ["--write", "$DIR", "--hide", "$DIR/shown/hidden"],
      bare: .relaxed(["--write", "$DIR"])),

    AttackRow(
      "an app cannot run a program that it wrote", ["run-copy", "$DIR/open/copy"],
      options: write, refusal: ["EACCES"]),
    AttackRow(
      "an app cannot run a program that it wrote through the loader",
      ["run-by-loader", "$DIR/open/copy"], options: write),
    AttackRow(
      "an app cannot map a file that it wrote as code",
      ["map-file-execute", "$DIR/open/code"], options: write, refusal: ["EPERM", "EACCES"]),
    AttackRow(
      "an app cannot run a program that it wrote to its own /tmp",
      ["run-copy", "/tmp/isolated-copy-$ID"],
      refusal: ["EACCES"]),
    AttackRow(
      "an app cannot run a program that it wrote to shared memory",
      ["run-copy", "/dev/shm/isolated-copy-$ID"], refusal: ["EACCES"]),
    AttackRow(
      "an app that crashes leaves no core file, whatever limit it asks for",
      ["dump-core", "$DIR/open"], options: write,
      bare: .relaxed(write + ["--limit", "core-size=16M"]), refusal: ["EPERM"],
      reached: ["ENODATA"]),
    AttackRow(
      "an app cannot make a device", ["make-device", "$DIR/open/memory"], options: write,
      caller: .root),
    AttackRow(
      "an app cannot use a device that lies in its view", ["read", "$DIR/open/zero"],
      options: write, outside: ["with-device", "$DIR/open/zero"], caller: .root),
    AttackRow(
      "an app has only the harmless devices", ["open-read", "/dev/kmsg"], caller: .root),
    AttackRow("an app cannot read where the kernel's functions lie", ["read", "/proc/kallsyms"]),
    AttackRow("an app cannot read the list of its user's keys", ["read-keys", "/proc/keys"]),
    AttackRow(
      "an app cannot read the kernel's timers", ["read", "/proc/timer_list"], caller: .root),
    AttackRow(
      "an app cannot turn the knobs of /proc/sys",
      ["write-text", "/proc/sys/net/ipv4/ip_forward", "1"], bare: .inNamespaces),
    AttackRow(
      "an app cannot turn the machine's own knobs",
      ["open-write", "/proc/sys/kernel/core_pattern"], caller: .root),
  ]

  /// Every way to write a set-user-ID bit, refused in a directory that the app may write.
  static let setID = [
    "open", "open-group", "creat", "mknod", "mknodat-high", "openat2", "chmod", "chmod-high",
    "fchmod", "fchmodat", "fchmodat2",
  ].map { way in
    AttackRow(
      "an app cannot leave a set-id program behind, by \(way)",
      ["set-id", way, "$DIR/open/program"], options: write,
      refusal: way == "openat2" ? ["ENOSYS"] : ["EPERM"])
  }

  /// The mount calls, with the filter and with capabilities alone.
  static let mounts = [
    ["remount-writable", "/usr"], ["set-writable", "/usr"], ["uncover", "/usr"],
    ["mount-tmpfs", "/tmp"], ["clone-tree", "/usr"], ["leave-root"],
  ].flatMap { mode in
    [
      AttackRow(
        "an app cannot change its view by \(mode[0])", mode, bare: .inNamespaces,
        refusal: ["EPERM"]),
      AttackRow(
        "an app that may make the call cannot change its view by \(mode[0])", mode,
        options: [
          "--allow-syscall", "@mount", "--allow-syscall", "@chroot", "--relax",
          "syscalls.allow=test",
        ], bare: .inNamespaces, refusal: ["EPERM"]),
    ]
  }

  static let handles = [
    AttackRow(
      "an app cannot open a file by its handle", ["by-handle", "/etc/hostname"],
      caller: .root),
    AttackRow(
      "an app that may make the call cannot open a file by its handle",
      ["by-handle", "/etc/hostname"],
      options: ["--allow-syscall", "@handles", "--relax", "syscalls.allow=test"],
      caller: .root),
  ]

  static let all = attacks + setID + mounts + handles

  /// Few machines have both of these files, and the plan names what is there: so it is also made for one that has them.
  @Test("an app has no image of the kernel's memory, and no key to the machine")
  func wholeMachine() throws {
    let policy = try PlanFixture.policy(
      "extends = [\"default\"]\n[command]\nrun = [\"/bin/true\"]\n")
    let steps = try PlanFixture.plan(policy).steps
    #expect(steps.contains(.mask(path: "proc/kcore")))
    #expect(steps.contains(.makeReadOnly(path: "proc/sysrq-trigger")))
    if Privileges.isRoot, Run.shell("test -s /proc/kcore").code == 0 {
      AttackRow("", ["read", "/proc/kcore"], refusal: ["ENODATA"]).check()
    }
    if Privileges.isRoot, Run.shell("test -w /proc/sysrq-trigger").code == 0 {
      AttackRow("", ["open-write", "/proc/sysrq-trigger"]).check()
    }
  }

  /// By the mounts alone: whoever the app is, what is there of these is covered or read-only.
  @Test("what of /proc steers the machine is covered or read-only, whoever asks")
  func coveredProc() {
    let covered = ["kallsyms", "kcore", "keys", "kmsg", "timer_list", "sched_debug"]
    let readOnly = ["sys", "irq", "fs", "bus", "sysrq-trigger"]
    let inside = Run.command(
      [Executable.path, "run", "--", "/bin/cat", "/proc/self/mountinfo"]
    ).output.split(separator: "\n").map { $0.split(separator: " ") }
    func mount(_ name: String) -> [Substring]? {
      inside.last { $0.count > 5 && $0[4] == "/proc/\(name)" }
    }
    let outside = Run.read("/proc/self/mountinfo")
    var seen = 0
    for name in covered + readOnly where Run.shell("test -e \"/proc/$1\"", [name]).code == 0 {
      seen += 1
      let found = mount(name)
      #expect(found != nil, "nothing lies on /proc/\(name)")
      if covered.contains(name) {
        #expect(found?[3].hasSuffix("null") == true, "\(name): \(found ?? [])")
      } else {
        #expect(found?[5].hasPrefix("ro") == true, "\(name): \(found ?? [])")
      }
      #expect(!outside.contains(" /proc/\(name) "))
    }
    #expect(seen >= 3)
  }

  @Test(
    "an attack on the file view is refused, and works without the view",
    arguments: all.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }
}
