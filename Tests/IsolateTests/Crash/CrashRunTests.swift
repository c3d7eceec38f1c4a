import Glibc
import Testing

@testable import Isolate

/// Crashes of real processes, and their reports.
@Suite struct CrashRunTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var mode: String
    var signal: String
    var by: String
    /// A function that must be on the stack.
    var function: String
    var code: Int32
    var address: String?
    var testDescription: String { mode }
  }

  static let cases = [
    Case(
      mode: "crash-null", signal: "SIGSEGV", by: "kernel", function: "write_null", code: 139,
      address: "0x8"),
    Case(
      mode: "crash-overflow", signal: "SIGSEGV", by: "kernel", function: "use_up_stack", code: 139),
    Case(
      mode: "crash-abort", signal: "SIGABRT", by: "itself", function: "crash_abort", code: 134),
    Case(
      mode: "crash-illegal", signal: "SIGILL", by: "kernel", function: "run_illegal", code: 132),
    Case(
      mode: "crash-jump", signal: "SIGSEGV", by: "kernel", function: "crash_jump", code: 139,
      address: "0x1234567"),
    Case(mode: "crash-smash", signal: "SIGABRT", by: "itself", function: "smash", code: 134),
    Case(
      mode: "crash-again", signal: "SIGSEGV", by: "itself", function: "write_null", code: 139),
  ]

  @Test(arguments: cases) func aReportSaysWhatAndWhere(_ one: Case) throws {
    let scene = try CrashScene()
    let plain = scene.run([one.mode], captures: false)
    let ran = scene.run([one.mode])
    #expect(ran.code == one.code)
    #expect(ran.code == plain.code && ran.output == plain.output)
    #expect(scene.count == 1, "\(ran.errors)")
    let report = try scene.latest()
    let cause = try #require(report["cause"]?.object)
    #expect(cause["signal"]?.string == one.signal)
    #expect(cause["by"]?.string == one.by)
    if let address = one.address { #expect(cause["address"]?.string == address) }
    #expect(CrashScene.symbols(report).contains(one.function), "\(CrashScene.symbols(report))")
    #expect(report["unwinder"]?.object?["is-complete"]?.boolean == true, "\(report)")
    #expect(report["end"]?.string == "signal")
    #expect((report["mapping-count"]?.integer ?? 0) > 5)
    #expect(report["profile-hash"]?.string?.utf8.count == 32)
    #expect(CrashScene.threads(report).first?["registers"]?.object?.members.isEmpty == false)
    #expect(scene.crashes(["show", "latest"]).output.contains(one.function))
  }

  #if arch(x86_64)
    @Test func aDivisionByZeroIsOne() throws {
      let scene = try CrashScene()
      #expect(scene.run(["crash-divide"]).code == 136)
      let report = try scene.latest()
      #expect(report["cause"]?.object?["code"]?.string == "FPE_INTDIV")
      #expect(CrashScene.symbols(report).first == "divide_by_zero")
    }
  #endif

  @Test func aStrippedProgramHasPlacesInItsFile() throws {
    let scene = try CrashScene()
    let bare = scene.scratch.path + "/bare"
    let strip = Run.shell("cp \"$1\" \"$2\" && strip \"$2\"", [Executable.victim, bare])
    try #require(strip.code == 0, "\(strip.errors)")
    let ran = scene.run(["crash-null"], options: ["--read", bare], program: bare)
    #expect(ran.code == 139)
    let report = try scene.latest()
    let frame = try #require(CrashScene.frames(CrashScene.threads(report).first).first)
    #expect(frame["symbol"] == nil)
    #expect(frame["module"]?.string == bare)
    #expect(frame["offset"]?.string?.hasPrefix("0x") == true)
    /* Other addresses, the same group. */
    _ = scene.run(["crash-null"], options: ["--read", bare], program: bare)
    #expect(try scene.latest()["group"] == report["group"])
    #expect(try scene.latest()["id"]?.integer == 2)
  }

  @Test("every thread is listed") func everyThreadIsListed() throws {
    let scene = try CrashScene()
    let ran = scene.run(["crash-thread", "5", "a\u{1b}[2J\nb"])
    #expect(ran.code == 139)
    let report = try scene.latest()
    let threads = CrashScene.threads(report)
    #expect(threads.count == 7 && report["thread-count"]?.integer == 7)
    #expect(CrashScene.symbols(report).contains("crash_in_thread"))
    let waiting = threads.filter {
      CrashScene.frames($0).contains { $0["symbol"]?.string == "wait_here" }
    }
    #expect(waiting.count == 5)
    let shown = scene.crashes(["show", "latest"]).output
    #expect(!shown.utf8.contains(0x1b), "a thread's name reached the terminal")
    #expect(shown.contains("a\\u{1b}[2J\\nb"))
  }

  @Test func aChildOfTheAppHasAReportAndTheAppGoesOn() throws {
    let scene = try CrashScene()
    let ran = scene.run(["crash-child"])
    #expect(ran.code == 0 && ran.output.contains("crash-child: done"), "\(ran.errors)")
    let report = try scene.latest()
    #expect(CrashScene.symbols(report).first == "write_null")
    #expect(report["end"]?.string == "exited")
  }

  @Test func aRefusedSystemCallThatKillsHasAReport() throws {
    let scene = try CrashScene()
    let ran = scene.run(["crash-refused"], options: ["--set", "syscalls.refuse-with=kill"])
    #expect(ran.code == 159, "\(ran.errors)")
    let report = try scene.latest()
    #expect(report["cause"]?.object?["signal"]?.string == "SIGSYS")
    #expect(report["cause"]?.object?["by"]?.string == "filter")
    #expect(report["cause"]?.object?["call"]?.string == "swapon")
    #expect(CrashScene.symbols(report).contains("crash_refused"), "\(CrashScene.symbols(report))")
  }

  @Test func whoSentTheSignalIsSaid() throws {
    let scene = try CrashScene()
    let ran = Run.command(
      [Executable.path, "run", "--crash-report", scene.reports, "--", "/bin/sh", "-c"]
        + ["sleep 100 & kill -ABRT $!; wait $!; echo $?"])
    #expect(ran.output == "134\n")
    let cause = try #require(try scene.latest()["cause"]?.object)
    #expect(cause["by"]?.string == "process")
    #expect(cause["words"]?.string?.hasSuffix("of the app sent the signal") == true)
  }

  @Test func whatIsCaughtIsNoCrash() throws {
    let scene = try CrashScene()
    let ran = scene.run(["crash-caught"])
    #expect(ran.code == 0 && ran.output == "crash-caught: done\n", "\(ran.output)\(ran.errors)")
    #expect(scene.count == 0)
  }

  @Test("without being asked nobody looks") func withoutBeingAskedNobodyLooks() throws {
    let ran = Run.command([
      Executable.path, "run", "--", "/bin/sh", "-c", "grep TracerPid /proc/self/status",
    ])
    #expect(ran.output == "TracerPid:\t0\n")
    let asked = Run.command([
      Executable.path, "plan", "--set", "crash.report=true", "--", "/bin/true",
    ])
    #expect(asked.output.contains("start the witness"))
    #expect(!Run.command([Executable.path, "plan", "--", "/bin/true"]).output.contains("witness"))
  }

  @Test("reports are the owner's alone") func reportsAreTheOwnersAlone() throws {
    let scene = try CrashScene()
    _ = scene.run(["crash-null"])
    let modes = Run.shell("stat -c %a \"$1\" \"$1\"/*", [scene.reports]).output
    #expect(modes == "700\n600\n")
  }

  @Test func anAppThatMayTraceHasNoReportAndIsToldSo() throws {
    let scene = try CrashScene()
    let ran = scene.run(
      ["crash-null"],
      options: ["--allow-syscall", "ptrace", "--relax", "syscalls.allow=a debugger"])
    #expect(ran.code == 139)
    #expect(ran.errors.contains("nobody looks at crashes: the app may use ptrace"), "\(ran.errors)")
    #expect(scene.count == 0)
  }
}
