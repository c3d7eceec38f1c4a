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
  do throws(PreparationError) {
    let prepared = try Preparation.make(request)
    announce(prepared, request)
    return launch(prepared, request, falling: [.withoutCgroup, .withoutUserNamespaces])
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
  _ prepared: Preparation, _ request: RunRequest, falling: Set<Fallback>
) -> Int32 {
  let policy = prepared.policy
  let startedAt = Poller.now()
  let launch: PreparedLaunch
  do throws(LaunchError) {
    launch = try PreparedLaunch.make(prepared, filterCache: FilterPlace.directory(prepared.host))
  } catch {
    if case .cgroup(let cause) = error, falling.contains(.withoutCgroup) {
      return fallBack(.withoutCgroup, request, falling, because: "\(cause)")
    }
    for line in words(error, policy) { Output.complain(line) }
    return 125
  }
  let child: Child
  do throws(SystemError) {
    child = try Launcher.launch(
      launch.flat, cloneFlags: launch.plan.cloneFlags, cgroup: launch.cgroup)
  } catch {
    for problem in launch.cgroup?.remove() ?? [] { Output.complain(problem) }
    launch.signals.restoreMask()
    let usedCgroup = launch.cgroup != nil
    return cloneFailed(error, policy, request, falling, usedCgroup: usedCgroup)
  }
  let reporter = RunReporter(
    app: policy.app, isQuiet: request.isQuiet, statusDescriptor: request.jsonStatusFD)
  var session = RunSession(
    launch, child: child, policy: policy, reporter: reporter, startedAt: startedAt)
  return session.run()
}

private func cloneFailed(
  _ error: SystemError, _ policy: Policy, _ request: RunRequest, _ falling: Set<Fallback>,
  usedCgroup: Bool
) -> Int32 {
  /* What clone3(2) says of CLONE_INTO_CGROUP, or the write to cgroup.procs of v1. */
  let isOfCgroup =
    error.number == Errno.access || error.number == Errno.busy
    || error.number == Errno.notSupported || error.number == Errno.invalid
  if usedCgroup, isOfCgroup, falling.contains(.withoutCgroup) {
    return fallBack(.withoutCgroup, request, falling, because: "\(error)")
  }
  let isForbidden =
    error.number == Errno.notPermitted || error.number == Errno.noSpace
    || error.number == Errno.notImplemented
  if falling.contains(.withoutUserNamespaces), isForbidden, policy.namespaces.order == .userFirst,
    !policy.require.contains(.namespaces)
  {
    return fallBack(
      .withoutUserNamespaces, request, falling, because: Hints.explainClone(error.number))
  }
  Output.complain(Hints.explainClone(error.number))
  return 125
}

/// What a launch may do without when the machine refuses it and the profile does not insist.
private enum Fallback {
  case withoutCgroup
  /// Landlock, the filter and limits alone.
  case withoutUserNamespaces
}

/// Resolves again, without what has turned out not to be had. Where `require` names it, that fails, and says so.
private func fallBack(
  _ fallback: Fallback, _ request: RunRequest, _ falling: Set<Fallback>, because reason: String
) -> Int32 {
  switch fallback {
  case .withoutCgroup: Output.complain("the cgroup cannot be used: \(reason)")
  case .withoutUserNamespaces: Output.complain(reason)
  }
  let left = falling.subtracting([fallback])
  do throws(PreparationError) {
    let prepared = try Preparation.make(
      request, canMakeUserNamespaces: left.contains(.withoutUserNamespaces),
      usesUnifiedCgroup: left.contains(.withoutCgroup))
    announce(prepared, request)
    return launch(prepared, request, falling: left)
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
  case .descriptor(let number):
    return ["descriptor \(number) is to be kept, but the caller has not opened it"]
  case .cgroup(let error): return ["cannot make the app's cgroup: \(error)"]
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
