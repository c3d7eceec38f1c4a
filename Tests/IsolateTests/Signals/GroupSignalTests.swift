import Glibc
import Testing

/// What a terminal, or a kill of the whole job, sends to `isolated run` and all that is in its process group.
@Suite(.serialized) struct GroupSignalTests {
  /// An app that notes each signal in `counted`, in a session whose foreground is the supervisor's group.
  private func start(_ pty: Pty, _ scratch: Scratch, before: String = "") throws -> Spawned {
    let app = try pty.spawn([
      "/bin/sh", "-c",
      "\(before) exec \(Executable.path) run --write \(scratch.path) --read \(Executable.victim) -- "
        + "\(Executable.victim) count-signals \(scratch.path)/counted "
        + "</dev/null >\(scratch.path)/out 2>\(scratch.path)/err",
    ])
    try #require(
      Moment.within(30) { scratch.content("out").contains("ready") || app.poll() != nil })
    return app
  }

  /// Ends the app by a signal that comes after all others, and says what it noted.
  private func counted(_ app: Spawned, _ scratch: Scratch) throws -> String {
    app.send(SIGTERM)
    try #expect(app.wait(seconds: 30).code == 143, "\(scratch.content("err"))")
    return scratch.content("counted")
  }

  /* Two in a row may meet and be one (signal(7)), so one press alone would show little. */
  @Test(arguments: [("\u{3}", "I"), ("\u{1c}", "Q")])
  func aKeyIsToldOnce(key: String, letter: String) throws {
    let (pty, scratch) = (try Pty(), try Scratch())
    let app = try start(pty, scratch)
    for presses in 1...20 {
      pty.type(key)
      try #require(Moment.within(30) { scratch.content("counted").utf8.count >= presses })
    }
    try #expect(counted(app, scratch) == String(repeating: letter, count: 20))
  }

  @Test func aHangUpOfTheJobIsToldOnce() throws {
    let (pty, scratch) = (try Pty(), try Scratch())
    let app = try start(pty, scratch)
    for sent in 1...20 {
      _ = kill(-app.pid, SIGHUP)
      try #require(Moment.within(30) { scratch.content("counted").utf8.count >= sent })
    }
    try #expect(counted(app, scratch) == String(repeating: "H", count: 20))
  }

  @Test func underNohupAHangUpOfTheJobIsNotTold() throws {
    let (pty, scratch) = (try Pty(), try Scratch())
    let app = try start(pty, scratch, before: "trap '' HUP;")
    _ = kill(-app.pid, SIGHUP)
    pty.type("\u{3}")
    try #require(Moment.within(30) { scratch.content("counted").contains("I") })
    try #expect(counted(app, scratch) == "I")
  }

  /// Init has left the group; it is ended nonetheless, and what it looks after.
  @Test func aKillOfTheJobEndsTheApp() throws {
    let (pty, scratch) = (try Pty(), try Scratch())
    let app = try start(pty, scratch)
    #expect(!Leftovers.processes(scratch.path).isEmpty)
    _ = kill(-app.pid, SIGKILL)
    try #expect(app.wait(seconds: 30).code == 137)
    #expect(Moment.within(30) { Leftovers.processes(scratch.path).isEmpty })
  }
}
