/// How a command comes into the sandbox of an app that runs: the plan of a launch under the same policy, but for what makes the
/// sandbox; in place of that, the namespaces that are there are entered. See docs/exec.md.
package struct ExecPlan: ~Copyable {
  package var plan: LaunchPlan
  private let policy: Policy
  private let filter: [UInt8]
  private let namespaces: AppNamespaces

  /// Plans it.
  ///
  /// - Parameters:
  ///   - policy: what the app was launched under.
  ///   - command: the program and its arguments; not empty.
  ///   - context: the caller's 0, 1 and 2 and terminal; `placed` gives the command other descriptors.
  ///   - filter: the compiled system-call filter of the policy.
  package init(
    _ policy: Policy, command: [String], in namespaces: consuming AppNamespaces,
    context: PlanContext, filter: [UInt8]
  ) {
    precondition(!command.isEmpty, "a command has a program")
    let own = Self.policy(policy, command: command)
    plan = LaunchPlanner(own, context: context, sources: .host)
      .planEntry(namespaces.descriptors)
    self.policy = own
    self.filter = filter
    self.namespaces = namespaces
  }

  /// The app's, but for what is the app's alone: its program, the descriptors that its caller gave it, the door to its broker.
  package static func policy(_ policy: Policy, command: [String]) -> Policy {
    var own = policy
    own.command = command
    own.descriptors = []
    own.brokerDescriptor = nil
    own.environment.removeAll { $0.name == BrokerVariable.name }
    return own
  }

  borrowing func flat() -> FlatPlan {
    FlatPlan(
      plan.steps, command: policy.command, environment: policy.environment, filter: filter
    ) { _ in -1 }
  }
}

extension LaunchPlanner {
  /// The order that docs/exec.md argues for.
  consuming func planEntry(
    _ namespaces: [(kind: NamespaceKind, number: Int32)]
  ) -> LaunchPlan {
    var planner = self
    planner.context.isGuest = true
    if case .legacy? = planner.policy.limits.cgroup { planner.steps.append(.awaitGate) }
    planner.steps.append(.setDumpable(false))
    planner.steps.append(.closeUnnamed)
    for one in namespaces {
      if one.kind == .user, planner.policy.namespaces.order == .userLast {
        planner.steps.append(
          .becomeIdentity(
            uid: planner.policy.identity.hostUID, gid: planner.policy.identity.hostGID,
            clearsGroups: true))
      }
      planner.steps.append(.enter(one.kind, descriptor: one.number))
    }
    if let terminal = planner.context.terminal { planner.steps.append(.openTerminal(terminal)) }
    planner.planApp()
    return LaunchPlan(steps: planner.steps, cloneFlags: 0)
  }
}

extension Launcher {
  /// Clones the child that enters the sandbox and runs the command there. What it returns is outside the app's pid namespace: it
  /// reports as an init does, forwards signals, and kills the command when its lifeline is gone.
  ///
  /// The caller has blocked all signals.
  ///
  /// - Throws: `SystemError` of clone3(2) and of joining the cgroup.
  package static func enter(
    _ plan: borrowing ExecPlan, cgroup: borrowing AppCgroup
  ) throws(SystemError) -> Child {
    let flat = plan.flat()
    let child = try launch(
      flat, cloneFlags: 0, directory: cgroup.directory?.descriptor.raw,
      entering: cgroup.paths)
    withExtendedLifetime(cgroup) {}
    return child
  }
}
