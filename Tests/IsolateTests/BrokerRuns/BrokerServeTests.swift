import Glibc
import Testing

@testable import Isolate

@Suite("A broker")
struct BrokerServeTests {
  @Test("tells what is granted, and opens, reads, lists and changes it")
  func files() throws {
    let scene = try BrokerScene(
      app: """
        r = hello()
        show("hello", told(r), r["body"][10:12], b"data" in r["body"])
        r = openat("plain")
        show("read", os.read(r["fds"][0], 100), r["rule"].endswith("app.toml:7"))
        try: os.open("/proc/self/fd/%d" % r["fds"][0], os.O_RDWR); show("writable")
        except OSError as e: show("again", e.errno in (errno.EROFS, errno.EACCES))
        r = openat("new", 2 | 4)
        show("wrote", os.write(r["fds"][0], b"new\\n"))
        show("stat", struct.unpack_from("<Q", call(17, struct.pack("<H", 0) + text("new"))["body"])[0])
        listing = call(18, struct.pack("<H", 0) + text("") + struct.pack("<Q", 0))["body"]
        show("list", b"new" in listing, b"plain" in listing)
        show("rename", told(call(20, struct.pack("<HI", 0, 0) + text("new") + text("newer"))))
        show("directory", told(call(21, struct.pack("<HI", 0, 0o755) + text("made"))))
        show("remove", told(call(19, struct.pack("<HI", 0, 1) + text("made"))))
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        hello (0, 0) b'\\x01\\x00' True
        read b'plain\\n' True
        again True
        wrote 4
        stat 4
        list True True
        rename (0, 0)
        directory (0, 0)
        remove (0, 0)

        """)
    #expect(scene.scratch.content("data/newer") == "new\n")
  }

  @Test("refuses what lies outside, with the rule that decided")
  func refusals() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.data]
        files = "$DIR/data"
        """,
      app: """
        for path in ("../outside", "/etc/passwd", "..", "a/../../outside", "link", "/proc/self/mem"):
            r = openat(path)
            show(path, r["status"] != 0, r["fds"], r["rule"].endswith("app.toml:7"))
        show("write", told(openat("plain", 2)))
        show("remove", told(call(19, struct.pack("<HI", 0, 0) + text("plain"))))
        show("none", told(openat("plain", grant=3)))
        show("nul", told(openat("a\\0b")))
        show("still", os.read(openat("plain")["fds"][0], 9))
        """)
    _ = Run.shell("ln -s ../outside \"$1/data/link\"", [scene.path])
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        ../outside True [] True
        /etc/passwd True [] True
        .. True [] True
        a/../../outside True [] True
        link True [] True
        /proc/self/mem True [] True
        write (13, 2)
        remove (13, 2)
        none (13, 1)
        nul (22, 15)
        still b'plain\\n'

        """)
  }

  @Test("lets who may only make files make new ones, and not write those that are there")
  func onlyMaking() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.data]
        files = "$DIR/data"
        rights = ["create"]
        """,
      app: """
        show(told(openat("plain", 2 | 4)), told(openat("plain", 2 | 4 | 16)), told(openat("plain", 2)))
        show(os.write(openat("new", 2 | 4)["fds"][0], b"mine\\n"))
        show(told(openat("new", 1)))
        """)
    let ran = scene.run()
    #expect(ran.output == "(17, 0) (17, 0) (13, 2)\n5\n(13, 2)\n", "\(ran.errors)")
    #expect(scene.scratch.content("data/plain") == "plain\n")
  }

  @Test("hands a secret over as sealed memory, which the app has no other way to")
  func secret() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.key]
        secret.file = "$DIR/secret"
        """,
      app: """
        try: open("\\x24DIR/secret".replace("\\x24DIR", os.path.dirname(__file__))); show("seen")
        except OSError: show("hidden")
        fd = call(48, struct.pack("<H", 0))["fds"][0]
        show(os.read(fd, 100))
        try: os.write(fd, b"x"); show("written")
        except OSError: show("sealed")
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output == "hidden\nb'key\\n'\nsealed\n")
  }

  @Test("is not there for an app that never asks")
  func nothingForNothing() throws {
    let scene = try BrokerScene(app: "show('up'); time.sleep(30)")
    let run = try scene.start()
    try scene.waitFor("up")
    /* Its init and itself. */
    #expect(Household.descendants(of: run.pid).count == 2)
    #expect(Household.brokers(of: run.pid).isEmpty)
    run.send(SIGTERM)
    try run.wait()
    #expect(!scene.status.contains("broker-started"))
  }

  @Test("is not there without grants, and neither is a door")
  func noGrants() throws {
    let ran = Run.command([
      Executable.path, "run", "--", "/bin/sh", "-c",
      "echo \"[$ISOLATED_BROKER_FD]\"; ls /proc/self/fd | wc -l",
    ])
    #expect(ran.output == "[]\n4\n", "\(ran.errors)")
  }

  @Test("serves several doors, and goes on while one of them is open")
  func doors() throws {
    let scene = try BrokerScene(
      app: """
        r = call(6)
        other = socket.socket(fileno=r["fds"][0])
        show(told(r), told(hello(other)))
        door.send(message(1, struct.pack("<HHH", 1, 1, 0)))
        other.send(message(1, struct.pack("<HHH", 1, 1, 0)))
        show(receive(other)["op"], receive()["op"])
        show(os.read(openat("plain", sock=other)["fds"][0], 9))
        made = [other]
        while True:
            r = call(6)
            if r["status"]: show("doors", len(made) + 1, told(r)); break
            made.append(socket.socket(fileno=r["fds"][0]))
        for sock in made[1:]: sock.close()
        deadline = time.time() + 10
        while call(6)["status"] and time.time() < deadline: pass
        show("again", time.time() < deadline)
        """)
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.output == """
        (0, 0) (0, 0)
        1 1
        b'plain\\n'
        doors \(WireLimits.doors) (24, 10)
        again True

        """)
  }

  @Test("serves what a grant named when the app started, whatever the app puts there later")
  func pinned() throws {
    let scene = try BrokerScene(
      grants: """
        [grants.inner]
        files = "$DIR/data/inner"
        """,
      app: """
        base = os.path.dirname(__file__) + "/data"
        os.rename(base + "/inner", base + "/moved")
        os.symlink("..", base + "/inner")
        show(told(openat("outside")), told(openat("plain")))
        """)
    _ = Run.shell("mkdir \"$1/data/inner\" && chmod 777 \"$1/data\"", [scene.path])
    _ = Run.shell(
      "sed -i 's|^\\[grants|write = [\"'\"$1\"'/data\"]\\n&|' \"$1/app.toml\"", [scene.path])
    let ran = scene.run()
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output == "(\(ESTALE), 0) (\(ESTALE), 0)\n")
  }

  @Test("is confined to the grants itself")
  func confined() throws {
    let scene = try BrokerScene(
      app: """
        hello()
        show("up")
        time.sleep(30)
        """)
    let run = try scene.start()
    try scene.waitFor("up")
    let broker = try scene.broker(of: run)
    let status = Run.read("/proc/\(broker)/status")
    #expect(status.contains("Seccomp:\t2"))
    #expect(status.contains("NoNewPrivs:\t1"))
    #expect(status.contains("CapEff:\t0000000000000000"))
    if Privileges.isRoot {
      let view = Run.shell("ls /proc/\(broker)/root; ls /proc/\(broker)/root/grants/0")
      #expect(!view.output.contains("home"), "\(view.output)")
      #expect(view.output.contains("read\nwrite"), "\(view.output)")
    }
    run.send(SIGKILL)
    try run.wait()
    #expect(Moment.within(10) { !Household.isThere(broker) })
  }
}
