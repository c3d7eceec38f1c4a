import Glibc
import Testing

@testable import Isolate

/// Processes that were taken over and do not play the supervisor's game: a closed socket is ready for reading for ever.
@Suite("What closes its way to the supervisor and lives on is ended and replaced")
struct DeafTests {
  /// Stops the process, and ends the way that it has to its supervisor.
  private func deafen(_ pid: Int32) throws {
    try #require(kill(pid, SIGSTOP) == 0)
    let control = try ProcessHandle.take(BrokerNumbers.control, of: pid)
    Packets.shut(control)
  }

  @Test("a broker", .enabled(if: Privileges.isRoot)) func broker() throws {
    let scene = try BrokerScene(
      app: """
        show("up", told(hello()))
        input()
        show("again", told(openat("plain")))
        """)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up (0, 0)")
    let broker = try scene.broker(of: run)
    try deafen(broker)
    _ = try scene.broker(of: run, other: broker)
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("again (0, 0)")
    #expect(try run.wait(seconds: 60).code == 0)
    #expect(scene.scratch.content("err").contains("ended by us: it closed its way to us"))
  }

  @Test("a driver", .enabled(if: Privileges.isRoot)) func driver() throws {
    let scene = try BrokerScene(
      grants: "[drivers.files]\nmode = \"user\"\n" + BrokerScene.dataGrant,
      app: """
        show("up", told(openat("plain")))
        input()
        show("again", told(openat("plain")))
        """)
    let input = try Pipe()
    let run = try scene.start(input: input.readEnd.raw)
    try scene.waitFor("up (0, 0)")
    let drivers = Household.processes(of: run.pid, with: ["driver", "files"])
    try #require(drivers.count == 1)
    try deafen(drivers[0])
    try #require(
      Moment.within(30) { !Household.isThere(drivers[0]) }, "\(scene.scratch.content("err"))")
    #expect(unsafe write(input.writeEnd.raw, "\n", 1) == 1)
    try scene.waitFor("again (0, 0)")
    #expect(try run.wait(seconds: 60).code == 0)
  }
}
