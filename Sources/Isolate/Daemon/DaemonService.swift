/// What the daemon does for an app beside starting it: its logs, its checks.
extension Daemon {
  // MARK: Logs

  /// Where what an app writes goes, made anew when its profile says something else. The pipes of an app that runs are read for the
  /// new log; where nothing was kept it has none before its next start.
  func openLog(_ app: DaemonApp) {
    let policy = app.preparation.policy.service.logs
    if app.logPolicy == policy { return }
    app.logPolicy = policy
    let streams = app.log?.giveAway() ?? []
    app.log = policy.to.isEmpty && streams.isEmpty ? nil : makeLog(app, policy)
    app.log?.take(streams)
  }

  /// At the end: what journald has not taken yet gets a moment more.
  func tellJournal(until end: Int64) throws(SystemError) {
    while Poller.now() < end {
      let logs = apps.values.compactMap(\.log).filter { $0.waiting > 0 }
      if logs.isEmpty { return }
      for log in logs { log.handleTime(now: Poller.now(), wall: LogCalls.wallMicroseconds()) }
      var none: [Door] = []
      try Poller.wait(&none, timeout: 10)
    }
  }

  private func makeLog(_ app: DaemonApp, _ policy: LogPolicy) -> AppLog {
    var files: LogFile?
    var journal: JournalLog?
    do throws(SystemError) {
      if policy.to.contains(.files) {
        guard let path = place.logs(settings.state) else {
          throw SystemError(call: "open", number: Errno.noEntry, subject: "$HOME")
        }
        let directory = try PrivateDirectory.made(path)
          .directory(ControlPlace.ownName(app.name))
        files = LogFile(in: directory, policy, isAlone: true)
      }
      if policy.to.contains(.journald) {
        /* What waits in the one that there was goes on waiting. */
        journal = app.log?.journal
        if journal == nil {
          journal = try JournalLog(app: app.name, instance: nil, room: logMemory.journalRoom)
        }
      }
    } catch {
      let cure = error.cureOfPrivacy.map { "\n  help: \($0)" } ?? ""
      say(.problem, app.name, "what it writes is not kept: \(error)\(cure)")
    }
    return AppLog(policy, files: files, journal: journal, memory: logMemory)
  }

  /// The writing ends of its standard output and error; nil: nobody reads them.
  func openStreams(
    _ app: DaemonApp, _ now: Int64
  ) throws(LaunchError) -> [HeldDescriptor?] {
    guard let log = app.log, !app.preparation.policy.service.logs.to.isEmpty else {
      return [nil, nil]
    }
    var ends: [HeldDescriptor?] = []
    for source in [LogSource.stdout, .stderr] {
      ends.append(
        try attempt { () throws(SystemError) in
          let pipe = try Pipe().split()
          try log.attach(source, pipe.readEnd, now: now, wall: LogCalls.wallMicroseconds())
          return HeldDescriptor(pipe.writeEnd)
        })
    }
    return ends
  }

  func readLog(_ app: DaemonApp, _ door: DaemonDoor) {
    let source: LogSource = door == .out ? .stdout : .stderr
    _ = app.log?.handle(source, now: Poller.now(), wall: LogCalls.wallMicroseconds())
    tellLogFault(app)
  }

  /// That its files cannot be written: once, until they can be again. The log itself says how much was lost, but only then.
  func tellLogFault(_ app: DaemonApp) {
    guard let log = app.log, log.fault != app.logFault else { return }
    guard let fault = log.fault else {
      app.logFault = nil
      return
    }
    /* A disk may be full now and then. */
    guard app.logTelling.pass(Poller.now()) != nil else { return }
    app.logFault = fault
    let reason =
      fault.number == Errno.again ? "another daemon writes to \(fault.subject ?? "")" : "\(fault)"
    say(.problem, app.name, "what it writes is not kept: \(reason)")
  }

  /// Nobody is left who could write: what is in the pipes is read, then they are closed.
  func endLog(_ app: DaemonApp) {
    guard let log = app.log else { return }
    let (now, wall) = (Poller.now(), LogCalls.wallMicroseconds())
    for door in log.doors {
      /* More than a pipe holds, should an app have handed its end to another. */
      var turns = 0
      while turns < 32, log.handle(door.source, now: now, wall: wall) { turns += 1 }
      log.end(door.source, now: now, wall: wall)
    }
    log.handleTime(now: now, wall: wall)
    tellLogFault(app)
  }

  // MARK: Checks

  func check(_ id: AppID, _ number: Instance) {
    guard let app = apps[id.slot], let instance = app.instance, instance.number == number,
      let policy = app.preparation.policy.service.health
    else { return }
    instance.check = AppCheck(policy, instance.live, host, now: Poller.now())
    goOn(app, instance)
    tend(id.slot, Poller.now())
  }

  func goOn(_ app: DaemonApp, _ instance: DaemonInstance) {
    let now = Poller.now()
    guard let check = instance.check, let isGood = check.handle(now: now) else { return }
    if !isGood { say(.notice, app.name, "a check of its health failed: \(check.fault)") }
    if let door = check.door { queue.remove(door.number) }
    instance.check = nil
    supervisor.receive(
      isGood ? .healthy(instance.number) : .unhealthy(instance.number), of: app.id, now: now)
  }
}
