import Glibc
import Testing

@testable import Isolate

@Suite("A daemon in a storm of crashes", .serialized)
struct DaemonStormTests {
  /// Some ways to die; each says which cause it must be reported with.
  private static let deaths: [(script: String, cause: String)] = [
    ("kill -SEGV $$", "signal"), ("kill -ABRT $$", "signal"), ("exit 9", "exited"),
    ("exec /bin/nowhere", "exited"), ("(kill -KILL $$) & wait", "signal"),
    ("kill -BUS $$", "signal"),
  ]

  @Test("reports every crash once with its cause, and neighbours do not notice")
  func storm() throws {
    var apps = (0..<12).map { number -> (String, String) in
      let death = Self.deaths[number % Self.deaths.count]
      return (
        "crash\(number)",
        DaemonScene.shell(
          death.script,
          """
          [restart]
          when = "always"
          burst = 100
          window = "1ms"
          delay = "40ms"
          ceiling = "100ms"
          jitter = 10
          """)
      )
    }
    apps += (0..<8).map { ("calm\($0)", DaemonLifeTests.sleeper) }
    let scene = try DaemonScene(apps)
    try scene.start()
    for number in 0..<8 { try scene.waitFor("calm\(number)", .ready) }
    let daemon = try #require(scene.daemon).pid
    let calm = try (0..<8).map { try scene.app("calm\($0)").instance }
    func ends() -> UInt64 {
      scene.run("metrics").output.split(separator: "\n").filter {
        $0.hasPrefix("isolated_app_ends_total")
      }.compactMap { $0.split(separator: " ").last.flatMap { UInt64($0) } }.reduce(0, +)
    }
    /* What is touched once and kept, first: the last thousand events among it. */
    try #require(Moment.within(120) { ends() >= 400 }, "\(ends())")
    let memory = Household.memory(daemon)
    let descriptors = Household.descriptors(daemon)
    let first = ends()
    try #require(Moment.within(120) { ends() >= first + 300 }, "\(ends())")
    /* A descriptor or a page for each of 300 crashes would show; what lives at the moment of a look varies. */
    #expect(Household.descriptors(daemon) <= descriptors + 60)
    #expect(Household.memory(daemon) < memory + 512, "\(memory) became \(Household.memory(daemon))")
    #expect(try (0..<8).map { try scene.app("calm\($0)").instance } == calm)
    for line in scene.run("metrics").output.split(separator: "\n")
    where line.hasPrefix("isolated_app_ends_total{app=\"crash") {
      let number = line.dropFirst("isolated_app_ends_total{app=\"crash".count).prefix {
        $0.isNumber
      }
      let cause = Self.deaths[(Int(number) ?? 0) % Self.deaths.count].cause
      #expect(line.contains("cause=\"\(cause)\""), "\(line)")
    }
    /* Each launch has exactly one end, but for those that live now. */
    #expect(try scene.end() == 0)
    let lines = scene.said.split(separator: "\n")
    #expect(lines.allSatisfy { !$0.contains("supervision failed") })
  }
}
