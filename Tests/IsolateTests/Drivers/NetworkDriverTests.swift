import FilterProbe
import Glibc
import Testing

@testable import Isolate

/// A socket that others connect to or send to, on an address of this machine.
final class Served {
  let socket: Descriptor
  let port: UInt16

  init(_ address: String = "127.0.0.1", port: UInt16 = 0, backlog: Int32 = 16) throws {
    var port = port
    let raw = unsafe probe_serve(address, &port, backlog)
    try #require(raw >= 0, "\(SystemError.name(errno))")
    socket = Descriptor(adopting: raw)
    self.port = port
  }

  /// The other end of a connection, waited for.
  func accepted() throws -> Descriptor {
    try #require(probe_ready(socket.raw, 0) == 1)
    let raw = probe_accept(socket.raw)
    try #require(raw >= 0)
    return Descriptor(adopting: raw)
  }

  func nobodyCame() -> Bool { probe_accept(socket.raw) < 0 }
}

/// Drives an attempt to its end, with the clock standing still.
func connected(_ attempt: consuming ConnectAttempt) throws(SystemError) -> Descriptor {
  for _ in 0..<100 {
    switch try attempt.advance(now: 0) {
    case .connected(let socket): return socket
    case .wait(let door, _): #expect(probe_ready(door, 1) == 1)
    }
  }
  throw SystemError(call: "connect", number: EINPROGRESS)
}

private let here = InternetAddress(four: 0x7F00_0001)
private let there = InternetAddress(four: 0x7F00_0002)

/// Whether the kernel lets this user bind a TCP socket to its peer: root always, others before about Linux 6.18.
private var bondsAreMade: Bool {
  do throws(SystemError) {
    _ = try SocketOpening.listen(at: here, port: 0, backlog: 1, bond: .required)
    return true
  } catch {
    #expect(!Privileges.isRoot, "\(error)")
    return false
  }
}

@Suite("The network driver connects")
struct ConnectDriverTests {
  private func attempt(
    _ addresses: [InternetAddress], _ port: UInt16,
    bond: SocketBond = .ifPossible, isAllowed: (InternetAddress) -> Bool = { _ in true }
  ) -> ConnectAttempt {
    ConnectAttempt(
      to: addresses, port: port, deadline: 1000, bond: bond, isAllowed: isAllowed)
  }

  @Test("to the first address that answers, and gives a socket that blocks")
  func addresses() throws {
    let server = try Served("127.0.0.2")
    let socket = try connected(attempt([here, there], server.port))
    let other = try server.accepted()
    #expect(fcntl(socket.raw, F_GETFD) == FD_CLOEXEC)
    #expect(probe_get_flags(socket.raw) & O_NONBLOCK == 0)
    #expect(Output.write("hello", to: socket.raw))
    #expect(Bytes.take(from: other.raw) == .bytes(Array("hello".utf8)))
    #expect(Output.write("again", to: other.raw))
    #expect(Bytes.take(from: socket.raw) == .bytes(Array("again".utf8)))
  }

  @Test("to nothing that was not allowed after the name was resolved")
  func checks() throws {
    let server = try Served("127.0.0.2")
    let number = refusal { () throws(SystemError) in
      _ = try connected(attempt([here, there], server.port) { $0 != there && $0 != here })
    }
    #expect(number == EACCES)
    #expect(server.nobodyCame())
    #expect(
      refusal { () throws(SystemError) in
        _ = try connected(attempt([here, there], server.port) { $0 == here })
      } == ECONNREFUSED)
    #expect(server.nobodyCame())
    #expect(
      refusal { () throws(SystemError) in _ = try connected(attempt([], 1)) } == EACCES)
  }

  @Test("within the deadline, which the addresses share")
  func deadlines() throws {
    /* Its queue is full: further segments are dropped, and nothing comes back. */
    let silent = try Served(backlog: 0)
    var fillers: [Int32] = []
    for _ in 0..<4 { fillers.append(unsafe probe_connect("127.0.0.1", silent.port)) }
    defer { for filler in fillers { close(filler) } }
    #expect(probe_ready(silent.socket.raw, 0) == 1)
    var attempt = ConnectAttempt(
      to: [here, here], port: silent.port, deadline: 1000, bond: .ifPossible,
      isAllowed: { _ in true })
    var times: [Int64] = []
    for now: Int64 in [0, 499, 500, 999] {
      guard case .wait(_, let time) = try attempt.advance(now: now) else {
        Issue.record("connected to a full queue")
        return
      }
      times.append(time)
    }
    #expect(times == [500, 500, 1000, 1000])
    do throws(SystemError) {
      _ = try attempt.advance(now: 1000)
      Issue.record("the deadline passed")
    } catch {
      #expect(error.number == ETIMEDOUT)
    }
  }

  @Test("a socket that was handed out connects nowhere else")
  func rebinding() throws {
    let granted = try Served()
    let secret = try Served("127.0.0.2")
    guard bondsAreMade else {
      /* Without the filter, and without a promise that something else holds, there is no socket. */
      let number = refusal { () throws(SystemError) in
        _ = try connected(attempt([here], granted.port, bond: .required))
      }
      #expect(number == EPERM)
      #expect(granted.nobodyCame())
      return
    }
    let socket = try connected(attempt([here], granted.port, bond: .required))
    _ = try granted.accepted()
    #expect(probe_remove_filter(socket.raw) == EPERM)
    #expect(unsafe probe_reconnect(socket.raw, "127.0.0.2", secret.port) == ETIMEDOUT)
    #expect(secret.nobodyCame())
    /* Nor to another port of the same host. */
    let neighbour = try Served()
    let second = try connected(attempt([here], granted.port, bond: .required))
    #expect(unsafe probe_reconnect(second.raw, "127.0.0.1", neighbour.port) == ETIMEDOUT)
    #expect(neighbour.nobodyCame())
    /* Without the filter it does. */
    let open = try SocketCalls.connectOwn(to: SocketPlace(here, port: granted.port))
    #expect(probe_ready(open.raw, 1) == 1)
    #expect(unsafe probe_reconnect(open.raw, "127.0.0.2", secret.port) == 0)
    _ = try secret.accepted()
  }

  @Test("over IPv6 by the same rules")
  func six() throws {
    let address = InternetAddress(high: 0, low: 1)
    let listening = try SocketOpening.listen(at: address, port: 0, backlog: 4, bond: .ifPossible)
    let socket = try connected(attempt([address], listening.port))
    #expect(probe_ready(listening.socket.raw, 0) == 1)
    let other = Descriptor(adopting: probe_accept(listening.socket.raw))
    #expect(Output.write("six", to: other.raw))
    #expect(Bytes.take(from: socket.raw) == .bytes(Array("six".utf8)))
  }
}

@Suite("The network driver listens")
struct ListenDriverTests {
  @Test("a listening socket, and what it accepts, connects nowhere")
  func connectsNowhere() throws {
    let secret = try Served("127.0.0.2")
    guard bondsAreMade else {
      let number = refusal { () throws(SystemError) in
        _ = try SocketOpening.listen(at: here, port: 0, backlog: 4, bond: .required)
      }
      #expect(number == EPERM)
      return
    }
    let listening = try SocketOpening.listen(at: here, port: 0, backlog: 4, bond: .required)
    let client = Descriptor(adopting: unsafe probe_connect("127.0.0.1", listening.port))
    #expect(probe_ready(listening.socket.raw, 0) == 1)
    let accepted = Descriptor(adopting: probe_accept(listening.socket.raw))
    #expect(Output.write("served", to: accepted.raw))
    #expect(probe_ready(client.raw, 0) == 1)
    #expect(Bytes.take(from: client.raw) == .bytes(Array("served".utf8)))
    for socket in [accepted.raw, listening.socket.raw] {
      #expect(probe_remove_filter(socket) == EPERM)
      /* 127.0.0.1 reaches 127.0.0.2: only the filter is in the way. */
      #expect(unsafe probe_reconnect(socket, "127.0.0.2", secret.port) == ETIMEDOUT)
    }
    #expect(secret.nobodyCame())
    let open = try Served()
    #expect(unsafe probe_reconnect(open.socket.raw, "127.0.0.2", secret.port) == 0)
  }

  @Test("a port that is taken, and an address that is not ours, are errors")
  func taken() throws {
    let first = try SocketOpening.listen(at: here, port: 0, backlog: 0, bond: .ifPossible)
    #expect(first.port > 0)
    let port = first.port
    #expect(
      refusal { () throws(SystemError) in
        _ = try SocketOpening.listen(at: here, port: port, backlog: .max, bond: .ifPossible)
      } == EADDRINUSE)
    #expect(
      refusal { () throws(SystemError) in
        _ = try SocketOpening.listen(
          at: InternetAddress(four: 0xC000_0201), port: 0, backlog: 1, bond: .ifPossible)
      } == EADDRNOTAVAIL)
    let datagrams = try SocketOpening.bindDatagrams(at: here, port: 0)
    let used = datagrams.port
    #expect(
      refusal { () throws(SystemError) in
        _ = try SocketOpening.bindDatagrams(at: here, port: used)
      } == EADDRINUSE)
  }

  @Test("Unix sockets are connected to and made beneath a root only")
  func unix() throws {
    let scene = try DriverScene()
    let root = try DriverScene.plain(scene.directory)
    func connect(_ path: String, links: Bool = false) -> Int32? {
      let path = Array(path.utf8)
      return refusal { () throws(SystemError) in
        _ = try SocketOpening.connectUnix(root, path.span, links: links)
      }
    }
    func listen(_ path: String) throws(SystemError) -> Descriptor {
      let path = Array(path.utf8)
      return try SocketOpening.listenUnix(root, path.span, links: false, backlog: 4)
    }
    let listening = try listen("inner/door")
    #expect(connect("inner/door") == nil)
    #expect(probe_ready(listening.raw, 0) == 1)
    let made = Run.shell(
      "cd \"$1\" && ln -s inner/door lane && ln -s ../door out", [scene.directory])
    try #require(made.code == 0)
    #expect(connect("lane") == ECONNREFUSED, "the link itself is no socket")
    #expect(connect("lane", links: true) == nil)
    #expect(connect("../door") == EXDEV)
    #expect(connect("out", links: true) == EXDEV)
    #expect(connect("/run/x") == EXDEV)
    #expect(connect("plain") == ECONNREFUSED)
    #expect(connect("socket") == ECONNREFUSED)
    #expect(connect("fifo") == ECONNREFUSED)
    #expect(connect("nowhere") == ENOENT)
    for (path, expected) in [
      ("inner/door", EADDRINUSE), ("dangling", EADDRINUSE), ("", EINVAL), ("..", EINVAL),
      ("inner/", EINVAL), ("../new", EXDEV), ("/tmp/new", EXDEV), ("a\0b", EINVAL),
      (String(repeating: "n", count: 108), ENAMETOOLONG),
    ] {
      #expect(refusal { () throws(SystemError) in _ = try listen(path) } == expected, "\(path)")
    }
  }
}

@Suite("The network driver moves datagrams")
struct DatagramDriverTests {
  @Test("to one peer and back, whole, the empty ones too")
  func relays() throws {
    let server = try Served(backlog: -1)
    var relay = try DatagramRelay(to: here, port: server.port)
    guard let app = relay.takeAppsEnd() else {
      Issue.record("no end for the app")
      return
    }
    let secondTime = relay.takeAppsEnd() == nil
    #expect(secondTime)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var port: UInt16 = 0
    for size in [0, 1, 1400, 60_000] {
      let sent = [UInt8](repeating: 7, count: size)
      #expect(unsafe send(app.raw, sent, size, 0) == size)
      #expect(try !relay.move())
      #expect(probe_ready(server.socket.raw, 0) == 1)
      #expect(unsafe probe_datagram(server.socket.raw, &buffer, 65_536, &port) == size)
      #expect(unsafe probe_answer(server.socket.raw, sent, UInt(size), port) == 0)
      #expect(probe_ready(relay.doors.outside, 0) == 1)
      #expect(try !relay.move())
      #expect(unsafe recv(app.raw, &buffer, 65_536, Int32(MSG_DONTWAIT)) == size)
    }
  }

  @Test("to nobody else: the app's end names no address")
  func noOther() throws {
    let server = try Served(backlog: -1)
    let secret = try Served("127.0.0.2", backlog: -1)
    var relay = try DatagramRelay(to: here, port: server.port)
    guard let app = relay.takeAppsEnd() else {
      Issue.record("no end for the app")
      return
    }
    /* The address is not looked at: it goes where everything goes. */
    #expect(unsafe probe_send_to(app.raw, "127.0.0.2", secret.port) == 0)
    #expect(try !relay.move())
    #expect(probe_ready(server.socket.raw, 0) == 1)
    var byte: UInt8 = 0
    var port: UInt16 = 0
    #expect(unsafe probe_datagram(secret.socket.raw, &byte, 1, &port) < 0)
    /* What the relay is for: a connected socket sends to anybody. */
    let place = SocketPlace(here, port: server.port)
    let plain = try SocketCalls.connectDatagrams(to: place)
    #expect(unsafe probe_send_to(plain.raw, "127.0.0.2", secret.port) == 0)
    #expect(probe_ready(secret.socket.raw, 0) == 1)
  }

  @Test("until the app closes its end; a peer that is gone is no error, a flood takes turns")
  func ends() throws {
    var relay = try DatagramRelay(to: here, port: 9)
    guard let app = relay.takeAppsEnd() else {
      Issue.record("no end for the app")
      return
    }
    for _ in 0..<20 {
      #expect(unsafe send(app.raw, "x", 1, Int32(MSG_DONTWAIT)) == 1)
      _ = try relay.move()
    }
    var sent = 0
    while unsafe send(app.raw, "x", 1, Int32(MSG_DONTWAIT)) == 1 { sent += 1 }
    #expect(sent > 40)
    #expect(try relay.move(), "32 at a time")
    shutdown(app.raw, Int32(SHUT_RDWR))
    var turns = 0
    let number = refusal { () throws(SystemError) in
      while turns < 1000 {
        _ = try relay.move()
        turns += 1
      }
    }
    #expect(number == EPIPE)
  }
}
