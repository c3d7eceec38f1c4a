/// `isolated daemon`: many apps, one loop. What is to be done the `Supervisor` decides; this performs it and tells what happened.
///
/// The files beside this one: `DaemonLoop` (what is polled, and who is called), `DaemonActions` (what the supervisor says),
/// `DaemonLaunch`, `DaemonProfiles` (which apps there are), `DaemonDoors`, `DaemonControl` and `DaemonAnswers` (what people ask),
/// `DaemonTelling` (what they are told), `DaemonCrashes` (reports of crashes).
final class Daemon {
  var supervisor: Supervisor
  var apps: [Int: DaemonApp] = [:]
  var queue: EventQueue
  /// When each app wants to be looked at, by its slot.
  var timers = TimerHeap()
  /// What is still to be performed, in order.
  var pending: [SupervisorAction] = []
  var pendingStart = 0
  /// The last end of each slot's instance, until the supervisor has reported it.
  var ended: [Int: AppEnd] = [:]
  var events = EventLog()
  /// Of standard error: left out since nobody reads it.
  var unreadLines: UInt64 = 0
  var control: DaemonControl?
  var metricsListener: MetricsListener?
  /// What is made ahead of launches.
  let prepared = PreparedLaunches()
  private let mounts: HeldDescriptor
  let signals: SignalDoor
  let logMemory = LogMemory()
  var sharedValues = SharedValues()
  /// Slots of apps with a broker that may have ended.
  var brokered: Set<Int> = []
  let place: DaemonPlace
  /// A directory for this daemon alone, gone with the machine's run.
  let runtime: HeldPlace
  let host: HostFacts
  let base: CgroupBase
  let settings: DaemonRequestSettings
  let manager: ServiceManager
  /// What apps get: this process has raised its own.
  let openFiles: OpenFiles
  let startedAt: Int64
  var isFinished = false
  /// A second request to end: nobody is waited for.
  var isHurried = false
  var reports = DaemonCounters()
  let crashes = DaemonCrashes()
  /// Of apps that were launched again already: every process was reaped, and init is on its way out.
  /// At most one of an app.
  var leaving: [(slot: Int, live: LiveApp)] = []

  init(
    _ settings: DaemonRequestSettings, host: HostFacts, signals: consuming SignalDoor,
    base: CgroupBase, openFiles: OpenFiles
  ) throws(SystemError) {
    self.settings = settings
    self.host = host
    self.signals = signals
    self.base = base
    self.openFiles = openFiles
    place = DaemonPlace(host)
    runtime = try place.runtime(settings.socket)
    manager = ServiceManager(host.environment.map { ($0.name, $0.value) })
    startedAt = Poller.now()
    supervisor = Supervisor(seed: UInt64(bitPattern: Poller.bootMicroseconds()))
    queue = try EventQueue()
    mounts = HeldDescriptor(try Descriptor.openForReading("/proc/self/mounts"))
    try queue.add(self.signals.descriptor.raw, token: Token.signals, .reading)
    try queue.add(mounts.descriptor.raw, token: Token.mounts, [])
  }

  /// Opens the control socket, starts what is to be started, and runs until everything is down.
  ///
  /// - Returns: what to exit with: 1 when an app of the command line has errors, and nothing was started.
  func run() throws(SystemError) -> Int32 {
    try openControl()
    try openMetrics()
    guard configureAll() else {
      control = nil
      metricsListener = nil
      _ = base.end()
      return 1
    }
    supervisor.boot(now: Poller.now())
    manager.tell("READY=1\nSTATUS=\(apps.count) apps", now: Poller.now())
    say(.notice, "", "daemon \(Version.text) is up: \(apps.count) apps; cgroups: \(base.inWords)")
    while !isFinished { try turn() }
    crashes.finish(by: Poller.now() + (isHurried ? 0 : DaemonCrashes.lastPatience))
    while crashes.isBusy { try turn() }
    try awaitLeaving(until: Poller.now() + 2_000)
    try tellJournal(until: Poller.now() + (isHurried ? 0 : 1_000))
    control = nil
    metricsListener = nil
    for problem in base.end() { say(.problem, "", problem) }
    return 0
  }
}

/// What the daemon counts of itself.
struct DaemonCounters {
  var launches: UInt64 = 0
  /// Of them, from what was made ahead.
  var preparedLaunches: UInt64 = 0
  var failedLaunches: UInt64 = 0
  var ends: UInt64 = 0
  var failures: UInt64 = 0
}

/// How the command line wants the daemon.
package struct DaemonRequestSettings: Hashable, Sendable {
  /// Where the profiles of services lie; nil: the usual place.
  package var services: String?
  /// Where the control socket is made; nil: the usual place.
  package var socket: String?
  /// Where logs and crash reports are kept; nil: the usual place.
  package var state: String?
  /// Where every decision of its apps' brokers is kept, a directory for each app; nil: nowhere.
  package var audit: String?
  /// Whom the control socket's file lets connect beside the daemon's user, by name or number; nil: nobody.
  package var socketGroup: String?
  package var socketMode: UInt32?
  /// Where those connect who collect metrics; nil: nowhere.
  package var metrics: MetricsAddress?
  /// Further apps, by name or file.
  package var apps: [TypedWord] = []
  package var isQuiet = false

  package init() {}
}

/// Where metrics are to be had.
package enum MetricsAddress: Hashable, Sendable {
  /// A socket file for the daemon's user alone.
  case path(String)
  /// A numeric address of this machine's loopback.
  case tcp(host: String, port: UInt16)
}

/// What an event of the queue is about: an app's slot and one of its doors, or one of the daemon's own.
enum Token {
  private static let own: UInt64 = 0xFFFF_FFFF << 8
  static let signals = own | 1
  static let control = own | 2
  static let metrics = own | 3
  /// The machine's mounts: proc(5), /proc/pid/mounts.
  static let mounts = own | 4
  /// An init that has told its last.
  static let leaving = own | 5

  /// A process that writes a report of a crash.
  static func report(_ place: Int) -> UInt64 { own | 0x10 | UInt64(place) }
  /// Nil: no such process.
  static func report(_ token: UInt64) -> Int? {
    token & ~0xF == own | 0x10 ? Int(token & 0xF) : nil
  }

  static func of(_ slot: Int, _ door: DaemonDoor) -> UInt64 {
    UInt64(truncatingIfNeeded: slot) << 8 | door.rawValue
  }

  /// Nil: one of the daemon's own.
  static func app(_ token: UInt64) -> (slot: Int, door: DaemonDoor)? {
    guard let door = DaemonDoor(rawValue: token & 0xFF), token < own else { return nil }
    return (Int(token >> 8), door)
  }
}
