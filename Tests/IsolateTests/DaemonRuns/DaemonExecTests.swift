import Glibc
import Testing

@testable import Isolate

/// `isolated exec` with the apps of a daemon.
@Suite("A command in the sandbox of a daemon's app", .serialized)
struct DaemonExecTests {
  private static func app(_ script: String, _ more: String = "") -> String {
    """
    extends = ["default"]
    [command]
    run = ["/usr/bin/python3", "-uc", '''
    \(script)
    print("ready", flush=True)
    import time
    time.sleep(600)
    ''']
    \(more)
    """
  }

  private static let open = app("open('/tmp/kept', 'w').write('from the app')")

  private func started(_ profile: String) throws -> DaemonScene {
    let scene = try DaemonScene([("app", profile)])
    _ = scene.scratch.file("outside", "secret")
    try scene.start()
    try scene.waitFor("ready", in: "state/logs/app/0000000001.log")
    return scene
  }

  private func lines(_ scene: DaemonScene) -> [String] {
    scene.run("logs", "--lines", "1000", "app").output.split(
      separator: "\n", omittingEmptySubsequences: false
    ).map {
      $0.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).joined()
    }.filter { !$0.isEmpty }
  }

  @Test("is held by everything that holds the app") func same() throws {
    let script = ExecCommandTests.probe
    let limits = "[limits]\nopen-files = 99\nprocesses = 20\n[namespaces]\ntime = true"
    let scene = try started(Self.app(script, limits))
    let ran = scene.run("exec", "app", "--", "/usr/bin/python3", "-c", script)
    #expect(ran.code == 0, "\(ran.errors)")
    let own = ran.output.split(separator: "\n").map(String.init)
    #expect(own.count > 20)
    #expect(own == lines(scene).dropLast(), "\(own)\n\(lines(scene))")
    #expect(ran.output.contains("CapBnd:\t0000000000000000"))
    #expect(ran.output.contains("Seccomp:\t2"))
    #expect(ran.output.contains("write EROFS") || ran.output.contains("write EACCES"))
    #expect(!ran.output.contains("outside works"))
  }

  @Test("is in the app's cgroup", .enabled(if: Privileges.isRoot)) func cgroup() throws {
    let script = "print(open('/proc/self/cgroup').read())"
    let profile = Self.app(script, "require = [\"limits.memory\"]\n[limits]\nmemory = \"200M\"")
    let text = profile.split(separator: "\n", omittingEmptySubsequences: false)
    let require = text.filter { $0.hasPrefix("require") }
    let sorted = require + text.filter { !$0.hasPrefix("require") }
    let scene = try started(sorted.joined(separator: "\n"))
    let ran = scene.run("exec", "app", "--", "/usr/bin/python3", "-c", script)
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output.split(separator: "\n").map(String.init) == lines(scene).dropLast())
    #expect(ran.output.contains("memory:/\n") || ran.output.contains("0::/\n"))
  }

  @Test("sees the app's files and processes, and has what the daemon gives the app not")
  func inside() throws {
    let grants = """
      [service]
      listen = ["unix:$DIR/door"]
      [readiness]
      when = "exec"
      [watchdog]
      interval = "1h"
      [grants.notes]
      files = "$DIR/services"
      rights = ["read", "list"]
      """
    let scene = try started(
      Self.app("open('/tmp/kept', 'w').write('from the app')", grants))
    let ran = scene.run(
      "exec", "app", "--", "/bin/sh", "-c",
      "cat /tmp/kept; echo \" $ISOLATED_BROKER_FD$LISTEN_FDS$NOTIFY_SOCKET.\"; ls /proc/self/fd; "
        + "pgrep -xc python3")
    #expect(ran.output == "from the app .\n0\n1\n2\n3\n1\n", "\(ran.errors)")
  }

  @Test(
    "is refused to another user whom the daemon's socket lets in, and to root under another's daemon",
    .enabled(if: Privileges.isRoot))
  func stranger() throws {
    let scene = try DaemonScene([("app", Self.open)])
    try scene.start(["--socket-group", "54321"])
    try scene.waitFor("ready", in: "state/logs/app/0000000001.log")
    let guest = ["/usr/bin/setpriv", "--reuid", "54322", "--regid", "54321", "--clear-groups"]
    func ask(_ words: String...) -> Ran {
      Run.command(
        guest + [Executable.path, words[0], "--socket", scene.path + "/ctl"] + words.dropFirst())
    }
    /* It may ask, and is told what it needs. */
    #expect(ask("status", "app").output.contains("ready"))
    let ran = ask("exec", "app", "--", "/bin/sh", "-c", "echo inside")
    #expect(ran.code == 125 && ran.output.isEmpty, "\(ran)")
    #expect(ran.errors.contains("cannot enter an app of another user's daemon"), "\(ran.errors)")
    #expect(scene.run("exec", "app", "--", "echo", "inside").output == "inside\n")
    /* The other way round: who enters would trust what another user says of its processes. */
    let other = try Scratch()
    let made = Run.shell(
      "cd \"$1\" && chmod 755 . && mkdir services state && chown -R 54322:54322 services state . ",
      [other.path])
    try #require(made.code == 0, "\(made.errors)")
    _ = other.file("services/app.toml", DaemonLifeTests.sleeper)
    _ = Run.shell("chmod 644 \"$1/services/app.toml\"", [other.path])
    var setup = Spawned.Setup()
    setup.files[2] = .path(other.path + "/err", O_WRONLY | O_CREAT | O_APPEND)
    let daemon = try Spawned(
      ["/usr/bin/setpriv", "--reuid", "54322", "--regid", "54322", "--clear-groups"]
        + ["/usr/bin/env", "HOME=\(other.path)", Executable.path, "daemon"]
        + ["--services", other.path + "/services", "--socket", other.path + "/ctl"]
        + ["--state", other.path + "/state"], setup)
    defer {
      daemon.send(SIGTERM)
      _ = try? daemon.wait()
    }
    func root(_ words: String...) -> Ran {
      Run.command([Executable.path, words[0], "--socket", other.path + "/ctl"] + words.dropFirst())
    }
    try #require(
      Moment.within(30) { root("status", "app").output.contains("ready") },
      "\(other.content("err"))")
    let mine = root("exec", "app", "--", "/bin/sh", "-c", "echo inside")
    #expect(mine.code == 125 && mine.output.isEmpty, "\(mine)")
    #expect(mine.errors.contains("cannot enter an app of another user's daemon"), "\(mine.errors)")
  }

  @Test("has the exit codes of run; what cannot be entered is said") func codes() throws {
    let scene = try started(Self.open)
    func code(_ words: String...) -> Int32 {
      Run.command([Executable.path, "exec", "--socket", scene.path + "/ctl"] + words).code
    }
    #expect(code("app", "--", "sh", "-c", "exit 7") == 7)
    #expect(code("app", "--", "sh", "-c", "kill -KILL $$") == 137)
    #expect(code("app", "--", "no-such-program") == 127)
    #expect(scene.run("exec", "none", "--", "true").code == 125)
    #expect(scene.run("exec", "none", "--", "true").errors.contains("no app 'none'"))
    scene.run("stop", "app")
    let down = scene.run("exec", "app", "--", "true")
    #expect(down.code == 125)
    #expect(down.errors.contains("app is down: it has no sandbox to enter"), "\(down.errors)")
    #expect(down.errors.contains("help: isolated start app"))
    let nobody = Run.command([
      Executable.path, "exec", "--socket", scene.path + "/nothing", "app", "--", "true",
    ])
    #expect(nobody.code == 125 && nobody.errors.contains("no daemon answers"))
  }

  @Test("is refused when the profile says something else by now; after a reload it is not")
  func changed() throws {
    let scene = try started(Self.open)
    scene.write("app", Self.open + "\n[files]\nread = [\"/etc/hostname\"]")
    let refused = scene.run("exec", "app", "--", "true")
    #expect(
      refused.code == 125 && refused.errors.contains("has changed since"), "\(refused.errors)")
    #expect(refused.errors.contains("isolated reload app"))
    #expect(scene.run("reload", "app").code == 0)
    #expect(
      Moment.within(30) { scene.run("exec", "app", "--", "true").code == 0 }, "\(scene.story)")
    /* What holds at once holds the command, too. */
    scene.write("app", Self.open + "\n[files]\nread = [\"/etc/hostname\"]\n[restart]\nburst = 3")
    #expect(scene.run("reload", "app").code == 0)
    #expect(scene.run("exec", "app", "--", "true").code == 0)
  }

  @Test("ends with the app, and the app goes on when it ends") func ends() throws {
    let scene = try started(Self.open)
    let instance = try scene.app("app").instance
    #expect(scene.run("exec", "app", "--", "true").code == 0)
    #expect(try scene.app("app").instance == instance)
    var setup = Spawned.Setup()
    setup.files[2] = .path(scene.path + "/exec.err", O_WRONLY | O_CREAT | O_APPEND)
    setup.files[1] = .path(scene.path + "/exec.out", O_WRONLY | O_CREAT | O_APPEND)
    let command = try Spawned(
      [Executable.path, "exec", "--socket", scene.path + "/ctl", "app", "--", "/bin/sh", "-c"]
        + ["echo up; exec sleep 600"], setup)
    try scene.waitFor("up", in: "exec.out")
    scene.run("stop", "app")
    #expect(try command.wait(seconds: 30).code == 137)
    #expect(scene.scratch.content("exec.err").contains("app has ended, and the command with it"))
  }
}
