import Glibc
import Testing

@testable import Isolate

@Suite("A daemon and what its apps write", .serialized)
struct DaemonLogTests {
  @Test("keeps every line with its stream, across restarts, and after the daemon's end")
  func keeps() throws {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          "echo out $$; echo err >&2; printf 'no newline'; exit 1",
          "[restart]\nburst = 2\ndelay = \"1ms\"")
      )
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    let ran = scene.run("logs", "app")
    let texts = ran.output.split(separator: "\n").map {
      $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
    }
    #expect(texts.filter { $0.hasPrefix("stdout out ") }.count == 3, "\(ran.output) \(ran.errors)")
    #expect(texts.filter { $0 == "stderr err" }.count == 3)
    #expect(texts.filter { $0 == "stdout no newline" }.count == 3)
    #expect(try scene.end() == 0)
    let path = scene.path + "/state/logs/app"
    #expect(Run.shell("stat -c %a \"$1\" \"$1\"/*", [path]).output == "700\n600\n")
  }

  @Test(
    "what an app writes cannot hold it up, nor the daemon, and no byte is lost or taken for another"
  )
  func binary() throws {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          "head -c 3000000 /dev/zero | tr '\\0' 'x'; printf '\\n\\033[2J\\001\\377\\\\z\\n'; echo done; exec sleep 1000"
        )
      )
    ])
    try scene.start()
    try #require(
      Moment.within(60) { scene.run("logs", "--lines", "1", "app").output.hasSuffix("done\n") })
    let last =
      scene.run("logs", "--lines", "2", "--json", "app").output
      .split(separator: "\n").first.map(String.init) ?? ""
    let record = try JSONReader.read(Array(last.utf8), limit: 4096)
    let text = try #require(record.object?["text"]?.string)
    #expect(RawText.bytes(text) == [27, 91, 50, 74, 1, 255, 92, 122])
    let long = scene.run("logs", "--lines", "100000", "app").output.utf8.filter {
      $0 == UInt8(ascii: "x")
    }
    #expect(long.count == 3_000_000)
  }

  @Test("drops what is too much, and says how much") func rate() throws {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; exec sleep 1000",
          "[logs]\nrate = 100")
      )
    ])
    try scene.start()
    try #require(
      Moment.within(60) { scene.run("logs", "app").output.contains("lines were dropped") },
      "\(scene.run("logs", "app").output.suffix(200)) \(scene.said)")
  }

  @Test("an app that keeps no log has none, and the command says so") func none() throws {
    let scene = try DaemonScene([
      ("app", DaemonScene.shell("echo lost; exec sleep 1000", "[logs]\nto = []"))
    ])
    try scene.start()
    try scene.waitFor("app", .ready)
    let ran = scene.run("logs", "app")
    #expect(ran.code == 1)
    #expect(ran.errors.contains("no log of 'app'"), "\(ran.errors)")
  }

  @Test("that it cannot be written is said once, with where and why") func unwritable() throws {
    let chatter = DaemonScene.shell("while :; do echo tick; sleep 0.05; done")
    let scene = try DaemonScene([("fifo", chatter), ("open", chatter)])
    let made = Run.shell(
      """
      cd "$1/state" && mkdir -m 700 -p logs logs/fifo && mkfifo logs/fifo/0000000001.log &&
      mkdir -m 755 logs/open
      """, [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    try scene.start()
    try #require(Moment.within(30) { scene.said.contains("fifo: what it writes") }, "\(scene.said)")
    #expect(scene.said.contains("not kept: open \(scene.path)/state/logs/fifo/0000000001.log"))
    #expect(
      scene.said.contains("chmod 700 \(scene.path)/state/logs/open"), "\(scene.said)")
    let remove = Run.shell("rm \"$1/state/logs/fifo/0000000001.log\"", [scene.path])
    try #require(remove.code == 0)
    try #require(
      Moment.within(30) { scene.run("logs", "fifo").output.contains("could not be written") },
      "\(scene.run("logs", "fifo"))")
    let told = scene.said.split(separator: "\n").filter { $0.contains("fifo: what it writes") }
    #expect(told.count == 1, "\(scene.said)")
  }

  @Test("is one app's alone, whatever characters its name has") func names() throws {
    let long = String(repeating: "l", count: 80)
    let apps = ["a.b", "a_b", "a b", long, long + "2"]
    let scene = try DaemonScene(
      apps.map { ($0, DaemonScene.shell("echo I am '\($0)'; exec sleep 1000")) })
    try scene.start()
    for app in apps {
      try #require(
        Moment.within(30) { scene.run("logs", app).output.hasSuffix(" I am \(app)\n") },
        "\(scene.run("logs", app)) \(scene.said)")
      #expect(scene.run("logs", app).output.split(separator: "\n").count == 1)
    }
    #expect(FileSystem.names(in: scene.path + "/state/logs")?.contains("a_b") == true)
  }

  @Test("is written by one daemon: another one says so, and goes on when the first has ended")
  func two() throws {
    let chatter = DaemonScene.shell("while :; do echo $PPID; sleep 0.05; done")
    let first = try DaemonScene([("app", chatter)])
    let second = try DaemonScene([("app", chatter)])
    let linked = Run.shell(
      "rmdir \"$2/state\" && ln -s \"$1/state\" \"$2/state\"", [first.path, second.path])
    try #require(linked.code == 0, "\(linked.errors)")
    try first.start()
    try #require(Moment.within(30) { !first.run("logs", "app").output.isEmpty })
    try second.start()
    try #require(
      Moment.within(30) { second.said.contains("another daemon writes to \(second.path)") },
      "\(second.said)")
    /* Its own reload is no other daemon. */
    first.write("app", chatter + "\n[logs]\nsize = \"8K\"")
    #expect(first.run("reload", "app").code == 0)
    #expect(!first.said.contains("not kept"), "\(first.said)")
    #expect(!first.run("logs", "app").output.contains("could not be written"))
    #expect(try first.end() == 0)
    try #require(
      Moment.within(30) { second.run("logs", "app").output.contains("could not be written") },
      "\(second.said)")
  }

  @Test("that cannot be printed whole is an error") func full() throws {
    let scene = try DaemonScene([("app", DaemonScene.shell("echo line; exec sleep 1000"))])
    try scene.start()
    try #require(Moment.within(30) { scene.run("logs", "app").output.contains("line") })
    for line in ["logs --socket ctl app", "events --socket ctl", "top --once --json --socket ctl"] {
      let ran = Run.shell(
        "cd \"$1\" && exec \"$2\" \(line) >/dev/full", [scene.path, Executable.path])
      #expect(ran.code == 125 && ran.errors.contains("cannot write the output"), "\(line) \(ran)")
    }
  }

  @Test("a changed profile changes the log of what runs, and keeps what was written")
  func reload() throws {
    let script = "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.01; done"
    let scene = try DaemonScene([("app", DaemonScene.shell(script))])
    try scene.start()
    try #require(Moment.within(30) { scene.run("logs", "app").output.contains("tick 1\n") })
    let instance = try scene.app("app").instance
    scene.write("app", DaemonScene.shell(script, "[logs]\nsize = \"4K\"\nfiles = 3"))
    let ran = scene.run("reload", "app")
    #expect(ran.output.contains("logs.size: at once"), "\(ran.output) \(ran.errors)")
    let directory = scene.path + "/state/logs/app"
    #expect(
      Moment.within(60) {
        (FileSystem.names(in: directory) ?? []).contains("0000000002.log")
      }, "\(FileSystem.names(in: directory) ?? [])")
    #expect(try scene.app("app").instance == instance)
    /* No line was lost between the two: they are counted. */
    let numbers = scene.run("logs", "--lines", "100000", "app").output.split(separator: "\n")
      .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
    let first = try #require(numbers.first)
    #expect(numbers == Array(first..<first + numbers.count))
    scene.write("app", DaemonScene.shell(script, "[logs]\nto = []"))
    #expect(scene.run("reload", "app").output.contains("logs.to: at once"))
    let end = scene.run("logs", "--lines", "1", "app").output
    #expect(scene.run("restart", "app").code == 0)
    #expect(scene.run("logs", "--lines", "1", "app").output == end)
  }
}

@Suite("A daemon and the health of its apps", .serialized)
struct DaemonHealthTests {
  /// An app that is well as long as its file says so; checked by a command in its sandbox.
  private static func checked(_ check: String, _ script: String) -> String {
    DaemonScene.shell(
      script,
      """
      [files]
      read = ["$DIR/well"]
      [health]
      \(check)
      interval = "100ms"
      timeout = "10s"
      failures = 2
      [restart]
      when = "never"
      """)
  }

  @Test("asks by a command in the app's own sandbox, and ends an app that is not well")
  func command() throws {
    let scene = try DaemonScene([
      (
        "app",
        Self.checked(
          "command = [\"/bin/sh\", \"-c\", \"[ -e /tmp/mark ] && grep -q yes $DIR/well\"]",
          "echo 1 >/tmp/mark; exec sleep 1000")
      )
    ])
    _ = scene.scratch.file("well", "yes\n")
    try scene.start()
    try #require(
      Moment.within(60) { (try? scene.app("app").isHealthy) == true },
      "\(scene.said) \(scene.run("status", "app").output)")
    #expect(try scene.app("app").end == nil)
    /* In place: the app's view is of this very file. */
    #expect(Run.shell("echo no >\"$1/well\"", [scene.path]).code == 0)
    try scene.waitFor("app", .failed, seconds: 60)
    #expect(try scene.app("app").end?.cause == "health")
    #expect(scene.said.contains("a check of its health failed"))
  }

  @Test("asks by TCP in the app's own network, where nobody else can") func tcp() throws {
    let scene = try DaemonScene()
    _ = scene.scratch.file("well", "yes\n")
    _ = scene.scratch.file(
      "server.py",
      """
      import socket, time
      s = socket.create_server(("127.0.0.1", 8099))
      for _ in range(3): s.accept()[0].close()
      s.close()
      time.sleep(1000)
      """)
    scene.write(
      "app",
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/server.py"]
      [files]
      read = ["$DIR/server.py"]
      [network]
      mode = "loopback"
      [health]
      tcp = "127.0.0.1:8099"
      interval = "300ms"
      timeout = "5s"
      failures = 3
      [restart]
      when = "never"
      """)
    try scene.start()
    try #require(
      Moment.within(60) { (try? scene.app("app").isHealthy) == true },
      "\(scene.said) \(scene.run("status", "app").output)")
    try scene.waitFor("app", .failed, seconds: 60)
    #expect(try scene.app("app").end?.cause == "health")
  }

  @Test("who follows sleeps while nothing is written, and is told of each line, across rotations")
  func follows() throws {
    let scene = try DaemonScene()
    scene.write(
      "app",
      DaemonScene.shell(
        "n=0; while :; do while [ ! -e $DIR/out/$n ]; do sleep 0.05; done; echo line $n; n=$((n+1)); done",
        "[files]\nread = [\"$DIR/out\"]\n[logs]\nsize = \"4K\"\nfiles = 4"))
    #expect(Run.shell("mkdir -m 755 \"$1/out\"", [scene.path]).code == 0)
    try scene.start()
    try scene.waitFor("app", .ready)
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/followed", O_WRONLY | O_CREAT)
    let follower = try Spawned(
      [Executable.path, "logs", "--socket", scene.path + "/ctl", "--follow", "app"], setup)
    defer {
      follower.send(SIGKILL)
      _ = try? follower.wait()
    }
    func write(_ numbers: Range<Int>) throws {
      for number in numbers { _ = scene.scratch.file("out/\(number)", "") }
      let last = "line \(numbers.upperBound - 1)\n"
      try #require(
        Moment.within(60) { scene.scratch.content("followed").hasSuffix(last) },
        "\(scene.scratch.content("followed").suffix(200)) \(scene.story)")
    }
    try write(0..<1)
    /* Looking five times a second would add ten and more. */
    func sleeps() -> Int { Household.sleeps(follower.pid) }
    var before = -1
    try #require(
      Moment.within(30) {
        defer { before = sleeps() }
        return before >= 0 && sleeps() == before
      })
    let start = Poller.now()
    _ = Moment.within(3) { false }
    #expect(Poller.now() - start >= 3000 && sleeps() - before <= 2, "\(before) \(sleeps())")
    /* More than a file holds. */
    try write(1..<200)
    let lines = scene.scratch.content("followed").split(separator: "\n").map {
      String($0.split(separator: " ", maxSplits: 2).last ?? "")
    }
    #expect(lines == (0..<200).map { "line \($0)" }, "\(lines.count)")
  }
}
