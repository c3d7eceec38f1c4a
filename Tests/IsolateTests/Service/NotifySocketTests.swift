import Glibc
import Testing

@testable import Isolate

/// Sends as an app does, from this process.
private final class Sender {
  let socket: Descriptor

  init(to notify: NotifySocket) throws {
    let raw = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    try #require(raw >= 0)
    socket = Descriptor(adopting: raw)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(notify.path.utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(connected == 0)
  }

  func send(_ text: String, passing numbers: [Int32] = []) -> Bool {
    let bytes = Array(text.utf8)
    return Packets.send(bytes.span, to: socket, passing: numbers.span) == .done
  }
}

private let python = """
  import os, socket, struct
  s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  s.connect(os.environ['NOTIFY_SOCKET'])
  """

@Suite("The socket on which an app tells its state")
struct NotifySocketTests {
  @Test("is reached by an app under the default profile") func python3() throws {
    var stage = try ServiceStage(
      python: python + "\ns.sendall(b'READY=1\\nSTATUS=up')\nprint(os.environ['NOTIFY_SOCKET'])")
    let notify = try NotifySocket(in: try stage.directory())
    stage.notify(by: notify)
    let end = try stage.start().finish()
    #expect(end.output == "/run/isolated/notify\n")
    #expect(end.status == 0)
    let messages = try notify.messages(1)
    #expect(messages.count == 1)
    #expect(messages.first?.isReady == true)
    #expect(messages.first?.status == "up")
  }

  @Test("cannot be replaced or removed by the app") func replaced() throws {
    var stage = try ServiceStage([
      "/bin/sh", "-c",
      "rm -f /run/isolated/notify; mv /run/isolated/notify /tmp/x; echo still; ls /run/isolated",
    ])
    let notify = try NotifySocket(in: try stage.directory())
    stage.notify(by: notify)
    let lines = try stage.start().finish().lines
    #expect(lines.last { !$0.isEmpty } == "notify")
    let sender = try Sender(to: notify)
    #expect(sender.send("READY=1"))
    #expect(try notify.messages(1).count == 1)
  }

  @Test("is understood by systemd-notify, barrier and all") func systemd() throws {
    var stage = try ServiceStage(["/usr/bin/systemd-notify", "--ready", "--status=all is well"])
    let notify = try NotifySocket(in: try stage.directory())
    stage.notify(by: notify)
    let app = try stage.start()
    let messages = try notify.messages(1)
    #expect(messages.first?.isReady == true)
    #expect(messages.first?.status == "all is well")
    /* It waits for its barrier. */
    var doors = [Door(app.child.pidfd.raw), Door(notify.descriptor)]
    let end = Poller.now() + 20_000
    while !doors[0].isReadable, Poller.now() < end {
      try Poller.wait(&doors, timeout: 1000)
      _ = try notify.receive()
    }
    #expect(try app.finish().status == 0)
  }

  @Test("takes a few messages a turn, and drops what is none") func flood() throws {
    let stage = try ServiceStage(["/bin/true"])
    let notify = try NotifySocket(in: try stage.directory())
    let sender = try Sender(to: notify)
    /* As many as the kernel queues (net.unix.max_dgram_qlen: 10 and more). */
    _ = fcntl(sender.socket.raw, F_SETFL, O_NONBLOCK)
    var sent = 0
    while sent < 1000, sender.send("STATUS=\(sent)") { sent += 1 }
    #expect(sent >= 10)
    var taken = 0
    while case let messages = try notify.receive(), !messages.isEmpty {
      #expect(messages.count <= NotifySocket.perTurn)
      #expect(messages.first?.status == String(taken))
      taken += messages.count
    }
    #expect(taken == sent)
    #expect(sender.send(String(repeating: "A", count: 5000)))
    #expect(sender.send("A\0B=1"))
    #expect(try notify.receive().isEmpty)
    #expect(notify.malformed == 2)
  }

  @Test("what an instance left unsaid is not of the next one; descriptors that it gave are")
  func forget() throws {
    let stage = try ServiceStage(["/bin/true"])
    let notify = try NotifySocket(in: try stage.directory(), stored: 2)
    let sender = try Sender(to: notify)
    #expect(sender.send("FDSTORE=1\nFDPOLL=0", passing: [0]))
    #expect(sender.send("nonsense"))
    #expect(sender.send("READY=1"))
    try notify.forget()
    #expect(try notify.receive().isEmpty)
    #expect(notify.store.count == 1)
  }

  @Test("closes what comes with a message, and keeps what it may") func descriptors() throws {
    let stage = try ServiceStage(["/bin/true"])
    let notify = try NotifySocket(in: try stage.directory(), stored: 2)
    let sender = try Sender(to: notify)
    /// Sends the write ends; a read end sees its end once nobody has the other.
    func isClosed(_ text: String, count: Int = 1, within: Int64 = 20_000) throws -> Bool {
      let pipe = try Pipe().split()
      let (reading, writing) = (pipe.readEnd.raw, pipe.writeEnd.raw)
      #expect(sender.send(text, passing: [Int32](repeating: writing, count: count)))
      withExtendedLifetime(pipe) {}
      let kept = try Descriptor.duplicate(reading)
      return try closedAfter(kept, pipe, notify, within)
    }
    #expect(try isClosed("READY=1"))
    #expect(try isClosed("BARRIER=1"))
    #expect(try isClosed("READY=1", count: 16))
    #expect(try isClosed("FDSTORE=0"))
    #expect(notify.store.count == 0)
    #expect(try !isClosed("FDSTORE=1\nFDPOLL=0\nFDNAME=one", within: 100))
    #expect(try !isClosed("FDSTORE=1\nFDPOLL=0", within: 100))
    #expect(notify.store.names == ["one", "stored"])
    #expect(try isClosed("FDSTORE=1\nFDNAME=three"))
    #expect(notify.store.refused == 1)
    #expect(sender.send("FDSTOREREMOVE=1\nFDNAME=one"))
    _ = try notify.receive()
    #expect(notify.store.names == ["stored"])
  }

  private func closedAfter(
    _ kept: borrowing Descriptor, _ pipe: consuming PipeEnds, _ notify: NotifySocket,
    _ timeout: Int64
  ) throws -> Bool {
    _ = consume pipe
    _ = try notify.receive()
    var doors = [Door(kept.raw)]
    /* A program that another test starts at this moment has the end for as long as it needs to exec. */
    try Poller.wait(&doors, timeout: timeout)
    return doors[0].isHungUp
  }

  @Test("drops kept descriptors that hang up, but those that are not to be polled") func prune()
    throws
  {
    let store = DescriptorStore(limit: 4)
    func end(polled: Bool) throws -> Descriptor {
      let pipe = try Pipe().split()
      store.keep(try pipe.readEnd.duplicate(), name: nil, polled: polled)
      return try pipe.writeEnd.duplicate()
    }
    let first = try end(polled: true)
    let second = try end(polled: false)
    store.prune()
    #expect(store.count == 2)
    _ = consume first
    _ = consume second
    let isPruned = Moment.within(20) {
      store.prune()
      return store.count == 1
    }
    #expect(isPruned)
    store.removeAll()
    #expect(store.descriptors.isEmpty)
  }

  @Test("keeps what it has already once") func same() throws {
    let store = DescriptorStore(limit: 2)
    let file = try Descriptor.openNull()
    for _ in 0..<3 { store.keep(try file.duplicate(), name: "a", polled: true) }
    #expect(store.count == 1)
    store.keep(try Descriptor.openNull(), name: "b", polled: true)
    #expect(store.names == ["a", "b"])
  }

  @Test("gives kept descriptors back at the next start, behind what is listened on") func next()
    throws
  {
    let script =
      python + """

        import array, sys
        names = os.environ.get('LISTEN_FDNAMES', '')
        print(os.environ.get('LISTEN_PID') == str(os.getpid()), os.environ.get('LISTEN_FDS'), names)
        if names == 'web:state':
          print(os.read(4, 99).decode())
        else:
          r, w = os.pipe()
          os.write(w, b'from before')
          os.close(w)
          s.sendmsg([b'FDSTORE=1\\nFDNAME=state\\nFDPOLL=0'],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [r]))])
        """
    var stage = try ServiceStage(python: script)
    let notify = try NotifySocket(in: try stage.directory(), stored: 1)
    let listeners = try Listeners([
      ListenPolicy(
        name: "web", address: .unixStream(path: stage.scratch.path + "/web"), mode: 0o600,
        backlog: 8, position: Position(file: "f", line: 1))
    ])
    stage.notify(by: notify)
    var first = stage
    try first.give(listeners.descriptors, listeners.names)
    let before = try first.start().finish().output
    #expect(before == "True 1 web\n")
    _ = try notify.messages(1)
    try #require(notify.store.names == ["state"])
    try stage.give(
      listeners.descriptors + notify.store.descriptors, listeners.names + notify.store.names)
    let after = try stage.start().finish().output
    #expect(after == "True 2 web:state\nfrom before\n")
  }
}
