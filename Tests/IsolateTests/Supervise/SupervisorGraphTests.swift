import Testing

@testable import Isolate

@Suite("Apps that depend on each other")
struct SupervisorGraphTests {
  /// web requires db and comes after cache.
  private func shop() throws -> Stage {
    try Stage(
      Stage.app("web") {
        $0.requires = ["db"]
        $0.after = ["cache"]
      }, Stage.app("db"), Stage.app("cache"))
  }

  @Test("start in order and stop in the reverse one") func order() throws {
    var stage = try shop()
    stage.supervisor.boot(now: 0)
    stage.said = stage.supervisor.takeActions()
    #expect(Set(stage.launched) == ["db", "cache"])
    #expect(stage.supervisor.status(of: stage.id("web"))?.waitsFor == ["db", "cache"])
    stage.tell("db") { .launched($0) }
    #expect(stage.launched.isEmpty)
    stage.tell("cache") { .launched($0) }
    #expect(stage.launched == ["web"])
    stage.tell("web") { .launched($0) }
    stage.supervisor.shutDown(now: 0)
    stage.said = stage.supervisor.takeActions()
    #expect(stage.signals.count == 1, "only web is asked")
    #expect(stage.survivesEncoding)
    #expect(throws: OrderRefusal.shuttingDown) { try stage.order(.start, "web") }
    #expect(throws: SupervisorError.shuttingDown) {
      try stage.supervisor.configure([Stage.app("new")], now: 0)
    }
    stage.crash("web", .signal(15, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.daemon(.shutdown)])
    #expect(stage.signals == [15, 15])
    stage.crash("db", .exited(code: 0))
    #expect(!stage.said.contains(.finished))
    stage.crash("cache")
    #expect(stage.said.last == .finished)
    stage.supervisor.shutDown(now: 0)
    stage.supervisor.boot(now: 0)
    #expect(!stage.supervisor.hasActions)
  }

  @Test("a shutdown with nothing there is over at once") func nothing() throws {
    var stage = try shop()
    stage.supervisor.shutDown(now: 0)
    #expect(stage.supervisor.takeActions() == [.finished])
  }

  @Test("starting one starts what it requires; stopping that stops it, until it is back")
  func requires() throws {
    var stage = try shop()
    try stage.order(.start, "web")
    #expect(stage.launched == ["db"], "cache is only for the order")
    stage.tell("db") { .launched($0) }
    #expect(stage.launched == ["web"])
    stage.tell("web") { .launched($0) }
    stage.crash("db")
    #expect(stage.state("web") == .ready, "db comes back by itself")
    stage.tell("db") { .launched($0) }
    try stage.order(.stop, "db")
    #expect(stage.signals.count == 1 && stage.state("web") == .stopping)
    stage.crash("web", .signal(15, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.dependency("db")])
    #expect(stage.signals == [15])
    stage.crash("db", .signal(15, dumpedCore: false))
    #expect(stage.launched.isEmpty && stage.state("web") == .down)
    try stage.order(.start, "db")
    stage.tell("db") { .launched($0) }
    #expect(stage.launched == ["web"])
  }

  @Test("a knock does not start what somebody stopped; it waits") func held() throws {
    var stage = try Stage(
      Stage.app("web") {
        $0.requires = ["db"]
        $0.hasListeners = true
        $0.start = .demand
      }, Stage.app("db"))
    try stage.order(.activate, "web")
    try stage.order(.stop, "db")
    stage.tell("web") { _ in .knock }
    #expect(stage.launched.isEmpty)
    #expect(stage.supervisor.status(of: stage.id("web"))?.waitsFor == ["db"])
    #expect(stage.survivesEncoding)
    try stage.order(.start, "db")
    stage.tell("db") { .launched($0) }
    #expect(stage.launched == ["web"])
  }

  @Test("a failed requirement ends who requires it") func failed() throws {
    var stage = try Stage(
      Stage.app("web") { $0.requires = ["db"] }, Stage.app("db") { $0.restart.when = .never })
    try stage.order(.start, "web")
    stage.tell("db") { .launched($0) }
    stage.tell("web") { .launched($0) }
    stage.crash("db")
    #expect(stage.state("db") == .failed && stage.state("web") == .stopping)
    stage.crash("web", .exited(code: 0))
    #expect(stage.supervisor.status(of: stage.id("web"))?.waitsFor == ["db"])
    try stage.order(.start, "web")
    #expect(stage.state("db") == .failed, "only its own start forgives it")
  }

  @Test("circles are refused, whole or piece by piece, and change nothing") func cycles() throws {
    var stage = try Stage(Stage.app("a") { $0.after = ["b"] }, Stage.app("b"))
    let before = stage.supervisor.encoded()
    #expect(throws: SupervisorError.cycle(["b", "c", "a"])) {
      try stage.supervisor.configure(
        [Stage.app("b") { $0.requires = ["c"] }, Stage.app("c") { $0.after = ["a"] }], now: 0)
    }
    #expect(throws: SupervisorError.cycle(["a"])) {
      try stage.supervisor.configure([Stage.app("a") { $0.after = ["a"] }], now: 0)
    }
    #expect(stage.supervisor.encoded() == before)
    try stage.supervisor.configure(
      [Stage.app("a"), Stage.app("b") { $0.after = ["a"] }], now: 0)
    #expect(stage.supervisor.edges[0].before == [1], "turned round in one go")
    #expect(stage.survivesEncoding)
  }

  @Test("groups restart one, the rest, or all", arguments: GroupStrategy.allCases)
  func groups(strategy: GroupStrategy) throws {
    func member(_ name: String, _ after: [String]) -> AppSettings {
      Stage.app(name) {
        $0.group = GroupPolicy(name: "g", strategy: strategy)
        $0.after = after
      }
    }
    var stage = try Stage(
      member("a", []), member("b", ["a"]), member("c", ["b"]), Stage.app("other"))
    for name in ["a", "b", "c", "other"] { try stage.bringUp(name) }
    stage.crash("b")
    let ended: [String] =
      switch strategy {
      case .one: []
      case .rest: ["c"]
      case .all: ["a", "c"]
      }
    #expect(["a", "b", "c"].filter { stage.state($0) == .stopping } == ended)
    #expect(stage.launched == (ended.isEmpty ? ["b"] : []), "all are gone before one starts")
    #expect(stage.survivesEncoding)
    for name in ended.reversed() {
      if name != ended.first {
        #expect(stage.supervisor.status(of: stage.id("b"))?.waitsFor.isEmpty == false)
      }
      stage.crash(name, .signal(15, dumpedCore: false))
      #expect(stage.reports.map(\.cause) == [.daemon(.group)])
    }
    #expect(stage.state("b") == (strategy == .all ? .down : .starting))
    if strategy == .all {
      #expect(stage.launched == ["a"])
      stage.tell("a") { .launched($0) }
      #expect(stage.launched == ["b"])
    }
    #expect(stage.state("other") == .ready)
  }

  @Test("a group falls with a member that failed for good") func groupFails() throws {
    let group = GroupPolicy(name: "g", strategy: .all)
    var stage = try Stage(
      Stage.app("a") { $0.group = group },
      Stage.app("b") {
        $0.group = group
        $0.restart.when = .never
      },
      Stage.app("c") {
        $0.group = group
        $0.requires = ["x"]
      }, Stage.app("d") { $0.after = ["c"] })
    for name in ["a", "b", "c", "d"] { try stage.bringUp(name) }
    #expect(stage.state("d") == .down)
    stage.crash("b")
    #expect(stage.state("a") == .stopping)
    #expect(stage.launched == ["d"], "c is no longer coming")
    stage.crash("a", .signal(15, dumpedCore: false))
    #expect(stage.reports.map(\.cause) == [.dependency("b")])
    #expect(stage.state("a") == .down && stage.state("b") == .failed)
  }

  @Test("removed apps stop, are forgotten, and leave their number to others") func remove() throws {
    var stage = try shop()
    for name in ["cache", "web"] { try stage.bringUp(name) }
    stage.tell("db") { .launched($0) }
    stage.tell("web") { .launched($0) }
    let db = stage.id("db")
    stage.supervisor.remove(db, now: 0)
    stage.said = stage.supervisor.takeActions()
    #expect(stage.state("web") == .stopping)
    stage.crash("web", .exited(code: 0))
    stage.crash("db", .exited(code: 0))
    #expect(stage.said.contains(.forget(db)))
    #expect(stage.supervisor.app(named: "db") == nil)
    #expect(
      stage.supervisor.status(of: stage.id("web"))?.waitsFor == ["db"], "a name still waited for")
    #expect(stage.survivesEncoding)
    try stage.supervisor.configure([Stage.app("db")], now: 0)
    #expect(stage.supervisor.app(named: "db") == db)
    stage.supervisor.remove(db, now: 0)
    stage.supervisor.remove(db, now: 0)
    stage.supervisor.remove(stage.id("web"), now: 0)
    _ = stage.supervisor.takeActions()
    #expect(stage.supervisor.free.count == 2, "web, and db, whom nobody names now")
    #expect(stage.survivesEncoding)
    let new = try stage.supervisor.configure(Stage.app("new"), now: 0)
    #expect(new.slot < 3 && stage.supervisor.free.count == 1)
    #expect(stage.supervisor.all.count == 2)
  }

  @Test("new settings hold at once, as far as they can") func adapt() throws {
    var stage = try Stage(
      Stage.app {
        $0.hasListeners = true
        $0.runtimeMilliseconds = 1000
        $0.watchdog = WatchdogPolicy(intervalMilliseconds: 100, signal: 6)
        $0.health = AppSettings.HealthTimes(
          intervalMilliseconds: 50, timeoutMilliseconds: 50, failures: 1, successes: 1)
      })
    try stage.bringUp()
    try stage.supervisor.configure(
      [Stage.app { $0.group = GroupPolicy(name: "g", strategy: .one) }], now: 0)
    stage.said = stage.supervisor.takeActions()
    #expect(stage.said == [.closeListeners(AppID(0))])
    stage.wait(29_999)
    #expect(stage.state() == .ready && stage.said.isEmpty)
    try stage.supervisor.configure(
      [
        Stage.app {
          $0.runtimeMilliseconds = 29_000
          $0.hasListeners = true
        }
      ], now: 29_999)
    #expect(stage.supervisor.groups[0].members.isEmpty)
    stage.wait(0)
    #expect(stage.state() == .stopping, "over its new limit already")
    #expect(stage.said.contains(.openListeners(AppID(0))) || stage.supervisor.apps[0].isListening)
  }

  @Test("an event costs the same among ten apps and ten thousand") func cost() throws {
    func work(_ count: Int) throws -> Double {
      var supervisor = Supervisor(seed: 1)
      try supervisor.configure(
        (0..<count).map { number in
          Stage.app("app\(number)") {
            $0.watchdog = WatchdogPolicy(intervalMilliseconds: 1000, signal: 6)
            $0.restart.burst = 100
            if number % 10 == 9 { $0.requires = ["app\(number - 1)"] }
          }
        }, now: 0)
      supervisor.boot(now: 0)
      var instances = [UInt64](repeating: 0, count: count)
      func perform() {
        while supervisor.hasActions {
          for action in supervisor.takeActions() {
            guard case .launch(let app, let instance) = action else { continue }
            instances[app.slot] = instance.number
            supervisor.receive(.launched(instance), of: app, now: supervisor.now)
          }
        }
      }
      perform()
      let before = supervisor.work
      let rounds = 2000
      for round in 0..<rounds {
        let app = AppID(round * 7919 % count)
        let now = Int64(round) / 100
        supervisor.receive(.ping(Instance(instances[app.slot])), of: app, now: now)
        if round % 10 == 0 {
          supervisor.receive(
            .ended(Instance(instances[app.slot]), .exited(code: 1)), of: app, now: now)
        }
        supervisor.advance(to: now)
        perform()
      }
      return Double(supervisor.work - before) / Double(rounds)
    }
    let few = try work(10)
    let many = try work(10_000)
    /* The heap is ten steps deeper; nothing else may grow. */
    #expect(many < few + 20, "\(few) with ten apps, \(many) with ten thousand")
  }
}
