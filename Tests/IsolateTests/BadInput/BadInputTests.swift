import Glibc
import Testing

/// What cannot be run is said in words, with the right exit code, and leaves nothing behind.
@Suite(.serialized) struct BadInputTests {
  private let isolated = Executable.path

  /// Runs something that must be refused, and compares the host before and after.
  private func refused(
    _ words: [String], code: Int32, _ pieces: [String],
    at location: SourceLocation = #_sourceLocation
  ) {
    let mounts = Leftovers.mounts
    let ran = Run.command(words)
    #expect(ran.code == code, "\(ran.errors)", sourceLocation: location)
    for piece in pieces {
      #expect(ran.errors.contains(piece), "\(ran.errors)", sourceLocation: location)
    }
    #expect(ran.output.isEmpty, sourceLocation: location)
    #expect(Leftovers.mounts == mounts, sourceLocation: location)
  }

  private func run(_ options: [String], _ program: String...) -> [String] {
    [isolated, "run"] + options + ["--"] + program
  }

  @Test func aMissingProgram() {
    refused(run([], "/no/such"), code: 127, ["cannot find /no/such"])
    refused(run([], "no-such-one"), code: 127, ["cannot find no-such-one; looked in /usr"])
  }

  @Test func aProgramThatIsNotInTheView() throws {
    let scratch = try Scratch()
    let tool = scratch.file("tool", "#!/bin/sh\n", mode: 0o755)
    refused(
      run([], tool), code: 127, ["is on this machine but not in the app's view", "--read \(tool)"])
  }

  @Test func aDirectoryAsProgram() {
    refused(run([], "/usr"), code: 126, ["cannot execute /usr: it is a directory"])
  }

  @Test func aFileThatMayNotBeExecuted() throws {
    let scratch = try Scratch()
    let file = scratch.file("plain", "true\n")
    refused(
      run(["--read", scratch.path], file), code: 126, ["its mode does not allow it", "chmod +x"])
  }

  @Test func aScriptWithoutAnInterpreterLine() throws {
    let scratch = try Scratch()
    let file = scratch.file("script", "true\n", mode: 0o755)
    refused(run(["--read", scratch.path], file), code: 126, ["interpreter", "#!/bin/sh"])
  }

  @Test func aScriptWhoseInterpreterIsMissing() throws {
    let scratch = try Scratch()
    let file = scratch.file("script", "#!/no/such/interpreter\n", mode: 0o755)
    refused(
      run(["--read", scratch.path], file), code: 127,
      ["its interpreter or loader is not in the app's view"])
  }

  @Test func anEmptyCommand() {
    refused([isolated, "run", "--"], code: 125, ["a command is needed"])
    refused(run([], ""), code: 125, ["a command is needed"])
  }

  @Test func profilesThatCannotBeRead() throws {
    let scratch = try Scratch()
    refused(
      run(["--profile", scratch.path], "true"), code: 125, [scratch.path, "it is a directory"])
    try #require(unsafe mkfifo(scratch.path + "/fifo", 0o644) == 0)
    refused(
      run(["--profile", scratch.path + "/fifo"], "true"), code: 125, ["it is not a regular file"])
    Run.write("x = \u{1}\u{2}", to: scratch.path + "/binary")
    refused(
      run(["--profile", scratch.path + "/binary"], "true"), code: 125, [scratch.path + "/binary:1:"]
    )
    refused(
      [isolated, "run", "no-such-app"], code: 125,
      ["no profile \"no-such-app\"", "looked for profiles/no-such-app.toml"])
    refused(run(["--profile", "/no/such.toml"], "true"), code: 125, ["/no/such.toml"])
  }

  @Test(.enabled(if: !Privileges.isRoot)) func aProfileOfSomebodyElse() throws {
    let scratch = try Scratch()
    let file = scratch.file("closed.toml", "", mode: 0)
    refused(run(["--profile", file], "true"), code: 125, [file, "Permission denied"])
  }

  @Test func aMissingMountPointInABoundDirectory() throws {
    let scratch = try Scratch()
    refused(
      run(["--read", scratch.path, "--private", scratch.path + "/not-there"], "true"), code: 125,
      ["\(scratch.path)/not-there does not exist in a directory of the host", "nothing is created"])
    #expect(Run.command(["/bin/ls", scratch.path]).output.isEmpty)
  }

  @Test func aFullPrivateFileSystemIsTheAppsToSee() throws {
    let scratch = try Scratch()
    let profile = scratch.file(
      "p.toml",
      "extends = [\"default\"]\n[files]\nprivate = [{ path = \"/scratch\", size = \"64K\" }]\n")
    let ran = Run.command(
      run(
        ["--profile", profile], "sh", "-c", "head -c 100000 /dev/zero >/scratch/x && exit 9; exit 3"
      ))
    #expect(ran.code == 3, "\(ran.errors)")
    #expect(ran.errors.contains("No space left on device"))
    #expect(ran.errors.contains("the private file system on /scratch was full"))
  }

  @Test func aHomeThatCannotBeWritten() throws {
    let ran = Run.shell(
      "HOME=/no/such/home XDG_CACHE_HOME=/proc/self/cache exec \"$1\" run -- echo fine", [isolated])
    #expect(ran.output == "fine\n", "\(ran.errors)")
  }

  @Test func withoutProc() {
    for hide in ["umount -l /proc", "mount -t tmpfs none /proc"] {
      /* In a user namespace of its own /proc is locked and can only be covered. */
      if !Privileges.isRoot && hide.hasPrefix("umount") { continue }
      refused(
        [
          "/usr/bin/unshare", Privileges.isRoot ? "-m" : "-Urm", "/bin/sh", "-c",
          "\(hide) && exec \"$0\" run -- true", isolated,
        ],
        code: 125, ["/proc is not mounted here", "mount -t proc"])
    }
  }

  @Test func whereAFreshProcIsNotAllowed() {
    refused(
      [
        "/usr/bin/unshare", "-Urm", "/bin/sh", "-c",
        "mount -t tmpfs none /proc/sys && exec \"$0\" run -- true", isolated,
      ], code: 125, ["mount a fresh proc", "partly covered", "files.proc = false"])
  }

  @Test func whereUserNamespacesAreUsedUp() {
    let ran = Misfortune.run(["userns", "max-userns:0"], ["run", "--", "true"])
    #expect(ran.code == 125)
    #expect(ran.errors.contains("user.max_user_namespaces"), "\(ran.errors)")
  }

  @Test func whereAFilterForbidsNamespaces() {
    let ran = Misfortune.run(["userns", "refuse:unshare:1"], ["run", "--", "true"])
    #expect(ran.code == 125)
    #expect(ran.errors.contains("cannot make the app's namespaces"), "\(ran.errors)")
    #expect(ran.errors.contains("a system-call filter refuses them"), "\(ran.errors)")
  }

  @Test func insideAnotherIsolated() throws {
    let libraries = Run.shell(
      "ldd \"$1\" 2>/dev/null | sed -n 's/.*=> \\(\\/.*\\)\\/[^/]* .*/\\1/p' | sort -u", [isolated]
    ).output.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("/lib") }
    let views = libraries.flatMap { ["--read", $0] }
    refused(
      run(["--read", isolated] + views, isolated, "run", "--", "true"), code: 125,
      ["cannot make the app's namespaces", "another isolated"])
  }

  @Test(.enabled(if: !Privileges.isRoot)) func whereNoMoreProcessesAreAllowed() {
    let ran = Misfortune.run(["processes:1"], ["run", "--", "true"])
    #expect(ran.code == 125)
    #expect(ran.errors.contains("the limit of processes is reached"), "\(ran.errors)")
  }

  @Test func withHardlyAnyMemory() {
    let ran = Run.shell(
      "ulimit -c 0; ulimit -v 40000; exec \"$1\" run -- echo fine 2>&1", [isolated])
    #expect(ran.code == 0 || ran.code >= 125, "\(ran.code) \(ran.output)")
    #expect(!ran.output.isEmpty || !ran.errors.isEmpty)
  }

  @Test func aSourceThatIsReplacedIsNotBound() throws {
    let scratch = try Scratch()
    _ = Run.command(["/bin/mkdir", scratch.path + "/a", scratch.path + "/b"])
    _ = scratch.file("b/secret", "secret")
    /* The name changes hands all the time: what is bound is what was planned, or nothing. */
    let script =
      "cd \"$2\"; (i=0; while [ $i -lt 4000 ] && [ -e run ]; do mv a c; mv b a; mv c b; i=$((i+1)); done) & "
      + "touch run; for n in 1 2 3 4 5 6 7 8 9 10; do "
      + "\"$1\" run --read \"$2/a\" -- sh -c \"ls $2/a\"; echo code=$?; done; rm -f run; wait"
    let ran = Run.shell(script, [isolated, scratch.path])
    let codes = Set(
      ran.output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("code") })
    #expect(codes.isSubset(of: ["code=0", "code=125"]), "\(codes)")
    if codes.contains("code=125") {
      #expect(
        ran.errors.contains("was replaced while") || ran.errors.contains("No such file")
          || ran.errors.contains("does not exist") || ran.errors.contains("is not there"),
        "\(ran.errors)")
    }
  }
}
