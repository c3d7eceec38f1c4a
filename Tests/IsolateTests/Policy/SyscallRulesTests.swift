import Isolate
import Testing

@Suite("The filter's rules")
struct SyscallRulesTests {
  static func rules(for name: String, _ change: (inout SyscallPolicy) -> Void) -> [SyscallRule] {
    var policy = SyscallPolicy()
    change(&policy)
    return policy.rules.filter { $0.name == name }
  }

  @Test(
    "have no argument checks left for what a switch allows",
    arguments: [
      "chmod", "fchmod", "fchmodat", "fchmodat2", "mknod", "mknodat", "creat", "open", "openat",
      "openat2", "clone", "clone3", "unshare", "ioctl", "personality",
    ])
  func switches(name: String) {
    #expect(!Self.rules(for: name) { _ in }.isEmpty)
    let open = Self.rules(for: name) {
      $0.allowsWriteOfSetIDBits = true
      $0.allowsNestedUserNamespaces = true
      $0.allowsTerminalInjection = true
      $0.allowsPersonality = true
    }
    #expect(open.isEmpty)
  }

  @Test("refuse nothing of a call twice when it is refused whole") func whole() throws {
    let policy = try SyscallPolicy(
      base: .standard, allow: [], deny: ["@sockets", "ioctl", "clone"])
    for name in ["socket", "socketpair", "ioctl", "clone"] {
      let rules = policy.rules.filter { $0.name == name }
      #expect(rules.count == 1)
      #expect(rules.first?.checks == [])
    }
  }

  @Test("check at most two arguments, each once") func checks() {
    for rule in SyscallPolicy().rules {
      #expect(rule.checks.count <= 2)
      #expect(Set(rule.checks.map(\.argument)).count == rule.checks.count)
    }
  }
}
