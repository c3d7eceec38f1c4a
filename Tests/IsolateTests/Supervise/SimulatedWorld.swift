@testable import Isolate

/// What the simulation does when: a binary heap of moments; of one moment what was put in first comes first.
struct Agenda<What> {
  private var entries: [(time: Int64, order: UInt64, what: What)] = []
  private var nextOrder: UInt64 = 0

  var next: Int64? { entries.first?.time }
  var count: Int { entries.count }

  mutating func add(_ what: What, at time: Int64) {
    entries.append((time, nextOrder, what))
    nextOrder += 1
    var place = entries.count - 1
    while place > 0, isBefore(place, (place - 1) / 2) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func take() -> What? {
    guard let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return last.what }
    let first = entries[0].what
    entries[0] = last
    var place = 0
    while 2 * place + 1 < entries.count {
      var child = 2 * place + 1
      if child + 1 < entries.count, isBefore(child + 1, child) { child += 1 }
      guard isBefore(child, place) else { break }
      entries.swapAt(place, child)
      place = child
    }
    return first
  }

  private func isBefore(_ one: Int, _ other: Int) -> Bool {
    (entries[one].time, entries[one].order) < (entries[other].time, entries[other].order)
  }
}

/// One process of the simulation, as the kernel would know it.
struct SimulatedProcess {
  var app: Int
  var launchedAt: Int64
  var isExecuted = false
  var isReady = false
  var lastPing: Int64 = 0
  /// Orders that concerned it.
  var orders: Set<Order> = []
  var signals: Set<Int32> = []
  var wasKilled = false
  var failedChecks = 0
  /// The check that was asked for last is not answered, ever.
  var hasLostCheck = false
  /// The end as the kernel will have it, and when.
  var end: Cause?
  var endsAt = Int64.max
  var saidStopping = false
}

/// What happens by itself in the simulated world.
enum SimulatedMoment {
  case execute(UInt64)
  case fail(UInt64, String, Int32)
  case ready(UInt64)
  case ping(UInt64)
  case end(UInt64, Cause)
  case answer(UInt64, Bool)
  case saysStopping(UInt64)
  /// Somebody orders something of some app.
  case order
  case knock(Int)
  /// What somebody says who is long gone.
  case stale(UInt64)
  case upgrade
}

/// Many apps that crash in every way, the supervisor over them, and everything that must never happen.
final class SimulatedWorld {
  let seed: UInt64
  let count: Int
  var supervisor: Supervisor
  var random: SeededGenerator
  var agenda = Agenda<SimulatedMoment>()
  var now: Int64 = 0
  var processes: [UInt64: SimulatedProcess] = [:]
  /// By app: its living instance.
  var living: [UInt64?]
  var states: [LifeState]
  /// Somebody stopped it, and nobody has started it since, nor an app that requires it.
  var isStopped: [Bool]
  var isListening: [Bool]
  var isArmed: [Bool]
  var settings: [AppSettings]
  /// By app: those that come after it.
  var later: [[Int]]
  var restarts: [Int]
  /// By app: the last wait, and before which time it must not be launched.
  var lastWait: [Int64]
  var notBefore: [Int64]
  var launches = 0
  var reports = 0
  var events = 0
  var upgrades = 0
  var isFinished = false
  /// Faults and orders are made no more: everything may come to rest.
  var isCalm = false
  var isShuttingDown = false
  /// Those that were ending already when everything was shut down.
  var wasAskedEarlier: Set<UInt64> = []
  /// The first thing that went wrong.
  var failure: String?
  var buffer: [SupervisorAction] = []
  let isTracing: Bool

  init(seed: UInt64, apps count: Int, tracing: Bool = false) {
    self.seed = seed
    self.count = count
    isTracing = tracing
    supervisor = Supervisor(seed: seed)
    random = SeededGenerator(seed: seed)
    living = Array(repeating: nil, count: count)
    states = Array(repeating: .down, count: count)
    isStopped = Array(repeating: false, count: count)
    isListening = Array(repeating: false, count: count)
    isArmed = Array(repeating: false, count: count)
    restarts = Array(repeating: 0, count: count)
    lastWait = Array(repeating: 0, count: count)
    notBefore = Array(repeating: 0, count: count)
    settings = []
    later = Array(repeating: [], count: count)
    for number in 0..<count { settings.append(makeSettings(number)) }
    for number in 0..<count {
      for name in settings[number].after + settings[number].requires {
        if let other = Self.number(of: name) { later[other].append(number) }
      }
    }
  }

  static func name(_ number: Int) -> String { "app\(number)" }
  static func number(of name: String) -> Int? { Int(name.dropFirst(3)) }

  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  func expect(_ isRight: Bool, _ what: @autoclosure () -> String) {
    guard !isRight, failure == nil else { return }
    failure = "at \(now) ms, after \(events) events: \(what())"
  }

  func note(_ what: @autoclosure () -> String) {
    if isTracing { print("\(now): \(what())") }
  }

  private func makeSettings(_ number: Int) -> AppSettings {
    var service = ServicePolicy()
    service.start = chance(80) ? .boot : .demand
    service.restart.when = chance(70) ? .onFailure : chance(60) ? .always : .never
    service.restart.delayMilliseconds = [0, 10, 100, 1000].randomElement(using: &random) ?? 0
    service.restart.ceilingMilliseconds = [500, 5000, 30_000].randomElement(using: &random) ?? 0
    service.restart.burst = Int.random(in: 1...12, using: &random)
    service.restart.windowMilliseconds = [1000, 60_000].randomElement(using: &random) ?? 0
    service.restart.jitterPercent = Int.random(in: 0...50, using: &random)
    if chance(20) {
      service.group = GroupPolicy(
        name: "group\(number / 5)",
        strategy: GroupStrategy.allCases.randomElement(using: &random) ?? .one)
    }
    for _ in 0..<2 where number > 0 && chance(30) {
      let other = Self.name(Int.random(in: max(0, number - 20)..<number, using: &random))
      if chance(50) { service.after.append(other) } else { service.requires.append(other) }
    }
    service.readiness.sign = chance(50) ? .exec : .notify
    service.readiness.timeoutMilliseconds = chance(90) ? 2000 : 0
    if chance(30) {
      service.watchdog = WatchdogPolicy(intervalMilliseconds: 500, signal: chance(50) ? 6 : 9)
    }
    if chance(20) { service.runtimeMilliseconds = Int64.random(in: 1...60_000, using: &random) }
    var result = AppSettings(
      name: Self.name(number), service: service,
      stop: StopPolicy(signal: 15, timeoutMilliseconds: chance(95) ? 300 : 0))
    if chance(30) {
      result.health = AppSettings.HealthTimes(
        intervalMilliseconds: 400, timeoutMilliseconds: 200, failures: 2, successes: 2)
    }
    result.hasListeners = chance(30)
    return result
  }
}
