import Glibc
import Testing

@testable import Isolate

@Suite("The simulated broker")
struct BrokerSimulationTests {
  /// Each seed is an app; `ISOLATED_SEED=N` replays the one that failed.
  private static let seeds: [UInt64] = {
    if let given = unsafe getenv("ISOLATED_SEED"), let seed = UInt64(unsafe String(cString: given))
    {
      return [seed]
    }
    return (1...apps).map { $0 }
  }()

  /// In an optimised build two million steps, in a debug build what ten seconds hold.
  private static let apps: UInt64 = isDebug ? 5 : 400
  private static let steps = 5000
  private static let isDebug: Bool = {
    var isDebug = false
    assert(
      {
        isDebug = true
        return true
      }())
    return isDebug
  }()

  @Test("does to every request exactly what the model says, through deaths at any store")
  func simulate() {
    var performed = 0
    var deaths = 0
    for seed in Self.seeds {
      var simulation = BrokerSimulation(seed: seed)
      for number in 1...Self.steps {
        do throws(SimulationFailure) {
          try simulation.step(number)
        } catch {
          Issue.record("ISOLATED_SEED=\(seed), step \(number): \(error.text)")
          return
        }
      }
      performed += simulation.performed
      deaths += simulation.deaths
    }
    #expect(deaths > Self.seeds.count * Self.steps / 1000)
    #expect(performed > Self.seeds.count * Self.steps / 20)
  }
}
