import Testing

@testable import Isolate

@Suite("The steps that an early child takes")
struct UsualStartTests {
  private func policy(_ keys: String, isRoot: Bool) throws -> Policy {
    try PlanFixture.policy(
      "extends = [\"default\"]\n[command]\nrun = [\"/bin/true\"]\n" + keys,
      host: isRoot ? Fixture.root() : Fixture.host())
  }

  @Test(
    "are those that its plan begins with", arguments: [true, false],
    ["none", "loopback", "loopback, made by the early child", "none, made by the early child"])
  func prefix(isRoot: Bool, network: String) throws {
    let mode = network.hasPrefix("none") ? "none" : "loopback"
    let policy = try policy("[network]\nmode = \"\(mode)\"\n", isRoot: isRoot)
    #expect(LaunchPlanner.startsAsUsual(policy))
    let ids = isRoot ? nil : policy.identity.idMap
    let start = UsualStart(policy.namespaces.order, ids: ids)
    #expect(start.begins(policy))
    let first = start.steps
    let context = PlanFixture.context {
      $0.ahead = start
      $0.networkIsMade = network.hasSuffix("early child")
    }
    let steps = try PlanFixture.plan(policy, context).steps
    #expect(first.count > 15)
    #expect(Array(steps.prefix(first.count)) == first)
    /* Each once: what was done ahead is not done again. */
    for kind in ["mount a fresh proc", "make an empty root", "make all mounts private"] {
      #expect(steps.filter { $0.description.hasPrefix(kind) }.count == 1)
    }
  }

  @Test(
    "are not for a policy without an own /dev or /proc, or with something above it",
    arguments: ["read = [\"/\"]", "proc = false", "dev = false"])
  func unusual(keys: String) throws {
    for isRoot in [true, false] {
      let policy = try policy("[files]\n" + keys + "\n", isRoot: isRoot)
      #expect(!LaunchPlanner.startsAsUsual(policy))
      let ids = isRoot ? nil : policy.identity.idMap
      #expect(!UsualStart(policy.namespaces.order, ids: ids).begins(policy))
    }
  }

  @Test("begin no policy of another order or other ids")
  func otherGuess() throws {
    let asRoot = try policy("", isRoot: true)
    let asUser = try policy("", isRoot: false)
    var ids = asUser.identity.idMap
    #expect(UsualStart(.userFirst, ids: ids).begins(asUser))
    #expect(!UsualStart(.userFirst, ids: ids).begins(asRoot))
    #expect(!UsualStart(.userFirst, ids: nil).begins(asUser))
    #expect(!UsualStart(.userLast, ids: nil).begins(asUser))
    #expect(!UsualStart(.userLast, ids: ids).begins(asRoot))
    ids.outerUID += 1
    #expect(!UsualStart(.userFirst, ids: ids).begins(asUser))
  }

  @Test("fit every base profile, as root and as an ordinary user", arguments: [true, false])
  func bases(isRoot: Bool) throws {
    for name in ["default", "service", "build", "interactive"] {
      let text = "extends = [\"\(name)\"]\n[command]\nrun = [\"/bin/true\"]\n"
      let policy = try PlanFixture.policy(text, host: isRoot ? Fixture.root() : Fixture.host())
      #expect(LaunchPlanner.startsAsUsual(policy), "\(name)")
      #expect(policy.identity.uid == Identity.usualID)
    }
  }
}
