import Glibc
import Testing

@testable import Isolate

/// A server in Python that answers each connection with the same bytes, and says its port first.
private let server = """
  import socket, sys
  s = socket.socket(); s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(9)
  print(s.getsockname()[1], flush=True)
  held = []
  while True:
    c, _ = s.accept()
    if sys.argv[2] == 'silent': held.append(c); continue
    if sys.argv[2] == 'closing': c.close(); continue
    asked = b''
    while not asked.endswith(b'\\r\\n\\r\\n'): asked += c.recv(1)
    print(asked.decode().split('\\r\\n')[0:2], flush=True)
    try:
      for byte in sys.argv[2].encode(): c.send(bytes([byte]))
    except OSError: pass
    c.close()
  """

private func outcome(_ probe: HealthProbe?) throws -> HealthProbe.Outcome {
  let probe = try #require(probe)
  let end = Poller.now() + 20_000
  while Poller.now() < end {
    if let outcome = probe.handle(now: Poller.now()) { return outcome }
    guard let descriptor = probe.descriptor else { continue }
    var doors = [Door(descriptor, read: !probe.wantsWrite, write: probe.wantsWrite)]
    try Poller.wait(&doors, timeout: max(0, min(1000, probe.nextAt - Poller.now())))
  }
  Issue.record("no outcome")
  return .good
}

@Suite("Checks by TCP and HTTP", .serialized)
struct HealthProbeTests {
  private func isRefused(_ outcome: HealthProbe.Outcome) -> Bool {
    if case .bad(.failed(let error)) = outcome { return error.number == ECONNREFUSED }
    return false
  }

  /// A server in an app's own network, and what a check of it says.
  private func check(
    _ behaviour: String, http: Bool = true, timeout: Int64 = 20_000, network: String = "loopback"
  ) throws -> HealthProbe.Outcome {
    let stage = try ServiceStage(
      ["/usr/bin/python3", "-c", server, "0", behaviour], [(CommandOption.network, network)])
    let app = try stage.start()
    let port = try #require(
      UInt16(try app.read().prefix { $0.isNumber }))
    let isOwn = network != "host"
    let target: HealthPolicy.Check =
      http
      ? .http(host: "127.0.0.1", port: port, path: "/health?x=1")
      : .tcp(host: "127.0.0.1", port: port)
    let probe = HealthProbe(
      target, timeoutMilliseconds: timeout, process: app.child.pid,
      handle: isOwn ? app.child.pidfd.raw : -1, now: Poller.now())
    let result = try outcome(probe)
    if http, result == .good {
      let asked = try app.read()
      #expect(asked == "['GET /health?x=1 HTTP/1.1', 'Host: 127.0.0.1:\(port)']\n")
    }
    if isOwn {
      /* Nobody listens there outside. */
      let outside = HealthProbe(
        .tcp(host: "127.0.0.1", port: port), timeoutMilliseconds: 20_000, process: 0, handle: -1,
        now: Poller.now())
      #expect(isRefused(try outcome(outside)))
      #expect(result != .bad(.timedOut) || timeout < 20_000)
    }
    try ProcessHandle.send(SIGKILL, to: app.child.pidfd)
    _ = try app.finish()
    return result
  }

  @Test(
    "ask in the app's own network, which is not the machine's", arguments: ["loopback", "host"])
  func good(network: String) throws {
    #expect(try check("HTTP/1.1 204 No Content\r\n\r\n", network: network) == .good)
    #expect(try check("silent", http: false, network: network) == .good)
  }

  @Test("are bad when the answer is") func bad() throws {
    #expect(try check("HTTP/1.1 503 Busy\r\n\r\n") == .bad(.status(503)))
    #expect(try check("SSH-2.0-OpenSSH_9.2\r\n") == .bad(.malformed))
    #expect(try check("closing") != .good)
    #expect(try check("silent", timeout: 300) == .bad(.timedOut))
  }

  @Test("are bad when nobody listens, and when the app is gone") func nobody() throws {
    let stage = try ServiceStage(["/bin/sleep", "30"], [(CommandOption.network, "loopback")])
    let app = try stage.start()
    let isRunning = Moment.within(20) {
      /* The app itself: what makes its network came before. */
      Run.read("/proc/\(app.child.pid)/task/\(app.child.pid)/children").split(separator: " ")
        .contains { Run.read("/proc/\($0)/comm") == "sleep\n" }
    }
    #expect(isRunning)
    let wanted = HealthPolicy.Check.tcp(host: "127.0.0.1", port: 9)
    let refused = HealthProbe(
      wanted, timeoutMilliseconds: 20_000, process: app.child.pid, handle: app.child.pidfd.raw,
      now: Poller.now())
    #expect(isRefused(try outcome(refused)))
    try ProcessHandle.send(SIGKILL, to: app.child.pidfd)
    var doors = [Door(app.child.pidfd.raw)]
    try Poller.wait(&doors, timeout: 20_000)
    let gone = HealthProbe(
      wanted, timeoutMilliseconds: 20_000, process: app.child.pid, handle: app.child.pidfd.raw,
      now: Poller.now())
    #expect(gone?.descriptor == nil)
    #expect(try outcome(gone) != .good)
    _ = try app.finish()
  }

  @Test("leave no descriptor, no process, and this process as dumpable as it was") func traceless()
    async
  {
    await #expect(processExitsWith: .success) {
      let stage = try ServiceStage(["/bin/sleep", "30"], [(CommandOption.network, "loopback")])
      let app = try stage.start()
      let isRunning = Moment.within(20) {
        Run.read("/proc/\(app.child.pid)/task/\(app.child.pid)/children").isEmpty == false
      }
      if !isRunning { exit(2) }
      let before = FileSystem.names(in: "/proc/self/fd")?.count
      for _ in 0..<100 {
        let probe = HealthProbe(
          .tcp(host: "127.0.0.1", port: 9), timeoutMilliseconds: 20_000, process: app.child.pid,
          handle: app.child.pidfd.raw, now: Poller.now())
        if try outcome(probe) == .good { exit(3) }
      }
      if FileSystem.names(in: "/proc/self/fd")?.count != before { exit(4) }
      /* What is not dumpable belongs to root (proc(5)). */
      if try FileStatus.of("/proc/self/stat")?.uid != geteuid() { exit(5) }
      try ProcessHandle.send(SIGKILL, to: app.child.pidfd)
      _ = try app.finish()
      if waitpid(-1, nil, 0) != -1 || errno != ECHILD { exit(6) }
    }
  }

  @Test("read no more of an answer than its status") func status() {
    let answers: [(String, HTTPStatus.Reading)] = [
      ("HTTP/1.1 200 OK", .status(200)), ("HTTP/1.0 404\r\n", .status(404)),
      ("HTTP/1.1 299\n", .status(299)), ("HTTP/1.1 200", .more), ("", .more),
      ("HTTP/2 200 OK", .malformed), ("HTTP/1.1 2000 OK", .malformed),
      ("HTTP/1.1 099 X", .malformed),
      ("HTTP/1.1  200", .malformed), ("http/1.1 200 OK", .malformed), ("HTTP/1.x 200 ", .malformed),
      ("\r\nHTTP/1.1 200 OK", .malformed),
    ]
    for (text, expected) in answers {
      var status = HTTPStatus()
      let reading = status.feed(Array(text.utf8))
      #expect(reading == expected, "\(text)")
    }
    let six = String(decoding: HTTPStatus.request(host: "::1", port: 80, path: "/"), as: UTF8.self)
    #expect(six.hasPrefix("GET / HTTP/1.1\r\nHost: [::1]\r\n"))
    #expect(six.hasSuffix("\r\n\r\n"))
  }
}
