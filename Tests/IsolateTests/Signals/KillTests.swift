import FilterProbe
import Glibc
import Testing

@testable import Isolate

/// `isolated run` killed outright: nobody is left to tidy up but init and the kernel.
@Suite(.serialized) struct KillTests {
  private static let namespaces = ["net", "mnt", "pid", "ipc", "uts"]

  /// What a launch made, as it was found while its supervisor stood still.
  private struct Sandbox {
    /// Of the supervisor and everything beneath it.
    var pidfds: [Int32] = []
    /// Held open, so that the kernel gives their numbers to nobody else meanwhile.
    var namespaces: [(descriptor: Int32, identity: String)] = []

    /// Stops the supervisor first: it makes nothing more. Init and its children go on, but they end with init.
    init(of supervisor: pid_t) throws {
      _ = kill(supervisor, SIGSTOP)
      try #require(
        Moment.within(20) {
          Run.read("/proc/\(supervisor)/stat").contains(") T ")
        })
      let own = KillTests.namespaces.map { FileSystem.linkTarget("/proc/self/ns/\($0)") }
      var open = [supervisor]
      while let pid = open.popLast() {
        let descriptor = probe_process(pid)
        if descriptor >= 0 { pidfds.append(descriptor) }
        for (name, mine) in zip(KillTests.namespaces, own) {
          let path = "/proc/\(pid)/ns/\(name)"
          guard let found = FileSystem.linkTarget(path), found != mine else { continue }
          let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
          if descriptor >= 0 { namespaces.append((descriptor, found)) }
        }
        let children = Run.read("/proc/\(pid)/task/\(pid)/children")
        open += children.split(separator: " ").compactMap { pid_t($0) }
      }
    }

    /// The processes that are in one of its namespaces.
    /// A zombie that nobody has waited for yet holds nothing; only its pid namespace still shows.
    func inhabitants() -> [String] {
      let made = Set(namespaces.map(\.identity))
      return (FileSystem.names(in: "/proc") ?? []).filter { name in
        name.utf8.allSatisfy { (48...57).contains($0) }
          && !Run.read("/proc/\(name)/stat").contains(") Z ")
          && KillTests.namespaces.contains {
            FileSystem.linkTarget("/proc/\(name)/ns/\($0)").map(made.contains) == true
          }
      }
    }

    func close() {
      for descriptor in pidfds + namespaces.map(\.descriptor) { _ = Glibc.close(descriptor) }
    }
  }

  /// Two processes of the machine in the same moment: one holds a pipe, the other ends when it sees the pipe's end. What
  /// takes them long is not the sandbox.
  private struct Control {
    let holder: Spawned
    let watcher: Spawned
    let pidfds: [Int32]

    init() throws {
      let pipe = try Pipe()
      var setup = Spawned.Setup()
      setup.files[0] = .descriptor(pipe.readEnd.raw)
      watcher = try Spawned(["/bin/cat"], setup)
      setup.files[0] = .path("/dev/null", O_RDONLY)
      setup.files[1] = .descriptor(pipe.writeEnd.raw)
      holder = try Spawned(["/bin/sleep", "600"], setup)
      pidfds = [probe_process(holder.pid), probe_process(watcher.pid)]
    }
  }

  /// Milliseconds until the last of the processes is gone; nil after 20 seconds.
  private func end(of pidfds: [Int32], since start: Int64) throws -> Int64? {
    for pidfd in pidfds {
      var doors = [Door(pidfd)]
      try Poller.wait(&doors, timeout: max(0, start + 20_000 - Poller.now()))
      guard doors[0].isReadable else { return nil }
    }
    return Poller.now() - start
  }

  /// The time from start to end of a whole run, the shortest of three: how far the moments of the kill are apart.
  private func launchMicroseconds(_ setup: Spawned.Setup) throws -> Int {
    var shortest = Int.max
    for _ in 0..<3 {
      let start = Poller.now()
      let app = try Spawned([Executable.path, "run", "--", "true"], setup)
      try #expect(app.wait().code == 0)
      shortest = min(shortest, Int(Poller.now() - start) * 1000)
    }
    return max(shortest, 4000)
  }

  @Test("killed at any moment of its launch, the supervisor leaves nothing, and not for a second")
  func anyMoment() throws {
    let scratch = try Scratch()
    _ = Run.command(["/bin/mkdir", scratch.path + "/run", scratch.path + "/cache"])
    var setup = Spawned.Setup()
    setup.environment = [
      "PATH=/usr/bin:/bin", "HOME=\(scratch.path)", "XDG_RUNTIME_DIR=\(scratch.path)/run",
      "XDG_CACHE_HOME=\(scratch.path)/cache",
    ].map { Array($0.utf8) }
    let length = try launchMicroseconds(setup)
    let mounts = Leftovers.mounts
    var seen = 0
    for round in 0..<24 {
      /* The filter is compiled and stored anew in every other launch. */
      if round % 2 == 0 {
        _ = Run.command(["/bin/rm", "-rf", "--", scratch.path + "/cache/isolated"])
      }
      let marker = "98\(getpid())\(round).25"
      let control = try Control()
      let app = try Spawned([Executable.path, "run", "--", "sleep", marker], setup)
      usleep(useconds_t(round * length / 16))
      let sandbox = try Sandbox(of: app.pid)
      defer { sandbox.close() }
      seen += sandbox.namespaces.count
      let start = Poller.now()
      app.send(SIGKILL)
      control.holder.send(SIGKILL)
      let took = try end(of: sandbox.pidfds, since: start)
      let usual = try #require(try end(of: control.pidfds, since: start))
      control.pidfds.forEach { _ = close($0) }
      let needed = try #require(took, "round \(round): not gone after 20 s")
      #expect(
        needed < 1000 || needed < 20 * usual,
        "round \(round): \(needed) ms; two other processes took \(usual) ms")
      try #expect(app.wait().code == 137)
      #expect(Leftovers.processes(marker).isEmpty, "round \(round)")
      #expect(sandbox.inhabitants().isEmpty, "round \(round)")
      #expect(FileSystem.names(in: scratch.path + "/run") == [])
      /* A writer of the cache that is killed may leave its half-written file, under the one name that the next takes. */
      let cached = FileSystem.names(in: scratch.path + "/cache/isolated/filters") ?? []
      #expect(cached.count <= 2 && Set(cached.map { $0.prefix(36) }).count <= 1, "\(cached)")
    }
    #expect(seen > 12, "the sweep has hardly met a sandbox")
    #expect(Leftovers.mounts == mounts)
    #expect(FileSystem.names(in: scratch.path)?.contains("run") == true)
  }
}
