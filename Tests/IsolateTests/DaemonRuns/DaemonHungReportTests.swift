import Glibc
import Testing

@testable import Isolate

/// What cannot be reported is given up, in bounded time and number, and nobody waits for it.
@Suite("A daemon and reports of crashes that come to nothing", .serialized)
struct DaemonHungReportTests {
  /// It waits for the lock of the directory, as it would for a file server that hangs. Half a minute and more is its time.
  /// Whether it has a descriptor of a crash.
  private func holdsCore(_ daemon: Int32) -> Bool {
    (FileSystem.names(in: "/proc/\(daemon)/fd") ?? []).contains {
      Run.shell("readlink \"$1\"", ["/proc/\(daemon)/fd/\($0)"]).output.contains("crash")
    }
  }

  /// An app that crashes once, and sleeps when it is started again.
  private static func once(_ name: String, _ more: String = "") -> String {
    let again = "[restart]\nwhen = \"on-failure\"\ndelay = \"1ms\"\n"
    let script = """
      if [ -e $DIR/out/\(name) ]; then exec sleep 10000; fi
      : >$DIR/out/\(name)
      exec \(Executable.victim) crash-null
      """
    return DaemonCrashTests.victim(script, again + more).replacingOnce(
      "files.read", "files.write = [\"$DIR/out\"]\nfiles.read")
  }

  private func isUp(_ name: String, _ scene: DaemonScene) -> Bool {
    let app = try? scene.app(name)
    return app?.restarts == 1 && [.ready, .running].contains(app?.state)
  }

  @Test(
    "a process that writes a report and hangs is given up in time, and said; the app runs again long before",
    .timeLimit(.minutes(5)))
  func hangs() throws {
    let scene = try DaemonScene()
    let made = Run.shell(
      "mkdir -m 700 \"$1/state/crashes\" && mkdir -m 777 \"$1/out\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    for name in ["one", "two"] { scene.write(name, Self.once(name)) }
    let turn = unsafe open(scene.path + "/state/crashes", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(turn >= 0 && flock(turn, LOCK_EX) == 0)
    defer { close(turn) }
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    try #require(Moment.within(60) { DaemonCrashTests.workers(scene).count == 2 }, "\(scene.story)")
    let hung = DaemonCrashTests.workers(scene)
    /* Both apps are up again while their reports hang, and who asks is answered. */
    for name in ["one", "two"] {
      try #require(Moment.within(30) { isUp(name, scene) }, "\(scene.story)")
    }
    #expect(hung.allSatisfy { Household.isThere($0) })
    let households = hung.reduce(into: Set(hung)) { $0.formUnion(Household.descendants(of: $1)) }
    let words = "a crash has no report: given up, as it took longer than 40 s"
    for name in ["one", "two"] {
      try #require(
        Moment.within(90) { scene.said.contains("\(name): \(words)") }, "\(scene.story)")
      #expect(scene.run("why", name).output.contains(words))
      #expect(scene.run("events", "--lines", "4096", name).output.contains(words))
    }
    #expect(Moment.within(30) { households.allSatisfy { !Household.isThere($0) } })
    #expect(DaemonCrashTests.workers(scene).isEmpty)
    #expect(scene.run("metrics").output.contains("isolated_lost_crash_reports_total 2\n"))
    #expect(Run.shell("ls -A \"$1/state/crashes\"", [scene.path]).output.isEmpty)
    #expect(!holdsCore(daemon))
    /* The lock is free: the next one is written. */
    #expect(flock(turn, LOCK_UN) == 0)
    _ = Run.shell("rm \"$1/out/one\"", [scene.path])
    #expect(scene.run("restart", "--no-wait", "one").code == 0)
    #expect(try DaemonCrashTests.waitForReports(scene, 1).first?["app"]?.string == "one")
    #expect(try scene.end() == 0)
  }

  /// The mount namespace is the test's own, and what is mounted there is gone with it. An ordinary user's lies in a user namespace in
  /// which he is himself, with no capability once it is set up.
  private static func mountOver(_ file: String, _ other: String) -> [String] {
    let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\""
    let own = Privileges.isRoot ? [] : ["--map-current-user", "--keep-caps"]
    let without =
      Privileges.isRoot ? [] : ["/usr/bin/setpriv", "--inh-caps", "-all", "--ambient-caps", "-all"]
    return ["/usr/bin/unshare", "--mount", "--propagation", "private"] + own
      + ["/bin/sh", "-c", script, "sh", file, other] + without
  }

  /// nsenter(1) would lose the capabilities of the user namespace with its execve(2).
  private static let unmount = """
    import ctypes, os, sys
    libc = ctypes.CDLL(None, use_errno=True)
    spaces = [os.open(path, os.O_RDONLY) for path in sys.argv[2:]]
    if any(libc.setns(space, 0) for space in spaces) or libc.umount2(sys.argv[1].encode(), 2):
        sys.exit(os.strerror(ctypes.get_errno()))
    """

  @Test(
    "an unwinder that hangs costs one crash its frames; the app is up again at once, and others are reported meanwhile",
    .timeLimit(.minutes(5)))
  func unwinder() throws {
    let program = try #require(Unwinding.program())
    let scene = try DaemonScene([
      ("one", Self.once("one")), ("two", Self.once("two", "[service]\nstart = \"demand\"")),
    ])
    let made = Run.shell("mkdir -m 777 \"$1/out\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    try scene.start(under: Self.mountOver(try CrashDeadlineTests.hanging(scene.scratch), program))
    let daemon = try #require(scene.daemon).pid
    var hung: Set<Int32> = []
    try #require(
      Moment.within(60) {
        hung = Household.descendants(of: daemon).filter {
          Run.read("/proc/\($0)/cmdline").hasPrefix(program + "\0")
        }
        return !hung.isEmpty
      }, "\(scene.story)")
    let household = DaemonCrashTests.workers(scene).reduce(into: hung) {
      $0.formUnion(Household.descendants(of: $1).union([$1]))
    }
    try #require(Moment.within(30) { isUp("one", scene) }, "\(scene.story)")
    /* From now on the true one is there: what crashes next is reported while the other hangs, which it does for half a minute. */
    let spaces = (Privileges.isRoot ? [] : ["user"]) + ["mnt"]
    let away = Run.command(
      ["/usr/bin/python3", "-c", Self.unmount, program] + spaces.map { "/proc/\(daemon)/ns/\($0)" })
    try #require(away.code == 0, "\(away.errors)")
    #expect(scene.run("start", "--no-wait", "two").code == 0)
    let first = try #require(try DaemonCrashTests.waitForReports(scene, 1).first)
    #expect(hung.allSatisfy { Household.isThere($0) }, "\(scene.story)")
    #expect(first["app"]?.string == "two")
    #expect(first["unwinder"]?.object?["is-complete"]?.boolean == true, "\(first)")
    #expect(CrashScene.symbols(first).first == "write_null")
    try #require(Moment.within(30) { isUp("two", scene) }, "\(scene.story)")
    /* And the one that hangs is given up: its crash has its cause, and where it was. */
    let last = try #require(try DaemonCrashTests.waitForReports(scene, 2).last)
    #expect(last["app"]?.string == "one")
    #expect(last["cause"]?.object?["signal"]?.string == "SIGSEGV")
    #expect(last["cause"]?.object?["by"]?.string == "kernel")
    #expect(last["unwinder"]?.object?["problem"]?.string == "eu-stack took longer than 30s")
    #expect(CrashScene.frames(CrashScene.threads(last).first).count == 1, "\(last)")
    #expect(Moment.within(30) { scene.said.contains("one: crash 2") }, "\(scene.said)")
    let metrics = scene.run("metrics").output
    #expect(metrics.contains("isolated_crash_reports_total 2\n"), "\(metrics)")
    #expect(metrics.contains("isolated_lost_crash_reports_total 0\n"))
    #expect(Moment.within(30) { household.allSatisfy { !Household.isThere($0) } })
    #expect(DaemonCrashTests.workers(scene).isEmpty && !holdsCore(daemon))
    #expect(try scene.app("one").restarts == 1 && scene.app("two").restarts == 1)
    #expect(try scene.end() == 0)
  }

  @Test(
    "a fork bomb whose processes all crash is bounded by its limit, and said; a neighbour lives on",
    .timeLimit(.minutes(5)))
  func bomb() throws {
    let scene = try DaemonScene([
      ("calm", DaemonLifeTests.sleeper),
      (
        "bomb",
        """
        extends = ["default"]
        crash.report = true
        limits.processes = 40
        [command]
        run = ["python3", "-c", '''
        \(CrashScene.bomb)
        ''']
        [service]
        start = "demand"
        """
      ),
    ])
    try scene.start()
    try scene.waitFor("calm", .ready)
    let calm = try scene.app("calm").instance
    let daemon = try #require(scene.daemon).pid
    let before = Household.descriptors(daemon)
    #expect(scene.run("start", "--no-wait", "bomb").code == 0)
    try #require(
      Moment.within(120) { (try? scene.app("bomb").end?.exitCode) == 0 }, "\(scene.story)")
    try #require(
      Moment.within(60) { scene.said.contains("more crashes have no report") }, "\(scene.story)")
    try #require(
      Moment.within(120) {
        DaemonCrashTests.workers(scene).isEmpty && Household.descriptors(daemon) <= before + 8
      }, "\(Household.descriptors(daemon)) \(before) \(scene.story)")
    let reports = DaemonCrashTests.reports(scene)
    #expect((1...DaemonCrashes.most).contains(reports.count), "\(reports.count)")
    #expect(reports.allSatisfy { $0["app"]?.string == "bomb" })
    #expect(try scene.app("calm").instance == calm)
    #expect(try scene.end() == 0)
  }
}

extension String {
  fileprivate func replacingOnce(_ word: String, _ other: String) -> String {
    var text = self
    if let range = text.firstRange(of: word) { text.replaceSubrange(range, with: other) }
    return text
  }
}
