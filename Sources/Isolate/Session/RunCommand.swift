/// Carries out `isolated run`.
///
/// - Returns: the app's own exit code, 128 + the signal that ended it, or 125, 126, 127 when it could not be started.
package func run(_ request: RunRequest) -> Int32 {
  do throws(SystemError) {
    try Output.reserveStandardDescriptors()
  } catch {
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
    return launch(prepared, request, signals, early)
  } catch {
    for message in error.messages { Output.write(message + "\n", to: 2) }
    return 125
  }
}

private func announce(_ prepared: Preparation, _ request: RunRequest) {
  for warning in prepared.warnings { Output.write(warning + "\n", to: 2) }
  guard !request.isQuiet else { return }
  for notice in prepared.notices { Output.complain(notice) }
}

private func launch(
  _ prepared: Preparation, _ request: RunRequest, _ signals: consuming SignalDoor,
  _ early: consuming EarlyChild?
) -> Int32 {
  let policy = prepared.policy
  let startedAt = Poller.now()
  var usable = rightGuess(early, policy)
  let launch: PreparedLaunch
  do throws(LaunchError) {
    launch = try PreparedLaunch.make(
      prepared, filterCache: FilterPlace.directory(prepared.host), signals: signals,
      networkIsMade: usable?.hasNetwork ?? false)
  } catch {
    for line in words(error, policy) { Output.complain(line) }
    return 125
  }
  let child: Child
  do throws(SystemError) {
    if let usable = usable.take() {
      child = try usable.run(launch.flat)
    } else {
      child = try Launcher.launch(
        launch.flat, cloneFlags: launch.plan.cloneFlags, cgroup: launch.cgroup?.directory)
    }
  } catch {
    return namespacesFailed(error.number, policy, request, launch.signals)
  }
  let reporter = RunReporter(
    app: policy.app, isQuiet: request.isQuiet, statusDescriptor: request.jsonStatusFD)
  var session = RunSession(
    launch, child: child, policy: policy, reporter: reporter, startedAt: startedAt)
  switch session.run() {
  case .over(let code): return code
  case .noNamespaces(let number): return namespacesFailed(number, policy, request, session.end())
  }
}

/// The early child, if it is what the policy asks for; another one ends by itself.
private func rightGuess(_ early: consuming EarlyChild?, _ policy: Policy) -> EarlyChild? {
  guard let early = consume early else { return nil }
  if early.serves(policy) && !PreparedLaunch.mayHold(policy) { return early }
  return nil
}

/// The clone failed, or the early child could not make what it was born for.
private func namespacesFailed(
  _ number: Int32, _ policy: Policy, _ request: RunRequest, _ signals: consuming SignalDoor
) -> Int32 {
  Output.complain(Hints.explainClone(number))
  let isForbidden =
    number == Errno.notPermitted || number == Errno.noSpace || number == Errno.notImplemented
  guard isForbidden, policy.namespaces.order == .userFirst, !policy.require.contains(.namespaces)
  else { return 125 }
  /* The profile does not insist: Landlock, the filter and limits alone. */
  do throws(PreparationError) {
    let prepared = try Preparation.make(request, canMakeUserNamespaces: false)
    announce(prepared, request)
    return launch(prepared, request, signals, nil)
  } catch {
    for message in error.messages { Output.write(message + "\n", to: 2) }
    return 125
  }
}

private func words(_ error: LaunchError, _ policy: Policy) -> [String] {
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
