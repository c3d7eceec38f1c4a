import Glibc
import Testing

@testable import Isolate

@Suite("A broker that dies", .serialized)
struct BrokerDeathTests {
  /// Asks as fast as it can and says what came of each second of it.
  private static let busy = """
    import collections
    counts = collections.Counter()
    hello()
    kept = openat("plain")["fds"][0]
    show("up")
    end = 0
    while time.monotonic() < end:
        r = openat("plain")
        if r is None: show("door shut"); break
        assert r["id"] == newest(), (r["id"], newest())
        counts[told(r)] += 1
        close(r)
    show("kept", os.read(kept, 9))
    show("odd", sum(n for what, n in counts.items() if what not in ((0, 0), (5, 13))))
    show("lost", counts[(5, 13)])
    """

  private static func busy(seconds: Double) -> String {
    var text = ""
    for line in busy.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("end =") {
        text += "end = time.monotonic() + \(seconds)\n"
      } else {
        text += line + "\n"
      }
    }
    return text
  }

  @Test(
    "is replaced at whatever point it was killed; only the request in flight fails, and says so")
  func killedAnywhere() throws {
    let scene = try BrokerScene(app: Self.busy(seconds: 14))
    let run = try scene.start()
    try scene.waitFor("up")
    var generator = SeededGenerator(seed: 7)
    var broker: Int32 = 0
    for _ in 0..<4 {
      broker = try scene.broker(of: run, other: broker)
      /* Fewer than five within ten seconds: it is not given up. */
      usleep(2_600_000 + UInt32.random(in: 0..<50_000, using: &generator))
      _ = kill(broker, SIGKILL)
    }
    #expect(try run.wait(seconds: 60).code == 0, "\(scene.scratch.content("err"))")
    let out = scene.scratch.content("out")
    #expect(out.contains("kept b'plain\\n'\nodd 0\nlost "), "\(out)")
    let errors = scene.scratch.content("err")
    #expect(errors.contains("died: killed by SIGKILL; it is replaced"), "\(errors)")
    #expect(scene.status.split(separator: "\n").filter { $0.contains("broker-started") }.count == 5)
  }

  @Test(
    "answers what waited in the queue, and tells what was in flight, after a kill in a full queue")
  func queued() throws {
    let scene = try BrokerScene(
      app: """
        hello()
        show("up")
        end = time.monotonic() + 9
        while time.monotonic() < end:
            asked = []
            for _ in range(100):
                door.send(message(16, struct.pack("<HII", 0, 1, 0) + text("plain")))
                asked.append(newest())
            answered = []
            for _ in asked:
                r = receive(); answered.append(r["id"]); close(r)
                assert told(r) in ((0, 0), (5, 13)), told(r)
            assert sorted(asked) == sorted(answered)
        show("whole")
        """)
    let run = try scene.start()
    try scene.waitFor("up")
    var broker: Int32 = 0
    for _ in 0..<3 {
      broker = try scene.broker(of: run, other: broker)
      usleep(1_500_000)
      _ = kill(broker, SIGKILL)
    }
    #expect(try run.wait(seconds: 60).code == 0, "\(scene.scratch.content("err"))")
    #expect(scene.scratch.content("out") == "up\nwhole\n", "\(scene.scratch.content("err"))")
  }

  @Test("again and again is given up: the door is shut, and the app goes on")
  func givenUp() throws {
    let scene = try BrokerScene(app: Self.busy(seconds: 30))
    let run = try scene.start()
    try scene.waitFor("up")
    var broker: Int32 = 0
    let causes = [SIGKILL, SIGILL, SIGSEGV, SIGTRAP, SIGKILL]
    for signal in causes {
      broker = try scene.broker(of: run, other: broker)
      _ = kill(broker, signal)
    }
    try scene.waitFor("door shut")
    #expect(try run.wait(seconds: 60).code == 0)
    #expect(scene.scratch.content("out").contains("kept b'plain\\n'"))
    let errors = scene.scratch.content("err")
    #expect(errors.contains("a trap (SIGILL)"), "\(errors)")
    #expect(errors.contains("a trap (SIGTRAP)"), "\(errors)")
    #expect(errors.contains("has no broker any more: it died 5 times within 10 s"), "\(errors)")
    #expect(scene.status.contains("\"event\":\"broker-given-up\""))
  }

  @Test("leaves its doors to its successor")
  func moreDoors() throws {
    let scene = try BrokerScene(
      app: """
        other = socket.socket(fileno=call(6)["fds"][0])
        show("up", told(hello(other)))
        for _ in range(3):
            time.sleep(1.5)
            show("then", told(hello(other)), told(hello()))
        """)
    let run = try scene.start()
    try scene.waitFor("up (0, 0)")
    let broker = try scene.broker(of: run)
    _ = kill(broker, SIGKILL)
    _ = try scene.broker(of: run, other: broker)
    #expect(try run.wait(seconds: 60).code == 0, "\(scene.scratch.content("err"))")
    let line = "then (0, 0) (0, 0)\n"
    #expect(scene.scratch.content("out") == "up (0, 0)\n" + line + line + line)
  }

  @Test("with its app")
  func appEnds() throws {
    let scene = try BrokerScene(app: "hello()\nshow('up')\ntime.sleep(30)")
    let run = try scene.start()
    try scene.waitFor("up")
    let broker = try scene.broker(of: run)
    run.send(SIGTERM)
    try run.wait()
    #expect(!Household.isThere(broker))
    #expect(!scene.status.contains("broker-died"))
  }

  @Test("with its supervisor, and so does the app")
  func supervisorKilled() throws {
    let scene = try BrokerScene(app: "hello()\nshow('up')\ntime.sleep(30)")
    let run = try scene.start()
    try scene.waitFor("up")
    try scene.waitForSpare(of: run)
    let all = Household.descendants(of: run.pid)
    #expect(all.count == 6)
    run.send(SIGKILL)
    try run.wait()
    #expect(Moment.within(10) { all.allSatisfy { !Household.isThere($0) } })
  }

  @Test("only when the app has closed every door is it no death")
  func doorClosed() throws {
    let scene = try BrokerScene(
      app: """
        hello()
        show("up")
        door.close()
        time.sleep(30)
        """)
    let run = try scene.start()
    try scene.waitFor("up")
    #expect(Moment.within(10) { Household.brokers(of: run.pid).isEmpty })
    run.send(SIGTERM)
    try run.wait()
    #expect(!scene.status.contains("broker-died"))
  }
}
