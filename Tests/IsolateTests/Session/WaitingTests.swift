import Glibc
import Testing

@testable import Isolate

/// An init that has told its last keeps a while to end: the kernel frees what its namespaces held. Nobody has anything to do then. Its
/// report socket is at its end, and readable for ever: a supervisor that asks it again spins, on a processor that the kernel needs.
@Suite("While a sandbox ends")
struct WaitingTests {
  /// What takes the kernel a while to free: each look at a socket that has ended costs 30 microseconds under strace.
  private static let fill = "head -c 100000000 /dev/zero > /tmp/full"

  @Test("isolated run sleeps") func run() throws {
    let strace = try #require(Run.find("strace"))
    let scratch = try Scratch()
    let calls = scratch.path + "/calls"
    let ran = Run.command([
      strace, "-qq", "-e", "trace=poll,ppoll", "-o", calls, Executable.path, "run", "--", "/bin/sh",
      "-c", Self.fill,
    ])
    try #require(ran.code == 0, "\(ran.errors)")
    let count = Run.read(calls).utf8.count { $0 == UInt8(ascii: "\n") }
    #expect(count > 1)
    #expect(count < 60, "\(count) times it was woken")
  }

  @Test("a daemon sleeps") func daemon() throws {
    let strace = try #require(Run.find("strace"))
    let keys = "[service]\nstart = \"demand\"\n[restart]\nwhen = \"never\""
    let scene = try DaemonScene([("app", DaemonScene.shell(Self.fill, keys))])
    try scene.start()
    let daemon = try #require(scene.daemon).pid
    let calls = scene.path + "/calls"
    let tracer = try Spawned([
      strace, "-qq", "-e", "trace=epoll_wait,epoll_pwait", "-o", calls, "-p", "\(daemon)",
    ])
    defer {
      tracer.send(SIGINT)
      _ = try? tracer.wait()
    }
    try #require(
      Moment.within(30) { !Run.read("/proc/\(daemon)/status").contains("TracerPid:\t0") })
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/events", O_WRONLY | O_CREAT | O_TRUNC)
    let events = try Spawned(
      [Executable.path, "events", "-f", "--socket", scene.path + "/ctl"], setup)
    defer {
      events.send(SIGTERM)
      _ = try? events.wait()
    }
    #expect(scene.run("start", "app").code == 0)
    try scene.waitFor("exited", in: "events", seconds: 60)
    tracer.send(SIGINT)
    _ = try tracer.wait()
    let count = Run.read(calls).utf8.count { $0 == UInt8(ascii: "\n") }
    #expect(count > 1)
    #expect(count < 100, "\(count) times it was woken")
  }
}
