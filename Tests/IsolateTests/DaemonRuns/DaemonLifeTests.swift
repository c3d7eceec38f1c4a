import Glibc
import Testing

@testable import Isolate

@Suite("A daemon and the lives of its apps", .serialized)
struct DaemonLifeTests {
  static let sleeper = DaemonScene.shell("exec sleep 1000")

  @Test("starts what is to be started, and stops all of it when it is asked to end")
  func bootAndEnd() throws {
    let scene = try DaemonScene([
      ("one", Self.sleeper), ("two", Self.sleeper),
      ("later", DaemonScene.shell("exec sleep 1000", "[service]\nstart = \"demand\"")),
    ])
    try scene.start()
    try scene.waitFor("one", .ready)
    try scene.waitFor("two", .ready)
    #expect(try scene.app("later").state == .down)
    let daemon = try #require(scene.daemon).pid
    let processes = Household.descendants(of: daemon)
    #expect(processes.count >= 4)
    #expect(try scene.end() == 0)
    #expect(processes.allSatisfy { !Household.isThere($0) })
    #expect(Run.shell("ls -A \"$1\"", [scene.path]).output.contains("ctl\n") == false)
  }

  @Test("nothing outlives a daemon that is killed outright") func killed() throws {
    let scene = try DaemonScene([("one", Self.sleeper), ("two", Self.sleeper)])
    try scene.start()
    try scene.waitFor("two", .ready)
    try scene.waitFor("one", .ready)
    let daemon = try #require(scene.daemon)
    let processes = Household.descendants(of: daemon.pid)
    daemon.send(SIGKILL)
    #expect(Moment.within(10) { processes.allSatisfy { !Household.isThere($0) } })
  }

  /// How an app ends, the cause that is told, and its exit code where there is one.
  static let ends: [(script: String, cause: String, code: Int32?)] = [
    ("exit 3", "exited", 3), ("kill -SEGV $$", "signal", nil), ("kill -ABRT $$", "signal", nil),
    ("kill -KILL $$", "signal", nil), ("kill -BUS $$", "signal", nil),
    ("kill -FPE $$", "signal", nil), ("kill -ILL $$", "signal", nil),
    ("exec /bin/nowhere", "exited", 127),
  ]

  @Test("reports every end once, with its cause", arguments: ends.map(\.script))
  func causes(script: String) throws {
    let wanted = try #require(Self.ends.first { $0.script == script })
    let scene = try DaemonScene([
      ("app", DaemonScene.shell(script, "[restart]\nwhen = \"never\""))
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    let end = try #require(try scene.app("app").end)
    #expect(end.cause == wanted.cause)
    #expect(end.isFailure)
    if let code = wanted.code { #expect(end.exitCode == code) }
    let events = scene.run("events", "--json").output.split(separator: "\n")
    #expect(events.filter { $0.contains("\"cause\":\"\(wanted.cause)\"") }.count == 1)
  }

  @Test("tells what launching failed at, and names the step's cure") func noProgram() throws {
    let scene = try DaemonScene([
      (
        "app",
        """
        extends = ["default"]
        [command]
        run = ["/bin/not-there"]
        [restart]
        when = "never"
        """
      )
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    #expect(try scene.app("app").end?.cause == "launch-failure")
    #expect(scene.said.contains("/bin/not-there"))
    /* Whoever orders it hears the same, not only the log. */
    let ran = scene.run("start", "app")
    #expect(ran.code == 1 && ran.errors.contains("app was not started: cannot find /bin/not-there"))
  }

  @Test("restarts an app that crashes, each time later, and gives it up after so many")
  func restarts() throws {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          "exit 1", "[restart]\nburst = 3\ndelay = \"20ms\"\n")
      )
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    let app = try scene.app("app")
    #expect(app.restarts == 3)
    #expect(scene.said.contains("it is restarted\n"))
    #expect(scene.said.contains("it has failed and is not restarted"))
    /* Somebody's start begins anew; it says how that ended. */
    let ran = scene.run("start", "app")
    #expect(ran.code == 0 || ran.errors.contains("exited with 1"))
    try scene.waitFor("app", .failed)
    #expect(try scene.app("app").restarts == 3)
  }

  @Test("kills what does not end when it is asked to") func stubborn() throws {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          "trap '' TERM; echo up; while :; do sleep 1; done", "[stop]\ntimeout = \"200ms\"\n")
      )
    ])
    try scene.start()
    try scene.waitFor("app", .ready)
    let pid = try #require(try scene.app("app").pid)
    #expect(scene.run("stop", "app").output == "app is down\n")
    #expect(!Household.isThere(pid))
    #expect(try scene.app("app").end?.cause == "stopped")
    #expect(scene.said.contains("did not end in time and was killed"))
  }

  @Test("stops every process of an app and lets it go on") func freezes() throws {
    let scene = try DaemonScene([
      ("app", DaemonScene.shell("sleep 1000 & while :; do :; done"))
    ])
    try scene.start()
    try scene.waitFor("app", .ready)
    let pid = try #require(try scene.app("app").pid)
    func states() -> Set<Character> {
      Set(
        Household.descendants(of: pid).compactMap { process in
          let text = Run.read("/proc/\(process)/stat")
          guard let end = text.lastIndex(of: ")") else { return nil }
          return text[text.index(end, offsetBy: 2)]
        })
    }
    #expect(Moment.within(10) { states() == ["R", "S"] })
    #expect(scene.run("freeze", "app").code == 0)
    #expect(Moment.within(10) { states() == ["T"] || states() == ["D"] }, "\(states())")
    #expect(try scene.app("app").state == .frozen)
    #expect(scene.run("freeze", "app").errors.contains("frozen"))
    #expect(scene.run("thaw", "app").code == 0)
    #expect(Moment.within(10) { states() == ["R", "S"] }, "\(states())")
    #expect(scene.run("freeze", "app").code == 0)
    #expect(scene.run("stop", "app").output == "app is down\n")
  }

  @Test("starts in order, and ends what requires an app before it") func order() throws {
    let scene = try DaemonScene([
      ("db", DaemonScene.shell("exec sleep 1000", "[service]\nstart = \"demand\"")),
      (
        "web",
        DaemonScene.shell(
          "exec sleep 1000", "[service]\nstart = \"demand\"\nrequires = [\"db\"]")
      ),
    ])
    try scene.start()
    #expect(scene.run("start", "web").output == "web is ready\n")
    #expect(try scene.app("db").state == .ready)
    #expect(scene.run("stop", "db").code == 0)
    #expect(try scene.app("web").state == .down)
    #expect(try scene.app("web").end?.cause == "dependency")
    let texts = scene.run("events").output.split(separator: "\n").filter {
      $0.contains(" state: ")
    }.compactMap { line in line.split(separator: " ").dropFirst(4).joined(separator: " ") }
    let first = texts.firstIndex(of: "db state: ready")
    let second = texts.firstIndex(of: "web state: starting")
    #expect(first != nil && second != nil && first ?? 9 < second ?? 0, "\(texts)")
  }

  @Test("refuses apps that wait for each other, and says who") func cycle() throws {
    let scene = try DaemonScene([
      ("a", DaemonScene.shell("exec sleep 1000", "[service]\nrequires = [\"b\"]")),
      ("b", DaemonScene.shell("exec sleep 1000", "[service]\nrequires = [\"a\"]")),
    ])
    let ran = Run.command([
      Executable.path, "daemon", "--services", scene.path + "/services", "--socket",
      scene.path + "/ctl",
    ])
    #expect(ran.code == 1)
    #expect(ran.errors.contains("a -> b -> a"), "\(ran.errors)")
  }

  @Test("leaves a service with errors out, says which line, and runs the others") func broken()
    throws
  {
    let scene = try DaemonScene([
      ("good", Self.sleeper), ("bad", "extends = [\"default\"]\n[comand]\nrun = [\"x\"]\n"),
    ])
    try scene.start()
    try scene.waitFor("good", .ready)
    #expect(scene.said.contains("bad.toml:2:2: error"), "\(scene.said)")
    #expect(scene.run("status", "bad").errors.contains("no app 'bad'"))
    #expect(scene.run("start", "bad").errors.contains("bad.toml:2:2: error"))
  }

  @Test("apps get neither its descriptors nor its signals") func inherits()
    throws
  {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          """
          (ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status; env | sort) >$DIR/out/seen
          exec sleep 1000
          """, "[files]\nwrite = [\"$DIR/out\"]\n")
      )
    ])
    #expect(Run.shell("mkdir -m 777 \"$1/out\"", [scene.path]).code == 0)
    try scene.start()
    try scene.waitFor("PATH=", in: "out/seen")
    let lines = scene.scratch.content("out/seen").split(separator: "\n").map(String.init)
    /* 0, 1, 2, and what ls itself opens. */
    #expect(lines.first == "4")
    #expect(lines.contains("SigBlk:\t0000000000000000"))
    #expect(!lines.contains { $0.hasPrefix("NOTIFY_SOCKET") || $0.hasPrefix("LISTEN_") })
  }

  @Test("a launch that fails leaves no descriptor behind") func failedLaunch() throws {
    let keys =
      "[service]\nstart = \"demand\"\n[restart]\nwhen = \"never\"\n"
      + "[files]\nread = [\"$DIR/shown\"]"
    let scene = try DaemonScene([("app", DaemonScene.shell("exec sleep 1000", keys))])
    _ = scene.scratch.file("shown", "")
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    /* What it reads: its ends of pipes to write to are those of children that wait. */
    func pipes() -> String {
      Run.shell("ls -l /proc/$1/fd | grep -c '^lr-x.* pipe:'", ["\(daemon)"]).output
    }
    /* While it prepares a launch it has one for a moment. */
    #expect(Moment.within(30) { pipes() == "0\n" })
    try #require(unsafe unlink(scene.path + "/shown") == 0)
    #expect(scene.run("start", "app").code == 1)
    #expect(scene.said.contains("shown"), "\(scene.said)")
    #expect(Moment.within(30) { pipes() == "0\n" })
  }

  @Test("nobody who does not read what the daemon says holds it up") func unread() throws {
    let keys =
      "[restart]\nwhen = \"always\"\ndelay = \"1ms\"\nceiling = \"5ms\"\nburst = 100\nwindow = \"1ms\"\njitter = 0"
    let scene = try DaemonScene([("app", DaemonScene.shell("exit 1", keys))])
    let fifo = scene.path + "/said"
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    /* Of 4096 bytes: F_SETPIPE_SZ of fcntl(2). */
    let wrapper = """
      import fcntl, os, sys
      fifo = os.open("\(fifo)", os.O_RDWR); fcntl.fcntl(fifo, 1031, 4096); os.dup2(fifo, 2)
      os.execv(sys.argv[1], sys.argv[1:])
      """
    try scene.start(under: [try #require(Run.find("python3")), "-c", wrapper])
    try #require(
      Moment.within(60) { ((try? scene.app("app").instance) ?? 0) > 200 }, "\(scene.story)")
    let reader = unsafe open(fifo, O_RDONLY | O_NONBLOCK)
    try #require(reader >= 0)
    defer { close(reader) }
    var said = ""
    #expect(
      Moment.within(60) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(reader, &bytes, bytes.count)
        said += String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return said.contains(" lines were left out: nobody read them")
      }, "\(said.suffix(500))")
  }
}
