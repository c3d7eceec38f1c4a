import Testing

@testable import Isolate

@Suite("Why an app ended")
struct AppEndTests {
  private func evidence(_ change: (inout Evidence) -> Void) -> Evidence {
    var evidence = Evidence()
    change(&evidence)
    return evidence
  }

  private func signaled(_ signal: Int32, _ change: (inout Evidence) -> Void = { _ in }) -> Evidence
  {
    evidence {
      $0.status = .signaled(signal: signal, dumpedCore: true)
      change(&$0)
    }
  }

  @Test("is what we did ourselves before what the kernel says") func oursFirst() {
    #expect(signaled(9) { $0.wallTimePassed = true }.cause == .wallTimeLimit)
    #expect(signaled(9) { $0.memoryExceeded = true }.cause == .memoryLimit)
    #expect(signaled(15) { $0.stopSignal = 15 }.cause == .stopped(by: 15, forced: false))
    let forced = signaled(9) {
      $0.stopSignal = 15
      $0.wasForced = true
    }
    #expect(forced.cause == .stopped(by: 15, forced: true))
    // Ended by another signal than the one that was asked for: its own crash.
    #expect(signaled(11) { $0.stopSignal = 15 }.cause == .signal(11, dumpedCore: true))
  }

  @Test("is read from the signal and the limits in force") func signals() {
    #expect(signaled(31).cause == .refusedSystemCall)
    #expect(signaled(9) { $0.memoryKills = 1 }.cause == .memoryLimit)
    #expect(signaled(24) { $0.cpuTimeIsLimited = true }.cause == .cpuTimeLimit)
    #expect(signaled(9) { $0.cpuTimeIsUsedUp = true }.cause == .cpuTimeLimit)
    #expect(signaled(24).cause == .signal(24, dumpedCore: true))
    #expect(signaled(25) { $0.fileSizeIsLimited = true }.cause == .fileSizeLimit)
    #expect(signaled(25).cause == .signal(25, dumpedCore: true))
    #expect(evidence { $0.status = .exited(code: 3) }.cause == .exited(code: 3))
  }

  @Test("is a guess from init's own end when init could not report") func lost() {
    #expect(evidence { $0.stopSignal = 2 }.cause == .stopped(by: 2, forced: false))
    #expect(evidence { $0.memoryKills = 2 }.cause == .memoryLimit)
    let killed = evidence { $0.initStatus = .signaled(signal: 11, dumpedCore: false) }
    #expect(killed.cause == .lost(signal: 11))
    #expect(evidence { _ in }.cause == .lost(signal: 9))
  }

  @Test("gives the code that a shell gives") func codes() {
    func code(_ evidence: Evidence) -> Int32 {
      AppEnd(evidence: evidence, use: ResourceUse(), limitsMet: []).exitCode
    }
    #expect(code(evidence { $0.status = .exited(code: 7) }) == 7)
    #expect(code(signaled(11)) == 139)
    #expect(code(signaled(31)) == 159)
    #expect(code(signaled(9) { $0.wallTimePassed = true }) == 137)
    #expect(code(evidence { $0.wallTimePassed = true }) == 137)
    let early = evidence {
      $0.status = .exited(code: 0)
      $0.memoryExceeded = true
    }
    #expect(code(early) == 129, "never a success")
  }

  @Test(
    "has one word for programs",
    arguments: [
      (Cause.exited(code: 0), "exited"), (.signal(11, dumpedCore: false), "signal"),
      (.refusedSystemCall, "system-call"), (.memoryLimit, "memory-limit"),
      (.cpuTimeLimit, "cpu-time-limit"), (.fileSizeLimit, "file-size-limit"),
      (.wallTimeLimit, "wall-time-limit"), (.stopped(by: 15, forced: true), "stopped"),
      (.lost(signal: 9), "lost"),
    ])
  func words(cause: Cause, word: String) {
    #expect(cause.word == word)
  }

  @Test("has a signal only where there was one") func signalOfCause() {
    #expect(Cause.signal(11, dumpedCore: false).signal == 11)
    #expect(Cause.stopped(by: 15, forced: false).signal == 15)
    #expect(Cause.lost(signal: 9).signal == 9)
    #expect(Cause.refusedSystemCall.signal == 31)
    #expect(Cause.exited(code: 1).signal == nil)
    #expect(Cause.wallTimeLimit.signal == nil)
  }

  @Test("is read from what waitpid gives") func waitStatus() {
    #expect(ExitStatus(waitStatus: 0x0300) == .exited(code: 3))
    #expect(ExitStatus(waitStatus: 0x008b) == .signaled(signal: 11, dumpedCore: true))
    #expect(ExitStatus(waitStatus: 9) == .signaled(signal: 9, dumpedCore: false))
    #expect(ExitStatus(waitStatus: 9).shellCode == 137)
    #expect(ExitStatus(waitStatus: 0x0300).shellCode == 3)
  }
}

@Suite("What a person is told at the end")
struct EndTextTests {
  private func line(_ cause: Cause, _ limits: Limits = Limits()) -> String? {
    var evidence = Evidence()
    evidence.status = .exited(code: 1)
    var end = AppEnd(evidence: evidence, use: ResourceUse(), limitsMet: [])
    end.cause = cause
    return EndText.line(end, app: "app", limits: limits)
  }

  @Test("is nothing where the exit status says it all") func silent() {
    #expect(line(.exited(code: 1)) == nil)
    #expect(line(.signal(SignalNumber.interrupt, dumpedCore: false)) == nil)
    #expect(line(.stopped(by: SignalNumber.interrupt, forced: false)) == nil)
  }

  @Test("names the signal of a crash and whether there is a core", arguments: [4, 5, 6, 7, 8, 11])
  func crashes(signal: Int32) throws {
    let text = try #require(line(.signal(signal, dumpedCore: true)))
    #expect(text.hasPrefix("app crashed: \(EndText.name(signal)) ("))
    #expect(text.hasSuffix("; core dumped"))
    let bare = try #require(line(.signal(signal, dumpedCore: false)))
    #expect(bare.hasSuffix("; no core was dumped"))
  }

  @Test("calls no end a crash that somebody asked for") func ended() {
    #expect(line(.signal(15, dumpedCore: false)) == "app was ended by SIGTERM")
    #expect(line(.signal(9, dumpedCore: false))?.contains("nothing of ours") == true)
    #expect(line(.stopped(by: 15, forced: false)) == "app was stopped by SIGTERM")
    #expect(line(.stopped(by: 15, forced: true))?.hasSuffix("was killed") == true)
    #expect(line(.lost(signal: 9))?.contains("init was killed from outside (SIGKILL)") == true)
    #expect(line(.refusedSystemCall)?.contains("SIGSYS") == true)
    #expect(EndText.name(200) == "signal 200")
  }

  private static let place = Position(file: "f", line: 3)

  private func limits(_ name: LimitName, _ amount: UInt64) -> Limits {
    let limit = Limit(amount: amount, enforcement: .rlimit, position: Self.place)
    var limits = Limits()
    limits[name] = limit
    return limits
  }

  @Test(
    "names the limit that was the cause, its amount and its rule",
    arguments: [
      (Cause.memoryLimit, LimitName.memory, "limits.memory = 1M"),
      (.fileSizeLimit, .fileSize, "limits.file-size = 1M"),
      (.cpuTimeLimit, .cpuTime, "limits.cpu-time = "),
      (.wallTimeLimit, .wallTime, "limits.wall-time = "),
    ])
  func limitOfCause(cause: Cause, name: LimitName, part: String) throws {
    let text = try #require(line(cause, limits(name, 1 << 20)))
    #expect(text.hasPrefix("app was killed: over \(part)"), "\(text)")
    #expect(text.contains("f:3"))
    #expect(line(cause) == "app was killed: over \(name.key)")
  }

  private func met(_ sign: LimitMet.Sign, _ name: LimitName = .processes) -> LimitMet {
    LimitMet(name, Limit(amount: 7, enforcement: .rlimit, position: Self.place), sign)
  }

  @Test("tells of limits that were met on the way, not of the one that was the cause")
  func metOnTheWay() {
    let full = LimitMet(
      what: .privateFiles(path: "/tmp"), amount: 1 << 20, enforcement: nil, position: Self.place,
      sign: .reached)
    var unplaced = full
    unplaced.position = nil
    let lines = EndText.lines(
      [
        met(.ended), met(.throttled(5), .cpu), met(.killed(2), .memory), met(.refused(3)),
        met(.reached), met(.near, .addressSpace), full, unplaced,
      ], cause: .exited(code: 1))
    #expect(lines.count == 6)
    #expect(lines[0].hasSuffix("the kernel killed 2 of its processes"))
    #expect(lines[1].hasSuffix("the kernel refused 3 times"))
    #expect(lines[2].hasPrefix("limits.processes = 7 was met (f:3"))
    #expect(lines[3].hasSuffix("with nearly all of it in use"))
    #expect(lines[4] == "the private file system on /tmp was full: 1M (f:3)")
    #expect(lines[5].hasSuffix("its size is set by files.private"))
    #expect(EndText.lines([met(.killed(2), .memory)], cause: .memoryLimit).isEmpty)
    #expect(full.key == "files.private" && met(.reached).key == "limits.processes")
    #expect(EndText.unit(full) == "bytes")
  }

  @Test("has words for programs") func programWords() {
    let signs: [LimitMet.Sign] = [
      .ended, .killed(1), .refused(1), .reached, .near, .throttled(1),
    ]
    #expect(
      signs.map(EndText.word) == [
        "ended", "killed", "refused", "reached", "near", "throttled",
      ])
    let units = [LimitName.memory, .processes, .cpu, .wallTime].map {
      EndText.unit(met(.reached, $0))
    }
    #expect(units == ["bytes", "count", "thousandths", "milliseconds"])
    let cpu = EndText.lines([met(.reached, .cpu)], cause: .exited(code: 0))
    #expect(cpu.first?.hasPrefix("limits.cpu = ") == true)
  }
}
