internal import CSeccomp

/// Why the launcher process could not do what was asked.
package enum LauncherError: Error, Sendable {
  /// The app does not fit the template: launch it the ordinary way.
  case misfit(TemplateMisfit)
  /// A step failed while something was made ahead: a step of `TemplatePlan.prepare` or of
  /// `TemplatePlan.ready`.
  case step(LaunchStep, number: Int32)
  /// The launcher process has ended; `restart` makes another one. Running apps are not concerned.
  case ended
  case system(SystemError)
}

/// A small process, made before the supervisor grows, and its ready children.
///
/// Each launch takes one ready child, which has its namespaces, private file systems and network
/// already, and which is
/// used for one app only. `refill` makes the next ones, outside the way of a launch; without any, a
/// launch makes its own.
/// All are children of the supervisor. They end with the thread that called `start`, `refill` or
/// `launch` (prctl(2),
/// PR_SET_PDEATHSIG): use one thread, which lives as long as they should.
package final class LauncherProcess {
  package let template: TemplatePlan
  /// How many ready children `refill` keeps.
  package var poolSize: Int
  private var process: LauncherHandle
  private var pool: [ReadyBox] = []

  /// Makes the launcher process. The pool is empty until `refill`.
  ///
  /// - Parameter policy: the template: what its files, network and namespaces have in common with
  /// those of the apps.
  /// - Throws: `.misfit` where there are no namespaces, `.step` when the template cannot be built.
  package static func start(
    template policy: Policy, landlockABI: Int, poolSize: Int = 4, sources: PlanSources = .host
  ) throws(LauncherError) -> LauncherProcess {
    let template: TemplatePlan
    do throws(TemplateMisfit) {
      template = try TemplatePlan(policy, landlockABI: landlockABI, sources: sources)
    } catch {
      throw .misfit(error)
    }
    return try start(template, poolSize: poolSize)
  }

  /// The same from a template that was made already.
  package static func start(
    _ template: TemplatePlan, poolSize: Int
  ) throws(LauncherError) -> LauncherProcess {
    LauncherProcess(template, try LauncherHandle.start(template), poolSize: poolSize)
  }

  private init(_ template: TemplatePlan, _ process: consuming LauncherHandle, poolSize: Int) {
    self.template = template
    self.process = process
    self.poolSize = poolSize
  }

  deinit { close() }

  /// How many ready children wait.
  package var readyCount: Int { pool.count }
  package var pid: Int32 { process.pid }
  /// Readable (poll(2)) when the launcher process has ended.
  package var pidfd: Int32 { process.pidfd.raw }

  package var isAlive: Bool {
    do throws(SystemError) {
      return try ProcessHandle.status(of: process.pidfd, blocking: false) == nil
    } catch {
      return false
    }
  }

  /// Makes ready children up to `poolSize`, at most so many at once.
  package func refill(atMost most: Int = .max) throws(LauncherError) {
    for _ in 0..<min(most, max(0, poolSize - pool.count)) {
      pool.append(ReadyBox(try process.prepare(cgroup: nil)))
    }
  }

  /// Ends the launcher process and the ready children. Running apps go on.
  package func close() {
    pool.forEach { $0.discard() }
    pool = []
    process.end()
  }

  /// Replaces a launcher process that has ended. Ready children stay: they need it no more.
  package func restart() throws(LauncherError) {
    process.end()
    process = try LauncherHandle.start(template)
  }

  /// Plans an app for `launch(_:cgroup:)`; good for any number of launches.
  package func plan(
    _ policy: Policy, context: PlanContext, filter: [UInt8]
  ) throws(LauncherError) -> PlannedApp {
    try PlannedApp(policy, from: template, context: context, filter: filter)
  }

  /// Launches an app. Its reports arrive as those of any `Child`; steps are counted in
  /// `PlannedApp.plan`.
  ///
  /// - Parameters:
  ///   - cgroup: a cgroup v2 directory to be born in: then no ready child can be used, and one is made.
  ///   - callers: the descriptors of this launch, in the order of `PlannedApp.callers`; nil: those themselves.
  package func launch(
    _ app: borrowing PlannedApp, cgroup: Int32? = nil, callers: [Int32]? = nil
  ) throws(LauncherError) -> Child {
    precondition(callers == nil || callers?.count == app.callers.count, "not the app's")
    let trees = try attempted { () throws(SystemError) in try app.openTrees() }
    /* Numbers alone do not keep the trees open. */
    defer { withExtendedLifetime(trees) {} }
    let passed = (callers ?? app.callers) + trees.map { $0.descriptor.raw }
    while true {
      let isFresh = pool.isEmpty || cgroup != nil
      let ready = isFresh ? ReadyBox(try process.prepare(cgroup: cgroup)) : pool.removeFirst()
      do throws(SystemError) {
        return try ready.run(app, passed)
      } catch {
        /* It has ended while it waited: the next one is tried, unless it was made just now. */
        let failed = ready.failedStep()
        ready.discard()
        if let failed, failed.step < template.ready.count {
          throw .step(template.ready[failed.step], number: failed.number)
        }
        if isFresh { throw .system(error) }
      }
    }
  }
}

/// Runs something of the System room inside a function that throws `LauncherError`.
func attempted<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(LauncherError) -> Result {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}
