import Isolate
import Testing

@Suite("Limits as a cgroup's files")
struct CgroupLimitsTests {
  private func limits(_ enforcement: Enforcement) -> Limits {
    var limits = Limits()
    let position = Position(file: "a.toml", line: 1)
    limits.memoryBytes = Limit(amount: 64 << 20, enforcement: enforcement, position: position)
    limits.processes = Limit(amount: 20, enforcement: enforcement, position: position)
    limits.cpuMillis = Limit(amount: 1500, enforcement: enforcement, position: position)
    return limits
  }

  @Test("of v2: memory without swap and killed as one, processes and init, a share of time")
  func unified() {
    let settings = CgroupLimits.unified(limits(.cgroup2))
    #expect(
      settings.map { "\($0.file)=\($0.value)" } == [
        "memory.max=67108864", "memory.swap.max=0", "memory.oom.group=1", "pids.max=21",
        "cpu.max=150000 100000",
      ])
    #expect(settings.filter(\.isOptional).map(\.file) == ["memory.swap.max"])
    #expect(CgroupLimits.controllers(limits(.cgroup2)) == ["memory", "pids", "cpu"])
  }

  @Test("of v1: one controller each") func legacy() {
    let limits = limits(.cgroup1)
    func files(_ controller: String) -> [String] {
      CgroupLimits.legacy(limits, controller: controller).map { "\($0.file)=\($0.value)" }
    }
    #expect(
      files("memory") == [
        "memory.limit_in_bytes=67108864", "memory.memsw.limit_in_bytes=67108864",
      ])
    #expect(files("pids") == ["pids.max=21"])
    #expect(files("cpu") == ["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=150000"])
    #expect(files("devices") == [])
  }

  @Test(
    "nothing for what something else enforces",
    arguments: [Enforcement.rlimit, .sampled, .timer])
  func others(enforcement: Enforcement) {
    let limits = limits(enforcement)
    #expect(CgroupLimits.unified(limits).isEmpty)
    #expect(CgroupLimits.controllers(limits).isEmpty)
    #expect(
      ["memory", "pids", "cpu"].allSatisfy { CgroupLimits.legacy(limits, controller: $0).isEmpty })
  }

  private func disks(_ enforcement: Enforcement) -> Limits {
    var limits = Limits()
    let position = Position(file: "a.toml", line: 1)
    func limit(_ amount: UInt64) -> Limit {
      Limit(amount: amount, enforcement: enforcement, position: position)
    }
    limits.ioReadBytes = limit(10 << 20)
    limits.ioWriteBytes = limit(5 << 20)
    limits.ioReadOperations = limit(100)
    limits.disks = ["8:0", "259:0"]
    return limits
  }

  @Test(
    "of disks by v2: one line for each, what is not limited included; with memory, by which later writes are known"
  )
  func unifiedDisks() {
    let limits = disks(.cgroup2)
    let settings = CgroupLimits.unified(limits)
    #expect(
      settings.map { "\($0.file)=\($0.value)" } == [
        "io.max=8:0 rbps=10485760 wbps=5242880 riops=100 wiops=max",
        "io.max=259:0 rbps=10485760 wbps=5242880 riops=100 wiops=max",
      ])
    #expect(settings.allSatisfy { $0.isOfDisk && !$0.isOptional })
    #expect(CgroupLimits.controllers(limits) == ["io", "memory"])
    var more = limits
    more.memoryBytes = Limit(
      amount: 1 << 20, enforcement: .cgroup2, position: Position(file: "a.toml", line: 1))
    #expect(CgroupLimits.controllers(more) == ["memory", "io"])
  }

  @Test("what is limited no more is lifted in a cgroup that is there, and nothing else is touched")
  func lifted() {
    func words(_ limits: Limits, replacing old: Limits) -> [String] {
      CgroupLimits.unified(limits, replacing: old).map { "\($0.file)=\($0.value)" }
    }
    let all = limits(.cgroup2)
    #expect(
      words(Limits(), replacing: all) == [
        "memory.max=max", "memory.swap.max=max", "memory.oom.group=0", "pids.max=max",
        "cpu.max=max 100000",
      ])
    #expect(words(all, replacing: Limits()) == words(all, replacing: all))
    #expect(words(Limits(), replacing: Limits()).isEmpty)
    #expect(words(Limits(), replacing: limits(.rlimit)).isEmpty)
    let old = disks(.cgroup2)
    var fewer = old
    fewer.ioReadBytes = nil
    fewer.disks = ["8:0"]
    #expect(
      words(fewer, replacing: old) == [
        "io.max=8:0 rbps=max wbps=5242880 riops=100 wiops=max",
        "io.max=259:0 rbps=max wbps=max riops=max wiops=max",
      ])
    var none = Limits()
    none.disks = old.disks
    #expect(
      words(none, replacing: old) == [
        "io.max=8:0 rbps=max wbps=max riops=max wiops=max",
        "io.max=259:0 rbps=max wbps=max riops=max wiops=max",
      ])
  }

  @Test("weights of disks: by the files of what minds them, and back to the usual one")
  func weights() {
    func limits(_ amount: UInt64, _ weighers: [DiskWeigher]) -> Limits {
      var limits = Limits()
      limits.ioWeight = Limit(
        amount: amount, enforcement: .cgroup2, position: Position(file: "a.toml", line: 1))
      limits.weighers = weighers
      return limits
    }
    func words(_ limits: Limits, replacing old: Limits = Limits()) -> [String] {
      CgroupLimits.unified(limits, replacing: old).map {
        "\($0.file)=\($0.value)\($0.isOptional ? " if there" : "")"
      }
    }
    let both = limits(5000, [.cost, .bfq])
    #expect(words(both) == ["io.weight=5000", "io.bfq.weight=1000"])
    #expect(words(limits(200, [.bfq])) == ["io.bfq.weight=200"])
    #expect(CgroupLimits.controllers(both) == ["io", "memory"])
    #expect(
      words(Limits(), replacing: both) == ["io.weight=100 if there", "io.bfq.weight=100 if there"])
    #expect(
      words(limits(200, [.cost]), replacing: both) == [
        "io.weight=200", "io.bfq.weight=100 if there",
      ])
    var sampled = both
    sampled.ioWeight?.enforcement = .sampled
    #expect(words(sampled).isEmpty && CgroupLimits.controllers(sampled).isEmpty)
    /* Beside limits of traffic: each by its own file. */
    var all = disks(.cgroup2)
    all.ioWeight = both.ioWeight
    all.weighers = [.cost]
    #expect(words(all).map { $0.prefix(9) } == ["io.max=8:", "io.max=25", "io.weight"])
    #expect(words(disks(.cgroup2), replacing: all).last == "io.weight=100 if there")
  }

  @Test("of disks by v1: reads, and no write") func legacyDisks() {
    let settings = CgroupLimits.legacy(disks(.cgroup1), controller: "blkio")
    #expect(
      settings.map { "\($0.file)=\($0.value)" } == [
        "blkio.throttle.read_bps_device=8:0 10485760",
        "blkio.throttle.read_bps_device=259:0 10485760",
        "blkio.throttle.read_iops_device=8:0 100", "blkio.throttle.read_iops_device=259:0 100",
      ])
    #expect(CgroupLimits.legacy(disks(.cgroup2), controller: "blkio").isEmpty)
    #expect(CgroupLimits.unified(disks(.cgroup1)).isEmpty)
  }

  @Test("the machine's disks are whole ones of /sys/block") func machine() throws {
    for disk in try #require(HostProbe.disks()) {
      let parts = disk.split(separator: ":")
      #expect(parts.count == 2 && parts.allSatisfy { UInt32($0) != nil })
      #expect(Run.shell("[ ! -e /sys/dev/block/\(disk)/partition ]").code == 0)
    }
  }

  @Test("a share too small for the kernel becomes the smallest it takes") func smallShare() {
    var limits = Limits()
    limits.cpuMillis = Limit(
      amount: 1, enforcement: .cgroup2, position: Position(file: "a.toml", line: 1))
    #expect(CgroupLimits.unified(limits).map(\.value) == ["1000 100000"])
  }
}
