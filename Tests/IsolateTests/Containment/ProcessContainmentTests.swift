import Testing

@Suite("An app and the processes it is not")
struct ProcessContainmentTests {
  private static let ptrace = [
    "--allow-syscall", "@ptrace", "--relax", "syscalls.allow=test",
  ]

  /// On a process of the same user outside; also when the filter lets the calls through: the pid namespace refuses.
  static let outside = [
    ["signal", "%1"], ["open-process", "%1"], ["see-process", "isolated-victim-asle"],
    ["open-proc", "%1", "exe"], ["open-memory", "%1"], ["trace", "%1"], ["read-memory", "%1"],
    ["write-memory", "%1"], ["take-descriptor", "%1"], ["compare", "%1"],
  ].flatMap { mode in
    [
      AttackRow("an app cannot \(mode[0]) a process outside", mode, outside: ["with-process"]),
      AttackRow(
        "an app that may trace cannot \(mode[0]) a process outside", mode, options: ptrace,
        outside: ["with-process"], refusal: ["ESRCH", "ENOENT"]),
    ]
  }

  /// On PID 1 of its own namespace, which holds a copy of the supervisor's memory.
  static let initFiles = [
    "mem", "environ", "root", "cwd", "exe", "fd", "maps", "auxv", "map_files", "ns/mnt",
  ].map { file in
    AttackRow(
      "an app cannot open /proc/1/\(file)", ["open-proc", "1", file], bare: .inNamespaces,
      refusal: ["EACCES", "EPERM"])
  }

  static let initCalls = [
    "open-memory", "trace", "read-memory", "write-memory", "take-descriptor", "compare",
  ].flatMap { mode in
    [
      AttackRow(
        "an app cannot \(mode) its init", [mode, "1"], bare: .inNamespaces,
        refusal: ["EACCES", "EPERM"]),
      AttackRow(
        "an app that may trace cannot \(mode) its init", [mode, "1"], options: ptrace,
        bare: .inNamespaces, refusal: ["EACCES", "EPERM"]),
    ]
  }

  private static let ways = [
    "limit", "class", "parameter", "attributes", "processors", "niceness", "disk",
  ]

  /// It has the app's user id, and the kernel asks no more: without a limit of descriptors to wait with, or a processor to run on,
  /// it would not do its work.
  static let steering =
    ways.map { way in
      AttackRow(
        "an app cannot set its init's \(way)", ["steer", way, "1"], bare: .inNamespaces,
        refusal: ["EPERM"])
    }
    + ["niceness", "disk"].map { way in
      AttackRow(
        "an app cannot set the \(way) of all of its user's processes", ["steer-user", way],
        bare: .inNamespaces, refusal: ["EPERM"])
    }

  /// The filter would refuse it of any process, so only a pair of runs tells: it is refused of init alone.
  @Test("an app may set limits, priority and processors of its own processes") func own() {
    for way in Self.ways {
      let attack = AttackRow("", ["steer", way, "2"])
      #expect(attack.protected() == .done, "\(way)")
    }
  }

  static let all = outside + initFiles + initCalls + steering

  @Test(
    "an attack on another process is refused, and works without the launch",
    arguments: all.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }
}
