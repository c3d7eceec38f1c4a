import Glibc
import Isolate
import Testing

/// Signals to `isolated run`, and how it ends.
@Suite(.serialized) struct SignalTests {
  private let isolated = Executable.path

  /// Starts a script with its output in files of `scratch`, and waits for "ready" there.
  private func start(
    _ script: String, _ options: [String] = [], in scratch: Scratch, blocked: [Int32] = [],
    status: Bool = false
  ) throws -> Spawned {
    var setup = Spawned.Setup()
    let flags = O_WRONLY | O_CREAT | O_APPEND
    setup.files = [
      .path("/dev/null", O_RDONLY), .path(scratch.path + "/out", flags),
      .path(scratch.path + "/err", flags),
    ]
    setup.blocked = blocked
    let app = try Spawned([isolated, "run"] + options + ["--", "sh", "-c", script], setup)
    try #require(
      Moment.within(20) { scratch.content("out").contains("ready") || app.poll() != nil })
    return app
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGWINCH])
  func aSignalReachesTheApp(signal: Int32) throws {
    let scratch = try Scratch()
    let app = try start(
      "trap 'echo got; exit 9' \(signal); echo ready; while :; do sleep 0.05; done", in: scratch)
    app.send(signal)
    try #expect(app.wait(seconds: 20).code == 9)
    #expect(scratch.content("out").contains("got"))
  }

  @Test func theStopSignalIsTheProfiles() throws {
    let scratch = try Scratch()
    let app = try start(
      "trap 'echo asked; exit 5' USR2; echo ready; while :; do sleep 0.05; done",
      ["--stop-signal", "SIGUSR2"], in: scratch)
    app.send(SIGTERM)
    try #expect(app.wait(seconds: 20).code == 5)
  }

  @Test func whatIgnoresEverythingIsKilledAndSaidSo() throws {
    let scratch = try Scratch()
    let app = try start(
      "trap '' TERM INT HUP QUIT USR1; (setsid sh -c \"trap '' TERM; sleep 99\" &) ; echo ready; "
        + "while :; do sleep 0.05; done", ["--stop-timeout", "300ms"], in: scratch)
    app.send(SIGTERM)
    usleep(50_000)
    app.send(SIGTERM)
    let end = try app.wait(seconds: 20)
    #expect(end.code == 137)
    #expect(scratch.content("err").contains("was stopped by SIGTERM"))
    #expect(scratch.content("err").contains("did not end in time and was killed"))
  }

  @Test func aHangUpSignalFromAProcessDoesNotSetAnEnd() throws {
    let scratch = try Scratch()
    let app = try start(
      "trap 'echo reread' HUP; echo ready; while :; do sleep 0.05; done",
      ["--stop-timeout", "100ms"], in: scratch)
    app.send(SIGHUP)
    #expect(Moment.within(10) { scratch.content("out").contains("reread") })
    usleep(400_000)
    #expect(app.poll() == nil)
    app.send(SIGTERM)
    try #expect(app.wait(seconds: 20).code == 143)
  }

  @Test(arguments: [0, 1, 3, 125, 255] as [Int32])
  func theAppsOwnCodeIsTheExitCode(code: Int32) throws {
    #expect(Run.command([isolated, "run", "--", "sh", "-c", "exit \(code)"]).code == code)
  }

  @Test(
    arguments: [
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 64,
    ] as [Int32])
  func aFatalSignalGives128AndItsNumber(signal: Int32) throws {
    let ran = Run.command([isolated, "run", "--", "sh", "-c", "kill -\(signal) $$; sleep 9"])
    #expect(ran.code == 128 + signal)
    let isSilent = signal == SIGINT || signal == SIGPIPE
    #expect(ran.errors.isEmpty == isSilent, "\(ran.errors)")
    #expect(ran.errors.contains("crashed") == [4, 5, 6, 7, 8, 11].contains(signal))
  }

  @Test func orphansAreReaped() throws {
    let script =
      "for (1..200) { my $p = fork(); if (!$p) { if (!fork()) { exit 0 } exit 0 } waitpid($p, 0) }"
      + "for (1..200) { my $n = () = `cat /proc/[0-9]*/stat 2>/dev/null` =~ /\\) Z /g;"
      + "if (!$n) { print 'none'; exit 0 } select(undef, undef, undef, 0.02) } print 'zombies'"
    let ran = Run.command([isolated, "run", "--", "perl", "-e", script])
    #expect(ran.output == "none")
  }

  @Test func whatLeftTheSessionEndsWithTheApp() throws {
    let scratch = try Scratch()
    let marker = "31\(getpid())7.5"
    let ran = Run.command([
      isolated, "run", "--", "sh", "-c",
      "setsid sleep \(marker) </dev/null >/dev/null 2>&1 & (setsid sh -c 'sleep \(marker)' &); exit 0",
    ])
    #expect(ran.code == 0)
    #expect(Leftovers.processes(marker).isEmpty)
    _ = scratch
  }

  @Test(arguments: [[SIGCHLD], [SIGTERM, SIGPIPE], [SIGHUP]] as [[Int32]])
  func ignoredSignalsOfTheCallerDoNotMatter(signals: [Int32]) throws {
    let names = signals.map { "\($0)" }.joined(separator: " ")
    let script = "trap '' \(names); exec \"$0\" run -- sh -c 'kill -TERM $$; sleep 5'"
    #expect(Run.shell("\(script)", []).code != 0)
    let ran = Run.command(["/bin/sh", "-c", script, isolated])
    #expect(ran.code == 143, "\(ran.errors)")
  }

  @Test func blockedSignalsOfTheCallerAreNotTheApps() throws {
    let scratch = try Scratch()
    let app = try start(
      "grep SigBlk /proc/self/status; echo ready; exec sleep 50", in: scratch,
      blocked: [SIGTERM, SIGCHLD, SIGUSR1])
    #expect(scratch.content("out").contains("SigBlk:\t0000000000000000"))
    app.send(SIGTERM)
    try #expect(app.wait(seconds: 20).code == 143)
  }

  @Test func aStatusReaderThatIsGoneDoesNotHurtTheApp() throws {
    let ran = Run.shell(
      "{ \"$1\" run --json-status-fd 9 -- sh -c 'sleep 0.3; exit 6' 9>&1 >/dev/null; echo $? >&2; } | :",
      [isolated])
    #expect(ran.errors.contains("6"), "\(ran.errors)")
  }

  @Test func underNohupAHangUpIsNotPassedOn() throws {
    let ran = Run.shell(
      "trap '' HUP; \"$1\" run -- sh -c 'sleep 1; exit 8' & p=$!; sleep 0.5; kill -HUP $p; wait $p",
      [isolated])
    #expect(ran.code == 8)
  }

  @Test(
    arguments: [
      ("exit 3", "exited", 3), ("kill -SEGV $$", "signal", 139),
      ("exec /no/such", "exited", 127),
    ] as [(String, String, Int)])
  func everyEventIsOneLineOfJSON(script: String, cause: String, code: Int) throws {
    let ran = Run.command([isolated, "run", "--json-status-fd", "1", "--", "sh", "-c", script])
    let lines = ran.output.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines { #expect(isJSON(String(line)), "\(line)") }
    #expect(lines.last?.contains("\"cause\":\"\(cause)\"") == true, "\(ran.output)")
    #expect(lines.last?.contains("\"exit-code\":\(code)") == true, "\(ran.output)")
  }

  @Test(arguments: [
    (["--", "/no/such \"program\"\n"], "failed"), (["--read", "/no/such", "--", "true"], "failed"),
    (["--profile", "/no/such/profile.toml", "--", "true"], "failed"),
    (["--limit", "wall-time=200ms", "--", "sleep", "9"], "wall-time-limit"),
    (["--limit", "cpu-time=1s", "--", "sh", "-c", "while :; do :; done"], "cpu-time-limit"),
  ])
  func failuresAndLimitsAreJSONToo(words: [String], expected: String) throws {
    let ran = Run.command([isolated, "run", "--json-status-fd", "1"] + words)
    #expect(!ran.output.isEmpty, "\(ran.errors)")
    for line in ran.output.split(separator: "\n") { #expect(isJSON(String(line)), "\(line)") }
    #expect(ran.output.contains("\"\(expected)\""), "\(ran.output)")
  }

  private func isJSON(_ line: String) -> Bool {
    Run.shell("python3 -m json.tool", input: line).code == 0
  }
}

/// What a launch may have left on the host.
enum Leftovers {
  /// The processes whose command line has the marker; zombies have none.
  static func processes(_ marker: String) -> [String] {
    (FileSystem.names(in: "/proc") ?? []).filter { name in
      guard name.utf8.allSatisfy({ (48...57).contains($0) }) else { return false }
      return Run.read("/proc/\(name)/cmdline").contains(marker)
    }
  }

  static var mounts: String { Run.read("/proc/self/mountinfo") }
}
