/// What the control socket's calls come down to.
extension Daemon {
  func serveControl(_ now: Int64) {
    guard let control else { return }
    do throws(SystemError) {
      try control.turn(now: now)
    } catch {
      self.control = nil
      say(.problem, "", "the control socket failed and is closed: \(error)")
    }
  }

  func status(_ now: Int64) -> ControlDaemon {
    var status = ControlDaemon(version: Version.text, pid: LocalSocket.process)
    status.ageMilliseconds = now - startedAt
    status.apps = apps.count
    status.live = supervisor.live
    status.isStopping = supervisor.isShuttingDown
    status.cgroups = base.inWords
    status.logs = place.logs(settings.state)
    status.crashes = place.crashes(settings.state)
    return status
  }

  /// By name.
  func list(_ now: Int64) -> [ControlApp] {
    apps.values.sorted { $0.name < $1.name }.compactMap { told($0, now) }
  }

  func app(_ name: String, _ now: Int64) throws(DaemonRefusal) -> ControlApp {
    guard let app = told(try find(name, takesUp: false), now) else { throw .noSuchApp(name) }
    return app
  }

  /// The apps by name, to be looked at one by one.
  var appSlots: [Int] { apps.values.sorted { $0.name < $1.name }.map(\.id.slot) }

  /// Looks at an app now. Nil: it is gone.
  func use(_ slot: Int) -> ControlUse? {
    guard let app = apps[slot], let status = supervisor.status(of: app.id) else { return nil }
    var use = ControlUse(
      app: app.name, state: status.state, restarts: status.restarts, running: nil)
    guard let instance = app.instance, let number = status.instance?.number else { return use }
    let grants = instance.live.keeper?.grants(at: Poller.now())
    let seen = instance.live.usage()
    use.running = ControlUse.Running(
      instance: number, ageMicroseconds: (Poller.now() - instance.live.startedAt) * 1000,
      cpuMicroseconds: seen.cpuMicroseconds, memoryKiB: seen.memoryKiB,
      processes: seen.processes, descriptors: seen.descriptors,
      requests: grants.map { $0.reduce(0) { $0 &+ $1.used &+ $1.refused } },
      refusals: grants.map { $0.reduce(0) { $0 &+ $1.refused } })
    return use
  }

  func sandbox(_ name: String) throws(DaemonRefusal) -> ControlSandbox {
    let app = try find(name, takesUp: false)
    guard let instance = app.instance else {
      let state = supervisor.status(of: app.id)?.state ?? .down
      throw .notInThisState(app: name, state: state.word)
    }
    var sandbox = ControlSandbox(
      pid: instance.live.child.pid, supervisor: LocalSocket.process,
      profile: app.request.app?.text ?? "", policy: Fingerprint.of(instance.basis))
    (sandbox.cgroup, sandbox.controllers) = instance.basis.limits.controlCgroup
    return sandbox
  }

  func find(_ name: String, takesUp: Bool) throws(DaemonRefusal) -> DaemonApp {
    if let id = supervisor.app(named: name), let app = apps[id.slot] { return app }
    if takesUp { return try takeUp(name) }
    throw .noSuchApp(name)
  }

  private func told(_ app: DaemonApp, _ now: Int64) -> ControlApp? {
    guard let status = supervisor.status(of: app.id) else { return nil }
    var told = ControlApp(name: app.name, state: status.state)
    told.isWanted = status.isWanted
    told.waitsFor = status.waitsFor
    told.pid = app.instance?.live.child.pid
    told.instance = status.instance?.number
    told.ageMilliseconds = app.instance.map { now - $0.live.startedAt }
    told.reloadingMilliseconds = app.instance?.reloadsSince.map { now - $0 }
    told.restartsInMilliseconds = status.restartsIn
    told.restarts = status.restarts
    told.failures = status.failures
    told.isHealthy = status.isHealthy
    told.isListening = status.isListening
    told.status = app.statusText
    told.profile = app.preparation.files.last ?? ""
    told.isStale = app.isStale
    if let (end, at) = app.lastEnd {
      var end = end
      end.ageMilliseconds = now - at
      told.end = end
    }
    return told
  }

  func carryOut(
    _ order: AppOrder, _ app: DaemonApp, _ now: Int64
  ) throws(DaemonRefusal) {
    do throws(OrderRefusal) {
      try supervisor.order(order.order, to: app.id, now: now)
    } catch {
      switch error {
      case .unknownApp: throw .noSuchApp(app.name)
      case .shuttingDown: throw .shuttingDown
      case .notUp(let state), .notFrozen(let state), .notFailed(let state):
        throw .notInThisState(app: app.name, state: state.word)
      }
    }
    say(.notice, app.name, "\(order.order) was ordered")
  }

  /// How far an order has come.
  enum Progress {
    case goesOn
    case done(String)
    case failed(DaemonRefusal)
  }

  func progress(of order: AppOrder, _ id: AppID, launches: UInt64, ends: UInt64) -> Progress {
    guard let app = apps[id.slot], let status = supervisor.status(of: id) else {
      return order == .stop ? .done("") : .failed(.noSuchApp(""))
    }
    func failed() -> Progress {
      let fault = app.why.fault.map { "\(app.name) was not started: \($0)" }
      return .failed(
        .orderFailed(
          app: app.name, reason: fault ?? app.lastEnd?.end.words ?? "it could not be started"))
    }
    switch (order, status.state) {
    case (.start, .ready), (.start, .running), (.start, .frozen): return .done(app.name)
    case (.restart, .ready), (.restart, .running):
      return app.launches > launches ? .done(app.name) : .goesOn
    case (.start, .failed), (.restart, .failed): return failed()
    case (.start, .down), (.restart, .down):
      /* It ended at once, as it should: then it was started. */
      if app.endCount > ends, !status.isWanted {
        return app.lastEnd?.end.isFailure == true ? failed() : .done(app.name)
      }
      if supervisor.isShuttingDown { return .failed(.shuttingDown) }
      return .goesOn
    case (.start, .backingOff), (.restart, .backingOff): return failed()
    case (.stop, .down), (.stop, .failed): return .done(app.name)
    case (.kill, _): return app.endCount > ends ? .done(app.name) : .goesOn
    case (.freeze, _), (.thaw, _), (.resetFailed, _): return .done(app.name)
    case (.start, _), (.stop, _), (.restart, _): return .goesOn
    }
  }
}
