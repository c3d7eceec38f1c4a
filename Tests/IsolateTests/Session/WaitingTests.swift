import Glibc
import Testing

@testable import Isolate

/// An init that has told its last keeps a while to end: the kernel frees what its namespaces held. Nobody has anything to do then. Its
/// report socket is at its end, and readable for ever: a supervisor that asks it again spins, on a processor that the kernel needs.
@Suite("While a sandbox ends")
struct WaitingTests {
  /// What takes the kernel a while to free: each look at a socket that has ended costs 30 microseconds under strace.
  private static let fill = "head -c 100000000 /dev/zero > /tmp/full"

  @Test("isolated run sleeps") func run() throws {
    let strace = try #require(Run.find("strace"))
    let scratch = try Scratch()
    let calls = scratch.path + "/calls"
    let ran = Run.command([
      strace, "-qq", "-e", "trace=poll,ppoll", "-o", calls, Executable.path, "run", "--", "/bin/sh",
      "-c", Self.fill,
    ])
    try #require(ran.code == 0, "\(ran.errors)")
    let count = Run.read(calls).utf8.count { $0 == UInt8(ascii: "\n") }
    #expect(count > 1)
    #expect(count < 60, "\(count) times it was woken")
  }

  @Test("a daemon sleeps") func daemon() throws {
    let strace = try #require(Run.find("strace"))
    let keys = "[service]\nstart = \"demand\"\n[restart]\nwhen = \"never\""
    let scene = try DaemonScene([("app", DaemonScene.shell(Self.fill, keys))])
    let calls = scene.path + "/calls"
    try scene.start(
      under: [strace, "-qq", "-e", "trace=epoll_wait,epoll_pwait", "-o", calls])
    let tracer = try #require(scene.daemon)
    let daemon = try #require(Household.children(of: tracer.pid).first)
    defer { _ = kill(daemon, SIGKILL) }
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/events", O_WRONLY | O_CREAT | O_TRUNC)
    let events = try Spawned(
      [Executable.path, "events", "-f", "--socket", scene.path + "/ctl"], setup)
    defer {
      events.send(SIGTERM)
      _ = try? events.wait()
    }
    #expect(scene.run("start", "app").code == 0)
    try scene.waitFor("exited", in: "events", seconds: 60)
    let count = Run.read(calls).utf8.count { $0 == UInt8(ascii: "\n") }
    #expect(count > 1)
    #expect(count < 150, "\(count) times it was woken")
  }
}

@Suite("While somebody waits for an app that a connection has started")
struct UntakenTests {
  /// The connection stays readable where it came in, and the daemon has that socket, too.
  @Test("the daemon sleeps") func daemon() throws {
    let strace = try #require(Run.find("strace"))
    let python = try #require(Run.find("python3"))
    let keys = "[service]\nstart = \"demand\"\nlisten = [\"unix:$DIR/door\"]"
    let script = "sleep 1; echo done; exec sleep 1000"
    let scene = try DaemonScene([("app", DaemonScene.shell(script, keys))])
    let calls = scene.path + "/calls"
    try scene.start(
      under: [strace, "-qq", "-e", "trace=epoll_wait,epoll_pwait", "-o", calls])
    let tracer = try #require(scene.daemon)
    let daemon = try #require(Household.children(of: tracer.pid).first)
    defer { _ = kill(daemon, SIGKILL) }
    let client = try Spawned([
      python, "-c",
      "import socket, time; s = socket.socket(socket.AF_UNIX); s.connect('\(scene.path)/door'); time.sleep(1000)",
    ])
    defer {
      client.send(SIGKILL)
      _ = try? client.wait()
    }
    try scene.waitFor("done", in: "state/logs/app/0000000001.log", seconds: 60)
    let count = Run.read(calls).utf8.count { $0 == UInt8(ascii: "\n") }
    #expect(count > 1)
    #expect(count < 300, "\(count) times it was woken")
  }
}

@Suite("An app that comes back before the kernel has freed its last sandbox")
struct LeavingTests {
  @Test("leaves no init behind, and what it had kept is kept") func reaped() throws {
    let keys =
      "[restart]\nwhen = \"always\"\ndelay = \"1ms\"\nceiling = \"5ms\"\nburst = 100\nwindow = \"1ms\"\njitter = 0"
    let script = "head -c 20000000 /dev/zero > /tmp/full; kill -KILL $$"
    let scene = try DaemonScene([("app", DaemonScene.shell(script, keys))])
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    try #require(
      Moment.within(60) { ((try? scene.app("app").restarts) ?? 0) > 20 }, "\(scene.story)")
    #expect(scene.run("stop", "app").code == 0)
    /* Each was reaped: what is left are the launchers and their ready children. */
    #expect(
      Moment.within(30) {
        Household.children(of: daemon).allSatisfy {
          !Run.read("/proc/\($0)/stat").contains(") Z ")
        }
      })
    let left = Household.children(of: daemon).count
    #expect(left <= PreparedLaunches.mostTemplates * (1 + PreparedLaunches.readyEach), "\(left)")
    #expect(try scene.end() == 0)
    let ends = scene.said.split(separator: "\n").filter {
      $0.contains("app") && $0.contains("SIGKILL")
    }
    #expect(ends.count >= 20)
  }

  @Test("waits where both would have the same: an overlay that is kept, a cgroup, a witness")
  func shared() throws {
    func may(_ keys: String, _ host: HostFacts = Fixture.root()) throws -> Bool {
      let text = "extends = [\"default\"]\n[command]\nrun = [\"/bin/true\"]\n" + keys
      return LiveApp.mayLeaveAhead(try PlanFixture.policy(text, host: host))
    }
    #expect(try may(""))
    #expect(try may("[files]\noverlay = [\"/srv/over\"]"))
    #expect(try !may("[files]\noverlay = [{ path = \"/srv/kept\", upper = \"/srv/upper\" }]"))
    #expect(try !may("[crash]\nreport = true"))
    let delegated = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/user", controllers: ["memory"])
    }
    #expect(try !may("[limits]\nmemory = \"64M\"", delegated))
  }
}
