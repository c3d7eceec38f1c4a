import Isolate
import Testing

@Suite("What the machine lacks")
struct ResolvedMachineTests {
  @Test("without user namespaces the app has the caller's ids, and it is said") func without()
    throws
  {
    let host = Fixture.host { $0.canMakeUserNamespaces = false }
    let policy = try Fixture.policy("identity.uid = 5\nlimits.processes = 3", host: host)
    #expect(policy.namespaces.order == .without)
    #expect(policy.identity.uid == 1001)
    #expect(policy.identity.gid == 1002)
    #expect(policy.notices.count == 4)
    let hosted = try Fixture.policy("network.mode = \"host\"", host: host)
    #expect(hosted.notices.count == 1)
  }

  @Test(
    "without user namespaces what Landlock cannot express is an error, and private places are told",
    arguments: [
      ("files.overlay = [\"/usr\"]", "/usr: writes would reach the machine's files"),
      (
        "files.read = [{ path = \"/usr\", to = \"/x\" }]",
        "/x: /usr cannot be shown at another place, which needs namespaces"
      ),
      ("files.write = [\"/a\"]\nfiles.read = [\"/a/b\"]", "/a/b: the rule on /a gives more"),
      (
        "files.write = [{ path = \"/a\", execute = true }, \"/a/b\"]",
        "/a/b: the rule on /a gives more"
      ),
      (
        "files.read = [\"/a\"]\nfiles.private = [\"/a/b\"]",
        "/a/b: the rule on /a shows what is there, and it cannot be covered"
      ),
      (
        "files.write = [\"/a\"]\nfiles.hide = [\"/a/b\"]",
        "/a/b: the rule on /a shows what is there, and it cannot be covered"
      ),
    ])
  func inexpressible(text: String, fault: String) throws {
    let host = Fixture.host { $0.canMakeUserNamespaces = false }
    let errors = Fixture.errors(text, host: host)
    #expect(errors.count == 1 && errors.first?.contains(fault) == true, "\(errors)")
    #expect(Fixture.errors(text).isEmpty, "a view has all of it")
  }

  @Test("without user namespaces what gives more beneath less holds, and nothing is hidden nowhere")
  func expressible() throws {
    let host = Fixture.host { $0.canMakeUserNamespaces = false }
    let policy = try Fixture.policy(
      """
      files.read = ["/a", "/a/x"]
      files.write = ["/b", { path = "/a/c", execute = true }]
      files.private = ["/p", "/q"]
      files.hide = ["/h"]
      """, host: host)
    #expect(policy.files.rules.map(\.target) == ["/a", "/a/c", "/a/x", "/b"])
    #expect(
      policy.notices.contains { $0.hasPrefix("No private places: the app has nothing at /p, /q") })
  }

  @Test("required namespaces that cannot be had are an error") func requiredNamespaces() {
    let host = Fixture.host { $0.canMakeUserNamespaces = false }
    let errors = Fixture.errors("require = [\"namespaces\"]", host: host)
    #expect(
      errors == [
        "0.toml:1: `require`: namespaces cannot be had: this machine refuses user namespaces to ordinary users"
      ])
    #expect(Fixture.errors("require = [\"namespaces\"]") == [])
  }

  @Test("a time namespace needs the kernel and user namespaces") func time() throws {
    let required = "require = [\"time-namespace\"]"
    let asked = "namespaces.time = true"
    #expect(try Fixture.policy(asked).namespaces.time)
    let old = Fixture.host {
      $0.kernelMajor = 5; $0.kernelMinor = 5
    }
    let none = Fixture.host { $0.canMakeUserNamespaces = false }
    for host in [old, none] {
      let policy = try Fixture.policy(asked, host: host)
      #expect(!policy.namespaces.time)
      #expect(policy.notices.contains { $0.hasPrefix("namespaces.time is not enforced") })
      #expect(Fixture.errors("\(required)\n\(asked)", host: host).count == 1)
    }
    #expect(
      Fixture.errors(required) == [
        "0.toml:1: `require`: time-namespace is required but namespaces.time is not set"
      ])
  }

  @Test("Landlock is required or its absence announced") func landlock() throws {
    let host = Fixture.host { $0.landlockABI = 0 }
    #expect(try Fixture.policy("", host: host).notices.count == 1)
    #expect(Fixture.errors("require = [\"landlock\"]", host: host).count == 1)
    #expect(Fixture.errors("require = [\"landlock\"]") == [])
  }

  @Test("port rules need Landlock ABI 4", arguments: ["connect", "bind"]) func ports(key: String)
    throws
  {
    let text = "network = { mode = \"host\", \(key) = [80] }"
    let host = Fixture.host { $0.landlockABI = 3 }
    #expect(
      Fixture.errors(text, host: host) == [
        "0.toml:1: port rules need Landlock ABI 4; this kernel has 3"
      ])
    #expect(try Fixture.policy(text).warnings == [])
    let useless = try Fixture.policy("network.\(key) = [80]")
    #expect(useless.warnings.count == 1)
  }

  @Test("memory that is written and executed is refused where the kernel can") func writeExecute()
    throws
  {
    let old = Fixture.host { $0.canDenyWriteExecute = false }
    #expect(try Fixture.policy("").memory.deniesWriteExecute)
    #expect(try Fixture.policy("", host: old).notices.count == 1)
    #expect(Fixture.errors("require = [\"deny-write-execute\"]", host: old).count == 1)
    let relaxed = "memory.write-execute = true\nrelax.memory.write-execute = \"JIT\""
    #expect(try !Fixture.policy(relaxed).memory.deniesWriteExecute)
    #expect(
      Fixture.errors("require = [\"deny-write-execute\"]\n\(relaxed)") == [
        "0.toml:1: `require`: deny-write-execute and memory.write-execute = true exclude each other"
      ])
  }

  @Test("the filter's policy is what the profile says") func syscalls() throws {
    #expect(try Fixture.policy("").syscalls == SyscallPolicy())
    let policy = try Fixture.policy(
      """
      network.families = ["unix", "inet", "inet6", "netlink"]
      [syscalls]
      base = "strict"
      refuse-with = "log"
      allow = ["clone3", "openat2", "@ptrace"]
      deny = ["@io"]
      set-id-bits = false
      nested-user-namespaces = false
      terminal-injection = true
      personality = true
      [relax]
      "syscalls.allow" = "x"
      "syscalls.refuse-with" = "x"
      "syscalls.terminal-injection" = "x"
      "syscalls.personality" = "x"
      """)
    #expect(policy.syscalls.base == .strict)
    #expect(policy.syscalls.refusal == .log)
    #expect(policy.syscalls.allow == ["@ptrace", "clone3", "openat2"])
    #expect(policy.syscalls.deny == ["@io"])
    #expect(policy.syscalls.allowsTerminalInjection)
    #expect(policy.syscalls.allowsPersonality)
    #expect(policy.syscalls.socketFamilies == .all)
    #expect(policy.warnings.count == 2)
    let nothing = try Fixture.policy("syscalls = { base = \"nothing\", refuse-with = \"kill\" }")
      .syscalls
    #expect(nothing.base == .nothing)
    #expect(nothing.refusal == .kill)
  }

  @Test("a profile without a program is refused with the cure") func noProgram() {
    let error = #expect(throws: PolicyErrors.self) {
      try Fixture.resolve(["description = \"x\""], command: false).get()
    }
    #expect(error?.diagnostics.map(\.message) == ["`command.run`: no program to run"])
  }

  @Test("all errors of all profiles come at once") func allAtOnce() {
    let errors = Fixture.errors(
      "network.mode = \"none\"\nlimits.cpu = 0", "network.mode = \"host\"\ncommand.workdir = \"/x\""
    )
    #expect(errors.count == 3)
  }
}
