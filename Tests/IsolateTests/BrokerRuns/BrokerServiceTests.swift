import Glibc
import Testing

@testable import Isolate

/// What the supervisor runs because a broker asked.
@Suite("A supervisor, asked by a broker")
struct BrokerServiceTests {
  private static let apps = """
    [grants.apps]
    apps = ["helper", "wide", "missing"]
    rights = ["start", "signal", "status"]
    """

  /// Functions of the app's Python, on the grant with index 0.
  private static let asking = """
    def start(name, *words):
        r = call(80, struct.pack("<H", 0) + text(name) + struct.pack("<H", len(words)) + b"".join(text(w) for w in words))
        return r["body"][2:].decode() if r["status"] == 0 else told(r)
    def status(name):
        r = call(82, struct.pack("<H", 0) + text(name))
        return struct.unpack("<BiI", r["body"]) if r["status"] == 0 else told(r)
    def signal(name, number): return told(call(81, struct.pack("<H", 0) + text(name) + struct.pack("<I", number)))
    def until(name, exit):
        for _ in range(500):
            if status(name)[1] == exit: return "ended"
            time.sleep(0.02)
        return status(name)

    """

  private func scene(_ app: String) throws -> BrokerScene {
    let scene = try BrokerScene(grants: Self.apps, app: Self.asking + app)
    let made = Run.shell(
      """
      mkdir -p "$1/conf/isolated/apps" && cd "$1/conf/isolated/apps" &&
      printf 'extends = ["default"]\\n[command]\\nrun = ["sh", "-c", "%s", "sh"]\\n' \
        'echo helper:$1:$2; test $1 = stay && sleep 60; exit 7' >helper.toml &&
      printf 'extends = ["default"]\\n[command]\\nrun = ["true"]\\n[files]\\nread = ["/root"]\\n' >wide.toml
      """, [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    return scene
  }

  @Test("hands out what a command prints, once it has ended well")
  func secrets() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.a-slow]
        secret = { command = ["/bin/sh", "-c", "printf ke; sleep 0.2; printf y"] }
        [grants.b-failing]
        secret = { command = ["/bin/sh", "-c", "printf half; exit 1"] }
        [grants.c-missing]
        secret = { command = ["/nowhere/at-all"] }
        [grants.d-endless]
        secret = { command = ["/bin/sh", "-c", "yes"] }
        [grants.e-late]
        secret = { command = ["/bin/sh", "-c", "sleep 60"] }
        """,
      app: """
        def secret(grant, deadline=0): return call(48, struct.pack("<H", grant), deadline)
        r = secret(0)
        show(os.read(r["fds"][0], 100))
        try: os.write(os.open("/proc/self/fd/%d" % r["fds"][0], os.O_RDWR), b"x"); show("written")
        except OSError as e: show("sealed" if e.errno in (errno.EPERM, errno.EACCES) else e)
        show(told(secret(1)), told(secret(2)), told(secret(3)), told(secret(4, 300)))
        show(os.read(secret(0)["fds"][0], 100))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        b'key'
        sealed
        (5, 14) (2, 0) (27, 0) (110, 11)
        b'key'

        """)
  }

  @Test("ends a secret's command that nobody waits for any more, which would hold a place")
  func leftCommands() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.a-late]
        secret = { command = ["/bin/sleep", "60"] }
        [grants.b-quick]
        secret = { command = ["/bin/echo", "key"] }
        """,
      app: """
        def secret(grant, deadline=0): return call(48, struct.pack("<H", grant), deadline)
        late = set()
        for _ in range(48):
            for _ in range(500):
                r = told(secret(0, 20))
                if r[0] != errno.EAGAIN: break
                time.sleep(0.02)
            late.add(r)
        show(late)
        show(os.read(secret(1)["fds"][0], 100))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output == "{(110, 11)}\nb'key\\n'\n", "\(ran.output)")
  }

  @Test("starts, tells of and signals the apps that a grant names")
  func apps() throws {
    let scene = try scene(
      """
      one = start("helper", "go", "a b")
      show(one, until(one, 7))
      two = start("helper", "stay")
      show(two, status(two), signal(two, 19), signal("helper@9", 15), signal(two, 15))
      show(until(two, 143), signal(two, 15))
      show(start("other"), status("other@1"))
      """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    let lines = Set(ran.output.split(separator: "\n").map(String.init))
    #expect(
      lines.isSuperset(of: [
        "helper:go:a b", "helper@1 ended",
        "helper@2 (3, -1, 0) (22, 0) (2, 0) (0, 0)", "ended (3, 0)", "(13, 3) (13, 3)",
      ]), "\(ran.output)")
  }

  @Test("takes no option from an app: what it says are arguments")
  func options() throws {
    let scene = try scene(
      """
      for words in (["--read", "/"], ["--", "id"], ["--set", "network.mode=host"], ["--profile", "x"], ["--help"]):
          show(until(start("helper", *words), 7))
      """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    let lines = ran.output.split(separator: "\n").map(String.init)
    #expect(lines.filter { $0 == "ended" }.count == 5, "\(ran.output)")
    let wanted = ["--read:/", "--:id", "--set:network.mode=host", "--profile:x", "--help:"]
    #expect(lines.filter { $0.hasPrefix("helper:") } == wanted.map { "helper:\($0)" })
  }

  @Test("does not look at the broker's word alone: a grant that is revoked or over starts nothing")
  func holds() throws {
    var policy = try Fixture.policy("")
    let position = Position(file: "x", line: 1)
    policy.grants = [
      Grant(name: "a", target: .apps(["x"]), rights: .start, position: position),
      Grant(name: "b", target: .apps(["x"]), rights: .start, position: position),
    ]
    policy.grants[1].leaseMilliseconds = 1000
    let door = HeldDescriptor(try Packets.pair().keepOne())
    let keeper = BrokerKeeper(policy, Fixture.host(), door: door, startedAt: Poller.now())
    let start = keeper.bootStart
    #expect(keeper.holds(0, at: start.adding(milliseconds: 1_000_000)))
    #expect(keeper.holds(1, at: start.adding(milliseconds: 999)))
    #expect(!keeper.holds(1, at: start.adding(milliseconds: 1000)))
    #expect(!keeper.holds(2, at: start) && !keeper.holds(-1, at: start))
    _ = keeper.revoke(grant: 0)
    #expect(!keeper.holds(0, at: start))
  }

  @Test("sets the clock no further than the grant says, whatever the broker wants")
  func clockSteps() throws {
    var policy = try Fixture.policy("")
    let position = Position(file: "x", line: 1)
    policy.grants = [
      Grant(
        name: "a", target: .clock(largestStepMilliseconds: 60_000), rights: .set, position: position
      ),
      Grant(
        name: "b", target: .clock(largestStepMilliseconds: 60_000), rights: [], position: position),
      Grant(name: "c", target: .apps(["x"]), rights: [.start, .set], position: position),
    ]
    let ends = try Packets.pair()
    let keeper = BrokerKeeper(
      policy, Fixture.host(), door: HeldDescriptor(ends.keepOne()), startedAt: Poller.now())
    let now = try SystemClock.now()
    /* Stands in for clock_settime(2): the machine's clock is not ours to move. */
    func isSet(_ seconds: Int64, grant: Int) -> Bool {
      var moved: SystemClock.Time?
      let time = SystemClock.Time(seconds: now.seconds + seconds, nanoseconds: 0)
      keeper.setClock(to: time, grant: grant, ticket: 1) { moved = $0 }
      #expect(moved == nil || moved == time)
      return moved != nil
    }
    #expect(isSet(20, grant: 0) && isSet(-40, grant: 0))
    #expect(!isSet(70, grant: 0) && !isSet(-70, grant: 0) && !isSet(.max - now.seconds, grant: 0))
    #expect(!isSet(0, grant: 1) && !isSet(0, grant: 2) && !isSet(0, grant: 3))
    _ = keeper.revoke(grant: 0)
    #expect(!isSet(0, grant: 0))
  }

  @Test("is who calls clock_settime(2): a time that the kernel takes from nobody is its refusal")
  func clock() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.a-wide]
        clock = "1000000h"
        [grants.b-narrow]
        clock = "1s"
        """,
      app: """
        def clock(grant, seconds, ns=0): return told(call(96, struct.pack("<HqI", grant, seconds, ns)))
        show(clock(0, -1), clock(1, -1), clock(0, 0, 10**9), clock(1, int(time.time()) + 90))
        """)
    let ran = scene.run()
    /* EINVAL comes before the question who asks; a broker that tried by itself would get EPERM from its filter. */
    #expect(ran.output == "(22, 0) (13, 3) (22, 15) (13, 3)\n", "\(ran.errors)")
  }

  @Test("sets no clock for an ordinary user", .enabled(if: !Privileges.isRoot))
  func usersClock() throws {
    let scene = try BrokerScene(
      grants: "[grants.clock]\nclock = \"60s\"",
      app: #"show(told(call(96, struct.pack("<HqI", 0, int(time.time()), 0))))"#)
    let ran = scene.run()
    #expect(ran.output == "(1, 0)\n", "\(ran.errors)")
  }

  @Test("says once why an app that asks for ever may not")
  func complaints() throws {
    let scene = try scene(#"for _ in range(30): assert start("wide") == (13, 0)"#)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    let said = ran.errors.split(separator: "\n").filter { $0.contains("wider than itself") }
    #expect(said.count == 1, "\(ran.errors)")
  }

  @Test("starts nothing that is wider than the asker, and says why")
  func wider() throws {
    let scene = try scene(#"show(start("wide"), start("missing"))"#)
    let ran = scene.run()
    #expect(ran.output == "(13, 0) (2, 0)\n", "\(ran.errors)")
    #expect(ran.errors.contains("wider than itself: files.read: /root"), "\(ran.errors)")
    #expect(ran.errors.contains("no profile \"missing\""), "\(ran.errors)")
  }

  @Test("starts nothing by profiles that the asker could have written")
  func ownProfiles() throws {
    let scene = try scene(#"show(start("helper"))"#)
    let words = [
      "/usr/bin/env", "XDG_CONFIG_HOME=\(scene.path)/conf", Executable.path, "run",
    ]
    let open = Run.command(words + [scene.path + "/app.toml"])
    #expect(open.output.contains("helper@1"), "\(open.errors)")
    let ran = Run.command(words + ["--write", scene.path + "/conf", scene.path + "/app.toml"])
    #expect(ran.output == "(13, 0)\n", "\(ran.errors)")
    #expect(ran.errors.contains("it could write that profile itself"), "\(ran.errors)")
  }

  @Test("ends what it started with the asker, and is not kept up by it")
  func ends() throws {
    let scene = try scene(#"show(start("helper", "stay"))"#)
    let run = try scene.start()
    let end = try run.wait(seconds: 30)
    #expect(end.code == 0, "\(scene.scratch.content("err"))")
    #expect(Household.descendants(of: run.pid).isEmpty)
  }
}
