import Glibc
import Testing

@testable import Isolate

@Suite("A driver of a profile's own", .serialized)
struct DriverRunTests {
  @Test("answers calls with bytes and descriptors, and with its own errors, under the app's rules")
  func answers() throws {
    let scene = try OwnDriverScene.make(
      app: """
        show(answer(1, "echo hello"), answer(2, "echo other"), answer(1, "errno 39"))
        r = ask(1, "file content")
        show(os.read(r["fds"][0], 99), r["rule"].endswith("app.toml:13"))
        r = ask(1, "echo many", fds=[os.open("/tmp", os.O_TMPFILE | os.O_RDWR) for _ in range(16)])
        show(len(r["fds"]))
        ends = ask(1, "pipe")["fds"]
        os.write(ends[1], b"through"); show(os.read(ends[0], 99))
        show(answer(1, b"echo " + b"x" * 3811) == b"x" * 3811, answer(0, "echo"), answer(7, "echo"))
        show(answer(1, "me") == answer(1, "me") != answer(2, "me"))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        b'hello' b'other' (39, 0)
        b'content' True
        16
        b'through'
        True (13, 2) (13, 1)
        True

        """, "\(ran.errors)")
    #expect(
      scene.status.contains("\"event\":\"driver-started\",\"app\":\"app\",\"driver\":\"odd\""))
  }

  @Test("hands out what is listed with its grant; sockets are cut when that is taken back")
  func listed() throws {
    let scene = try OwnDriverScene.make(
      app: """
        kept = ask(1, "file content")["fds"] + ask(1, "pipe")["fds"]
        mine, theirs = socket.socketpair()
        kept += ask(1, "echo there", fds=[theirs.fileno()])["fds"]
        show("up", len(kept))
        show("cut", mine.recv(1))
        time.sleep(60)
        """)
    scene.before = "export XDG_RUNTIME_DIR='\(scene.path)'"
    let run = try scene.start()
    try scene.waitFor("up 4")
    func ask(_ words: [String]) -> String {
      let ran = Run.command(
        ["/usr/bin/env", "XDG_RUNTIME_DIR=\(scene.path)", Executable.path] + words)
      #expect(ran.code == 0, "\(ran.errors)")
      return ran.output
    }
    let rows = ask(["handles", "app.\(run.pid)"]).split(separator: "\n").filter {
      $0.contains("odd") && !$0.contains("not open")
    }
    /* The socket is open twice: as it was lent, and as it came back. */
    #expect(rows.count == 5, "\(rows)")
    _ = ask(["revoke", "app.\(run.pid)", "odd"])
    try scene.waitFor("cut b''")
    run.send(SIGTERM)
    try run.wait()
  }

  static let deeds = [
    "segv", "kill", "exit", "shut", "flood", "garbage", "empty", "huge", "length", "left-over",
    "more", "opcode", "request", "status", "error-with-descriptor", "descriptors", "directory",
    "place", "device", "pidfd",
  ]

  @Test(
    "that dies or breaks the protocol costs that call; nobody else notices, and it is back",
    arguments: deeds)
  func dies(deed: String) throws {
    let scene = try OwnDriverScene.make(
      app: """
        other, odd = answer(2, "me"), answer(1, "me")
        show("bad", answer(1, "\(deed)"))
        show(told(openat("plain")), answer(2, "me") == other)
        again = answer(1, "me")
        show("back", len(again) == 16, again != odd)
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output == "bad (5, 14)\n(0, 0) True\nback True True\n", "\(ran.errors)")
    /* One that exits well is not told of. */
    #expect(scene.status.contains("driver-died") == (deed != "exit"), "\(scene.status)")
    #expect(!scene.status.contains("broker-died"))
    let started = scene.status.split(separator: "\n").filter { $0.contains("driver-started") }
    #expect(started.count == 3, "\(scene.status)")
  }

  @Test("that has given its socket away is gone when its process is") func copies() throws {
    let scene = try OwnDriverScene.make(
      app: """
        kept = ask(1, "door")["fds"]
        began = time.monotonic()
        show(answer(1, "segv"), len(answer(1, "me")), time.monotonic() - began < 20)
        """)
    let ran = scene.run()
    #expect(ran.output == "(5, 14) 16 True\n", "\(ran.errors)")
  }

  @Test("that answers twice is replaced; the first answer counts")
  func twice() throws {
    let scene = try OwnDriverScene.make(
      app: """
        odd = answer(1, "me")
        show(answer(1, "twice"))
        # The second answer may come before the next call or with it.
        found = [answer(1, "me") for _ in range(2)]
        show(found[1] != odd and len(found[1]) == 16)
        """)
    let ran = scene.run()
    #expect(ran.output == "b''\nTrue\n", "\(ran.errors)")
  }

  @Test("that hangs costs its callers their deadline, no more, and is replaced")
  func hangs() throws {
    let scene = try OwnDriverScene.make(
      more: "deadline = \"400ms\"\nqueue = 2",
      app: """
        odd, other = answer(1, "me"), answer(2, "me")
        show(answer(1, "hang", deadline=200))
        show(told(openat("plain")), answer(2, "me") == other)
        # It owes two answers, so it is asked for no more; and is gone when it was silent for twice its deadline.
        kinds = set()
        for _ in range(100):
            found = answer(1, "me")
            if isinstance(found, bytes): break
            kinds.add(found)
        show("back", found != odd, kinds <= {(110, 11), (5, 14)})
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output == "(110, 11)\n(0, 0) True\nback True True\n", "\(ran.errors)")
    #expect(scene.status.contains("has not answered for twice its deadline"), "\(scene.status)")
  }

  @Test("is told when nobody waits for its answer any more, and may answer too late")
  func cancels() throws {
    let scene = try OwnDriverScene.make(
      app: """
        show(answer(1, "wait", deadline=200), answer(1, "last"))
        show(answer(1, "sleep 0.3", deadline=100), answer(1, "echo late"))
        id = send(1, "wait")
        show(told(call(2, struct.pack("<I", id))), told(receive()))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    let lines = ran.output.split(separator: "\n")
    #expect(lines.prefix(2) == ["(110, 11) b'cancel'", "(110, 11) b'late'"], "\(ran.errors)")
    /* The reply to the request and that to the cancel, in either order. */
    #expect(Set(["(125, 12) (0, 0)", "(0, 0) (125, 12)"]).contains(String(lines.last ?? "")))
    #expect(!scene.status.contains("driver-died"))
  }

  @Test("that does not read has a queue with an end, and keeps nobody")
  func full() throws {
    let scene = try OwnDriverScene.make(
      more: "queue = 50\ndeadline = \"2s\"",
      app: """
        answer(1, "me")
        # More than a socket holds.
        asked = [send(1, "hang")] + [send(1, b"echo " + b"x" * 3900) for _ in range(60)]
        crowded = [receive() for _ in range(11)]
        show(collections.Counter(map(told, crowded)), answer(2, "echo other"), told(openat("plain")))
        late = [receive() for _ in range(50)]
        show(sorted(r["id"] for r in crowded + late) == asked, {told(r) for r in late} <= {(110, 11), (5, 14)})
        for _ in range(100):
            found = answer(1, "echo back")
            if isinstance(found, bytes): break
        show(found)
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == "Counter({(11, 10): 11}) b'other' (0, 0)\nTrue True\nb'back'\n",
      "\(ran.output) \(ran.errors)")
  }

  @Test("that cannot be started is told of, and not tried again and again")
  func missing() throws {
    for arguments in [["exits"], []] {
      let scene = try OwnDriverScene.make(
        arguments: arguments,
        app: """
          found = [answer(1, "echo x") for _ in range(30)]
          show(set(found), told(openat("plain")))
          """)
      if arguments.isEmpty {
        let text = scene.scratch.content("app.toml")
        let parts = text.split(separator: "python3", omittingEmptySubsequences: false)
        _ = scene.scratch.file(
          "app.toml",
          parts.prefix(2).joined(separator: "python3") + "no-such-program"
            + parts.dropFirst(2).joined(separator: "python3"))
      }
      let ran = scene.run()
      #expect(ran.output == "{(5, 14)} (0, 0)\n", "\(ran.errors)")
      let started = scene.status.split(separator: "\n").filter { $0.contains("driver-started") }
      #expect(started.count == (arguments.isEmpty ? 1 : DriverKeeper.deathLimit))
      #expect(ran.errors.contains("driver odd of app is not there for a minute"), "\(ran.errors)")
      #expect(arguments == ["exits"] || ran.errors.contains("no-such-program"), "\(ran.errors)")
    }
  }

  @Test("is confined by its own profile, and not by the app's")
  func confined() throws {
    let scene = try OwnDriverScene.make(
      app: """
        show(answer(1, "echo x"))
        input()
        """)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("b'x'")
    let pids = Household.processes(of: run.pid, with: ["\(scene.path)/driver.py", "odd"])
    /* `isolated run`, and the program in its sandbox. */
    #expect(pids.count == 2)
    let names = pids.map { Run.shell("readlink /proc/\($0)/ns/net", []).output }
    if Privileges.isRoot {
      #expect(names[0] != names[1])
      let users = pids.map { Run.read("/proc/\($0)/status") }
      #expect(users[1].contains("NoNewPrivs:\t1") && users[1].contains("Seccomp:\t2"))
    }
    run.send(SIGTERM)
    try run.wait()
    #expect(Moment.within(10) { pids.allSatisfy { !Household.isThere($0) } })
  }

  @Test("is not one that its app could write, and no app with such a one starts")
  func writable() throws {
    let whole = try OwnDriverScene.make(limits: "write = [\"$DIR\"]", app: "show('ran')")
    let ran = whole.run()
    #expect(ran.code == 125 && ran.output.isEmpty)
    #expect(ran.errors.contains("app could change the driver itself"), "\(ran.errors)")
    #expect(ran.errors.contains("app.toml:"), "\(ran.errors)")
    let checked = Run.command([Executable.path, "check", whole.path + "/app.toml"])
    #expect(checked.code == 2 && (checked.output + checked.errors).contains("could change"))
    /* The script alone. */
    let script = try OwnDriverScene.make(limits: "write = [\"$DIR/driver.py\"]", app: "show('ran')")
    #expect(script.run().errors.contains("/driver.py"))
    /* Something beside them is no reason. */
    let beside = try OwnDriverScene.make(limits: "write = [\"$DIR/data\"]", app: "show('ran')")
    #expect(beside.run().output == "ran\n")
  }

  @Test("has a sound profile, without grants, or its app does not start")
  func profile() throws {
    let broken = try OwnDriverScene.make(profile: "nonsense = 1", app: "show('ran')")
    let ran = broken.run()
    #expect(ran.code == 125 && ran.errors.contains("no key `files.nonsense`"), "\(ran.errors)")
    #expect(ran.errors.contains("its profile cannot be used"))
    let grants = try OwnDriverScene.make(
      profile: "[grants.x]\nfiles = \"/usr\"", app: "show('ran')")
    #expect(grants.run().errors.contains("a driver has no broker"))
    let own = try OwnDriverScene.make(app: "show('ran')")
    _ = Run.shell("cp \"$1/app.toml\" \"$1/driver.toml\"", [own.path])
    #expect(own.run().errors.contains("a driver has no broker"), "a driver's drivers are looked at")
  }

  @Test("ends with its broker, and the next broker has a new one")
  func brokerDies() throws {
    let scene = try OwnDriverScene.make(
      app: """
        odd = answer(1, "me")
        show("up")
        input()
        for _ in range(100):
            found = answer(1, "me")
            if isinstance(found, bytes): break
        show("back", found != odd)
        input()
        """)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up")
    let words = ["\(scene.path)/driver.py", "odd"]
    let old = Household.processes(of: run.pid, with: words)
    let broker = try scene.broker(of: run)
    _ = kill(broker, SIGKILL)
    _ = try scene.broker(of: run, other: broker)
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("back True")
    #expect(!old.isEmpty && old.allSatisfy { !Household.isThere($0) })
    #expect(Household.processes(of: run.pid, with: words).count == 2)
    #expect(!scene.status.contains("driver-died"))
    run.send(SIGKILL)
    try run.wait()
    #expect(Moment.within(10) { Household.processes(of: 1, with: words).isEmpty })
  }
}
