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
}
