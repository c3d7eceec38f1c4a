import Glibc
import Testing

@testable import Isolate

@Suite("A spare broker", .serialized)
struct SpareBrokerTests {
  /// The one that does not serve.
  private func spare(_ scene: BrokerScene, _ run: Spawned, besides broker: Int32) throws -> Int32 {
    try scene.waitForSpare(of: run)
    return try #require(Household.brokers(of: run.pid).first { $0 != broker })
  }

  private func finish(_ scene: BrokerScene, _ run: Spawned, _ input: borrowing Pipe) throws {
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    #expect(try run.wait(seconds: 60).code == 0, "\(scene.scratch.content("err"))")
  }

  @Test(
    "takes over from one that dies, knows what was revoked meanwhile, and is followed by another")
  func takesOver() throws {
    let scene = try BrokerScene(
      grants: BrokerScene.dataGrant + """

        [grants.other]
        files = "$DIR/data"
        """,
      app: """
        show("up", told(hello()), told(openat("plain", grant=1)))
        input()
        show("again", told(openat("plain")), told(openat("plain", grant=1)))
        input()
        """)
    scene.before = "export XDG_RUNTIME_DIR='\(scene.path)'"
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up (0, 0) (0, 0)")
    let broker = try scene.broker(of: run)
    let waiting = try spare(scene, run, besides: broker)
    let revoked = Run.command([
      "/usr/bin/env", "XDG_RUNTIME_DIR=\(scene.path)", Executable.path, "revoke",
      "app.\(run.pid)", "other",
    ])
    #expect(revoked.code == 0, "\(revoked.errors)")
    _ = kill(broker, SIGKILL)
    #expect(try scene.broker(of: run, other: broker) == waiting)
    #expect(try spare(scene, run, besides: waiting) != waiting)
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("again (0, 0) (128, 7)")
    try finish(scene, run, input)
    #expect(Moment.within(10) { Household.brokers(of: run.pid).isEmpty })
  }

  private func pageFaults(_ pid: Int32) throws -> Int {
    let status = Run.read("/proc/\(pid)/stat").split(separator: ")").last ?? ""
    return try #require(Int(status.split(separator: " ").dropFirst(7).first ?? ""))
  }

  @Test("has gone through its beginning, so that it begins with few page faults")
  func rehearsal() throws {
    let scene = try BrokerScene(
      grants: BrokerScene.dataGrant,
      app: """
        show("up", told(hello()))
        input()
        show("again", told(hello()))
        input()
        """)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up (0, 0)")
    let broker = try scene.broker(of: run)
    let waiting = try spare(scene, run, besides: broker)
    var before = try pageFaults(waiting)
    var calm = 0
    /* It sleeps, and has done nothing for a while. */
    try #require(
      Moment.within(60) {
        let faults = (try? pageFaults(waiting)) ?? 0
        let sleeps = Run.read("/proc/\(waiting)/stat").contains(") S ")
        calm = sleeps && faults == before ? calm + 1 : 0
        before = faults
        return calm == 20
      })
    _ = kill(broker, SIGKILL)
    #expect(try scene.broker(of: run, other: broker) == waiting)
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("again (0, 0)")
    let faults = try pageFaults(waiting) - before
    /* 35 with it; about 150 without. */
    #expect(faults < 90, "\(before) before, then \(faults)")
    try finish(scene, run, input)
  }

  @Test("that has died itself, or sees what a new one would not see, is not used")
  func notUsed() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.key]
        secret.file = "$DIR/secret"
        """,
      app: """
        def key(): return os.read(call(48, struct.pack("<H", 0))["fds"][0], 100)
        show("first", key())
        input()
        show("second", key())
        input()
        show("third", key())
        input()
        """)
    #expect(Run.shell("chmod 644 \"$1/secret\"", [scene.path]).code == 0)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("first b'key\\n'")
    let broker = try scene.broker(of: run)
    let dead = try spare(scene, run, besides: broker)
    /* Until its init is gone, too, the supervisor cannot know. */
    let keeper = try #require(Household.parent(dead))
    _ = kill(dead, SIGKILL)
    try #require(
      Moment.within(30) {
        Household.brokers(of: run.pid) == [broker]
          && (!Household.isThere(keeper) || Run.read("/proc/\(keeper)/stat").contains(") Z "))
      })
    _ = kill(broker, SIGKILL)
    let next = try scene.broker(of: run, other: broker)
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("second b'key\\n'")
    /* A key that is renewed, as whoever owns it does. */
    let stale = try spare(scene, run, besides: next)
    let renewed = Run.shell(
      "cd \"$1\" && echo new >renewed && chmod 644 renewed && mv renewed secret", [scene.path])
    #expect(renewed.code == 0)
    _ = kill(next, SIGKILL)
    #expect(try scene.broker(of: run, other: next) != stale)
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("third b'new\\n'")
    try finish(scene, run, input)
    /* The two that were killed while they served: a spare one that was used though it had died would be a third. */
    let deaths = scene.status.split(separator: "\n").count { $0.contains("\"broker-died\"") }
    #expect(deaths == 2, "\(scene.status)")
  }

  @Test("of a daemon's app is gone when the app is") func daemon() throws {
    let scene = try DaemonScene()
    let made = Run.shell("cd \"$1\" && chmod 755 . && umask 022 && mkdir notes", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    _ = scene.scratch.file(
      "asker.py",
      """
      import sys, time
      sys.path.insert(0, "\(Executable.root)/clients/python")
      import isolated
      with isolated.connect() as broker:
          broker.list("notes")
          time.sleep(600)
      """)
    _ = Run.shell("chmod 644 \"$1/asker.py\"", [scene.path])
    scene.write(
      "app",
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/asker.py"]
      [files]
      read = ["$DIR/asker.py", "\(Executable.root)/clients/python"]
      [grants.notes]
      files = "$DIR/notes"
      """)
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    try #require(
      Moment.within(60) { Household.brokers(of: daemon).count == 2 }, "\(scene.story)")
    #expect(scene.run("stop", "app").code == 0)
    /* Nor does its init wait for somebody to take note of its end. */
    #expect(
      Moment.within(30) {
        Household.brokers(of: daemon).isEmpty
          && Household.children(of: daemon).allSatisfy {
            !Run.read("/proc/\($0)/stat").contains(") Z ")
          }
      }, "\(scene.story)")
    #expect(try scene.end() == 0)
  }
}
