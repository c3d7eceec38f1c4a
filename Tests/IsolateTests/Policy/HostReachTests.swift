import Testing

@testable import Isolate

@Suite("What an app can change of the host, by its view and by its broker")
struct HostReachTests {
  private func policy(_ rules: [FileRule], _ grants: [Grant] = []) throws -> Policy {
    var policy = try Fixture.policy("")
    policy.files.rules = rules
    policy.files.devices = []
    policy.grants = grants
    return policy
  }

  private func rule(_ kind: FileRuleKind, _ source: String, _ target: String) -> FileRule {
    FileRule(
      kind: kind, source: source, target: target, isOptional: false, allowsExecute: false,
      mapsOwner: true, sizeBytes: 1, inodes: 1, mode: 0o755, upper: nil,
      position: Position(file: "f", line: 1))
  }

  @Test("a place that can be written, or one above it, can be changed") func view() throws {
    let reach = AppReach(
      try policy([rule(.write, "/srv/out", "/out"), rule(.read, "/usr", "/usr")]))
    #expect(reach.changesAnything)
    #expect(reach.canChange("/srv/out") && reach.canChange("/srv/out/a/b"))
    #expect(!reach.canChange("/srv") && !reach.canChange("/usr/bin") && !reach.canChange("/"))
    #expect(!reach.canChange("relative"))
    let all = AppReach(try policy([rule(.write, "/", "/host")]))
    #expect(all.canChange("/") && all.canChange("/etc/passwd"))
  }

  @Test("devices alone change nothing of the host; an overlay's upper directory does")
  func others() throws {
    var kept = rule(.overlay, "/srv/lower", "/o")
    #expect(!AppReach(try policy([kept])).changesAnything)
    kept.upper = "/srv/upper"
    let overlay = AppReach(try policy([kept]))
    #expect(overlay.changesAnything && overlay.canChange("/srv/upper/x"))
    #expect(!overlay.canChange("/srv/lower/x"))
    let device = AppReach(try policy([rule(.device, "/dev/kvm", "/dev/kvm")]))
    #expect(!device.changesAnything)
    #expect(!AppReach(try policy([rule(.private, "", "/tmp")])).changesAnything)
  }

  @Test("what a broker would write counts, what it would only read does not") func grants() throws {
    let reads = TestGrants.directory()
    let writes = TestGrants.directory { $0.rights = [.read, .create] }
    #expect(!AppReach(try policy([], [reads])).changesAnything)
    let reach = AppReach(try policy([], [reads, writes, TestGrants.connect(["h"])]))
    #expect(reach.changesAnything && reach.canChange("/srv") && reach.canChange("/srv/a"))
    #expect(!reach.canChange("/srvx") && !reach.canChange("/"))
  }

  @Test("a place of the view leads back to the host's") func source() throws {
    let files = try policy([
      rule(.read, "/srv/in", "/in"), rule(.private, "", "/in/own"), rule(.read, "/", "/host"),
      rule(.read, "/srv/top", "/"),
    ]).files
    #expect(files.source(of: "/in/a") == "/srv/in/a" && files.source(of: "/in") == "/srv/in")
    #expect(files.source(of: "/in/own/x") == nil)
    #expect(files.source(of: "/host/etc") == "/etc")
    #expect(files.source(of: "/a/b") == "/srv/top/a/b")
    #expect(try policy([rule(.read, "/a", "/a")]).files.source(of: "/b") == nil)
  }

  @Test("whoever unwinds a crash has the app's ids, its libraries to read, and nothing else")
  func unwinder() throws {
    var app = try Fixture.policy("")
    app.identity.hostUID = 77
    let subject = UnwinderPolicy.Subject(app)
    #expect(subject.hostUID == 77 && subject.order == app.namespaces.order)
    let policy = UnwinderPolicy.make(
      for: subject, program: "/usr/bin/eu-stack", command: ["eu-stack", "-m"],
      deniesWriteExecute: true)
    #expect(policy.identity.hostUID == 77 && policy.command == ["eu-stack", "-m"])
    #expect(policy.files.rules.map(\.target) == policy.files.rules.map(\.target).sorted())
    #expect(policy.files.rules.contains { $0.source == "/usr/bin/eu-stack" })
    #expect(!AppReach(policy).changesAnything && policy.network.mode == NetworkPolicy.Mode.none)
    #expect(policy.memory.deniesWriteExecute && policy.limits.memoryBytes != nil)
  }

  @Test("where ports are ruled, no call sends data with a connection's first segment")
  func fastOpen() throws {
    var strict = try Fixture.policy("").syscalls
    let plain = strict
    strict.refusesFastOpen = true
    for name in ["sendto", "sendmsg", "sendmmsg", "setsockopt"] {
      let added = strict.rules.count { $0.name == name } - plain.rules.count { $0.name == name }
      #expect(added == (name == "setsockopt" ? 2 : 1), "\(name)")
    }
    #expect(strict.canonicalText != plain.canonicalText)
  }
}
