import Foundation
import Testing

@testable import Isolate

/// The table in docs/daemon.md: made by doing each thing to an app in each state.
@Suite("The table of states")
struct StateTableTests {
  static let heading = "<!-- The table is made by StateTableTests. -->\n\n"

  private static var page: URL { URL(filePath: Executable.root).appending(path: "docs/daemon.md") }

  /// With ISOLATED_UPDATE=1 (scripts/update-profile-docs) the table is written first.
  init() throws {
    guard ProcessInfo.processInfo.environment["ISOLATED_UPDATE"] == "1" else { return }
    let old = try String(contentsOf: Self.page, encoding: .utf8)
    let start = try #require(old.range(of: Self.heading)).upperBound
    let end = old.range(of: "\n\n", range: start..<old.endIndex)?.lowerBound ?? old.endIndex
    try (old[..<start] + (try Self.table()) + old[end...]).write(
      to: Self.page, atomically: true, encoding: .utf8)
  }

  @Test("is what the code does") func same() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let start = try #require(page.range(of: Self.heading)).upperBound
    let end = page.range(of: "\n\n", range: start..<page.endIndex)?.lowerBound ?? page.endIndex
    #expect(String(page[start..<end]) == (try Self.table()))
  }

  private enum Happening: CaseIterable {
    case activate, start, stop, restart, reload, freeze, thaw, kill, resetFailed
    case ready, launchFails, endsWell, endsBadly, saysStopping, misses, unhealthy, knock, timer

    var words: String {
      switch self {
      case .resetFailed: "`reset-failed`"
      case .activate, .start, .stop, .restart, .reload, .freeze, .thaw, .kill: "`\(self)`"
      case .ready: "READY=1"
      case .launchFails: "its launch fails"
      case .endsWell: "it exits with 0"
      case .endsBadly: "it crashes"
      case .saysStopping: "STOPPING=1"
      case .misses: "its watchdog is missed"
      case .unhealthy: "its checks fail"
      case .knock: "somebody connects"
      case .timer: "the state's time is over"
      }
    }

    var order: Order? {
      switch self {
      case .activate: .activate
      case .start: .start
      case .stop: .stop
      case .restart: .restart
      case .reload: .reload
      case .freeze: .freeze
      case .thaw: .thaw
      case .kill: .kill
      case .resetFailed: .resetFailed
      case .ready, .launchFails, .endsWell, .endsBadly, .saysStopping, .misses, .unhealthy, .knock,
        .timer:
        nil
      }
    }
  }

  private static let settings = Stage.app {
    $0.start = .demand
    $0.hasListeners = true
    $0.readiness.sign = .notify
    $0.restart.burst = 2
    $0.watchdog = WatchdogPolicy(intervalMilliseconds: 1_000_000, signal: 6)
    $0.health = AppSettings.HealthTimes(
      intervalMilliseconds: 10, timeoutMilliseconds: 1_000_000, failures: 1, successes: 1)
  }

  /// An app that is in a state.
  private static func stage(_ state: LifeState) throws -> Stage {
    var stage = try Stage(settings)
    try stage.order(.activate)
    guard state != .down else { return stage }
    try stage.order(.start)
    stage.tell { .launched($0) }
    if state == .starting { return stage }
    if state == .backingOff || state == .failed {
      while stage.state() != state {
        stage.crash()
        if state == .failed, stage.state() == .backingOff { stage.wait(1000) }
      }
      return stage
    }
    stage.tell { .ready($0) }
    stage.wait(10)
    if state == .running { stage.wait(30_000) }
    if state == .stopping { try stage.order(.stop) }
    if state == .frozen { try stage.order(.freeze) }
    return stage
  }

  private static func cell(_ state: LifeState, _ happening: Happening) throws -> String {
    var stage = try stage(state)
    guard stage.state() == state else { return "?" }
    if let order = happening.order {
      do throws(OrderRefusal) {
        try stage.order(order)
      } catch {
        return "refused"
      }
    }
    let hasInstance = stage.instance("a").number != 0
    switch happening {
    case .ready: stage.tell { .ready($0) }
    case .launchFails:
      guard state == .starting || state == .stopping else { return "" }
      stage.tell { .launchFailed($0, step: "exec", number: 2) }
    case .endsWell: stage.crash("a", .exited(code: 0))
    case .endsBadly: stage.crash()
    case .saysStopping: stage.tell { .stopping($0) }
    case .misses: stage.tell { .trigger($0) }
    case .unhealthy: stage.tell { .unhealthy($0) }
    case .knock: stage.tell { _ in .knock }
    case .timer:
      guard let due = stage.supervisor.timers.time(of: stage.supervisor.key(0, .life)) else {
        return ""
      }
      stage.wait(due - stage.now)
    case .activate, .start, .stop, .restart, .reload, .freeze, .thaw, .kill, .resetFailed: break
    }
    let needsInstance = happening.order == nil && happening != .knock && happening != .timer
    if needsInstance, !hasInstance { return "" }
    let after = stage.state() ?? .down
    if after == state, happening == .timer, stage.hasKilled { return "killed" }
    if after == state, stage.launched.isEmpty { return "" }
    return after.word
  }

  static func table() throws -> String {
    var lines = ["| | " + LifeState.allCases.map(\.word).joined(separator: " | ") + " |"]
    lines.append("|---" + String(repeating: "|---", count: LifeState.allCases.count) + "|")
    for happening in Happening.allCases {
      let cells = try LifeState.allCases.map { try cell($0, happening) }
      lines.append("| \(happening.words) | " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n")
  }
}
