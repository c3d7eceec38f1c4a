/// How an app's child is made: from what was prepared, or the ordinary way.
struct LaunchNeeds {
  var policy: Policy
  var shape: LaunchShape
  /// The writing ends of 1 and 2.
  var streams: [HeldDescriptor?]
  var handed: HandedDescriptors
  var cgroup: Cgroup?
}

extension Daemon {
  /// - Parameter ordinarily: nothing that was prepared is used.
  func makeChild(
    _ app: DaemonApp, _ needs: LaunchNeeds, _ now: Int64, ordinarily: Bool
  ) throws(LaunchError) -> LaunchedChild {
    if !ordinarily, let made = launchPrepared(app, needs, now) { return made }
    return try launchOrdinarily(needs)
  }

  /// Nil: it is to be launched the ordinary way.
  private func launchPrepared(_ app: DaemonApp, _ needs: LaunchNeeds, _ now: Int64)
    -> LaunchedChild?
  {
    let slot = app.id.slot
    /* An ordinary user's launcher process owns the user namespace that its apps would be in, all the same one: they would
       share a count of processes (RLIMIT_NPROC) and keyrings, and nobody could enter one of them. */
    guard needs.policy.namespaces.order == .userLast else { return nil }
    let null: HeldDescriptor
    do throws(SystemError) {
      /* One for each: what an app sets on an open file, all see who have it. */
      null = HeldDescriptor(try Descriptor.openNull())
    } catch {
      return nil
    }
    var problem: String?
    let handed = needs.handed.placed.map(\.source)
    /* Twice, for what no longer holds is planned anew. */
    for _ in 0..<2 {
      if !prepared.knows(slot, needs.shape), let reason = prepared.plan(slot, wish(app, needs)) {
        say(.notice, app.name, "its launches are not prepared: \(reason)")
      }
      let launched = prepared.launch(
        slot, needs.shape, cgroup: needs.cgroup,
        callers: {
          LaunchShape.caller(
            $0, null: null.descriptor.raw, streams: needs.streams, handed: handed)
        }, problem: &problem)
      prepared.rest(now: now)
      if let problem { say(.notice, app.name, problem) }
      if launched != nil || problem != nil { return launched }
    }
    return nil
  }

  private func wish(_ app: DaemonApp, _ needs: LaunchNeeds) -> PreparedLaunches.Wish {
    var policy = needs.policy
    var context = PlanContext(
      landlockABI: host.landlockABI, filterInstructions: 0, standard: needs.shape.standard,
      terminal: nil, nullDescriptor: -1, bootSeconds: 0, monotonicSeconds: 0)
    context.openFiles = openFiles
    context.placed = needs.shape.placedHere
    let number = LaunchPlan.appNumber(
      makesNetwork: policy.network.mode != .host, hasWitness: policy.crash.isOn)
    needs.shape.service.apply(to: &policy.environment, process: number)
    return PreparedLaunches.Wish(
      policy: policy, profile: app.preparation.files.last, shape: needs.shape, context: context,
      filterCache: FilterPlace.directory(host))
  }

  private func launchOrdinarily(_ needs: LaunchNeeds) throws(LaunchError) -> LaunchedChild {
    let made = try PreparedPlan.make(
      needs.policy, landlockABI: host.landlockABI, filterCache: FilterPlace.directory(host),
      standard: [.null] + needs.streams.map { $0.map { .given($0.descriptor.raw) } ?? .null },
      environment: { plan in
        var environment = needs.policy.environment
        needs.shape.service.apply(to: &environment, process: plan.appNumber)
        return environment
      }
    ) { context in
      context.openFiles = openFiles
      context.placed = needs.handed.placed.map { .init(source: $0.source, number: $0.number) }
    }
    let child = try attempt { () throws(SystemError) in
      try Launcher.launch(made.flat, cloneFlags: made.plan.cloneFlags, cgroup: needs.cgroup)
    }
    withExtendedLifetime((made.held, needs)) {}
    return LaunchedChild(child: child, plan: made.plan, isPrepared: false)
  }

  /// A prepared launch that failed before the program was reached: nothing of it is left, and the ordinary way decides.
  func launchAgain(_ app: DaemonApp, _ instance: DaemonInstance, _ failure: LaunchFailure) {
    prepared.refuse(app.id.slot)
    ended[app.id.slot] = nil
    say(
      .notice, app.name,
      "a launch that was prepared failed (\(stepName(failure, instance.live.plan)): "
        + "\(SystemError.text(failure.number))); it is launched anew")
    launch(app.id, instance.number, ordinarily: true)
  }
}
