import Glibc
import Testing

@testable import Isolate

@Suite("A daemon that prepares launches", .serialized, .enabled(if: Privileges.isRoot))
struct DaemonPreparedTests {
  private static let always = """
    [restart]
    when = "always"
    burst = 100
    window = "1ms"
    delay = "1ms"
    """

  /// Says a word, its environment and what it has open, and waits.
  private static let talker = DaemonScene.shell(
    "cat $DIR/shown/word; echo \"$WORD\"; ls /proc/self/fd | tr '\\n' ' '; echo; exec sleep 1000",
    """
    [files]
    read = ["$DIR/shown/word"]
    [environment]
    set = { WORD = "first" }
    \(always)
    """)

  private func scene() throws -> DaemonScene {
    let scene = try DaemonScene()
    let made = Run.shell(
      "chmod 755 \"$1\" && mkdir -m 755 \"$1/shown\" && echo old > \"$1/shown/word\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    scene.write("app", Self.talker)
    try scene.start()
    try scene.waitFor("app", .ready)
    return scene
  }

  private func prepared(_ scene: DaemonScene) -> Int? {
    scene.run("metrics").output.split(separator: "\n").first {
      $0.hasPrefix("isolated_prepared_launches_total ")
    }.flatMap { Int($0.dropFirst("isolated_prepared_launches_total ".count)) }
  }

  /// Kills it, and waits for another instance.
  private func crash(_ scene: DaemonScene) throws {
    let before = try scene.app("app").instance
    #expect(scene.run("kill", "app").code == 0)
    try #require(
      Moment.within(30) {
        guard let app = try? scene.app("app") else { return false }
        return app.instance != before && (app.state == .ready || app.state == .running)
      }, "\(scene.story)")
  }

  /// What it wrote, without times.
  private func words(_ scene: DaemonScene) -> [String] {
    scene.run("logs", "--lines", "1000", "app").output.split(separator: "\n").map {
      String($0.drop { $0 != " " })
    }
  }

  @Test("restarts an app from them, with the same things in its hands") func restarts() throws {
    let scene = try scene()
    let first = try #require(prepared(scene))
    #expect(first >= 1, "\(scene.said)")
    for instance in 1...3 {
      /* One that is killed before it has said everything says less. */
      try #require(Moment.within(30) { words(scene).count == 3 * instance }, "\(words(scene))")
      try crash(scene)
    }
    #expect(prepared(scene) == first + 3, "\(scene.said)")
    try #require(Moment.within(30) { words(scene).count == 12 }, "\(words(scene))")
    let all = words(scene)
    #expect(Set(all).count == 3, "\(all)")
    #expect(!scene.said.contains("launched anew"))
  }

  @Test("and shows it a file that was put in the place of another") func replaced() throws {
    let scene = try scene()
    try crash(scene)
    let moved = Run.shell(
      "cd \"$1/shown\" && umask 022 && echo new > next && mv next word", [scene.path])
    #expect(moved.code == 0)
    try crash(scene)
    try #require(Moment.within(30) { words(scene).count == 9 }, "\(words(scene))")
    #expect(words(scene)[6].hasSuffix("new"), "\(words(scene))")
    #expect(!scene.said.contains("failed"), "planned anew before it is launched: \(scene.said)")
  }

  @Test("and forgets them when the profile says something else") func reloaded() throws {
    let scene = try scene()
    try crash(scene)
    var text = Self.talker
    text.replace("first", with: "second")
    scene.write("app", text)
    #expect(scene.run("reload").code == 0)
    try #require(
      Moment.within(30) { words(scene).contains { $0.hasSuffix("second") } }, "\(scene.story)")
  }

  @Test("goes on the ordinary way when what was made is gone, and says so") func gone() throws {
    let scene = try scene()
    let daemon = try #require(scene.daemon).pid
    let app = try #require(try scene.app("app").pid)
    /* Its launcher process, and the children that wait. */
    for pid in Household.children(of: daemon) where pid != app { kill(pid, SIGKILL) }
    try crash(scene)
    #expect(scene.said.contains("it is launched anew"), "\(scene.said)")
    try crash(scene)
    #expect(prepared(scene) == 2, "the next one is prepared again: \(scene.said)")
  }

  @Test("gives each app its own user of the machine and its own user namespace from one template")
  func apart() throws {
    let names = ["one", "two"]
    let scene = try DaemonScene(names.map { ($0, DaemonLifeTests.sleeper) })
    try scene.start()
    var users: Set<String> = []
    var spaces: Set<String> = []
    for name in names {
      try scene.waitFor(name, .ready)
      let initProcess = try #require(try scene.app(name).pid)
      let app = try #require(Household.children(of: initProcess).first)
      let status = Run.read("/proc/\(app)/status").split(separator: "\n")
      let user = try #require(status.first { $0.hasPrefix("Uid:") })
      #expect(!user.hasPrefix("Uid:\t0"))
      users.insert(String(user))
      spaces.insert(Run.shell("readlink \"/proc/$1/ns/user\"", ["\(app)"]).output)
    }
    #expect(users.count == 2 && spaces.count == 2, "\(users) \(spaces)")
    #expect(prepared(scene) == 2)
    let children = Household.children(of: try #require(scene.daemon).pid)
    #expect(children.count <= 2 + 1 + 2, "one launcher process, two ready: \(children)")
  }

  @Test("leaves nothing behind") func ends() throws {
    let scene = try scene()
    let processes = Household.descendants(of: try #require(scene.daemon).pid)
    #expect(processes.count >= 5, "init, app, launcher process, ready children: \(processes)")
    #expect(try scene.end() == 0)
    #expect(processes.allSatisfy { !Household.isThere($0) })
  }

  @Test("and forgets all of them when the mounts change") func mounted() throws {
    let scene = try DaemonScene([
      ("app", DaemonScene.shell("ls /usr/share/doc | wc -l; exec sleep 1000", Self.always))
    ])
    /* In a mount namespace of its own. Each line of the log is one instance. */
    let ran = Run.shell(
      """
      unshare -m --propagation private sh -c '
      cd "$1" && "$2" daemon --services services --socket ctl --state state 2>err & d=$!
      lines() { for i in $(seq 600); do [ "$("$2" logs --socket "$1/ctl" app 2>/dev/null | wc -l)" = "$3" ] && return
        sleep 0.05; done; }
      lines "$1" "$2" 1; "$2" kill --socket "$1/ctl" app; lines "$1" "$2" 2
      mount -t tmpfs none /usr/share/doc; "$2" kill --socket "$1/ctl" app; lines "$1" "$2" 3
      "$2" logs --socket "$1/ctl" app; "$2" metrics --socket "$1/ctl" | grep ^isolated_prepared
      kill $d; wait $d' sh "$1" "$2"
      """, [scene.path, Executable.path])
    let lines = ran.output.split(separator: "\n").filter { !$0.hasPrefix("app is") }
    try #require(lines.count == 4, "\(ran.output) \(ran.errors) \(scene.said)")
    #expect(!lines[1].hasSuffix("stdout 0"), "\(lines)")
    #expect(lines[2].hasSuffix("stdout 0"), "\(lines)")
    #expect(lines[3] == "isolated_prepared_launches_total 3")
  }
}

@Suite("A daemon of an ordinary user", .enabled(if: !Privileges.isRoot))
struct OrdinaryDaemonTests {
  @Test("gives each instance a user namespace of its own") func apart() throws {
    let scene = try DaemonScene(["one", "two"].map { ($0, DaemonLifeTests.sleeper) })
    try scene.start()
    var seen: Set<String> = []
    for app in ["one", "two"] {
      try scene.waitFor(app, .ready)
      let ran = scene.run("exec", app, "--", "readlink", "/proc/self/ns/user")
      #expect(ran.code == 0, "\(ran.errors)")
      seen.insert(ran.output)
    }
    #expect(seen.count == 2)
    #expect(scene.run("metrics").output.contains("isolated_prepared_launches_total 0\n"))
  }
}
