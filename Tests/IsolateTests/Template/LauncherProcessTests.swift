import Glibc
import Isolate
import Testing

/// A launcher process with a ready child, for apps under the default profile.
private func launcher(
  _ rules: [(CommandOption, String)] = [], poolSize: Int = 1
) throws -> LauncherProcess {
  let template = try PreparedRun("true", rules, name: "template")
  let launcher = try LauncherProcess.start(
    template: template.policy, landlockABI: template.preparation.host.landlockABI,
    poolSize: poolSize)
  try launcher.refill()
  return launcher
}

/// Everything an app can see of its own sandbox; but for how many signals wait for its user's other processes (SigQ).
private let look = """
  grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups|Uid|Gid|NSpid|Sig[PBIC]|Shd)' /proc/self/status
  for name in /proc/[0-9]*; do cat $name/comm; done
  cat /proc/net/dev | cut -d: -f1; cat /proc/sys/kernel/hostname; id; umask; pwd; env | sort
  cut -d' ' -f2- /proc/self/mounts | sed 's/,[ug]id=[0-9]*//g' | sort
  ls -lan / /etc /dev /tmp /run /dev/shm | sed -E 's/ [A-Z][a-z][a-z] .*[0-9] / /; s/^([a-z-]+) +[0-9]+/\\1/'
  cat /etc/passwd /etc/group /etc/hosts /etc/hostname
  set -- $(ls /proc/self/fd); echo $#; set -- /proc/[0-9]*; echo $#; cat /proc/1/cmdline; ulimit -a
  for place in / /etc /usr /dev /tmp /run /dev/shm /proc/sys; do
    (: >$place/new) 2>/dev/null && echo writes $place
  done
  mkdir /tmp/m; mount -t tmpfs none /tmp/m; unshare -U true; kill -9 1; cat /proc/1/environ
  : </proc/kcore; cat /proc/keys; ls /root /home /var/tmp
  """

@Suite("Launches through the launcher process", .serialized)
struct LauncherProcessTests {
  @Test("give the app what an ordinary launch gives it", arguments: ["none", "loopback"])
  func equal(network: String) throws {
    let rules = [(CommandOption.network, network)]
    let launcher = try launcher(rules)
    defer { launcher.close() }
    let app = try PreparedRun(look, rules)
    let prepared = try app.start(launcher).finish()
    let ordinary = try app.startOrdinarily().finish()
    #expect(prepared.wasStarted)
    let (its, other) = (prepared.lines, ordinary.lines)
    #expect(its.filter { !other.contains($0) } == [])
    #expect(other.filter { !its.contains($0) } == [])
    #expect(its.count == other.count)
    #expect(prepared.status == ordinary.status)
    #expect(ordinary.output.contains("CapBnd:\t0000000000000000"))
    #expect(ordinary.output.contains("Seccomp:\t2"))
    #expect(ordinary.output.contains("writes /tmp"))
    #expect(!ordinary.output.contains("writes /usr"))
  }

  @Test("need no ready child") func emptyPool() throws {
    let launcher = try launcher(poolSize: 0)
    defer { launcher.close() }
    #expect(launcher.readyCount == 0)
    let end = try PreparedRun("echo here").start(launcher).finish()
    #expect(end.output == "here\n")
    #expect(end.status == 0)
  }

  @Test("show one app nothing of another") func apart() throws {
    let launcher = try launcher(poolSize: 2)
    defer { launcher.close() }
    let places = "/tmp /run /dev/shm /var/tmp"
    let first = try PreparedRun(
      "for p in \(places); do echo secret >$p/left || echo no $p; done; echo ready; sleep 30",
      name: "first"
    ).start(launcher)
    #expect(try first.read() == "ready\n")
    let second = try PreparedRun(
      "ls -A \(places); cat /proc/[0-9]*/cmdline | tr '\\0' ' '; hostname; : >/etc/left",
      name: "second"
    ).start(launcher).finish()
    #expect(second.wasStarted)
    #expect(!second.output.contains("left\n"))
    #expect(!second.output.contains("sleep"))
    #expect(!second.output.contains("first"))
    #expect(second.output.contains("Read-only file system"))
    try ProcessHandle.send(SIGKILL, to: first.child.pidfd)
    _ = try first.finish()
  }

  @Test("name the step that failed") func failure() throws {
    let launcher = try launcher()
    defer { launcher.close() }
    let end = try PreparedRun(command: ["/no/such/program"]).start(launcher).finish()
    #expect(!end.wasStarted)
    #expect(end.failed?.number == ENOENT)
    #expect(end.failed?.step == .execute(candidates: ["/no/such/program"]))
  }

  @Test("pass descriptors on by number") func descriptors() throws {
    let launcher = try launcher()
    defer { launcher.close() }
    let pipe = try Pipe().split()
    let number = pipe.writeEnd.raw
    let script = "echo passed >&\(number); echo /proc/self/fd/*"
    let app = try PreparedRun(command: ["/bin/bash", "-c", script], [(.fd, "\(number)")])
    let end = try app.start(launcher).finish()
    /* 3 is the directory that the shell reads. */
    let numbers = Set(end.output.split { $0 == " " || $0 == "\n" }.map { $0.dropFirst(14) })
    try #require(numbers == ["0", "1", "2", "3", "\(number)"])
    var bytes = [UInt8](repeating: 0, count: 64)
    let size = unsafe Glibc.read(pipe.readEnd.raw, &bytes, 64)
    #expect(String(decoding: bytes.prefix(max(0, size)), as: UTF8.self) == "passed\n")
  }

  @Test("fail with `ended` when it was killed, and go on when it is restarted; apps keep running")
  func killed() throws {
    let launcher = try launcher(poolSize: 2)
    defer { launcher.close() }
    let app = try PreparedRun("echo ready; sleep 1; echo done").start(launcher)
    #expect(try app.read() == "ready\n")
    kill(launcher.pid, SIGKILL)
    var doors = [Door(launcher.pidfd)]
    try Poller.wait(&doors, timeout: 5000)
    #expect(!launcher.isAlive)
    #expect(try PreparedRun("echo spare").start(launcher).finish().output == "spare\n")
    #expect(launcher.readyCount == 0)
    do {
      try launcher.refill()
      Issue.record("a launcher process that is gone makes nothing")
    } catch LauncherError.ended {
    }
    try launcher.restart()
    try launcher.refill()
    #expect(launcher.isAlive)
    #expect(try PreparedRun("echo again").start(launcher).finish().output == "again\n")
    let end = try app.finish()
    #expect(end.output == "done\n")
    #expect(end.status == 0)
  }

  @Test("try the next ready child when one has died") func readyChildDied() throws {
    let launcher = try launcher(poolSize: 1)
    defer { launcher.close() }
    let children = try FileSystem.contents("/proc/thread-self/children") ?? []
    for word in String(decoding: children, as: UTF8.self).split(separator: " ") {
      if let pid = Int32(word), pid != launcher.pid, parentIsReady(pid) { kill(pid, SIGKILL) }
    }
    usleep(50_000)
    #expect(try PreparedRun("echo here").start(launcher).finish().output == "here\n")
  }

  /// A ready child is init of a pid namespace: its innermost pid is 1.
  private func parentIsReady(_ pid: Int32) -> Bool {
    let status = String(
      decoding: (try? FileSystem.contents("/proc/\(pid)/status")) ?? [], as: UTF8.self)
    return status.split(separator: "\n").contains { $0.hasPrefix("NSpid:") && $0.hasSuffix("\t1") }
  }

  @Test("end their ready children and themselves when closed") func closing() throws {
    let launcher = try launcher(poolSize: 3)
    let pid = launcher.pid
    #expect(launcher.readyCount == 3)
    launcher.close()
    #expect(kill(pid, 0) == -1)
    #expect(launcher.readyCount == 0)
  }

  @Test("200 times leave no process and no descriptor, here or in the launcher process")
  func many() async {
    await #expect(processExitsWith: .success) {
      let launcher = try LauncherProcess.start(
        template: try PreparedRun("true").policy, landlockABI: 0, poolSize: 2)
      try launcher.refill()
      let app = try PreparedRun(command: ["/bin/true"])
      _ = try app.start(launcher).finish()
      try launcher.refill()
      usleep(100_000)
      let own = FileSystem.names(in: "/proc/self/fd")?.count
      let its = FileSystem.names(in: "/proc/\(launcher.pid)/fd")?.count
      for _ in 0..<200 {
        let end = try app.start(launcher).finish()
        if !end.wasStarted || end.status != 0 { exit(2) }
        try launcher.refill()
      }
      if FileSystem.names(in: "/proc/self/fd")?.count != own { exit(3) }
      /* It answers first and closes then. */
      var patience = 200
      while FileSystem.names(in: "/proc/\(launcher.pid)/fd")?.count != its, patience > 0 {
        patience -= 1
        usleep(10_000)
      }
      if patience == 0 { exit(4) }
      launcher.close()
      /* Network namespaces live as long as a process or descriptor holds them: there is neither. */
      if waitpid(-1, nil, 0) != -1 || errno != ECHILD { exit(5) }
    }
  }
}

@Suite("An app's own trees", .serialized, .enabled(if: Privileges.isRoot))
struct OwnTreeTests {
  /// A directory with a file in it, removed at the end.
  private func withTree(_ body: (String) throws -> Void) throws {
    let made = Run.shell(
      "d=$(mktemp -d /opt/isolated-test-XXXXXX); chmod 755 $d; echo own >$d/file; echo $d")
    let path = String(made.output.dropLast())
    defer { _ = Run.shell("rm -rf \"$1\" \"$1.old\"", [path]) }
    try body(path)
  }

  @Test("are cloned at the launch, and no other app sees them") func attached() throws {
    try withTree { path in
      let launcher = try launcher(poolSize: 2)
      defer { launcher.close() }
      let script = "cat \(path)/file; : >\(path)/new && echo writes"
      let reader = try PreparedRun(script, [(.read, path)]).start(launcher).finish()
      #expect(reader.output.hasPrefix("own\n"))
      #expect(reader.output.contains("Read-only file system"))
      let writer = try PreparedRun(script, [(.write, path)]).start(launcher).finish()
      #expect(writer.output == "own\nwrites\n")
      let stranger = try PreparedRun("ls \(path); ls /opt").start(launcher).finish()
      #expect(stranger.output.contains("No such file"))
      #expect(!stranger.output.contains("file\n"))
    }
  }

  @Test("that are no longer what the policy saw stop the launch") func stale() throws {
    try withTree { path in
      let launcher = try launcher()
      defer { launcher.close() }
      let run = try PreparedRun("cat \(path)/file", [(.read, path)])
      let pipe = try Pipe().split()
      let app = try launcher.plan(
        run.policy, context: run.context(pipe.writeEnd.raw), filter: run.filter)
      _ = Run.shell("mv \"$1\" \"$1.old\" && mkdir \"$1\"", [path])
      do {
        _ = try launcher.launch(app)
        Issue.record("another directory was shown")
      } catch LauncherError.system(let error) {
        #expect(error.number == ESTALE)
      }
      #expect(launcher.readyCount == 1)
    }
  }
}
