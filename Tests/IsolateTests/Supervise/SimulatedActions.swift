@testable import Isolate

/// The simulated session: it performs what the supervisor says, badly, and checks that it may be said.
extension SimulatedWorld {
  func perform() {
    while supervisor.hasActions, failure == nil {
      supervisor.takeActions(&buffer)
      let actions = buffer
      for action in actions where failure == nil {
        note("  \(action)")
        perform(action)
      }
    }
  }

  private func perform(_ action: SupervisorAction) {
    switch action {
    case .launch(let app, let instance): launch(app.slot, instance.number)
    case .signal(let app, let instance, let signal): send(app.slot, instance.number, signal)
    case .killTree(let app, let instance): kill(app.slot, instance.number)
    case .freeze(let app, let instance), .thaw(let app, let instance):
      expect(living[app.slot] == instance.number, "\(action) for nobody")
      // What it answered before it was frozen does not count for what is after.
      let hasLost = processes[instance.number]?.hasLostCheck == true
      processes[instance.number]?.failedChecks = hasLost ? 1 : 0
    case .check(let app, let instance): check(app.slot, instance.number)
    case .openListeners(let app):
      expect(!isListening[app.slot], "listening twice")
      isListening[app.slot] = true
    case .closeListeners(let app):
      expect(isListening[app.slot] && !isArmed[app.slot], "closing what is not open, or is armed")
      isListening[app.slot] = false
    case .arm(let app):
      expect(isListening[app.slot] && !isArmed[app.slot], "arming what is not open")
      expect(living[app.slot] == nil, "arming the sockets of an app that runs")
      isArmed[app.slot] = true
      if chance(50), !isCalm { agenda.add(.knock(app.slot), at: now + delay(upTo: 2000)) }
    case .disarm(let app):
      expect(isArmed[app.slot], "disarming what is not armed")
      isArmed[app.slot] = false
    case .changed(let app, let from, let to):
      expect(states[app.slot] == from, "\(action), but it was \(states[app.slot])")
      states[app.slot] = to
      if to == .running { restarts[app.slot] = 0 }
    case .report(let report): read(report)
    case .forget: expect(false, "nothing was removed")
    case .finished:
      expect(isShuttingDown && living.allSatisfy { $0 == nil }, "finished too early")
      isFinished = true
    }
  }

  func delay(upTo most: Int64) -> Int64 { Int64.random(in: 0...most, using: &random) }

  private func launch(_ app: Int, _ instance: UInt64) {
    launches += 1
    expect(living[app] == nil, "a second living instance of app\(app)")
    expect(processes[instance] == nil, "instance \(instance) is used twice")
    expect(!isStopped[app], "app\(app) is started although it was stopped")
    expect(!isShuttingDown, "app\(app) is started while all is shut down")
    expect(states[app] == .starting, "app\(app) is launched while \(states[app])")
    expect(now >= notBefore[app], "app\(app) is launched before its wait is over")
    for name in settings[app].requires {
      guard let other = Self.number(of: name) else { continue }
      let isUp =
        states[other] == .ready || states[other] == .running || states[other] == .frozen
      expect(isUp, "app\(app) is launched while \(name), which it requires, is \(states[other])")
    }
    for name in settings[app].after {
      guard let other = Self.number(of: name) else { continue }
      let isOnItsWay = states[other] == .starting || states[other] == .backingOff
      expect(!isOnItsWay, "app\(app) is launched before \(name) is there")
    }
    notBefore[app] = 0
    living[app] = instance
    processes[instance] = SimulatedProcess(app: app, launchedAt: now)
    if isCalm {
      agenda.add(.execute(instance), at: now + 1)
    } else if chance(5) {
      agenda.add(.fail(instance, "mount", 13), at: now + delay(upTo: 50))
    } else if chance(2) {
      // It hangs in its launch; the start timeout or a stop must end it.
      if settings[app].readiness.timeoutMilliseconds == 0 {
        agenda.add(.execute(instance), at: now + 5000)
      }
    } else if chance(2) {
      end(instance, .lost(signal: 9), in: delay(upTo: 3))
    } else {
      agenda.add(.execute(instance), at: now + delay(upTo: 20))
    }
  }

  /// Lets a process end, if it does not sooner; its end comes to the supervisor then.
  func end(_ instance: UInt64, _ cause: Cause, in wait: Int64) {
    guard var process = processes[instance], process.endsAt > now + wait else { return }
    process.end = cause
    process.endsAt = now + wait
    processes[instance] = process
    agenda.add(.end(instance, cause), at: now + wait)
  }

  private func send(_ app: Int, _ instance: UInt64, _ signal: Int32) {
    expect(living[app] == instance, "signal \(signal) for nobody")
    guard var process = processes[instance] else { return }
    expect(process.isExecuted, "signal \(signal) before there is anybody")
    process.signals.insert(signal)
    processes[instance] = process
    if isShuttingDown, states[app] == .stopping {
      let left = later[app].filter { living[$0] != nil }
      expect(
        left.isEmpty || wasAskedEarlier.contains(instance),
        "app\(app) is stopped while \(left) are there, which come after it")
    }
    if isCalm { return end(instance, ended(by: signal), in: 1) }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<10: break  // it does not hear
    case 10..<15: end(instance, .signal(11, dumpedCore: false), in: delay(upTo: 100))
    case 15..<25: end(instance, .exited(code: Int32(Int.random(in: 0...3, using: &random))), in: 5)
    default: end(instance, ended(by: signal), in: delay(upTo: 250))
    }
  }

  private func ended(by signal: Int32) -> Cause { .signal(signal, dumpedCore: false) }

  private func kill(_ app: Int, _ instance: UInt64) {
    expect(living[app] == instance, "killing nobody")
    processes[instance]?.wasKilled = true
    // One in a hundred does not even hear that, at first.
    if isCalm || !chance(1) { end(instance, ended(by: 9), in: delay(upTo: 20)) }
  }

  private func check(_ app: Int, _ instance: UInt64) {
    expect(living[app] == instance, "checking nobody")
    expect(settings[app].health != nil, "checking who is not checked")
    if isCalm { return agenda.add(.answer(instance, true), at: now + 1) }
    processes[instance]?.hasLostCheck = false
    if chance(5) {
      // No answer at all is a bad one.
      processes[instance]?.hasLostCheck = true
      processes[instance]?.failedChecks += 1
      return
    }
    agenda.add(.answer(instance, !chance(20)), at: now + delay(upTo: 200))
  }

  // MARK: Ends

  private func read(_ report: EndReport) {
    reports += 1
    let app = report.app.slot
    guard let instance = report.instance?.number, let process = processes[instance] else {
      return expect(false, "a report of nobody, or a second one: \(report)")
    }
    expect(living[app] == nil && process.app == app, "a report of a living instance")
    processes[instance] = nil
    guard let end = process.end else { return expect(false, "a report of what has not ended") }
    expect(
      isRight(report, process, end), "app\(app) ended by \(end) is reported as \(report.cause)")
    expect(report.isFailure == report.cause.isFailure, "a failure that is none, or none that is")
    expect(report.upMilliseconds == now - process.launchedAt, "a wrong life span")
    switch report.next {
    case .restart(let wait): restarting(app, wait)
    case .again:
      expect(!isShuttingDown && !isStopped[app], "app\(app) is to come again after its stop")
    case .failed: expect(report.isFailure || settings[app].restart.when == .always, "failed well")
    case .down: restarts[app] = 0
    }
  }

  private func restarting(_ app: Int, _ wait: Int64) {
    let policy = settings[app].restart
    expect(!isShuttingDown && !isStopped[app], "app\(app) is to be restarted after its stop")
    expect(policy.when != .never, "app\(app) is restarted although it never is")
    restarts[app] += 1
    let base = BackOff.base(failures: restarts[app], policy)
    let least = base - base * Int64(policy.jitterPercent) / 100
    expect((least...base).contains(wait), "app\(app) waits \(wait), not \(least)...\(base)")
    if restarts[app] > 1, base < policy.ceilingMilliseconds {
      expect(wait >= lastWait[app], "app\(app) waits less than before: \(wait)")
    }
    lastWait[app] = wait
    notBefore[app] = now + wait
  }

  /// Whether a report's cause is the one there was.
  private func isRight(
    _ report: EndReport, _ process: SimulatedProcess, _ end: Cause
  ) -> Bool {
    let settings = settings[process.app]
    let up = now - process.launchedAt
    switch report.cause {
    case .exited, .signal, .lost, .launchFailed:
      // Its own end: not one of ours, and unchanged.
      guard report.cause == end else { return false }
      if case .signal(let signal, _) = end {
        return signal == 11 || !(process.signals.contains(signal) || process.wasKilled)
          || process.saidStopping
      }
      return true
    case .watchdog:
      return now - process.lastPing >= (settings.watchdog?.intervalMilliseconds ?? .max)
    case .health: return process.failedChecks >= 2
    case .runtimeLimit: return up >= settings.runtimeMilliseconds ?? .max
    case .startTimeout: return up >= settings.readiness.timeoutMilliseconds && !process.isReady
    case .stopped(let by, let forced):
      return forced == process.wasKilled
        && (process.orders.contains(.stop) && (by == 15 || forced) || process.saidStopping)
    case .dependency(let name):
      guard let other = Self.number(of: name) else { return false }
      return settings.requires.contains(name)
        || settings.group != nil && settings.group?.name == self.settings[other].group?.name
    case .daemon(.restart): return process.orders.contains(.restart)
    case .daemon(.reload): return process.orders.contains(.reload)
    case .daemon(.kill): return process.orders.contains(.kill)
    case .daemon(.group): return settings.group != nil
    case .daemon(.shutdown): return isShuttingDown
    case .refusedSystemCall, .memoryLimit, .cpuTimeLimit, .fileSizeLimit, .wallTimeLimit:
      return report.cause == end
    }
  }
}
