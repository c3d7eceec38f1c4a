import Testing

@testable import Isolate

@Suite("Values of a profile that few people write")
struct ProfileEdgeTests {
  @Test(
    "what is wrong is refused with its place",
    arguments: [
      ("limits.memory = null", "'null' is not a value"),
      ("grants.a.files = \"/a\"\ngrants.a.device = \"/dev/null\"", "a grant is of one thing"),
      ("grants.a.device = \"/dev/null\"\ngrants.a.files = \"/a\"", "a grant is of one thing"),
      ("grants.a.resolve = [\"h.example\", \"h.example\"]", "is written twice"),
      ("grants.a.secret = \"/key\"", "expected a table with `file`, `credential` or `command`"),
      ("drivers.clock.mode = \"user\"", "the supervisor does this itself"),
      ("drivers.apps.mode = \"user\"", "the supervisor does this itself"),
      ("service.listen = [\"tcp:[1:2]:80\"]", "is not something to listen on"),
      ("service.listen = [\"tcp:[1:2:3:4:5:6:7:8:9:a]:80\"]", "is not something to listen on"),
      ("files.read = [{ path = \"/a\", optional = 3 }]", "expected a boolean"),
      ("files = { read = [] }\nfiles.proc = true", "files"),
    ]) func refused(text: String, message: String)
  {
    let faults = Fixture.faults(text)
    #expect(faults.contains { $0.contains(message) }, "\(faults)")
  }

  @Test("a rate may be by the hour") func hourly() throws {
    let text = """
      [grants.a]
      files = "/a"
      rate = "7/h"
      """
    let rate = Fixture.read(text).profile.grants.first?.rate?.value
    #expect(rate == RateSetting(requests: 7, perMilliseconds: 3_600_000))
    #expect(try Fixture.policy(text).grants.first?.inWords.contains("at most 7/h") == true)
  }

  @Test("an option's value reads as what it looks like") func scalars() {
    let values = ["true", "false", "12", "1.5", "1.x"].map(CommandLineProfile.scalar)
    #expect(
      values.map { "\($0)" } == [
        "boolean(true)", "boolean(false)", "integer(12)", "float(1.5)", "string(\"1.x\")",
      ])
  }

  /// What a grant of a later profile may not have without a reason, when an earlier one has it narrower.
  @Test(arguments: [
    ("count = 3", "", "the count"), ("count = 3", "count = 4", "the count"),
    ("lease = \"5s\"", "", "the lease"), ("lease = \"5s\"", "lease = \"6s\"", "the lease"),
    ("rate = \"5/s\"", "", "no rate"), ("rate = \"5/s\"", "rate = \"6/s\"", "the rate"),
    ("ask = true", "", "not to ask"),
    ("rights = [\"read\"]", "rights = [\"read\", \"write\"]", "the right write"),
  ]) func widerCondition(base: String, derived: String, what: String) {
    func grant(_ more: String) -> GrantSetting? {
      Fixture.read("[grants.a]\nfiles = \"/a\"\n\(more)").profile.grants.first
    }
    #expect(grant(derived).flatMap { new in grant(base).flatMap { new.wider(than: $0) } } == what)
    #expect(grant(base).flatMap { new in grant(base).flatMap { new.wider(than: $0) } } == nil)
  }

  @Test(arguments: [
    ("files = \"/a\"", "files = \"/a/b\"", nil), ("files = \"/a\"", "files = \"/b\"", "/b"),
    ("device = \"/dev/kvm\"", "device = \"/dev/null\"", "/dev/null"),
    ("secret = { file = \"/k\" }", "secret = { file = \"/l\" }", "/l"),
    ("secret = { credential = \"k\" }", "secret = { credential = \"l\" }", "l"),
    ("secret = { credential = \"k\" }", "secret = { credential = \"k\" }", nil),
    ("secret = { command = [\"/k\"] }", "secret = { command = [\"/l\"] }", "another command"),
    ("secret = { command = [\"/k\"] }", "secret = { command = [\"/k\"] }", nil),
    ("driver = \"d\"", "driver = \"e\"", "e"), ("driver = \"d\"", "driver = \"d\"", nil),
    ("apps = [\"d\"]", "apps = [\"d\", \"e\"]", "e"),
    ("resolve = [\"*.example\"]", "resolve = [\"a.example\", \"b.test\"]", "b.test"),
    ("connect = [\"tcp:h:443\"]", "connect = [\"tcp:i:443\"]", "i"),
    ("files = \"/a\"", "driver = \"d\"", "something else (`driver`)"),
  ]) func widerTarget(base: String, derived: String, what: String?) {
    func grant(_ line: String) -> GrantSetting? {
      Fixture.read("[grants.a]\n\(line)").profile.grants.first
    }
    #expect(grant(derived).flatMap { new in grant(base).flatMap { new.wider(than: $0) } } == what)
  }
}
