import Glibc
import Testing

@testable import Isolate

@Suite("A broker and the network")
struct BrokerNetworkTests {
  /// A server of the host, on a port that the kernel chose: says what it got, in capitals, to everybody.
  static func server(_ scene: BrokerScene, _ make: String) throws -> (Spawned, String) {
    _ = scene.scratch.file(
      "server.py",
      """
      import socket, sys, os
      \(make)
      s.listen(5)
      name = s.getsockname()
      open("\(scene.path)/port.new", "w").write(str(name if isinstance(name, str) else name[1]))
      os.rename("\(scene.path)/port.new", "\(scene.path)/port")
      while True:
          c, _ = s.accept()
          data = c.recv(100)
          c.sendall(data.upper())
          c.recv(1)
          print("closed", flush=True)
          c.close()
      """)
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/server.out", O_WRONLY | O_CREAT | O_TRUNC)
    let python = try #require(Run.find("python3"))
    let server = try Spawned([python, "-B", scene.path + "/server.py"], setup)
    try #require(Moment.within(30) { !scene.scratch.content("port").isEmpty }, "no server")
    return (server, scene.scratch.content("port"))
  }

  /// The app learns the port from a file that it may read through its broker.
  static let grants = """
    [grants.port]
    files = "$DIR/port"
    [grants.web]
    connect = ["tcp:127.0.0.1:1024-65535", "tcp:localhost:1024-65535"]
    """

  static let prelude = """
    port = int(os.read(openat("")["fds"][0], 9))
    def connect(host, port, grant=1, transport=1):
        return call(32, struct.pack("<HBBH", grant, transport, 0, port) + text(host))

    """

  @Test("hands out sockets that cannot be pointed elsewhere")
  func reconnect() throws {
    let scene = try BrokerScene(
      grants: Self.grants,
      app: Self.prelude + """
        sock = socket.socket(fileno=connect("127.0.0.1", port)["fds"][0])
        libc = __import__("ctypes").CDLL(None, use_errno=True)
        # AF_UNSPEC dissolves the connection; then the socket would be free to go anywhere in the broker's network.
        gone = libc.connect(sock.fileno(), bytes(16), 16)
        try: sock.connect(("127.0.0.1", port)); show("elsewhere")
        except OSError as e: show("held", e.errno == errno.EACCES)
        try: sock.sendto(b"x", 0x20000000, ("127.0.0.1", port)); show("fast")
        except OSError as e: show("no fast open", e.errno == errno.EPERM)
        """)
    let (server, _) = try Self.server(scene, "s = socket.create_server(('127.0.0.1', 0))")
    defer { server.send(SIGKILL) }
    let ran = scene.run()
    #expect(ran.output == "held True\nno fast open True\n", "\(ran.errors)")
  }

  @Test("connects where a grant says, by address and by name, and nowhere else")
  func tcp() throws {
    let scene = try BrokerScene(
      grants: Self.grants,
      app: Self.prelude + """
        for host in ("127.0.0.1", "localhost"):
            r = connect(host, port)
            if r["fds"]:
                sock = socket.socket(fileno=r["fds"][0])
                sock.sendall(b"hello"); show(sock.recv(100))
                sock.shutdown(socket.SHUT_RDWR); sock.close()
            else: show(host, told(r))
        show(told(connect("127.0.0.1", 80)), told(connect("127.0.0.2", port)))
        show(told(connect("example.org", port)))
        """)
    let (server, _) = try Self.server(
      scene, "s = socket.socket(); s.bind(('127.0.0.1', 0))")
    defer { server.send(SIGKILL) }
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == "b'HELLO'\nb'HELLO'\n(13, 3) (13, 3)\n(13, 3)\n", "\(ran.errors)")
  }

  @Test("says what the kernel said when nobody listens")
  func nobodyListens() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.web]
        connect = ["tcp:127.0.0.1:1"]
        """,
      app: """
        show(told(call(32, struct.pack("<HBBH", 0, 1, 0, 1) + text("127.0.0.1"))))
        """)
    let ran = scene.run()
    #expect(ran.output == "(\(ECONNREFUSED), 0)\n", "\(ran.errors)")
  }

  @Test("connects to a socket in the file system that the app cannot see")
  func unix() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.service]
        connect = ["unix:$DIR/service"]
        """,
      app: """
        path = os.path.dirname(__file__) + "/service"
        r = call(32, struct.pack("<HBBH", 0, 3, 0, 0) + text(path))
        if r["fds"]:
            sock = socket.socket(fileno=r["fds"][0])
            sock.sendall(b"hello"); show(sock.recv(100))
        else: show(told(r))
        """)
    let (server, _) = try Self.server(
      scene,
      "s = socket.socket(socket.AF_UNIX); s.bind('\(scene.path)/service'); "
        + "os.chmod('\(scene.path)/service', 0o777)")
    defer { server.send(SIGKILL) }
    let ran = scene.run()
    #expect(ran.output == "b'HELLO'\n", "\(ran.errors)")
  }

  @Test("listens where a grant says, and the host can connect")
  func listens() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.serve]
        listen = ["tcp:127.0.0.1:20000-30000"]
        """,
      app: """
        for wanted in range(20000 + os.getpid() % 5000, 30000, 7):
          r = call(33, struct.pack("<HBBHH", 0, 1, 0, wanted, 5) + text("127.0.0.1"))
          if told(r) != (errno.EADDRINUSE, 0): break
        handle, port = struct.unpack("<IH", r["body"])
        show("port", port)
        server = socket.socket(fileno=r["fds"][0])
        peer, _ = server.accept()
        show(peer.recv(100))
        """)
    let run = try scene.start()
    try scene.waitFor("port ")
    let out = scene.scratch.content("out")
    let port = out.dropFirst(5).prefix { $0.isNumber }
    let python = try #require(Run.find("python3"))
    let sent = Run.command([
      python, "-c",
      "import socket; socket.create_connection(('127.0.0.1', \(port))).sendall(b'hi')",
    ])
    #expect(sent.code == 0, "\(sent.errors)")
    #expect(try run.wait().code == 0)
    #expect(scene.scratch.content("out").contains("b'hi'"))
  }

  @Test("a connection that was waited for leaves the broker in peace")
  func waitedFor() throws {
    let scene = try BrokerScene(
      grants: Self.grants,
      app: Self.prelude + """
        door.send(message(32, struct.pack("<HBBH", 1, 1, 0, port) + text("127.0.0.1"), 30000))
        r = receive()
        show("connected", told(r))
        time.sleep(1000)
        """)
    /* With its queue full it answers nobody, until it takes one. */
    _ = scene.scratch.file(
      "full.py",
      """
      import os, socket, time
      s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
      first = socket.create_connection(s.getsockname())
      open("\(scene.path)/port.new", "w").write(str(s.getsockname()[1]))
      os.rename("\(scene.path)/port.new", "\(scene.path)/port")
      while not os.path.exists("\(scene.path)/go"): time.sleep(0.01)
      kept = []
      while True: kept.append(s.accept())
      """)
    let server = try Spawned([try #require(Run.find("python3")), "-B", scene.path + "/full.py"])
    defer { server.send(SIGKILL) }
    try #require(Moment.within(30) { !scene.scratch.content("port").isEmpty }, "no server")
    let port = try #require(UInt16(scene.scratch.content("port")))
    let run = try scene.start()
    defer { run.send(SIGKILL) }
    /* SYN_SENT (proc_pid_net(5)). */
    let hex = String(port, radix: 16, uppercase: true)
    let place = ":" + String(repeating: "0", count: 4 - hex.utf8.count) + hex + " 02"
    try #require(
      Moment.within(30) { Run.read("/proc/net/tcp").contains(place) },
      "nobody waits: \(scene.scratch.content("err"))")
    _ = scene.scratch.file("go", "")
    try scene.waitFor("connected (0, 0)", seconds: 60)
    let broker = try scene.broker(of: run)
    #expect(
      Moment.within(20) {
        let text = Run.read("/proc/\(broker)/stat")
        return text.split(separator: ")").last?.hasPrefix(" S") == true
      }, "the broker does not sleep")
  }
}
