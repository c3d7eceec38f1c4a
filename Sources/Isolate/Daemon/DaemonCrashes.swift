/// The reports of all apps' crashes: each is written by a process of its own, few at a time, so that nobody waits for them. What is
/// too much is counted and said.
final class DaemonCrashes {
  /// Crashes that are held: of apps that have not ended, those that wait, those that are being written.
  static let most = 12
  /// Of one app at a time.
  static let mostOfOne = 3
  /// Reports that are written at a time: each of another app.
  static let atOnce = 2
  /// An app that goes on after a crash of one of its processes has no end to wait for, after so many milliseconds.
  static let patience: Int64 = 2000
  private static let ends = "the daemon ends"
  /// How long the daemon's own end waits for what is being written, in milliseconds.
  static let lastPatience: Int64 = 2000

  let room = CrashRoom(most)
  private(set) var written: UInt64 = 0
  private(set) var lost: UInt64 = 0
  private var waiting: [(capture: CrashCapture, order: CrashOrder)] = []
  private var working: [CrashWorker?] = Array(repeating: nil, count: atOnce)
  private var endAt: Int64?

  var isBusy: Bool { !waiting.isEmpty || working.contains { $0 != nil } }

  /// What became of crashes.
  enum Outcome {
    case written(app: String, words: String, path: String, call: String?)
    case lost(app: String, reason: String)
    case dropped(app: String, Int)
  }

  func add(_ capture: CrashCapture, _ order: CrashOrder) { waiting.append((capture, order)) }

  /// Captures of an app that there is room for.
  func room(for app: String) -> Int {
    max(0, Self.mostOfOne - waiting.count { $0.order.subject.app == app })
  }

  func drop(_ count: Int, _ app: String) -> Outcome {
    lost += UInt64(count)
    return .dropped(app: app, count)
  }

  /// Whether a report could be begun now.
  var wantsTurn: Bool { working.contains { $0 == nil } && next != nil }

  /// The first that waits, of an app of which none is being written.
  private var next: Int? {
    waiting.firstIndex { one in !working.contains { $0?.app == one.order.subject.app } }
  }

  /// Begins one report, if there is one to begin.
  ///
  /// - Parameter program: what writes it; nil: this very program.
  /// - Returns: where it works, and its door; or why it does not.
  func begin(
    program: HeldDescriptor? = nil, environment: [String], now: Int64
  ) -> (started: (place: Int, door: Int32)?, outcome: Outcome?)? {
    guard let place = working.firstIndex(where: { $0 == nil }), let index = next else { return nil }
    let (capture, order) = waiting.remove(at: index)
    do throws(SystemError) {
      let worker = try CrashWorker(
        capture, order, program: program, environment: environment, now: now)
      worker.deadline = min(worker.deadline, endAt ?? .max)
      working[place] = worker
      return ((place, worker.door), nil)
    } catch {
      lost += 1
      return (nil, .lost(app: order.subject.app, reason: "\(error)"))
    }
  }

  /// One has ended.
  ///
  /// - Parameter unwatch: is called with its door before that is closed.
  func ended(_ place: Int, unwatch: (Int32) -> Void) -> Outcome? {
    guard working.indices.contains(place), let worker = working[place],
      let answer = worker.ended()
    else { return nil }
    unwatch(worker.door)
    working[place] = nil
    switch answer {
    case .written(_, let path, let words, let call):
      written += 1
      return .written(app: worker.app, words: words, path: path, call: call)
    case .failed(let reason):
      lost += 1
      return .lost(app: worker.app, reason: reason)
    }
  }

  var nextAt: Int64? {
    let end = waiting.isEmpty ? nil : endAt
    return (working.map { $0?.deadline } + [end]).compactMap { $0 }.min()
  }

  /// Kills what takes too long.
  func handle(now: Int64) -> [Outcome] {
    for worker in working {
      guard let worker, now >= worker.deadline else { continue }
      worker.kill(
        endAt.map { now >= $0 } == true
          ? Self.ends : "given up, as it took longer than \(CrashWorker.seconds) s")
      worker.deadline = now + 1000
    }
    guard let endAt, now >= endAt else { return [] }
    defer { waiting = [] }
    lost += UInt64(waiting.count)
    return waiting.map { .lost(app: $0.order.subject.app, reason: Self.ends) }
  }

  /// From now on there is only so much time.
  func finish(by time: Int64) {
    endAt = min(endAt ?? time, time)
    for worker in working { worker?.deadline = min(worker?.deadline ?? time, time) }
  }
}

extension Daemon {
  /// Takes the crashes that an instance has handed over, with its end if it has ended.
  func collectCrashes(_ app: DaemonApp, _ instance: DaemonInstance, _ end: AppEnd?) {
    instance.crashesAt = nil
    let captures = instance.live.captures.take()
    let allowed = captures.prefix(crashes.room(for: app.name))
    let dropped = instance.live.captures.takeDropped() + captures.count - allowed.count
    if !allowed.isEmpty {
      let context = crashContext(app, instance, end)
      for capture in allowed { add(capture, app, instance, context) }
    }
    if dropped > 0 { tell(crashes.drop(dropped, app.name)) }
    guard let number = instance.live.captures.ended, !app.crashesAreUnseen else { return }
    app.crashesAreUnseen = true
    let reason =
      number == 0 ? "somebody ended the process that looks" : "ptrace: \(SystemError.text(number))"
    say(.notice, app.name, "crash.report: nobody looks at its crashes: \(reason)")
  }

  private func add(
    _ capture: CrashCapture, _ app: DaemonApp, _ instance: DaemonInstance, _ context: CrashContext
  ) {
    guard let directory = place.crashes(settings.state) else {
      return tell(.lost(app: app.name, reason: CrashDesk.noPlace))
    }
    let log = app.log?.place.map {
      CrashOrder.Log(directory: $0.directory, number: $0.end.number, offset: $0.end.offset)
    }
    var subject = UnwinderPolicy.Subject(instance.live.policy)
    subject.app = app.name
    crashes.add(
      capture,
      CrashOrder(
        subject, directory: directory, files: capture.files.count, log: log, context: context))
  }

  private func crashContext(
    _ app: DaemonApp, _ instance: DaemonInstance, _ end: AppEnd?
  ) -> CrashContext {
    var context = CrashContext()
    context.add(instance.live.policy)
    context.profileHash = CrashContext.hash(instance.live.policy)
    context.profiles = app.preparation.files
    context.restarts = supervisor.status(of: app.id)?.restarts ?? 0
    context.requests = instance.live.keeper?.lastRequests(CrashReport.mostLines) ?? []
    context.end = end?.cause.word
    context.use = end?.use.named ?? []
    return context
  }

  /// Begins a report that waits: after what the supervisor wants done, a restart above all.
  func beginReport(_ now: Int64) {
    guard crashes.wantsTurn else { return }
    let environment = host.environment.map { "\($0.name)=\($0.value)" }
    guard let begun = crashes.begin(environment: environment, now: now) else { return }
    if let outcome = begun.outcome { tell(outcome) }
    guard let started = begun.started else { return }
    do throws(SystemError) {
      try queue.add(started.door, token: Token.report(started.place), .reading)
    } catch {
      /* Its deadline is polled all the same. */
      say(.problem, "", "a report of a crash is not waited for: \(error)")
    }
  }

  func reportEnded(_ place: Int) {
    if let outcome = crashes.ended(place, unwatch: { queue.remove($0) }) { tell(outcome) }
  }

  func tendReports(_ now: Int64) {
    guard let at = crashes.nextAt, now >= at else { return }
    for outcome in crashes.handle(now: now) { tell(outcome) }
    for place in 0..<DaemonCrashes.atOnce { reportEnded(place) }
  }

  private func tell(_ outcome: DaemonCrashes.Outcome) {
    switch outcome {
    case .written(let name, let words, let path, let call):
      say(.notice, name, "\(words); report: \(path)")
      guard let id = supervisor.app(named: name), let app = apps[id.slot] else { return }
      app.why.noteCrash(
        "\(words); report: \(path)", call: call, app.preparation.policy, now: Poller.now())
    case .lost(let name, let reason):
      let words = "a crash has no report: \(reason)"
      say(.problem, name, words)
      guard let id = supervisor.app(named: name), let app = apps[id.slot] else { return }
      app.why.noteCrash(words, call: nil, app.preparation.policy, now: Poller.now())
    case .dropped(let app, let count):
      say(.notice, app, "\(count) more crashes have no report: too many at a time")
    }
  }
}
