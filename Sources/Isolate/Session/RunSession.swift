/// `isolated run`: one app, one loop, no daemon.
package struct RunSession: ~Copyable {
  private let app: LiveApp
  private let reporter: RunReporter
  private let signals: SignalDoor
  /// Nil: no grants.
  private let operations: Operations?
  private var relay: TerminalRelay
  /// When everything is killed because a stop was asked for.
  private var killAt: Int64?
  /// When a session that goes on gives back the memory that only its start needed.
  private var shedAt: Int64?
  private var isOver = false
  /// SIGTSTP came to us and went to the app: its stop is ours.
  private var passedStopOn = false
  /// Nil: nobody asked for crash reports.
  private let desk: CrashDesk?

  /// Takes over a launched child.
  init(
    _ prepared: consuming PreparedLaunch, child: consuming Child, policy: Policy,
    reporter: RunReporter, keeper: BrokerKeeper?, place: ControlPlace?, desk: CrashDesk?,
    startedAt: Int64
  ) {
    self.desk = desk
    operations = keeper.flatMap { keeper in
      place.map {
        Operations(
          keeper, place: $0,
          facts: SessionFacts(policy, prepared.standard, pid: 0, startedAt: startedAt),
          isQuiet: reporter.isQuiet)
      }
    }
    self.reporter = reporter
    relay = TerminalRelay(standard: prepared.standard)
    app = LiveApp(
      prepared.plan, child: child, policy: policy, cgroup: prepared.cgroup, keeper: keeper,
      startedAt: startedAt, looks: .always)
    signals = prepared.signals
    shedAt = startedAt + 100
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
        app.kill()
        isOver = true
      }
    }
    operations?.end(&relay)
    app.keeper?.end()
    for event in app.keeper?.takeEvents() ?? [] { reporter.broker(event) }
    let isHeard = relay.drain(signals)
    relay.restore()
    let end = app.finish()
    if let failure = app.failure {
      if failure.step == EarlyChild.step { return .noNamespaces(failure.number) }
      return .over(reporter.launchFailed(failure, plan: app.plan, policy: app.policy))
    }
    reporter.ended(end, limits: app.policy.limits, isHeard: isHeard)
    reportCrashes(end, isHeard: isHeard)
    return .over(end.exitCode)
  }

  /// When everything has ended: nothing waits for a report but our own end.
  private func reportCrashes(_ end: AppEnd, isHeard: Bool) {
    guard let desk else { return }
    if isHeard, let number = app.captures.ended {
      reporter.crashesUnseen(
        number == 0
          ? "somebody ended the process that looks" : "ptrace: \(SystemError.text(number))")
    }
    var context = CrashContext()
    context.end = end.cause.word
    context.use = end.use.named
    context.requests = app.keeper?.lastRequests(CrashReport.mostLines) ?? []
    let outcomes = desk.write(app.captures.take(), policy: app.policy, context: context) {
      signals.askToEnd()
    }
    for outcome in outcomes { reporter.crash(outcome, isHeard: isHeard) }
    if app.captures.dropped > 0 { reporter.crashesDropped(app.captures.dropped, isHeard: isHeard) }
  }

  /// Gives the signals back, for another try.
  consuming func end() -> SignalDoor { signals }

  private mutating func turn() throws(SystemError) {
    var doors = [
      Door(app.reportsEnded ? -1 : app.child.reports.raw), Door(signals.descriptor.raw),
      Door(app.child.pidfd.raw),
    ]
    let first = doors.count
    doors += app.keeper?.doors ?? []
    let second = doors.count
    doors += operations?.doors ?? []
    let others = doors.count
    doors += relay.doors
    let sheds = shedIsDue()
    try Poller.wait(&doors, timeout: timeout(), shedding: sheds)
    if doors[0].isReadable { try readReports() }
    if doors[0].isHungUp { app.reportsEnded = true }
    if doors[1].isReadable { try readSignals() }
    relay.handle(doors[others...])
    if let keeper = app.keeper { try tend(keeper, doors[first..<second]) }
    operations?.handle(&relay, now: Poller.now())
    if relay.isAway { try relay.resume() }
    checkClock()
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
    let next = [
      killAt, app.nextAt, shedAt, lookAt, app.keeper?.nextAt, operations?.nextAt(now: now),
    ].compactMap { $0 }.min()
    return next.map { max(0, $0 - now) }
  }

  private mutating func checkClock() {
    guard killAt != nil || app.nextAt != nil else { return }
    let now = Poller.now()
    if let at = killAt, now >= at {
      killAt = nil
      app.evidence.wasForced = true
      app.kill()
    }
    if app.checkLimits(at: now), app.isPatient { shedAt = now }
  }

  private mutating func readReports() throws(SystemError) {
    while let happening = try app.next() {
      switch consume happening {
      case .terminal(let master): try relay.open(master)
      case .started(let pid):
        reporter.started(pid: app.child.pid, inside: pid)
        operations?.open(pid: app.child.pid)
      case .stopped: try followStop()
      case .noted: break
      }
    }
  }

  /// A stop is followed when a person typed it: to us, who passed it on, or on the app's terminal. Elsewhere it is the app's own
  /// affair: one that could stop its supervisor could outlive its time limit.
  private mutating func followStop() throws(SystemError) {
    guard relay.isInteractive || passedStopOn else { return }
    let isTimed = app.isTimed || killAt != nil
    if passedStopOn || !isTimed {
      passedStopOn = false
      try relay.stop()
    } else {
      try app.signal(SignalNumber.continue)
    }
  }

  private mutating func readSignals() throws(SystemError) {
    while let signal = signals.next() {
      switch signal.number {
      case SignalNumber.child: app.keeper?.childEnded()
      case SignalNumber.windowChange where relay.isOpen: relay.resize()
      case SignalNumber.terminate:
        stopRequested(by: signal.number)
        try app.signal(app.policy.stop.signal)
      case SignalNumber.hangUp:
        /* From a process it may well mean "read your settings again"; with the terminal gone it means the end. */
        if signal.isFromKernel || relay.isHungUp { stopRequested(by: signal.number) }
        try app.signal(signal.number)
      case SignalNumber.interrupt, SignalNumber.quit:
        app.evidence.stopSignal = app.evidence.stopSignal ?? signal.number
        try app.signal(signal.number)
      case SignalNumber.continue:
        try relay.resume()
        try app.signal(signal.number)
      case SignalNumber.terminalStop:
        passedStopOn = true
        try app.signal(signal.number)
      default: try app.signal(signal.number)
      }
    }
  }

  /// The first request sets the time at which everything is killed; later ones do not put it off.
  private mutating func stopRequested(by signal: Int32) {
    app.evidence.stopSignal = app.evidence.stopSignal ?? signal
    killAt = killAt ?? Poller.now() + app.policy.stop.timeoutMilliseconds
  }

  private mutating func initEnded() throws(SystemError) {
    guard try app.hasEnded() else { return }
    try readReports()
    isOver = true
  }
}
