import Isolate
import Testing

@Suite("Grants of profiles that extend each other")
struct GrantMergeTests {
  @Test("adding needs no relax; a table replaces that of its name, whole") func rules() throws {
    let policy = try Fixture.policy(
      "grants.a = { files = \"/a\", rights = [\"read\", \"stat\"] }\ngrants.b.clock = 5",
      "grants.a = { files = \"/a/b\", rights = [\"read\"], rate = \"1/s\" }\ngrants.c.clock = 9")
    #expect(
      policy.grants.map { "\($0.name): \($0.inWords)" } == [
        "a: files beneath /a/b: read; at most 1/s, 1 at once", "b: clock, in steps up to 5s",
        "c: clock, in steps up to 9s",
      ])
    #expect(policy.grants[0].position.file == "1.toml")
  }

  /// What a base grants, what a derived profile makes of it, and what of it is wider; nil: nothing.
  static let pairs: [(base: String, derived: String, wider: String?)] = [
    ("files = \"/a\"", "files = \"/a\"", nil),
    ("files = \"/a\"", "files = \"/a/b\"", nil),
    ("files = \"/a/b\"", "files = \"/a\"", "/a"),
    ("files = \"/a\"", "files = \"/ab\"", "/ab"),
    ("files = \"/a\"", "clock = 5", "something else (`clock`)"),
    ("files = \"/a\"", "files = \"/a\"\nrights = [\"read\"]", nil),
    ("files = \"/a\"", "files = \"/a\"\nrights = [\"write\"]", "the right write"),
    ("files = \"/a\"\nrights = [\"read\"]", "files = \"/a\"", "the right list"),
    ("clock = 5\nrate = \"10/s\"", "clock = 5", "no rate"),
    ("clock = 5\nrate = \"10/s\"", "clock = 5\nrate = \"600/m\"", "the rate"),
    ("clock = 5\nrate = \"10/s\"", "clock = 5\nrate = \"600/m\"\nburst = 10", nil),
    ("clock = 5\nrate = \"10/s\"", "clock = 5\nrate = \"601/m\"\nburst = 1", "the rate"),
    ("clock = 5\nrate = \"10/s\"\nburst = 2", "clock = 5\nrate = \"1/s\"\nburst = 3", "the rate"),
    ("clock = 5", "clock = 5\nrate = \"10/s\"\ncount = 1\nlease = 1\nask = true", nil),
    ("clock = 5\ncount = 5", "clock = 5\ncount = 6", "the count"),
    ("clock = 5\ncount = 5", "clock = 5", "the count"),
    ("clock = 5\nlease = 5", "clock = 5\nlease = 6", "the lease"),
    ("clock = 5\nlease = 5", "clock = 5", "the lease"),
    ("clock = 5\nask = true", "clock = 5", "not to ask"),
    ("clock = 5\nask = true", "clock = 5\nask = true\nask-timeout = \"1h\"", nil),
    ("clock = 5", "clock = \"4s\"", nil),
    ("clock = 5", "clock = \"6s\"", "the step"),
    ("connect = [\"*:*\"]", "connect = [\"a.b:1\", \"10.0.0.1:2\", \"[::1]:3\"]", nil),
    ("connect = [\"*:*\"]", "connect = [\"udp:a.b:1\"]", "a.b"),
    ("connect = [\"*:*\"]", "connect = [\"unix:/x\"]", "/x"),
    ("connect = [\"a.b:1-5\"]", "connect = [\"A.b:2-3\"]", nil),
    ("connect = [\"a.b:1-5\"]", "connect = [\"a.b:5-6\"]", "a.b"),
    ("connect = [\"*.b:1\"]", "connect = [\"a.b:1\", \"*.a.b:1\", \"c.a.b:1\"]", nil),
    ("connect = [\"*.b:1\"]", "connect = [\"b:1\"]", "b"),
    ("connect = [\"*.b:1\"]", "connect = [\"ab:1\"]", "ab"),
    ("connect = [\"a.b:1\"]", "connect = [\"*.b:1\"]", "*.b"),
    ("connect = [\"10.0.0.0/8:1\"]", "connect = [\"10.1.0.0/16:1\", \"10.1.2.3:1\"]", nil),
    ("connect = [\"10.0.0.0/8:1\"]", "connect = [\"11.0.0.1:1\"]", "11.0.0.1"),
    ("connect = [\"unix:/a\"]", "connect = [\"unix:/a\"]", nil),
    ("connect = [\"unix:/a\"]", "connect = [\"unix:/a/b\"]", "/a/b"),
    ("listen = [\"127.0.0.1:80\"]", "listen = [\"*:80\"]", "*"),
    ("resolve = [\"*.b\"]", "resolve = [\"a.b\"]", nil),
    ("resolve = [\"*.b\"]", "resolve = [\"*\"]", "*"),
    ("secret.file = \"/a\"", "secret.file = \"/a/b\"", "/a/b"),
    ("secret.file = \"/a\"", "secret.credential = \"a\"", "something else (`secret`)"),
    ("secret.credential = \"a\"", "secret.credential = \"b\"", "b"),
    ("secret.command = [\"/a\"]", "secret.command = [\"/a\", \"b\"]", "another command"),
    ("device = \"/dev/a\"", "device = \"/dev/a/b\"", "/dev/a/b"),
    ("apps = [\"a\", \"b\"]", "apps = [\"b\"]", nil),
    ("apps = [\"a\"]", "apps = [\"a\", \"b\"]", "b"),
  ]

  @Test("narrowing is free, widening needs a reason", arguments: pairs.indices)
  func widening(index: Int) throws {
    let (base, derived, wider) = Self.pairs[index]
    let first = "[grants.x]\n\(base)"
    let second = "[grants.x]\n\(derived)"
    #expect(
      Fixture.errors(first, second)
        == (wider.map { ["1.toml:1: `grants.x`: \($0) widens what 0.toml:1 states"] } ?? []))
    guard wider != nil else { return }
    let relaxed = try Fixture.policy(first, second + "\n[relax]\ngrants.x = \"it is asked for\"")
    #expect(relaxed.relaxations.map(\.key) == ["grants.x"])
    #expect(relaxed.grants.first?.position.file == "1.toml")
  }

  @Test("false drops a base's grant; having it again needs a reason") func dropping() throws {
    let base = "grants.x.clock = 5\ngrants.y.clock = 5"
    #expect(try Fixture.policy(base, "grants.x = false").grants.map(\.name) == ["y"])
    #expect(
      Fixture.errors(base, "grants.x = false", "grants.x.clock = 1") == [
        "2.toml:1: `grants.x`: a grant widens what 1.toml:1 states"
      ])
    let back = try Fixture.policy(
      base, "grants.x = false", "grants.x.clock = 1\nrelax.\"grants.x\" = \"time is off\"")
    #expect(back.grants.map(\.name) == ["x", "y"])
    #expect(
      Fixture.errors(base, "grants.z = false") == [
        "1.toml:1: `grants.z`: no base has it, so there is nothing to drop"
      ])
  }

  @Test("the broker is no way round a base's file rules") func files() throws {
    let base = "files = { read = [\"/srv\"], hide = [\"/srv/keys\"] }"
    #expect(Fixture.errors(base, "grants.x.files = \"/srv/data\"").isEmpty)
    #expect(
      Fixture.errors(base, "grants.x = { files = \"/srv/data\", rights = [\"create\"] }") == [
        "1.toml:1: `grants.x`: /srv/data widens what 0.toml:1 states"
      ])
    for target in [
      "files = \"/srv/keys/a\"", "secret.file = \"/srv/keys\"",
      "connect = [\"unix:/srv/keys/agent\"]", "listen = [\"unix:/srv/keys/agent\"]",
    ] {
      #expect(Fixture.errors(base, "[grants.x]\n\(target)").count == 1, "\(target)")
      let relax = "\n[relax]\ngrants.x = \"needed\""
      #expect(Fixture.errors(base, "[grants.x]\n\(target)" + relax).isEmpty, "\(target)")
    }
    // A profile's own rules do not bind itself.
    #expect(Fixture.errors("files.hide = [\"/k\"]\ngrants.x.files = \"/k\"").isEmpty)
  }

  @Test("a relaxation of a grant that nothing needs is a warning") func useless() throws {
    let policy = try Fixture.policy("relax.\"grants.x\" = \"why\"\ngrants.x.clock = 1")
    #expect(policy.warnings.map(\.message) == ["`relax`: nothing here widens `grants.x`"])
  }

  @Test("drivers: another program or profile needs a reason, times and queues do not")
  func drivers() throws {
    func driver(_ more: String) -> String { "drivers.d = { \(more) }" }
    let base = driver("run = [\"a\"], profile = \"strict\"")
    #expect(
      Fixture.errors(base, driver("run = [\"a\"], profile = \"strict\", queue = 1")).isEmpty)
    for derived in ["run = [\"b\"], profile = \"strict\"", "run = [\"a\"], profile = \"default\""] {
      #expect(
        Fixture.errors(base, driver(derived)) == [
          "1.toml:1: `drivers.d`: another program or profile widens what 0.toml:1 states"
        ])
      #expect(Fixture.errors(base, driver(derived) + "\nrelax.\"drivers.d\" = \"why\"").isEmpty)
    }
    #expect(try Fixture.policy(base, "drivers.d = false").drivers.isEmpty)
    let moved = "drivers.files.mode = \"user\""
    #expect(Fixture.errors(moved, "drivers.files = false").count == 1)
    #expect(
      Fixture.errors(moved, "drivers.files = false\nrelax.\"drivers.files\" = \"speed\"").isEmpty)
  }
}
