/// `isolated run`: one app, one loop, no daemon.
package struct RunSession: ~Copyable {
  private let policy: Policy
  private let plan: LaunchPlan
  private let reporter: RunReporter
  private let signals: SignalDoor
  private let child: Child
  private let cgroup: Cgroup?
  private var relay: TerminalRelay
  private var evidence = Evidence()
  private var use = ResourceUse()
  private var limitsMet: [LimitMet] = []
  private var sampler: Sampler?
  private let startedAt: Int64
  /// When everything is killed because a stop was asked for.
  private var killAt: Int64?
  private var wallLimitAt: Int64?
  private var sampleAt: Int64?
  /// When a session that goes on gives back the memory that only its start needed.
  private var shedAt: Int64?
  private var isOver = false
  private var failure: LaunchFailure?

  /// Takes over a launched child.
  init(
    _ prepared: consuming PreparedLaunch, child: consuming Child, policy: Policy,
    reporter: RunReporter, startedAt: Int64
  ) {
    self.policy = policy
    self.reporter = reporter
    relay = TerminalRelay(standard: prepared.standard)
    plan = prepared.plan
    signals = prepared.signals
    cgroup = prepared.cgroup
    self.child = child
    self.startedAt = startedAt
    shedAt = startedAt + 100
    evidence.cpuTimeIsLimited = policy.limits.cpuTimeMilliseconds != nil
    evidence.fileSizeIsLimited = policy.limits.fileSizeBytes != nil
    wallLimitAt = policy.limits.wallTimeMilliseconds.map { startedAt + Int64(clamping: $0.amount) }
    if policy.limits.memoryBytes?.enforcement == .sampled {
      sampler = Sampler(initPid: self.child.pid)
      sampleAt = startedAt + Sampler.firstMilliseconds
    }
  }

  /// How a session went.
  enum Outcome {
    /// What `isolated run` exits with.
    case over(Int32)
    /// Nothing was started: the namespaces are not to be had.
    case noNamespaces(Int32)
  }

  /// Runs until the sandbox is gone.
  mutating func run() -> Outcome {
    while !isOver {
      do throws(SystemError) {
        try turn()
      } catch {
        relay.restore()
        Output.complain("the session failed: \(error); ending the app")
        kill()
        isOver = true
      }
    }
    relay.finish()
    collectCgroup()
    use.wallMilliseconds = Poller.now() - startedAt
    use.peakTotalKiB = use.peakTotalKiB ?? sampler?.peakKiB
    if let failure {
      if failure.step == EarlyChild.step { return .noNamespaces(failure.number) }
      return .over(reporter.launchFailed(failure, plan: plan, policy: policy))
    }
    let end = AppEnd(evidence: evidence, use: use, limitsMet: limitsMet)
    reporter.ended(end, limits: policy.limits)
    return .over(end.exitCode)
  }

  /// Gives the signals back, for another try.
  consuming func end() -> SignalDoor { signals }

  private mutating func turn() throws(SystemError) {
    var doors = [
      Door(child.reports.raw), Door(signals.descriptor.raw), Door(child.pidfd.raw),
    ]
    doors += relay.doors
    let sheds = shedIsDue()
    try Poller.wait(&doors, timeout: timeout(), shedding: sheds)
    if doors[0].isReadable || doors[0].isHungUp { try readReports() }
    if doors[1].isReadable { try readSignals() }
    relay.handle(doors[3...])
    try checkClock()
    if doors[2].isReadable { try initEnded() }
  }

  /// Whether the wait that comes is likely to be a long one. Once a session.
  private mutating func shedIsDue() -> Bool {
    guard let at = shedAt, Poller.now() >= at else { return false }
    shedAt = nil
    return true
  }

  private func timeout() -> Int64? {
    let next = [killAt, wallLimitAt, sampleAt, shedAt].compactMap { $0 }.min()
    return next.map { max(0, $0 - Poller.now()) }
  }

  private mutating func checkClock() throws(SystemError) {
    guard killAt != nil || wallLimitAt != nil || sampleAt != nil else { return }
    let now = Poller.now()
    if let at = wallLimitAt, now >= at {
      wallLimitAt = nil
      evidence.wallTimePassed = true
      kill()
    }
    if let at = killAt, now >= at {
      killAt = nil
      evidence.wasForced = true
      kill()
    }
    if let at = sampleAt, now >= at, var taken = sampler {
      taken.sample()
      sampler = taken
      sampleAt = now + Sampler.everyMilliseconds
      if let limit = policy.limits.memoryBytes, taken.lastKiB > limit.amount / 1024 {
        sampleAt = nil
        evidence.memoryExceeded = true
        kill()
      }
    }
  }

  /// Kills init: the kernel then kills everything in its pid namespace.
  private func kill() {
    do throws(SystemError) {
      try ProcessHandle.send(SignalNumber.kill, to: child.pidfd)
    } catch {
      /* ESRCH: it has ended already, which is what was wanted. */
    }
  }

  private mutating func readReports() throws(SystemError) {
    while let message = try Launcher.receive(from: child.reports) {
      switch consume message {
      case .failed(let step, let number):
        failure = LaunchFailure(step: step, number: number)
      case .terminal(let master): try relay.open(master)
      case .started(let pid): reporter.started(pid: child.pid, inside: pid)
      case .stopped: try followStop()
      case .continued: break
      case .exited(let status, let usage):
        evidence.status = ExitStatus(waitStatus: status)
        use.userMicroseconds = usage.userMicroseconds
        use.systemMicroseconds = usage.systemMicroseconds
        use.peakResidentKiB = usage.peakResidentKiB
        use.processes = usage.processes
        noteFullFileSystems(usage.fullFileSystems)
      }
    }
  }

  private mutating func noteFullFileSystems(_ full: UInt32) {
    for (index, path) in child.watched.enumerated().prefix(32) where full & (1 << index) != 0 {
      limitsMet.append(.fileSystemFull(path: path))
    }
  }

  /// A stop is followed for a person who typed it. Elsewhere it is the app's own affair: one that could stop its supervisor
  /// could outlive its time limit.
  private mutating func followStop() throws(SystemError) {
    guard relay.isInteractive else { return }
    if wallLimitAt == nil && sampleAt == nil && killAt == nil {
      try stopWithApp()
    } else {
      try forward(SignalNumber.continue)
    }
  }

  /// The app stopped (Ctrl-Z): so do we, with the terminal as we found it; and go on together.
  private mutating func stopWithApp() throws(SystemError) {
    relay.restore()
    ProcessHandle.stopSelf()
    try relay.enterRaw()
    relay.resize()
    try forward(SignalNumber.continue)
  }

  private mutating func readSignals() throws(SystemError) {
    while let signal = signals.next() {
      switch signal {
      case SignalNumber.child: break
      case SignalNumber.windowChange: relay.resize()
      case SignalNumber.terminate, SignalNumber.hangUp:
        evidence.stopSignal = evidence.stopSignal ?? signal
        killAt = killAt ?? Poller.now() + policy.stop.timeoutMilliseconds
        let asks = signal == SignalNumber.terminate ? policy.stop.signal : signal
        try forward(asks)
      case SignalNumber.interrupt, SignalNumber.quit:
        evidence.stopSignal = evidence.stopSignal ?? signal
        try forward(signal)
      case SignalNumber.continue: try relay.enterRaw()
      default: try forward(signal)
      }
    }
  }

  private func forward(_ signal: Int32) throws(SystemError) {
    do throws(SystemError) {
      try ProcessHandle.send(signal, to: child.pidfd)
    } catch {
      /* Ended already: its report is on the way. */
      if error.number != Errno.noProcess { throw error }
    }
  }

  private mutating func initEnded() throws(SystemError) {
    guard let status = try ProcessHandle.status(of: child.pidfd, blocking: false) else { return }
    evidence.initStatus = ExitStatus(waitStatus: status)
    try readReports()
    isOver = true
  }

  private mutating func collectCgroup() {
    guard let cgroup else { return }
    let counts = cgroup.counts()
    evidence.memoryKills = counts.memoryKills
    use.peakTotalKiB = counts.peakKiB
    if counts.memoryKills > 0, let limit = policy.limits.memoryBytes {
      limitsMet.append(.memory(limit: limit.amount, kills: counts.memoryKills))
    }
    if counts.refusedForks > 0, let limit = policy.limits.processes {
      limitsMet.append(.processes(limit: limit.amount))
    }
    for problem in cgroup.remove() { Output.complain(problem) }
  }
}

/// The step of a launch that failed, and what the kernel said.
package struct LaunchFailure: Equatable, Sendable {
  package var step: Int
  /// errno(3).
  package var number: Int32
}
