@testable import Isolate

/// A supervisor with a few apps on a stage, for tests of one thing each.
struct Stage {
  var supervisor = Supervisor(seed: 1)
  var now: Int64 = 0
  /// What it said to do since it was last asked.
  var said: [SupervisorAction] = []

  init(_ apps: AppSettings...) throws {
    try supervisor.configure(apps, now: 0)
    said = supervisor.takeActions()
  }

  static func app(
    _ name: String = "a", _ change: (inout AppSettings) -> Void = { _ in }
  ) -> AppSettings {
    var settings = AppSettings(name: name)
    settings.restart.jitterPercent = 0
    change(&settings)
    return settings
  }

  func id(_ name: String) -> AppID { supervisor.app(named: name) ?? AppID(-1) }

  func instance(_ name: String) -> Instance {
    supervisor.status(of: id(name))?.instance ?? Instance(0)
  }

  func state(_ name: String = "a") -> LifeState? { supervisor.status(of: id(name))?.state }

  mutating func order(_ order: Order, _ name: String = "a") throws(OrderRefusal) {
    try supervisor.order(order, to: id(name), now: now)
    said = supervisor.takeActions()
  }

  mutating func tell(_ name: String = "a", _ event: (Instance) -> AppEvent) {
    supervisor.receive(event(instance(name)), of: id(name), now: now)
    said = supervisor.takeActions()
  }

  mutating func wait(_ milliseconds: Int64) {
    now += milliseconds
    supervisor.advance(to: now)
    said = supervisor.takeActions()
  }

  /// Starts an app and lets it be ready by being executed.
  mutating func bringUp(_ name: String = "a") throws {
    try order(.start, name)
    tell(name) { .launched($0) }
  }

  mutating func crash(_ name: String = "a", _ cause: Cause = .signal(11, dumpedCore: false)) {
    tell(name) { .ended($0, cause) }
  }

  var reports: [EndReport] {
    said.compactMap { if case .report(let report) = $0 { report } else { nil } }
  }

  var launched: [String] {
    said.compactMap {
      if case .launch(let app, _) = $0 { supervisor.status(of: app)?.name } else { nil }
    }
  }

  var signals: [Int32] {
    said.compactMap { if case .signal(_, _, let signal) = $0 { signal } else { nil } }
  }

  var hasKilled: Bool { said.contains { if case .killTree = $0 { true } else { false } } }

  /// Whether it goes on the same after it was written and read.
  var survivesEncoding: Bool {
    guard let other = try? Supervisor(decoding: supervisor.encoded()) else { return false }
    return other.encoded() == supervisor.encoded() && other.edges == supervisor.edges
  }
}
