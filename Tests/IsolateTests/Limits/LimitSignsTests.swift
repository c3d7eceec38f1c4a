import Isolate
import Testing

@Suite("Which limits were met")
struct LimitSignsTests {
  private let position = Position(file: "a.toml", line: 3)

  private func limits(_ enforcement: Enforcement) -> Limits {
    var limits = Limits()
    limits.memoryBytes = Limit(amount: 64 << 20, enforcement: enforcement, position: position)
    limits.processes = Limit(
      amount: 20, enforcement: enforcement == .sampled ? .rlimit : enforcement, position: position)
    limits.openFiles = Limit(amount: 64, enforcement: .rlimit, position: position)
    limits.addressSpaceBytes = Limit(amount: 1 << 30, enforcement: .rlimit, position: position)
    limits.cpuMillis = Limit(amount: 500, enforcement: enforcement, position: position)
    return limits
  }

  private func met(_ enforcement: Enforcement, _ change: (inout LimitSigns) -> Void) -> [String] {
    var signs = LimitSigns()
    change(&signs)
    return signs.met(limits(enforcement)).map { "\($0.key) \($0.sign)" }
  }

  @Test("none when nothing was seen") func none() {
    #expect(met(.sampled) { _ in } == [])
    #expect(met(.cgroup2) { $0.cause = .exited(code: 1) } == [])
  }

  @Test("the kernel's counts") func counts() {
    #expect(met(.cgroup2) { $0.memoryKills = 2 } == ["limits.memory killed(2)"])
    #expect(met(.cgroup2) { $0.memoryRefusals = 4 } == ["limits.memory refused(4)"])
    #expect(met(.cgroup1) { $0.refusedForks = 7 } == ["limits.processes refused(7)"])
    #expect(met(.cgroup2) { $0.throttledMicroseconds = 9 } == ["limits.cpu throttled(9)"])
  }

  @Test("what was seen in use, up to the limit and not below") func reached() {
    #expect(met(.sampled) { $0.mostProcesses = 20 } == ["limits.processes reached"])
    #expect(met(.sampled) { $0.mostProcesses = 19 } == [])
    #expect(met(.cgroup2) { $0.mostProcesses = 20 } == [], "a cgroup counts refusals itself")
    #expect(met(.sampled) { $0.mostOpenFiles = 64 } == ["limits.open-files reached"])
    #expect(met(.sampled) { $0.mostOpenFiles = 63 } == [])
  }

  @Test("nearly all in use counts only for an app that failed") func near() {
    #expect(
      met(.sampled) {
        $0.mostDataKiB = 63 << 10
        $0.cause = .exited(code: 1)
      } == ["limits.memory near"])
    #expect(met(.sampled) { $0.mostDataKiB = 63 << 10 } == [])
    #expect(
      met(.sampled) {
        $0.peakResidentKiB = 40 << 10
        $0.cause = .signal(11, dumpedCore: false)
      } == [])
    #expect(
      met(.cgroup2) {
        $0.mostAddressSpaceKiB = 1 << 20
        $0.cause = .signal(6, dumpedCore: false)
      } == ["limits.address-space near"])
  }

  @Test("what we ended the app for") func exceeded() {
    #expect(met(.sampled) { $0.exceeded = [.memory] } == ["limits.memory ended"])
  }

  @Test("the words name key, amount, rule and what enforces it") func words() {
    let limit = Limit(amount: 64 << 20, enforcement: .cgroup2, position: position)
    let killed = LimitMet(.memory, limit, .killed(2))
    #expect(
      EndText.lines([killed], cause: .exited(code: 137)) == [
        "limits.memory = 64M was met (a.toml:3, cgroup v2): the kernel killed 2 of its processes"
      ])
    #expect(EndText.lines([killed], cause: .memoryLimit) == [], "the cause was said already")
    let throttled = LimitMet(.cpu, limit, .throttled(5))
    #expect(EndText.lines([throttled], cause: .exited(code: 0)) == [], "nothing failed")
    var limits = Limits()
    limits.memoryBytes = limit
    let end = AppEnd(evidence: memoryEvidence, use: ResourceUse(), limitsMet: [killed])
    #expect(
      EndText.line(end, app: "app", limits: limits)
        == "app was killed: over limits.memory = 64M (a.toml:3, cgroup v2)")
    let full = LimitMet(
      what: .privateFiles(path: "/tmp"), amount: 1 << 20, enforcement: nil, position: position,
      sign: .reached)
    #expect(
      EndText.lines([full], cause: .exited(code: 1)) == [
        "the private file system on /tmp was full: 1M (a.toml:3)"
      ])
  }

  private var memoryEvidence: Evidence {
    var evidence = Evidence()
    evidence.memoryExceeded = true
    return evidence
  }

  @Test("a killed app is over its CPU time only if that was used up") func cpuCause() {
    var evidence = Evidence()
    evidence.cpuTimeIsLimited = true
    evidence.status = .signaled(signal: 9, dumpedCore: false)
    #expect(evidence.cause == .signal(9, dumpedCore: false))
    evidence.cpuTimeIsUsedUp = true
    #expect(evidence.cause == .cpuTimeLimit)
    evidence.status = .signaled(signal: 24, dumpedCore: false)
    evidence.cpuTimeIsUsedUp = false
    #expect(evidence.cause == .cpuTimeLimit)
    evidence.status = nil
    evidence.cpuTimeExceeded = true
    #expect(evidence.cause == .cpuTimeLimit)
  }

  @Test("a limit of time or size was met when it was the cause; of disks nothing is known")
  func causes() {
    var limits = Limits()
    for name in LimitName.allCases {
      limits[name] = Limit(amount: 5, enforcement: .rlimit, position: position)
    }
    func met(_ cause: Cause) -> [String] {
      var signs = LimitSigns()
      signs.cause = cause
      return signs.met(limits).map { "\($0.key) \($0.sign)" }
    }
    #expect(met(.fileSizeLimit) == ["limits.file-size ended"])
    #expect(met(.cpuTimeLimit) == ["limits.cpu-time ended"])
    #expect(met(.refusedSystemCall) == [] && met(.exited(code: 0)) == [])
  }
}
