import Glibc
import Testing

@testable import Isolate

/// Crashes of very many at once, and ends in the middle of a look.
@Suite(.serialized) struct CrashCrowdTests {
  @Test("of two thousand threads 256 are listed, and all are counted", .timeLimit(.minutes(3)))
  func thousands() throws {
    let scene = try CrashScene()
    let ran = scene.run(["crash-thread", "2000", "x"], options: ["--limit", "processes=3000"])
    #expect(ran.code == 139, "\(ran.errors)")
    let report = try scene.latest()
    #expect(report["thread-count"]?.integer == 2002)
    #expect(CrashScene.threads(report).count == 256)
    #expect(CrashScene.symbols(report).contains("crash_in_thread"))
  }

  /// Whoever is looked at is killed at another moment each time: while its threads are born, held, read, let go.
  @Test("SIGKILL in the middle of a look leaves nothing", .timeLimit(.minutes(5)))
  func killed() throws {
    let scene = try CrashScene()
    for threads in [200, 900, 1500, 1900, 1999, 2000] {
      let run = try Spawned(
        [Executable.path, "run", "--crash-report", scene.reports, "--limit", "processes=3000"]
          + ["--read", Executable.victim, "--", Executable.victim, "crash-thread", "2000", "x"])
      var app: Int32?
      _ = Moment.within(60) {
        app = Household.descendants(of: run.pid).first {
          (FileSystem.names(in: "/proc/\($0)/task") ?? []).count >= threads
        }
        return app != nil || run.poll() != nil
      }
      let household = Household.descendants(of: run.pid)
      if let app { kill(app, SIGKILL) }
      let code = try run.wait(seconds: 60).code
      #expect(code == 137 || code == 139)
      #expect(Moment.within(20) { household.allSatisfy { !Household.isThere($0) } })
    }
    #expect(scene.count <= 6)
  }

  @Test("a fork bomb whose processes all crash is bounded, and said", .timeLimit(.minutes(3)))
  func bomb() throws {
    let scene = try CrashScene()
    let ran = Run.command(
      [Executable.path, "run", "--crash-report", scene.reports, "--limit", "processes=40"]
        + ["--", "/usr/bin/python3", "-c", CrashScene.bomb])
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(scene.count == CrashRoom.limit)
    #expect(ran.errors.contains("more crashes have no report"), "\(ran.errors)")
  }
}
