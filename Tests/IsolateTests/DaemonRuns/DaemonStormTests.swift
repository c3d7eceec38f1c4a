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
    /* What is touched once and kept, first: the last events among it. */
    try #require(Moment.within(300) { ends() >= 400 && scene.hasAllEvents }, "\(ends())")
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

  /// One way to end in the larger storm.
  private struct Death {
    /// A shell's command; empty: the program is a file of garbage.
    var run: String
    /// What its profile says beside, and in front of its tables.
    var more = ""
    var front = ""
    /// It must be told with this.
    var cause: String
    /// Its init is killed from outside, again and again.
    var losesInit = false
  }

  /// Three processes of which each has a third more than half of what all may have.
  private static let hungry =
    "for n in 1 2 3; do (head -c 16000000 /dev/zero; exec sleep 1000) | tail -c 16000000 & done; wait"

  private static let mix: [Death] =
    [
      Death(run: "kill -SEGV $$", cause: "signal"), Death(run: "exit 9", cause: "exited"),
      Death(run: "kill -ABRT $$", cause: "signal"),
      Death(run: "exec /bin/nowhere", cause: "exited"),
      Death(run: "(kill -KILL $$) & wait", cause: "signal"),
      Death(run: "kill -SYS $$", cause: "system-call"),
      Death(run: "f() { f; }; f", cause: "exited"),
      Death(
        run: "exec sleep 1000", more: "[service]\nrun-time = \"300ms\"", cause: "run-time-limit"),
      Death(run: "exec sleep 1000", more: "[watchdog]\ninterval = \"300ms\"", cause: "watchdog"),
      /* No memory is left to it. */
      Death(run: hungry, more: "[limits]\nmemory = \"24M\"", cause: "memory-limit"),
      /* It forks as fast as it can: all of it is to be killed while it does. */
      Death(
        run: "f() { f & f; }; (while :; do f; done) 2>/dev/null & exec sleep 1000",
        more: "[limits]\nprocesses = 8\n[service]\nrun-time = \"300ms\"", cause: "run-time-limit"),
      /* It opens until it may not. */
      Death(
        run: "exec /bin/bash -c 'while exec {n}</dev/null; do :; done; exit 5' 2>/dev/null",
        more: "[limits]\nopen-files = 64", cause: "exited"),
      Death(run: "exec sleep 1000", cause: "lost", losesInit: true),
      Death(run: "", cause: "launch-failure"),
    ] + (Privileges.isRoot ? [ofKernel] : [])

  /// The same by the kernel's hand, in a cgroup of version 1.
  private static let ofKernel = Death(
    run: "exec python3 -c \"x = b'x' * (60 << 20)\"", more: "[limits]\nmemory = \"24M\"",
    front: "require = [\"limits.memory\"]\n",
    cause: "memory-limit")

  private static let crashing = 60

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
    var apps = (0..<crashing).map { number -> (String, String) in
      let one = mix[number % mix.count]
      let more = one.more + "\n" + always
      let profile =
        one.run.isEmpty
        ? "extends = [\"default\"]\nfiles.read = [\"$DIR/garbage\"]\n[command]\nrun = [\"$DIR/garbage\"]\n\(more)"
        : one.front + DaemonScene.shell(one.run, more)
      return ("crash\(number)", profile)
    }
    apps += (0..<145).map { ("calm\($0)", DaemonLifeTests.sleeper) }
    let scene = try DaemonScene(apps)
    _ = scene.scratch.file("asker.py", asker)
    _ = scene.scratch.file("garbage", String(repeating: "\u{1}\u{7f}garbage", count: 100))
    _ = scene.scratch.file("notes", "")
    let made = Run.shell(
      """
      cd "$1" && chmod 755 . && rm notes && mkdir -m 755 notes && umask 022 && printf here > notes/one &&
      chmod 644 asker.py && chmod 755 garbage
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
    "two hundred apps of which many crash: each end once, with its cause, and a neighbour's broker answers throughout",
    .timeLimit(.minutes(15)))
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
    let attacked = (0..<Self.crashing).filter { Self.mix[$0 % Self.mix.count].losesInit }
    /// Kills inits, which is no app's to do.
    func killInits() {
      for number in attacked {
        guard let pid = try? scene.app("crash\(number)").pid, Household.parent(pid) == daemon else {
          continue
        }
        _ = kill(pid, SIGKILL)
      }
    }
    func waitForEnds(_ count: Int, seconds: Int) -> Bool {
      Moment.within(seconds) {
        killInits()
        return ends() >= count
      }
    }
    /* First what is touched once and kept: the last events among it. */
    try #require(waitForEnds(1200, seconds: 300) && scene.hasAllEvents, "\(ends())")
    let (memory, descriptors) = (Household.memory(daemon), Household.descriptors(daemon))
    var (first, answers) = (ends(), answered())
    /* Four times so many more: each time the neighbour has been served meanwhile. */
    for _ in 0..<4 {
      try #require(waitForEnds(first + 250, seconds: 180), "\(ends())")
      try #require(Moment.within(30) { answered() > answers }, "\(scene.said.suffix(2000))")
      (first, answers) = (ends(), answered())
    }
    /* A page or a descriptor for each of 1000 crashes would show; what lives at the moment of a look varies. */
    #expect(Household.descriptors(daemon) <= descriptors + 160)
    #expect(
      Household.memory(daemon) < memory + 2048, "\(memory) became \(Household.memory(daemon))")
    #expect(calm())
    Self.expectCauses(metrics())
    #expect(try scene.app("asker").end == nil)
    #expect(try scene.end() == 0)
    /* Each launch has one end, told once. */
    #expect(scene.said.split(separator: "\n").allSatisfy { !$0.contains("supervision failed") })
  }

  /// Every app that ends has ended, each time with its cause, and as often as it was launched.
  private static func expectCauses(_ metrics: [Substring]) {
    func of(_ line: Substring, _ name: String) -> (app: Int, count: Int)? {
      let prefix = "isolated_app_\(name)_total{app=\"crash"
      guard line.hasPrefix(prefix) else { return nil }
      let number = line.dropFirst(prefix.count).prefix { $0.isNumber }
      let count = line.split(separator: " ").last.flatMap { Int($0) } ?? 0
      return Int(number).map { ($0, count) }
    }
    var ends: [Int: Int] = [:]
    var launches: [Int: Int] = [:]
    for line in metrics {
      if let (app, count) = of(line, "launches") { launches[app] = count }
      guard let (app, count) = of(line, "ends") else { continue }
      ends[app, default: 0] += count
      #expect(line.contains("cause=\"\(mix[app % mix.count].cause)\""), "\(line)")
    }
    let endless = (0..<crashing).filter { ends[$0] == nil }.map { mix[$0 % mix.count] }
    #expect(endless.isEmpty, "\(endless)")
    for (app, count) in ends {
      let launched = launches[app] ?? 0
      /* What was prepared and could not be executed is launched once more, for the words. */
      let most = mix[app % mix.count].run.isEmpty ? 2 * count + 2 : count + 1
      #expect((count...most).contains(launched), "crash\(app): \(launched) \(count)")
    }
  }
}
