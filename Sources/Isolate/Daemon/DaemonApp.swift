/// One app of the daemon's: how it is launched, and what is there of it now. Its life is decided by the `Supervisor`.
final class DaemonApp {
  let id: AppID
  let name: String
  /// What the next launch goes by.
  var preparation: Preparation
  /// The words by which its profile is found again.
  let request: RunRequest
  var instance: DaemonInstance?
  /// What is listened on for it, while that is to be.
  var listeners: Listeners?
  /// The next who connects wakes it.
  var isArmed = false
  /// Where it says READY=1 and the like; nil: nothing of its profile listens.
  var notify: NotifySocket?
  /// How its last instance ended, and when.
  private(set) var lastEnd: (end: ControlEnd, at: Int64)?
  /// Ends by cause, for metrics.
  private(set) var ends: [String: UInt64] = [:]
  private(set) var endCount: UInt64 = 0
  private(set) var launches: UInt64 = 0
  /// Of the instances that are gone, in microseconds.
  private(set) var cpuMicroseconds: UInt64 = 0
  /// Where what it writes to 1 and 2 goes; nil: nowhere.
  var log: AppLog?
  /// What that was made by.
  var logPolicy: LogPolicy?
  /// What is told of why it ended, and of what was refused to it.
  var why = KeptWhy()
  /// STATUS= of sd_notify(3), as the app wrote it.
  var statusText: String?
  /// Its running instance goes by another profile than the next one will.
  var isStale = false
  /// What it asks operators, and that it reloads: as often as it likes, told once a second.
  var askTelling = TellingLimit()
  var reloadTelling = TellingLimit()
  /// Why its log's files cannot be written, as far as that was told; nil: they can.
  var logFault: SystemError?
  var logTelling = TellingLimit()
  /// It was said that nobody can look at its crashes.
  var crashesAreUnseen = false
  /// What of it is polled, and by which number.
  var watched: [(door: DaemonDoor, number: Int32)] = []

  init(_ id: AppID, _ name: String, _ preparation: Preparation, _ request: RunRequest) {
    self.id = id
    self.name = name
    self.preparation = preparation
    self.request = request
  }

  func noteLaunch() {
    launches += 1
    isStale = false
    statusText = nil
    why.begin()
  }

  func noteEnd(_ report: EndReport, _ end: AppEnd?, now: Int64) {
    ends[report.cause.word, default: 0] += 1
    endCount += 1
    if let use = end?.use { cpuMicroseconds &+= use.userMicroseconds &+ use.systemMicroseconds }
    let words = EndText.ended(report.cause, exit: end, app: name, limits: preparation.policy.limits)
    lastEnd = (
      ControlEnd(
        cause: report.cause.word, words: words, isFailure: report.isFailure,
        exitCode: end?.exitCode, signal: report.cause.signal.map(EndText.name),
        upMilliseconds: report.upMilliseconds, ageMilliseconds: 0), now
    )
    why.end = (
      WhyWords.end(report, end, words: words, fault: why.fault, preparation.policy), now
    )
  }

  /// What is polled for it now.
  var doors: [(door: DaemonDoor, number: Int32, wanted: EventQueue.Wanted)] {
    var doors: [(door: DaemonDoor, number: Int32, wanted: EventQueue.Wanted)] = []
    func add(_ door: DaemonDoor, _ number: Int32) {
      if number >= 0 { doors.append((door, number, .reading)) }
    }
    for one in log?.doors ?? [] { add(one.source == .stdout ? .out : .error, one.descriptor) }
    if isArmed { for number in listeners?.descriptors ?? [] { add(.listener, number) } }
    guard let instance else { return doors }
    if let notify { add(.notify, notify.descriptor) }
    if let door = instance.check?.door { doors.append((.check, door.number, door.wanted)) }
    let live = instance.live
    add(.reports, live.reportsEnded ? -1 : live.child.reports.raw)
    add(.process, live.child.pidfd.raw)
    if let keeper = live.keeper {
      for (door, place) in zip(DaemonDoor.broker, keeper.doors) { add(door, place.descriptor) }
    }
    if let control = instance.control { add(.session, control.door.descriptor) }
    return doors
  }

  /// When it wants to be looked at though nothing is ready, in milliseconds on the monotonic clock.
  func nextAt(now: Int64) -> Int64? {
    guard let instance else {
      return [log?.nextAt, askTelling.nextAt].compactMap { $0 }.min()
    }
    return [
      log?.nextAt, askTelling.nextAt, instance.check?.nextAt, instance.crashesAt,
      instance.live.nextAt, instance.live.keeper?.nextAt, instance.control?.nextAt(now: now),
    ].compactMap { $0 }.min()
  }
}

/// A descriptor of an app's that the daemon polls: what it is for.
enum DaemonDoor: UInt64 {
  case reports = 1
  case process
  case knock, notices, brokerReports, brokerProcess, drivers
  case session
  case listener, notify
  /// Its standard output and error.
  case out, error
  case check

  /// In the order of `BrokerKeeper.doors`.
  static let broker: [DaemonDoor] = [
    .knock, .notices, .brokerReports, .brokerProcess, .drivers,
  ]
}

/// One launch of an app, while anything of it is left.
final class DaemonInstance {
  let number: Instance
  let live: LiveApp
  /// What its profile came to; `live` runs it with what the daemon adds.
  var basis: Policy
  let desk: AskDesk?
  /// The socket for operators, once the app runs and if it has grants.
  var control: SessionControl?
  /// The check of its health that goes on.
  var check: AppCheck?
  /// It said RELOADING=1 and not READY=1 since; when it began, in milliseconds on the monotonic clock.
  var reloadsSince: Int64?
  /// Somebody was told that it gives more descriptors than are kept.
  var hasToldStore = false
  /// It was launched from what was made ahead.
  let isPrepared: Bool
  /// When the crashes that it has handed over are reported, if it has not ended by then.
  var crashesAt: Int64?

  init(_ number: Instance, _ live: LiveApp, basis: Policy, desk: AskDesk?, isPrepared: Bool) {
    self.number = number
    self.basis = basis
    self.live = live
    self.desk = desk
    self.isPrepared = isPrepared
  }
}
