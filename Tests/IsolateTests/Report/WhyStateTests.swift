import Testing

@testable import Isolate

@Suite("Why an app is in its state: every reason, with the line of its rule")
struct WhyStateTests {
  private static let profile = """
    extends = ["default"]
    [command]
    run = ["/bin/true"]
    [limits]
    cpu-time = "5s"
    file-size = "1M"
    wall-time = "9s"
    [service]
    run-time = "1h"
    start = "demand"
    after = ["db"]
    [group]
    name = "g"
    [readiness]
    when = "notify"
    timeout = "3s"
    [health]
    command = ["/bin/true"]
    failures = 2
    [restart]
    when = "never"
    """

  private func told(
    _ state: LifeState, ends: UInt64 = 0, profile: String = profile,
    _ change: (inout AppStatus) -> Void = { _ in }
  ) throws -> ControlReason {
    var status = AppStatus(
      name: "web", state: state, isWanted: true, waitsFor: [], instance: nil, sinceLaunch: nil,
      restartsIn: nil, restarts: 0, failures: 0, isHealthy: nil, isListening: false,
      isHeld: false, reason: nil)
    change(&status)
    return WhyWords.state(status, ends: ends, try PlanFixture.policy(profile))
  }

  @Test("one that is down was stopped, is listened for, has ended, or was never asked for")
  func down() throws {
    #expect(try told(.down) { $0.isHeld = true }.words.hasPrefix("somebody stopped it"))
    #expect(try told(.down) { $0.isListening = true }.key == "service.listen")
    #expect(try told(.down, ends: 1).words == "it ended, and nobody wants it up")
    #expect(try told(.down).rule == "/p/app.toml:10")
    let plain = "extends = [\"default\"]\n[command]\nrun = [\"/bin/true\"]"
    #expect(try told(.down, profile: plain).words == "it has not been started")
    #expect(try told(.down) { $0.waitsFor = ["db"] }.rule == "/p/app.toml:11")
  }

  @Test("one that starts or runs says what it lacks") func up() throws {
    #expect(try told(.starting).rule == "/p/app.toml:15")
    let plain = "extends = [\"default\"]\n[command]\nrun = [\"/bin/true\"]"
    #expect(try told(.starting, profile: plain).words == "it is being launched")
    #expect(try told(.ready) { $0.isHealthy = false }.words == "it runs, and its checks fail")
    #expect(try told(.backingOff) { $0.restartsIn = 7 }.words.contains("7 ms more"))
  }

  @Test("one that is being ended says by whom, and by which rule") func stopping() throws {
    let reasons: [(StopReason, String, String?)] = [
      (.order, "somebody ordered its stop", nil), (.restart, "somebody ordered its restart", nil),
      (.reload, "its profile has changed: it is restarted", nil),
      (.shutdown, "the daemon ends", nil), (.kill, "somebody ordered that it be killed", nil),
      (.own, "it said that it ends (STOPPING=1)", nil),
      (.group, "another member of its group ended", "group.strategy"),
      (.dependency("db"), "db, which it requires, is down", "service.requires"),
      (.watchdog, "it gave no sign of life in time", "watchdog.interval"),
      (.health, "its checks failed", "health.failures"),
      (.runtime, "it ran as long as it may", "service.run-time"),
      (.startTimeout, "it was not ready in time", "readiness.timeout"),
    ]
    for (reason, words, key) in reasons {
      let one = try told(.stopping) { $0.reason = reason }
      #expect(one.words == words && one.key == key)
    }
    #expect(try told(.stopping).words == "it ends")
  }

  private func ended(_ cause: Cause, _ next: EndReport.Next = .down, crashReport: Bool = false)
    throws -> [ControlReason]
  {
    let more = crashReport ? "\n[crash]\nreport = true" : ""
    let policy = try PlanFixture.policy(Self.profile + more)
    let report = EndReport(
      app: AppID(0), instance: nil, cause: cause, isFailure: cause.isFailure, upMilliseconds: 1,
      restarts: 0, next: next)
    return WhyWords.end(report, nil, words: "words", fault: nil, policy)
  }

  @Test("each limit and rule that ended it is named, with the change that would have helped")
  func ends() throws {
    let causes: [(Cause, String, String)] = [
      (.cpuTimeLimit, "/p/app.toml:5", "a higher limits.cpu-time than 5s"),
      (.fileSizeLimit, "/p/app.toml:6", "a higher limits.file-size than 1M"),
      (.wallTimeLimit, "/p/app.toml:7", "a higher limits.wall-time than 9s"),
      (.memoryLimit, "built-in", "a higher limits.memory"),
      (.runtimeLimit, "/p/app.toml:9", "a longer service.run-time"),
      (.startTimeout, "/p/app.toml:16", "a longer readiness.timeout"),
      (.health, "/p/app.toml:19", "a longer health.timeout, or more health.failures"),
    ]
    for (cause, rule, change) in causes {
      let main = try #require(try ended(cause).first)
      if cause != .memoryLimit { #expect(main.rule == rule, "\(cause)") }
      #expect(main.change?.hasPrefix(change) == true, "\(cause): \(main.change ?? "")")
    }
    #expect(try ended(.daemon(.group)).first?.key == "group.strategy")
    let signal = Cause.signal(11, dumpedCore: false)
    #expect(try ended(signal).first?.change?.hasPrefix("crash.report = true") == true)
    #expect(try ended(signal, crashReport: true).first?.change == nil)
    #expect(
      try ended(.refusedSystemCall, crashReport: true).first?.words == "words")
  }

  @Test("what follows an end is told with its rule") func next() throws {
    let never = try #require(try ended(.exited(code: 1), .failed).last)
    #expect(never.words == "it is not restarted: restart.when = never")
    #expect(never.change == "restart.when = \"on-failure\"")
    #expect(
      try ended(.exited(code: 1), .restart(milliseconds: 0)).last?.words == "it was restarted")
    #expect(
      try ended(.stopped(by: 15, forced: false), .again).last?.words
        == "it is started again: its end was planned")
  }
}
