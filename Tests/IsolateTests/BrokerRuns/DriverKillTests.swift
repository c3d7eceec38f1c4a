import Glibc
import Testing

@testable import Isolate

@Suite("Drivers that are killed at any moment", .serialized)
struct DriverKillTests {
  private static let names = ["one", "p", "q", "r", "s", "t"]

  /// Batches of calls to all drivers at once, with descriptors, as long as the file `stop` is not there: each has one answer.
  private static let load = """
    memory = os.memfd_create("m")
    def batch():
        asked = {}
        for grant in range(1, 7):
            for kind in ("echo x", "file y", "me"):
                asked[send(grant, kind, fds=[memory] if kind == "echo x" else [])] = grant
        asked[send(0, "")] = 0
        while asked:
            r = receive()
            grant = asked.pop(r["id"])
            counts[grant] += 1
            kinds[(grant > 0, told(r))] += 1
            close(r)
    counts, kinds = collections.Counter(), collections.Counter()
    for _ in range(2): batch()
    show("up")
    rounds = 0
    while told(openat("stop")) == (2, 0):
        batch()
        rounds += 1
    for grant in range(1, 7):
        for _ in range(200):
            found = ask(grant, "me")
            close(found)
            counts[grant] += 1
            if told(found) == (0, 0): break
            time.sleep(0.05)
        show("back", told(found))
    show("odd", [k for k in kinds if k not in ((True, (0, 0)), (True, (5, 14)), (False, (13, 2)))])
    show("lost", kinds[(True, (5, 14))], rounds)
    show("counts", *(counts[g] for g in range(1, 7)))
    input()
    """

  @Test(
    "cost their callers an error and nobody else anything: one answer and one record for each request"
  )
  func anywhere() throws {
    let scene = try OwnDriverScene.make(Self.names, app: Self.load)
    let name = SeededNames().next()
    scene.options = ["--name", name]
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up")
    let broker = try scene.broker(of: run)
    try scene.waitForSpare(of: run)
    let before = Household.descriptors(broker)
    let beforeHere = Household.descriptors(run.pid)
    let seed = UInt64.random(in: 0...9999)
    var generator = SeededGenerator(seed: seed)
    /* Fewer than it takes to give one up. */
    let most = DriverKeeper.deathLimit - 1
    var left = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, most) })
    var kills = 0
    while let driver = left.keys.sorted().randomElement(using: &generator) {
      let words = ["\(scene.path)/driver.py", driver]
      let pids = Household.processes(of: run.pid, with: words)
      usleep(UInt32.random(in: 0..<30_000, using: &generator))
      /* The program itself, or `isolated run`, which ends it. */
      guard let pid = pids.randomElement(using: &generator), kill(pid, SIGKILL) == 0 else {
        continue
      }
      kills += 1
      try #require(Moment.within(20) { !Household.isThere(pid) })
      left[driver] = (left[driver] ?? 1) - 1
      if left[driver] == 0 { left[driver] = nil }
    }
    /* Another app is served meanwhile, and after. */
    let other = try BrokerScene(app: "show(told(openat('plain')))")
    #expect(other.run().output == "(0, 0)\n")
    _ = scene.scratch.file("data/stop", "")
    try scene.waitFor("counts", seconds: 60)
    let out = scene.scratch.content("out")
    #expect(out.contains("odd []"), "seed \(seed): \(out)")
    #expect(
      out.split(separator: "\n").filter { $0 == "back (0, 0)" }.count == Self.names.count,
      "seed \(seed): \(out) \(scene.scratch.content("err"))")
    #expect(kills >= 24 - 2 * Self.names.count)
    #expect(try scene.broker(of: run) == broker)
    #expect(!scene.status.contains("broker-died") && !scene.status.contains("driver-given-up"))
    var after = (0, 0)
    let isBack = Moment.within(10) {
      after = (Household.descriptors(broker), Household.descriptors(run.pid))
      return after.0 <= before && after.1 <= beforeHere
    }
    #expect(isBack, "seed \(seed): \(before), \(beforeHere) became \(after)")
    let line = try #require(out.split(separator: "\n").first { $0.hasPrefix("counts ") })
    let counts = line.split(separator: " ").dropFirst().compactMap { UInt64($0) }
    let told = Run.command([Executable.path, "grants", "--json", name])
    let value = try JSONReader.read(Array(told.output.utf8), limit: 1 << 20)
    let grants = try #require(value.object?["grants"]?.array).map { try ControlGrant($0) }
    #expect(grants.dropFirst().map { $0.requests } == counts, "seed \(seed)")
    run.send(SIGTERM)
    try run.wait()
    #expect(Moment.within(10) { Household.descendants(of: run.pid).isEmpty })
  }
}
