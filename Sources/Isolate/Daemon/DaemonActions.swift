/// What the supervisor says is done.
extension Daemon {
  func perform(_ action: SupervisorAction) {
    switch action {
    case .launch(let app, let instance): launch(app, instance)
    case .signal(let app, let instance, let signal):
      guard let running = running(app, instance) else { return }
      do throws(SystemError) {
        try running.live.signal(signal)
      } catch {
        say(.problem, apps[app.slot]?.name ?? "", "cannot signal it: \(error)")
      }
    case .killTree(let app, let instance):
      guard let running = running(app, instance) else { return }
      running.live.evidence.wasForced = true
      running.live.killAll()
    case .freeze(let app, let instance): freeze(app, instance, true)
    case .thaw(let app, let instance): freeze(app, instance, false)
    case .check(let app, let instance): check(app, instance)
    case .openListeners(let app): openListeners(app)
    case .closeListeners(let app): closeListeners(app)
    case .arm(let app): arm(app, true)
    case .disarm(let app): arm(app, false)
    case .changed(let app, from: _, to: let state): changed(app, state)
    case .report(let report): reported(report)
    case .forget(let app): forget(app)
    case .finished: isFinished = true
    }
  }

  private func running(_ app: AppID, _ number: Instance) -> DaemonInstance? {
    guard let instance = apps[app.slot]?.instance, instance.number == number else { return nil }
    return instance
  }

  private func freeze(_ app: AppID, _ number: Instance, _ isFrozen: Bool) {
    guard let instance = running(app, number) else { return }
    do throws(SystemError) {
      try instance.live.freeze(isFrozen)
    } catch {
      let what = isFrozen ? "freeze" : "thaw"
      say(.problem, apps[app.slot]?.name ?? "", "cannot \(what) it: \(error)")
    }
  }

  private func openListeners(_ id: AppID) {
    guard let app = apps[id.slot], app.listeners == nil else { return }
    do throws(Diagnostic) {
      app.listeners = try Listeners(app.preparation.policy.service.listen)
    } catch {
      say(.problem, app.name, error.rendered(sourceLine: nil))
      supervisor.receive(.listenFailed(number: Errno.invalid), of: id, now: Poller.now())
    }
  }

  /// What the app has shut is opened anew, before it is started and before somebody's connection is to start it.
  func renewListeners(_ app: DaemonApp) {
    guard app.instance == nil, let listeners = app.listeners else { return }
    do throws(Diagnostic) {
      let names = try listeners.renew()
      if names.isEmpty { return }
      say(
        .notice, app.name,
        "it has shut what it listens on, which is opened anew: \(names.joined(separator: ", "))")
    } catch {
      app.listeners = nil
      say(.problem, app.name, error.rendered(sourceLine: nil))
      supervisor.receive(.listenFailed(number: Errno.invalid), of: app.id, now: Poller.now())
    }
  }

  private func closeListeners(_ id: AppID) {
    guard let app = apps[id.slot] else { return }
    arm(id, false)
    app.listeners = nil
  }

  private func arm(_ id: AppID, _ isArmed: Bool) {
    guard let app = apps[id.slot] else { return }
    if isArmed { renewListeners(app) }
    app.isArmed = isArmed && app.listeners != nil
    tend(id.slot, Poller.now())
  }

  private func changed(_ id: AppID, _ state: LifeState) {
    guard let app = apps[id.slot] else { return }
    /* Whoever is down for good starts afresh; what is kept is kept from one instance to the next. */
    if state == .down || state == .failed, supervisor.status(of: id)?.isWanted != true {
      app.notify?.store.removeAll()
    }
    events.add(.state, app: app.name, state.word, state: state.wireWord, now: Poller.now())
  }

  private func reported(_ report: EndReport) {
    guard let app = apps[report.app.slot] else { return }
    let now = Poller.now()
    let end = ended.removeValue(forKey: report.app.slot)
    app.noteEnd(report, end, now: now)
    reports.ends += 1
    if report.isFailure { reports.failures += 1 }
    tell(app, report, end, now)
  }

  private func forget(_ id: AppID) {
    guard let app = apps.removeValue(forKey: id.slot) else { return }
    unwatch(app)
    prepared.forget(id.slot)
    timers.cancel(id.slot)
    say(.notice, app.name, "is no app of this daemon any more")
  }
}
