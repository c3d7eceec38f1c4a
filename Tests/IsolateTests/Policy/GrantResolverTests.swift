import Isolate
import Testing

@Suite("Grants of a policy")
struct GrantResolverTests {
  /// A machine on which these paths lead where they say.
  static func host(_ facts: PathFact...) -> HostFacts { Fixture.host { $0.paths = facts } }

  static func directory(_ path: String, _ resolved: String? = nil) -> PathFact {
    PathFact(path: path, kind: .directory, resolved: resolved ?? path)
  }

  @Test("everything that can be written is in the policy, sorted") func everything() throws {
    let text = GrantReaderTests.every.split(separator: "\n")
      .filter { !$0.hasPrefix("gone") && !$0.hasPrefix("old") }.joined(separator: "\n")
    let policy = try Fixture.policy(text)
    #expect(
      policy.grants.map { "\($0.name): \($0.inWords)" } == [
        "api: connect to tcp:example.org:443 unix:/run/db.sock",
        "camera: device /dev/video0: read",
        "data: files beneath /home/ann/data: read, write, create, list, stat, remove, rename, "
          + "make-directory, links; at most 100/s, 20 at once; 1000 in all; for 1h; "
          + "an operator is asked and has 30s",
        "key: secret in /etc/key",
        "names: look up *.example.org",
        "pass: secret that /usr/bin/pass show prints",
        "scan: calls of driver scanner",
        "serve: listen at tcp:127.0.0.1:8000-8010 tcp:*:80 unix:/run/app/x.sock",
        "step: clock, in steps up to 5s",
        "thumbs: apps thumbnailer: start, status",
        "token: secret of credential token",
      ])
    #expect(
      policy.drivers.map { "\($0.name): \($0.inWords)" } == [
        "files: in a process of its own; 30s a call, 16 may wait",
        "scanner: /usr/bin/scan -q, confined by strict; 5s a call, 3 may wait",
      ])
    #expect(policy.grants[2].position == Position(file: "0.toml", line: 1, column: 9))
    #expect(policy.grants[1].askMilliseconds == nil)
    let shown = policy.provenance.filter { $0.key == "grants.key" || $0.key == "drivers.files" }
    #expect(shown.map(\.value).count == 2)
    #expect(shown.first?.position.line == 15)
  }

  @Test("an app without grants has neither a descriptor nor a variable for the broker") func none()
    throws
  {
    let policy = try Fixture.policy("drivers.files.mode = \"user\"")
    #expect(policy.grants.isEmpty)
    #expect(policy.brokerDescriptor == nil)
    #expect(!policy.environment.contains { $0.name == "ISOLATED_BROKER_FD" })
  }

  @Test("the broker's descriptor is the lowest that is free, and the environment says so")
  func descriptor() throws {
    let grant = "grants.a.clock = 1\n"
    func number(_ text: String) throws -> Int32? {
      let policy = try Fixture.policy(grant + text)
      let said = policy.environment.filter { $0.name == "ISOLATED_BROKER_FD" }
      #expect(said.map(\.value) == [String(try #require(policy.brokerDescriptor))])
      return policy.brokerDescriptor
    }
    #expect(try number("") == 3)
    #expect(try number("descriptors.keep = [4]") == 3)
    #expect(try number("descriptors.keep = [4, 3, 6]") == 5)
  }

  @Test("the caller's own variable for a broker never reaches an app") func inherited() throws {
    let host = Fixture.host {
      $0.environment.append(EnvironmentVariable(name: "ISOLATED_BROKER_FD", value: "77"))
    }
    for text in ["", "grants.a.clock = 1"] {
      let policy = try Fixture.policy("environment.keep = [\"ISO*\", \"*\"]\n" + text, host: host)
      #expect(!policy.environment.contains { $0.value == "77" })
    }
  }

  @Test("a grant of files is of where its links lead, when the policy is made") func links() throws
  {
    let text = "grants.a.files = \"$HOME/data\""
    let policy = try Fixture.policy(
      text, host: Self.host(Self.directory("/home/ann/data", "/srv/ann")))
    #expect(policy.grants.map(\.target) == [.files(path: "/srv/ann", isDirectory: true)])
    let file = try Fixture.policy(
      text, host: Self.host(PathFact(path: "/home/ann/data", kind: .file, resolved: "/srv/f")))
    #expect(file.grants.map(\.target) == [.files(path: "/srv/f", isDirectory: false)])
  }

  @Test("the paths to look at are those of files and devices, expanded, each once") func paths() {
    let (profile, _) = Fixture.read(
      """
      grants.a.files = "$HOME/data/"
      grants.b.device = "/dev/null"
      grants.c.secret.file = "/etc/key"
      grants.d.files = "/home/ann/data"
      grants.e = false
      """)
    #expect(
      PolicyResolver.grantPaths([profile], host: Fixture.host(), app: nil) == [
        "/home/ann/data", "/dev/null",
      ])
  }

  @Test("what is missing is an error, or left out when it is optional") func missing() throws {
    let host = Self.host(
      PathFact(path: "/a", kind: .missing, resolved: "/a"), Self.directory("/b"))
    #expect(
      Fixture.errors("grants.x.files = \"/a\"", host: host) == [
        "0.toml:1: `grants.x`: /a does not exist"
      ])
    let policy = try Fixture.policy(
      "grants.x = { files = \"/a\", optional = true }\ngrants.y.files = \"/b\"", host: host)
    #expect(policy.grants.map(\.name) == ["y"])
    #expect(policy.notices.contains { $0.contains("Grant x is left out") })
    let alone = try Fixture.policy("grants.x = { files = \"/a\", optional = true }", host: host)
    #expect(alone.brokerDescriptor == nil)
  }

  @Test(
    "what lies there must be what is granted",
    arguments: [
      ("files = \"/a\"", .characterDevice, "/a is a device"),
      ("files = \"/a\"", .other, "/a is neither a file nor a directory"),
      ("files = \"/a\"", .unusable("denied"), "/a cannot be used: denied"),
      ("device = \"/dev/a\"", .directory, "/dev/a is no device"),
      ("device = \"/dev/a\"", .file, "/dev/a is no device"),
    ] as [(String, PathFact.Kind, String)])
  func kinds(_ target: String, _ kind: PathFact.Kind, _ message: String) {
    let host = Self.host(
      PathFact(path: "/a", kind: kind, resolved: "/a"),
      PathFact(path: "/dev/a", kind: kind, resolved: "/dev/a"))
    #expect(
      Fixture.errors("[grants.x]\n\(target)", host: host) == ["0.toml:2: `grants.x`: \(message)"])
  }

  @Test(
    "some places are nobody's to grant",
    arguments: [
      ("grants.x.files = \"/\"", "the root itself cannot be granted"),
      ("grants.x.files = \"/proc/self\"", "the host's /proc is not to be had"),
      ("grants.x.secret.file = \"/proc/kcore\"", "the host's /proc is not to be had"),
      ("grants.x.listen = [\"unix:/x\"]", "/x would be made in the root itself"),
      ("grants.x.connect = [\"unix:/\"]", "the root is no socket"),
      ("grants.x.connect = [\"unix:/proc/1/root/x\"]", "the host's /proc is not to be had"),
      ("grants.x.device = \"/etc/passwd\"", "/etc/passwd is not beneath /dev"),
      ("grants.x.device = \"/dev\"", "/dev is not beneath /dev"),
    ])
  func places(_ text: String, _ message: String) {
    #expect(Fixture.errors(text) == ["0.toml:1: `grants.x`: \(message)"])
  }

  @Test("a link into /proc or to something hidden is refused") func badLinks() {
    #expect(
      Fixture.errors(
        "grants.x.files = \"/a\"", host: Self.host(Self.directory("/a", "/proc/1/root"))) == [
          "0.toml:1: `grants.x`: the host's /proc is not to be had"
        ])
    #expect(
      Fixture.errors(
        "files.hide = [\"/keys\"]", "grants.x.files = \"/a\"",
        host: Self.host(Self.directory("/a", "/keys/b"))) == [
          "1.toml:1: `grants.x`: /a is a link to /keys/b, which 0.toml:1 hides"
        ])
  }

  @Test("the whole home or machine is not granted by the working directory") func tooMuch() {
    let home = Fixture.host { $0.workingDirectory = "/home/ann" }
    #expect(Fixture.errors("grants.x.files = \"$CWD\"", host: home).count == 1)
    #expect(Fixture.errors("grants.x.files = \"$CWD\"").isEmpty)
  }

  @Test("a driver must be declared; the nearest is named") func drivers() throws {
    let declared = "drivers.scanner = { run = [\"x\"], profile = \"strict\" }\n"
    #expect(Fixture.errors(declared + "grants.x.driver = \"scanner\"").isEmpty)
    #expect(Fixture.errors(declared, "grants.x.driver = \"scanner\"").isEmpty)
    #expect(
      Fixture.errors(declared + "grants.x.driver = \"scaner\"") == [
        "0.toml:2: `grants.x`: no driver \"scaner\""
      ])
    // Built-in drivers are reached by the grants of their kinds.
    #expect(
      Fixture.errors("drivers.files.mode = \"user\"\ngrants.x.driver = \"files\"").count == 1)
  }

  @Test("a driver's profile by a relative path lies beside the file that names it") func placed()
    throws
  {
    let (profile, _) = Fixture.read(
      "drivers.a = { run = [\"x\"], profile = \"./a.toml\" }\ncommand.run = [\"x\"]",
      file: "/etc/isolated/apps/x.toml")
    let policy = try PolicyResolver.resolve([profile], host: Fixture.host()).get()
    #expect(policy.drivers.map(\.profile) == ["/etc/isolated/apps/./a.toml"])
  }

  @Test("no more grants than a message can number") func many() {
    func text(_ count: Int) -> String {
      (0..<count).map { "grants.g\($0).clock = 1" }.joined(separator: "\n")
    }
    #expect(Fixture.errors(text(WireLimits.grants)).isEmpty)
    #expect(Fixture.errors(text(WireLimits.grants + 1)).count == 1)
  }
}
