import Glibc
import Testing

@testable import Isolate

private func policy(
  _ address: ListenPolicy.Address, name: String = "listen", mode: UInt32 = 0o600
) -> ListenPolicy {
  ListenPolicy(
    name: name, address: address, mode: mode, backlog: 16,
    position: Position(file: "a.toml", line: 7)
  )
}

/// Why it is refused.
private func refusal(_ address: ListenPolicy.Address) -> Diagnostic? {
  do throws(Diagnostic) {
    _ = try Listeners([policy(address)])
    return nil
  } catch {
    return error
  }
}

private func port(of descriptor: Int32) -> UInt16 {
  var address = sockaddr_in6()
  var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
  let got = unsafe withUnsafeMutablePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe getsockname(descriptor, $0, &size)
    }
  }
  return got == 0 ? UInt16(bigEndian: address.sin6_port) : 0
}

/// What a client of the host says and hears, by Python.
private func ask(_ script: String, _ arguments: [String]) -> String {
  Run.command(["/usr/bin/python3", "-c", "import socket, sys\n" + script] + arguments).output
}

@Suite("What is listened on for an app")
struct ListenersTests {
  @Test("is every kind, and none is inherited by accident") func kinds() throws {
    let scratch = try Scratch()
    let addresses: [ListenPolicy.Address] = [
      .tcp(host: "127.0.0.1", port: 0), .udp(host: "127.0.0.1", port: 0), .tcp(host: "", port: 0),
      .unixStream(path: scratch.path + "/stream"), .unixDatagram(path: scratch.path + "/datagram"),
      .unixSequenced(path: scratch.path + "/sequenced"),
      .unixStream(path: "@isolated-test-\(getpid())-\(Int.random(in: 0...(.max)))"),
    ]
    let listeners = try Listeners(
      addresses.enumerated().map { policy($0.element, name: "n\($0.offset)") })
    #expect(listeners.names == (0..<7).map { "n\($0)" })
    let types = [
      SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM,
    ]
    for (descriptor, type) in zip(listeners.descriptors, types) {
      #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
      #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK == 0)
      #expect(option(descriptor, SO_TYPE) == Int32(type.rawValue))
      let accepts = type != SOCK_DGRAM
      #expect(option(descriptor, SO_ACCEPTCONN) == (accepts ? 1 : 0))
    }
    let every = port(of: listeners.descriptors[2])
    let script = """
      for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
        s = socket.socket(family); s.settimeout(20); s.connect((host, int(sys.argv[1]))); print('in')
      """
    #expect(ask(script, [String(every)]) == "in\nin\n")
    withExtendedLifetime(listeners) {}
  }

  private func option(_ descriptor: Int32, _ option: Int32) -> Int32 {
    var value: Int32 = -1
    var size = socklen_t(4)
    return unsafe getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1
  }

  /// A program may shut what it listens on to wake a thread that waits for connections: no successor of it would get one.
  @Test("is opened anew where an app has shut it, and else stays as it is") func shut() throws {
    let scratch = try Scratch()
    let addresses: [ListenPolicy.Address] = [
      .tcp(host: "127.0.0.1", port: 0), .udp(host: "127.0.0.1", port: 0),
      .unixStream(path: scratch.path + "/stream"), .unixDatagram(path: scratch.path + "/datagram"),
      .unixSequenced(path: scratch.path + "/sequenced"),
    ]
    let names = (0..<5).map { "n\($0)" }
    let listeners = try Listeners(
      addresses.enumerated().map { policy($0.element, name: "n\($0.offset)") })
    let connect =
      "s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); print('in')"
    #expect(ask(connect, [scratch.path + "/stream"]) == "in\n")
    /* Somebody waits there: that is no reason. */
    #expect(try listeners.renew().isEmpty)
    for how in [SHUT_RDWR, SHUT_RD] {
      for number in listeners.descriptors { _ = shutdown(number, Int32(how)) }
      #expect(ask(connect, [scratch.path + "/stream"]).isEmpty)
      #expect(try listeners.renew() == names)
      #expect(try listeners.renew().isEmpty)
      #expect(listeners.names == names)
      #expect(ask(connect, [scratch.path + "/stream"]) == "in\n")
      #expect(option(listeners.descriptors[0], SO_ACCEPTCONN) == 1)
    }
  }

  @Test("has the mode that was asked for, whatever the umask, and its file goes with it")
  func file() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/s"
    for mode: UInt32 in [0o600, 0o666, 0o660] {
      let listeners = try Listeners([policy(.unixStream(path: path), mode: mode)])
      let status = try #require(try FileStatus.of(path))
      #expect(status.mode & 0o7777 == mode)
      withExtendedLifetime(listeners) {}
      _ = consume listeners
      #expect(try FileStatus.of(path) == nil)
    }
    let listeners = try Listeners([policy(.unixStream(path: path))])
    #expect(unsafe unlink(path) == 0)
    Run.write("another's", to: path)
    _ = consume listeners
    #expect(Run.read(path) == "another's")
  }

  @Test("replaces a socket file that a killed one left, and nothing else") func stale() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/s"
    let kinds: [(String) -> ListenPolicy.Address] = [
      { .unixStream(path: $0) }, { .unixDatagram(path: $0) }, { .unixSequenced(path: $0) },
    ]
    for (index, kind) in kinds.enumerated() {
      let type = ["STREAM", "DGRAM", "SEQPACKET"][index]
      _ = ask("socket.socket(socket.AF_UNIX, socket.SOCK_\(type)).bind(sys.argv[1])", [path])
      #expect(try FileStatus.of(path) != nil)
      let listeners = try Listeners([policy(kind(path))])
      for other in kinds {
        let fault = try #require(refusal(other(path)))
        #expect(fault.message.contains(path))
        #expect(fault.message.contains("Address already in use"))
        #expect(fault.position == Position(file: "a.toml", line: 7))
        #expect(fault.cure?.contains("a program answers there") == true)
      }
      withExtendedLifetime(listeners) {}
    }
    Run.write("precious", to: path)
    #expect(refusal(.unixStream(path: path)) != nil)
    #expect(Run.read(path) == "precious")
    _ = unsafe unlink(path)
    let elsewhere = scratch.file("target", "t", mode: 0o600)
    #expect(unsafe symlink(elsewhere, path) == 0)
    #expect(refusal(.unixStream(path: path)) != nil)
    #expect(Run.read(path) == "t")
  }

  @Test("is said in words when it cannot be had") func errors() throws {
    let scratch = try Scratch()
    let missing = try #require(refusal(.unixStream(path: scratch.path + "/no/s")))
    #expect(missing.cure == "make the directory of \(scratch.path)/no/s first")
    let foreign = try #require(refusal(.tcp(host: "192.0.2.1", port: 0)))
    #expect(foreign.message.hasPrefix("`service.listen`: tcp:192.0.2.1:0 cannot be listened on"))
    #expect(foreign.cure?.contains("ip address") == true)
    let one = try Listeners([policy(.tcp(host: "::1", port: 0))])
    let taken = port(of: one.descriptors[0])
    let fault = try #require(refusal(.tcp(host: "::1", port: taken)))
    #expect(fault.message.contains("tcp:[::1]:\(taken)"))
    #expect(fault.cure?.contains("ss -ltnp sport = :\(taken)") == true)
    withExtendedLifetime(one) {}
    if !Privileges.isRoot {
      let low = try #require(refusal(.tcp(host: "127.0.0.1", port: 1)))
      #expect(low.cure?.contains("ip_unprivileged_port_start") == true)
    }
  }

  @Test("opens all or none") func none() throws {
    let scratch = try Scratch()
    do throws(Diagnostic) {
      _ = try Listeners([
        policy(.unixStream(path: scratch.path + "/first")),
        policy(.unixStream(path: scratch.path + "/no/second")),
      ])
      Issue.record("the second has no directory")
    } catch {
      #expect(try FileStatus.of(scratch.path + "/first") == nil)
    }
  }

  /// The app has a network of its own (none), and Landlock refuses it every port: what it was given works all the same.
  @Test("is served by an app without network, and by the next one after a crash")
  func served() throws {
    let script = """
      import os, socket
      assert int(os.environ['LISTEN_PID']) == os.getpid()
      names = os.environ['LISTEN_FDNAMES'].split(':')
      assert len(names) == int(os.environ['LISTEN_FDS'])
      for number in range(3, 3 + len(names)):
        listener = socket.socket(fileno=number)
        connection, peer = listener.accept()
        connection.sendall(names[number - 3].encode() + b' ' + connection.recv(99))
        connection.close()
      os.kill(os.getpid(), 9)
      """
    let scratch = try Scratch()
    let listeners = try Listeners([
      policy(.tcp(host: "127.0.0.1", port: 0), name: "web"),
      policy(.unixStream(path: scratch.path + "/s"), name: "local"),
    ])
    let client = """
      for family, place in ((socket.AF_INET, ('127.0.0.1', int(sys.argv[1]))), (socket.AF_UNIX, sys.argv[2])):
        s = socket.socket(family); s.settimeout(20); s.connect(place); s.sendall(b'hello'); print(s.recv(99).decode())
      """
    for _ in 0..<2 {
      var stage = try ServiceStage(python: script)
      let abi = stage.run.preparation.host.landlockABI
      stage.policy.confineSockets(landlockABI: abi, fastOpen: true)
      try stage.give(listeners.descriptors, listeners.names)
      let app = try stage.start()
      let heard = ask(client, [String(port(of: listeners.descriptors[0])), scratch.path + "/s"])
      #expect(heard == "web hello\nlocal hello\n")
      let end = try app.finish()
      #expect(end.output == "")
    }
    withExtendedLifetime(listeners) {}
  }

  @Test("is no way out of the app's network") func confined() throws {
    let listeners = try Listeners([policy(.tcp(host: "127.0.0.1", port: 0))])
    let elsewhere = try Listeners([policy(.tcp(host: "127.0.0.1", port: 0))])
    let script = """
      import socket, sys
      listener = socket.socket(fileno=3)
      listener.settimeout(3); listener.shutdown(socket.SHUT_RDWR)
      try: listener.connect(('127.0.0.1', int(sys.argv[1]))); print('out')
      except OSError as error: print('refused')
      """
    let place = String(port(of: elsewhere.descriptors[0]))
    var stage = try ServiceStage(["/usr/bin/python3", "-c", script, place])
    try stage.give(listeners.descriptors, listeners.names)
    let abi = stage.run.preparation.host.landlockABI
    stage.policy.confineSockets(landlockABI: abi, fastOpen: true)
    let end = try stage.start().finish()
    #expect(end.output == "refused\n")
    withExtendedLifetime((listeners, elsewhere)) {}
    let listening = "service.listen = [\"tcp:127.0.0.1:80\"]"
    let none = try Fixture.policy(listening)
    #expect(none.network.connectPorts == [])
    #expect(none.network.bindPorts == [])
    #expect(none.syscalls.refusesFastOpen)
    let host = try Fixture.policy(listening, "network.mode = \"host\"")
    #expect(host.network.connectPorts == nil)
    #expect(!host.syscalls.refusesFastOpen)
    let local = try Fixture.policy("service.listen = [\"unix:/run/s\"]")
    #expect(local.network.connectPorts == nil)
  }

  /// LISTEN_PID is said before the app runs.
  @Test("has a number that is known from the plan", arguments: ["none", "loopback", "host"])
  func number(network: String) throws {
    let run = try PreparedRun("echo $$", [(CommandOption.network, network)])
    let app = try run.startOrdinarily()
    let number = try #require(app.plan.appNumber)
    let end = try app.finish()
    #expect(end.output == "\(number)\n")
    let launcher = try LauncherProcess.start(
      template: run.policy, landlockABI: run.preparation.host.landlockABI, poolSize: 1)
    defer { launcher.close() }
    try launcher.refill()
    let prepared = try run.start(launcher)
    let its = try #require(prepared.plan.appNumber)
    let said = try prepared.finish()
    #expect(said.output == "\(its)\n")
  }

  @Test("has its number and names in the environment, and nothing that was there before")
  func environment() {
    var service = ServiceEnvironment()
    var variables = [
      EnvironmentVariable(name: "LISTEN_FDS", value: "9"),
      EnvironmentVariable(name: "A", value: "b"),
      EnvironmentVariable(name: "NOTIFY_SOCKET", value: "/x"),
    ]
    service.apply(to: &variables, process: 2)
    #expect(variables == [EnvironmentVariable(name: "A", value: "b")])
    service.descriptorNames = ["a", "b"]
    service.hasNotify = true
    service.watchdogMicroseconds = 5
    #expect(
      service.variables(process: 2).map { "\($0.name)=\($0.value)" } == [
        "LISTEN_PID=2", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "NOTIFY_SOCKET=/run/isolated/notify",
        "WATCHDOG_PID=2", "WATCHDOG_USEC=5",
      ])
    #expect(!service.variables(process: nil).contains { $0.name.hasSuffix("PID") })
  }
}
