/// What is made ahead of launches: launcher processes with ready children, and the plans of apps that were launched lately
/// (docs/decisions/0004-prepared-launcher.md). So a restart plans nothing and makes no namespaces.
///
/// It is bounded: so many launcher processes, ready children and plans, however many apps there are. It holds nothing for an app
/// whose profile has changed since, and nothing once the machine's mounts have; and each time it is used, every file that a plan
/// was made from must be the same still. Whatever does not fit is launched the ordinary way.
final class PreparedLaunches {
  /// Launcher processes: apps share one whose templates are alike.
  static let mostTemplates = 4
  /// Ready children of each.
  static let readyEach = 2
  /// Apps with a plan at hand; with more, those launched longest ago have none.
  static let mostPlans = 512
  /// How long after a launch something is made: what was launched comes first. In milliseconds.
  private static let delay: Int64 = 5

  /// One launcher process.
  private final class Shelf {
    let launcher: LauncherProcess
    let files: SeenFiles

    init(_ launcher: LauncherProcess, _ files: SeenFiles) {
      self.launcher = launcher
      self.files = files
    }
  }

  /// One app's.
  private final class Plan {
    let app: PlannedApp
    let shelf: Shelf
    let files: SeenFiles
    let shape: LaunchShape
    var usedAt: UInt64 = 0

    init(
      _ app: consuming PlannedApp, _ shelf: Shelf, _ files: SeenFiles, _ shape: LaunchShape
    ) {
      self.app = app
      self.shelf = shelf
      self.files = files
      self.shape = shape
    }
  }

  /// What an app's launches are to be planned for.
  struct Wish {
    var policy: Policy
    /// The app's own profile: its files are not in a template that others share.
    var profile: String?
    var shape: LaunchShape
    var context: PlanContext
    var filterCache: String?
  }

  private var shelves: [Shelf] = []
  private var plans: [Int: Plan] = [:]
  /// Those that do not fit, until their profile changes.
  private var misfits: Set<Int> = []
  /// Of which nothing is made any more: the machine's mounts cannot be watched, or the daemon ends.
  private var isClosed = false
  private var uses: UInt64 = 0
  /// When `work` has something to do, in milliseconds on the monotonic clock; nil: nothing.
  private(set) var nextAt: Int64?

  // MARK: Use

  /// Whether an app has a plan, or will have none.
  func knows(_ slot: Int, _ shape: LaunchShape) -> Bool {
    isClosed || misfits.contains(slot) || plans[slot]?.shape == shape
  }

  /// Launches an app from what was made for it.
  ///
  /// - Parameters:
  ///   - callers: this launch's descriptor for each that a plan's number stands for.
  ///   - problem: what is to be told, when something that should have worked did not.
  /// - Returns: nil: launch it the ordinary way.
  func launch(
    _ slot: Int, _ shape: LaunchShape, cgroup: Cgroup?, callers: (Int32) -> Int32,
    problem: inout String?
  ) -> LaunchedChild? {
    guard let plan = plans[slot] else { return nil }
    guard plan.shape == shape, plan.shelf.files.hold(), plan.files.hold() else {
      plans[slot] = nil
      if !plan.shelf.files.hold() { drop(plan.shelf) }
      return nil
    }
    uses += 1
    plan.usedAt = uses
    do throws(LauncherError) {
      let child = try plan.shelf.launcher.launch(
        plan.app, cgroup: cgroup?.directory, callers: plan.app.callers.map(callers))
      return LaunchedChild(child: child, plan: plan.app.plan, isPrepared: true)
    } catch {
      problem = "a launch that was prepared failed (\(Self.words(error))); it is launched anew"
      drop(plan.shelf)
      return nil
    }
  }

  // MARK: Making

  /// Something was launched: what it used up is made again soon.
  func rest(now: Int64) { if wantsWork { nextAt = now + Self.delay } }

  private var wantsWork: Bool {
    shelves.contains { $0.launcher.readyCount < $0.launcher.poolSize }
  }

  /// Makes one ready child.
  func work(now: Int64) {
    defer { nextAt = wantsWork ? now : nil }
    for shelf in shelves where shelf.launcher.readyCount < shelf.launcher.poolSize {
      do throws(LauncherError) {
        return try shelf.launcher.refill(atMost: 1)
      } catch {
        /* The next launch makes another launcher process. */
        return drop(shelf)
      }
    }
  }

  /// Plans an app's launches.
  ///
  /// - Returns: why there is no plan; from now on there is none until its profile changes. Nil: there is one.
  func plan(_ slot: Int, _ wish: Wish) -> String? {
    do throws(LauncherError) {
      try make(slot, wish)
      return nil
    } catch {
      misfits.insert(slot)
      return Self.words(error)
    }
  }

  private func make(_ slot: Int, _ wish: Wish) throws(LauncherError) {
    let policy = wish.policy
    if policy.namespaces.time { throw .misfit(.unsupported(.unshare(.time))) }
    if case .legacy = policy.limits.cgroup { throw .misfit(.unsupported(.awaitGate)) }
    let filter: [UInt8]
    do throws(LaunchError) {
      filter = try PreparedPlan.filterBytes(policy, cache: wish.filterCache)
    } catch {
      throw .misfit(.unsupported(.loadFilter(instructions: 0)))
    }
    var context = wish.context
    context.filterInstructions = filter.count / SyscallFilter.instructionSize
    guard let shelf = try shelf(for: policy, wish.profile, context.landlockABI) else {
      throw .system(SystemError(call: "launcher process", number: Errno.busy))
    }
    let files = SeenFiles()
    var app = try PlannedApp(
      policy, from: shelf.launcher.template, context: context, filter: filter,
      sources: files.recording(.host))
    guard app.textSize <= PreparedPlan.maximumText else { throw .misfit(.order) }
    files.remove(what: shelf.files)
    /* Should it fail, the ordinary launch that follows says why. */
    app.plan.steps = []
    uses += 1
    if plans.count >= Self.mostPlans,
      let oldest = plans.min(by: { $0.value.usedAt < $1.value.usedAt })
    {
      plans[oldest.key] = nil
    }
    let plan = Plan(app, shelf, files, wish.shape)
    plan.usedAt = uses
    plans[slot] = plan
  }

  /// Nil: there are as many as there may be, each of use to somebody.
  private func shelf(
    for policy: Policy, _ profile: String?, _ landlockABI: Int
  ) throws(LauncherError) -> Shelf? {
    var shared = policy
    shared.files.rules.removeAll {
      $0.position.file == profile || $0.target == NotifySocket.target
    }
    let files = SeenFiles()
    let template: TemplatePlan
    do throws(TemplateMisfit) {
      template = try TemplatePlan(
        shared, landlockABI: landlockABI, sources: files.recording(.host))
    } catch {
      throw .misfit(error)
    }
    if let shelf = shelves.first(where: { $0.launcher.template == template }) {
      return shelf
    }
    if shelves.count >= Self.mostTemplates {
      guard
        let unused = shelves.first(where: { one in !plans.values.contains { $0.shelf === one } })
      else { return nil }
      drop(unused)
    }
    let shelf = Shelf(
      try LauncherProcess.start(template, poolSize: Self.readyEach), files)
    shelves.append(shelf)
    return shelf
  }

  // MARK: Dropping

  /// An app's profile has changed, or the app is gone.
  func forget(_ slot: Int) {
    plans[slot] = nil
    misfits.remove(slot)
  }

  /// A launch that was prepared came to nothing: this app has none any more, until its profile changes.
  func refuse(_ slot: Int) {
    plans[slot] = nil
    misfits.insert(slot)
  }

  /// Nothing that was made holds any more: the machine's mounts have changed.
  func dropAll() {
    for shelf in shelves { shelf.launcher.close() }
    shelves = []
    plans = [:]
    nextAt = nil
  }

  /// For good.
  func close() {
    isClosed = true
    dropAll()
  }

  private func drop(_ shelf: Shelf) {
    shelf.launcher.close()
    shelves.removeAll { $0 === shelf }
    for (slot, plan) in plans where plan.shelf === shelf { plans[slot] = nil }
  }

  private static func words(_ error: LauncherError) -> String {
    switch error {
    case .misfit(let misfit):
      switch misfit {
      case .order: "its namespaces or its size do not fit"
      case .network: "its network does not fit"
      case .missing(let step), .covers(_, let step), .unsupported(let step): "cannot: \(step)"
      case .noProc: "there is no /proc"
      case .rules: "its files cannot be planned"
      case .system(let error): "\(error)"
      }
    case .step(let step, let number): "\(step): \(SystemError.text(number))"
    case .ended: "the launcher process has ended"
    case .system(let error): "\(error)"
    }
  }
}

/// A launched child, what its steps are, and whether it was made ahead.
struct LaunchedChild: ~Copyable {
  let child: Child
  let plan: LaunchPlan
  let isPrepared: Bool

  consuming func takeChild() -> Child { child }
}

/// What of a launch can differ from the one before, though the profile is the same.
struct LaunchShape: Hashable {
  var service: ServiceEnvironment
  /// What it gets from number 3 on.
  var placed: [Int32]
  var brokerDescriptor: Int32?
  /// Whether each of 1 and 2 goes to a log.
  var given: [Bool]

  /// Numbers that stand in a plan for descriptors that each launch has anew. No descriptor is so high: nr_open of proc(5) is at
  /// most 2^30 - 64 or so.
  private static let stand: Int32 = 1 << 30

  var standard: [PlanContext.StandardDescriptor] {
    [.given(Self.stand)]
      + given.enumerated().map { .given(Self.stand + ($0.element ? Int32($0.offset) + 1 : 0)) }
  }

  var placedHere: [PlanContext.PlacedDescriptor] {
    placed.enumerated().map {
      .init(source: Self.stand + 16 + Int32($0.offset), number: $0.element)
    }
  }

  /// The descriptor that a number stands for.
  static func caller(
    _ number: Int32, null: Int32, streams: [HeldDescriptor?], handed: [Int32]
  ) -> Int32 {
    let place = Int(number - stand)
    if place >= 16 { return handed.indices.contains(place - 16) ? handed[place - 16] : -1 }
    return place == 0
      ? null
      : streams.indices.contains(place - 1)
        ? streams[place - 1]?.descriptor.raw ?? -1 : -1
  }
}
