import Glibc
import Testing

@testable import Isolate

@Suite("A built-in driver in a process of its own", .serialized)
struct MovedDriverTests {
  private static let moved = """
    [drivers.files]
    mode = "user"
    [drivers.network]
    mode = "user"
    [drivers.secrets]
    mode = "user"
    [drivers.devices]
    mode = "user"
    [grants.data]
    files = "$DIR/data"
    rights = ["read", "write", "create", "list", "stat", "remove", "rename", "make-directory"]
    [grants.device]
    device = "/dev/null"
    [grants.door]
    listen = ["127.0.0.1:*"]
    [grants.key]
    secret = { command = ["/bin/sh", "-c", "printf key"] }
    [grants.names]
    resolve = ["localhost"]
    [grants.web]
    connect = ["127.0.0.1:*", "udp:127.0.0.1:*"]
    """

  @Test("serves every request of its kind as the broker did")
  func serves() throws {
    let scene = try BrokerScene(
      grants: Self.moved,
      app: """
        r = openat("plain")
        show("read", os.read(r["fds"][0], 100), r["rule"].endswith(":15"), r["body"] != bytes(4))
        try: os.open("/proc/self/fd/%d" % r["fds"][0], os.O_RDWR); show("writable")
        except OSError as e: show("again", e.errno in (errno.EROFS, errno.EACCES))
        show("wrote", os.write(openat("new", 2 | 4)["fds"][0], b"new\\n"))
        show("stat", struct.unpack_from("<Q", call(17, struct.pack("<H", 0) + text("new"))["body"])[0])
        listing = call(18, struct.pack("<H", 0) + text("") + struct.pack("<Q", 0))["body"]
        show("list", b"new" in listing, b"plain" in listing)
        show("rename", told(call(20, struct.pack("<HI", 0, 0) + text("new") + text("newer"))))
        show("directory", told(call(21, struct.pack("<HI", 0, 0o755) + text("made"))))
        show("remove", told(call(19, struct.pack("<HI", 0, 1) + text("made"))))
        show("outside", told(openat("../outside")), told(openat("nothing")), told(openat("made", 64 | 1)))
        show("device", os.read(call(64, struct.pack("<HI", 1, 1))["fds"][0], 9))
        r = call(33, struct.pack("<HBBHH", 2, 1, 0, 0, 5) + text("127.0.0.1"))
        listening = socket.socket(fileno=r["fds"][0])
        port = struct.unpack_from("<H", r["body"], 4)[0]
        show("port", port == listening.getsockname()[1])
        show("key", os.read(call(48, struct.pack("<H", 3))["fds"][0], 9))
        show("name", b"\\x7f\\0\\0\\1" in call(34, struct.pack("<H", 4) + text("localhost"))["body"])
        r = call(32, struct.pack("<HBBH", 5, 1, 0, port) + text("127.0.0.1"))
        inside, _ = listening.accept(); inside.send(b"hi")
        connected = socket.socket(fileno=r["fds"][0])
        show("connect", connected.recv(9))
        handle = struct.unpack_from("<I", r["body"])[0]
        show("close", told(call(5, struct.pack("<I", handle))), connected.recv(9))
        show("elsewhere", told(call(32, struct.pack("<HBBH", 5, 1, 0, port) + text("127.0.0.2"))))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        read b'plain\\n' True True
        again True
        wrote 4
        stat 4
        list True True
        rename (0, 0)
        directory (0, 0)
        remove (0, 0)
        outside (18, 0) (2, 0) (21, 0)
        device b''
        port True
        key b'key'
        name True
        connect b'hi'
        close (0, 0) b''
        elsewhere (13, 3)

        """, "\(ran.errors)")
    #expect(scene.scratch.content("data/newer") == "new\n")
    for name in ["files", "network", "secrets", "devices"] {
      #expect(scene.status.contains("\"driver\":\"\(name)\""), "\(scene.status)")
    }
    #expect(!scene.status.contains("died"), "\(scene.status)")
  }

  private static let staying = """
    import threading
    r = openat("plain")
    show("up", told(r))
    for line in iter(input, "end"):
        found = []
        for _ in range(100):
            found.append(told(openat("plain")))
            if found[-1] == (0, 0): break
        show(line, set(found) <= {(0, 0), (5, 14)}, found[-1], told(call(34, struct.pack("<H", 4) + text("localhost"))))
    """

  @Test(
    "takes its rights along: the broker reaches no file and no network any more",
    .enabled(if: Privileges.isRoot))
  func reach() throws {
    for isMoved in [false, true] {
      let start = try #require(Self.moved.firstRange(of: "[grants.data]")).lowerBound
      let tables = isMoved ? Self.moved : String(Self.moved[start...])
      let scene = try BrokerScene(grants: tables, app: Self.staying)
      let input = try Pipe()
      let run = try scene.start(input: input.readEnd.raw)
      try scene.waitFor("up (0, 0)")
      let broker = try scene.broker(of: run)
      func sees(_ pid: Int32, _ path: String) -> Bool {
        Run.shell("test -e /proc/\(pid)/root\(path)").code == 0
      }
      func network(_ pid: Int32) -> String { Run.shell("readlink /proc/\(pid)/ns/net").output }
      #expect(sees(broker, "/grants/0/read/plain") == !isMoved)
      #expect(sees(broker, "/grants/0/write/plain") == !isMoved)
      #expect((network(broker) == network(run.pid)) == !isMoved)
      if isMoved {
        #expect(unsafe write(input.writeEnd.raw, "go\n", 3) == 3)
        try scene.waitFor("go True (0, 0) (0, 0)")
        let files = Household.processes(of: run.pid, with: ["driver", "files"])
        let names = Household.processes(of: run.pid, with: ["driver", "network"])
        try #require(files.count == 1 && names.count == 1)
        #expect(sees(files[0], "/grants/0/write/plain") && network(files[0]) != network(run.pid))
        #expect(!sees(names[0], "/grants/0") && network(names[0]) == network(run.pid))
      }
      run.send(SIGTERM)
      try run.wait()
    }
  }

  @Test("that is killed costs the request that it had, and is back for the next; others go on")
  func killed() throws {
    let scene = try BrokerScene(grants: Self.moved, app: Self.staying)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up (0, 0)")
    let broker = try scene.broker(of: run)
    var old: Int32 = 0
    for turn in 0..<3 {
      try #require(
        Moment.within(20) {
          let now = Household.processes(of: run.pid, with: ["driver", "files"]).first ?? old
          defer { old = now }
          return now != old
        })
      _ = kill(old, [SIGKILL, SIGSEGV, SIGILL][turn])
      let line = "turn \(turn)\n"
      #expect(unsafe write(input.writeEnd.raw, line, line.utf8.count) == line.utf8.count)
      try scene.waitFor("turn \(turn) True (0, 0) (0, 0)")
    }
    #expect(try scene.broker(of: run) == broker)
    #expect(Household.processes(of: run.pid, with: ["driver", "network"]).count == 1)
    run.send(SIGTERM)
    try run.wait()
    #expect(scene.scratch.content("err").contains("driver files of app died: killed by SIGKILL"))
    #expect(!scene.status.contains("broker-died"))
  }

  @Test("is not to be had for what the supervisor does itself", arguments: ["apps", "clock"])
  func unmovable(name: String) throws {
    let found = Fixture.errors("drivers.\(name).mode = \"user\"")
    #expect(found.count == 1 && "\(found)".contains("the supervisor does this itself"))
    for name in ["files", "network", "secrets", "devices"] {
      #expect(Fixture.errors("drivers.\(name).mode = \"user\"").isEmpty)
    }
  }
}
