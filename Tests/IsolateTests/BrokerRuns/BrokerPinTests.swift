import Glibc
import Testing

@testable import Isolate

/// An app that can write the directory in which its own secret, or the socket it may connect to, lies.
@Suite("A broker's view")
struct BrokerPinTests {
  private static let box = """
    write = ["$DIR/box"]
    """

  /// The scene, with a directory `box` that belongs to the app; the status of `make` must be 0.
  private func scene(_ grants: String, make: String, app: String) throws -> BrokerScene {
    let scene = try BrokerScene(
      grants: grants, limits: Self.box,
      app: "box = os.path.dirname(__file__) + '/box'\n" + app)
    let made = Run.shell("cd \"$1\" && mkdir -m 777 box && \(make)", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    return scene
  }

  private static let secretGrant = """
    [grants.key]
    secret.file = "$DIR/box/key"
    """

  @Test("shows the secret that was there when the app was started") func untouched() throws {
    let scene = try scene(
      Self.secretGrant, make: "echo mine >box/key && chmod 644 box/key",
      app: """
        r = call(48, struct.pack("<H", 0))
        show(told(r), os.read(r["fds"][0], 100))
        """)
    let ran = scene.run()
    #expect(ran.output == "(0, 0) b'mine\\n'\n", "\(ran.errors)")
  }

  @Test(
    "is not shown what an app puts where its secret lies", arguments: ["link", "rename", "parent"])
  func secret(how: String) throws {
    let ways = [
      "link": "os.remove(box + '/in/key'); os.symlink('../../secret', box + '/in/key')",
      "rename": "os.rename(box + '/in/other', box + '/in/key')",
      "parent": "os.rename(box + '/in', box + '/moved'); os.symlink('elsewhere', box + '/in')",
    ]
    let scene = try scene(
      """
      [grants.key]
      secret.file = "$DIR/box/in/key"
      """,
      make: """
        mkdir -m 777 box/in box/elsewhere && echo mine >box/in/key && echo other >box/in/other \
        && ln -s ../../secret box/elsewhere/key && chmod 666 box/in/key box/in/other
        """,
      app: """
        \(ways[how] ?? "fail")
        r = call(48, struct.pack("<H", 0))
        show(r["status"] != 0, r["fds"])
        """)
    let ran = scene.run()
    #expect(ran.output == "True []\n", "\(ran.errors)")
  }

  @Test("is not shown the socket that an app puts where its own lies") func socket() throws {
    let scene = try scene(
      """
      [grants.service]
      connect = ["unix:$DIR/box/service"]
      """, make: "true",
      app: """
        def connect(): return call(32, struct.pack("<HBBH", 0, 3, 0, 0) + text(box + "/service"))
        if not os.path.exists(box + "/stay"):
            os.rename(box + "/service", box + "/mine")
            os.symlink("../private.sock", box + "/service")
        r = connect()
        show(r["status"] == 0, len(r["fds"]))
        """)
    let (server, _) = try BrokerNetworkTests.server(
      scene,
      "os.umask(0); o = socket.socket(socket.AF_UNIX); o.bind('\(scene.path)/private.sock'); o.listen(5); "
        + "s = socket.socket(socket.AF_UNIX); s.bind('\(scene.path)/box/service')")
    defer { server.send(SIGKILL) }
    _ = scene.scratch.file("box/stay", "")
    let stayed = scene.run()
    #expect(stayed.output == "True 1\n", "\(stayed.errors)")
    #expect(unsafe unlink(scene.path + "/box/stay") == 0)
    let ran = scene.run()
    #expect(ran.output == "False 0\n", "\(ran.errors)")
  }
}
