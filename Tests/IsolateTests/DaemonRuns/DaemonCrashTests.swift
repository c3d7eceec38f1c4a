import Glibc
import Testing

@testable import Isolate

/// Reports of what crashes under a daemon, in DIR/state/crashes.
@Suite("A daemon and the reports of crashes", .serialized)
struct DaemonCrashTests {
  /// An app of the victim's, which asks for reports.
  static func victim(_ words: String, _ more: String = "") -> String {
    """
    extends = ["default"]
    crash.report = true
    files.read = ["\(Executable.victim)"]
    limits.processes = 3000
    [command]
    run = ["/bin/sh", "-c", '''\(words)''']
    \(more)
    """
  }

  static let never = "[restart]\nwhen = \"never\""

  static func reports(_ scene: DaemonScene) -> [JSONObject] {
    let names = Run.shell("ls \"$1/state/crashes\" 2>/dev/null", [scene.path]).output
    let ids = names.split(separator: "\n").compactMap {
      $0.split(separator: ".").first.flatMap { Int($0) }
    }.sorted()
    return ids.compactMap { id in
      let shown = scene.run("crashes", "--json", "show", "\(id)")
      return (try? JSONReader.read(Array(shown.output.utf8), limit: 1 << 24))?.object
    }
  }

  static func waitForReports(_ scene: DaemonScene, _ count: Int) throws -> [JSONObject] {
    var found: [JSONObject] = []
    let isThere = Moment.within(60) {
      found = reports(scene)
      return found.count >= count
    }
    try #require(isThere, "\(found.count) reports: \(scene.story)")
    return found
  }

  /// The daemon's own children: what they launch has their name for a moment.
  static func workers(_ scene: DaemonScene) -> [Int32] {
    let daemon = scene.daemon?.pid ?? -1
    return Run.read("/proc/\(daemon)/task/\(daemon)/children").split(separator: " ")
      .compactMap { Int32($0) }
      .filter { Run.read("/proc/\($0)/cmdline").hasPrefix("isolated\0crash-report") }
  }

  @Test(
    "an app under a witness is told its own number with what it listens on",
    arguments: ["none", "host"])
  func number(network: String) throws {
    let scene = try DaemonScene([
      (
        "app",
        """
        extends = ["default"]
        crash.report = true
        files.write = ["$DIR/state"]
        network.mode = "\(network)"
        service.listen = ["unix:$DIR/door"]
        [command]
        run = ["/bin/sh", "-c", '''echo $((LISTEN_PID - $$)) >$DIR/state/number; exec sleep 1000''']
        """
      )
    ])
    try scene.start()
    try scene.waitFor("0\n", in: "state/number")
  }

  @Test("is ordered in words that come back as they were") func order() throws {
    var context = CrashContext()
    context.time = 1
    context.command = ["a", "\u{1b}"]
    context.limits = [.init("memory", "64M")]
    context.use = [.init("processes", "1")]
    context.restarts = 3
    context.requests = ["one"]
    let subject = UnwinderPolicy.Subject(
      app: "web", uid: 1, gid: 2, hostUID: 3, hostGID: 4, umask: 5, order: .userLast)
    var order = CrashOrder(subject, directory: "/d", files: 2, log: nil, context: context)
    #expect(try CrashOrder(order.json) == order)
    order.log = CrashOrder.Log(directory: "/l", number: 1, offset: 2)
    order.context.end = "signal"
    #expect(try CrashOrder(order.json) == order)
    for answer in [CrashAnswer.written(id: 1, path: "/p", words: "w"), .failed("why")] {
      #expect(try CrashAnswer(answer.json) == answer)
    }
    #expect(throws: ControlMisread.self) { try CrashOrder(["app": "web"]) }
  }

  @Test("nobody but a daemon starts what writes them") func stranger() {
    let ran = Run.command([Executable.path, "crash-report"])
    #expect(ran.code != 0 && ran.output.isEmpty)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var mode: String
    var signal: String
    var by: String
    var function: String
    var threads: Int
    var testDescription: String { mode }
  }

  static let cases = [
    Case(mode: "crash-null", signal: "SIGSEGV", by: "kernel", function: "write_null", threads: 1),
    Case(
      mode: "crash-abort", signal: "SIGABRT", by: "itself", function: "crash_abort", threads: 1),
    Case(
      mode: "crash-thread 5 other", signal: "SIGSEGV", by: "kernel", function: "crash_in_thread",
      threads: 7),
  ]

  @Test("says what, where, with its log and restarts", arguments: cases)
  func report(_ one: Case) throws {
    let more = """
      [restart]
      when = "on-failure"
      burst = 2
      window = "10m"
      delay = "10ms"
      ceiling = "20ms"
      """
    let scene = try DaemonScene([
      ("app", Self.victim("echo before; exec \(Executable.victim) \(one.mode)", more))
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    /* Three launches: the crashes of one app are written one after the other, and none is lost. */
    let found = try Self.waitForReports(scene, 3)
    #expect(found.count == 3)
    for (number, report) in found.enumerated() {
      #expect(report["app"]?.string == "app")
      let cause = report["cause"]?.object
      let log = (report["log"]?.array ?? []).compactMap(\.string)
      let profiles = (report["profiles"]?.array ?? []).compactMap(\.string)
      #expect(cause?["signal"]?.string == one.signal && cause?["by"]?.string == one.by)
      #expect(CrashScene.symbols(report).contains(one.function), "\(report)")
      #expect(CrashScene.threads(report).count == one.threads)
      #expect(report["unwinder"]?.object?["is-complete"]?.boolean == true, "\(report)")
      #expect(report["restarts"]?.integer == Int64(number))
      #expect(report["end"]?.string == "signal")
      #expect(log == Array(repeating: "before", count: number + 1), "later lines are not its own")
      #expect(report["profile-hash"]?.string?.utf8.count == 32)
      #expect(profiles.contains(scene.path + "/services/app.toml"), "\(profiles)")
    }
    #expect(Moment.within(30) { scene.said.contains("app: crash 3") }, "\(scene.said)")
    #expect(scene.run("metrics").output.contains("isolated_crash_reports_total 3"))
    let modes = Run.shell("stat -c %a \"$1/state/crashes\" \"$1\"/state/crashes/*", [scene.path])
    #expect(modes.output == "700\n600\n600\n600\n")
    #expect(try scene.end() == 0)
  }

  @Test("comes of a child's crash while the app goes on") func child() throws {
    let script = "\(Executable.victim) crash-child && echo gone-on && exec sleep 1000"
    let scene = try DaemonScene([("app", Self.victim(script))])
    try scene.start()
    let report = try #require(try Self.waitForReports(scene, 1).first)
    #expect(CrashScene.symbols(report).first == "write_null")
    #expect(report["end"] == nil, "it has not ended")
    #expect(try scene.app("app").instance != nil)
  }

  @Test("is not asked for by whom no profile says so") func unasked() throws {
    let scene = try DaemonScene([
      ("app", DaemonScene.shell("kill -SEGV $$", Self.never))
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    #expect(try scene.end() == 0)
    #expect(Run.shell("ls \"$1/state/crashes\"", [scene.path]).code != 0)
  }

  @Test("a storm is bounded, and holds up neither restarts nor neighbours", .timeLimit(.minutes(5)))
  func storm() throws {
    let again = """
      [restart]
      when = "always"
      burst = 100
      window = "1ms"
      delay = "20ms"
      ceiling = "40ms"
      """
    var apps = (0..<8).map {
      ("crash\($0)", Self.victim("exec \(Executable.victim) crash-null", again))
    }
    apps += (0..<4).map { ("calm\($0)", DaemonLifeTests.sleeper) }
    let scene = try DaemonScene(apps)
    try scene.start()
    for number in 0..<4 { try scene.waitFor("calm\(number)", .ready) }
    let calm = try (0..<4).map { try scene.app("calm\($0)").instance }
    let daemon = try #require(scene.daemon).pid
    func count(_ name: String) -> Int {
      scene.run("metrics").output.split(separator: "\n").first {
        $0.hasPrefix("isolated_\(name) ")
      }?
      .split(separator: " ").last.flatMap { Int($0) } ?? 0
    }
    var most = 0
    let isEnough = Moment.within(180) {
      most = max(most, Self.workers(scene).count)
      return count("launches_total") >= 200 && count("crash_reports_total") >= 8
        && count("lost_crash_reports_total") >= 1
    }
    #expect(isEnough, "\(scene.run("metrics").output)")
    #expect((1...DaemonCrashes.atOnce).contains(most), "\(most)")
    /* Twelve crashes of 65 descriptors, and what the apps have. */
    #expect(Household.descriptors(daemon) < 1000)
    #expect(try (0..<4).map { try scene.app("calm\($0)").instance } == calm)
    /* Restarts waited for no report: there are many more than reports. */
    #expect(count("launches_total") > count("crash_reports_total"))
    #expect(scene.said.contains("more crashes have no report: too many at a time"))
    #expect(try scene.end() == 0)
    #expect(!scene.said.contains("supervision failed"), "\(scene.said.suffix(2000))")
  }

  @Test("a daemon that ends in the middle of one leaves nothing", arguments: [SIGTERM, SIGKILL])
  func endsInTheMiddle(signal: Int32) throws {
    let scene = try DaemonScene([
      ("app", Self.victim("exec \(Executable.victim) crash-thread 60 x", Self.never)),
      ("calm", DaemonLifeTests.sleeper),
    ])
    try scene.start()
    let daemon = try #require(scene.daemon)
    var household: Set<Int32> = []
    try #require(
      Moment.within(60) {
        let workers = Self.workers(scene)
        household = Household.descendants(of: daemon.pid)
        /* Its unwinder, and that one's init. */
        return !workers.isEmpty
          && workers.contains { !Household.descendants(of: $0).isEmpty }
      } || !Self.reports(scene).isEmpty, "\(scene.story)")
    household.formUnion(Household.descendants(of: daemon.pid))
    if signal == SIGTERM {
      #expect(try scene.end() == 0)
    } else {
      daemon.send(SIGKILL)
    }
    #expect(
      Moment.within(30) { household.allSatisfy { !Household.isThere($0) } },
      "\(household.filter { Household.isThere($0) }.map { Run.read("/proc/\($0)/cmdline") })")
    /* Whole reports or none. */
    let files = Run.shell("ls -A \"$1/state/crashes\" 2>/dev/null", [scene.path]).output
    #expect(files.split(separator: "\n").allSatisfy { $0.hasSuffix(".app.json") }, "\(files)")
  }

  @Test(
    "a daemon that ends takes with it who waits for his turn to write",
    arguments: [SIGTERM, SIGKILL])
  func endsWithWhoWaits(signal: Int32) throws {
    let scene = try DaemonScene([
      ("app", Self.victim("exec \(Executable.victim) crash-null", Self.never))
    ])
    let made = Run.shell("mkdir -m 700 \"$1/state/crashes\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    /* It is somebody else's turn, for as long as this test likes. */
    let turn = unsafe open(scene.path + "/state/crashes", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(turn >= 0 && flock(turn, LOCK_EX) == 0)
    defer { close(turn) }
    try scene.start()
    let daemon = try #require(scene.daemon)
    var waiting: Int32 = 0
    try #require(
      Moment.within(60) {
        let waiters = Run.read("/proc/locks").split(separator: "\n").filter { $0.contains("->") }
        waiting =
          Self.workers(scene).first { worker in
            waiters.contains { $0.split(separator: " ").contains("\(worker)") }
          } ?? 0
        return waiting != 0
      }, "\(scene.story)")
    daemon.send(signal)
    #expect(
      Moment.within(30) { !Household.isThere(waiting) }, "\(Run.read("/proc/\(waiting)/stat"))")
    let files = Run.shell("ls -A \"$1/state/crashes\"", [scene.path]).output
    #expect(files.isEmpty, "\(files)")
  }

  @Test(
    "an app that is killed while somebody looks at it, and one of 2000 threads",
    .timeLimit(.minutes(5)))
  func manyThreads() throws {
    let scene = try DaemonScene([
      ("many", Self.victim("exec \(Executable.victim) crash-thread 2000 x", Self.never)),
      (
        "killed",
        Self.victim(
          "echo up; exec \(Executable.victim) crash-thread 2000 x",
          Self.never + "\n[service]\nstart = \"demand\"")
      ),
    ])
    try scene.start()
    try scene.waitFor("many", .failed, seconds: 120)
    let report = try #require(try Self.waitForReports(scene, 1).first)
    #expect(report["app"]?.string == "many")
    #expect(report["thread-count"]?.integer == 2002)
    #expect(CrashScene.threads(report).count == 256)
    #expect(CrashScene.symbols(report).contains("crash_in_thread"))
    /* Each time at another moment: while its threads are born, held, read, let go. */
    for threads in [1500, 1900, 2000] {
      #expect(scene.run("start", "--no-wait", "killed").code == 0)
      var app: Int32?
      var household: Set<Int32> = []
      _ = Moment.within(60) {
        if let first = try? scene.app("killed").pid {
          household.formUnion(Household.descendants(of: first).union([first]))
        }
        app = household.first {
          (FileSystem.names(in: "/proc/\($0)/task") ?? []).count >= threads
        }
        return app != nil || (try? scene.app("killed").state) == .failed
      }
      if let app { _ = kill(app, SIGKILL) }
      try scene.waitFor("killed", .failed, seconds: 120)
      #expect(["signal", "daemon-kill"].contains(try scene.app("killed").end?.cause))
      #expect(
        Moment.within(60) { household.allSatisfy { !Household.isThere($0) } }, "\(scene.story)")
      scene.run("reset-failed", "killed")
    }
    #expect(try scene.end() == 0)
    #expect(!scene.said.contains("supervision failed"), "\(scene.said)")
  }
}
