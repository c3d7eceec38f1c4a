import Testing

@testable import Isolate

@Suite("The supervisor's parts")
struct SupervisorStateTests {
  @Test("waits double to the ceiling in whole numbers, whatever they are") func backOff() {
    var policy = RestartPolicy()
    #expect((0...4).map { BackOff.base(failures: $0, policy) } == [0, 0, 100, 200, 400])
    #expect(BackOff.base(failures: 1000, policy) == 30_000)
    policy.delayMilliseconds = .max
    policy.ceilingMilliseconds = .max
    #expect(BackOff.base(failures: 2, policy) == .max)
    #expect(BackOff.base(failures: .max, policy) == .max)
    policy.jitterPercent = 50
    var random = RandomState(seed: 1)
    for _ in 0..<1000 {
      #expect(BackOff.wait(failures: 5, policy, random: &random) >= .max / 2)
    }
    policy.delayMilliseconds = 1
    policy.ceilingMilliseconds = -1
    #expect(BackOff.wait(failures: 9, policy, random: &random) == 0)
    policy = RestartPolicy()
    policy.jitterPercent = 1000
    let waits = (0..<1000).map { _ in BackOff.wait(failures: 3, policy, random: &random) }
    #expect(waits.min() == 100 && waits.max() == 200, "at most half is taken off, all is met")
    #expect(random.next(upTo: .max) != random.next(upTo: .max))
  }

  @Test("timers come in order, each key once, cancelled ones never") func timers() {
    var heap = TimerHeap()
    var random = SeededGenerator(seed: 3)
    var model: [Int: Int64] = [:]
    for step in 0..<20_000 {
      let key = Int.random(in: 0..<60, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        heap.cancel(key)
        model[key] = nil
      case 1:
        let now = Int64(step)
        let due = model.filter { $0.value <= now }.min { ($0.value, $0.key) < ($1.value, $1.key) }
        let taken = heap.takeDue(at: now)
        guard taken == due?.key else {
          Issue.record("took \(String(describing: taken)), not \(String(describing: due))")
          return
        }
        if let taken { model[taken] = nil }
      default:
        let time = Int64(step) + Int64.random(in: -5...500, using: &random)
        heap.set(key, to: time)
        model[key] = time
      }
      guard heap.count == model.count, heap.next == model.values.min(),
        heap.time(of: key) == model[key]
      else {
        Issue.record("step \(step)")
        return
      }
    }
    heap.cancel(1000)
    #expect(heap.time(of: -1) == nil && heap.time(of: 1000) == nil)
  }

  @Test("causes have words of their own, and count as failures or not") func causes() {
    let all: [(Cause, String, Bool)] = [
      (.watchdog, "watchdog", true), (.health, "health", true),
      (.runtimeLimit, "run-time-limit", true), (.startTimeout, "start-timeout", true),
      (.dependency("db"), "dependency", false),
      (.launchFailed(step: "exec", number: 2), "launch-failure", true),
      (.daemon(.restart), "daemon-restart", false), (.daemon(.reload), "daemon-reload", false),
      (.daemon(.kill), "daemon-kill", true), (.daemon(.group), "daemon-group", false),
      (.daemon(.shutdown), "daemon-shutdown", false),
      (.stopped(by: 15, forced: true), "stopped", false), (.exited(code: 0), "exited", false),
      (.exited(code: 3), "exited", true), (.wallTimeLimit, "wall-time-limit", true),
    ]
    for (cause, word, isFailure) in all {
      #expect(cause.word == word && cause.isFailure == isFailure)
      if word != "stopped" { #expect(cause.signal == nil) }
    }
    #expect(Set(all.map(\.1)).count == all.count - 1)
    var texts: Set<String> = []
    for (cause, _, _) in all {
      var end = AppEnd(evidence: Evidence(), use: ResourceUse(), limitsMet: [])
      end.cause = cause
      guard let line = EndText.line(end, app: "web", limits: Limits()) else { continue }
      texts.insert(line)
    }
    #expect(texts.count == all.count - 2, "but for exits, which say nothing, each has its words")
    #expect(texts.contains("web was stopped: db is down"))
    #expect(texts.contains("web was not started: exec: No such file or directory (ENOENT)"))
  }

  /// A supervisor in the middle of many lives.
  private func busy() -> Supervisor {
    let world = SimulatedWorld(seed: 5, apps: 12)
    _ = world.run(events: 0)
    let other = SimulatedWorld(seed: 5, apps: 12)
    try? other.supervisor.configure(other.settings, now: 0)
    other.supervisor.boot(now: 0)
    other.agenda.add(.order, at: 10)
    other.perform()
    for _ in 0..<600 { other.step() }
    return other.supervisor
  }

  @Test("a copy that was written and read does the same for ever") func lockstep() throws {
    var one = busy()
    var other = try Supervisor(decoding: one.encoded())
    var random = SeededGenerator(seed: 9)
    for step in 0..<5000 {
      let now = one.now + Int64.random(in: 0...200, using: &random)
      let app = AppID(Int.random(in: 0..<12, using: &random))
      let instance = one.status(of: app)?.instance ?? Instance(0)
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        let order = Order.allCases.randomElement(using: &random) ?? .start
        let first = Result { () throws(OrderRefusal) in try one.order(order, to: app, now: now) }
        let second = Result { () throws(OrderRefusal) in try other.order(order, to: app, now: now) }
        #expect((try? first.get()) == nil ? (try? second.get()) == nil : true)
      case 1:
        one.receive(.ended(instance, .exited(code: 1)), of: app, now: now)
        other.receive(.ended(instance, .exited(code: 1)), of: app, now: now)
      case 2:
        one.receive(.launched(instance), of: app, now: now)
        other.receive(.launched(instance), of: app, now: now)
      case 3:
        one.receive(.ready(instance), of: app, now: now)
        other.receive(.ready(instance), of: app, now: now)
      default:
        one.advance(to: now)
        other.advance(to: now)
      }
      guard one.takeActions() == other.takeActions() else {
        Issue.record("they part at step \(step)")
        return
      }
    }
    #expect(one.encoded() == other.encoded())
  }

  @Test("no bytes whatever make it trap, and what is read can be used") func hostile() throws {
    let good = busy().encoded()
    #expect(throws: StateError.notAState) { try Supervisor(decoding: []) }
    #expect(throws: StateError.notAState) { try Supervisor(decoding: [1, 2, 3, 4, 5]) }
    var wrong = good
    wrong[4] = 9
    #expect(throws: StateError.version(9)) { try Supervisor(decoding: wrong) }
    #expect(throws: StateError.leftOver) { try Supervisor(decoding: good + [0]) }
    for count in stride(from: 6, to: good.count, by: 7) {
      #expect(throws: StateError.self) { try Supervisor(decoding: Array(good.prefix(count))) }
    }
    var random = SeededGenerator(seed: 2)
    var read = 0
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 6..<bytes.count, using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      guard var supervisor = try? Supervisor(decoding: bytes) else { continue }
      read += 1
      for slot in 0..<12 {
        let app = AppID(slot)
        guard let status = supervisor.status(of: app) else { continue }
        for order in Order.allCases { try? supervisor.order(order, to: app, now: supervisor.now) }
        if let instance = status.instance {
          supervisor.receive(.launched(instance), of: app, now: supervisor.now)
          supervisor.receive(.ready(instance), of: app, now: supervisor.now)
          supervisor.receive(.ended(instance, .exited(code: 1)), of: app, now: .max)
        }
      }
      supervisor.advance(to: .max)
      _ = supervisor.takeActions()
      #expect((try? Supervisor(decoding: supervisor.encoded())) != nil)
    }
    #expect(read > 300, "too few changed states were whole: \(read)")
  }

  @Test("fields that contradict each other are refused") func contradictions() throws {
    let stage = try Stage(Stage.app("a") { $0.group = GroupPolicy(name: "g", strategy: .all) })
    let changes: [(String, (inout AppRecord) -> Void)] = [
      ("instance", { $0.state = .running }),
      ("instance", { $0.instance = 0 }),
      ("waiting", { $0.isWaiting = true }),
      ("armed", { $0.isArmed = true }),
      ("group stop", { $0.isInGroupStop = true }),
      (
        "stopping",
        {
          $0.state = .stopping
          $0.instance = 0
        }
      ),
      (
        "stopping",
        {
          $0.state = .starting
          $0.instance = 0
          $0.phase = .asked
        }
      ),
      (
        "launched",
        {
          $0.state = .ready
          $0.instance = 0
        }
      ),
      (
        "frozen",
        {
          $0.state = .frozen
          $0.instance = 0
          $0.isLaunched = true
          $0.frozenFrom = .down
        }
      ),
      (
        "instance number",
        {
          $0.state = .starting
          $0.instance = 7
        }
      ),
    ]
    for (what, change) in changes {
      var supervisor = stage.supervisor
      change(&supervisor.apps[0])
      #expect(throws: StateError.contradiction(what)) {
        try Supervisor(decoding: supervisor.encoded())
      }
    }
    var supervisor = stage.supervisor
    supervisor.timers.set(supervisor.key(0, .watchdog), to: 5)
    #expect(throws: StateError.contradiction("timer")) {
      try Supervisor(decoding: supervisor.encoded())
    }
    supervisor = stage.supervisor
    supervisor.apps[0].settings?.after = ["nobody"]
    #expect(throws: StateError.contradiction("name")) {
      try Supervisor(decoding: supervisor.encoded())
    }
    supervisor.apps[0].settings?.after = ["a"]
    #expect(throws: StateError.contradiction("cycle")) {
      try Supervisor(decoding: supervisor.encoded())
    }
    supervisor = stage.supervisor
    supervisor.apps[0].settings?.group = nil
    supervisor.apps[0].state = .stopping
    supervisor.apps[0].instance = 0
    supervisor.apps[0].phase = .asked
    supervisor.apps[0].reason = .group
    supervisor.apps[0].isInGroupStop = true
    #expect(throws: StateError.contradiction("group")) {
      try Supervisor(decoding: supervisor.encoded())
    }
    supervisor = stage.supervisor
    supervisor.apps[0].settings = nil
    #expect(throws: StateError.contradiction("unused name")) {
      try Supervisor(decoding: supervisor.encoded())
    }
  }
}
