import Glibc
import Testing

@testable import Isolate

/// Apps that want the one who looks at their crashes to hang, to break, or to show something.
@Suite struct CrashAttackTests {
  /// The pid, here, of the process that traces a process whose command line holds `mark`.
  private func witness(of mark: String) -> pid_t? {
    let script = """
      for p in /proc/[0-9]*; do
        t=$(sed -n 's/^TracerPid:[[:space:]]*//p' $p/status 2>/dev/null)
        [ "${t:-0}" = 0 ] || ! tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q "^sleep $1 " || echo $t
      done
      """
    return pid_t(
      Run.shell(script, [mark]).output.split(separator: "\n").first.map(String.init) ?? "")
  }

  private func sleeper(_ scene: CrashScene, _ mark: String, then: String) throws -> (Spawned, pid_t)
  {
    var setup = Spawned.Setup()
    let flags = O_WRONLY | O_CREAT | O_APPEND
    setup.files = [
      .path("/dev/null", O_RDONLY), .path(scene.scratch.path + "/out", flags),
      .path(scene.scratch.path + "/err", flags),
    ]
    let app = try Spawned(
      [Executable.path, "run", "--crash-report", scene.reports, "--", "/bin/sh", "-c"]
        + ["sleep \(mark) & trap 'kill $!; \(then)' USR1; echo ready; wait; wait"], setup)
    var found: pid_t?
    try #require(
      Moment.within(20) {
        found = scene.scratch.content("out").contains("ready") ? witness(of: mark) : nil
        return found != nil
      })
    return (app, try #require(found))
  }

  @Test("a stopped witness holds nobody up") func aStoppedWitnessHoldsNobodyUp() throws {
    let scene = try CrashScene()
    let (app, witness) = try sleeper(scene, "7431", then: "exit 9")
    kill(witness, SIGSTOP)
    app.send(SIGUSR1)
    #expect(try app.wait(seconds: 20).code == 9)
  }

  @Test("a killed witness costs the report and nothing else")
  func aKilledWitnessCostsTheReportAndNothingElse() throws {
    let scene = try CrashScene()
    let (app, witness) = try sleeper(scene, "7432", then: "kill -SEGV $$")
    kill(witness, SIGKILL)
    app.send(SIGUSR1)
    #expect(try app.wait(seconds: 20).code == 139)
    #expect(scene.count == 0)
    #expect(scene.scratch.content("err").contains("somebody ended the process that looks"))
  }

  @Test func alarmsFromOutsideDoNotChangeHowItEnds() throws {
    let scene = try CrashScene()
    let (app, witness) = try sleeper(scene, "7433", then: "kill -ABRT $$")
    for _ in 0..<200 { kill(witness, SIGUSR2) }
    app.send(SIGUSR1)
    #expect(try app.wait(seconds: 20).code == 134)
    #expect(scene.count == 1)
  }

  @Test("life under capture is as without") func lifeUnderCaptureIsAsWithout() throws {
    let scene = try CrashScene()
    for captures in [false, true] {
      let ran = scene.run(
        ["trace-life"], options: ["--json-status-fd", "2", "--quiet"], captures: captures)
      #expect(ran.code == 0 && ran.output == "trace-life: done\n", "\(captures): \(ran)")
      /* Two hundred children, the stopped one and the app itself were reaped, some by the app. */
      #expect(ran.errors.contains("\"processes\":1}"), "\(ran.errors)")
    }
    #expect(scene.count == 0)
  }

  @Test(.timeLimit(.minutes(2))) func aShellsJobsAreAsWithout() throws {
    let script = """
      set -m; sleep 50 & kill -STOP $!; while ! jobs | grep -q Stopped; do :; done; echo stopped
      kill -CONT $!; kill -KILL $!; while jobs %1 2>/dev/null | grep -qE 'Running|Stopped'; do :; done
      (kill -TERM $BASHPID); echo $?; sh -c 'exec sh -c "exit 4"'; echo $?
      trap 'i=$((i+1))' USR1; i=0; while [ $i -lt 50 ]; do kill -USR1 $$; done; echo $i; exit 6
      """
    let scene = try CrashScene()
    let ran = [[], ["--crash-report", scene.reports]].map {
      Run.command([Executable.path, "run"] + $0 + ["--", "/bin/bash", "-c", script])
    }
    #expect(ran[0].code == 6 && ran[1].code == 6, "\(ran)")
    #expect(ran[0].output == ran[1].output)
    #expect(ran[1].output.hasPrefix("stopped\n143\n4\n50\n"))
  }

  @Test func aRemovedProgramIsStillRead() throws {
    let scene = try CrashScene()
    let copy = scene.scratch.path + "/open"
    _ = Run.shell("mkdir -m 777 \"$1\" && cp \"$2\" \"$1\"/gone", [copy, Executable.victim])
    let profile = scene.scratch.file(
      "removed.toml",
      "extends = [\"default\"]\n[files]\nwrite = [{ path = \"\(copy)\", execute = true }]\n")
    let ran = scene.run(
      ["crash-removed", copy + "/gone"],
      options: ["--profile", profile],
      program: copy + "/gone")
    #expect(ran.code == 139, "\(ran.errors)")
    #expect(CrashScene.symbols(try scene.latest()).first == "write_null")
  }

  @Test(arguments: ["crash-stackless", "crash-mappings"]) func aHostileProcessHasAReport(
    _ mode: String
  ) throws {
    let scene = try CrashScene()
    #expect(scene.run([mode]).code == 139)
    let report = try scene.latest()
    #expect(report["cause"]?.object?["signal"]?.string == "SIGSEGV")
    #expect(!CrashScene.frames(CrashScene.threads(report).first).isEmpty)
    #expect(
      (LargestFile.size(of: scene.reports) ?? .max) < CrashReport.sizeLimit)
  }

  /// Damaged programs are mapped: whatever the unwinder makes of them, there is a report, in time, and the run ends as it would.
  @Test("damaged programs cost frames at most") func damagedProgramsCostFramesAtMost() throws {
    let scene = try CrashScene()
    var random = SeededGenerator(seed: 7)
    let whole = try #require(try FileSystem.contents(Executable.victim, limit: 16 << 20))
    for round in 0..<6 {
      var bytes = whole
      if round == 0 { bytes = Array(bytes.prefix(100)) + [UInt8](repeating: 0xff, count: 65536) }
      for _ in 0..<(round * 200) {
        let place = Int.random(in: 16..<(round % 2 == 0 ? 4096 : bytes.count), using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      let name = "\(scene.scratch.path)/damaged-\u{1b}[31m\n\(round)"
      try Self.write(bytes, to: name)
      let ran = scene.run(["crash-with-file", name], options: ["--read", name])
      #expect(ran.code == 139, "\(round): \(ran.errors)")
      let report = try scene.latest()
      #expect(report["id"]?.integer == Int64(round + 1))
      #expect(!CrashScene.frames(CrashScene.threads(report).first).isEmpty)
      #expect(!scene.crashes(["--json", "show", "latest"]).output.utf8.contains(0x1b))
    }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = unsafe fopen(path, "w") else {
      Issue.record("\(path) cannot be made")
      return
    }
    let written = unsafe fwrite(bytes, 1, bytes.count, file)
    unsafe fclose(file)
    #expect(written == bytes.count)
  }

  /// The unwinder reads what the app chose: it has no network, no files of the caller's, one process.
  @Test("the unwinder may hardly do anything") func theUnwinderMayHardlyDoAnything() throws {
    let app = try Fixture.policy("[files]\nread = [\"/home\"]\nproc = true")
    let policy = UnwinderPolicy.make(
      for: UnwinderPolicy.Subject(app), program: "/usr/bin/eu-stack",
      command: ["/usr/bin/eu-stack"],
      deniesWriteExecute: true)
    #expect(policy.network.mode == .none)
    #expect(policy.files.rules.allSatisfy { $0.kind == .read })
    #expect(!policy.files.rules.contains { $0.source == "/home" })
    #expect(policy.limits.processes?.amount == 1)
    #expect(policy.limits.cpuTimeMilliseconds?.amount == 10_000)
    let refused = ["socket", "connect", "clone", "clone3", "fork", "vfork", "ptrace", "openat2"]
    for call in refused + ["execveat", "kill", "mount", "bpf", "unlinkat", "process_vm_readv"] {
      #expect(!policy.syscalls.allowedCalls.contains(call), "\(call)")
    }
  }
}

/// The size of the largest file in a directory.
enum LargestFile {
  static func size(of directory: String) -> Int? {
    Run.shell("stat -c %s \"$1\"/* | sort -n | tail -1", [directory]).output
      .split(separator: "\n").first.flatMap { Int($0) }
  }
}
