import Glibc
import Testing

@testable import Isolate

@Suite("The audit log")
struct AuditTests {
  /// Reads `audit` with another program's JSON; says how many lines there are of each id, and what the lines have.
  private static let check = """
    import json, sys, re, collections
    ids, last = collections.Counter(), 0
    what = collections.Counter()
    for line in open(sys.argv[1], encoding="utf-8"):
        record = json.loads(line)
        assert "lost" not in record, record
        assert re.fullmatch(r"20..-..-..T..:..:..\\.\\d{6}Z", record["time"]), record
        assert record["app"] == "app" and record["supervisor"] > 1, record
        if "sequence" in record:
            assert record["sequence"] == last + 1, (record, last)
            last += 1
        ids[record["request"]] += 1
        grant = record["grant"]
        assert (grant is None) == (record["rule"] is None), record
        if grant: assert re.search(r"app\\.toml:\\d+:?", record["rule"]), record
        what[record["operation"], grant, record["error"], record["reason"]] += 1
    print(len(ids), max(ids.values(), default=0))
    for key, n in sorted(what.items(), key=str): print(n, *key)
    """

  private func lines(_ scene: BrokerScene) throws -> [String] {
    let script = scene.scratch.file("check.py", Self.check)
    let ran = Run.command(["/usr/bin/env", "python3", "-B", script, scene.path + "/audit"])
    try #require(ran.code == 0, "\(ran.errors)")
    return ran.output.split(separator: "\n").map(String.init)
  }

  private func scene(_ app: String) throws -> BrokerScene {
    let scene = try BrokerScene(app: app)
    scene.options = ["--audit", scene.path + "/audit"]
    return scene
  }

  @Test("has a line for each of 10,000 requests, with the rule that decided")
  func all() throws {
    let scene = try scene(
      """
      for n in range(5000): close(openat("plain"))
      for n in range(2499): assert told(openat("../outside")) == (18, 0)
      for n in range(2499): assert told(openat("plain", grant=7)) == (13, 1)
      hello()
      call(5, struct.pack("<I", 1 << 30))
      """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    let lines = try lines(scene)
    #expect(lines.first == "10000 1", "\(lines)")
    #expect(lines.contains { $0.hasPrefix("5000 file.open data  ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("2499 file.open data EXDEV ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("2499 file.open None EACCES ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("1 hello None") }, "\(lines)")
    var status = stat()
    #expect(unsafe stat(scene.path + "/audit", &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test("loses nothing and says nothing twice when brokers die")
  func deaths() throws {
    let scene = try scene(
      """
      import threading
      show("up")
      asked = 0
      end = time.monotonic() + 8
      while time.monotonic() < end:
          for _ in range(60):
              door.send(message(16, struct.pack("<HII", 0, 1, 0) + text("plain")))
          for _ in range(60): close(receive())
          asked += 60
      show("asked", asked)
      """)
    let run = try scene.start()
    try scene.waitFor("up")
    var broker: Int32 = 0
    for _ in 0..<4 {
      broker = try scene.broker(of: run, other: broker)
      usleep(1_400_000)
      _ = kill(broker, SIGKILL)
    }
    #expect(try run.wait(seconds: 60).code == 0, "\(scene.scratch.content("err"))")
    let words = scene.scratch.content("out").split { $0 == " " || $0 == "\n" }
    let asked = try #require(words.last.flatMap { Int($0) })
    let lines = try lines(scene)
    #expect(lines.first == "\(asked) 1", "\(lines)")
  }

  @Test("has what was under way when the app ended")
  func unfinished() throws {
    let scene = try BrokerScene(
      grants: "[grants.asks]\nfiles = \"$DIR/data\"\nask = true",
      app: """
        hello()
        door.send(message(16, struct.pack("<HII", 0, 1, 0) + text("plain")))
        door.send(message(1, struct.pack("<HHH", 1, 1, 0)))
        receive()
        """)
    scene.options = ["--audit", scene.path + "/audit"]
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    let lines = try lines(scene)
    #expect(lines.first == "3 1", "\(lines)")
    #expect(lines.contains { $0.hasPrefix("1 file.open asks ECANCELED ") }, "\(lines)")
  }

  @Test("has what a broker died with that has no successor")
  func noSuccessor() throws {
    var policy = try Fixture.policy("")
    policy.grants = [TestGrants.directory()]
    let book = TestBook()
    var broker = Broker(
      BrokerSettings(grants: policy.grants, start: .ms(0)), book: book.memory, at: .ms(0))
    let ticket = broker.receive(.open(77, "a/name")).ticket
    #expect(ticket != nil)
    let scratch = try Scratch()
    let log = try AuditLog(scratch.path + "/audit", policy)
    log.finish(book.reader)
    let lines = scratch.content("audit").split(separator: "\n")
    #expect(lines.allSatisfy { $0.contains("\"request\":77") && $0.contains("ECANCELED") })
    #expect(lines.count == 1 && lines[0].contains("\"subject\":\"a/name\""), "\(lines)")
  }

  @Test("is added to, and only a regular file of ours that the app cannot change")
  func files() throws {
    let scene = try scene("hello()")
    let log = scene.path + "/audit"
    #expect(scene.run().code == 0 && scene.run().code == 0)
    #expect(scene.scratch.content("audit").split(separator: "\n").count == 2)
    let made = Run.shell(
      "cd \"$1\" && ln -s audit link && mkfifo fifo && : >data/log && ln -s data there",
      [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    for (name, error) in [
      ("link", "ELOOP"), ("data", "EISDIR"), ("data/log", "EPERM"), ("there/log", "EPERM"),
      ("none/log", "ENOENT"), ("fifo", "ENXIO"),
    ] {
      scene.options = ["--audit", scene.path + "/" + name]
      let ran = scene.run()
      #expect(ran.code == 125 && ran.errors.contains(error), "\(name): \(ran.errors)")
      #expect(
        ran.errors.contains("regular file of yours") == !["none/log"].contains(name),
        "\(name): \(ran.errors)")
    }
    scene.options = ["--audit", "/dev/null"]
    #expect(scene.run().errors.contains("open /dev/null: Invalid argument"))
    if Privileges.isRoot {
      #expect(unsafe chown(log, 12345, 0) == 0)
      scene.options = ["--audit", log]
      let ran = scene.run()
      #expect(ran.code == 125 && ran.errors.contains("EPERM"), "\(ran.errors)")
    }
  }

  @Test("of a disk that is full says so once, holds requests back, and goes on when there is room")
  func full() throws {
    let scene = try scene(
      """
      for n in range(6000): close(openat("plain"))
      show("done")
      """)
    /* The limit of a file's size stands in for the disk's end. */
    scene.before = "trap '' XFSZ; ulimit -f 4096; truncate -s 2095000 '\(scene.path)/audit'"
    let run = try scene.start()
    try #require(
      Moment.within(30) { scene.scratch.content("err").contains("decisions cannot be kept") })
    usleep(2_500_000)
    #expect(!scene.scratch.content("out").contains("done"))
    let saved = Run.shell(
      "cd \"$1\" && tail -c +2095001 audit >kept && : >audit", [scene.path])
    try #require(saved.code == 0, "\(saved.errors)")
    #expect(try run.wait(seconds: 60).code == 0, "\(scene.scratch.content("err"))")
    #expect(scene.scratch.content("out") == "done\n")
    let errors = scene.scratch.content("err").split(separator: "\n")
    #expect(errors.filter { $0.contains("decisions") }.count == 1, "\(errors)")
    let joined = Run.shell("cd \"$1\" && cat kept audit >all && mv all audit", [scene.path])
    try #require(joined.code == 0)
    #expect(try lines(scene).first == "6000 1")
  }
}
