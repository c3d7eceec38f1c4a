import Testing

@testable import Isolate

@Suite("The life of one app")
struct SupervisorLifeTests {
  @Test("goes from launch over ready to running") func up() throws {
    var stage = try Stage(Stage.app { $0.readiness.sign = .notify })
    try stage.order(.start)
    #expect(
      stage.said == [
        .changed(AppID(0), from: .down, to: .starting), .launch(AppID(0), Instance(1)),
      ])
    stage.tell { .launched($0) }
    #expect(stage.state() == .starting)
    stage.tell { .ready($0) }
    #expect(stage.state() == .ready)
    stage.wait(29_999)
    #expect(stage.state() == .ready)
    stage.wait(1)
    #expect(stage.state() == .running)
    #expect(stage.supervisor.nextDeadline == nil, "what runs costs nothing")
    let status = stage.supervisor.status(of: AppID(0))
    #expect(status?.sinceLaunch == 30_000)
    #expect(status?.isHealthy == nil)
    #expect(stage.survivesEncoding)
  }

  @Test("is ready when it says so, also when the report of its launch comes later")
  func readyBeforeLaunched() throws {
    var stage = try Stage(Stage.app { $0.readiness.sign = .notify })
    try stage.order(.start)
    stage.tell { .ready($0) }
    #expect(stage.state() == .ready)
    stage.tell { .launched($0) }
    #expect(stage.state() == .ready)
    stage = try Stage(Stage.app { $0.readiness.sign = .notify })
    try stage.order(.start)
    stage.tell { .extend($0, 1_000_000) }
    #expect(stage.state() == .starting, "it says that it needs time, not that it is ready")
    stage.wait(999_000)
    #expect(stage.state() == .starting, "its word for more time is heard")
  }

  @Test("crashes are restarted at once, then later and later, up to the ceiling") func backOff()
    throws
  {
    var stage = try Stage(
      Stage.app {
        $0.restart.ceilingMilliseconds = 350
        $0.restart.burst = 7
      })
    try stage.bringUp()
    var waits: [Int64] = []
    for _ in 0..<7 {
      stage.crash()
      guard case .restart(let wait)? = stage.reports.first?.next else { break }
      waits.append(wait)
      if wait > 0 {
        #expect(stage.state() == .backingOff)
        #expect(stage.supervisor.status(of: AppID(0))?.restartsIn == wait)
        #expect(stage.survivesEncoding)
        stage.wait(wait - 1)
        #expect(stage.launched.isEmpty)
        stage.wait(1)
      }
      #expect(stage.launched == ["a"])
      stage.tell { .launched($0) }
    }
    #expect(waits == [0, 100, 200, 350, 350, 350, 350])
    stage.crash()
    #expect(stage.reports.map(\.next) == [.failed])
    #expect(stage.reports.first?.restarts == 7)
    #expect(stage.state() == .failed)
    #expect(throws: OrderRefusal.notUp(.failed)) { try stage.order(.kill) }
    try stage.order(.resetFailed)
    #expect(stage.state() == .down)
    #expect(throws: OrderRefusal.notFailed(.down)) { try stage.order(.resetFailed) }
    try stage.bringUp()
    stage.wait(350)
    #expect(stage.state() == .running)
    stage.crash()
    #expect(stage.reports.first?.next == .restart(milliseconds: 0), "up long enough: begins anew")
  }

  @Test("how an end is followed depends on the policy") func policies() throws {
    let causes: [(Cause, Bool)] = [
      (.exited(code: 0), false), (.exited(code: 1), true), (.signal(11, dumpedCore: true), true),
      (.memoryLimit, true), (.lost(signal: 9), true),
    ]
    for when in RestartWhen.allCases {
      for (cause, isFailure) in causes {
        var stage = try Stage(Stage.app { $0.restart.when = when })
        try stage.bringUp()
        let restarts = when == .always || when == .onFailure && isFailure
        #expect(stage.supervisor.comesBack(stage.id("a"), after: cause) == restarts)
        stage.crash("a", cause)
        #expect(stage.state() == (restarts ? .starting : isFailure ? .failed : .down))
        #expect(stage.reports.map(\.cause) == [cause])
        #expect(stage.reports.map(\.isFailure) == [isFailure])
      }
    }
  }

  @Test("a stop is a signal, then time, then force, again and again") func stop() throws {
    var stage = try Stage(Stage.app())
    try stage.bringUp()
    try stage.order(.stop)
    #expect(stage.state() == .stopping && stage.signals == [15])
    stage.wait(9_999)
    #expect(!stage.hasKilled)
    stage.wait(1)
    #expect(stage.hasKilled)
    stage.wait(Supervisor.killAgain)
    #expect(stage.hasKilled, "what does not die is killed again")
    #expect(stage.survivesEncoding)
    stage.crash("a", .signal(9, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.stopped(by: 15, forced: true)])
    #expect(stage.state() == .down)
    #expect(stage.supervisor.nextDeadline == nil)
    try stage.order(.stop)
    #expect(stage.said.isEmpty)
  }

  @Test("a crash that is faster than the stop is a crash, and is not restarted") func race() throws
  {
    var stage = try Stage(Stage.app())
    try stage.bringUp()
    try stage.order(.stop)
    #expect(!stage.supervisor.comesBack(stage.id("a"), after: .signal(11, dumpedCore: false)))
    stage.crash()
    #expect(stage.reports.map(\.cause) == [.signal(11, dumpedCore: false)])
    #expect(stage.reports.map(\.next) == [.down])
    try stage.bringUp()
    try stage.order(.stop)
    try stage.order(.start)
    stage.crash("a", .exited(code: 0))
    #expect(stage.reports.map(\.next) == [.again])
    #expect(stage.launched == ["a"], "started during its stop: it comes again")
  }

  @Test("who is to end before it has begun hears it later") func early() throws {
    var stage = try Stage(Stage.app { $0.stop.timeoutMilliseconds = 100 })
    try stage.order(.start)
    try stage.order(.stop)
    #expect(stage.signals.isEmpty)
    stage.tell { .launched($0) }
    #expect(stage.signals == [15])
    stage.wait(100)
    #expect(stage.hasKilled)
    stage.crash("a", .lost(signal: 9))
    try stage.order(.start)
    try stage.order(.kill)
    stage.tell { .launched($0) }
    #expect(stage.hasKilled)
    stage.tell { .launchFailed($0, step: "exec", number: 2) }
    #expect(stage.reports.map(\.cause) == [.launchFailed(step: "exec", number: 2)])
  }

  @Test("without a grace period the stop is force") func noGrace() throws {
    var stage = try Stage(Stage.app { $0.stop.timeoutMilliseconds = 0 })
    try stage.bringUp()
    try stage.order(.stop)
    #expect(stage.signals == [15] && stage.hasKilled)
  }

  @Test("a launch that fails or never gets ready is a failure with its step or name") func start()
    throws
  {
    var stage = try Stage(Stage.app { $0.readiness.timeoutMilliseconds = 500 })
    try stage.order(.start)
    stage.tell { .launchFailed($0, step: "mount /usr", number: 13) }
    #expect(stage.reports.map(\.cause) == [.launchFailed(step: "mount /usr", number: 13)])
    #expect(stage.launched == ["a"])
    stage.wait(500)
    #expect(stage.state() == .stopping)
    stage.wait(10_000)
    stage.crash("a", .signal(9, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.startTimeout])
    #expect(stage.state() == .backingOff)
  }

  @Test("a watchdog that is not fed ends the app by its signal") func watchdog() throws {
    var stage = try Stage(
      Stage.app { $0.watchdog = WatchdogPolicy(intervalMilliseconds: 100, signal: 6) })
    try stage.bringUp()
    stage.wait(99)
    stage.tell { .ping($0) }
    stage.wait(99)
    #expect(stage.state() == .ready)
    stage.tell { .watchdogInterval($0, 300) }
    stage.wait(299)
    #expect(stage.state() == .ready)
    stage.wait(1)
    #expect(stage.signals == [6])
    stage.tell { .ping($0) }
    stage.crash("a", .signal(6, dumpedCore: true))
    #expect(stage.reports.map(\.cause) == [.watchdog])
    stage.tell { .launched($0) }
    stage.tell { .watchdogInterval($0, 0) }
    stage.wait(1000)
    #expect(stage.state() == .ready)
    stage.tell { .trigger($0) }
    #expect(stage.signals == [6])
    stage.tell { .trigger($0) }
    #expect(stage.said.isEmpty)
    stage.crash()
    #expect(stage.reports.map(\.cause) == [.signal(11, dumpedCore: false)])
  }

  @Test("who has no watchdog cannot give itself one") func noWatchdog() throws {
    var stage = try Stage(Stage.app())
    try stage.bringUp()
    stage.tell { .watchdogInterval($0, 10) }
    stage.tell { .ping($0) }
    stage.wait(1000)
    #expect(stage.state() == .ready)
  }

  @Test("health: successes make it healthy, failures end it, no answer is a failure") func health()
    throws
  {
    var stage = try Stage(
      Stage.app {
        $0.health = AppSettings.HealthTimes(
          intervalMilliseconds: 100, timeoutMilliseconds: 50, failures: 2, successes: 2)
      })
    try stage.bringUp()
    let check = SupervisorAction.check(AppID(0), Instance(1))
    stage.tell { .healthy($0) }
    #expect(stage.supervisor.status(of: AppID(0))?.isHealthy == nil, "nobody asked")
    for isGood in [true, false, true, true] {
      stage.wait(100)
      #expect(stage.said == [check])
      stage.tell { isGood ? .healthy($0) : .unhealthy($0) }
    }
    #expect(stage.supervisor.status(of: AppID(0))?.isHealthy == true)
    #expect(stage.survivesEncoding)
    stage.wait(100)
    stage.wait(1050)
    #expect(stage.state() == .ready)
    stage.wait(100)
    stage.tell { .unhealthy($0) }
    #expect(stage.state() == .stopping && stage.signals == [15])
    stage.crash("a", .exited(code: 0))
    #expect(stage.reports.map(\.cause) == [.health])
  }

  @Test("the run-time limit ends it; so does nothing else") func runtime() throws {
    var stage = try Stage(Stage.app { $0.runtimeMilliseconds = 40_000 })
    try stage.bringUp()
    stage.wait(39_999)
    #expect(stage.state() == .running)
    stage.wait(1)
    stage.crash("a", .signal(15, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.runtimeLimit])
    #expect(stage.state() == .starting)
  }

  @Test("what is frozen is not watched, and goes on where it was") func freeze() throws {
    var stage = try Stage(
      Stage.app {
        $0.watchdog = WatchdogPolicy(intervalMilliseconds: 100, signal: 6)
        $0.health = AppSettings.HealthTimes(
          intervalMilliseconds: 50, timeoutMilliseconds: 50, failures: 1, successes: 1)
      })
    #expect(throws: OrderRefusal.notUp(.down)) { try stage.order(.freeze) }
    #expect(throws: OrderRefusal.notFrozen(.down)) { try stage.order(.thaw) }
    try stage.bringUp()
    stage.wait(50)
    try stage.order(.freeze)
    #expect(stage.state() == .frozen && stage.survivesEncoding)
    stage.tell { .unhealthy($0) }
    stage.tell { .watchdogInterval($0, 200) }
    stage.wait(100_000)
    #expect(stage.state() == .frozen)
    try stage.order(.thaw)
    #expect(stage.said.first == .thaw(AppID(0), Instance(1)))
    #expect(stage.state() == .ready)
    stage.wait(50)
    try stage.order(.freeze)
    try stage.order(.thaw)
    try stage.order(.freeze)
    try stage.order(.stop)
    #expect(stage.said.first == .thaw(AppID(0), Instance(1)), "the frozen hear no signal")
    stage.crash("a", .signal(15, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.stopped(by: 15, forced: false)])
  }

  @Test("operators' restarts and kills say so") func orders() throws {
    for (order, reason) in [(Order.restart, DaemonReason.restart), (.reload, .reload)] {
      var stage = try Stage(Stage.app { $0.restart.when = .never })
      try stage.order(order)
      #expect(stage.launched == ["a"], "who is down is started")
      stage.tell { .launched($0) }
      try stage.order(order)
      stage.crash("a", .signal(15, dumpedCore: false))
      #expect(stage.reports.map(\.cause) == [.daemon(reason)])
      #expect(stage.launched == ["a"])
    }
    var stage = try Stage(Stage.app())
    try stage.bringUp()
    try stage.order(.kill)
    #expect(stage.hasKilled)
    stage.crash("a", .lost(signal: 9))
    #expect(stage.reports.map(\.cause) == [.daemon(.kill)])
    #expect(stage.state() == .starting)
    #expect(throws: OrderRefusal.unknownApp) {
      try stage.supervisor.order(.start, to: AppID(7), now: 0)
    }
  }

  @Test("who says that it stops has the grace period for it") func own() throws {
    var stage = try Stage(Stage.app())
    try stage.bringUp()
    stage.tell { .stopping($0) }
    #expect(stage.state() == .stopping && stage.signals.isEmpty)
    stage.tell { .stopping($0) }
    stage.crash("a", .exited(code: 0))
    #expect(stage.reports.map(\.cause) == [.exited(code: 0)])
    #expect(stage.state() == .down)
    try stage.bringUp()
    stage.tell { .stopping($0) }
    stage.wait(10_000)
    #expect(stage.hasKilled)
    stage.crash("a", .signal(9, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.stopped(by: 9, forced: true)])
    try stage.bringUp()
    stage.tell { .stopping($0) }
    try stage.order(.stop)
    #expect(stage.signals == [15], "an order outweighs its word")
  }

  @Test("sockets: a knock starts, a stop closes, a clean end listens again") func sockets() throws {
    var stage = try Stage(
      Stage.app {
        $0.hasListeners = true
        $0.start = .demand
      })
    stage.supervisor.boot(now: 0)
    #expect(stage.supervisor.takeActions() == [.openListeners(AppID(0)), .arm(AppID(0))])
    stage.tell { _ in .knock }
    #expect(stage.launched == ["a"])
    stage.tell { _ in .knock }
    #expect(stage.said.isEmpty)
    stage.tell { .launched($0) }
    stage.wait(1000)
    stage.crash("a", .exited(code: 0))
    #expect(stage.said.last == .arm(AppID(0)))
    try stage.order(.start)
    #expect(stage.said.first == .disarm(AppID(0)))
    stage.tell { .launched($0) }
    stage.crash("a", .exited(code: 0))
    #expect(!stage.said.contains(.arm(AppID(0))), "ended without taking the connection")
    #expect(stage.survivesEncoding)
    stage.wait(100)
    #expect(stage.said == [.arm(AppID(0))])
    try stage.order(.stop)
    #expect(stage.said == [.disarm(AppID(0)), .closeListeners(AppID(0))])
    try stage.order(.activate)
    #expect(stage.said == [.openListeners(AppID(0)), .arm(AppID(0))])
    stage.tell { _ in .listenFailed(number: 98) }
    #expect(stage.reports.map(\.cause) == [.launchFailed(step: "listen", number: 98)])
    #expect(stage.state() == .failed)
    stage.tell { _ in .listenFailed(number: 98) }
    #expect(stage.said.isEmpty)
    try stage.order(.start)
    #expect(stage.said.contains(.openListeners(AppID(0))))
    stage.tell { _ in .listenFailed(number: 98) }
    #expect(stage.said.isEmpty, "the launch fails by itself")
  }

  @Test("what dead instances and strangers say changes nothing") func stale() throws {
    var stage = try Stage(Stage.app())
    try stage.bringUp()
    stage.supervisor.receive(.ended(Instance(99), .exited(code: 0)), of: AppID(0), now: 0)
    stage.supervisor.receive(.ping(Instance(1)), of: AppID(5), now: 0)
    stage.supervisor.receive(.launched(Instance(1)), of: AppID(0), now: -5)
    #expect(stage.supervisor.staleEvents == 2 && !stage.supervisor.hasActions)
    #expect(stage.supervisor.now == 0, "time does not go back")
    #expect(stage.supervisor.status(of: AppID(5)) == nil)
  }
}
