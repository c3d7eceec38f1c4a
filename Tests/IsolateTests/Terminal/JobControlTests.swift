import Glibc
import Testing

/// `isolated run` as a job of an interactive shell.
@Suite(.serialized) struct JobControlTests {
  private let isolated = Executable.path

  @Test func controlZStopsTheJobAndFgGoesOn() throws {
    let pty = try Pty()
    let shell = try pty.shell()
    pty.type("\(isolated) run -- sh -c 'echo re''ady; exec cat'\n")
    try pty.expect("ready")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("\u{1a}")
    try pty.expect("Stopped")
    try pty.expect("> ")
    pty.type("echo $((40+2))-outside\n")
    try pty.expect("42-outside")
    pty.type("fg\n")
    try pty.expect("fg\r\n")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("once more\n")
    try pty.expect("once more\r\nonce more")
    pty.type("\u{4}")
    try pty.expect("> ")
    pty.type("echo code=$?\n")
    try pty.expect("code=0")
    try pty.expect("> ")
    pty.type("exit\n")
    try #expect(pty.end(of: shell).code == 0)
  }

  @Test func aScriptAroundTheAppStopsWithIt() throws {
    let scratch = try Scratch()
    let script = scratch.file(
      "job", "\(isolated) run -- sh -c 'echo ready; exec cat'\necho after\n")
    let pty = try Pty()
    let shell = try pty.shell()
    pty.type("sh \(script)\n")
    try pty.expect("ready")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("\u{1a}")
    try pty.expect("Stopped")
    pty.type("fg\n")
    try pty.expect("fg\r\n")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("\u{4}")
    try pty.expect("after")
    try pty.expect("> ")
    pty.type("exit\n")
    _ = try pty.end(of: shell)
  }

  @Test func jobsOfAShellInsideStayInside() throws {
    let pty = try Pty()
    let outer = try pty.spawn([
      isolated, "run", "--", "bash", "--norc", "--noprofile", "--noediting", "-i",
    ])
    pty.type("sleep 50\n")
    try pty.expect("sleep 50\r\n")
    usleep(300_000)
    pty.type("\u{1a}")
    try pty.expect("Stopped")
    pty.type("echo $((1+1))-inside; jobs\n")
    try pty.expect("2-inside")
    pty.type("kill %1; exit\n")
    pty.type("exit\n")
    _ = try pty.end(of: outer)
    #expect(!pty.text.contains("no job control"))
    #expect(!pty.text.contains("cannot set terminal process group"))
  }

  @Test func aBackgroundJobLeavesTheKeyboardAlone() throws {
    let pty = try Pty()
    let shell = try pty.shell()
    pty.type("\(isolated) run -- sh -c 'echo re''ady; read a; echo go''t:$a' &\n")
    try pty.expect("ready")
    pty.type("echo $((40+2))-outside\n")
    try pty.expect("42-outside")
    #expect(pty.editsLines)
    #expect(!pty.text.contains("got:"))
    pty.type("fg\n")
    try pty.expect("fg\r\n")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type("now\n")
    try pty.expect("got:now")
    /* The shell has the terminal again: what is typed before goes to the app. */
    try pty.expect("> ")
    pty.type("exit\n")
    _ = try pty.end(of: shell)
  }

  /* Apps here exec or fork, as bash does. With vfork(2), as in dash, a stop that meets the child before its exec
     leaves the parent waiting unstopped, with any supervisor or none. */
  @Test func aJobWithoutAnyTerminalIsStoppedByControlZ() throws {
    let scratch = try Scratch()
    let pty = try Pty()
    let shell = try pty.shell()
    let script = "i=0; while [ $i -lt 600 ]; do echo . >>$0/ticks; sleep 0.05; i=$((i+1)); done"
    _ = scratch.file("script", script)
    pty.type(
      "\(isolated) run --write \(scratch.path) -- bash -c \"$(cat \(scratch.path)/script)\" "
        + "\(scratch.path) </dev/null >/dev/null 2>&1\n")
    #expect(Moment.within(10) { scratch.content("ticks").count > 4 })
    pty.type("\u{1a}")
    try pty.expect("Stopped")
    let count = scratch.content("ticks").count
    usleep(300_000)
    #expect(scratch.content("ticks").count == count)
    pty.type("fg\n")
    #expect(Moment.within(10) { scratch.content("ticks").count > count + 2 })
    pty.type("\u{3}")
    try pty.expect("> ")
    pty.type("echo code=$?\n")
    try pty.expect("code=130")
    try pty.expect("> ")
    pty.type("exit\n")
    _ = try pty.end(of: shell)
  }

  @Test func aPipelineKeepsTheTerminalCooked() throws {
    let pty = try Pty()
    let shell = try pty.shell()
    pty.type("\(isolated) run -- sh -c 'test -t 1 || echo re''ady; exec sleep 60' | cat\n")
    try pty.expect("ready")
    #expect(pty.editsLines)
    pty.type("\u{3}")
    try pty.expect("> ")
    pty.type("echo $((40+2))-outside\n")
    try pty.expect("42-outside")
    try pty.expect("> ")
    pty.type("exit\n")
    _ = try pty.end(of: shell)
  }

  @Test func pipesStayPipesAtEitherEnd() throws {
    let pty = try Pty()
    let shell = try pty.shell()
    pty.type("echo in''put | \(isolated) run -- sh -c 'test -t 0 || cat'\n")
    try pty.expect("input\r\n")
    /* What is typed before the shell has the terminal again would be the app's, and end with it. */
    try pty.expect("> ")
    pty.type(
      "\(isolated) run -- sh -c 'read a; echo er''ror >&2; sleep 0.3; echo got:$a' | tr a-z A-Z\n")
    pty.type("abc\n")
    try pty.expect("error")
    try pty.expect("GOT:ABC")
    try pty.expect("> ")
    pty.type(
      "\(isolated) run -- sh -c 'echo re''ady >&2; cat; echo o''ne; cat; echo t''wo' | cat\n")
    try pty.expect("ready")
    usleep(300_000)
    pty.type("\u{4}")
    try pty.expect("one")
    pty.type("par\u{4}\u{4}")
    try pty.expect("two")
    try pty.expect("> ")
    pty.type("exit\n")
    _ = try pty.end(of: shell)
  }

  @Test func whenTheTerminalHangsUpTheAppIsToldAndThenEnded() throws {
    let scratch = try Scratch()
    let pty = try Pty()
    let app = try pty.run(
      "trap 'echo hup >>\(scratch.path)/told' HUP; echo ready; while :; do sleep 0.1; done",
      options: ["--write", scratch.path, "--stop-timeout", "300ms"])
    try pty.expect("ready")
    pty.hangUp()
    let end = try app.wait(seconds: 20)
    #expect(end.code == 137 || end.code == 129, "\(end.code)")
    #expect(scratch.content("told").hasPrefix("hup"))
    #expect(end.cpuMilliseconds < 1500)
  }

  @Test func anIdleSessionUsesNoProcessorTime() throws {
    let pty = try Pty()
    let app = try pty.run(
      "exec sleep 3", options: [])
    try #expect(pty.end(of: app).cpuMilliseconds < 700)
    let pipes = try pty.spawn(
      [Executable.path, "run", "--", "sleep", "3"],
      [.path("/dev/null", O_RDONLY), pty.terminal, pty.terminal])
    try #expect(pty.end(of: pipes).cpuMilliseconds < 700)
  }

  @Test func aTerminalThatTakesNothingDoesNotHoldTheTimeLimitUp() throws {
    let pty = try Pty()
    let app = try pty.spawn([
      Executable.path, "run", "--limit", "wall-time=1s", "--", "yes",
    ])
    /* Nothing is read from the screen: everything fills up. */
    #expect(Moment.within(4) { app.poll() != nil } == false)
    app.send(SIGTERM)
    #expect(Moment.within(10) { app.poll() != nil })
  }
}
