/// The lives of many apps as one value: events and the time come in, actions come out. It has no clock, no descriptor and
/// no opinion about processes; the session performs what it says and tells it what happened.
///
/// What an event costs depends on the apps it concerns, never on how many there are. All times are in milliseconds of one
/// clock that does not go back.
///
/// The files beside this one: `SupervisorGraph` (who depends on whom), `SupervisorOrders`, `SupervisorEvents`,
/// `SupervisorStart`, `SupervisorStop`, `SupervisorEnd`, `SupervisorTimers`, `SupervisorEncoding`.
package struct Supervisor: Sendable {
  var apps: [AppRecord] = []
  var edges: [AppEdges] = []
  /// Slots of apps that were forgotten; descending, the last is used next.
  var free: [Int] = []
  var slots: [String: Int] = [:]
  var groups: [AppGroup] = []
  var groupNumbers: [String: Int] = [:]
  var timers = TimerHeap()
  var random: RandomState
  var nextInstance: UInt64 = 1
  /// How many instances are there.
  package internal(set) var live = 0
  package internal(set) var isShuttingDown = false
  package internal(set) var now: Int64 = 0
  /// What instances said that are no longer there; a session that never errs has none beyond its races.
  package internal(set) var staleEvents: UInt64 = 0
  /// How many apps were looked at, ever: what events cost, without a clock.
  var visits: UInt64 = 0
  private var actions: [SupervisorAction] = []

  /// - Parameter seed: of the random part of waits.
  package init(seed: UInt64) { random = RandomState(seed: seed) }

  // MARK: What the session asks

  /// What is to be done, in order; taken once. The buffer's old content goes, its memory is used again.
  package mutating func takeActions(_ buffer: inout [SupervisorAction]) {
    buffer.removeAll(keepingCapacity: true)
    swap(&buffer, &actions)
  }

  package mutating func takeActions() -> [SupervisorAction] {
    var buffer: [SupervisorAction] = []
    takeActions(&buffer)
    return buffer
  }

  package var hasActions: Bool { !actions.isEmpty }

  /// When `advance` must be called at the latest; nil: nothing is due.
  package var nextDeadline: Int64? { timers.next }

  /// The app of this name; nil: it is not configured.
  package func app(named name: String) -> AppID? {
    slots[name].flatMap { apps[$0].settings == nil ? nil : AppID($0) }
  }

  /// Every configured app, in the order of their numbers.
  package var all: [AppID] {
    apps.indices.filter { apps[$0].settings != nil }.map { AppID($0) }
  }

  /// What `status` shows of an app; nil: there is none.
  package func status(of app: AppID) -> AppStatus? {
    guard let settings = settings(app) else { return nil }
    let record = apps[app.slot]
    return AppStatus(
      name: record.name, state: record.state, isWanted: record.isWanted,
      waitsFor: record.isWaiting ? blockers(app.slot).map { apps[$0].name } : [],
      instance: record.instance.map { Instance($0) },
      sinceLaunch: record.instance == nil ? nil : now - record.launchedAt,
      restartsIn: record.state == .backingOff
        ? timers.time(of: key(app.slot, .life)).map { max(0, $0 - now) } : nil,
      restarts: record.restarts, failures: record.failures,
      isHealthy: settings.health == nil ? nil : record.isHealthy, isListening: record.isListening,
      isHeld: record.isHeld, reason: record.reason)
  }

  package func settings(_ app: AppID) -> AppSettings? {
    apps.indices.contains(app.slot) ? apps[app.slot].settings : nil
  }

  /// How much has been done: apps looked at and timers moved. For tests and metrics.
  package var work: UInt64 { visits + timers.work }

  // MARK: For the other files

  mutating func act(_ action: SupervisorAction) { actions.append(action) }

  mutating func setState(_ slot: Int, _ state: LifeState) {
    let old = apps[slot].state
    guard old != state else { return }
    apps[slot].state = state
    act(.changed(AppID(slot), from: old, to: state))
  }

  /// Time does not go back, whatever the caller says.
  mutating func move(to time: Int64) { now = max(now, time) }

  func key(_ slot: Int, _ timer: AppTimer) -> Int {
    slot * AppTimer.allCases.count + timer.rawValue
  }

  /// Sets a timer so many milliseconds from now; nothing if that is beyond all time.
  mutating func setTimer(_ slot: Int, _ timer: AppTimer, in milliseconds: Int64) {
    let (time, overflow) = now.addingReportingOverflow(max(0, milliseconds))
    if overflow {
      timers.cancel(key(slot, timer))
    } else {
      timers.set(key(slot, timer), to: time)
    }
  }

  mutating func cancelTimer(_ slot: Int, _ timer: AppTimer) { timers.cancel(key(slot, timer)) }

  mutating func cancelTimers(_ slot: Int) {
    for timer in AppTimer.allCases { cancelTimer(slot, timer) }
  }
}

/// What `status` shows of one app. Times in milliseconds.
package struct AppStatus: Hashable, Sendable {
  package var name: String
  package var state: LifeState
  package var isWanted: Bool
  /// The apps it cannot start without, or must not start before.
  package var waitsFor: [String]
  package var instance: Instance?
  package var sinceLaunch: Int64?
  package var restartsIn: Int64?
  package var restarts: UInt64
  package var failures: Int
  /// Nil: it is not checked, or the first answers are not in.
  package var isHealthy: Bool?
  package var isListening: Bool
  /// Somebody stopped it.
  package var isHeld: Bool
  /// Why it is being ended; nil: it is not, or ends by itself.
  package var reason: StopReason?
}
