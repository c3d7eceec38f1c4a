/// A limit that an app met: reported even if it was not the cause of the end, so that nobody has to guess.
package struct LimitMet: Hashable, Sendable {
  package enum What: Hashable, Sendable {
    case limit(LimitName)
    /// A private file system, by its path in the view: its size, or its count of files.
    case privateFiles(path: String)
  }

  /// How it is known.
  package enum Sign: Hashable, Sendable {
    /// Everything was ended because of it.
    case ended
    /// The kernel killed so many processes because of it.
    case killed(UInt64)
    /// The kernel refused what was asked for, so many times.
    case refused(UInt64)
    /// So much was seen in use as is allowed.
    case reached
    /// The app failed and had nearly so much in use: what it asked for last was probably refused.
    case near
    /// Processes waited for so many microseconds because of it. Nothing failed.
    case throttled(UInt64)
  }

  package var what: What
  package var amount: UInt64
  /// Nil for private file systems, whose size the kernel holds.
  package var enforcement: Enforcement?
  package var position: Position?
  package var sign: Sign

  package init(
    what: What, amount: UInt64, enforcement: Enforcement?, position: Position?, sign: Sign
  ) {
    self.what = what
    self.amount = amount
    self.enforcement = enforcement
    self.position = position
    self.sign = sign
  }

  package init(_ name: LimitName, _ limit: Limit, _ sign: Sign) {
    self.init(
      what: .limit(name), amount: limit.amount, enforcement: limit.enforcement,
      position: limit.position, sign: sign)
  }

  /// The key that sets it.
  package var key: String {
    switch what {
    case .limit(let name): name.key
    case .privateFiles: "files.private"
    }
  }
}

/// What was counted and seen, from which the limits that were met are concluded.
package struct LimitSigns: Hashable, Sendable {
  /// The limits for which the supervisor ended the app.
  package var exceeded: Set<LimitName> = []
  package var memoryKills: UInt64 = 0
  package var memoryRefusals: UInt64 = 0
  package var refusedForks: UInt64 = 0
  package var throttledMicroseconds: UInt64 = 0
  /// Processes and threads seen at one time, init left out.
  package var mostProcesses: UInt64 = 0
  package var mostOpenFiles: UInt64 = 0
  package var mostDataKiB: UInt64 = 0
  package var mostAddressSpaceKiB: UInt64 = 0
  package var peakResidentKiB: UInt64 = 0
  package var cause: Cause = .exited(code: 0)

  package init() {}

  /// The app ended as if something had been refused to it.
  private var failed: Bool {
    switch cause {
    case .exited(let code): code != 0
    case .signal, .lost: true
    case .refusedSystemCall, .memoryLimit, .cpuTimeLimit, .fileSizeLimit, .wallTimeLimit,
      .stopped, .watchdog, .health, .runtimeLimit, .startTimeout, .dependency, .launchFailed,
      .daemon:
      false
    }
  }

  /// Every limit that was met, in the order of the profile's keys.
  package func met(_ limits: Limits) -> [LimitMet] {
    LimitName.allCases.compactMap { name in
      guard let limit = limits[name], let sign = sign(name, limit) else { return nil }
      return LimitMet(name, limit, sign)
    }
  }

  private func sign(_ name: LimitName, _ limit: Limit) -> LimitMet.Sign? {
    if exceeded.contains(name) { return .ended }
    switch name {
    case .memory: return memory(limit)
    case .processes:
      if refusedForks > 0 { return .refused(refusedForks) }
      return limit.enforcement == .rlimit && mostProcesses >= limit.amount ? .reached : nil
    /* What is read or written waits, and nothing counts for how long. */
    case .ioRead, .ioWrite, .ioReadOperations, .ioWriteOperations, .ioWeight: return nil
    case .cpu: return throttledMicroseconds > 0 ? .throttled(throttledMicroseconds) : nil
    case .openFiles: return mostOpenFiles >= limit.amount ? .reached : nil
    case .fileSize: return cause == .fileSizeLimit ? .ended : nil
    case .addressSpace: return failed && isNear(mostAddressSpaceKiB, limit) ? .near : nil
    case .cpuTime: return cause == .cpuTimeLimit ? .ended : nil
    case .wallTime, .coreSize: return nil
    }
  }

  private func memory(_ limit: Limit) -> LimitMet.Sign? {
    if memoryKills > 0 { return .killed(memoryKills) }
    if memoryRefusals > 0 { return .refused(memoryRefusals) }
    guard limit.enforcement == .sampled, failed else { return nil }
    return isNear(max(mostDataKiB, peakResidentKiB), limit) ? .near : nil
  }

  /// Within a sixteenth: the next block that an allocator asks for may well be so large.
  private func isNear(_ kib: UInt64, _ limit: Limit) -> Bool {
    let allowed = limit.amount / 1024
    return kib >= allowed - allowed / 16
  }
}
