import FilterProbe
import Glibc
import Testing

@testable import Isolate

/// A supervisor that was killed outright cannot give the caller's terminal back; another process does.
@Suite(.serialized) struct TerminalKillTests {
  private static func children(of pid: pid_t) -> [pid_t] {
    Run.read("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { pid_t($0) }
  }

  /// A shell without job control, which never sets the terminal's modes, and `isolated run` under it.
  private func start(_ pty: Pty) throws -> (shell: Spawned, supervisor: pid_t) {
    let shell = try pty.spawn([
      "/bin/sh", "-c", "\"$0\" run -- sh -c 'echo ready; exec sleep 60'; exec sleep 60",
      Executable.path,
    ])
    try pty.expect("ready")
    try #require(Moment.within(10) { !pty.editsLines })
    return (shell, try #require(Self.children(of: shell.pid).first))
  }

  /// Kills the supervisor and waits until what it had started is gone.
  private func kill(_ supervisor: pid_t) throws {
    let pidfds = Self.children(of: supervisor).map { probe_process($0) }.filter { $0 >= 0 }
    defer { pidfds.forEach { _ = close($0) } }
    #expect(pidfds.count >= 2, "init, and who watches over the terminal")
    try #require(Glibc.kill(supervisor, SIGKILL) == 0)
    for pidfd in pidfds {
      var doors = [Door(pidfd)]
      try Poller.wait(&doors, timeout: 20_000)
      try #require(doors[0].isReadable)
    }
  }

  @Test("the terminal has its modes again after the supervisor was killed") func restored() throws {
    let pty = try Pty()
    let before = pty.modes
    let (shell, supervisor) = try start(pty)
    #expect(pty.modes != before)
    try kill(supervisor)
    #expect(pty.modes == before)
    withExtendedLifetime(shell) {}
  }

  @Test("a terminal whose modes somebody else has set meanwhile is left alone") func foreign()
    throws
  {
    let pty = try Pty()
    let (shell, supervisor) = try start(pty)
    var others = pty.modes
    others[12] ^= UInt8(ECHO)
    try #require(unsafe ioctl(pty.master, UInt(0x5402), &others) == 0)
    try kill(supervisor)
    #expect(pty.modes == others)
    withExtendedLifetime(shell) {}
  }

  @Test("who watches over the terminal is gone with the run") func dismissed() throws {
    let pty = try Pty()
    let shell = try pty.spawn([
      "/bin/sh", "-c", "\"$0\" run -- sh -c 'echo ready; read line'; echo over; exec sleep 60",
      Executable.path,
    ])
    try pty.expect("ready")
    try #require(Moment.within(10) { !pty.editsLines })
    let supervisor = try #require(Self.children(of: shell.pid).first)
    let started = Self.children(of: supervisor)
    #expect(started.count >= 2)
    pty.type("\r")
    try pty.expect("over")
    for pid in started { #expect(!Run.read("/proc/\(pid)/stat").contains(" (isolated-tidy) ")) }
  }
}
