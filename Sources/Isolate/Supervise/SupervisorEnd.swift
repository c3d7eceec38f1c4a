/// What follows the end of an instance.
extension Supervisor {
  /// Beyond it, failures in a row are no longer counted: every wait is the ceiling long before.
  static let mostFailures: Int64 = 1000

  mutating func ended(_ slot: Int, _ reported: Cause) {
    guard let instance = apps[slot].instance, let settings = apps[slot].settings else { return }
    let reason = apps[slot].reason
    let cause = cause(slot, reported)
    let isFailure = cause.isFailure
    cancelTimers(slot)
    live -= 1
    clearInstance(slot)
    let next = next(slot, settings, reason, isFailure)
    act(
      .report(
        EndReport(
          app: AppID(slot), instance: Instance(instance), cause: cause, isFailure: isFailure,
          upMilliseconds: now - apps[slot].launchedAt, restarts: apps[slot].restarts, next: next)))
    switch next {
    case .down:
      setState(slot, .down)
      rest(slot, isPlanned: reason?.isPlanned == true)
    case .failed:
      setState(slot, .failed)
      closeListeners(slot)
      stopDependents(of: slot)
      stopGroup(of: slot)
      wake(slot)
    case .again:
      setState(slot, .down)
      startIfPossible(slot)
    case .restart(let wait):
      restartGroup(of: slot)
      if wait == 0 {
        setState(slot, .down)
        startIfPossible(slot)
      } else {
        setState(slot, .backingOff)
        setTimer(slot, .life, in: wait)
      }
    }
    for other in edges[slot].after {
      visits += 1
      askIfPossible(other)
    }
    leaveGroupStop(slot)
    if apps[slot].isRemoved, apps[slot].instance == nil { release(slot) }
    if isShuttingDown, live == 0 { act(.finished) }
  }

  private mutating func clearInstance(_ slot: Int) {
    apps[slot].instance = nil
    apps[slot].isLaunched = false
    apps[slot].reason = nil
    apps[slot].phase = .none
    apps[slot].lastSignal = 0
    apps[slot].watchdogInterval = 0
    apps[slot].healthFailures = 0
    apps[slot].healthSuccesses = 0
    apps[slot].isHealthy = nil
    apps[slot].isChecking = false
  }

  /// An app is down and nobody wants it up: who requires it ends; its sockets stay where it ended by itself.
  private mutating func rest(_ slot: Int, isPlanned: Bool) {
    apps[slot].isWanted = false
    apps[slot].isWaiting = false
    forgive(slot)
    let up = now - apps[slot].launchedAt
    let delay = apps[slot].settings?.restart.delayMilliseconds ?? 0
    if isShuttingDown || apps[slot].isRemoved || isPlanned {
      closeListeners(slot)
    } else if up >= delay {
      arm(slot)
    } else if apps[slot].isListening {
      /* Who ends well without taking the connection that woke it must not be started in a circle. */
      setTimer(slot, .life, in: delay - up)
    }
    stopDependents(of: slot)
    wake(slot)
  }

  /// The cause of an end: what we did, unless the evidence shows that the app was faster.
  private func cause(_ slot: Int, _ reported: Cause) -> Cause {
    /* Whom nobody has asked yet ended by itself. */
    guard let reason = apps[slot].reason, apps[slot].phase != .waiting else { return reported }
    let sent = apps[slot].lastSignal
    let wasKilled = apps[slot].phase == .killed
    switch reported {
    case .exited, .stopped: break
    case .signal(let signal, _), .lost(let signal):
      guard signal == sent || wasKilled && signal == SignalNumber.kill else { return reported }
    case .refusedSystemCall, .memoryLimit, .cpuTimeLimit, .fileSizeLimit, .wallTimeLimit,
      .watchdog, .health, .runtimeLimit, .startTimeout, .dependency, .launchFailed, .daemon:
      return reported
    }
    return switch reason {
    case .order: .stopped(by: sent == 0 ? SignalNumber.kill : sent, forced: wasKilled)
    case .restart: .daemon(.restart)
    case .reload: .daemon(.reload)
    case .shutdown: .daemon(.shutdown)
    case .group: .daemon(.group)
    case .kill: .daemon(.kill)
    case .dependency(let name): .dependency(name)
    case .watchdog: .watchdog
    case .health: .health
    case .runtime: .runtimeLimit
    case .startTimeout: .startTimeout
    /* Its own end, well or badly; but who does not keep its word is killed. */
    case .own: wasKilled ? .stopped(by: SignalNumber.kill, forced: true) : reported
    }
  }

  /// Whether an app that has ended by itself, with this cause, is to be started again, unless that was too often.
  package func comesBack(_ app: AppID, after cause: Cause) -> Bool {
    guard let settings = settings(app), case let record = apps[app.slot], record.isWanted,
      record.reason == nil, !isShuttingDown, !record.isRemoved
    else { return false }
    return Self.restarts(settings, cause.isFailure)
  }

  private static func restarts(_ settings: AppSettings, _ isFailure: Bool) -> Bool {
    switch settings.restart.when {
    case .never: false
    case .onFailure: isFailure
    case .always: true
    }
  }

  private mutating func next(
    _ slot: Int, _ settings: AppSettings, _ reason: StopReason?, _ isFailure: Bool
  ) -> EndReport.Next {
    guard apps[slot].isWanted, !isShuttingDown, !apps[slot].isRemoved else { return .down }
    if reason?.isPlanned == true { return .again }
    guard Self.restarts(settings, isFailure) else {
      apps[slot].isWanted = false
      return isFailure ? .failed : .down
    }
    /* Those within the window; the list never holds more than `burst`. */
    let (start, overflow) = now.subtractingReportingOverflow(settings.restart.windowMilliseconds)
    if !overflow { apps[slot].restartTimes.removeAll { $0 <= start } }
    guard apps[slot].restartTimes.count < max(1, settings.restart.burst) else {
      apps[slot].isWanted = false
      return .failed
    }
    apps[slot].restartTimes.append(now)
    apps[slot].failures = min(apps[slot].failures + 1, Int(Self.mostFailures))
    apps[slot].restarts += 1
    return .restart(
      milliseconds: BackOff.wait(
        failures: apps[slot].failures, settings.restart, random: &random))
  }
}
