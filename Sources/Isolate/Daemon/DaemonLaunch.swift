/// How an app is launched, and what its own reports mean.
extension Daemon {
  /// Launches an instance; what fails is told to the supervisor, too.
  ///
  /// - Parameter ordinarily: nothing that was prepared is used.
  func launch(_ id: AppID, _ number: Instance, ordinarily: Bool = false) {
    guard let app = apps[id.slot] else { return }
    let now = Poller.now()
    renewListeners(app)
    do throws(LaunchError) {
      app.instance = try start(app, number, now, ordinarily)
      app.noteLaunch()
      reports.launches += 1
      if app.instance?.isPrepared == true { reports.preparedLaunches += 1 }
      if app.instance?.live.keeper != nil { brokered.insert(id.slot) }
      tend(id.slot, now)
    } catch {
      /* Nobody writes to the pipes of its log. */
      unwatch(app)
      endLog(app)
      tend(id.slot, now)
      reports.failedLaunches += 1
      let policy = app.preparation.policy
      let told = words(error, policy)
      for line in told { say(.problem, app.name, line) }
      app.why.noteFault(told.joined(separator: "; "))
      var errno = Errno.invalid
      if case .system(let error) = error { errno = error.number }
      supervisor.receive(
        .launchFailed(number, step: "prepare", number: errno), of: id, now: Poller.now())
    }
  }

  private func start(
    _ app: DaemonApp, _ number: Instance, _ now: Int64, _ ordinarily: Bool
  ) throws(LaunchError) -> DaemonInstance {
    var policy = app.preparation.policy
    app.log?.instance = "\(number.number)"
    let streams = try openStreams(app, now)
    app.notify?.show(in: &policy.files)
    let ends = try brokerDoor(policy)
    let handed = try hand(app, ends?.apps, &policy)
    let shape = LaunchShape(
      service: serviceEnvironment(app), placed: handed.placed.map(\.number),
      brokerDescriptor: policy.brokerDescriptor, given: streams.map { $0 != nil })
    let cgroup = try attempt { () throws(SystemError) in
      try Cgroup.make(policy, withJanitor: false)
    }
    do throws(LaunchError) {
      let audit = ends == nil ? nil : try openAudit(app, number, policy)
      let keeper = ends.map {
        BrokerKeeper(
          policy, app.preparation.host, door: $0.ours, appsDoor: $0.apps, audit: audit,
          startedAt: now)
      }
      let launch = LaunchNeeds(
        policy: policy, shape: shape, streams: streams, handed: handed, cgroup: cgroup)
      let made = try makeChild(app, launch, now, ordinarily: ordinarily)
      let (plan, isPrepared) = (made.plan, made.isPrepared)
      let live = LiveApp(
        plan, child: made.takeChild(), policy: policy, cgroup: cgroup, keeper: keeper,
        startedAt: now, looks: .whereNeeded,
        captures: CrashCaptures(crashes.room, limit: DaemonCrashes.mostOfOne))
      withExtendedLifetime(ends?.apps) {}
      let desk = keeper.map { AskDesk($0, place: place.control, app: policy.app) }
      return DaemonInstance(
        number, live, basis: app.preparation.policy, desk: desk, isPrepared: isPrepared)
    } catch {
      for problem in cgroup?.remove() ?? [] { say(.problem, app.name, problem) }
      throw error
    }
  }

  /// Where the decisions about what it asks for go. An app whose decisions cannot be kept is not started.
  private func openAudit(
    _ app: DaemonApp, _ number: Instance, _ policy: Policy
  ) throws(LaunchError) -> AuditLog? {
    guard let typed = settings.audit else { return nil }
    return try attempt { () throws(SystemError) in
      let directory = try PrivateDirectory.made(place.audit(typed))
        .directory(ControlPlace.ownName(app.name))
      return try AuditLog(
        .files(LogFile(in: directory, AuditLog.files)), policy, instance: number.number)
    }
  }

  /// What is listened on for it, and what it gave for this start; then the door to its broker.
  private func hand(
    _ app: DaemonApp, _ door: HeldDescriptor?, _ policy: inout Policy
  ) throws(LaunchError)
    -> HandedDescriptors
  {
    if !policy.service.listen.isEmpty, app.listeners == nil {
      throw .system(SystemError(call: "listen", number: Errno.invalid))
    }
    app.notify?.store.prune()
    var numbers = (app.listeners?.descriptors ?? []) + (app.notify?.store.descriptors ?? [])
    if let door {
      let number = ServiceEnvironment.firstDescriptor + Int32(numbers.count)
      numbers.append(door.descriptor.raw)
      policy.brokerDescriptor = number
      for index in policy.environment.indices
      where policy.environment[index].name == BrokerVariable.name {
        policy.environment[index].value = "\(number)"
      }
    }
    return try attempt { () throws(SystemError) in try HandedDescriptors(numbers) }
  }

  private func serviceEnvironment(_ app: DaemonApp) -> ServiceEnvironment {
    var service = ServiceEnvironment()
    service.descriptorNames = (app.listeners?.names ?? []) + (app.notify?.store.names ?? [])
    service.hasNotify = app.notify != nil
    service.watchdogMicroseconds = app.preparation.policy.service.watchdog.map {
      UInt64(clamping: $0.intervalMilliseconds) &* 1000
    }
    return service
  }

  /// What the app says of itself.
  func readNotices(_ app: DaemonApp, _ instance: DaemonInstance) throws(SystemError) {
    guard let notify = app.notify else { return }
    let now = Poller.now()
    let refused = notify.store.refused
    let messages = try notify.receive()
    if notify.store.refused > refused, !instance.hasToldStore {
      instance.hasToldStore = true
      say(
        .notice, app.name,
        "it gives a descriptor to keep (FDSTORE=1) that is closed: its profile lets it keep "
          + "\(notify.store.limit) (service.descriptor-store)")
    }
    for message in messages {
      if let status = message.status { app.statusText = status }
      func receive(_ event: AppEvent) { supervisor.receive(event, of: app.id, now: now) }
      func milliseconds(_ microseconds: UInt64) -> Int64 { Int64(clamping: microseconds / 1000) }
      if let time = message.extendMicroseconds {
        receive(.extend(instance.number, milliseconds(time)))
      }
      if message.isReady { receive(.ready(instance.number)) }
      noteReload(app, instance, message, now)
      if let time = message.watchdogMicroseconds {
        receive(.watchdogInterval(instance.number, max(1, milliseconds(time))))
      }
      switch message.watchdog {
      case .alive: receive(.ping(instance.number))
      case .trigger: receive(.trigger(instance.number))
      case nil: break
      }
      if message.isStopping { receive(.stopping(instance.number)) }
    }
  }

  func readReports(_ app: DaemonApp, _ instance: DaemonInstance) throws(SystemError) {
    while let happening = try instance.live.next() {
      switch consume happening {
      case .started:
        supervisor.receive(.launched(instance.number), of: app.id, now: Poller.now())
        openSession(app, instance)
      case .terminal: break
      case .stopped: break
      case .noted: break
      }
    }
    if !instance.live.captures.whole.isEmpty, instance.crashesAt == nil {
      instance.crashesAt = Poller.now() + DaemonCrashes.patience
    }
  }

  /// From now on operators can reach what the app was granted: as a session of its own.
  private func openSession(_ app: DaemonApp, _ instance: DaemonInstance) {
    guard let keeper = instance.live.keeper, let desk = instance.desk else { return }
    let policy = instance.live.policy
    if policy.namespaces.order == .without {
      return say(
        .notice, app.name, "without namespaces it could reach a control socket: there is none")
    }
    let facts = SessionFacts(
      policy, [.null, .null, .null], pid: instance.live.child.pid,
      startedAt: instance.live.startedAt)
    do throws(SystemError) {
      instance.control = try SessionControl(
        keeper, desk: desk, place: place.control, facts: facts)
    } catch {
      say(.problem, app.name, "no control socket for its grants: \(error)")
    }
  }

  /// Init has ended, and with it everything of the app.
  func processEnded(_ app: DaemonApp, _ instance: DaemonInstance) throws(SystemError) {
    guard try instance.live.hasEnded() else { return }
    try readReports(app, instance)
    try ended(app, instance)
  }

  private func ended(_ app: DaemonApp, _ instance: DaemonInstance) throws(SystemError) {
    try app.notify?.forget()
    instance.live.keeper?.end()
    for event in instance.live.keeper?.takeEvents() ?? [] { tell(app, event) }
    if let keeper = instance.live.keeper {
      app.why.noteRefusals(keeper.refusals(RefusalTally.most), now: Poller.now())
    }
    unwatch(app)
    instance.control = nil
    instance.check = nil
    app.instance = nil
    brokered.remove(app.id.slot)
    endLog(app)
    let end = instance.live.finish()
    collectCrashes(app, instance, end)
    ended[app.id.slot] = end
    let now = Poller.now()
    if let failure = instance.live.failure {
      if instance.isPrepared { return launchAgain(app, instance, failure) }
      reports.failedLaunches += 1
      ended[app.id.slot] = nil
      let explained = Hints.explain(
        step: failure.step, number: failure.number, plan: instance.live.plan,
        policy: instance.live.policy)
      say(.problem, app.name, explained.text)
      app.why.noteFault(explained.text)
      supervisor.receive(
        .launchFailed(
          instance.number, step: stepName(failure, instance.live.plan), number: failure.number),
        of: app.id, now: now)
    } else {
      supervisor.receive(.ended(instance.number, end.cause), of: app.id, now: now)
    }
  }

  /// Its init has reaped every process of an app that is to come back: nobody waits for the kernel to free the namespaces, too. What is
  /// to be gone for good is waited for; and so is the last one while the one before is not gone: an app that crashes again and again
  /// has at most two at a time.
  func leaveAhead(_ app: DaemonApp, _ instance: DaemonInstance) throws(SystemError) {
    let live = instance.live
    guard live.mayLeaveAhead, !leaving.contains(where: { $0.slot == app.id.slot }),
      supervisor.comesBack(app.id, after: live.evidence.cause)
    else { return }
    try ended(app, instance)
    leaving.append((app.id.slot, live))
    try queue.add(live.child.pidfd.raw, token: Token.leaving, .reading)
  }

  /// Reaps the inits that are gone.
  func reapLeaving() throws(SystemError) {
    for index in leaving.indices.reversed() where try leaving[index].live.hasEnded() {
      queue.remove(leaving[index].live.child.pidfd.raw)
      leaving.remove(at: index)
    }
  }

  /// - Parameter deadline: in milliseconds on the monotonic clock. The kernel goes on without us.
  func awaitLeaving(until deadline: Int64) throws(SystemError) {
    while !leaving.isEmpty, case let now = Poller.now(), now < deadline {
      var doors = leaving.prefix(64).map { Door($0.live.child.pidfd.raw) }
      try Poller.wait(&doors, timeout: deadline - now)
      try reapLeaving()
    }
  }

  func stepName(_ failure: LaunchFailure, _ plan: LaunchPlan) -> String {
    plan.steps.indices.contains(failure.step) ? plan.steps[failure.step].description : "launch"
  }
}
