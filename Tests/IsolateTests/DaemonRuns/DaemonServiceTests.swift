import Glibc
import Testing

@testable import Isolate

@Suite("A daemon and what its apps listen on and say", .serialized)
final class DaemonServiceTests {
  /// A server of two sockets that it is given; "crash" makes it abort, "hang" makes it deaf.
  private static let server = """
    import os, socket, select, time
    assert os.environ["LISTEN_PID"] == str(os.getpid())
    def notify(text):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.connect(os.environ["NOTIFY_SOCKET"]); s.send(text.encode())
    listeners = [socket.socket(fileno=3 + i) for i in range(int(os.environ["LISTEN_FDS"]))]
    notify("READY=1\\nSTATUS=serving " + os.environ["LISTEN_FDNAMES"])
    while True:
        ready, _, _ = select.select(listeners, [], [], 0.5)
        notify("WATCHDOG=1")
        for one in ready:
            peer, _ = one.accept()
            data = peer.recv(100)
            if data == b"crash": os.abort()
            if data == b"hang": time.sleep(1000)
            if data in (b"shut", b"shut and go"):
                for one in listeners: one.shutdown(socket.SHUT_RDWR)
                os._exit(0 if data == b"shut and go" else 1)
            peer.sendall(b"got " + data)
            peer.close()
    """

  private func scene(_ restart: String = "burst = 100\ndelay = \"1ms\"\nceiling = \"10ms\"") throws
    -> DaemonScene
  {
    let scene = try DaemonScene()
    _ = scene.scratch.file("server.py", Self.server)
    /* A port that is free now. */
    let python = try #require(Run.find("python3"))
    let found = Run.command([
      python, "-c",
      "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
    ])
    port = found.output.split(separator: "\n").first.map(String.init) ?? ""
    scene.write(
      "web",
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/server.py"]
      [files]
      read = ["$DIR/server.py"]
      [service]
      start = "demand"
      listen = ["tcp:127.0.0.1:\(port)", { name = "local", address = "unix:$DIR/local" }]
      [readiness]
      when = "notify"
      [watchdog]
      interval = "2s"
      [restart]
      \(restart)
      """)
    return scene
  }

  private var port = ""

  /// Clients, each of which must be served: a line for each answer.
  private func ask(_ scene: DaemonScene, _ code: String) throws -> Ran {
    let python = try #require(Run.find("python3"))
    return Run.command([
      python, "-c",
      """
      import socket, threading, sys
      def tcp(): return socket.create_connection(("127.0.0.1", \(port)), timeout=30)
      def unix():
          s = socket.socket(socket.AF_UNIX); s.settimeout(30); s.connect("\(scene.path)/local"); return s
      def ask(make, text):
          s = make(); s.sendall(text)
          try: return s.recv(100)
          except ConnectionResetError: return b""
      \(code)
      """,
    ])
  }

  @Test("starts an app when somebody connects, and it gets its sockets with their names")
  func wakes() throws {
    let scene = try scene()
    try scene.start()
    #expect(try scene.app("web").state == .down)
    #expect(try scene.app("web").isListening)
    let ran = try ask(scene, "print(ask(tcp, b'one'), ask(unix, b'two'))")
    #expect(ran.output == "b'got one' b'got two'\n", "\(ran.errors) \(scene.said)")
    let app = try scene.app("web")
    #expect(app.state == .ready || app.state == .running)
    #expect(app.status == "serving listen:local")
    #expect(scene.run("stop", "web").code == 0)
    let after = try ask(scene, "print(ask(tcp, b'three'))")
    #expect(after.errors.contains("ConnectionRefused"))
  }

  @Test("opens anew what an app has shut, whether it is restarted or waits for the next connection")
  func shut() throws {
    let scene = try scene()
    try scene.start()
    for (word, launches) in [("shut", 2), ("shut and go", 3)] {
      let ran = try ask(
        scene,
        """
        import time
        def until(make):
            for _ in range(200):
                try:
                    if ask(make, b"x") == b"got x": return "served"
                except OSError: time.sleep(0.05)
            return "never"
        until(tcp)
        try: ask(unix, b"\(word)")
        except OSError: pass
        print(until(tcp), until(unix))
        """)
      #expect(ran.output == "served served\n", "\(word): \(ran.errors) \(scene.said)")
      #expect(
        scene.run("metrics").output.contains(
          "isolated_app_launches_total{app=\"web\"} \(launches)\n"))
    }
    #expect(scene.said.contains("opened anew: listen, local"), "\(scene.said)")
  }

  @Test("refuses no connection while an app crashes a hundred times under load")
  func crashesUnderLoad() throws {
    let scene = try scene(
      "when = \"always\"\nburst = 100\nwindow = \"1ms\"\ndelay = \"1ms\"\nceiling = \"2ms\"")
    try scene.start()
    let ran = try ask(
      scene,
      """
      import time
      done = threading.Event(); refused = []; served = [0, 0]
      def fleet(make, place):
          while not done.is_set():
              try:
                  if ask(make, b"x") == b"got x": served[place] += 1
              except (ConnectionRefusedError, FileNotFoundError) as e: refused.append(repr(e))
      threads = [threading.Thread(target=fleet, args=(m, p)) for p, m in enumerate((tcp, unix)) for _ in range(3)]
      for t in threads: t.start()
      for n in range(100):
          try: ask(tcp if n % 2 else unix, b"crash")
          except OSError as e: refused.append(repr(e))
      done.set()
      for t in threads: t.join()
      print(refused[:3], served[0] > 0, served[1] > 0)
      """)
    #expect(ran.output == "[] True True\n", "\(ran.errors) \(scene.said.suffix(2000))")
    let ends = scene.run("metrics").output.split(separator: "\n").first {
      $0.contains("cause=\"signal\"")
    }
    #expect(ends?.hasSuffix(" 100") == true, "\(ends ?? "none")")
  }

  @Test("ends an app that gives no sign of life, and says so") func watchdog() throws {
    let scene = try scene()
    try scene.start()
    let asked = try ask(scene, "s = tcp(); s.sendall(b'hang')")
    try #require(asked.code == 0, "\(asked.errors)")
    try #require(
      Moment.within(30) { (try? scene.app("web").end?.cause) == "watchdog" }, "\(scene.story)")
    #expect(try ask(scene, "print(ask(tcp, b'back'))").output == "b'got back'\n")
  }

  @Test("an app that does not say READY=1 in time is ended") func notReady() throws {
    let scene = try DaemonScene([
      (
        "app",
        DaemonScene.shell(
          "exec sleep 1000",
          "[readiness]\nwhen = \"notify\"\ntimeout = \"300ms\"\n[restart]\nwhen = \"never\"")
      )
    ])
    try scene.start()
    try scene.waitFor("app", .failed)
    #expect(try scene.app("app").end?.cause == "start-timeout")
  }

  @Test("reaches nobody's state but its own: its socket is not in another app's view") func apart()
    throws
  {
    let script = "ls -A /run/isolated 2>&1; [ -e /run/isolated/notify ] && echo there"
    let scene = try DaemonScene([
      (
        "with",
        DaemonScene.shell(
          "(\(script)) >$DIR/out/with; exec sleep 1000",
          "[files]\nwrite = [\"$DIR/out\"]\n[readiness]\nwhen = \"notify\"")
      ),
      (
        "without",
        DaemonScene.shell(
          "(\(script)) >$DIR/out/without; echo end >>$DIR/out/without; exec sleep 1000",
          "[files]\nwrite = [\"$DIR/out\"]")
      ),
    ])
    #expect(Run.shell("mkdir -m 777 \"$1/out\"", [scene.path]).code == 0)
    try scene.start()
    try scene.waitFor("there", in: "out/with")
    try scene.waitFor("end", in: "out/without")
    #expect(scene.scratch.content("out/with") == "notify\nthere\n")
    #expect(!scene.scratch.content("out/without").contains("there"))
  }
}
