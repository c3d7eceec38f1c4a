import Isolate
import Testing

@Suite("The app's view of files")
struct ResolvedFilesTests {
  @Test("rules are sorted so that a parent comes before what lies in it") func sorted() throws {
    let policy = try Fixture.policy(
      "files = { read = [\"/b/c\", \"/a\"], hide = [\"/b/c/d\"], private = [\"/b\"], overlay = [\"/\"] }"
    )
    #expect(policy.files.rules.map(\.target) == ["/", "/a", "/b", "/b/c", "/b/c/d"])
  }

  @Test("what a rule leaves out has its documented value") func defaults() throws {
    let rules = try Fixture.policy(
      "files = { read = [\"/r\"], write = [\"/w\"], private = [\"/p\"], hide = [\"/h\"] }"
    ).files.rules
    let hide = try #require(rules.first { $0.kind == .hide })
    #expect(hide.isOptional)
    let read = try #require(rules.first { $0.kind == .read })
    #expect(read.allowsExecute)
    #expect(read.mapsOwner)
    #expect(!read.isOptional)
    let write = try #require(rules.first { $0.kind == .write })
    #expect(!write.allowsExecute)
    let own = try #require(rules.first { $0.kind == .private })
    #expect(own.sizeBytes == 256 << 20)
    #expect(own.inodes == 65536)
    #expect(own.mode == 0o755)
    #expect(own.upper == nil)
  }

  @Test(
    "a rule that cannot hold is refused",
    arguments: [
      ("files.write = [\"/\"]", "`files.write`: the root itself can only be read or overlaid"),
      ("files.private = [\"/\"]", "`files.private`: the root itself can only be read or overlaid"),
      ("files.hide = [\"/\"]", "`files.hide`: the root itself can only be read or overlaid"),
      ("files.read = [\"/proc/self\"]", "`files.read`: the app's /proc is never the host's"),
      (
        "files = { dev = true, read = [\"/dev/null\"] }",
        "`files.read`: the app's /dev is made for it"
      ),
      (
        "files = { dev = true, write = [\"/dev/shm\"] }",
        "`files.write`: the app's /dev is made for it"
      ),
      (
        "files = { sys = true, hide = [\"/sys/x\"] }",
        "`files.hide`: files.sys shows all of /sys already"
      ),
      ("files.devices = [\"/dev/dri\"]", "`files.devices`: devices need the app's own /dev"),
      ("files = { dev = true, devices = [\"/dev\"] }", "`files.devices`: /dev is not beneath /dev"),
      (
        "files = { dev = true, devices = [\"/tmp/x\"] }",
        "`files.devices`: /tmp/x is not beneath /dev"
      ),
    ])
  func refused(text: String, message: String) {
    #expect(Fixture.errors(text) == ["0.toml:1: \(message)"])
  }

  @Test(
    "rules near our own mounts that are fine",
    arguments: [
      "files = { dev = true, private = [{ path = \"/dev/shm\", size = \"1G\" }] }",
      "files.read = [\"/dev/null\", \"/sys/class\"]",
      "files = { dev = true, devices = [\"/dev/dri\"] }",
      "files.read = [\"/\"]",
      "files.read = [\"/procs\", \"/devices\"]",
    ])
  func accepted(text: String) { #expect(Fixture.errors(text) == []) }

  @Test("devices are kept apart from the rules") func devices() throws {
    let files = try Fixture.policy("files = { dev = true, devices = [\"/dev/kvm\", \"/dev/dri\"] }")
      .files
    #expect(files.devices.map(\.target) == ["/dev/dri", "/dev/kvm"])
    #expect(files.rules == [])
  }

  @Test(
    "the app starts where the caller is if it can see it, else at home",
    arguments: [
      ("files.read = [\"/home\"]", "/home/ann/work"),
      ("files.write = [\"$CWD\"]", "/home/ann/work"),
      ("files = { private = [\"$HOME\"], read = [\"$CWD/x\"] }", "/home/ann/work"),
      ("files.private = [\"$CWD\"]", "/home/ann/work"),
      ("files.private = [\"$HOME\"]", "/home/ann"),
      ("files.hide = [\"$CWD\"]", "/"),
      ("files.read = [{ path = \"/usr\", to = \"/home/ann/work\" }]", "/home/ann"),
      ("", "/"),
      ("files.read = [\"/home/ann/x\"]", "/home/ann"),
    ])
  func start(text: String, workdir: String) throws {
    #expect(try Fixture.policy(text).workdir == workdir)
  }

  @Test(
    "a working directory the app can see is taken",
    arguments: [
      ("/", "/"), ("/proc", "/proc"), ("/dev", "/dev"), ("/dev/shm", "/dev/shm"),
      ("/sys/class", "/sys/class"), ("/etc", "/etc"), ("$HOME", "/home/ann"),
      ("/usr/share", "/usr/share"), ("/home", "/home"),
    ])
  func seen(text: String, workdir: String) throws {
    let policy = try Fixture.policy(
      """
      command.workdir = "\(text)"
      files = { proc = true, dev = true, sys = true, private = ["$HOME"], read = ["/usr"] }
      """)
    #expect(policy.workdir == workdir)
  }

  @Test(
    "a working directory outside the view is refused at its place",
    arguments: [
      "/proc", "/dev", "/sys", "/opt", "$HOME/x", "/h/x", "/etc/x",
    ])
  func unseen(path: String) {
    let errors = Fixture.errors(
      "files = { private = [\"$HOME\"], hide = [\"/h\"] }\ncommand.workdir = \"\(path)\"")
    #expect(errors.count == 1)
    #expect(errors.first?.hasPrefix("0.toml:2: `command.workdir`: ") == true)
    #expect(errors.first?.hasSuffix(" is not in the app's view") == true)
  }

  @Test("a working directory with a variable that has no value is refused") func unsetVariable() {
    let host = Fixture.host { $0.runtimeDirectory = nil }
    #expect(
      Fixture.errors("command.workdir = \"$RUNTIME_DIR\"", host: host) == [
        "0.toml:1: `command.workdir`: `$RUNTIME_DIR` has no value here"
      ])
  }

  @Test("files that tell the app who it is are made") func synthesised() throws {
    let policy = try Fixture.policy("network.mode = \"host\"\nidentity.hostname = \"box\"")
    var texts: [String: String] = [:]
    for file in policy.files.synthesised {
      switch file.content {
      case .text(let text): texts[file.path] = text
      case .link(let target): texts[file.path] = "-> " + target
      }
    }
    #expect(
      texts["/etc/passwd"] == """
        root:x:0:0:root:/:/usr/sbin/nologin
        app:x:1000:1000:app:/home/ann:/bin/sh
        nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

        """)
    #expect(texts["/etc/group"] == "root:x:0:\napp:x:1000:\nnogroup:x:65534:\n")
    #expect(texts["/etc/hosts"] == "127.0.0.1 localhost box\n::1 localhost box\n")
    #expect(texts["/etc/hostname"] == "box\n")
    #expect(texts["/etc/resolv.conf"] == "nameserver 192.0.2.1\n")
    #expect(
      texts["/etc/nsswitch.conf"]
        == "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
    #expect(texts["/etc/localtime"] == "-> /usr/share/zoneinfo/Europe/Berlin")
    #expect(texts["/etc/timezone"] == "Europe/Berlin\n")
  }

  @Test("without the host's network there is no resolver; without a zone no localtime")
  func without() throws {
    let host = Fixture.host { $0.timezone = nil }
    let files = try Fixture.policy("identity = { uid = 0, gid = 0 }", host: host).files.synthesised
    #expect(files.first { $0.path == "/etc/resolv.conf" }?.content == .text(""))
    #expect(!files.contains { $0.path == "/etc/localtime" })
    #expect(
      files.first { $0.path == "/etc/group" }?.content == .text("app:x:0:\nnogroup:x:65534:\n"))
    let passwd =
      "app:x:0:0:app:/home/ann:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    #expect(files.first { $0.path == "/etc/passwd" }?.content == .text(passwd))
  }

  @Test("nothing is made where a rule shows the host's own") func shown() throws {
    #expect(try Fixture.policy("files.read = [\"/etc\"]").files.synthesised == [])
    #expect(
      try !Fixture.policy("files.read = [\"/etc/hosts\"]").files.synthesised
        .contains { $0.path == "/etc/hosts" })
    #expect(try Fixture.policy("files.private = [\"/etc\"]").files.synthesised.count == 8)
  }
}
