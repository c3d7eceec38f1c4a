/// A command in the sandbox of an app that runs.
enum ExecRun {
  typealias Failure = ControlClient.Failure

  /// - Parameter find: finds the app; it may go elsewhere in the file system.
  /// - Returns: the command's own exit code, 128 + the signal that ended it, or 125, 126, 127 when it could not be started.
  static func run(
    _ request: ExecRequest, _ host: HostFacts, _ find: () throws(Failure) -> ExecTarget
  ) throws(Failure) -> Int32 {
    try system("give the command descriptors 0, 1 and 2") { () throws(SystemError) in
      try Output.reserveStandardDescriptors()
    }
    for number: Int32 in 0...2 where Output.isDirectory(number) {
      throw failure(.directory(number))
    }
    let target = try find()
    let policy = try policy(of: target, terminal: request.terminal, caller: host)
    let app = target.name
    let namespaces = try entering(app) { () throws(EnterError) in
      try AppNamespaces.open(of: target.initProcess, policy: policy)
    }
    let cgroup = try entering(app) { () throws(EnterError) in
      try AppCgroup.find(of: target.initProcess, policy: policy)
    }
    let signals = try system("launch") { () throws(SystemError) in try SignalDoor() }
    let null = try system("launch") { () throws(SystemError) in try Descriptor.openNull() }
    let filter: [UInt8]
    do throws(LaunchError) {
      filter = try PreparedPlan.filterBytes(policy, cache: FilterPlace.directory(host))
    } catch {
      throw failure(error)
    }
    let standard = PreparedLaunch.standardDescriptors(policy)
    var context = PlanContext(
      landlockABI: host.landlockABI,
      filterInstructions: filter.count / SyscallFilter.instructionSize, standard: standard,
      terminal: nil, nullDescriptor: null.raw, bootSeconds: 0, monotonicSeconds: 0)
    context.terminal = TerminalRelay.settings(standard)
    let made = ExecPlan(
      policy, command: request.command, in: namespaces, context: context, filter: filter)
    let child = try system("enter \(app)") { () throws(SystemError) in
      try Launcher.enter(made, cgroup: cgroup)
    }
    withExtendedLifetime(null) {}
    var session = ExecSession(
      child, app: app, plan: made.plan, policy: ExecPlan.policy(policy, command: request.command),
      standard: standard, signals: signals)
    return session.run(in: target.initProcess)
  }

  private static func entering<Value: ~Copyable>(
    _ app: String, _ body: () throws(EnterError) -> Value
  ) throws(Failure) -> Value {
    do throws(EnterError) {
      return try body()
    } catch {
      throw Failure(message: "cannot enter \(app): \(reason(error))", cure: cure(error))
    }
  }

  private static func system<Value: ~Copyable>(
    _ what: String, _ body: () throws(SystemError) -> Value
  ) throws(Failure) -> Value {
    do throws(SystemError) {
      return try body()
    } catch {
      throw Failure(message: "cannot \(what): \(error)", cure: nil)
    }
  }

  private static func failure(_ error: LaunchError) -> Failure {
    Failure(message: words(error, nil).joined(separator: "\n  help: "), cure: nil)
  }

  /// The policy that the app was launched under, or a refusal.
  private static func policy(
    of target: borrowing ExecTarget, terminal: TerminalMode?, caller: HostFacts
  ) throws(Failure) -> Policy {
    let app = target.name
    let restart =
      target.isOfDaemon
      ? "isolated reload \(target.app), or put its profile back as it was"
      : "start \(target.app) anew, or put its profile back as it was"
    var policy: Policy
    do throws(PreparationError) {
      policy = try Preparation.make(target.request, started: target.started).policy
    } catch {
      throw Failure(
        message: "the profile of \(app) cannot be read any more:\n"
          + error.messages.joined(separator: "\n"), cure: restart)
    }
    let own = policy.terminal
    if target.isOfDaemon { policy.terminal = .none }
    guard Fingerprint.of(policy) == target.fingerprint else {
      throw Failure(
        message:
          "the profile of \(app), or a part of the machine that it speaks of, has changed since "
          + "the app was started: what would hold a command is not what holds the app",
        cure: restart)
    }
    policy.terminal = terminal ?? own
    adopt("TERM", from: caller, &policy)
    return policy
  }

  /// The kind of the caller's own terminal, where the app was told one.
  private static func adopt(_ name: String, from caller: HostFacts, _ policy: inout Policy) {
    guard let own = caller.environment.first(where: { $0.name == name }),
      let index = policy.environment.firstIndex(where: { $0.name == name })
    else { return }
    policy.environment[index] = own
  }

  private static func reason(_ error: EnterError) -> String {
    switch error {
    case .ended: "it has just ended"
    case .withoutNamespaces: "it has no namespaces of its own, so there is no sandbox to enter"
    case .closed: "none of its processes lets its namespaces be opened (PR_SET_DUMPABLE)"
    case .foreign(let kind):
      "its processes have made a \(kind.rawValue) namespace of their own, and none is left in the sandbox's"
    case .noCgroup: "its cgroup cannot be found"
    case .system(let error): "\(error)"
    }
  }

  private static func cure(_ error: EnterError) -> String? {
    if case .closed = error { return "root can enter apps that root has started" }
    return nil
  }
}
