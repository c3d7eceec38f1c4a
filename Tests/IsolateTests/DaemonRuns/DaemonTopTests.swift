import Glibc
import Testing

@testable import Isolate

/// `isolated top`, with a terminal and without.
@Suite("What the apps of a daemon use", .serialized)
struct DaemonTopTests {
  private static let busy = DaemonScene.shell("sleep 1000 & while :; do :; done")
  private static let idle = DaemonScene.shell("exec sleep 1000")

  private func scene() throws -> DaemonScene {
    let scene = try DaemonScene([
      ("busy", Self.busy), ("idle", Self.idle),
      ("down", DaemonScene.shell("exec sleep 1000", "[service]\nstart = \"demand\"")),
    ])
    try scene.start()
    for name in ["busy", "idle"] { try scene.waitFor(name, .ready) }
    return scene
  }

  private func look(_ scene: DaemonScene) throws -> [String: JSONObject] {
    let ran = scene.run("top", "--json", "--once")
    try #require(ran.code == 0, "\(ran.errors)")
    let json = try JSONReader.read(Array(ran.output.utf8), limit: 1 << 20)
    var apps: [String: JSONObject] = [:]
    for app in json.object?["apps"]?.array ?? [] {
      if let object = app.object { apps[object["app"]?.string ?? ""] = object }
    }
    return apps
  }

  @Test("one look says what there is") func once() throws {
    let scene = try scene()
    /* Until the shell has started the other. */
    try #require(
      Moment.within(30) {
        (try? look(scene)["busy"]?["processes"]?.integer) == 2
      })
    let apps = try look(scene)
    #expect(apps.keys.sorted() == ["busy", "down", "idle"])
    let idle = try #require(apps["idle"])
    #expect(idle["state"]?.string == "ready" && idle["processes"]?.integer == 1)
    #expect((idle["memory"]?.integer ?? 0) > 0)
    /* 0, 1 and 2. */
    #expect(idle["descriptors"]?.integer == 3)
    #expect(idle["requests"] == .null)
    #expect(apps["down"]?["state"]?.string == "down" && apps["down"]?["memory"] == .null)
    #expect(
      try Moment.within(60) {
        let now = try look(scene)
        return (now["busy"]?["cpu"]?.integer ?? 0) > (now["idle"]?["cpu"]?.integer ?? 0) + 100_000
      })
    let table = scene.run("top")
    #expect(table.code == 0 && !table.output.utf8.contains(0x1b))
    let lines = table.output.split(separator: "\n")
    #expect(lines.count == 4 && lines[0].hasPrefix("APP   STATE  RESTARTS  CPU%  MEMORY"))
    #expect(lines[1].hasPrefix("busy "))
  }

  @Test("--json goes on, an object a line") func follows() throws {
    let scene = try scene()
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/top", O_WRONLY | O_CREAT | O_APPEND)
    let top = try Spawned(
      [Executable.path, "top", "--socket", scene.path + "/ctl", "--json", "--interval", "0.1"],
      setup)
    try #require(
      Moment.within(30) { scene.scratch.content("top").split(separator: "\n").count > 3 })
    top.send(SIGTERM)
    #expect(try top.wait().code == 143)
    let lines = scene.scratch.content("top").split(separator: "\n")
    for line in lines.prefix(3) {
      let apps = try JSONReader.read(Array(line.utf8), limit: 1 << 20).object?["apps"]?.array
      #expect(apps?.count == 3)
    }
  }

  @Test(
    "on a terminal it is live, follows the window, and leaves the terminal as it was",
    arguments: ["q", "\u{3}", "TERM", "HUP", "KILL", "daemon"])
  func live(end: String) throws {
    let scene = try scene()
    let pty = try Pty(rows: 10, columns: 60)
    let before = pty.modes
    let top = try pty.spawn([
      Executable.path, "top", "--socket", scene.path + "/ctl", "--interval", "0.1",
    ])
    try pty.expect("\u{1b}[?1049h")
    try pty.expect("2 of 3 apps run; q ends")
    try pty.expect("busy ")
    #expect(!pty.editsLines)
    /* Too narrow for the last column. */
    pty.resize(rows: 10, columns: 12)
    try pty.expect("2 of 3 apps \u{1b}[K")
    pty.resize(rows: 10, columns: 60)
    scene.run("stop", "idle")
    try pty.expect("1 of 3 apps run; q ends")
    switch end {
    case "TERM": top.send(SIGTERM)
    case "HUP": top.send(SIGHUP)
    case "KILL": top.send(SIGKILL)
    case "daemon": try scene.end()
    default: pty.type(end)
    }
    let code = try pty.end(of: top).code
    #expect(code == (end == "KILL" ? 137 : end == "daemon" ? 1 : 0))
    #expect(Moment.within(20) { pty.modes == before }, "the terminal has other modes")
    if end != "KILL" { #expect(pty.text.contains("\u{1b}[?25h\u{1b}[?1049l")) }
  }

  @Test("a look at CPU time is that since the one before") func rates() {
    func use(_ instance: UInt64, _ age: Int64, _ cpu: UInt64) -> [ControlUse] {
      [
        ControlUse(
          app: "a\u{1b}", state: .running, restarts: 0,
          running: .init(
            instance: instance, ageMicroseconds: age, cpuMicroseconds: cpu, memoryKiB: 1536,
            processes: 1, descriptors: 3, requests: 9, refusals: 2))
      ]
    }
    var report = TopReport()
    func percent() -> JSONValue? {
      report.json.object?["apps"]?.array?.first?.object?["cpu_percent"]
    }
    report.take(use(1, 10_000_000, 1_000_000))
    #expect(percent() == .double(10))
    report.take(use(1, 11_000_000, 1_500_000))
    #expect(percent() == .double(50))
    #expect(report.text(style: .plain).contains("50.0  1.5M    1      3    9         2"))
    #expect(!report.screen(rows: 9, columns: 80).contains("a\u{1b}"))
    #expect(report.screen(rows: 2, columns: 20).split(separator: "\r\n").count == 2)
    /* A new instance begins anew; a clock that stands does no harm. */
    report.take(use(2, 1_000_000, 250_000))
    #expect(percent() == .double(25))
    report.take(use(2, 1_000_000, 250_000))
    #expect(percent() == .double(0))
  }
}
