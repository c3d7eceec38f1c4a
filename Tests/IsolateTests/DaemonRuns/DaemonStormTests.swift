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

  /// What the larger storm is made of: a command, what its profile says beside, and the cause it must be told with.
  private static let mix: [(run: String, more: String, cause: String)] = [
    ("kill -SEGV $$", "", "signal"), ("exit 9", "", "exited"), ("kill -ABRT $$", "", "signal"),
    ("exec /bin/nowhere", "", "exited"), ("(kill -KILL $$) & wait", "", "signal"),
    ("kill -SYS $$", "", "system-call"), ("f() { f; }; f", "", "exited"),
    ("exec sleep 1000", "[service]\nrun-time = \"300ms\"", "run-time-limit"),
    ("exec sleep 1000", "[watchdog]\ninterval = \"300ms\"", "watchdog"),
  ]

  /// Asks its broker for a file for ever, and says each hundredth answer; what is no answer ends it.
  private static let asker = """
    import sys
    sys.path.insert(0, "\(Executable.root)/clients/python")
    import isolated
    with isolated.connect() as broker:
        number = 0
        while True:
            with broker.open("notes", "one") as file:
                assert file.read() == "here"
            number += 1
            if number % 100 == 0: print("answered", number, flush=True)

    """

  private static func large() throws -> DaemonScene {
    let always = """
      [restart]
      when = "always"
      burst = 100
      window = "1ms"
      delay = "200ms"
      ceiling = "300ms"
      """
    var apps = (0..<54).map { number -> (String, String) in
      let one = mix[number % mix.count]
      return ("crash\(number)", DaemonScene.shell(one.run, one.more + "\n" + always))
    }
    apps += (0..<145).map { ("calm\($0)", DaemonLifeTests.sleeper) }
    let scene = try DaemonScene(apps)
    _ = scene.scratch.file("asker.py", asker)
    _ = scene.scratch.file("notes", "")
    let made = Run.shell(
      """
      cd "$1" && chmod 755 . && rm notes && mkdir -m 755 notes && umask 022 && printf here > notes/one &&
      chmod 644 asker.py
      """, [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    scene.write(
      "asker",
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "$DIR/asker.py"]
      [files]
      read = ["$DIR/asker.py", "\(Executable.root)/clients/python"]
      [restart]
      when = "never"
      [grants.notes]
      files = "$DIR/notes"
      rights = ["read"]
      """)
    return scene
  }

  @Test(
    "two hundred apps of which many crash: each end once, with its cause, and a neighbour's broker answers throughout"
  )
  func largeStorm() throws {
    let scene = try Self.large()
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    func metrics() -> [Substring] { scene.run("metrics").output.split(separator: "\n") }
    func count(_ prefix: String) -> Int {
      metrics().filter { $0.hasPrefix(prefix) }.compactMap {
        $0.split(separator: " ").last.flatMap { Int($0) }
      }.reduce(0, +)
    }
    /* One launch each, and there. */
    func calm() -> Bool {
      count("isolated_app_up{app=\"calm") == 145
        && count("isolated_app_launches_total{app=\"calm") == 145
    }
    try #require(Moment.within(120) { calm() }, "\(scene.said.suffix(2000))")
    func ends() -> Int { count("isolated_app_ends_total") }
    func answered() -> Int {
      scene.run("logs", "--lines", "1", "asker").output.split(separator: " ").last.flatMap {
        Int($0.filter(\.isNumber))
      } ?? 0
    }
    try #require(Moment.within(60) { answered() > 0 }, "\(scene.said.suffix(2000))")
    /* More than a thousand events first: what is touched once and kept. */
    try #require(Moment.within(180) { ends() >= 1200 }, "\(ends())")
    let (memory, descriptors) = (Household.memory(daemon), Household.descriptors(daemon))
    var (first, answers) = (ends(), answered())
    /* Four times so many more: each time the neighbour has been served meanwhile. */
    for _ in 0..<4 {
      try #require(Moment.within(120) { ends() >= first + 250 }, "\(ends())")
      try #require(Moment.within(30) { answered() > answers }, "\(scene.said.suffix(2000))")
      (first, answers) = (ends(), answered())
    }
    /* A page or a descriptor for each of 1000 crashes would show; what lives at the moment of a look varies. */
    #expect(Household.descriptors(daemon) <= descriptors + 160)
    #expect(
      Household.memory(daemon) < memory + 2048, "\(memory) became \(Household.memory(daemon))")
    #expect(calm())
    for line in metrics() where line.hasPrefix("isolated_app_ends_total{app=\"crash") {
      let name = line.dropFirst("isolated_app_ends_total{app=\"crash".count)
      let cause = Self.mix[(Int(name.prefix { $0.isNumber }) ?? 0) % Self.mix.count].cause
      #expect(line.contains("cause=\"\(cause)\""), "\(line)")
    }
    #expect(try scene.app("asker").end == nil)
    #expect(try scene.end() == 0)
    /* Each launch has one end, told once. */
    #expect(scene.said.split(separator: "\n").allSatisfy { !$0.contains("supervision failed") })
  }
}
