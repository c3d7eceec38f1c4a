import Glibc
import Testing

@testable import Isolate

/// What cannot be reported is given up, in bounded time and number, and nobody waits for it.
@Suite("A daemon and reports of crashes that come to nothing", .serialized)
struct DaemonHungReportTests {
  /// It waits for the lock of the directory, as it would for a file server that hangs. Half a minute and more is its time.
  @Test(
    "a process that writes a report and hangs is given up in time, and said; the app runs again long before",
    .timeLimit(.minutes(5)))
  func hangs() throws {
    let again = "[restart]\nwhen = \"on-failure\"\ndelay = \"1ms\""
    let scene = try DaemonScene()
    let made = Run.shell(
      "mkdir -m 700 \"$1/state/crashes\" && mkdir -m 777 \"$1/out\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    for name in ["one", "two"] {
      let once = """
        if [ -e $DIR/out/\(name) ]; then exec sleep 10000; fi
        : >$DIR/out/\(name)
        exec \(Executable.victim) crash-null
        """
      scene.write(
        name,
        DaemonCrashTests.victim(once, again).replacingOnce(
          "files.read", "files.write = [\"$DIR/out\"]\nfiles.read"))
    }
    let turn = unsafe open(scene.path + "/state/crashes", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(turn >= 0 && flock(turn, LOCK_EX) == 0)
    defer { close(turn) }
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    try #require(Moment.within(60) { DaemonCrashTests.workers(scene).count == 2 }, "\(scene.story)")
    let hung = DaemonCrashTests.workers(scene)
    /* Both apps are up again while their reports hang, and who asks is answered. */
    for name in ["one", "two"] {
      try #require(
        Moment.within(30) {
          let app = try? scene.app(name)
          return app?.restarts == 1 && [.ready, .running].contains(app?.state)
        }, "\(scene.story)")
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
    let descriptors = FileSystem.names(in: "/proc/\(daemon)/fd") ?? []
    #expect(
      !descriptors.contains {
        Run.shell("readlink \"$1\"", ["/proc/\(daemon)/fd/\($0)"]).output.contains("crash")
      }, "no core is held any more")
    /* The lock is free: the next one is written. */
    #expect(flock(turn, LOCK_UN) == 0)
    _ = Run.shell("rm \"$1/out/one\"", [scene.path])
    #expect(scene.run("restart", "--no-wait", "one").code == 0)
    #expect(try DaemonCrashTests.waitForReports(scene, 1).first?["app"]?.string == "one")
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
        import os
        for turn in range(300):
            try:
                if os.fork() == 0: os.abort()
            except OSError:
                while True:
                    try: os.wait()
                    except ChildProcessError: break
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
