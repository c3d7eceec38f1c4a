/// Carries out `isolated run`.
///
/// - Returns: the app's own exit code, 128 + the signal that ended it, or 125, 126, 127 when it could not be started.
package func run(_ request: RunRequest) -> Int32 {
  do throws(SystemError) {
    try Output.reserveStandardDescriptors()
  } catch {
    Output.complain("cannot give the app descriptors 0, 1 and 2: \(error)")
    return 125
  }
  if let status = request.jsonStatusFD, !Output.isOpen(status) {
    Output.complain("--json-status-fd \(status): that descriptor is not open")
    return 125
  }
  let signals: SignalDoor
  do throws(SystemError) {
    signals = try SignalDoor()
  } catch {
    Output.complain("cannot launch: \(error)")
    return 125
  }
  let early = EarlyGuess(request).begin()
  do throws(PreparationError) {
    let prepared = try Preparation.make(request)
    announce(prepared, request)
    return launch(prepared, request, signals, early, falling: [.cgroup, .userNamespaces])
  } catch {
    return reporter(request).refusedAsWritten(error.messages)
  }
}

private func reporter(_ request: RunRequest, app: String? = nil) -> RunReporter {
  RunReporter(
    app: app ?? request.name?.text ?? request.app?.text ?? request.command.first ?? "",
    isQuiet: request.isQuiet, statusDescriptor: request.jsonStatusFD)
}

private func announce(_ prepared: Preparation, _ request: RunRequest) {
  for warning in prepared.warnings { Output.write(warning + "\n", to: 2) }
  guard !request.isQuiet else { return }
  for notice in prepared.notices { Output.complain(notice) }
}

private func launch(
  _ prepared: Preparation, _ request: RunRequest, _ signals: consuming SignalDoor,
  _ early: consuming EarlyChild?, falling: Fallbacks
) -> Int32 {
  let policy = prepared.policy
  let startedAt = Poller.now()
  var usable = rightGuess(early, policy)
  let cgroup: Cgroup?
  do throws(SystemError) {
    cgroup = try Cgroup.make(policy)
  } catch {
    return cgroupFailed(error, request, signals, falling)
  }
  let audit: AuditLog?
  do throws(SystemError) {
    audit = try auditLog(request, policy)
  } catch {
    return reporter(request, app: policy.app).refused([auditWords(error)])
  }
  var keeper: BrokerKeeper?
  let launch: PreparedLaunch
  do throws(LaunchError) {
    let ends = try brokerDoor(policy)
    keeper = ends.map {
      BrokerKeeper(
        policy, prepared.host, door: $0.ours, appsDoor: $0.apps, audit: audit, startedAt: startedAt)
    }
    launch = try PreparedLaunch.make(
      prepared, filterCache: FilterPlace.directory(prepared.host), signals: signals,
      cgroup: cgroup, networkIsMade: usable?.hasNetwork ?? false, ahead: usable?.ahead,
      door: ends?.apps)
  } catch {
    remove(cgroup)
    return reporter(request, app: policy.app).refused(words(error, policy))
  }
  let child: Child
  do throws(SystemError) {
    /* Never another child for this plan: it would lack what the early one has, its network namespace too. */
    if let usable = usable.take() {
      child = try usable.run(launch.flat, passing: launch.held.map { $0.descriptor.raw })
    } else {
      child = try Launcher.launch(
        launch.flat, cloneFlags: launch.plan.cloneFlags, cgroup: cgroup)
    }
  } catch {
    remove(cgroup)
    if cgroup != nil, isOfCgroup(error.number) {
      return cgroupFailed(error, request, launch.signals, falling)
    }
    return namespacesFailed(error.number, policy, request, launch.signals, falling)
  }
  var session = RunSession(
    launch, child: child, policy: policy, reporter: reporter(request, app: policy.app),
    keeper: keeper, place: keeper.map { _ in ControlPlace(prepared.host) },
    desk: policy.crash.isOn ? CrashDesk(request, prepared.host) : nil, startedAt: startedAt)
  switch session.run() {
  case .over(let code):
    /* 125 to 127 are explained already, from 129 it is a signal; 128 is what git says. */
    if (1..<125).contains(code) || code == 128, !request.isQuiet {
      for line in Hints.afterFailure(policy, from: prepared.host.workingDirectory) {
        Output.complain(line)
      }
    }
    return code
  case .noNamespaces(let number):
    return namespacesFailed(number, policy, request, session.end(), falling)
  }
}

/// The way between an app with grants and its broker: nothing waits behind it until the app knocks.
func brokerDoor(
  _ policy: Policy
) throws(LaunchError) -> (ours: HeldDescriptor, apps: HeldDescriptor)? {
  if policy.grants.isEmpty { return nil }
  let ends = try attempt { () throws(SystemError) in try Packets.pair() }
  return (HeldDescriptor(ends.one), HeldDescriptor(ends.other))
}

/// Where the decisions of the app's broker go; nil: nobody asked for that.
private func auditLog(_ request: RunRequest, _ policy: Policy) throws(SystemError) -> AuditLog? {
  guard let path = request.audit else { return nil }
  if policy.grants.isEmpty, !request.isQuiet {
    Output.complain("--audit: the app has no grants, so nothing is decided about it")
  }
  return try AuditLog(path.text, policy)
}

private func auditWords(_ error: SystemError) -> String {
  let isOfFile = [
    Errno.loop, Errno.invalid, Errno.notPermitted, Errno.noDeviceOrAddress, Errno.isDirectory,
  ].contains(error.number)
  let cure = isOfFile ? "\n  help: name a regular file of yours that is no link, or a new one" : ""
  return "--audit: \(error)\(cure)"
}

/// The early child, if it is what the policy asks for; another one ends by itself.
private func rightGuess(_ early: consuming EarlyChild?, _ policy: Policy) -> EarlyChild? {
  guard let early = consume early else { return nil }
  if early.serves(policy) { return early }
  /* At once: as a second process of our cgroup it would be in the way of its controllers. */
  early.end()
  return nil
}

private func remove(_ cgroup: Cgroup?) {
  for problem in cgroup?.remove() ?? [] { Output.complain(problem) }
}

/// What a launch may go on without when the machine refuses it and the profile does not insist.
private struct Fallbacks: OptionSet {
  let rawValue: UInt8

  static let cgroup = Fallbacks(rawValue: 1)
  /// Then Landlock, the filter and limits alone.
  static let userNamespaces = Fallbacks(rawValue: 2)
}

/// What clone3(2) says of CLONE_INTO_CGROUP, and a write to cgroup.procs.
private func isOfCgroup(_ number: Int32) -> Bool {
  number == Errno.access || number == Errno.busy || number == Errno.notSupported
    || number == Errno.invalid || number == Errno.noEntry
}

/// What looked like a delegated cgroup is none. Where `require` names its limits, resolving again fails, and says so.
private func cgroupFailed(
  _ error: SystemError, _ request: RunRequest, _ signals: consuming SignalDoor,
  _ falling: Fallbacks
) -> Int32 {
  Output.complain("the app's cgroup cannot be used: \(error)")
  if !falling.contains(.cgroup) { return 125 }
  return again(request, signals, falling.subtracting([.cgroup]))
}

/// The clone failed, or the early child could not make what it was born for.
private func namespacesFailed(
  _ number: Int32, _ policy: Policy, _ request: RunRequest, _ signals: consuming SignalDoor,
  _ falling: Fallbacks
) -> Int32 {
  let isForbidden =
    number == Errno.notPermitted || number == Errno.noSpace || number == Errno.notImplemented
  let text = Hints.explainClone(number)
  guard isForbidden, falling.contains(.userNamespaces), policy.namespaces.order == .userFirst,
    !policy.require.contains(.namespaces)
  else { return reporter(request, app: policy.app).refused([text]) }
  Output.complain(text)
  return again(request, signals, falling.subtracting([.userNamespaces]))
}

/// Resolves and launches again, without what has turned out not to be had.
private func again(
  _ request: RunRequest, _ signals: consuming SignalDoor, _ falling: Fallbacks
) -> Int32 {
  do throws(PreparationError) {
    let prepared = try Preparation.make(
      request, canMakeUserNamespaces: falling.contains(.userNamespaces),
      usesUnifiedCgroup: falling.contains(.cgroup))
    announce(prepared, request)
    return launch(prepared, request, signals, nil, falling: falling)
  } catch {
    return reporter(request).refusedAsWritten(error.messages)
  }
}

func words(_ error: LaunchError, _ policy: Policy?) -> [String] {
  switch error {
  case .rules(let errors):
    return errors.map { "\($0.rule.position): \($0.message)\n  help: \($0.cure)" }
  case .filter(let error): return ["cannot make the system-call filter: \(error)"]
  case .directory(let number):
    return [
      "descriptor \(number) is a directory: the app could look at everything beneath it",
      "connect a file, a pipe or /dev/null; to show the directory, use --read",
    ]
  case .descriptor(let number):
    return ["descriptor \(number) is to be kept, but the caller has not opened it"]
  case .system(let error):
    if error.number == Errno.tooManyFiles {
      return ["cannot launch: \(error)\n  help: raise the limit of open files (ulimit -n)"]
    }
    return ["cannot launch: \(error)"]
  case .driver(let reason): return [reason]
  case .tooLarge(let bytes):
    return ["cannot launch: the arguments, environment and rules take \(bytes) bytes, too much"]
  }
}

/// Where compiled filters are kept.
enum FilterPlace {
  static func directory(_ host: HostFacts) -> String? {
    if host.effectiveUID == 0 { return "/var/cache/isolated/filters" }
    let cache = host.environment.first { $0.name == "XDG_CACHE_HOME" && $0.value.hasPrefix("/") }
    if let cache { return cache.value + "/isolated/filters" }
    return host.home.hasPrefix("/") && host.home != "/"
      ? host.home + "/.cache/isolated/filters" : nil
  }
}
