import Glibc
import Testing

@testable import Isolate

@Suite("A daemon and those who ask it", .serialized)
struct DaemonControlTests {
  /// Python at the daemon's socket; `c` is connected, `call` gives the answers of one call.
  private func speak(_ scene: DaemonScene, _ code: String) throws -> Ran {
    let python = try #require(Run.find("python3"))
    return Run.command([
      python, "-c",
      """
      import json, socket, time
      def connect():
          s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect("\(scene.path)/ctl"); return s
      def messages(s):
          rest = b""
          while True:
              data = s.recv(65536)
              if not data: return
              rest += data
              while b"\\0" in rest:
                  one, rest = rest.split(b"\\0", 1)
                  yield json.loads(one)
      def call(s, method, more=False, **parameters):
          s.sendall(json.dumps(dict(method="io.isolated.Daemon." + method, parameters=parameters, more=more)).encode() + b"\\0")
          for m in messages(s):
              yield m
              if not m.get("continues"): return
      c = connect()
      \(code)
      """,
    ])
  }

  @Test("an independent client finds its interface and uses it") func independent() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start()
    try scene.waitFor("one", .ready)
    let ran = try speak(
      scene,
      """
      c.sendall(b'{"method":"org.varlink.service.GetInfo"}\\0')
      info = next(messages(c))["parameters"]
      print("io.isolated.Daemon" in info["interfaces"], info["product"])
      app = next(call(c, "GetApp", app="one"))["parameters"]["app"]
      print(app["state"], app["wanted"])
      print(next(call(c, "Order", app="one", order="stop", wait=True))["parameters"]["app"]["state"])
      print(next(call(c, "Order", app="none", order="stop"))["error"])
      print(next(call(c, "Order", app="one", order="explode"))["error"])
      print(next(call(c, "Order", app="one", order="thaw"))["error"])
      """)
    #expect(
      ran.output == """
        True isolated daemon
        ready True
        down
        io.isolated.Daemon.NoSuchApp
        org.varlink.service.InvalidParameter
        io.isolated.Daemon.NotInThisState

        """, "\(ran.errors)")
  }

  @Test("more apps than fit into one answer come in parts") func parts() throws {
    let apps = (1...150).map {
      ("app\($0)", DaemonScene.shell("exec sleep 1000", "[service]\nstart = \"demand\""))
    }
    let scene = try DaemonScene(apps)
    try scene.start()
    let ran = try speak(
      scene,
      """
      print([len(m["parameters"]["apps"]) for m in call(c, "ListApps", more=True)])
      print(len(next(call(c, "ListApps"))["parameters"]["apps"]))
      """)
    #expect(ran.output == "[64, 64, 22]\n64\n", "\(ran.errors)")
    #expect(scene.run("status").output.split(separator: "\n").count == 152)
  }

  @Test("who follows events is told each of them once") func follows() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start()
    try scene.waitFor("one", .ready)
    let ran = try speak(
      scene,
      """
      d = connect()
      seen = []
      events = call(c, "GetEvents", more=True, count=1, follow=True)
      seen += [e["sequence"] for e in next(events)["parameters"]["events"]]
      for _ in range(3): next(call(d, "Order", app="one", order="restart", wait=True))
      for m in events:
          seen += [e["sequence"] for e in m["parameters"]["events"]]
          if len(seen) >= 15: break
      print(seen == list(range(seen[0], seen[0] + len(seen))))
      """)
    #expect(ran.output == "True\n", "\(ran.errors)")
  }

  @Test("as many events as are kept are told, of all or of one app, however many others there are")
  func manyEvents() throws {
    let scene = try DaemonScene([
      ("quiet", DaemonLifeTests.sleeper),
      (
        "loud",
        DaemonScene.shell(
          "exit 1", "[restart]\nburst = 100\ndelay = \"1ms\"\nceiling = \"1ms\"")
      ),
    ])
    try scene.start()
    try scene.waitFor("loud", .failed, seconds: 120)
    func sequences(_ arguments: String...) -> [Int] {
      let ran = Run.command(
        [Executable.path, "events", "--socket", scene.path + "/ctl", "--json"] + arguments)
      #expect(ran.code == 0, "\(ran.errors)")
      return ran.output.split(separator: "\n").compactMap {
        (try? JSONReader.read(Array($0.utf8), limit: 1 << 20))?.object?["sequence"]?.integer
      }.map { Int($0) }
    }
    let all = sequences("--lines", "100000")
    #expect(all.count > 300 && all == Array(1...all.count), "\(all.count)")
    for count in [0, 1, 64, 65, 200] {
      #expect(sequences("--lines", "\(count)") == Array(all.suffix(count)))
    }
    #expect(sequences() == Array(all.suffix(100)))
    let quiet = sequences("quiet")
    #expect(quiet.count == 2 && quiet.allSatisfy { $0 < 100 }, "\(quiet)")
    #expect(sequences("--lines", "1", "quiet") == Array(quiet.suffix(1)))
    #expect(sequences("nobody").isEmpty)
    let ran = try speak(
      scene,
      """
      print([e["sequence"] for e in next(call(c, "GetEvents", count=200))["parameters"]["events"]])
      print(len(list(call(c, "GetEvents", more=True, count=200))))
      print(next(call(c, "GetEvents", follow=True))["error"])
      print(next(call(c, "GetLog", app="loud"))["error"])
      print(next(call(c, "GetLog", more=True, app="none"))["error"])
      print(next(call(c, "GetCrash", more=True, id=1))["error"])
      """)
    #expect(
      ran.output == """
        \(all.suffix(64))
        4
        org.varlink.service.ExpectedMore
        org.varlink.service.ExpectedMore
        io.isolated.Daemon.NoSuchLog
        io.isolated.Daemon.NoSuchCrash

        """, "\(ran.errors)")
  }

  static let nuisances: [(name: String, code: String)] = [
    ("half a message", "s.sendall(b'{\"method\":')"),
    (
      "a hundred megabytes",
      "try:\n    for _ in range(1600): s.sendall(b'x' * 65536)\nexcept OSError: pass"
    ),
    ("what is no JSON", "s.sendall(b'\\xff\\0')"),
    (
      "calls without end, and reads nothing",
      "s.setblocking(False)\ntry:\n    while True: s.sendall(b'{\"method\":\"io.isolated.Daemon.GetMetrics\"}\\0')\nexcept OSError: pass"
    ),
    ("nothing", "pass"),
  ]

  @Test("who sends nonsense, or nothing, keeps nobody waiting", arguments: nuisances.map(\.name))
  func nuisance(name: String) throws {
    let code = try #require(Self.nuisances.first { $0.name == name }).code
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    let before = Household.memory(daemon)
    let ran = try speak(
      scene,
      """
      import threading
      held = []
      for n in range(8):
          s = connect()
          held.append(s)
          \(code.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n    "))
      print(next(call(c, "GetStatus"))["parameters"]["apps"])
      d = connect()
      print(next(call(d, "GetApp", app="one"))["parameters"]["app"]["name"])
      """)
    #expect(ran.output == "1\none\n", "\(ran.errors)")
    #expect(Household.memory(daemon) < before + 16_384)
    #expect(try scene.app("one").state == .ready || scene.app("one").state == .running)
  }

  @Test("another user is not let in", .enabled(if: Privileges.isRoot)) func stranger() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start()
    #expect(Run.shell("chmod 777 \"$1/ctl\"", [scene.path]).code == 0)
    let ran = Run.shell(
      """
      cp "$2" "$1/isolated" && chmod 755 "$1/isolated" \
      && setpriv --reuid 12345 --regid 12345 --clear-groups "$1/isolated" status --socket "$1/ctl"
      """, [scene.path, Executable.path])
    #expect(ran.code == 1 && ran.output.isEmpty)
    #expect(ran.errors.contains("has hung up"), "\(ran.errors)")
  }

  @Test("a second daemon at one socket is refused, and says how to find the first") func second()
    throws
  {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start()
    let ran = Run.command([
      Executable.path, "daemon", "--services", scene.path + "/services", "--socket",
      scene.path + "/ctl",
    ])
    #expect(ran.code == 1)
    #expect(ran.errors.contains("another daemon of yours runs"), "\(ran.errors)")
    #expect(try scene.app("one").name == "one")
  }

  @Test("without a daemon every command says so, and what to do") func nobody() throws {
    let scene = try DaemonScene()
    for command in ["status", "start", "events", "metrics", "reload"] {
      let ran = command == "start" ? scene.run(command, "x") : scene.run(command)
      #expect(ran.code == 1, "\(command)")
      #expect(ran.errors.contains("no daemon answers"), "\(command): \(ran.errors)")
    }
  }

  @Test("reload says what would change, then does it; errors change nothing") func reload() throws {
    let scene = try DaemonScene([
      ("one", DaemonLifeTests.sleeper), ("two", DaemonLifeTests.sleeper),
    ])
    try scene.start()
    try scene.waitFor("one", .ready)
    try scene.waitFor("two", .ready)
    #expect(scene.run("reload", "--plan").output == "nothing has changed\n")
    /* What holds at once is so once, and needs no restart. */
    scene.write("one", DaemonScene.shell("exec sleep 1000", "[restart]\nburst = 9"))
    let first = try scene.app("one").instance
    #expect(scene.run("reload").output.contains("restart.burst: at once"))
    #expect(scene.run("reload", "--plan").output == "nothing has changed\n")
    #expect(try scene.app("one").instance == first)
    let instance = try scene.app("one").instance
    let other = try scene.app("two").instance
    scene.write("one", DaemonScene.shell("exec sleep 1001", "[restart]\nburst = 7"))
    let plan = scene.run("reload", "--plan").output
    #expect(plan.contains("command.run: needs a restart"), "\(plan)")
    #expect(plan.contains("restart.burst: at once"), "\(plan)")
    #expect(try scene.app("one").instance == instance)
    scene.write("two", "[nonsense]\n")
    let refused = scene.run("reload")
    #expect(refused.code == 1)
    #expect(refused.errors.contains("two.toml:1:2: error"), "\(refused.errors)")
    #expect(try scene.app("one").instance == instance)
    scene.write("two", DaemonLifeTests.sleeper)
    scene.write("three", DaemonLifeTests.sleeper)
    #expect(scene.run("reload").code == 0)
    try #require(Moment.within(30) { (try? scene.app("one").instance) != instance })
    try scene.waitFor("three", .ready)
    #expect(try scene.app("two").instance == other)
    #expect(try scene.app("one").end?.cause == "daemon-reload")
    /* As SIGHUP does. */
    scene.write("four", DaemonLifeTests.sleeper)
    try #require(scene.daemon).send(SIGHUP)
    try scene.waitFor("profiles read anew", in: "err")
    try scene.waitFor("four", .ready)
    /* What a person should know of the new profile is said, once. */
    let notice = "one: Grant old is left out: \(scene.path)/none does not exist."
    #expect(!scene.said.contains(notice))
    for burst in [8, 9] {
      scene.write(
        "one",
        DaemonScene.shell(
          "exec sleep 1001",
          "[restart]\nburst = \(burst)\n[grants.old]\nfiles = \"$DIR/none\"\noptional = true"))
      #expect(scene.run("reload").code == 0)
    }
    #expect(scene.said.split(separator: "\n").count { $0.hasSuffix(notice) } == 1, "\(scene.said)")
  }

  @Test("an app with grants is a session that operators find as ever") func grants() throws {
    let scene = try DaemonScene([
      (
        "asker",
        DaemonScene.shell(
          "exec sleep 1000", "[grants.notes]\nfiles = \"$DIR/services\"\nrights = [\"read\"]")
      )
    ])
    try scene.start()
    try scene.waitFor("asker", .ready)
    let pid = try #require(scene.daemon).pid
    let ran = Run.command([Executable.path, "grants", "asker.\(pid)"])
    #expect(ran.output.contains("notes"), "\(ran.errors)")
    #expect(Run.command([Executable.path, "revoke", "asker.\(pid)", "notes"]).code == 0)
  }

  @Test("says to a service manager when it is ready, and when it ends") func manager() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    let ran = Run.shell(
      """
      cd "$1" && python3 -c '
      import os, signal, socket, subprocess, sys, time
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("notify"); s.settimeout(30)
      env = dict(os.environ, NOTIFY_SOCKET=os.getcwd() + "/notify", WATCHDOG_USEC="200000")
      # As nohup does: an order to read profiles anew is heard all the same.
      signal.signal(signal.SIGHUP, signal.SIG_IGN)
      p = subprocess.Popen(sys.argv[1:], env=env, stderr=open("err", "w"))
      def hear(wanted):
          for _ in range(1000):
              if s.recv(4096).decode().startswith(wanted): return True
      def said(wanted):
          for _ in range(600):
              if wanted in open("err").read(): return True
              time.sleep(0.1)
      print(s.recv(4096).decode().split()[0])
      print(s.recv(4096).decode(), s.recv(4096).decode())
      # It is so busy that nothing more fits: a word that it does not take is offered again.
      other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); other.setblocking(False)
      try:
          for _ in range(100000): other.sendto(b"busy", "notify")
      except BlockingIOError: pass
      p.send_signal(1)
      print(said("profiles read anew"))
      print("reloaded", hear("RELOADING=1\\nMONOTONIC_USEC="), hear("READY=1"))
      p.terminate()
      print("stopping", hear("STOPPING=1"), p.wait())
      ' "$2" daemon --services services --socket ctl
      """, [scene.path, Executable.path])
    let heard = "READY=1\nWATCHDOG=1 WATCHDOG=1\nTrue\nreloaded True True\nstopping True 0\n"
    #expect(ran.output == heard, "\(ran.errors)")
  }

  @Test("who comes when there are no descriptors waits, and is answered when there are")
  func noDescriptors() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start(["--metrics", "unix:" + scene.path + "/metrics"])
    try scene.waitFor("one", .ready)
    let daemon = try #require(scene.daemon)
    let spoken = try speak(
      scene,
      """
      import os, resource
      list(call(c, "GetStatus"))
      taken = {int(name) for name in os.listdir("/proc/\(daemon.pid)/fd")}
      free = next(n for n in range(65536) if n not in taken)
      soft, hard = resource.prlimit(\(daemon.pid), resource.RLIMIT_NOFILE)
      resource.prlimit(\(daemon.pid), resource.RLIMIT_NOFILE, (free, hard))
      scraper = socket.socket(socket.AF_UNIX); scraper.settimeout(30)
      scraper.connect("\(scene.path)/metrics"); scraper.sendall(b"GET /metrics HTTP/1.1\\r\\n\\r\\n")
      new = connect()
      # By the second answer it has looked at whoever came before the first question.
      for _ in range(2): list(call(c, "GetStatus"))
      resource.prlimit(\(daemon.pid), resource.RLIMIT_NOFILE, (soft, hard))
      print(list(call(new, "GetStatus"))[0]["parameters"]["live"])
      print(scraper.recv(12).decode())
      """)
    #expect(spoken.output == "1\nHTTP/1.1 200\n", "\(spoken.errors) \(scene.said)")
  }
}
