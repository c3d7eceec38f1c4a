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

  @Test("a share too small for the kernel becomes the smallest it takes") func smallShare() {
    var limits = Limits()
    limits.cpuMillis = Limit(
      amount: 1, enforcement: .cgroup2, position: Position(file: "a.toml", line: 1))
    #expect(CgroupLimits.unified(limits).map(\.value) == ["1000 100000"])
  }
}
