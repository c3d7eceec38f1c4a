/// Which apps there are, and by which profiles they run.
extension Daemon {
  /// Every file of the services' directory, and the apps of the command line.
  ///
  /// - Parameter problems: messages, one for each error; what is without errors is there all the same.
  func find(_ problems: inout [String]) -> [(name: String, words: RunRequest)] {
    var found: [(name: String, words: RunRequest)] = []
    if let directory = settings.services ?? place.services {
      /* What begins with a dot is an editor's, or hidden; ".toml" would be an app without a name. */
      for file in FileSystem.names(in: directory) ?? []
      where file.hasSuffix(".toml") && !file.hasPrefix(".") {
        let path = directory + "/" + file
        found.append((String(file.dropLast(5)), Self.request(path, argument: 1)))
      }
      if settings.services != nil, FileSystem.names(in: directory) == nil {
        problems.append("cannot list the services in \(directory)")
      }
    }
    var names = Set(found.map(\.name))
    for app in settings.apps {
      let name = Preparation.appName(app.text)
      if !names.insert(name).inserted {
        problems.append("two profiles are named \(name)")
      } else {
        found.append((name, Self.request(app.text, argument: app.argument)))
      }
    }
    return found
  }

  private static func request(_ profile: String, argument: Int) -> RunRequest {
    var request = RunRequest()
    request.app = TypedWord(profile, argument: argument)
    request.isService = true
    return request
  }

  /// Resolves a profile for this daemon.
  func prepare(_ request: RunRequest) throws(PreparationError) -> Preparation {
    var prepared = try Preparation.make(request, cgroups: base.cgroups, explaining: true)
    let policy = prepared.policy
    if let number = policy.descriptors.first {
      throw PreparationError(messages: [
        "\(policy.app): descriptor \(number) is to be kept, and a daemon has none of a caller's"
      ])
    }
    prepared.policy.terminal = .none
    sharedValues.share(&prepared)
    return prepared
  }

  /// Takes up every app that is found; services with errors are left out, and said.
  ///
  /// - Returns: false: an app of the command line has errors.
  func configureAll() -> Bool {
    var isGood = true
    var problems: [String] = []
    var settings: [AppSettings] = []
    var prepared: [String: (Preparation, RunRequest)] = [:]
    for (name, request) in find(&problems) {
      do throws(PreparationError) {
        let preparation = try prepare(request)
        prepared[name] = (preparation, request)
        settings.append(Self.settings(name, preparation.policy))
      } catch {
        problems += error.messages
        problems.append("\(name) is left out")
        if self.settings.apps.contains(where: { $0.text == request.app?.text }) { isGood = false }
      }
    }
    for problem in problems { say(.problem, "", problem) }
    return adopt(settings, prepared) && isGood
  }

  static func settings(_ name: String, _ policy: Policy) -> AppSettings {
    AppSettings(name: name, service: policy.service, stop: policy.stop)
  }

  private func adopt(
    _ list: [AppSettings], _ prepared: [String: (Preparation, RunRequest)]
  ) -> Bool {
    do throws(SupervisorError) {
      try supervisor.configure(list, now: Poller.now())
    } catch {
      say(.problem, "", "no app is taken up: \(Self.explain(error))")
      return false
    }
    for settings in list {
      guard let (preparation, request) = prepared[settings.name] else { continue }
      add(settings.name, preparation, request)
    }
    return true
  }

  func add(_ name: String, _ preparation: Preparation, _ request: RunRequest) {
    guard let id = supervisor.app(named: name) else { return }
    for notice in preparation.notices { say(.notice, name, notice) }
    let app = DaemonApp(id, name, preparation, request)
    apps[id.slot] = app
    openNotify(app)
    openLog(app)
  }

  /// Where an app that says READY=1, or shows that it lives, says so.
  func openNotify(_ app: DaemonApp) {
    let service = app.preparation.policy.service
    app.notify?.store.limit = service.descriptorStore
    guard app.notify == nil, service.hasNotify else { return }
    do throws(SystemError) {
      let own = ControlPlace.fileName(app.name) + ".\(app.id.slot)"
      let directory = try runtime.directory.directory("apps").directory(own)
      app.notify = try NotifySocket(in: directory, stored: service.descriptorStore)
    } catch {
      say(.problem, app.name, "it cannot tell its state: \(error)")
    }
  }

  static func explain(_ error: SupervisorError) -> String {
    switch error {
    case .cycle(let names):
      "they wait for each other: \((names + names.prefix(1)).joined(separator: " -> "))"
    case .strategy(let group, let one, let other):
      "\(one) and \(other) do not agree on the strategy of group \(group)"
    case .shuttingDown: "the daemon ends"
    }
  }

  /// An app that nobody has named yet: a service's file, or a profile among all that are found.
  func takeUp(_ name: String) throws(DaemonRefusal) -> DaemonApp {
    if let id = supervisor.app(named: name), let app = apps[id.slot] { return app }
    guard !name.isEmpty, !ProfileSearch.isPath(name) else { throw .noSuchApp(name) }
    var problems: [String] = []
    let known = find(&problems).first { $0.name == name }
    let request = known?.words ?? Self.request(name, argument: 1)
    do throws(PreparationError) {
      let preparation = try prepare(request)
      try configure(name, preparation, request)
    } catch {
      throw .badProfile(error.messages)
    }
    guard let id = supervisor.app(named: name), let app = apps[id.slot] else {
      throw .noSuchApp(name)
    }
    return app
  }

  private func configure(
    _ name: String, _ preparation: Preparation, _ request: RunRequest
  ) throws(PreparationError) {
    do throws(SupervisorError) {
      _ = try supervisor.configure(Self.settings(name, preparation.policy), now: Poller.now())
    } catch {
      throw PreparationError(messages: ["\(name): \(Self.explain(error))"])
    }
    add(name, preparation, request)
  }

  // MARK: Reload

  /// What is different now, for one app or all, and with `isPlan` nothing else.
  ///
  /// All or nothing: a profile with errors changes nothing anywhere.
  func reload(_ only: String?, isPlan: Bool) throws(DaemonRefusal) -> [ControlChange] {
    var problems: [String] = []
    let found = find(&problems)
    if let only, supervisor.app(named: only) == nil, !found.contains(where: { $0.name == only }) {
      throw .noSuchApp(only)
    }
    var renewals: [Renewal] = []
    let known = apps.values.map { (name: $0.name, words: $0.request) }
    for (name, request) in ReloadPlan.apps(found: found, known: known)
    where only == nil || name == only {
      do throws(PreparationError) {
        let new = try prepare(request)
        let old = supervisor.app(named: name).flatMap { apps[$0.slot] }
        let reference = old.map { $0.instance?.live.policy ?? $0.preparation.policy }
        renewals.append(
          Renewal(
            name: name, preparation: new, request: request,
            changes: reference.map { ReloadPlan.changes(from: $0, to: new.policy) } ?? []))
      } catch {
        problems += error.messages
      }
    }
    if !problems.isEmpty { throw .badProfile(problems) }
    if !isPlan { try apply(renewals) }
    return renewals.flatMap { one in one.changes.map { ControlChange(app: one.name, $0) } }
  }

  /// What a reload has read of one app.
  private struct Renewal {
    var name: String
    var preparation: Preparation
    var request: RunRequest
    /// None for one that is new.
    var changes: [PolicyChange]
  }

  private func apply(_ renewals: [Renewal]) throws(DaemonRefusal) {
    do throws(SupervisorError) {
      try supervisor.configure(
        renewals.map { Self.settings($0.name, $0.preparation.policy) }, now: Poller.now())
    } catch {
      throw .badProfile(["\(Self.explain(error))"])
    }
    for renewal in renewals {
      guard let id = supervisor.app(named: renewal.name) else { continue }
      if let app = apps[id.slot] {
        renew(app, renewal)
      } else {
        add(renewal.name, renewal.preparation, renewal.request)
        order(.activate, id)
      }
    }
  }

  private func renew(_ app: DaemonApp, _ renewal: Renewal) {
    let policy = renewal.preparation.policy
    for notice in renewal.preparation.notices where !app.preparation.notices.contains(notice) {
      say(.notice, app.name, notice)
    }
    app.preparation = renewal.preparation
    prepared.forget(app.id.slot)
    openNotify(app)
    openLog(app)
    let changes = renewal.changes
    if !changes.isEmpty {
      say(.notice, app.name, "its profile has changed (\(changes.count) keys)")
    }
    guard let instance = app.instance else { return }
    if !ReloadPlan.needsRestart(changes) {
      do throws(SystemError) {
        try instance.live.adopt(policy)
        instance.basis = policy
        return
      } catch {
        say(.problem, app.name, "its limits cannot be changed while it runs: \(error)")
      }
    }
    app.isStale = true
    order(.reload, app.id)
  }

  private func order(_ order: Order, _ id: AppID) {
    do throws(OrderRefusal) {
      try supervisor.order(order, to: id, now: Poller.now())
    } catch {
      say(.problem, apps[id.slot]?.name ?? "", "\(order): \(error)")
    }
  }

  /// SIGHUP.
  func reloadAll() {
    manager.tellReloading(now: Poller.now())
    do throws(DaemonRefusal) {
      let changes = try reload(nil, isPlan: false)
      say(.notice, "", "profiles read anew: \(changes.count) keys have changed")
    } catch {
      if case .badProfile(let messages) = error {
        for message in messages { say(.problem, "", message) }
      }
      say(.problem, "", "nothing was reloaded")
    }
    manager.tell("READY=1", now: Poller.now())
  }
}
