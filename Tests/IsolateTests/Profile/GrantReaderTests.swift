import Isolate
import Testing

@Suite("Reading grants and drivers")
struct GrantReaderTests {
  static let every = """
    [grants.data]
    files = "$HOME//data/"
    rights = ["read", "write", "create", "list", "stat", "remove", "rename", "make-directory", "links"]
    rate = "100/s"
    burst = 20
    count = 1000
    lease = "1h"
    ask = true
    ask-timeout = "30s"
    optional = true
    [grants]
    api = { connect = ["example.org:443", "unix:/run/db.sock"] }
    serve = { listen = ["127.0.0.1:8000-8010", "*:80", "unix:/run/app/x.sock"] }
    names.resolve = ["*.Example.org"]
    key.secret.file = "/etc/key"
    token.secret = { credential = "token" }
    pass.secret.command = ["/usr/bin/pass", "show"]
    camera.device = "/dev/video0"
    thumbs.apps = ["thumbnailer"]
    step.clock = "5s"
    scan.driver = "scanner"
    gone = false
    [drivers]
    files.mode = "user"
    scanner = { run = ["/usr/bin/scan", "-q"], profile = "strict", deadline = "5s", queue = 3 }
    old = false
    """

  @Test("takes everything that can be written") func everything() throws {
    let (profile, diagnostics) = Fixture.read(Self.every)
    #expect(diagnostics.map(Fixture.short) == [])
    #expect(profile.grants.count == 12)
    #expect(Set(profile.grants.compactMap { $0.target?.kind }) == Set(GrantKeyWord.allCases))
    let data = try #require(profile.grants.first)
    #expect(data.name.value == "data")
    #expect(data.name.position == Position(file: "app.toml", line: 1, column: 9))
    #expect(data.rights?.value == GrantKeyWord.files.allowedRights)
    #expect(data.rate?.value == RateSetting(requests: 100, perMilliseconds: 1000))
    #expect(data.burst?.value == 20)
    #expect(data.count?.value == 1000)
    #expect(data.leaseMilliseconds?.value == 3_600_000)
    #expect(data.asks?.value == true)
    #expect(data.askMilliseconds?.value == 30_000)
    #expect(data.isOptional)
    #expect(profile.grants.last?.name.value == "gone")
    #expect(profile.grants.last?.target == nil)
    #expect(profile.drivers.map(\.name.value) == ["files", "scanner", "old"])
    #expect(profile.drivers[1].run?.value == ["/usr/bin/scan", "-q"])
    #expect(profile.drivers[1].deadlineMilliseconds?.value == 5000)
    #expect(profile.drivers[1].queue?.value == 3)
    #expect(profile.drivers[2].isDropped)
  }

  @Test("without rights a grant has the least of use", arguments: GrantKeyWord.allCases)
  func defaults(kind: GrantKeyWord) {
    #expect(Set(kind.defaultRights).isSubset(of: kind.allowedRights))
    #expect(!kind.defaultRights.isEmpty)
    #expect(!kind.defaultRights.contains { $0.changesFiles })
    #expect(!kind.defaultRights.contains(.links))
    #expect(!kind.defaultRights.contains(.signal))
  }

  @Test(
    "a wrong value is refused with its place and what is wrong",
    arguments: [
      ("grants = 1", "1:10: `grants`: expected a table, found an integer"),
      ("grants.a = true", "1:12: `grants.a`: expected a table, or false, found a boolean"),
      ("grants.a = {}", "1:8: `grants.a`: nothing is granted"),
      ("grants.\"\".files = \"/a\"", "1:8: `grants`: \"\" is no name"),
      ("grants.\"a b\".files = \"/a\"", "1:8: `grants`: \"a b\" is no name"),
      ("grants.a.file = \"/a\"", "1:10: no key `grants.a.file`"),
      ("grants.a.files = \"a\"", "1:18: `grants.a.files`: \"a\" is a relative path"),
      ("grants.a.files = \"/a/../b\"", "1:18: `grants.a.files`: \"/a/../b\" has a component `..`"),
      (
        "grants.a.files = \"/a\\u0000\"",
        "1:18: `grants.a.files`: a NUL character cannot be passed to the kernel"
      ),
      ("grants.a.files = \"/a/$X\"", "1:18: `grants.a.files`: no variable `$X`"),
      (
        "grants.a = { files = \"/a\", device = \"/dev/null\" }",
        "1:37: `grants.a`: a grant is of one thing"
      ),
      (
        "grants.a = { files = \"/a\", rights = [\"connect\"] }",
        "1:38: `grants.a.rights`: \"connect\" means nothing for `files`"
      ),
      (
        "grants.a = { files = \"/a\", rights = [\"raed\"] }",
        "1:38: `grants.a.rights`: \"raed\" is not one of its values"
      ),
      (
        "grants.a = { files = \"/a\", rights = [\"read\", \"read\"] }",
        "1:46: `grants.a.rights`: \"read\" is written twice"
      ),
      (
        "grants.a = { files = \"/a\", rights = [] }",
        "1:37: `grants.a.rights`: an empty list grants nothing"
      ),
      ("grants.a.connect = []", "1:20: `grants.a.connect`: an empty list grants nothing"),
      (
        "grants.a.connect = [\"a:1\", \"tcp:A:1\"]",
        "1:28: `grants.a.connect`: \"tcp:A:1\" is written twice"
      ),
      (
        "grants.a.connect = [\"unix:x\"]", "1:21: `grants.a.connect`: \"x\" is a relative path"
      ),
      (
        "grants.a.connect = [\"unix:@x\"]",
        "1:21: `grants.a.connect`: an abstract socket belongs to a network namespace, not to a file"
      ),
      (
        "grants.a.listen = [\"example.org:80\"]",
        "1:20: `grants.a.listen`: \"example.org\" is no address of this machine"
      ),
      (
        "grants.a.resolve = [\"a*\"]",
        "1:21: `grants.a.resolve`: \"a*\": a `*` can only be the first label"
      ),
      ("grants.a.secret = {}", "1:19: `grants.a.secret`: a secret has one source"),
      ("grants.a.secret.fiel = \"/a\"", "1:17: no key `grants.a.secret.fiel`"),
      (
        "grants.a.secret = { file = \"/a\", credential = \"b\" }",
        "1:19: `grants.a.secret`: a secret has one source"
      ),
      (
        "grants.a.secret.credential = \"../a\"",
        "1:30: `grants.a.secret.credential`: \"../a\" is no credential's name"
      ),
      (
        "grants.a.secret.credential = \"..\"",
        "1:30: `grants.a.secret.credential`: \"..\" is no credential's name"
      ),
      (
        "grants.a.secret.command = [\"pass\"]",
        "1:27: `grants.a.secret.command`: \"pass\" is not an absolute path"
      ),
      ("grants.a.apps = [\"../a\"]", "1:18: `grants.a.apps`: \"../a\" is no app's name"),
      ("grants.a.clock = 0", "1:18: `grants.a.clock`: with 0 nothing could be asked for"),
      (
        "grants.a = { files = \"/a\", rate = \"5\" }", "1:35: `grants.a.rate`: \"5\" is not a rate"
      ),
      (
        "grants.a = { files = \"/a\", rate = \"0/s\" }",
        "1:35: `grants.a.rate`: \"0/s\" is not a rate"
      ),
      (
        "grants.a = { files = \"/a\", rate = \"5/d\" }",
        "1:35: `grants.a.rate`: \"5/d\" is not a rate"
      ),
      (
        "grants.a = { files = \"/a\", rate = \"-5/s\" }",
        "1:35: `grants.a.rate`: \"-5/s\" is not a rate"
      ),
      (
        "grants.a = { files = \"/a\", burst = 5 }",
        "1:36: `grants.a.burst` means nothing without `rate`"
      ),
      (
        "grants.a = { files = \"/a\", ask-timeout = 5 }",
        "1:42: `grants.a.ask-timeout` means nothing without `ask`"
      ),
      ("grants.a = { files = \"/a\", count = 0 }", "1:36: `grants.a.count`: 0 is out of range"),
      (
        "grants.a = { clock = 5, optional = true }",
        "1:36: `grants.a.optional` means nothing for `clock`"
      ),
      ("drivers = 1", "1:11: `drivers`: expected a table, found an integer"),
      ("drivers.a = 1", "1:13: `drivers.a`: expected a table, or false, found an integer"),
      ("drivers.files = {}", "1:9: `drivers.files`: a built-in driver without `mode`"),
      (
        "drivers.files.run = [\"a\"]", "1:21: `drivers.files`: isolated has a driver of this name"
      ),
      (
        "drivers.files = { mode = \"user\", profile = \"a\" }",
        "1:44: `drivers.files`: what confines a built-in driver follows from the grants"
      ),
      (
        "drivers.fles.mode = \"user\"",
        "1:21: `drivers.fles`: `mode` is for the drivers that are built in"
      ),
      ("drivers.a.profile = \"strict\"", "1:9: `drivers.a`: no program"),
      ("drivers.a.run = [\"x\"]", "1:9: `drivers.a`: no profile: nothing runs unconfined"),
      ("drivers.a.run = []", "1:17: `drivers.a.run`: no program"),
      ("drivers.a.rum = [\"x\"]", "1:11: no key `drivers.a.rum`"),
      ("drivers.a.deadline = \"11m\"", "1:22: `drivers.a.deadline`: no request waits that long"),
      ("drivers.a.queue = 65", "1:19: `drivers.a.queue`: 65 is out of range"),
      (
        "environment.set.ISOLATED_BROKER_FD = \"9\"",
        "1:17: `environment.set`: ISOLATED_BROKER_FD is for isolated alone to set"
      ),
      (
        "environment.keep = [\"ISOLATED_BROKER_FD\"]",
        "1:21: `environment.keep`: ISOLATED_BROKER_FD is for isolated alone to set"
      ),
      ("relax.grants.\"a b\" = \"why\"", "1:14: `relax`: no key `grants.a b`"),
    ])
  func wrong(_ text: String, _ message: String) { #expect(Fixture.faults(text) == [message]) }

  @Test("reports every mistake at once, with the nearest word") func allAtOnce() {
    let diagnostics = Fixture.read(
      """
      [grants.a]
      fils = "/a"
      rights = ["raed"]
      [grants.b]
      connect = ["example.org", "[::1]:0"]
      rat = "5/s"
      [drivers.fiels]
      mode = "user"
      """
    ).diagnostics
    #expect(diagnostics.map(\.position.line) == [2, 3, 5, 5, 6, 8])
    #expect(
      diagnostics.map { $0.cure?.hasPrefix("did you mean") ?? false } == [
        true, true, false, false, true, true,
      ])
    #expect(diagnostics.allSatisfy { $0.cure != nil })
  }

  @Test("the same table twice is an error") func twice() {
    #expect(Fixture.faults("[grants.a]\nfiles = \"/a\"\n[grants.a]\nfiles = \"/b\"").count == 1)
    #expect(Fixture.faults("grants.a.files = \"/a\"\ngrants.a.files = \"/b\"").count == 1)
  }

  @Test("a driver's longest deadline is that of a request") func deadlines() {
    #expect(ProfileReader.longestDeadline == UInt64(WireLimits.longestDeadline))
  }
}
