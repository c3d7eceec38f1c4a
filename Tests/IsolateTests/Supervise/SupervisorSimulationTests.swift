import Foundation
import Testing

@testable import Isolate

@Suite("The supervisor, simulated")
struct SupervisorSimulationTests {
  /// One life: so many apps, so many events.
  struct Life: CustomTestStringConvertible, Sendable {
    var seed: UInt64
    var apps: Int
    var events: Int
    var testDescription: String { "seed \(seed), \(apps) apps, \(events) events" }
  }

  /// ISOLATED_SEED=N runs one life again; ISOLATED_SEED=N,APPS,EVENTS one of another size, with all it does printed.
  static let lives: [Life] = {
    if let text = ProcessInfo.processInfo.environment["ISOLATED_SEED"] {
      let numbers = text.split(separator: ",").compactMap { UInt64($0) }
      if let seed = numbers.first {
        return [
          Life(
            seed: seed, apps: numbers.count > 1 ? Int(numbers[1]) : 8,
            events: numbers.count > 2 ? Int(numbers[2]) : 20_000)
        ]
      }
    }
    /* Small worlds meet strange coincidences sooner; large ones show what it costs. */
    #if DEBUG
      let small = (1...24).map { Life(seed: $0, apps: 8, events: 2000) }
      return small + [Life(seed: 100, apps: 2000, events: 40_000)]
    #else
      let small = (1...400).map { Life(seed: $0, apps: 8, events: 5000) }
      return small + [Life(seed: 1000, apps: 5000, events: 2_000_000)]
    #endif
  }()

  @Test(
    "never has two living instances, loses no end, restarts nothing that was stopped",
    arguments: lives)
  func life(_ life: Life) {
    let isTracing = ProcessInfo.processInfo.environment["ISOLATED_SEED"]?.contains(",") == true
    let world = SimulatedWorld(seed: life.seed, apps: life.apps, tracing: isTracing)
    let failure = world.run(events: life.events)
    #expect(
      failure == nil,
      "\(failure ?? ""). Again: ISOLATED_SEED=\(life.seed),\(life.apps),\(life.events)")
    /* A world in which nothing happens proves nothing. */
    #expect(world.launches > life.events / 50 && world.upgrades > 0)
  }
}
