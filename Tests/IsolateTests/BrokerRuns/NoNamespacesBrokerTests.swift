import Glibc
import Testing

@testable import Isolate

@Suite("A broker without namespaces")
struct NoNamespacesBrokerTests {
  /// A descriptor of a mount that is not read-only could be opened anew for writing; without namespaces there is no other mount.
  @Test("refuses files of grants and hands out nothing, and serves what needs no mount of its own")
  func files() throws {
    let scene = try BrokerScene(
      grants: BrokerScene.dataGrant + """

        [grants.names]
        resolve = ["localhost"]
        """,
      limits: """
        [relax]
        require = "what there is on such a machine"
        """,
      app: """
        def bare(r): return (told(r), r["fds"], r["body"])
        show("hello", told(hello()))
        for path in ("plain", "../outside", "/etc/hostname"):
            r = openat(path)
            show(path, r["status"] != 0, r["fds"])
        r = openat("made", flags=2 | 4)
        show("made", r["status"] != 0, r["fds"])
        show("name", told(call(34, struct.pack("<H", 1) + text("localhost"))))
        """)
    let profile = scene.scratch.content("app.toml")
    _ = scene.scratch.file("app.toml", "require = [\"filter\"]\n" + profile)
    #expect(Run.shell("chmod -R a+rX \"$1\" && chmod 777 \"$1/data\"", [scene.path]).code == 0)
    let ran = Misfortune.run(
      ["userns", "max-userns:0"], ["run", "--quiet", scene.path + "/app.toml"])
    #expect(
      ran.output == """
        hello (0, 0)
        plain True []
        ../outside True []
        /etc/hostname True []
        made True []
        name (0, 0)

        """, "\(ran.errors)")
    #expect(scene.scratch.content("data/made") == "")
    #expect(Run.shell("test ! -e \"$1/data/made\"", [scene.path]).code == 0)
  }
}
