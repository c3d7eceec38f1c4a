import Glibc
import Testing

@testable import Isolate

/// What becomes of sockets and devices that were handed out.
@Suite("What a broker handed out")
struct BrokerRevokeTests {
  /// A port that the grant does not name tells whether it was taken back: that is looked at first.
  private static let revoked = """
    def revoked():
        while told(connect("127.0.0.1", 80)) != (128, 7): time.sleep(0.05)

    """

  private func scene(_ app: String) throws -> BrokerScene {
    let scene = try BrokerScene(
      grants: BrokerNetworkTests.grants, app: BrokerNetworkTests.prelude + Self.revoked + app)
    scene.before = "export XDG_RUNTIME_DIR='\(scene.path)'"
    return scene
  }

  private func server(_ scene: BrokerScene) throws -> Spawned {
    try BrokerNetworkTests.server(scene, "s = socket.create_server(('127.0.0.1', 0))").0
  }

  private func revoke(_ scene: BrokerScene, _ run: Spawned) {
    let ran = Run.command([
      "/usr/bin/env", "XDG_RUNTIME_DIR=\(scene.path)", Executable.path, "revoke", "app.\(run.pid)",
      "web",
    ])
    #expect(ran.code == 0, "\(ran.errors)")
  }

  private func end(_ run: Spawned) throws {
    run.send(SIGTERM)
    try run.wait()
  }

  @Test("is cut when its grant is taken back: both ends see it, and there is no new connection")
  func cut() throws {
    let scene = try scene(
      """
      sock = socket.socket(fileno=connect("127.0.0.1", port)["fds"][0])
      sock.settimeout(60)
      sock.sendall(b"hello"); show("up", sock.recv(100))
      show("cut", sock.recv(1))
      revoked()
      show(told(connect("127.0.0.1", port)))
      try: sock.sendall(b"x"); show("sent")
      except BrokenPipeError: show("no way")
      time.sleep(60)
      """)
    let server = try server(scene)
    defer { server.send(SIGKILL) }
    let run = try scene.start()
    try scene.waitFor("up b'HELLO'")
    #expect(!scene.scratch.content("server.out").contains("closed"))
    revoke(scene, run)
    try scene.waitFor("no way")
    #expect(scene.scratch.content("out").hasSuffix("cut b''\n(128, 7)\nno way\n"))
    #expect(Moment.within(10) { scene.scratch.content("server.out").contains("closed") })
    try end(run)
  }

  @Test(
    "is cut by the supervisor itself: a broker that does nothing any more changes nothing about it")
  func cutWithoutBroker() throws {
    let scene = try scene(
      """
      sock = socket.socket(fileno=connect("127.0.0.1", port)["fds"][0])
      sock.settimeout(60)
      sock.sendall(b"hello"); show("up", sock.recv(100))
      show("cut", sock.recv(1))
      time.sleep(60)
      """)
    let server = try server(scene)
    defer { server.send(SIGKILL) }
    let run = try scene.start()
    try scene.waitFor("up b'HELLO'")
    let broker = try scene.broker(of: run)
    #expect(kill(broker, SIGSTOP) == 0)
    revoke(scene, run)
    try scene.waitFor("cut b''")
    #expect(Moment.within(10) { scene.scratch.content("server.out").contains("closed") })
    #expect(try scene.broker(of: run) == broker, "it is the one that was stopped")
    try end(run)
  }

  @Test("ends for its peer when the app closes it, with nothing said to anybody")
  func closed() throws {
    let scene = try scene(
      """
      sock = socket.socket(fileno=connect("127.0.0.1", port)["fds"][0])
      sock.sendall(b"hello"); show(sock.recv(100))
      sock.close()
      def kinds():
          body = call(4, struct.pack("<I", 0))["body"]
          return [body[2 + 20 * n + 6] for n in range(struct.unpack_from("<H", body)[0])]
      while 2 in kinds(): time.sleep(0.05)
      show("forgotten")
      time.sleep(60)
      """)
    let server = try server(scene)
    defer { server.send(SIGKILL) }
    let run = try scene.start()
    try scene.waitFor("b'HELLO'")
    #expect(Moment.within(20) { scene.scratch.content("server.out").contains("closed") })
    try scene.waitFor("forgotten")
    try end(run)
  }

  @Test("ends for its peer however many there were: none is cut for want of places")
  func many() throws {
    let scene = try scene(
      """
      good = 0
      for n in range(1200):
          r = connect("127.0.0.1", port)
          sock = socket.socket(fileno=r["fds"][0])
          sock.sendall(b"hello")
          good += sock.recv(100) == b"HELLO"
          sock.close()
      show("good", good)
      """)
    _ = scene.scratch.file(
      "many.py",
      """
      import socket, sys, os, threading
      s = socket.create_server(("127.0.0.1", 0))
      open("\(scene.path)/port.new", "w").write(str(s.getsockname()[1]))
      os.rename("\(scene.path)/port.new", "\(scene.path)/port")
      def serve(c):
          c.sendall(c.recv(100).upper()); c.recv(1); c.close()
      while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
      """)
    let python = try #require(Run.find("python3"))
    let server = try Spawned([python, "-B", scene.path + "/many.py"], Spawned.Setup())
    defer { server.send(SIGKILL) }
    try #require(Moment.within(30) { !scene.scratch.content("port").isEmpty }, "no server")
    let ran = scene.run()
    #expect(ran.output == "good 1200\n", "\(ran.errors)")
  }

  @Test("stays open while another process of the app has it, and can be cut there")
  func inherited() throws {
    let scene = try scene(
      """
      sock = socket.socket(fileno=connect("127.0.0.1", port)["fds"][0])
      sock.settimeout(60)
      sock.sendall(b"hello"); show(sock.recv(100))
      if os.fork() == 0:
          time.sleep(6)
          show("open" if not select.select([sock], [], [], 0)[0] else "gone")
          show("cut", sock.recv(1))
          os._exit(0)
      sock.close()
      os.wait()
      time.sleep(60)
      """)
    let server = try server(scene)
    defer { server.send(SIGKILL) }
    let run = try scene.start()
    try scene.waitFor("open")
    #expect(!scene.scratch.content("server.out").contains("closed"))
    revoke(scene, run)
    try scene.waitFor("cut b''")
    try end(run)
  }

  @Test("is cut though it is on its way between two processes, in nobody's table")
  func onItsWay() throws {
    let scene = try scene(
      """
      sock = socket.socket(fileno=connect("127.0.0.1", port)["fds"][0])
      sock.sendall(b"hello"); show(sock.recv(100))
      one, other = socket.socketpair()
      socket.send_fds(one, [b"x"], [sock.fileno()])
      sock.close()
      time.sleep(6)
      show("parked")
      revoked()
      sock = socket.socket(fileno=socket.recv_fds(other, 1, 1)[1][0])
      sock.settimeout(60)
      show("cut", sock.recv(1))
      time.sleep(60)
      """)
    let server = try server(scene)
    defer { server.send(SIGKILL) }
    let run = try scene.start()
    try scene.waitFor("parked")
    #expect(!scene.scratch.content("server.out").contains("closed"))
    revoke(scene, run)
    try scene.waitFor("cut b''")
    try end(run)
  }

  @Test("is the granted device, for what was granted")
  func devices() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.a-full]
        device = "/dev/full"
        rights = ["read", "write"]
        [grants.b-zero]
        device = "/dev/zero"
        """,
      app: """
        def device(grant, flags): return call(64, struct.pack("<HI", grant, flags))
        full = device(0, 3)["fds"][0]
        show(os.read(full, 3), os.fstat(full).st_rdev == os.makedev(1, 7))
        try: os.write(full, b"x"); show("written")
        except OSError as e: show(e.errno == errno.ENOSPC)
        show(told(device(1, 2)), told(device(1, 3)), told(device(0, 16)), told(device(2, 1)))
        zero = device(1, 1)["fds"][0]
        show(os.read(zero, 3), os.fstat(zero).st_rdev == os.makedev(1, 5))
        for write in (lambda: os.write(zero, b"x"), lambda: os.open("/proc/self/fd/%d" % zero, os.O_RDWR)):
            try: write(); show("written")
            except OSError as e: show(e.errno in (errno.EBADF, errno.EACCES, errno.EPERM))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        b'\\x00\\x00\\x00' True
        True
        (13, 2) (13, 2) (22, 15) (13, 1)
        b'\\x00\\x00\\x00' True
        True
        True

        """, "\(ran.errors)")
  }
}
