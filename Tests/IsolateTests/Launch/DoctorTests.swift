import Glibc
import Isolate
import Testing

@Suite("doctor")
struct DoctorTests {
  /// What `doctor --json` says about one thing: the lines of its object, joined.
  private func line(_ name: String, in ran: Ran) -> String {
    let lines = ran.output.split(separator: "\n").map(String.init)
    guard let start = lines.firstIndex(where: { $0.contains("\"name\": \"\(name)\"") }) else {
      return ""
    }
    return lines[start...].prefix { !$0.hasPrefix("    }") }.joined(separator: "\n")
  }

  /// What makes the program an ordinary user's; nothing if these tests are run by one.
  private var ordinary: [String] { geteuid() == 0 ? ["user:61234"] : [] }

  private func isWell(_ ran: Ran) -> Bool { ran.output.contains("\"well\": true") }

  @Test("finds this machine fit to run the default profile") func well() {
    let ran = Run.command([Run.isolated, "doctor", "--json"])
    #expect(ran.code == 0, "\(ran.output)")
    #expect(isWell(ran))
    for probe in Probe.allCases { #expect(!line(probe.rawValue, in: ran).isEmpty) }
    /* Another test's may be looking just now; what is left behind stays. */
    let leftNothing = Moment.within(30) {
      Run.shell("find /sys/fs/cgroup -name 'isolated-doctor*'").output.isEmpty
    }
    #expect(leftNothing)
  }

  @Test("finds an ordinary user fit, too") func ordinaryUser() {
    let ran = Misfortune.run(ordinary, ["doctor", "--json"])
    #expect(ran.code == 0, "\(ran.output) \(ran.errors)")
    #expect(line("user namespaces", in: ran).contains("\"status\": \"works\""))
    #expect(line("idmapped mounts", in: ran).contains("as root of the machine"))
    let delegation = line("cgroup v2 delegation", in: ran)
    #expect(delegation.contains("works") || delegation.contains("Delegate=yes"))
  }

  @Test("notices that no user namespace is left, and names the setting") func noneLeft() {
    let ran = Misfortune.run(["userns", "max-userns:0"], ["doctor", "--json"])
    #expect(ran.code == 1, "\(ran.output) \(ran.errors)")
    #expect(!isWell(ran))
    let finding = line("user namespaces", in: ran)
    #expect(finding.contains("does not work"))
    #expect(finding.contains("unshare(CLONE_NEWUSER): No space left on device"))
    #expect(finding.contains("sysctl -w user.max_user_namespaces="))
    #expect(line("other namespaces", in: ran).contains("see 'user namespaces'"))
    #expect(line("system call filter", in: ran).contains("\"works\""), "the rest still works")
    let text = Misfortune.run(["userns", "max-userns:0"], ["doctor"])
    #expect(text.code == 1)
    #expect(text.output.contains("no    user namespaces"))
    #expect(text.output.contains("The default profile starts nothing here"))
  }

  @Test("works inside a user namespace that allows more of them") func nested() {
    let ran = Misfortune.run(["userns"], ["doctor", "--json"])
    #expect(line("user namespaces", in: ran).contains("\"works\""), "\(ran.output)")
  }

  @Test(
    "notices a filter that refuses, and names the container's options",
    arguments: [
      ("unshare", "user namespaces", "seccomp=unconfined"),
      ("mount", "fresh /proc", "seccomp=unconfined"),
      ("seccomp", "system call filter", "seccomp=unconfined"),
      ("mount_setattr", "mount API", "seccomp=unconfined"),
      ("pidfd_open", "process descriptors", "seccomp=unconfined"),
      ("close_range", "close_range", "seccomp=unconfined"),
      ("landlock_create_ruleset", "Landlock", "seccomp=unconfined"),
      ("keyctl", "session keyrings", "seccomp=unconfined"),
      ("prctl", "deny write-execute", "seccomp=unconfined"),
    ] as [(String, String, String)]) func refused(call: String, name: String, cure: String)
  {
    let ran = Misfortune.run(["refuse:\(call):\(EPERM)"], ["doctor", "--json"])
    let finding = line(name, in: ran)
    #expect(!finding.contains("\"status\": \"works\""), "\(ran.output) \(ran.errors)")
    #expect(finding.contains(cure), "\(finding)")
    let required = Probe(rawValue: name)?.isRequired ?? false
    #expect(!required || ran.code == 1)
  }

  @Test("notices that no process may be made") func noProcesses() {
    let ran = Misfortune.run(ordinary + ["processes:0"], ["doctor", "--json"])
    #expect(ran.code == 1)
    for probe in Probe.allCases {
      let finding = line(probe.rawValue, in: ran)
      #expect(finding.contains("fork: Resource temporarily unavailable"), "\(finding)")
      #expect(finding.contains("ulimit -u"))
    }
  }

  @Test("prints JSON that another program reads") func json() {
    guard let python = Run.find("python3") else {
      print("not checked: python3 is not installed")
      return
    }
    let ran = Run.command([Run.isolated, "doctor", "--json"])
    let check = "import json,sys; d=json.load(sys.stdin); print(len(d['findings']), d['well'])"
    let read = Run.command([python, "-c", check], input: ran.output)
    #expect(read.output == "\(Probe.allCases.count + 2) True\n")
  }
}
