import Glibc
import Testing

/// `isolated run` on a terminal: the app has one of its own, and the caller's is as it was.
@Suite(.serialized) struct TerminalTests {
  @Test func theAppHasATerminalOfItsOwn() throws {
    let pty = try Pty()
    let app = try pty.run("tty; test -t 0 -a -t 1 -a -t 2 && echo three-terminals; ls /dev/pts")
    try #expect(pty.end(of: app).code == 0)
    let lines = pty.text.split(whereSeparator: \.isNewline).map(String.init)
    #expect(lines.first == "/dev/pts/0")
    #expect(lines.contains("three-terminals"))
    #expect(lines.last?.split(separator: " ").map(String.init) == ["0", "ptmx"])
  }

  @Test func noDescriptorLeadsToTheCallersTerminal() throws {
    /* So that the caller's is not called /dev/pts/0, as the app's own is. */
    let first = try Pty()
    defer { first.hangUp() }
    let pty = try Pty()
    let app = try pty.run("ls -l /proc/$$/fd /proc/1/fd 2>&1; echo x >\(pty.path) && echo reached")
    _ = try pty.end(of: app)
    #expect(pty.text.contains("/dev/pts/0"))
    let others = pty.text.split(whereSeparator: \.isNewline).filter {
      $0.contains("-> ") && !$0.hasSuffix("-> /dev/pts/0")
    }
    #expect(others.isEmpty, "\(others)")
    #expect(!pty.text.contains("reached"))
  }

  @Test(arguments: [("\u{3}", 130), ("\u{1c}", 131)] as [(String, Int32)])
  func keysThatEndReachTheApp(key: String, code: Int32) throws {
    let pty = try Pty()
    let before = pty.modes
    let app = try pty.run("echo ready; exec sleep 60")
    try pty.expect("ready")
    #expect(Moment.within(10) { !pty.editsLines })
    pty.type(key)
    try #expect(pty.end(of: app).code == code)
    #expect(pty.modes == before)
  }

  @Test func aCaughtInterruptIsTheAppsOwnAffair() throws {
    let pty = try Pty()
    let app = try pty.run("trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 1; done")
    try pty.expect("ready")
    pty.type("\u{3}")
    try pty.expect("caught")
    try #expect(pty.end(of: app).code == 7)
  }

  @Test(
    arguments: [
      ("exit 3", 3), ("kill -SEGV $$", 139), ("kill -KILL $$", 137),
      ("stty raw -echo; kill -ABRT $$", 134),
    ] as [(String, Int32)])
  func theModesAreAsBeforeHoweverTheAppEnds(script: String, code: Int32) throws {
    let pty = try Pty()
    let before = pty.modes
    let app = try pty.run(script)
    try #expect(pty.end(of: app).code == code)
    #expect(pty.modes == before)
  }

  @Test func theModesAreAsBeforeAfterSIGTERM() throws {
    let pty = try Pty()
    let before = pty.modes
    let app = try pty.run("echo ready; exec sleep 60")
    try pty.expect("ready")
    app.send(SIGTERM)
    try #expect(pty.end(of: app).code == 143)
    #expect(pty.modes == before)
  }

  @Test func theModesAreAsBeforeAfterAFailedLaunch() throws {
    let pty = try Pty()
    let before = pty.modes
    let app = try pty.spawn([Executable.path, "run", "--", "/no/such/program"])
    try #expect(pty.end(of: app).code == 127)
    #expect(pty.modes == before)
    #expect(pty.text.hasPrefix("isolated: "), "the message is not stairs of raw lines")
    #expect(pty.text.contains("/no/such/program\r\n") || pty.text.contains("/no/such/program"))
  }

  @Test func theWindowIsPassedOn() throws {
    let pty = try Pty(rows: 33, columns: 77)
    let app = try pty.run(
      "stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done")
    try pty.expect("33 77")
    try pty.expect("ready")
    pty.resize(rows: 44, columns: 99)
    try pty.expect("44 99")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func aMegabyteOfEveryByteComesOutUnchanged() throws {
    let pty = try Pty()
    let app = try pty.spawn([
      Executable.path, "run", "--", "perl", "-e",
      "system('stty raw -echo'); $| = 1; print pack('C*', 0..255) x 4096",
    ])
    try #expect(pty.end(of: app, seconds: 60).code == 0)
    #expect(pty.screen.count == 1 << 20)
    #expect(pty.screen.indices.allSatisfy { pty.screen[$0] == UInt8($0 & 255) })
  }

  @Test func everyByteGoesInUnchanged() throws {
    let pty = try Pty()
    let app = try pty.spawn([
      Executable.path, "run", "--", "perl", "-e",
      "system('stty raw -echo'); $| = 1; print 'ready'; my $all = '';"
        + "while (length $all < 131072) { sysread(STDIN, $all, 65536, length $all) or last }"
        + "print $all eq pack('C*', 0..255) x 512 ? 'equal' : 'different'",
    ])
    try pty.expect("ready")
    pty.type(bytes: (0..<131_072).map { UInt8($0 & 255) })
    try pty.expect("equal")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func whatIsTypedAheadIsNotLost() throws {
    let pty = try Pty()
    pty.type("early bird\n")
    let app = try pty.run("read line; echo got:$line")
    try pty.expect("got:early bird")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func controlDEndsTheInputAndNotTheTerminal() throws {
    let pty = try Pty()
    let app = try pty.run("cat; echo first-end; cat; echo second-end")
    pty.type("one\n")
    try pty.expect("one\r\none")
    pty.type("\u{4}")
    try pty.expect("first-end")
    pty.type("two\n\u{4}")
    try pty.expect("second-end")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func theAppMayPutItsTerminalInAnyMode() throws {
    let pty = try Pty()
    let app = try pty.run(
      "stty -echo; echo ready; read secret; stty echo; echo length ${#secret}")
    try pty.expect("ready")
    pty.type("hidden\n")
    try pty.expect("length 6")
    try #expect(pty.end(of: app).code == 0)
    #expect(!pty.text.contains("hidden"))
  }

  @Test func theControllingTerminalCanBeOpened() throws {
    let pty = try Pty()
    let app = try pty.run("echo by-its-name >/dev/tty; exec >/dev/null 2>&1; echo again >/dev/tty")
    try pty.expect("by-its-name")
    try pty.expect("again")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func anAppThatClosesItsTerminalForAWhileIsNotHungUp() throws {
    let pty = try Pty()
    let app = try pty.run(
      "exec </dev/null >/dev/null 2>&1; sleep 0.5; echo still-here >/dev/tty; exit 4")
    try pty.expect("still-here")
    try #expect(pty.end(of: app).code == 4)
  }

  @Test func noByteCanBePushedIntoATerminalsInput() throws {
    let pty = try Pty()
    let app = try pty.spawn([
      Executable.path, "run", "--", "perl", "-e",
      "my $c = 'x'; print ioctl(STDIN, 0x5412, $c) ? 'pushed' : 'refused'",
    ])
    try pty.expect("refused")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func aFullScreenProgramWorks() throws {
    let pty = try Pty()
    let script =
      "import curses\ndef main(s):\n s.addstr(3, 5, 'on the screen'); s.refresh()\n"
      + " k = s.getch(); s.addstr(4, 5, 'key %d' % k); s.refresh()\ncurses.wrapper(main)\n"
    let app = try pty.spawn([Executable.path, "run", "--", "python3", "-c", script])
    try pty.expect("on the screen")
    pty.type("k")
    try pty.expect("key 107")
    try #expect(pty.end(of: app).code == 0)
  }

  @Test func terminalNoneGivesTheAppNone() throws {
    let pty = try Pty()
    let before = pty.modes
    let app = try pty.run(
      "test -t 0 -o -t 1 -o -t 2 && exit 9; (echo x >/dev/tty) 2>/dev/null && exit 8; exit 0",
      options: ["--terminal", "none"])
    try #expect(pty.end(of: app).code == 0)
    #expect(pty.modes == before)
  }

  @Test func terminalInheritGivesTheAppTheCallers() throws {
    let pty = try Pty()
    let app = try pty.run(
      "test -t 0 -a -t 1 && ls /dev/pts && cat", options: ["--terminal", "inherit"])
    try pty.expect("ptmx")
    #expect(pty.editsLines)
    pty.type("line\n\u{4}")
    try #expect(pty.end(of: app).code == 0)
    #expect(pty.text.contains("line\r\nline"), "\(pty.text)")
  }
}
