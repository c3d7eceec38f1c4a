/// Why an instance is being ended.
package enum StopReason: Hashable, Sendable {
  /// Somebody's `stop`.
  case order
  case restart, reload, shutdown
  /// Another member of its group ended.
  case group
  /// What it requires, by name, went down for good.
  case dependency(String)
  case watchdog, health, runtime, startTimeout
  /// Somebody's `kill`.
  case kill
  /// It said so itself: STOPPING=1.
  case own

  /// The app did nothing wrong: if it is still wanted, it starts again without a wait and without being counted.
  var isPlanned: Bool {
    switch self {
    case .order, .restart, .reload, .shutdown, .group, .dependency: true
    case .watchdog, .health, .runtime, .startTimeout, .kill, .own: false
    }
  }
}

/// How far the end of an instance has come.
enum StopPhase: UInt8, CaseIterable, Hashable, Sendable {
  case none
  /// Apps that come after it must be gone first.
  case waiting
  /// It got its signal, or said itself that it stops; the grace period runs.
  case asked
  /// Everything in it was killed, and will be again if it does not end.
  case killed
}

/// What the supervisor knows of one app now. Times are in milliseconds of the clock that `receive` is given.
struct AppRecord: Hashable, Sendable {
  var name: String
  /// Nil: other apps name it and nobody has configured it.
  var settings: AppSettings?
  var state: LifeState = .down
  /// It should be up.
  var isWanted = false
  /// It is down, wanted, and something is not there yet.
  var isWaiting = false
  /// Somebody stopped it: only somebody's order starts it again, be it of an app that requires it.
  var isHeld = false
  /// It is forgotten as soon as it is down.
  var isRemoved = false
  /// Also while it is launched and while it ends; nil: nothing of it is there.
  var instance: UInt64?
  /// Its program was executed.
  var isLaunched = false
  var launchedAt: Int64 = 0
  var reason: StopReason?
  var phase: StopPhase = .none
  /// What it was asked by; 0: nothing yet.
  var lastSignal: Int32 = 0
  /// What it comes back to when it is thawed.
  var frozenFrom: LifeState = .ready
  /// Failures in a row since it was last up for long.
  var failures = 0
  var restarts: UInt64 = 0
  /// When it was restarted, oldest first; at most `restart.burst`.
  var restartTimes: [Int64] = []
  /// 0: none.
  var watchdogInterval: Int64 = 0
  var healthFailures = 0
  var healthSuccesses = 0
  var isHealthy: Bool?
  /// A check was asked for and is not answered.
  var isChecking = false
  var isListening = false
  var isArmed = false
  /// Counted in its group's `pending`.
  var isInGroupStop = false

  init(name: String) { self.name = name }

  /// It serves: what requires it may run.
  var isUp: Bool {
    reason == nil && (state == .ready || state == .running || state == .frozen)
  }
}

/// How apps hang together; derived from their settings. Lists of slots, sorted.
struct AppEdges: Hashable, Sendable {
  /// Those it comes after, required ones included.
  var after: [Int] = []
  var before: [Int] = []
  var requires: [Int] = []
  var requiredBy: [Int] = []
  var group: Int?
}

struct AppGroup: Hashable, Sendable {
  var name: String
  var members: [Int] = []
  /// How many members are being ended because of another: none starts before all these are gone.
  var pending = 0
}

/// The timers of one app.
enum AppTimer: Int, CaseIterable {
  /// That of its state: start timeout, up for long, grace period, or the wait before a restart.
  case life
  case watchdog, health, runtime
}
