import Glibc
import Testing

/// Odd callers: closed and leaked descriptors, full disks, strange arguments, sudden death.
@Suite(.serialized) struct CallerTests {
  private let isolated = Executable.path

  @Test(arguments: 0...7)
  func closedStandardDescriptorsAreNull(combination: Int) throws {
    let scratch = try Scratch()
    var setup = Spawned.Setup()
    for number in 0...2 where combination & (1 << number) != 0 { setup.files[number] = .closed }
    let app = try Spawned(
      [
        isolated, "run", "--write", scratch.path, "--", "sh", "-c",
        "ls -l /proc/self/fd >\(scratch.path)/fds 2>/dev/null; exit 4",
      ], setup)
    try #expect(app.wait().code == 4)
    let open = scratch.content("fds").split(separator: "\n").filter { $0.contains("-> ") }
    /* 0, the file that ls writes to, its 2, and the directory it reads. */
    #expect(open.count == 4, "\(open)")
    #expect(open.filter { $0.hasSuffix("/dev/null") }.count == 2, "\(open)")
  }

  @Test func aFullDiskIsTheAppsToSee() throws {
    let ran = Run.shell("\"$1\" run -- sh -c 'echo x || exit 12' >/dev/full", [isolated])
    #expect(ran.code == 12)
  }

  @Test func aClosedPipeIsTheAppsToSee() throws {
    let ran = Run.shell(
      "{ \"$1\" run -- perl -e 'select undef,undef,undef,0.3; $| = 1; print \"x\" x 100000; print \"y\"'; "
        + "echo code=$? >&2; } | :", [isolated])
    #expect(ran.errors.contains("code=141"), "\(ran.errors)")
  }

  @Test func aDeletedWorkingDirectoryIsNoObstacle() throws {
    let ran = Run.shell(
      "d=$(mktemp -d); cd \"$d\"; rmdir \"$d\"; \"$1\" run -- pwd", [isolated])
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output.hasPrefix("/"))
  }

  @Test func noLeakedDescriptorReachesTheApp() throws {
    let ran = Run.command([
      "/bin/bash", "-c",
      "for i in $(seq 10 900); do eval \"exec $i</etc/passwd\"; done; exec \"$0\" run -- "
        + "sh -c 'ls /proc/self/fd'", isolated,
    ])
    #expect(ran.output.split(separator: "\n").map(String.init) == ["0", "1", "2", "3"])
  }

  @Test func aTightLimitOfDescriptorsIsEnoughOrSaidSo() throws {
    for limit in [6, 8, 10, 12, 16, 24] {
      let script =
        "for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -gt 2 ] && eval \"exec $n>&-\"; done; "
        + "ulimit -n \(limit); exec \"$0\" run -- echo fine"
      let ran = Run.command(["/bin/bash", "-c", script, isolated])
      if ran.code == 0 {
        #expect(ran.output == "fine\n")
      } else {
        #expect(ran.code == 125 || ran.code == 127, "\(limit): \(ran.code) \(ran.errors)")
        #expect(!ran.errors.isEmpty)
      }
      if limit >= 24 { #expect(ran.code == 0, "\(ran.errors)") }
    }
  }

  @Test func everyByteOfArgumentsAndEnvironmentArrives() throws {
    let bytes = (1...255).map { UInt8($0) }
    let odd: [[UInt8]] = [
      bytes, [0xff, 0xfe], [0xf4, 0x8f, 0xb9, 0x81], Array("two\nlines".utf8), [], [0xc3], [0x80],
      [0xed, 0xa0, 0x80], Array("ä€😀".utf8),
    ]
    let scratch = try Scratch()
    var setup = Spawned.Setup()
    setup.files[1] = .path(scratch.path + "/out", O_WRONLY | O_CREAT)
    setup.files[2] = .path(scratch.path + "/err", O_WRONLY | O_CREAT)
    setup.environment = [Array("PATH=/usr/bin:/bin".utf8), Array("LC_ODD=".utf8) + bytes]
    let print = "print map { unpack('H*', $_) . \"\\n\" } @ARGV, $ENV{LC_ODD}"
    let words = [isolated, "run", "--", "perl", "-e", print].map { Array($0.utf8) } + odd
    let app = try Spawned(bytes: words, setup)
    try #expect(app.wait().code == 0, "\(scratch.content("err"))")
    let expected = (odd + [bytes]).map { word in
      word.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    let lines = scratch.content("out").split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.dropLast().map(String.init) == expected)
  }

  @Test func aPathThatIsNotTextCanBeShown() throws {
    let scratch = try Scratch()
    let name = Array((scratch.path + "/n").utf8) + [0xff, 0xfe]
    var setup = Spawned.Setup()
    let made = try Spawned(bytes: [Array("/bin/mkdir".utf8), name], setup)
    try made.wait()
    setup.files[1] = .path(scratch.path + "/out", O_WRONLY | O_CREAT)
    setup.files[2] = .path(scratch.path + "/err", O_WRONLY | O_CREAT)
    let words = [isolated, "run", "--read"].map { Array($0.utf8) } + [name]
    let app = try Spawned(
      bytes: words + ["--", "test", "-d"].map { Array($0.utf8) } + [name], setup)
    try #expect(app.wait().code == 0, "\(scratch.content("err"))")
    let absent: [[UInt8]] = [isolated, "run", "--read"].map { Array($0.utf8) } + [name + [0xfd]]
    let missing = try Spawned(bytes: absent + ["--", "true"].map { Array($0.utf8) }, setup)
    try #expect(missing.wait().code == 125)
    #expect(scratch.content("err").contains("n\\xff\\xfe\\xfd"), "\(scratch.content("err"))")
  }

  @Test func aProgramWithoutANameStarts() throws {
    var setup = Spawned.Setup()
    setup.files[2] = .path("/dev/null", O_WRONLY)
    let app = try Spawned(bytes: [[], Array("--version".utf8)], path: isolated, setup)
    try #expect(app.wait().code == 0)
  }

  @Test func hugeArgumentsAndEnvironments() throws {
    let scratch = try Scratch()
    var setup = Spawned.Setup()
    setup.files[1] = .path(scratch.path + "/out", O_WRONLY | O_CREAT)
    let large = [UInt8](repeating: 0x61, count: 100_000)
    setup.environment = [Array("PATH=/usr/bin:/bin".utf8)]
    for number in 0..<10 { setup.environment?.append(Array("LC_\(number)=".utf8) + large) }
    let words = [isolated, "run", "--", "sh", "-c", "echo ${#LC_9} $#", "sh"].map { Array($0.utf8) }
    let app = try Spawned(
      bytes: words + [[UInt8]](repeating: large, count: 5)
        + [[UInt8]](repeating: [0x62], count: 2000),
      setup)
    try #expect(app.wait().code == 0)
    #expect(scratch.content("out") == "100000 2005\n")
  }

  @Test func asTheFirstProcessOfAnotherNamespace() throws {
    let flags = Privileges.isRoot ? "-pf" : "-Urpf"
    let ran = Run.command([
      "/usr/bin/unshare", flags, "--mount-proc", isolated, "run", "--", "sh", "-c", "exit 5",
    ])
    #expect(ran.code == 5, "\(ran.errors)")
  }

  @Test func initKilledFromOutsideIsSaid() throws {
    let scratch = try Scratch()
    var setup = Spawned.Setup()
    setup.files[2] = .path(scratch.path + "/err", O_WRONLY | O_CREAT)
    let marker = "97\(getpid()).25"
    let app = try Spawned([isolated, "run", "--", "sleep", marker], setup)
    /* The supervisor and the app; init, between them, has forgotten its command line. */
    try #require(Moment.within(20) { Leftovers.processes(marker).count == 2 })
    let child = Run.read("/proc/\(app.pid)/task/\(app.pid)/children")
    let pid = try #require(Int32(child.split(separator: " ").first ?? ""))
    _ = kill(pid, SIGKILL)
    try #expect(app.wait().code == 137)
    #expect(scratch.content("err").contains("its init was killed from outside"))
    #expect(Leftovers.processes(marker).isEmpty)
  }
}
