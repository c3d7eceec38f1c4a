import Isolate
import Testing

@Suite("By what each limit holds")
struct ResolvedLimitsTests {
  static let all = """
    [limits]
    memory = "64M"
    processes = 10
    cpu = 0.5
    open-files = 64
    file-size = "1M"
    address-space = "1G"
    cpu-time = "10s"
    wall-time = "1m"
    core-size = 0
    """
  static let legacy = ["memory", "pids", "cpu"].map {
    CgroupPlace.LegacyController(name: $0, parent: "/sys/fs/cgroup/\($0)/user")
  }

  @Test("a delegated cgroup holds memory, processes and cpu") func unified() throws {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["cpu", "memory", "pids"])
    }
    let policy = try Fixture.policy(Self.all, host: host)
    let limits = policy.limits
    #expect(limits.memoryBytes?.enforcement == .cgroup2)
    #expect(limits.memoryBytes?.amount == 64 << 20)
    #expect(limits.processes?.enforcement == .cgroup2)
    #expect(limits.cpuMillis?.enforcement == .cgroup2)
    #expect(limits.cpuMillis?.amount == 500)
    #expect(limits.openFiles?.enforcement == .rlimit)
    #expect(limits.fileSizeBytes?.enforcement == .rlimit)
    #expect(limits.addressSpaceBytes?.enforcement == .rlimit)
    #expect(limits.cpuTimeMilliseconds?.enforcement == .sampled)
    #expect(limits.coreSizeBytes?.amount == 0)
    #expect(limits.wallTimeMilliseconds?.enforcement == .timer)
    #expect(limits.cgroup == .unified(parent: "/sys/fs/cgroup/me"))
    #expect(policy.notices == [])
  }

  @Test("only the controllers that are delegated count") func someControllers() throws {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["pids"])
    }
    let policy = try Fixture.policy(Self.all, host: host)
    #expect(policy.limits.memoryBytes?.enforcement == .sampled)
    #expect(policy.limits.processes?.enforcement == .cgroup2)
    #expect(policy.limits.cpuMillis == nil)
    #expect(policy.notices.count == 2)
  }

  @Test("without a cgroup, rlimits and sampling hold, and it is said") func none() throws {
    let policy = try Fixture.policy(Self.all)
    #expect(policy.limits.memoryBytes?.enforcement == .sampled)
    #expect(policy.limits.processes?.enforcement == .rlimit)
    #expect(policy.limits.cpuMillis == nil)
    #expect(policy.limits.cgroup == nil)
    #expect(
      policy.notices.map { String($0.prefix(24)) } == [
        "limits.memory is enforce", "limits.cpu is not enforc",
      ])
    #expect(
      policy.provenance.contains { $0.key == "limits.cpu" && $0.value == "0.5 (not enforced)" })
  }

  @Test("cgroup v1 is used by root for what is required, and for nothing else") func legacyGroups()
    throws
  {
    let host = Fixture.root { $0.cgroup1 = Self.legacy }
    let policy = try Fixture.policy("require = [\"limits.memory\"]\n" + Self.all, host: host)
    #expect(policy.limits.memoryBytes?.enforcement == .cgroup1)
    #expect(policy.limits.processes?.enforcement == .rlimit)
    #expect(policy.limits.cgroup == .legacy([Self.legacy[0]]))
    let every = try Fixture.policy(
      "require = [\"limits.memory\", \"limits.processes\", \"limits.cpu\"]\n" + Self.all, host: host
    )
    #expect(every.limits.cgroup == .legacy(Self.legacy))
    #expect(
      every.notices == [
        "limits.memory, limits.processes, limits.cpu: enforced by cgroup v1, as `require` demands; "
          + "entering each cgroup makes the start about 11 ms slower."
      ])
  }

  @Test(
    "an app is in cgroups of one version: what version 2 lacks, version 1 does not hold beside it")
  func bothVersions() {
    let host = Fixture.root {
      $0.cgroup1 = Self.legacy
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["pids"])
    }
    let errors = Fixture.errors("require = [\"limits.memory\"]\n" + Self.all, host: host)
    #expect(errors.count == 1 && errors[0].contains("limits.memory"))
  }

  @Test("a required limit that nothing holds is an error") func required() {
    let text = "require = [\"limits.memory\", \"limits.processes\", \"limits.cpu\"]\n" + Self.all
    let errors = Fixture.errors(text)
    #expect(errors.count == 2)
    #expect(errors.allSatisfy { $0.hasPrefix("0.toml:1: `require`: limits.") })
    let ordinary = Fixture.host { $0.cgroup1 = Self.legacy }
    #expect(Fixture.errors(text, host: ordinary).count == 2)
    let old = Fixture.host {
      $0.kernelMajor = 5; $0.kernelMinor = 10
    }
    #expect(Fixture.errors(text, host: old).count == 3)
  }

  @Test(
    "a required limit that no profile sets is an error",
    arguments: ["memory", "processes", "cpu", "io"])
  func unset(name: String) {
    let message = "0.toml:1: `require`: limits.\(name) is required but no profile sets it"
    #expect(Fixture.errors("require = [\"limits.\(name)\"]") == [message])
    let key = name == "io" ? "io-read" : name
    #expect(
      Fixture.errors("require = [\"limits.\(name)\"]\nlimits.\(key) = \"unlimited\"") == [message])
  }

  @Test("on old kernels RLIMIT_NPROC counts too much, and it is said") func oldKernel() throws {
    let old = Fixture.host {
      $0.kernelMajor = 5; $0.kernelMinor = 13
    }
    let policy = try Fixture.policy("limits.processes = 5", host: old)
    #expect(
      policy.notices.contains { $0.hasPrefix("limits.processes is enforced without a cgroup") })
    let root = Fixture.root {
      $0.kernelMajor = 5; $0.kernelMinor = 13
    }
    #expect(
      try !Fixture.policy("limits.processes = 5", host: root).notices
        .contains { $0.hasPrefix("limits.processes") })
  }

  private static let disks = """
    [limits]
    io-read = "10M"
    io-write = "5M"
    io-read-operations = 100
    io-write-operations = 50
    io-weight = 200
    """

  @Test("limits of disks: by a delegated cgroup with io and memory, for every disk")
  func disksUnified() throws {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["memory", "io"])
      $0.disks = ["8:0", "8:16"]
      $0.weighers = [.cost, .bfq]
    }
    let text = "require = [\"limits.io\"]\n" + Self.disks
    let policy = try Fixture.policy(text, host: host)
    #expect(
      LimitName.ofDisks.map { policy.limits[$0]?.amount } == [10 << 20, 5 << 20, 100, 50, 200])
    #expect(LimitName.ofDisks.allSatisfy { policy.limits[$0]?.enforcement == .cgroup2 })
    #expect(policy.limits.disks == ["8:0", "8:16"] && policy.limits.weighers == [.cost, .bfq])
    #expect(policy.limits.cgroup == .unified(parent: "/sys/fs/cgroup/me"))
    #expect(policy.notices == [])
    #expect(
      policy.provenance.contains { $0.key == "limits.io-read" && $0.value == "10M (cgroup v2)" })
    let other = try Fixture.policy("[limits]\nmemory = \"64M\"", host: host).limits
    #expect(other.disks.isEmpty && other.weighers.isEmpty, "nobody asks for them")
  }

  @Test(
    "limits of disks that nothing holds are announced, and an error where required",
    arguments: [["io"], ["memory", "pids", "cpu"], []])
  func disksNone(controllers: [String]) throws {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: controllers)
      $0.disks = ["8:0"]
      $0.weighers = [.cost]
    }
    let policy = try Fixture.policy(Self.disks, host: host)
    #expect(LimitName.ofDisks.allSatisfy { policy.limits[$0] == nil })
    #expect(policy.limits.disks.isEmpty)
    #expect(policy.limits.weighers.isEmpty)
    #expect(policy.notices.count == 5)
    #expect(
      policy.notices.allSatisfy {
        $0.hasPrefix("limits.io-") && $0.contains("the controllers io and memory")
      })
    let errors = Fixture.errors("require = [\"limits.io\"]\n" + Self.disks, host: host)
    #expect(
      errors == [
        "0.toml:1: `require`: limits.io cannot be had: there is no delegated cgroup with the "
          + "controllers io and memory"
      ])
  }

  @Test("disks that are not to be seen are not limited, and it is said") func disksUnseen() throws {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["memory", "io"])
    }
    let policy = try Fixture.policy(Self.disks, host: host)
    #expect(LimitName.ofDisks.allSatisfy { policy.limits[$0] == nil })
    #expect(policy.notices.allSatisfy { $0.contains("not to be seen") })
    #expect(policy.notices.count == 5)
  }

  @Test(
    "a weight that no disk minds is announced, and an error where required; limits hold all the same"
  )
  func weightless() throws {
    let host = Fixture.host {
      $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/me", controllers: ["memory", "io"])
      $0.disks = ["8:0"]
    }
    let policy = try Fixture.policy(Self.disks, host: host)
    #expect(policy.limits.ioWeight == nil && policy.limits.weighers.isEmpty)
    #expect(LimitName.ofTraffic.allSatisfy { policy.limits[$0]?.enforcement == .cgroup2 })
    let why = "no disk has the scheduler bfq or is set up in io.cost.qos"
    #expect(policy.notices.count == 1)
    #expect(policy.notices.first?.hasPrefix("limits.io-weight is not enforced: \(why)") == true)
    let errors = Fixture.errors("require = [\"limits.io\"]\n" + Self.disks, host: host)
    #expect(errors == ["0.toml:1: `require`: limits.io cannot be had: \(why)"])
  }

  @Test("a weight is one of cgroup v2's", arguments: ["0", "10001", "-1", "\"1M\"", "1.5"])
  func weights(text: String) {
    let errors = Fixture.errors("limits.io-weight = \(text)")
    #expect(errors.count == 1 && errors[0].contains("`limits.io-weight`"), "\(errors)")
    #expect(Fixture.errors("limits.io-weight = 1").isEmpty)
    #expect(Fixture.errors("limits.io-weight = 10000").isEmpty)
    #expect(Fixture.errors("limits.io-weight = \"unlimited\"").isEmpty)
  }

  @Test("cgroup v1 limits reads of root's apps where it is required; writes it does not hold")
  func disksLegacy() throws {
    let blkio = CgroupPlace.LegacyController(name: "blkio", parent: "/sys/fs/cgroup/blkio/user")
    let host = Fixture.root {
      $0.cgroup1 = Self.legacy + [blkio]
      $0.disks = ["8:0"]
    }
    let reads = "[limits]\nio-read = \"10M\"\nio-read-operations = 100"
    let policy = try Fixture.policy("require = [\"limits.io\"]\n" + reads, host: host)
    #expect(policy.limits.ioReadBytes?.enforcement == .cgroup1)
    #expect(policy.limits.ioReadOperations?.enforcement == .cgroup1)
    #expect(policy.limits.cgroup == .legacy([blkio]))
    #expect(try Fixture.policy(reads, host: host).limits.ioReadBytes == nil, "it is not required")
    let errors = Fixture.errors("require = [\"limits.io\"]\n" + Self.disks, host: host)
    #expect(
      errors == [
        "0.toml:1: `require`: limits.io cannot be had: a cgroup v1 counts no write that the kernel "
          + "does later"
      ])
  }

  @Test("every enforcement has its word") func words() {
    let all: [Enforcement] = [.cgroup2, .cgroup1, .rlimit, .sampled, .timer]
    #expect(all.map(\.inWords) == ["cgroup v2", "cgroup v1", "rlimit", "sampled", "timer"])
  }
}
