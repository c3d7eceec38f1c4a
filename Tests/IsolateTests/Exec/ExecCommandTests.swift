import Glibc
import Testing

@testable import Isolate

/// `isolated exec`, as people use it.
@Suite(.serialized) struct ExecCommandTests {
  /// What a process is and may do, as far as it can find out itself.
  static let probe = """
    import errno, os, socket
    for name in sorted(os.listdir("/proc/self/ns")):
        print(name, os.readlink("/proc/self/ns/" + name))
    for line in open("/proc/self/status"):
        if line.split(":")[0] in ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
                                  "NoNewPrivs", "Seccomp", "Seccomp_filters", "Umask"):
            print(line.strip())
    print(open("/proc/self/limits").read())
    print(open("/proc/self/cgroup").read())
    print(os.uname(), os.getcwd(), os.listdir("/"), os.listdir("/tmp"))
    print({k: v for k, v in os.environ.items() if k not in ("ISOLATED_BROKER_FD", "TERM")})
    def tries(what, call):
        try:
            call()
            print(what, "works")
        except OSError as problem:
            print(what, errno.errorcode[problem.errno])
    tries("write", lambda: open("/usr/new", "w"))
    tries("outside", lambda: open("$DIR/outside").read())
    tries("users", lambda: os.unshare(0x10000000) if hasattr(os, "unshare") else None)
    tries("root", lambda: os.setuid(0))
    tries("chroot", lambda: os.chroot("/tmp"))
    tries("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    tries("host", lambda: socket.create_connection(("127.0.0.1", 1), 1))
    tries("device", lambda: os.mknod("/tmp/node", 0o60600, 1))
    tries("setid", lambda: os.chmod("/tmp/kept", 0o4755))

    """

  private func scene(_ more: String = "", require: String = "") throws -> OperatorScene {
    let scene = try OperatorScene()
    _ = scene.scratch.file("outside", "secret")
    let probe = Self.probe.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.hasPrefix("tries(\"outside\"")
        ? "tries(\"outside\", lambda: open(\"\(scene.scratch.path)/outside\").read())" : String($0)
    }.joined(separator: "\n")
    let profile = scene.profile(
      "open('/tmp/kept', 'w').write('from the app')\n" + probe
        + "print('ready', flush=True)\ntime.sleep(600)\n",
      grants: OperatorScene.notes(scene.scratch) + "\n" + more)
    let text = "require = [\(require)]\n" + scene.scratch.content(scene.app + ".toml")
    for name in ["profile", scene.app + ".toml"] { _ = scene.scratch.file(name, text) }
    try scene.start(profile)
    try scene.expectOutput("ready")
    return scene
  }

  private func probe(_ scene: OperatorScene) throws -> Ran {
    let script = scene.scratch.content("app.py").split(separator: "\n")
    let own = script.dropFirst(2).prefix { !$0.hasPrefix("print('ready'") }
    return try scene.run(
      ["exec", scene.app, "--", "python3", "-c", "import os, time\n" + own.joined(separator: "\n")])
  }

  @Test("a command is in the app's namespaces, and under everything that confines the app")
  func same() throws {
    let scene = try scene("[namespaces]\ntime = true\n[limits]\nopen-files = 99\nprocesses = 20")
    let ran = try probe(scene)
    #expect(ran.code == 0, "\(ran.errors)")
    let apps = scene.scratch.content("app.out").split(separator: "\n").dropLast()
    #expect(ran.output.split(separator: "\n") == Array(apps))
    #expect(ran.output.contains("CapBnd:\t0000000000000000"))
    #expect(ran.output.contains("Seccomp:\t2"))
    #expect(ran.output.contains("write EROFS") || ran.output.contains("write EACCES"))
    #expect(!ran.output.contains("outside works"))
  }

  @Test("a command is in the app's cgroup", .enabled(if: Privileges.isRoot))
  func cgroup() throws {
    let scene = try scene("[limits]\nmemory = \"200M\"", require: "\"limits.memory\"")
    let ran = try probe(scene)
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output.split(separator: "\n")
        == scene.scratch.content("app.out").split(separator: "\n").dropLast())
    /* Not "/..", which is outside the app's own. */
    #expect(ran.output.contains("memory:/\n") || ran.output.contains("0::/\n"))
  }

  @Test("a command sees the app's files and processes, can signal them, and has not its door")
  func inside() throws {
    let scene = try scene()
    let ran = try scene.run([
      "exec", scene.app, "--", "/bin/sh", "-c",
      "cat /tmp/kept; echo; echo \"door=$ISOLATED_BROKER_FD\"; "
        + "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done; "
        + "kill -TERM $(pgrep -x python3)",
    ])
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output.contains("from the app"))
    #expect(ran.output.contains("door=\n"))
    #expect(ran.output.contains("/app.py"))
    #expect(try scene.session?.wait(seconds: 20).code == 143)
  }

  @Test("a command has 0, 1 and 2 of its caller and no other descriptor")
  func descriptors() throws {
    let scene = try scene()
    let leak = Held(unsafe open("/etc/hostname", O_RDONLY | O_CLOEXEC))
    var setup = Spawned.Setup()
    setup.environment = scene.environment
    setup.files[1] = .path(scene.scratch.path + "/out", O_WRONLY | O_CREAT | O_TRUNC)
    setup.extra = (leak.descriptor.raw, 9)
    let end = try Spawned(
      [Executable.path, "exec", scene.app, "--", "/bin/ls", "/proc/self/fd"], setup
    ).wait()
    #expect(end.code == 0)
    /* 3 is the directory that ls reads. */
    #expect(scene.scratch.content("out") == "0\n1\n2\n3\n")
  }

  @Test("exit codes are those of run")
  func codes() throws {
    let scene = try scene()
    func code(_ words: String...) throws -> Int32 {
      try scene.run(["exec", scene.app, "--"] + words).code
    }
    #expect(try code("true") == 0)
    #expect(try code("sh", "-c", "exit 7") == 7)
    #expect(try code("sh", "-c", "kill -KILL $$") == 137)
    #expect(try code("/etc/passwd") == 126)
    #expect(try code("no-such-program") == 127)
    #expect(try scene.run(["exec", "no-such-app", "--", "true"]).code == 125)
    #expect(try scene.run(["exec", scene.app]).code == 125)
    let wrong = try scene.run(["exec", scene.app, "true"])
    #expect(wrong.errors.contains("isolated exec \(scene.app) -- true"))
  }

  @Test("a signal to exec is one to the command")
  func signals() throws {
    let scene = try scene()
    for (signal, code) in [(SIGTERM, 11), (SIGINT, 12), (SIGHUP, 13)] as [(Int32, Int32)] {
      let command = try begin(
        scene,
        "trap 'exit 11' TERM; trap 'exit 12' INT; trap 'exit 13' HUP; echo up; while :; do sleep 0.05; done"
      )
      command.send(signal)
      #expect(try command.wait(seconds: 20).code == code)
    }
  }

  private func begin(_ scene: OperatorScene, _ script: String) throws -> Spawned {
    _ = scene.scratch.file("cmd.out", "")
    var setup = Spawned.Setup()
    setup.environment = scene.environment
    setup.files[1] = .path(scene.scratch.path + "/cmd.out", O_WRONLY | O_CREAT | O_TRUNC)
    setup.files[2] = .path(scene.scratch.path + "/cmd.err", O_WRONLY | O_CREAT | O_TRUNC)
    let words = ["exec", scene.app, "--", "/bin/sh", "-c", script]
    let command = try Spawned([Executable.path] + words, setup)
    try #require(
      Moment.within(20) { scene.scratch.content("cmd.out").contains("up") },
      "\(scene.scratch.content("cmd.err"))")
    return command
  }

  /// The numbers inside of the processes whose command line has this word.
  private func processes(_ scene: OperatorScene, with word: String) throws -> String {
    try scene.run([
      "exec", scene.app, "--", "pgrep", "-f", "[\(word.prefix(1))]\(word.dropFirst())",
    ]).output
  }

  @Test("a command ends when exec is killed, even one that has cut its tie to it")
  func lifeline() throws {
    let scene = try scene()
    let command = try begin(
      scene,
      "exec python3 -c \"import ctypes, time; print(ctypes.CDLL(None).prctl(1, 0), 'up', flush=True); time.sleep(777)\""
    )
    #expect(try processes(scene, with: "sleep.777") != "")
    command.send(SIGKILL)
    _ = try command.wait()
    #expect(try Moment.within(20) { try processes(scene, with: "sleep.777") == "" })
    #expect(scene.session?.poll() == nil, "the app goes on")
  }

  @Test("a command ends with the app, and says so")
  func appEnds() throws {
    let scene = try scene()
    let command = try begin(scene, "trap '' TERM; echo up; while :; do sleep 1; done")
    scene.session?.send(SIGTERM)
    #expect(try command.wait(seconds: 20).code == 137)
    #expect(scene.scratch.content("cmd.err").contains("has ended, and the command with it"))
    #expect(try scene.session?.wait(seconds: 20).code == 143)
  }

  @Test("what a command leaves in the background stays in the app's sandbox")
  func background() throws {
    let scene = try scene()
    let ran = try scene.run([
      "exec", scene.app, "--", "sh", "-c", "sleep 778 >/dev/null 2>&1 & echo done",
    ])
    #expect(ran.output == "done\n")
    #expect(try processes(scene, with: "sleep.778") != "")
  }

  @Test("exec does not wait for what a command makes its own parent's child") func sibling() throws
  {
    let scene = try scene()
    let script = """
      import ctypes, os
      number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
      if ctypes.CDLL(None).syscall(number, 0x8000 | 17, 0, 0, 0, 0) == 0:  # CLONE_PARENT, SIGCHLD
          for end in range(3): os.close(end)
          os.execvp("sleep", ["sleep", "59"])
      print("done")
      """
    let ran = try scene.run(["exec", scene.app, "--", "python3", "-c", script])
    #expect(ran.output == "done\n", "\(ran.errors)")
    #expect(try processes(scene, with: "sleep.59") != "")
  }

  @Test("nothing is run under a profile that has changed since the app was started")
  func changed() throws {
    let scene = try scene()
    let file = scene.app + ".toml"
    _ = scene.scratch.file(
      file,
      scene.scratch.content("profile") + "\n[network]\nmode = \"none\"\n[limits]\nopen-files = 77\n"
    )
    let refused = try scene.run(["exec", scene.app, "--", "echo", "ran"])
    #expect(refused.code == 125)
    #expect(refused.output == "")
    #expect(refused.errors.contains("has changed since"))
    #expect(refused.errors.contains("start \(scene.app) anew"))
    _ = scene.scratch.file(file, "no profile")
    #expect(try scene.run(["exec", scene.app, "--", "echo", "ran"]).code == 125)
    _ = scene.scratch.file(file, scene.scratch.content("profile"))
    let again = try scene.run(["exec", scene.app, "--", "echo", "ran"])
    #expect(again.output == "ran\n", "\(again.errors)")
  }

  @Test("a terminal of its own, with Ctrl-C and job control")
  func terminal() throws {
    let scene = try scene()
    let pty = try Pty()
    var setup = Spawned.Setup()
    setup.ownSession = true
    setup.files = [pty.terminal, pty.terminal, pty.terminal]
    setup.environment = scene.environment + [Array("PS1=> ".utf8)]
    let shell = try Spawned(["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"], setup)
    pty.type(
      "\(Executable.path) exec \(scene.app) -- bash -c 'tty; trap \"echo inter\"rupted INT; echo re\"\"ady; cat; cat'\n"
    )
    try pty.expect("/dev/pts/0")
    try pty.expect("ready")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("\u{3}")
    try pty.expect("interrupted")
    /* The second one is there, too. */
    pty.type("still there\n")
    try pty.expect("still there\r\nstill there")
    pty.type("\u{1a}")
    try pty.expect("Stopped")
    pty.type("echo $((40+2))-outside\n")
    try pty.expect("42-outside")
    pty.type("fg\n")
    try pty.expect("fg\r\n")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("once more\n")
    try pty.expect("once more\r\nonce more")
    pty.type("\u{4}")
    try pty.expect("> ")
    pty.type("exit\n")
    _ = try pty.end(of: shell)
  }

  @Test("--terminal is that of run")
  func terminalModes() throws {
    let scene = try scene()
    let pty = try Pty()
    var setup = Spawned.Setup()
    setup.ownSession = true
    setup.files[1] = pty.terminal
    setup.environment = scene.environment
    let words = [Executable.path, "exec", "--terminal", "none", scene.app, "--", "sh", "-c"]
    let end = try Spawned(words + ["test -t 1 && exit 3; exit 4"], setup).wait(seconds: 20)
    #expect(end.code == 4)
    #expect(try scene.run(["exec", "--terminal", "x", scene.app, "--", "true"]).code == 125)
  }
}
