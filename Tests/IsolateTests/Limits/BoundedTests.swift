import Glibc
import Isolate
import Testing

/// Each attack without its limit, where it succeeds, and with it, where it is bounded and the report says by what.
@Suite("Limits without a cgroup", .serialized)
struct BoundedTests {
  @Test("without a limit each attack succeeds", arguments: LimitAttack.allCases)
  func unlimited(attack: LimitAttack) {
    let ran = attack.run(["--quiet", "--private", "/tmp"])
    #expect(ran.code == 0, "\(attack): \(ran.errors)")
    #expect(ran.output.contains(#""cause":"exited","exit-code":0"#))
    #expect(ran.output.contains(#""limits-met":[]"#))
  }

  @Test(
    "memory of all processes together, mapped or not",
    arguments: [LimitAttack.manyMemories, .memoryFile, .segments, .storage])
  func memory(attack: LimitAttack) {
    let ran = attack.run(["--limit", "memory=64M"])
    #expect(ran.code == 137)
    #expect(
      ran.errors.contains(
        "python3 was killed: over limits.memory = 64M (command line:argument 4, sampled)"))
    #expect(ran.errors.contains("limits.memory is enforced without a cgroup"))
    #expect(ran.output.contains(#""cause":"memory-limit","exit-code":137"#))
    #expect(
      ran.output.contains(
        #"{"limit":"limits.memory","amount":67108864,"unit":"bytes","rule":"command line:argument 4","enforcement":"sampled","sign":"ended"}"#
      ))
  }

  @Test("a fork bomb, although it ends by itself") func forks() {
    let ran = LimitAttack.forks.run(["--quiet", "--limit", "processes=20"])
    #expect(ran.code == 11, "EAGAIN")
    #expect(ran.errors.contains("limits.processes = 20 was met (command line:argument 5, rlimit)"))
    #expect(ran.output.contains(#""cause":"exited","exit-code":11"#))
    #expect(
      ran.output.contains(
        #"{"limit":"limits.processes","amount":20,"unit":"count","rule":"command line:argument 5","enforcement":"rlimit","sign":"reached"}"#
      ))
  }

  @Test("a flood of descriptors") func descriptors() {
    let ran = LimitAttack.descriptors.run(["--quiet", "--limit", "open-files=64"])
    #expect(ran.code == 24, "EMFILE")
    #expect(ran.errors.contains("limits.open-files = 64 was met (command line:argument 5, rlimit)"))
    #expect(ran.output.contains(#""limit":"limits.open-files","amount":64"#))
  }

  @Test("a private file system is full") func fullFileSystem() {
    let profile = "/tmp/isolated-limits-\(getpid()).toml"
    Run.write(
      "extends = [\"default\"]\nfiles.private = [{ path = \"/tmp\", size = \"1M\" }]\n", to: profile
    )
    defer { _ = unsafe unlink(profile) }
    let ran = LimitAttack.files.run(["--quiet", "--profile", profile])
    #expect(ran.code == 28, "ENOSPC: \(ran.errors)")
    #expect(ran.errors.contains("the private file system on /tmp was full: 1M (\(profile):2)"))
    #expect(
      ran.output.contains(
        #"{"limit":"files.private","path":"/tmp","amount":1048576,"unit":"bytes","rule":"\#(profile):2","enforcement":"file system","sign":"reached"}"#
      ))
  }

  @Test("a file too large") func fileSize() {
    let ran = LimitAttack.largeFile.run(["--quiet", "--private", "/tmp", "--limit", "file-size=1M"])
    #expect(ran.code == 128 + 25, "SIGXFSZ")
    #expect(ran.errors.contains("over limits.file-size = 1M (command line:argument 7, rlimit)"))
    #expect(ran.output.contains(#""cause":"file-size-limit""#))
  }

  @Test("CPU time, although no process uses much of it") func cpuTime() {
    let ran = LimitAttack.spinners.run(["--quiet", "--limit", "cpu-time=1s"])
    #expect(ran.code == 137)
    #expect(ran.errors.contains("over limits.cpu-time = 1s (command line:argument 5, sampled)"))
    #expect(ran.output.contains(#""cause":"cpu-time-limit""#))
  }

  @Test("time by the clock") func wallTime() {
    let ran = LimitAttack.sleeper.run(["--quiet", "--limit", "wall-time=1s"])
    #expect(ran.code == 137)
    #expect(ran.errors.contains("over limits.wall-time = 1s (command line:argument 5, timer)"))
    #expect(ran.output.contains(#""cause":"wall-time-limit""#))
  }

  @Test("address space, reported as near when the app fails for it") func addressSpace() {
    let ran = LimitAttack.mapping.run(["--quiet", "--limit", "address-space=128M"])
    #expect(ran.code == 12, "ENOMEM: \(ran.errors)")
    #expect(ran.output.contains(#""limit":"limits.address-space","amount":134217728"#))
  }

  @Test("a CPU share that cannot be enforced is announced, and an error where it is required")
  func cpuShare() {
    let ran = Run.command([Executable.path, "run", "--limit", "cpu=0.5", "--", "true"])
    #expect(ran.code == 0)
    #expect(ran.errors.contains("limits.cpu is not enforced"))
    let text = "extends = [\"default\"]\nrequire = [\"limits.cpu\"]\nlimits.cpu = \"unlimited\"\n"
    let profile = "/tmp/isolated-share-\(getpid()).toml"
    Run.write(text, to: profile)
    defer { _ = unsafe unlink(profile) }
    let required = Run.command([Executable.path, "run", "--profile", profile, "--", "true"])
    #expect(required.code == 125)
    #expect(required.errors.contains("limits.cpu is required"))
  }
}
