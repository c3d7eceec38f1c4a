/// The clock and the looks at the sandbox that hold limits while an app runs, and what they amount to in the end.
struct LimitWatch {
  /// What the first look waits for; each later one waits twice as long, up to a ceiling.
  private static let firstMilliseconds: Int64 = 5
  /// The same where nothing depends on it: a short run is not looked at at all.
  private static let firstIdleMilliseconds: Int64 = 20
  /// While a limit depends on it.
  private static let watchfulMilliseconds: Int64 = 100
  /// When it only tells what was in use: an app that lives long is left in peace.
  private static let idleMilliseconds: Int64 = 30_000

  /// What the sandbox is looked at for.
  enum Looks {
    /// To tell afterwards what was in use, too.
    case always
    /// Only what a limit depends on: an app that nothing needs to be known of costs nothing.
    case whereNeeded
  }

  /// Those that hold now. What a cgroup holds may change, what is looked at here does not.
  var limits: Limits
  private let cgroup: Cgroup?
  private var sampler: Sampler?
  private var wallAt: Int64?
  private var sampleAt: Int64?
  private var interval: Int64
  private let longest: Int64
  /// Of init's last answer.
  private var unmappedBytes: UInt64 = 0
  private(set) var signs = LimitSigns()

  init(_ limits: Limits, cgroup: Cgroup?, initPid: Int32, startedAt: Int64, looks: Looks) {
    self.limits = limits
    self.cgroup = cgroup
    wallAt = limits.wallTimeMilliseconds.map { startedAt + Int64(clamping: $0.amount) }
    var interest = Sampler.Interest()
    if let memory = limits.memoryBytes, memory.enforcement == .sampled {
      interest.memoryKiB = memory.amount / 1024
    }
    interest.cpuTime = limits.cpuTimeMilliseconds != nil && cgroup?.cpuMicroseconds() == nil
    interest.openFiles = limits.openFiles != nil
    let depends = interest.memoryKiB != nil || limits.cpuTimeMilliseconds != nil
    longest = depends ? Self.watchfulMilliseconds : Self.idleMilliseconds
    interval = depends ? Self.firstMilliseconds : Self.firstIdleMilliseconds
    let tells =
      interest.openFiles || limits.processes?.enforcement == .rlimit
      || limits.addressSpaceBytes != nil
    let isWorthLooking = depends || looks == .always && tells
    guard isWorthLooking else { return }
    guard ProcessTree.isListed else {
      if depends {
        Output.complain(
          "this kernel does not list the children of a process (CONFIG_PROC_CHILDREN): "
            + "memory and CPU time are limited for each process only, not for the whole app")
      }
      return
    }
    sampler = Sampler(initPid: initPid, interest: interest)
    sampleAt = startedAt + interval
  }

  /// When `check` wants to be called next, on the monotonic clock.
  var nextAt: Int64? {
    guard let wallAt else { return sampleAt }
    return min(wallAt, sampleAt ?? wallAt)
  }

  /// Whether the next look is so far off that memory is worth giving back until then.
  var isPatient: Bool { interval >= 80 }

  /// Whether a limit of the whole app is ours to enforce in time.
  var isTimed: Bool {
    wallAt != nil || limits.memoryBytes?.enforcement == .sampled
      || limits.cpuTimeMilliseconds != nil
  }

  /// Whether init should be asked what lies in memory unmapped.
  var wantsShared: Bool { limits.memoryBytes?.enforcement == .sampled }

  /// The CPU time that the last looks saw; 0 if none was looked for.
  var cpuMicroseconds: UInt64 { sampler?.peak.cpuMicroseconds ?? 0 }

  mutating func note(sharedBytes: UInt64) { unmappedBytes = sharedBytes }

  /// Looks at the clock, and at the sandbox when it is time.
  ///
  /// - Returns: a limit that the app is over; everything must be ended then.
  mutating func check(at now: Int64) -> LimitName? {
    if let at = wallAt, now >= at {
      wallAt = nil
      return exceeded(.wallTime)
    }
    guard let at = sampleAt, now >= at, var taken = sampler else { return nil }
    let sample = taken.sample(unmappedBytes: unmappedBytes)
    sampler = taken
    let cpu = cgroup?.cpuMicroseconds() ?? sample.cpuMicroseconds
    interval = min(interval * 2, longest)
    sampleAt = now + pause(cpu)
    if let limit = limits.memoryBytes, limit.enforcement == .sampled,
      sample.memoryKiB > limit.amount / 1024
    {
      return exceeded(.memory)
    }
    if let limit = limits.cpuTimeMilliseconds, cpu / 1000 >= limit.amount {
      return exceeded(.cpuTime)
    }
    return nil
  }

  /// A limit of CPU time cannot be met before what is left of it has passed on one CPU; with many CPUs the ceiling helps.
  private func pause(_ cpu: UInt64) -> Int64 {
    guard let limit = limits.cpuTimeMilliseconds else { return interval }
    let left = Int64(clamping: limit.amount) - Int64(clamping: cpu / 1000)
    return max(5, min(interval, left))
  }

  private mutating func exceeded(_ name: LimitName) -> LimitName {
    signs.exceeded.insert(name)
    sampleAt = nil
    wallAt = nil
    return name
  }

  /// Adds what was seen and counted, once the sandbox is gone.
  mutating func finish(_ counts: Cgroup.Counts?, use: inout ResourceUse, left: UInt64) {
    let peak = sampler?.peak ?? Sampler.Sample()
    signs.mostProcesses = max(peak.processes, left + 1)
    signs.mostOpenFiles = peak.openFiles
    signs.mostDataKiB = peak.largestDataKiB
    signs.mostAddressSpaceKiB = peak.largestAddressSpaceKiB
    signs.peakResidentKiB = use.peakResidentKiB
    if wantsShared, peak.memoryKiB > 0 { use.peakTotalKiB = peak.memoryKiB }
    guard let counts else { return }
    signs.memoryKills = counts.memoryKills
    signs.memoryRefusals = counts.memoryRefusals
    signs.refusedForks = counts.refusedForks
    signs.throttledMicroseconds = counts.throttledMicroseconds
    if let total = counts.peakKiB { use.peakTotalKiB = total }
  }

  /// The limits that were met, for the report.
  func met(cause: Cause) -> [LimitMet] {
    var signs = signs
    signs.cause = cause
    return signs.met(limits)
  }
}
