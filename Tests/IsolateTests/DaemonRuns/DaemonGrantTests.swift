import Glibc
import Testing

@testable import Isolate

/// Apps of the daemon that ask their broker.
@Suite("An app of the daemon with grants")
struct DaemonGrantTests {
  /// Asks all the time, eight requests at once, until it is told to end; then says how many were answered well, what else came,
  /// and which rules decided.
  private static let asker = """
    import signal
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    out = os.path.dirname(os.path.abspath(__file__)) + "/out/"
    name = str(time.monotonic_ns())
    def tell(kind, text):
        with open(out + "new." + name, "w") as file: file.write(text)
        os.rename(out + "new." + name, out + kind + "." + name)
    good, odd, rules = 0, [], set()
    hello()
    while not stop:
        asked = []
        for _ in range(8):
            door.send(message(16, struct.pack("<HII", 0, 1, 0) + text("plain")))
            asked.append(newest())
        for id in asked:
            r = receive()
            rules.add(r["rule"])
            if told(r) == (0, 0) and r["id"] == id and os.read(r["fds"][0], 9) == b"plain\\n": good += 1
            else: odd.append((told(r), id, r["id"]))
            close(r)
        if good == 80: tell("up", "")
    tell("end", repr((good > 0, odd, sorted(rules))))
    """

  private func profile(_ before: String, _ rights: String, _ after: String) -> String {
    """
    extends = ["default"]
    [command]
    run = ["python3", "-B", "$DIR/asker.py"]
    [files]
    read = ["$DIR/ask.py", "$DIR/asker.py"]
    write = ["$DIR/out"]
    \(before)
    [grants.data]
    files = "$DIR/data"
    rights = [\(rights)]
    \(after)
    """
  }

  /// What the processes of the app have told, oldest first.
  private func told(_ scene: DaemonScene, _ kind: String) -> [String] {
    let names = FileSystem.names(in: scene.path + "/out") ?? []
    return names.filter { $0.hasPrefix(kind + ".") }.sorted().map {
      scene.scratch.content("out/" + $0)
    }
  }

  @Test(
    "loses no request when its profile is read anew, and is answered by the old rules or by the new ones"
  )
  func reload() throws {
    let scene = try DaemonScene()
    _ = scene.scratch.file("ask.py", BrokerScene.library)
    _ = scene.scratch.file(
      "asker.py",
      "import sys\nsys.path.insert(0, '\(scene.path)')\nfrom ask import *\n" + Self.asker)
    let made = Run.shell(
      "cd \"$1\" && umask 022 && mkdir data && mkdir -m 777 out && echo plain >data/plain",
      [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    scene.write("one", profile("", "\"read\"", ""))
    try scene.start()
    try #require(Moment.within(60) { told(scene, "up").count == 1 }, "\(scene.story)")
    let instance = try scene.app("one").instance
    /* What holds at once disturbs nobody. */
    for burst in 20..<25 {
      scene.write("one", profile("", "\"read\"", "[restart]\nburst = \(burst)"))
      let ran = scene.run("reload")
      #expect(ran.output.contains("restart.burst: at once"), "\(ran.output) \(ran.errors)")
    }
    #expect(try scene.app("one").instance == instance)
    #expect(told(scene, "end").isEmpty)
    /* Another grant is another start. */
    scene.write("one", profile("# one\n# two", "\"read\", \"stat\"", "[restart]\nburst = 24"))
    let ran = scene.run("reload")
    #expect(ran.output.contains("needs a restart"), "\(ran.output) \(ran.errors)")
    try #require(Moment.within(60) { told(scene, "up").count == 2 }, "\(scene.story)")
    #expect(try scene.end() == 0)
    let ends = told(scene, "end")
    let rules = ["one.toml:8", "one.toml:9"].map { "\(scene.path)/services/\($0)" }
    #expect(ends == rules.map { "(True, [], ['\($0)'])" }, "\(scene.said)")
  }

  @Test(
    "whose broker the kernel cannot end holds up nobody, and is reaped as it ends",
    .enabled(if: Privileges.isRoot))
  func unending() throws {
    let scene = try DaemonScene([("other", DaemonLifeTests.sleeper)])
    _ = scene.scratch.file("ask.py", BrokerScene.library)
    _ = scene.scratch.file(
      "asker.py",
      "import sys\nsys.path.insert(0, '\(scene.path)')\nfrom ask import *\nhello()\ntime.sleep(1000)"
    )
    let made = Run.shell("mkdir \"$1/data\" && mkdir -m 777 \"$1/out\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    scene.write("one", profile("", "\"read\"", ""))
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    var broker: Int32?
    try #require(
      Moment.within(30) {
        broker = Household.brokers(of: daemon).first
        return broker != nil
      }, "\(scene.story)")
    let initPid = try #require(broker.flatMap { Household.parent($0) })
    /* Who entered the namespace from outside is reaped there: until then the kernel keeps its init (pid_namespaces(7)). */
    let guest = try Spawned(
      [try #require(Run.find("nsenter")), "-t", "\(initPid)", "-p", "/bin/sleep", "1000"])
    defer {
      guest.send(SIGKILL)
      _ = try? guest.wait()
    }
    try #require(Moment.within(30) { !Household.children(of: guest.pid).isEmpty })
    guest.send(SIGSTOP)
    #expect(scene.run("stop", "--no-wait", "one").code == 0)
    try scene.waitFor("one", .down)
    #expect(Household.isThere(initPid))
    /* The daemon lives on, and so would its zombie. */
    guest.send(SIGCONT)
    #expect(
      Moment.within(30) { !Household.isThere(initPid) }, "\(Run.read("/proc/\(initPid)/stat"))")
    #expect(scene.run("status", "other").code == 0)
    #expect(try scene.end() == 0)
  }
}
