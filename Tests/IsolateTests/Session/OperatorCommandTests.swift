import Glibc
import Testing

@testable import Isolate

/// A running session with grants, and the commands of its operator; all with a state and a runtime directory of their own.
final class OperatorScene {
  let scratch: Scratch
  /// Unique on this machine: as root all sessions share one directory.
  let app: String
  var session: Spawned?
  private static let nobodyKnows = SeededNames()

  init() throws {
    scratch = try Scratch()
    app = Self.nobodyKnows.next()
    _ = Run.command(["/bin/mkdir", scratch.path + "/data"])
    _ = unsafe chmod(scratch.path + "/data", 0o755)
    _ = scratch.file("data/a.txt", "content of a")
    _ = scratch.file("isolated.py", Tree.text("clients/python/isolated.py"))
  }

  var environment: [[UInt8]] {
    [
      "PATH=/usr/bin:/bin", "HOME=\(scratch.path)", "XDG_RUNTIME_DIR=\(scratch.path)",
      "XDG_STATE_HOME=\(scratch.path)/state", "TERM=xterm", "NO_COLOR=1",
    ].map { Array($0.utf8) }
  }

  /// Where the session's socket is.
  var sockets: String {
    Privileges.isRoot ? "/run/isolated/run" : scratch.path + "/isolated/run"
  }

  func profile(_ program: String, grants: String, files: String = "") -> String {
    let script = scratch.file(
      "app.py", "import sys, os, time\nsys.path.insert(0, '\(scratch.path)')\n" + program)
    return scratch.file(
      app + ".toml",
      """
      extends = ["default"]
      [command]
      run = ["/usr/bin/python3", "\(script)"]
      [files]
      read = ["\(scratch.path)/app.py", "\(scratch.path)/isolated.py"\(files)]
      \(grants)
      """)
  }

  static func notes(_ scratch: Scratch, _ more: String = "") -> String {
    """
    [grants.notes]
    files = "\(scratch.path)/data"
    rights = ["read", "list"]
    \(more)
    """
  }

  func start(_ profile: String) throws {
    var setup = Spawned.Setup()
    setup.environment = environment
    setup.files[1] = .path(scratch.path + "/app.out", O_WRONLY | O_CREAT | O_TRUNC)
    setup.files[2] = .path(scratch.path + "/app.err", O_WRONLY | O_CREAT | O_TRUNC)
    session = try Spawned([Executable.path, "run", profile], setup)
  }

  func expectOutput(_ text: String) throws {
    let found = Moment.within(30) { scratch.content("app.out").contains(text) }
    try #require(found, "\(scratch.content("app.out"))\(scratch.content("app.err"))")
  }

  /// Runs `isolated` with these words.
  func run(_ words: [String]) throws -> Ran {
    var setup = Spawned.Setup()
    setup.environment = environment
    setup.files[1] = .path(scratch.path + "/out", O_WRONLY | O_CREAT | O_TRUNC)
    setup.files[2] = .path(scratch.path + "/err", O_WRONLY | O_CREAT | O_TRUNC)
    let end = try Spawned([Executable.path] + words, setup).wait()
    return Ran(output: scratch.content("out"), errors: scratch.content("err"), code: end.code)
  }

  func end() throws {
    session?.send(SIGTERM)
    try session?.wait()
  }
}

/// Names that no other test and no other run has.
final class SeededNames: Sendable {
  func next() -> String { "app\(getpid())x\(UInt32.random(in: 0...UInt32.max))" }
}

@Suite("Operators of a running app")
struct OperatorCommandTests {
  @Test("see its grants and how they are used, and take one back") func grants() throws {
    let scene = try OperatorScene()
    try scene.start(
      scene.profile(
        """
        import isolated
        b = isolated.connect()
        f = b.open('notes', 'a.txt')
        print(f.read(), flush=True)
        try: b.open('notes', 'a.txt', 'w')
        except OSError: pass
        print('opened', flush=True)
        while not os.path.exists('/never'):
            time.sleep(0.05)
            try: b.open('notes', 'a.txt').close()
            except OSError as e:
                print('refused', e.errno, f.seek(0), f.read(), flush=True)
                time.sleep(60)
        """, grants: OperatorScene.notes(scene.scratch)))
    try scene.expectOutput("opened")
    let shown = try scene.run(["grants", scene.app])
    #expect(shown.code == 0, "\(shown.errors)")
    #expect(shown.output.contains("notes"))
    #expect(shown.output.contains(scene.app + ".toml:6"))
    #expect(shown.output.contains("read,list"))
    let json = try scene.run(["grants", "--json", scene.app])
    let value = try JSONReader.read(Array(json.output.utf8), limit: 1 << 20)
    let grant = try #require(value.object?["grants"]?.array?.first)
    #expect(try ControlGrant(grant).requests >= 2)
    #expect(try ControlGrant(grant).refused >= 1)
    let wrong = try scene.run(["revoke", scene.app, "nothing"])
    #expect(wrong.code == 1)
    #expect(wrong.errors.contains("has no grant 'nothing'"))
    let revoked = try scene.run(["revoke", scene.app, "notes"])
    #expect(revoked.code == 0, "\(revoked.errors)")
    #expect(revoked.output.contains("cannot be recalled: "))
    /* EKEYREVOKED; and what it has it keeps, which is told. */
    try scene.expectOutput("refused 128 0 content of a")
    #expect(try scene.run(["handles", scene.app]).output.contains("revoked: cannot be recalled"))
    #expect(try scene.run(["grants", scene.app]).output.contains("revoked"))
    #expect(try scene.run(["revoke", scene.app, "notes"]).errors.contains("revoked before"))
    try scene.end()
    let gone = try scene.run(["grants", scene.app])
    #expect(gone.code == 1)
    #expect(gone.errors.contains("no session of '\(scene.app)' answers"))
    let left = FileSystem.names(in: scene.sockets)?.filter { $0.hasPrefix(scene.app) }
    #expect(left?.isEmpty != false, "the socket goes with its session")
  }

  @Test("see every descriptor of a busy app explained") func handles() throws {
    let scene = try OperatorScene()
    try scene.start(
      scene.profile(
        """
        import isolated, socket, select, tempfile, subprocess, ctypes, signal
        b = isolated.connect()
        keep = [b.open('notes', 'a.txt'), open('/etc/passwd'), open('/tmp/own', 'w')]
        keep += list(os.pipe()) + list(socket.socketpair())
        keep += [select.epoll(), os.memfd_create('x'), os.eventfd(1), tempfile.TemporaryFile()]
        keep += [os.open('/', os.O_PATH), os.open('/usr', os.O_RDONLY), os.open('/dev/zero', os.O_RDWR)]
        keep += [os.dup(0), os.dup(1), os.open('/proc/self/status', os.O_RDONLY)]
        libc = ctypes.CDLL(None)
        for made in (lambda: libc.inotify_init(), lambda: libc.timerfd_create(1, 0), lambda: os.pidfd_open(os.getpid())):
            try: keep.append(made())
            except OSError: pass
        os.unlink('/tmp/own')
        child = subprocess.Popen(['/bin/sleep', '60'], pass_fds=[keep[0].fileno()])
        print('busy', flush=True)
        time.sleep(60)
        """, grants: OperatorScene.notes(scene.scratch)))
    try scene.expectOutput("busy")
    let table = try scene.run(["handles", scene.app])
    #expect(table.code == 0, "\(table.errors)")
    #expect(!table.output.lowercased().contains("unexplained"))
    let lines = table.output.split(separator: "\n").dropFirst()
    #expect(lines.count > 20)
    let known = ["caller's ", "door to the broker", "grant notes (", "opened by the app: "]
    for line in lines { #expect(known.contains { line.contains($0) }, "\(line)") }
    for word in [
      "pipe", "socket", "eventpoll", "memory file", "eventfd", "removed file", "device", "file ",
      "file of /proc",
    ] {
      #expect(table.output.contains("opened by the app: \(word)"), "\(word)\n\(table.output)")
    }
    #expect(lines.filter { $0.contains("grant notes (") && $0.contains("read") }.count == 2)
    #expect(lines.filter { $0.contains("caller's 0") }.count == 3)
    let json = try scene.run(["handles", "--json", scene.app])
    let value = try JSONReader.read(Array(json.output.utf8), limit: 1 << 20)
    #expect((value.object?["handles"]?.array?.count ?? 0) == lines.count)
    try scene.end()
  }

  @Test("name one of several sessions by its number") func several() throws {
    let scene = try OperatorScene()
    let profile = scene.profile(
      "print('up', flush=True)\ntime.sleep(60)", grants: OperatorScene.notes(scene.scratch))
    try scene.start(profile)
    let first = try #require(scene.session)
    try scene.expectOutput("up")
    var listed = Ran()
    let isThere = try Moment.within(10) {
      listed = try scene.run(["grants", scene.app])
      return listed.code == 0
    }
    #expect(isThere, "\(listed.errors)")
    try scene.start(profile)
    let second = try #require(scene.session)
    let areTwo = try Moment.within(20) {
      listed = try scene.run(["grants", scene.app])
      return listed.code == 1
    }
    #expect(areTwo)
    #expect(listed.errors.contains("2 sessions"))
    for process in [first, second] {
      #expect(listed.errors.contains("\(scene.app).\(process.pid)"))
      #expect(try scene.run(["grants", "\(scene.app).\(process.pid)"]).code == 0)
    }
    /* Killed, it cannot take its socket away; it is gone all the same. */
    first.send(SIGKILL)
    try first.wait()
    #expect(try scene.run(["grants", scene.app]).code == 0)
    let left = FileSystem.names(in: scene.sockets)?.filter { $0.hasPrefix(scene.app) }
    #expect(left == ["\(scene.app).\(second.pid)"])
    try scene.end()
  }

  @Test("answer what it asks for, and are remembered for as long as they said") func asks() throws {
    let scene = try OperatorScene()
    let program = """
      import isolated
      b = isolated.connect(deadline_ms=30000)
      for name in ('first', 'second'):
          try: print(name, b.open('notes', 'a.txt').read(), flush=True)
          except OSError as e: print(name, 'refused', flush=True)
      time.sleep(60)
      """
    let grants = OperatorScene.notes(scene.scratch, "ask = true")
    try scene.start(scene.profile(program, grants: grants))
    func waitForQuestion() throws -> String {
      var text = ""
      let found = try Moment.within(30) {
        text = try scene.run(["answer", scene.app]).output
        return text.contains("file.open")
      }
      try #require(found, "\(text)\(scene.scratch.content("app.err"))")
      return text
    }
    #expect(try waitForQuestion().contains("a.txt"))
    #expect(try scene.run(["answer", scene.app, "9", "once"]).code == 1)
    #expect(try scene.run(["answer", scene.app, "1", "no"]).code == 0)
    try scene.expectOutput("first refused")
    _ = try waitForQuestion()
    #expect(scene.scratch.content("app.err").contains("isolated answer \(scene.app)."))
    #expect(try scene.run(["answer", scene.app, "2", "always"]).code == 0)
    try scene.expectOutput("second content of a")
    try scene.end()
    /* Another session of the app is not asked. */
    try scene.start(scene.profile(program, grants: grants))
    try scene.expectOutput("first content of a")
    #expect(try scene.run(["grants", scene.app]).output.contains("always"))
    try scene.end()
    #expect(try scene.run(["grants", scene.app]).errors.contains("notes: always"))
    #expect(try scene.run(["forget", scene.app]).code == 0)
    #expect(try scene.run(["forget", scene.app]).code == 1)
  }

  @Test("are asked anew after a broker's death, and its questions are gone")
  func asksAfterDeath() throws {
    let scene = try OperatorScene()
    let program = """
      import isolated
      b = isolated.connect(deadline_ms=30000)
      for name in ('first', 'second'):
          try: print(name, b.open('notes', 'a.txt').read(), flush=True)
          except OSError as e: print(name, e.errno, e.detail, flush=True)
      time.sleep(60)
      """
    try scene.start(
      scene.profile(program, grants: OperatorScene.notes(scene.scratch, "ask = true")))
    func questions() throws -> [Substring] {
      try scene.run(["answer", scene.app]).output.split(separator: "\n")
        .filter { $0.contains("file.open") }
    }
    #expect(try Moment.within(30) { try questions().count == 1 })
    let session = try #require(scene.session)
    /* The older one: the other is a spare, if there is one yet. */
    kill(try #require(Household.brokers(of: session.pid).min()), SIGKILL)
    try scene.expectOutput("first 5 13")
    #expect(try Moment.within(30) { try questions().count == 1 })
    #expect(try scene.run(["answer", scene.app, "1", "once"]).code == 1)
    #expect(try scene.run(["answer", scene.app, "2", "once"]).code == 0)
    try scene.expectOutput("second content of a")
    try scene.end()
  }

  @Test("find no socket of an app without grants") func without() throws {
    let scene = try OperatorScene()
    try scene.start(scene.profile("print('up', flush=True)\ntime.sleep(60)", grants: ""))
    try scene.expectOutput("up")
    #expect(try scene.run(["grants", scene.app]).code == 1)
    #expect(FileSystem.names(in: scene.sockets)?.contains { $0.hasPrefix(scene.app) } != true)
    try scene.end()
  }
}

@Suite("The control socket, from inside")
struct ControlContainmentTests {
  @Test("answers no app, even one that is shown the directory") func shown() throws {
    let scene = try OperatorScene()
    let knock = """
      import socket, glob
      def knock(path):
          s = socket.socket(socket.AF_UNIX)
          s.settimeout(10)
          try:
              s.connect(path)
              s.sendall(b'{"method":"org.varlink.service.GetInfo"}\\0')
              return 'answered' if s.recv(100) else 'hung up'
          except (ConnectionResetError, BrokenPipeError): return 'hung up'
          except OSError as e: return 'refused'
      """
    let profile = scene.profile(
      knock + """

        for _ in range(200):
            if glob.glob('\(scene.sockets)/\(scene.app).*'): break
            if not os.access('\(scene.sockets)', os.R_OK | os.X_OK): break
            time.sleep(0.05)
        found = glob.glob('\(scene.sockets)/\(scene.app).*')
        print('saw', len(found), [knock(p) for p in found], 'done', flush=True)
        time.sleep(60)
        """, grants: OperatorScene.notes(scene.scratch), files: ", \"\(scene.sockets)\"")
    _ = Run.command(["/bin/mkdir", "-p", "-m", "700", scene.sockets])
    let parent = String(scene.sockets.dropLast(4))
    _ = unsafe chmod(parent, 0o700)
    try scene.start(profile)
    try scene.expectOutput("done")
    #expect(
      !scene.scratch.content("app.out").contains("answered"), "\(scene.scratch.content("app.out"))")
    /* The same program outside is answered: it was no dead socket. */
    let path = "\(scene.sockets)/\(scene.app).\(scene.session?.pid ?? 0)"
    let outside = Run.command([
      "/usr/bin/python3", "-c", knock + "\nimport sys\nprint(knock(sys.argv[1]))", path,
    ])
    #expect(outside.output == "answered\n", "\(outside.errors)")
    if !Privileges.isRoot {
      #expect(scene.scratch.content("app.out").contains("saw 1 ['hung up']"))
    }
    try scene.end()
  }
}

@Suite("A question on the caller's terminal", .serialized)
struct TerminalQuestionTests {
  private let program = """
    import isolated
    b = isolated.connect(deadline_ms=30000)
    def ask(n):
        try: return n + ' ' + b.open('notes', 'a.txt').read()
        except OSError as e: return n + ' refused'
    print('before', flush=True)
    print(ask('first'), flush=True)
    print(ask('second'), flush=True)
    print('typed', input(), flush=True)
    """

  @Test("holds the keyboard and the screen, and gives them back") func asked() throws {
    let scene = try OperatorScene()
    let profile = scene.profile(
      program, grants: OperatorScene.notes(scene.scratch, "ask = true"))
    let pty = try Pty()
    var setup = Spawned.Setup()
    setup.ownSession = true
    setup.files = [pty.terminal, pty.terminal, pty.terminal]
    setup.environment = scene.environment
    let before = pty.modes
    let process = try Spawned([Executable.path, "run", profile], setup)
    try pty.expect("before")
    try pty.expect("\(scene.app) asks for file.open \"a.txt\"")
    try pty.expect("\(scene.app).toml:6")
    try pty.expect("your answer, and Enter:")
    pty.type("perhaps\r")
    try pty.expect("one of once, run, always, no, never")
    pty.type("no\r")
    try pty.expect("isolated: no")
    try pty.expect("first refused")
    try pty.expect("your answer, and Enter:")
    pty.type("run\r")
    try pty.expect("isolated: yes, until the app ends")
    try pty.expect("second content of a")
    pty.type("words for the app\r")
    try pty.expect("typed words for the app")
    try #expect(pty.end(of: process).code == 0)
    #expect(!pty.text.contains("typed perhaps"))
    #expect(pty.modes == before)
  }

  @Test("goes away when it is answered elsewhere, and Ctrl-C means no") func elsewhere() throws {
    let scene = try OperatorScene()
    let profile = scene.profile(
      program, grants: OperatorScene.notes(scene.scratch, "ask = true"))
    let pty = try Pty()
    var setup = Spawned.Setup()
    setup.ownSession = true
    setup.files = [pty.terminal, pty.terminal, pty.terminal]
    setup.environment = scene.environment
    let process = try Spawned([Executable.path, "run", profile], setup)
    try pty.expect("your answer, and Enter:")
    let answered = try scene.run(["answer", scene.app, "1", "once"])
    #expect(answered.code == 0, "\(answered.errors)")
    try pty.expect("answered elsewhere")
    try pty.expect("first content of a")
    try pty.expect("your answer, and Enter:")
    pty.type("\u{3}")
    try pty.expect("second refused")
    pty.type("x\r")
    try pty.expect("typed x")
    try #expect(pty.end(of: process).code == 0)
  }
}
