import Glibc
import Testing

@testable import Isolate

/// `isolated why`, with a daemon and with a session of `isolated run`.
@Suite("Why, asked of a daemon", .serialized)
struct DaemonWhyTests {
  /// Asks for what it may not have, says `done`, and goes on or exits as it is told.
  private static func asker(_ end: String) -> String {
    """
    import sys, time
    sys.path.insert(0, "\(Executable.root)/clients/python")
    import isolated
    def fails(ask):
        try: ask()
        except OSError: return
        raise SystemExit(77)
    with isolated.connect() as broker:
        fails(lambda: broker.open("notes", "one", "r+"))
        for _ in range(5): fails(lambda: broker.open("notes", "../outside"))
        fails(lambda: broker.connect("web", "other.example", 80))
        fails(lambda: broker.stat("notes", "\\x1b[2J"))
        broker.open("notes", "one").close()
        print("done", flush=True)
        \(end)
    """
  }

  /// In a directory that others may enter.
  private static func place(_ scene: DaemonScene, _ end: String) throws -> String {
    _ = scene.scratch.file("asker.py", asker(end))
    let made = Run.shell(
      "cd \"$1\" && chmod 755 . && umask 022 && mkdir notes && echo here >notes/one && chmod 644 asker.py",
      [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    /* The tables' lines are counted from the first: the tests name them. */
    return """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/asker.py"]
      [files]
      read = ["$DIR/asker.py", "\(Executable.root)/clients/python"]
      [restart]
      when = "never"
      [grants.notes]
      files = "$DIR/notes"
      rights = ["read"]
      [grants.web]
      connect = ["one.example:443"]
      """
  }

  private func why(_ scene: DaemonScene, _ more: String...) throws -> ControlWhy {
    let ran = Run.command(
      [Executable.path, "why", "--socket", scene.path + "/ctl", "--json"] + more)
    try #require(ran.code == 0, "\(ran.errors) \(scene.story)")
    return try ControlWhy(JSONReader.read(Array(ran.output.utf8), limit: 1 << 20))
  }

  private func expectRefusals(_ list: [ControlRefusal], _ file: String) {
    #expect(list.map(\.operation) == ["file.stat", "net.connect", "file.open", "file.open"])
    #expect(list.map(\.times) == [1, 1, 5, 1])
    #expect(list.map(\.error) == ["EACCES", "EACCES", "EXDEV", "EACCES"])
    #expect(list.map(\.reason) == ["right", "outside", "kernel", "right"])
    #expect(list.map(\.rule) == [8, 11, 8, 8].map { "\(file):\($0)" })
    guard list.count == 4 else { return }
    #expect(
      list[1].advice.change
        == "\"other.example:80\" added to connect of grants.web (\(file):11)")
    #expect(
      list[2].subject == "../outside" && list[2].advice.change?.hasPrefix("a grant of") == true)
    #expect(list[3].advice.change == "rights = [\"read\", \"write\"] in grants.notes (\(file):8)")
    #expect(list.allSatisfy { ($0.advice.change == nil) == ($0.advice.risk == nil) })
  }

  @Test("tells what its broker refused, while it runs and when it has ended") func refusals() throws
  {
    let scene = try DaemonScene()
    scene.write("app", try Self.place(scene, "time.sleep(600)"))
    try scene.start()
    try scene.waitFor("done", in: "state/logs/app/0000000001.log")
    let file = scene.path + "/services/app.toml"
    var told = try why(scene, "app")
    #expect(told.state == .ready || told.state == .running)
    #expect(told.refusals.hasGrants && !told.refusals.isOfEnded && told.refusals.counted == 3)
    expectRefusals(told.refusals.list, file)
    #expect(try why(scene, "--last", "1", "app").refusals.list.map(\.operation) == ["file.stat"])
    let text = scene.run("why", "app")
    #expect(text.code == 0 && !text.output.utf8.contains(0x1b), "\(text.errors)")
    #expect(text.output.contains("5 times, last "), "\(text.output)")
    #expect(text.output.contains("file.open ../outside: EXDEV (kernel)"), "\(text.output)")
    #expect(text.output.contains("rule: grants.notes, \(file):8"), "\(text.output)")
    #expect(scene.run("kill", "app").code == 0)
    try scene.waitFor("app", .failed)
    told = try why(scene, "app")
    #expect(told.refusals.isOfEnded && told.refusals.counted == 3)
    expectRefusals(told.refusals.list, file)
    #expect(told.reasons.map(\.kind) == [.state, .end, .next])
    #expect(told.reasons.last?.rule == "\(file):7" && told.reasons.last?.key == "restart.when")
    /* What it asked before says nothing of the next instance. */
    let quiet = scene.scratch.file(
      "asker.py", "import time\nprint('quiet', flush=True)\ntime.sleep(600)")
    _ = Run.shell("chmod 644 \"$1\"", [quiet])
    #expect(scene.run("start", "app").code == 0)
    #expect(try why(scene, "app").refusals.list.isEmpty)
    #expect(scene.run("why", "app").output.contains("its broker has refused nothing"))
  }

  @Test("tells the line of the limit, the filter's call, the step, and the restarts that ended it")
  func ends() throws {
    let never = "[restart]\nwhen = \"never\""
    let scene = try DaemonScene([
      (
        "hungry",
        """
        extends = ["default"]
        [limits]
        memory = "64M"
        [command]
        run = ["python3", "-c", "import os, time; [os.fork() for _ in range(3)]; x = b'x' * (20 << 20); time.sleep(600)"]
        \(never)
        """
      ),
      (
        "forker",
        """
        extends = ["default"]
        [limits]
        processes = 6
        [command]
        run = ["python3", "-c", '''
        import os, time
        try:
            while os.fork(): pass
            time.sleep(600)
        except OSError: time.sleep(1); os._exit(3)
        ''']
        \(never)
        """
      ),
      (
        "caller",
        """
        extends = ["default"]
        crash.report = true
        files.read = ["\(Executable.victim)"]
        [syscalls]
        refuse-with = "kill"
        [command]
        run = ["\(Executable.victim)", "crash-refused"]
        \(never)
        """
      ),
      ("missing", "extends = [\"default\"]\n[command]\nrun = [\"/no/such/program\"]\n\(never)"),
      (
        "again",
        DaemonScene.shell(
          "exit 4", "[restart]\nburst = 2\nwindow = \"10m\"\ndelay = \"1ms\"\nceiling = \"2ms\"")
      ),
      (
        "slow",
        DaemonScene.shell(
          "exec sleep 600", "[readiness]\nwhen = \"notify\"\ntimeout = \"10m\"")
      ),
      ("waits", DaemonScene.shell("exit 0", "[service]\nrequires = [\"slow\"]")),
    ])
    try scene.start()
    func file(_ name: String, _ line: Int) -> String {
      "\(scene.path)/services/\(name).toml:\(line)"
    }
    for name in ["hungry", "forker", "caller", "missing", "again"] {
      try scene.waitFor(name, .failed, seconds: 60)
    }
    let hungry = try #require(try why(scene, "hungry").reasons.first { $0.kind == .end })
    #expect(hungry.key == "limits.memory" && hungry.rule == file("hungry", 3), "\(hungry)")
    #expect(hungry.change == "a higher limits.memory than 64M")
    let forker = try why(scene, "forker").reasons
    let limit = try #require(forker.first { $0.kind == .limit }, "\(forker)")
    #expect(limit.key == "limits.processes" && limit.rule == file("forker", 3))
    #expect(forker.contains { $0.kind == .end && $0.words.contains("exited with 3") })
    let missing = try #require(try why(scene, "missing").reasons.first { $0.kind == .end })
    #expect(missing.words.contains("/no/such/program"), "\(missing)")
    let again = try #require(try why(scene, "again").reasons.first { $0.kind == .next })
    #expect(again.key == "restart.burst" && again.rule == file("again", 5), "\(again)")
    /* Its report comes when it is written. */
    var caller: [ControlReason] = []
    #expect(
      Moment.within(60) {
        caller = (try? why(scene, "caller").reasons.filter { $0.kind == .crash }) ?? []
        return caller.count == 2
      }, "\(scene.story)")
    #expect(caller.first?.words.contains("report: \(scene.path)/state/crashes/") == true)
    #expect(caller.last?.words.contains("the call was swapon, of the group @swap") == true)
    #expect(caller.last?.key == "syscalls.base")
    #expect(caller.last?.change == "\"swapon\" added to syscalls.allow")
    let waits = try #require(try why(scene, "waits").reasons.first)
    #expect(waits.words == "it waits for slow" && waits.rule == file("waits", 5), "\(waits)")
    let slow = try #require(try why(scene, "slow").reasons.first)
    #expect(slow.key == "readiness.when" && slow.rule == file("slow", 5), "\(slow)")
  }

  @Test("says clearly when there is no daemon, no such app, nothing to ask for") func errors()
    throws
  {
    let scene = try DaemonScene([("calm", DaemonLifeTests.sleeper)])
    try scene.start()
    try scene.waitFor("calm", .ready)
    let none = scene.run("why", "none")
    #expect(none.code == 1 && none.errors.contains("no app 'none'"), "\(none.errors)")
    let calm = scene.run("why", "calm")
    #expect(calm.code == 0 && calm.output.contains("it has no grants"), "\(calm.output)")
    #expect(try why(scene, "calm").refusals.list.isEmpty)
    let nobody = Run.command([
      Executable.path, "why", "--socket", scene.path + "/nothing", "calm",
    ])
    #expect(nobody.code == 1 && nobody.errors.contains("no daemon answers"), "\(nobody.errors)")
    let nowhere = Run.command([
      "/usr/bin/env", "XDG_RUNTIME_DIR=\(scene.path)", Executable.path, "why", "no-such-app",
    ])
    #expect(nowhere.code == 1 && nowhere.errors.contains("no session of 'no-such-app' answers"))
  }

  @Test("a session of isolated run tells what was refused, too") func session() throws {
    let scene = try DaemonScene()
    scene.write("why-run", try Self.place(scene, "time.sleep(600)"))
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/out", O_WRONLY | O_CREAT | O_APPEND)
    setup.files[2] = .path(scene.path + "/err", O_WRONLY | O_CREAT | O_APPEND)
    let file = scene.path + "/services/why-run.toml"
    let run = try Spawned([Executable.path, "run", file], setup)
    defer {
      run.send(SIGKILL)
      _ = try? run.wait()
    }
    try scene.waitFor("done", in: "out")
    var told: ControlWhy?
    #expect(
      Moment.within(30) {
        let ran = Run.command([Executable.path, "why", "--json", "why-run.\(run.pid)"])
        told =
          (try? JSONReader.read(Array(ran.output.utf8), limit: 1 << 20)).flatMap {
            try? ControlWhy($0)
          }
        return told != nil
      }, "\(scene.scratch.content("err"))")
    #expect(told?.state == nil && told?.app == "why-run")
    expectRefusals(told?.refusals.list ?? [], file)
  }
}
