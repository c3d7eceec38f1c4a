extension ProfileKey {
  /// Every key there is, in the order of docs/profile.md. `relax` is the one table beside it.
  package static let all: [ProfileKey] =
    general + files + network + confinement + rest + service + GrantKeys.all

  private static let general: [ProfileKey] = [
    ProfileKey(
      "description", .string, .own, .never, "What the profile is for, in one sentence.",
      "\"nginx serving files from /var/www\""),
    ProfileKey(
      "extends", .strings, .own, .never,
      "The profiles this one builds on, by name or path; a later one overrides an earlier one.",
      "[\"default\"]"),
    ProfileKey(
      "require", .wordList(Requirement.allCases.map(\.rawValue)), .union, .removal,
      "Protections without which the app must not start; what is not required and cannot be had "
        + "is announced.",
      "[\"namespaces\", \"filter\"]"),
    ProfileKey(
      "command.run", .strings, .replace, .never, "The program and its arguments.",
      "[\"nginx\", \"-g\", \"daemon off;\"]"),
    ProfileKey(
      "command.workdir", .path, .replace, .never,
      "Where the app starts; the caller's working directory if the app can see it, else its home.",
      "\"$HOME\""),
    ProfileKey(
      "command.path", .paths, .replace, .never,
      "The directories in which the program is looked up; also the app's PATH.",
      "[\"/usr/bin\", \"/bin\"]"),
    ProfileKey(
      "environment.keep", .strings, .union, .overUnset,
      "Variables taken over from the caller, by name or by prefix with a `*` at its end.",
      "[\"LANG\", \"LC_*\"]"),
    ProfileKey(
      "environment.set", .table, .byName, .never, "Variables with their values.",
      "{ TMPDIR = \"/tmp\" }"),
    ProfileKey(
      "environment.unset", .strings, .union, .never,
      "Variables the app must not have; a derived profile may still set them to a value of its "
        + "own.",
      "[\"LD_PRELOAD\"]"),
  ]

  private static let files: [ProfileKey] = [
    ProfileKey(
      "files.read", .rules, .byPath, .unhide,
      "Files and directories the app can read, and run programs from.", "[\"/usr\"]"),
    ProfileKey(
      "files.write", .rules, .byPath, .writable,
      "Files and directories of the host the app can change.", "[\"$CWD/out\"]"),
    ProfileKey(
      "files.private", .rules, .byPath, .never,
      "Directories of the app's own in memory, empty at its start and gone at its end.",
      "[{ path = \"/tmp\", size = \"64M\" }]"),
    ProfileKey(
      "files.overlay", .rules, .byPath, .unhide,
      "Directories of the host the app can change without the host being changed; the changes "
        + "are thrown away or kept in `upper`.",
      "[\"/var/lib/app\"]"),
    ProfileKey(
      "files.hide", .rules, .byPath, .never,
      "Files and directories covered by nothing, where a rule on a parent would show them.",
      "[\"$HOME/.ssh\"]"),
    ProfileKey(
      "files.devices", .rules, .byPath, .never,
      "Device nodes of the host, or directories of them, added to the app's /dev.",
      "[\"/dev/dri\"]"),
    ProfileKey(
      "files.proc", .boolean, .replace, .wider, "A fresh /proc that shows the app's own processes.",
      "true"),
    ProfileKey(
      "files.dev", .boolean, .replace, .wider,
      "A minimal /dev: null, zero, full, random, urandom, tty, pts and shm.", "true"),
    ProfileKey(
      "files.sys", .boolean, .replace, .wider, "The host's /sys, read-only.", "false"),
  ]

  private static let network: [ProfileKey] = [
    ProfileKey(
      "network.mode", .words(NetworkMode.allCases.map(\.rawValue)), .replace, .wider,
      "How much network the app has: none, an own loopback, or the host's.", "\"loopback\""),
    ProfileKey(
      "network.connect", .ports, .replace, .notInBase,
      "The only TCP ports the app may connect to (Landlock, Linux 6.7).", "[443]"),
    ProfileKey(
      "network.bind", .ports, .replace, .notInBase,
      "The only TCP ports the app may listen on (Landlock, Linux 6.7).", "[8080]"),
    ProfileKey(
      "network.families", .wordList(SocketFamilyWord.allCases.map(\.rawValue)), .replace,
      .notInBase,
      "The only socket families the app may use; all four if none is given.", "[\"unix\"]"),
  ]

  private static let confinement: [ProfileKey] = [
    ProfileKey(
      "syscalls.base", .words(SyscallBaseWord.allCases.map(\.rawValue)), .replace, .wider,
      "The set of system calls to start from: what most programs need, pure computation, or none.",
      "\"default\""),
    ProfileKey(
      "syscalls.allow", .strings, .union, .always,
      "System calls and groups (`@name`) allowed beyond the default set; what is in the default "
        + "set needs no relax.",
      "[\"@debug\"]"),
    ProfileKey(
      "syscalls.deny", .strings, .union, .never,
      "System calls and groups refused, although the default set has them.", "[\"@network\"]"),
    ProfileKey(
      "syscalls.refuse-with", .words(RefusalWord.allCases.map(\.rawValue)), .replace, .wider,
      "What a refused call does: fail with an error number, kill the app, or only be logged.",
      "\"errno\""),
    ProfileKey(
      "syscalls.set-id-bits", .boolean, .replace, .always,
      "Lets the app make files set-user-ID or set-group-ID.", "false"),
    ProfileKey(
      "syscalls.nested-user-namespaces", .boolean, .replace, .always,
      "Lets the app make user namespaces, as browsers do for their own sandbox.", "false"),
    ProfileKey(
      "syscalls.terminal-injection", .boolean, .replace, .always,
      "Lets the app push characters into its terminal (TIOCSTI, TIOCLINUX).", "false"),
    ProfileKey(
      "syscalls.personality", .boolean, .replace, .always,
      "Lets the app change its execution domain, which switches address randomisation off.",
      "false"),
    ProfileKey(
      "memory.write-execute", .boolean, .replace, .always,
      "Lets the app run code that it wrote into memory, as JIT compilers do.", "false"),
  ]

  private static let rest: [ProfileKey] = [
    ProfileKey(
      "limits.memory", .size, .replace, .never, "Memory of the whole app together.", "\"512M\""),
    ProfileKey(
      "limits.processes", .count, .replace, .never, "Processes and threads together.", "256"),
    ProfileKey("limits.cpu", .number, .replace, .never, "CPUs: 1.5 is one and a half.", "1.5"),
    ProfileKey(
      "limits.io-read", .size, .replace, .never, "Bytes read from each disk in a second.",
      "\"50M\""),
    ProfileKey(
      "limits.io-write", .size, .replace, .never, "Bytes written to each disk in a second.",
      "\"20M\""),
    ProfileKey(
      "limits.io-read-operations", .count, .replace, .never,
      "Reads from each disk in a second, whatever their size.", "1000"),
    ProfileKey(
      "limits.io-write-operations", .count, .replace, .never,
      "Writes to each disk in a second, whatever their size.", "500"),
    ProfileKey(
      "limits.io-weight", .count, .replace, .never,
      "The app's share of a disk that is busy, 1 to 10000: who says nothing has 100.", "200"),
    ProfileKey(
      "limits.open-files", .count, .replace, .never, "Open descriptors of each process.", "1024"),
    ProfileKey(
      "limits.file-size", .size, .replace, .never, "The largest file the app can write.", "\"1G\""),
    ProfileKey(
      "limits.address-space", .size, .replace, .never, "Virtual memory of each process.", "\"8G\""),
    ProfileKey(
      "limits.cpu-time", .time, .replace, .never, "CPU time of the whole app together.", "\"10m\""),
    ProfileKey(
      "limits.wall-time", .time, .replace, .never, "How long the app may run.", "\"1h\""),
    ProfileKey(
      "limits.core-size", .size, .replace, .never, "The largest core file a crash leaves.", "0"),
    ProfileKey(
      "identity.user", .string, .replace, .never, "The app's user name, and its group's.",
      "\"app\""),
    ProfileKey("identity.uid", .count, .replace, .never, "The user id the app sees.", "1000"),
    ProfileKey("identity.gid", .count, .replace, .never, "The group id the app sees.", "1000"),
    ProfileKey("identity.home", .path, .replace, .never, "The app's home directory.", "\"$HOME\""),
    ProfileKey("identity.shell", .path, .replace, .never, "The app's SHELL.", "\"/bin/sh\""),
    ProfileKey(
      "identity.hostname", .string, .replace, .never,
      "The host name the app sees; its own name if none is given.", "\"web\""),
    ProfileKey(
      "identity.timezone", .string, .replace, .never,
      "A zone of /usr/share/zoneinfo; the host's if none is given.", "\"Europe/Berlin\""),
    ProfileKey("identity.umask", .octal, .replace, .never, "The file mode mask.", "\"077\""),
    ProfileKey(
      "namespaces.time", .boolean, .replace, .never,
      "A time namespace: the app's boot and monotonic clocks start apart from the host's.",
      "true"),
    ProfileKey(
      "terminal.mode", .words(TerminalMode.allCases.map(\.rawValue)), .replace, .wider,
      "What the app gets for the caller's terminal: an own one, the caller's itself, or none.",
      "\"auto\""),
    ProfileKey(
      "descriptors.keep", .integers, .union, .never,
      "Open descriptors of the caller the app keeps, beyond 0, 1 and 2.", "[3]"),
    ProfileKey(
      "crash.report", .boolean, .replace, .never,
      "Whether a report is written when a signal ends a process of the app.", "true"),
    ProfileKey(
      "stop.signal", .words(ProfileUnits.signals.map(\.name)), .replace, .never,
      "The signal that asks the app to end.", "\"SIGTERM\""),
    ProfileKey(
      "stop.timeout", .time, .replace, .never,
      "How long the app has to end before everything in it is killed.", "\"10s\""),
  ]
}
