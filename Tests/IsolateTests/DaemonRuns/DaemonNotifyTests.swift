import Glibc
import Testing

@testable import Isolate

@Suite("A daemon and what its apps say by sd_notify", .serialized)
struct DaemonNotifyTests {
  /// What each app below begins with. `note` appends a line to its own file.
  static let helpers = """
    import array, os, socket, struct, time
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(os.environ["NOTIFY_SOCKET"])
    def say(text, *fds):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        s.sendmsg([text.encode()], rights)
    def barrier():
        r, w = os.pipe(); say("BARRIER=1", w); os.close(w); os.read(r, 1)
    path = os.environ["OUT"]
    def note(text):
        with open(path, "a") as f: f.write(text + "\\n")
    def lines(): return open(path).read().splitlines() if os.path.exists(path) else []

    """

  /// An app of this Python code, which notes in out/NAME.
  static func app(_ scene: DaemonScene, _ name: String, _ code: String, _ more: String = "") {
    _ = scene.scratch.file("\(name).py", helpers + code)
    _ = Run.shell("mkdir -p -m 777 \"$1/out\"; chmod 644 \"$1\"/*.py", [scene.path])
    scene.write(
      name,
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/\(name).py"]
      [environment]
      set = { OUT = "$DIR/out/\(name)" }
      [files]
      read = ["$DIR/\(name).py"]
      write = ["$DIR/out"]
      \(more)
      """)
  }

  @Test("keeps what an app gives from one instance to the next, and not beyond its stop")
  func store()
    throws
  {
    let scene = try DaemonScene()
    Self.app(
      scene, "app",
      """
      note(os.environ.get("LISTEN_FDNAMES", "none"))
      turn = len(lines())
      if turn == 1:
          kept = os.memfd_create("kept"); os.write(kept, b"from the first")
          r, w = os.pipe()
          say("FDSTORE=1\\nFDNAME=my state", kept); say("FDSTORE=1", kept)
          say("FDSTORE=1", os.open("/dev/null", os.O_RDONLY))
          say("FDSTORE=1\\nFDNAME=gone", r); say("FDSTORE=1\\nFDNAME=stays\\nFDPOLL=0", r)
          q, x = os.pipe()
          say("FDSTORE=1\\nFDNAME=stays\\nFDPOLL=0", q)
          barrier(); os.close(w); os.close(x)
          barrier(); os.abort()
      if turn == 2:
          note(os.pread(3, 99, 0).decode())
          say("FDSTORE=1\\nFDSTOREREMOVE=1\\nFDNAME=stored", os.open("/dev/zero", os.O_RDONLY))
          say("FDSTOREREMOVE=1\\nFDNAME=stays"); say("FDSTOREREMOVE=1")
          barrier(); os.abort()
      if turn == 4: note(str(os.read(4, 1)))
      time.sleep(10000)
      """, "[service]\ndescriptor-store = 8\n[restart]\ndelay = \"1ms\"")
    try scene.start()
    try scene.waitFor("b'", in: "out/app")
    #expect(
      scene.scratch.content("out/app") == """
        none
        my state:stored:stays
        from the first
        my state:stored
        b'\\x00'

        """, "\(scene.story)")
    #expect(scene.run("restart", "app").code == 0)
    try #require(Moment.within(30) { scene.scratch.content("out/app").hasSuffix("stored\n") })
    #expect(scene.run("stop", "app").code == 0)
    #expect(scene.run("start", "app").code == 0)
    try #require(Moment.within(30) { scene.scratch.content("out/app").hasSuffix("none\n") })
    #expect(try scene.end() == 0)
  }

  @Test("says once that an app gives more than it may, and what to do") func storeFull() throws {
    let scene = try DaemonScene()
    let giving = """
      for n in range(5): say("FDSTORE=1\\nFDPOLL=0", os.memfd_create(str(n)))
      barrier(); say("READY=1"); note("done"); time.sleep(10000)
      """
    Self.app(scene, "none", giving, "[readiness]\nwhen = \"notify\"")
    Self.app(scene, "two", giving, "[service]\ndescriptor-store = 2")
    try scene.start()
    try scene.waitFor("done", in: "out/none")
    try scene.waitFor("done", in: "out/two")
    for (name, count) in [("none", 0), ("two", 2)] {
      let line = "its profile lets it keep \(count) (service.descriptor-store)"
      let told = scene.said.split(separator: "\n").filter { $0.contains("\(name): it gives") }
      #expect(told.count == 1 && told.first?.contains(line) == true, "\(scene.said)")
    }
    /* Another limit holds at once: what is beyond is closed. */
    let kept = { (name: String) in
      scene.run("metrics").output.contains("isolated_app_kept_descriptors{app=\"\(name)\"} 1\n")
    }
    Self.app(scene, "two", giving, "[service]\ndescriptor-store = 1")
    let plan = scene.run("reload", "--plan", "two")
    #expect(plan.output.contains("service.descriptor-store: at once"), "\(plan)")
    #expect(scene.run("reload", "two").code == 0)
    #expect(kept("two") && !kept("none"), "\(scene.run("metrics").output)")
  }

  @Test("a socket that lingers holds nobody up but who made it so") func lingers() throws {
    let scene = try DaemonScene()
    Self.app(
      scene, "app",
      """
      # Nobody reads what is sent there. Whoever sends a lingering socket on ends at once: only an end does not linger.
      l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(200)
      def lingering():
          c = socket.create_connection(l.getsockname()); c.setblocking(False)
          try:
              while True: c.send(b"x" * 65536)
          except BlockingIOError: pass
          c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 10000))
          return c.detach()
      def apart(give):
          pid = os.fork()
          if pid == 0:
              try: give()
              finally: os._exit(0)
          os.waitpid(pid, 0)
      def nested():
          one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
          socket.send_fds(one, [b"x"], [lingering()])
          say(text, other.fileno())
      for text in ("READY=1", "A\\0B=1", "FDSTORE=1\\nFDNAME=a", "FDSTORE=1\\nFDNAME=b"):
          apart(lambda: say(text, lingering()))
          # More of them than a message of ours has.
          apart(lambda: say(text, *[lingering() for _ in range(20)]))
          # Unread in the queue of another socket, which is the last to know it.
          apart(nested)
          note("given")
      say("FDSTOREREMOVE=1\\nFDNAME=a")
      barrier(); note("done"); time.sleep(10000)
      """, "[service]\ndescriptor-store = 1\n[network]\nmode = \"loopback\"")
    try scene.start()
    try scene.waitFor("done", in: "out/app")
    #expect(scene.run("status").code == 0, "\(scene.said)")
  }

  @Test("an app that reloads is shown so until it says that it is done") func reloads() throws {
    let scene = try DaemonScene()
    Self.app(
      scene, "app",
      """
      say("READY=1")
      def wait(count):
          while len([l for l in lines() if l == "go"]) < count: time.sleep(0.02)
      wait(1)
      say("RELOADING=1\\nMONOTONIC_USEC=%d" % (time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000))
      barrier(); note("one")
      wait(2); say("READY=1"); barrier(); note("two")
      wait(3); say("RELOADING=1\\nMONOTONIC_USEC=1"); barrier(); note("three")
      wait(4); say("READY=1\\nRELOADING=1\\nMONOTONIC_USEC=18446744073709551615"); barrier(); note("four")
      time.sleep(10000)
      """, "[readiness]\nwhen = \"notify\"")
    try scene.start()
    try scene.waitFor("app", .ready)
    func go(_ word: String) throws -> ControlApp {
      _ = Run.shell("echo go >>\"$1/out/app\"", [scene.path])
      try scene.waitFor(word, in: "out/app")
      return try scene.app("app")
    }
    #expect(try scene.app("app").reloadingMilliseconds == nil)
    let first = try go("one")
    #expect(first.reloadingMilliseconds != nil && first.state == .ready, "\(scene.story)")
    #expect(scene.run("status").output.contains("reloading"))
    #expect(scene.run("status", "app").output.contains("reloading for"))
    #expect(try go("two").reloadingMilliseconds == nil)
    /* Before its own start, and in time to come: neither is believed. */
    let third = try go("three")
    let age = try #require(third.ageMilliseconds)
    let since = try #require(third.reloadingMilliseconds)
    #expect(since >= 0 && since <= age, "\(since) \(age)")
    let fourth = try #require(try go("four").reloadingMilliseconds)
    #expect(fourth >= 0 && fourth < 30_000)
  }

  @Test("an app that says RELOADING=1 without end is told of once, and one that asks once a second")
  func floods() throws {
    let scene = try DaemonScene()
    Self.app(
      scene, "reloads",
      """
      say("READY=1")
      for n in range(3000): say("RELOADING=1")
      for n in range(1500): say("READY=1"); say("RELOADING=1")
      barrier(); note("done"); time.sleep(10000)
      """, "[readiness]\nwhen = \"notify\"")
    _ = scene.scratch.file("isolated.py", Tree.text("clients/python/isolated.py"))
    _ = scene.scratch.file(
      "asks.py",
      """
      import sys, time
      sys.path.insert(0, "\(scene.path)")
      import isolated
      broker = isolated.connect()
      asked = 0
      end = time.monotonic() + 60
      while asked < 300 and time.monotonic() < end:
          try: broker.open("notes", "a")
          except OSError: asked += 1
      print("asked", asked, flush=True)
      time.sleep(10000)
      """)
    _ = Run.shell("mkdir -m 755 \"$1/data\"; echo a >\"$1/data/a\"", [scene.path])
    scene.write(
      "asks",
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/asks.py"]
      [files]
      read = ["$DIR/asks.py", "$DIR/isolated.py"]
      [grants.notes]
      files = "$DIR/data"
      rights = ["read"]
      ask = true
      ask-timeout = "2ms"
      """)
    try scene.start()
    try scene.waitFor("done", in: "out/reloads", seconds: 60)
    let reloads = scene.run("events", "--lines", "1024", "reloads").output
      .split(separator: "\n").filter { $0.contains("reads its settings anew") }
    #expect((1...30).contains(reloads.count), "\(reloads.count)")
    try #require(
      Moment.within(60) { scene.run("logs", "asks").output.contains("asked 300") },
      "\(scene.run("logs", "asks")) \(scene.said.suffix(2000))")
    /* All are told of, in so many lines as there were seconds: one each, and how many were left out. */
    func lines() -> [Substring] {
      scene.said.split(separator: "\n").filter { $0.contains("isolated answer asks") }
    }
    func count(_ line: Substring) -> Int {
      let words = line.split(separator: " ")
      let number = words.firstIndex { $0 == "more" }.flatMap {
        Int(words[$0 - 1].filter(\.isNumber))
      }
      return (line.contains("asks for") ? 1 : 0) + (number ?? 0)
    }
    let isAllTold = Moment.within(30) { lines().map(count).reduce(0, +) == 300 }
    #expect(isAllTold, "\(lines())")
    let seconds = (try scene.app("asks").ageMilliseconds ?? 0) / 1000
    #expect(lines().count <= Int(seconds) + 2, "\(lines().count) lines in \(seconds) s")
  }
}

@Suite("What is told of an app at most once a second")
struct TellingLimitTests {
  @Test("counts what is left out, and tells it once") func counts() {
    var limit = TellingLimit()
    #expect(limit.pass(5000) == 0 && limit.nextAt == nil)
    #expect(limit.pass(5001) == nil && limit.pass(5999) == nil)
    #expect(limit.nextAt == 6000 && limit.flush(5999) == nil)
    #expect(limit.pass(6000) == 2 && limit.nextAt == nil)
    #expect(limit.pass(6500) == nil && limit.flush(7000) == 1 && limit.flush(9000) == nil)
    #expect(limit.pass(7001) == nil && limit.pass(9000) == 1)
  }
}
