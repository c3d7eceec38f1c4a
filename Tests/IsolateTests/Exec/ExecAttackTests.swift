import Glibc
import Testing

@testable import Isolate

/// An app that lies in wait for whoever enters its sandbox: between the fork and exec that process is still a copy of its caller.
///
/// It runs without filter and Landlock, which would refuse all this a second time.
@Suite(.serialized) struct ExecAttackTests {
  /// Tries everything that /proc and ptrace(2) offer on each process that still has the caller's name, and tells what it got.
  private static let attack = """
    import ctypes, os, sys
    libc = ctypes.CDLL(None, use_errno=True)
    name = sys.argv[1] + "\\n"
    mine = str(os.getpid())
    got, seen = {}, set()
    def isEntering(pid):
        try:
            return open(f"/proc/{pid}/comm").read() == name
        except OSError:
            return False
    def attempts(pid):
        root = f"/proc/{pid}/"
        yield "exe", lambda: os.readlink(root + "exe")
        yield "open-exe", lambda: os.close(os.open(root + "exe", os.O_RDONLY))
        yield "mem", lambda: os.close(os.open(root + "mem", os.O_RDWR))
        yield "environ", lambda: open(root + "environ", "rb").read() or None
        yield "maps", lambda: open(root + "maps").read() or None
        yield "root", lambda: os.listdir(root + "root/")
        yield "cwd", lambda: os.readlink(root + "cwd")
        # What is looked for comes first: a caller may have hundreds of others.
        yield "fds", lambda: sorted(
            (os.readlink(root + "fd/" + n) for n in os.listdir(root + "fd")),
            key=lambda target: target != "/etc/hostname")
        yield "words", lambda: open(root + "cmdline", "rb").read().strip(b"\\0") or None
        def trace():
            # PTRACE_SEIZE, INTERRUPT, DETACH: what has been let go goes on.
            if libc.ptrace(0x4206, int(pid), 0, 0):
                raise OSError(ctypes.get_errno(), "")
            libc.ptrace(0x4207, int(pid), 0, 0)
            os.waitpid(int(pid), 0x40000000)
            libc.ptrace(17, int(pid), 0, 0)
        yield "ptrace", trace
        def steal():
            holder = os.pidfd_open(int(pid))
            try:
                taken = libc.syscall(438, holder, 0, 0)
                if taken < 0:
                    raise OSError(ctypes.get_errno(), "")
                # It may be the command's by now, whose end the caller waits for.
                os.close(taken)
            finally:
                os.close(holder)
        yield "pidfd_getfd", steal
    print("waiting", flush=True)
    while not os.path.exists("/tmp/over"):
        for pid in os.listdir("/proc"):
            if not pid.isdigit() or pid in ("1", mine) or not isEntering(pid):
                continue
            for what, attempt in attempts(pid):
                try:
                    result = attempt()
                except (OSError, ValueError):
                    continue
                if isEntering(pid) and (result is not None or what not in ("environ", "maps", "words")):
                    got.setdefault(what, set()).add(str(result)[:400])
            if pid not in seen:
                seen.add(pid)
                print("looked", flush=True)
    print("seen", len(seen))
    for what in sorted(got):
        print("got", what, *sorted(got[what]))
    """

  /// What became of an app that attacked `times` commands which entered under a plan that was changed.
  private func attack(
    _ times: Int, _ change: (inout ExecPlan) throws -> Void
  ) throws -> (seen: Int, got: [Substring], end: Running.End) {
    /* A thread's own name, which the clone takes over. */
    let caller = Run.read("/proc/thread-self/comm").split(separator: "\n")[0]
    let run = try PreparedRun(command: [
      "/usr/bin/python3", "-c", Self.attack, String(caller),
    ])
    let bare = PreparedRun(bare: run)
    let app = try bare.startOrdinarily()
    #expect(try app.read() == "waiting\n")
    let marker = Held(unsafe open("/etc/hostname", O_RDONLY))
    for turn in 0..<times {
      /* Each waits, at another step, until the app has looked; from there on the app races it. */
      let entering = try bare.begin(app, ["/bin/true"]) { plan in
        try change(&plan)
        let steps = plan.plan.steps
        let fork = try #require(steps.firstIndex(of: .forkApp(copiesMemory: false)))
        let place = fork + 1 + turn % (steps.count - fork - 1)
        plan.plan.steps.insert(.awaitGate, at: place)
      }
      #expect(try app.read() == "looked\n")
      let lifeline = entering.child.lifeline.raw
      #expect(unsafe write(lifeline, "g", 1) == 1)
      let end = try entering.finish()
      #expect(end.status == 0, "\(end.failed as Any)")
    }
    withExtendedLifetime(marker) {}
    let over = try bare.enter(app, ["/bin/sh", "-c", ": >/tmp/over"]) { _ in }
    #expect(over.status == 0)
    let end = try app.finish()
    let seen = end.lines.first { $0.hasPrefix("seen ") }.flatMap { Int($0.dropFirst(5)) } ?? 0
    return (seen, end.lines.filter { $0.hasPrefix("got ") }, end)
  }

  private static func expose(_ plan: inout ExecPlan) {
    for index in plan.plan.steps.indices where plan.plan.steps[index] == .setDumpable(false) {
      plan.plan.steps[index] = .setDumpable(true)
    }
  }

  @Test("an app gets nothing of 200 processes that enter its sandbox, though it sees them")
  func nothing() throws {
    let (seen, got, end) = try attack(200) { _ in }
    #expect(seen >= 200, "\(end)")
    #expect(got == [], "\(got)")
  }

  @Test("were they dumpable, it would get their program, memory and descriptors")
  func exposed() throws {
    let (seen, got, end) = try attack(40) { Self.expose(&$0) }
    #expect(seen >= 40, "\(end)")
    #expect(got.contains { $0.hasPrefix("got exe") }, "\(end)")
    #expect(got.contains { $0.hasPrefix("got fds") }, "\(end)")
    /* Even then the caller's descriptors are gone, */
    #expect(!got.contains { $0.contains("/etc/hostname") }, "\(got)")
  }

  @Test("and did they not close the caller's descriptors first, those too")
  func unclosed() throws {
    let (_, got, end) = try attack(40) { plan in
      Self.expose(&plan)
      plan.plan.steps.removeAll { $0 == .closeUnnamed }
    }
    #expect(got.contains { $0.hasPrefix("got fds") && $0.contains("/etc/hostname") }, "\(end)")
  }

  @Test("each step that confines shows in what the kernel says of the command")
  func steps() throws {
    let run = try PreparedRun("echo up; read -r line </dev/zero")
    let app = try run.startOrdinarily()
    #expect(try app.read() == "up\n")
    let look = ["/bin/grep", "-E", "^(Cap|NoNewPrivs|Seccomp|Groups|Uid)", "/proc/self/status"]
    let whole = try run.enter(app, look) { _ in }
    #expect(whole.status == 0, "\(whole.failed as Any)")
    #expect(whole.output.contains("Seccomp:\t2\n"))
    func without(_ step: LaunchStep) throws -> Running.End {
      try run.enter(app, look) { $0.plan.steps.removeAll { $0 == step } }
    }
    #expect(try without(.dropCapabilities).output != whole.output)
    let filter = run.filter.count / SyscallFilter.instructionSize
    #expect(try without(.loadFilter(instructions: filter)).output.contains("Seccomp:\t0\n"))
    /* Without it neither Landlock nor the filter can be had. */
    #expect(try without(.noNewPrivileges).failed != nil)
    try ProcessHandle.send(SIGKILL, to: app.child.pidfd)
    _ = try app.finish()
  }

  @Test("Landlock's rules hold a command as they hold the app")
  func landlock() throws {
    let run = try PreparedRun("echo up; read -r line </dev/zero", [(.read, "/etc/hostname")])
    let app = try run.startOrdinarily()
    #expect(try app.read() == "up\n")
    /* In the view all the same, as the directory that the rule's file lies in. */
    let write = [
      "/bin/sh", "-c", "echo x >/dev/shm/new && echo made; : >/proc/self/comm && echo renamed",
    ]
    let held = try run.enter(app, write) { plan in
      plan.plan.steps.removeAll {
        if case .allowPath(let path, _) = $0 { path == "/dev/shm" || path == "/tmp" } else { false }
      }
    }
    let free = try run.enter(app, write) { plan in
      plan.plan.steps.removeAll {
        if case .allowPath = $0 { return true }
        if case .beginLandlock = $0 { return true }
        return $0 == .enforceLandlock
      }
    }
    #expect(free.output.contains("made"), "\(free)")
    #expect(!held.output.contains("made"), "\(held)")
    try ProcessHandle.send(SIGKILL, to: app.child.pidfd)
    _ = try app.finish()
  }

  @Test("namespaces that the app has made itself are not entered")
  func foreign() throws {
    let run = PreparedRun(
      bare: try PreparedRun(command: [
        "/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c",
        "echo up; read -r line </dev/zero",
      ]))
    let app = try run.startOrdinarily()
    #expect(try app.read() == "up\n")
    if Privileges.isRoot {
      /* Init's are opened. */
      #expect(try run.enter(app, ["/bin/true"]) { _ in }.status == 0)
    } else {
      let initProcess = try OtherProcess(app.child.pid)
      do throws(EnterError) {
        _ = try AppNamespaces.open(of: initProcess, policy: run.policy)
        Issue.record("they were opened")
      } catch {
        guard case .foreign(.user) = error else { throw error }
      }
    }
    try ProcessHandle.send(SIGKILL, to: app.child.pidfd)
    _ = try app.finish()
  }

  @Test("an app that has ended cannot be entered")
  func ended() throws {
    let run = try PreparedRun("echo up")
    let app = try run.startOrdinarily()
    let initProcess = try OtherProcess(app.child.pid)
    _ = try app.finish()
    #expect(throws: EnterError.self) {
      _ = try AppNamespaces.open(of: initProcess, policy: run.policy)
    }
  }
}

extension PreparedRun {
  /// The same without filter and Landlock.
  init(bare run: PreparedRun) {
    preparation = run.preparation
    filter = []
    isBare = true
  }

  /// Runs a command in the sandbox of an app, 0 at the null device, 1 and 2 on a pipe, and waits for its end.
  func enter(
    _ app: borrowing Running, _ command: [String], _ change: (inout ExecPlan) -> Void
  ) throws -> Running.End {
    try begin(app, command, change).finish()
  }

  func begin(
    _ app: borrowing Running, _ command: [String], _ change: (inout ExecPlan) throws -> Void
  ) throws -> Running {
    let initProcess = try OtherProcess(app.child.pid)
    let namespaces = try AppNamespaces.open(of: initProcess, policy: policy)
    let cgroup = try AppCgroup.find(of: initProcess, policy: policy)
    let (output, input) = try Self.pipe()
    var plan = ExecPlan(
      policy, command: command, in: namespaces, context: context(input.descriptor.raw),
      filter: filter)
    try change(&plan)
    let child = try Launcher.enter(plan, cgroup: cgroup)
    let steps = plan.plan
    _ = consume plan
    withExtendedLifetime(input) {}
    return Running(child: child, output: output, plan: steps)
  }
}
