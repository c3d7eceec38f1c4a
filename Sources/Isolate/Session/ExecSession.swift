/// The outer end of a command in a running app's sandbox: its terminal, its signals, its end.
struct ExecSession: ~Copyable {
  private let child: Child
  private let app: String
  private let plan: LaunchPlan
  private let policy: Policy
  private let signals: SignalDoor
  private var relay: TerminalRelay
  private var status: ExitStatus?
  private var failure: LaunchFailure?
  private var hasStarted = false
  private var passedStopOn = false
  private var reportsEnded = false
  private var isOver = false
  /// What asked for the end before there was a command to tell, and when that is killed if there is none still.
  private var early: (signal: Int32, until: Int64)?

  init(
    _ child: consuming Child, app: String, plan: LaunchPlan, policy: Policy,
    standard: [PlanContext.StandardDescriptor], signals: consuming SignalDoor
  ) {
    self.child = child
    self.app = app
    self.plan = plan
    self.policy = policy
    self.signals = signals
    relay = TerminalRelay(standard: standard)
  }

  /// Runs until the command has ended.
  mutating func run(in app: borrowing OtherProcess) -> Int32 {
    while !isOver {
      do throws(SystemError) {
        try turn()
      } catch {
        relay.restore()
        Output.complain("exec failed: \(error); ending the command")
        ProcessHandle.endAndReap(child.pidfd)
        return 125
      }
    }
    _ = relay.drain(signals)
    relay.restore()
    if let failure {
      let explained = Hints.explain(
        step: failure.step, number: failure.number, plan: plan, policy: policy)
      Output.complain(explained.text)
      return explained.exitCode
    }
    if let early, !hasStarted { return 128 + early.signal }
    let code = status?.shellCode ?? 128 + SignalNumber.kill
    if code == 128 + SignalNumber.kill, Self.ends(app) {
      Output.complain("\(self.app) has ended, and the command with it")
    }
    return code
  }

  /// The kernel kills the command first, then it waits for all to be reaped, and then init is gone.
  private static func ends(_ app: borrowing OtherProcess) -> Bool {
    var doors = [Door(app.pidfd.raw)]
    do throws(SystemError) {
      try Poller.wait(&doors, timeout: 200)
    } catch {
      return false
    }
    return doors[0].isReadable
  }

  private mutating func turn() throws(SystemError) {
    var doors = [
      Door(reportsEnded ? -1 : child.reports.raw), Door(signals.descriptor.raw),
      Door(child.pidfd.raw),
    ]
    doors += relay.doors
    try Poller.wait(&doors, timeout: timeout())
    if doors[0].isReadable { try readReports() }
    if doors[0].isHungUp { reportsEnded = true }
    if doors[1].isReadable { try readSignals() }
    relay.handle(doors[3...])
    if relay.isAway { try relay.resume() }
    /* The app can hold the command up until it has called exec, by stopping it. */
    if let early, !hasStarted, Poller.now() >= early.until { try forward(SignalNumber.kill) }
    if doors[2].isReadable, try ProcessHandle.status(of: child.pidfd, blocking: false) != nil {
      try readReports()
      isOver = true
    }
  }

  private func timeout() -> Int64? {
    let look = relay.isAway ? TerminalRelay.lookMilliseconds : nil
    let kill = hasStarted ? nil : early.map { max(0, $0.until - Poller.now()) }
    return [look, kill].compactMap { $0 }.min()
  }

  private mutating func readReports() throws(SystemError) {
    while let message = try Launcher.receive(from: child.reports) {
      switch consume message {
      case .failed(let step, let number): failure = LaunchFailure(step: step, number: number)
      case .terminal(let master): try relay.open(master)
      case .started: hasStarted = true
      case .stopped:
        if relay.isInteractive || passedStopOn {
          passedStopOn = false
          try relay.stop()
        }
      case .exited(let status, _): self.status = ExitStatus(waitStatus: status)
      case .continued: break
      case .shared: break
      case .crashFile: break
      case .crashed: break
      case .unwitnessed: break
      }
    }
  }

  private mutating func readSignals() throws(SystemError) {
    while let signal = signals.next() {
      switch signal.number {
      case SignalNumber.child: break
      case SignalNumber.windowChange where relay.isOpen: relay.resize()
      case SignalNumber.continue:
        try relay.resume()
        try forward(signal.number)
      case SignalNumber.terminalStop:
        passedStopOn = true
        try forward(signal.number)
      case let number where !hasStarted && SignalNumber.ends.contains(number):
        early = early ?? (number, Poller.now() + 1000)
        try forward(number)
      default: try forward(signal.number)
      }
    }
  }

  private func forward(_ signal: Int32) throws(SystemError) {
    do throws(SystemError) {
      try ProcessHandle.send(signal, to: child.pidfd)
    } catch {
      if error.number != Errno.noProcess { throw error }
    }
  }
}
