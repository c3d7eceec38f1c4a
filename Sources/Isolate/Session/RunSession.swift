/// `isolated run`: one app, one loop, no daemon.
package struct RunSession: ~Copyable {
  private let policy: Policy
  private let plan: LaunchPlan
  private let reporter: RunReporter
  private let signals: SignalDoor
  private let child: Child
  private let cgroup: Cgroup?
  /// Nil: no grants.
  private let keeper: BrokerKeeper?
  /// Nil: no grants.
  private let operations: Operations?
  private var relay: TerminalRelay
  private var evidence = Evidence()
  private var use = ResourceUse()
  private var limitsMet: [LimitMet] = []
  private var watch: LimitWatch
  /// Processes that still lived when the app had ended.
  private var left: UInt64 = 0
  private let startedAt: Int64
  /// When everything is killed because a stop was asked for.
  private var killAt: Int64?
  /// When a session that goes on gives back the memory that only its start needed.
  private var shedAt: Int64?
  private var isOver = false
  private var reportsEnded = false
  /// SIGTSTP came to us and went to the app: its stop is ours.
  private var passedStopOn = false
  private var failure: LaunchFailure?

  /// Takes over a launched child.
  init(
    _ prepared: consuming PreparedLaunch, child: consuming Child, policy: Policy,
    reporter: RunReporter, keeper: BrokerKeeper?, place: ControlPlace?, startedAt: Int64
  ) {
    self.keeper = keeper
    operations = keeper.flatMap { keeper in
      place.map {
        Operations(
          keeper, place: $0,
          facts: SessionFacts(policy, prepared.standard, pid: 0, startedAt: startedAt),
          isQuiet: reporter.isQuiet)
      }
    }
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
    watch = LimitWatch(
      policy.limits, cgroup: prepared.cgroup, initPid: self.child.pid, startedAt: startedAt)
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
    operations?.end(&relay)
    keeper?.end()
    for event in keeper?.takeEvents() ?? [] { reporter.broker(event) }
    let isHeard = drain()
    relay.restore()
    collectLimits()
    use.wallMilliseconds = Poller.now() - startedAt
    if let failure {
      if failure.step == EarlyChild.step { return .noNamespaces(failure.number) }
      return .over(reporter.launchFailed(failure, plan: plan, policy: policy))
    }
    let end = AppEnd(evidence: evidence, use: use, limitsMet: limitsMet)
    reporter.ended(end, limits: policy.limits, isHeard: isHeard)
    return .over(end.exitCode)
  }

  /// The app's last words, as long as the caller's terminal takes them and nobody asks to end.
  ///
  /// - Returns: whether it took them all: it will take ours too.
  private mutating func drain() -> Bool {
    while relay.moveRest() {
      var doors = [Door(signals.descriptor.raw)] + relay.doors
      do throws(SystemError) {
        try Poller.wait(&doors, timeout: nil)
      } catch {
        return false
      }
      while let signal = signals.next() {
        let ends = [
          SignalNumber.terminate, SignalNumber.hangUp, SignalNumber.interrupt, SignalNumber.quit,
        ]
        if ends.contains(signal.number) { return false }
      }
      relay.handle(doors[1...])
    }
    return true
  }

  /// Gives the signals back, for another try.
  consuming func end() -> SignalDoor { signals }

  private mutating func turn() throws(SystemError) {
    var doors = [
      Door(reportsEnded ? -1 : child.reports.raw), Door(signals.descriptor.raw),
      Door(child.pidfd.raw),
    ]
    let first = doors.count
    doors += keeper?.doors ?? []
    let second = doors.count
    doors += operations?.doors ?? []
    let others = doors.count
    doors += relay.doors
    let sheds = shedIsDue()
    try Poller.wait(&doors, timeout: timeout(), shedding: sheds)
    if doors[0].isReadable { try readReports() }
    /* Init has closed its end and is on its way out: the pidfd says when; asking here again would spin. */
    if doors[0].isHungUp && !doors[0].isReadable { reportsEnded = true }
    if doors[1].isReadable { try readSignals() }
    relay.handle(doors[others...])
    if let keeper { try tend(keeper, doors[first..<second]) }
    operations?.handle(&relay, now: Poller.now())
    if relay.isAway { try relay.resume() }
    try checkClock()
    if doors[2].isReadable { try initEnded() }
  }

  private func tend(
    _ keeper: BrokerKeeper, _ doors: ArraySlice<Door>
  ) throws(SystemError) {
    try keeper.handle(doors, now: Poller.now())
    for event in keeper.takeEvents() {
      reporter.broker(event)
      operations?.note(event)
    }
  }

  /// Whether the wait that comes is likely to be a long one. Once a session.
  private mutating func shedIsDue() -> Bool {
    guard let at = shedAt, Poller.now() >= at else { return false }
    shedAt = nil
    return true
  }

  private func timeout() -> Int64? {
    let now = Poller.now()
    let lookAt = relay.isAway ? now + TerminalRelay.lookMilliseconds : nil
    let next = [killAt, watch.nextAt, shedAt, lookAt, keeper?.nextAt, operations?.nextAt(now: now)]
      .compactMap { $0 }.min()
    return next.map { max(0, $0 - now) }
  }

  private mutating func checkClock() throws(SystemError) {
    guard killAt != nil || watch.nextAt != nil else { return }
    let now = Poller.now()
    if let at = killAt, now >= at {
      killAt = nil
      evidence.wasForced = true
      kill()
    }
    guard let at = watch.nextAt, now >= at else { return }
    switch watch.check(at: now) {
    case nil:
      if watch.wantsShared { Launcher.askForShared(child.reports) }
      if watch.isPatient { shedAt = now }
      return
    case .memory: evidence.memoryExceeded = true
    case .cpuTime: evidence.cpuTimeExceeded = true
    case .wallTime: evidence.wallTimePassed = true
    case .processes, .cpu, .openFiles, .fileSize, .addressSpace, .coreSize: return
    }
    kill()
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
      case .started(let pid):
        reporter.started(pid: child.pid, inside: pid)
        operations?.open(pid: child.pid)
      case .stopped: try followStop()
      case .continued: break
      case .exited(let status, let usage):
        evidence.status = ExitStatus(waitStatus: status)
        use.userMicroseconds = usage.userMicroseconds
        use.systemMicroseconds = usage.systemMicroseconds
        use.peakResidentKiB = usage.peakResidentKiB
        use.processes = usage.processes
        left = usage.left
        noteFullFileSystems(usage.fullFileSystems)
      case .shared(let bytes): watch.note(sharedBytes: bytes)
      }
    }
  }

  private mutating func noteFullFileSystems(_ full: UInt32) {
    for (index, path) in child.watched.enumerated().prefix(32) where full & (1 << index) != 0 {
      let rule = policy.files.rules.first { $0.kind == .private && $0.target == path }
      limitsMet.append(
        LimitMet(
          what: .privateFiles(path: path), amount: rule?.sizeBytes ?? 0, enforcement: nil,
          position: rule?.position, sign: .reached))
    }
  }

  /// A stop is followed when a person typed it: to us, who passed it on, or on the app's terminal. Elsewhere it is the app's own
  /// affair: one that could stop its supervisor could outlive its time limit.
  private mutating func followStop() throws(SystemError) {
    guard relay.isInteractive || passedStopOn else { return }
    let isTimed = watch.isTimed || killAt != nil
    if passedStopOn || !isTimed {
      passedStopOn = false
      try stopWithApp()
    } else {
      try forward(SignalNumber.continue)
    }
  }

  /// The app stopped (Ctrl-Z): so do we, with the terminal as we found it. With a raw terminal the keyboard has
  /// stopped only the app; the rest of our job waits for it. SIGCONT, when it comes, is read as any other signal.
  private mutating func stopWithApp() throws(SystemError) {
    let isWholeJob = relay.isRaw
    relay.restore()
    ProcessHandle.stopSelf(withGroup: isWholeJob)
    try relay.resume()
  }

  private mutating func readSignals() throws(SystemError) {
    while let signal = signals.next() {
      switch signal.number {
      case SignalNumber.child: keeper?.childEnded()
      case SignalNumber.windowChange where relay.isOpen: relay.resize()
      case SignalNumber.terminate:
        stopRequested(by: signal.number)
        try forward(policy.stop.signal)
      case SignalNumber.hangUp:
        /* From a process it may well mean "read your settings again"; with the terminal gone it means the end. */
        if signal.isFromKernel || relay.isHungUp { stopRequested(by: signal.number) }
        try forward(signal.number)
      case SignalNumber.interrupt, SignalNumber.quit:
        evidence.stopSignal = evidence.stopSignal ?? signal.number
        try forward(signal.number)
      case SignalNumber.continue:
        try relay.resume()
        try forward(signal.number)
      case SignalNumber.terminalStop:
        passedStopOn = true
        try forward(signal.number)
      default: try forward(signal.number)
      }
    }
  }

  /// The first request sets the time at which everything is killed; later ones do not put it off.
  private mutating func stopRequested(by signal: Int32) {
    evidence.stopSignal = evidence.stopSignal ?? signal
    killAt = killAt ?? Poller.now() + policy.stop.timeoutMilliseconds
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

  private mutating func collectLimits() {
    let counts = cgroup?.counts()
    if let counts, let total = counts.cpuMicroseconds, evidence.status == nil {
      /* Init was killed with the rest and could not report. */
      use.userMicroseconds = total
    }
    evidence.memoryKills = counts?.memoryKills ?? 0
    if let limit = policy.limits.cpuTimeMilliseconds {
      let used = (use.userMicroseconds + use.systemMicroseconds) / 1000
      evidence.cpuTimeIsUsedUp = used >= limit.amount
    }
    if evidence.status == nil, counts == nil { use.userMicroseconds = watch.cpuMicroseconds }
    watch.finish(counts, use: &use, left: left)
    limitsMet += watch.met(cause: evidence.cause)
    for problem in cgroup?.remove() ?? [] { Output.complain(problem) }
  }
}

/// The step of a launch that failed, and what the kernel said.
package struct LaunchFailure: Equatable, Sendable {
  package var step: Int
  /// errno(3).
  package var number: Int32
}
