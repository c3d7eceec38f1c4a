import FilterProbe
import Glibc
import Testing

@testable import Isolate

/// A name server of the test's: it answers when it is told to, and what it is told to.
final class NameServer {
  private let datagrams: Served
  private let streams: Served
  private var stream: Descriptor?
  let port: UInt16
  /// Questions that came by UDP and by TCP.
  private(set) var asked: [[UInt8]] = []
  private(set) var streamed = 0
  /// What to send for a question by UDP, and by TCP.
  var answers: ([UInt8]) -> [[UInt8]] = { _ in [] }
  var streamAnswer: ([UInt8]) -> [UInt8] = { _ in [] }

  init() throws {
    for _ in 0..<50 {
      let datagrams = try Served(backlog: -1)
      var port = datagrams.port
      let raw = unsafe probe_serve("127.0.0.1", &port, 4)
      if raw < 0 { continue }
      close(raw)
      self.datagrams = datagrams
      streams = try Served(port: port)
      self.port = port
      return
    }
    throw SystemError(call: "bind", number: EADDRINUSE)
  }

  /// Takes what is there and answers it.
  func turn() {
    var buffer = [UInt8](repeating: 0, count: 1024)
    var from: UInt16 = 0
    while true {
      let count = unsafe probe_datagram(datagrams.socket.raw, &buffer, 1024, &from)
      if count < 0 { break }
      let query = Array(buffer.prefix(Int(count)))
      asked.append(query)
      for answer in answers(query) {
        _ = unsafe probe_answer(datagrams.socket.raw, answer, UInt(answer.count), from)
      }
    }
    let raw = probe_accept(streams.socket.raw)
    if raw >= 0 {
      let accepted = Descriptor(adopting: raw)
      guard probe_ready(accepted.raw, 0) == 1,
        case .bytes(let query) = Bytes.take(from: accepted.raw)
      else { return }
      streamed += 1
      let answer = streamAnswer(Array(query.dropFirst(2)))
      let size = [UInt8(answer.count >> 8 & 0xFF), UInt8(answer.count & 0xFF)]
      Output.write(size + answer, to: accepted.raw)
      shutdown(accepted.raw, Int32(SHUT_WR))
      stream = consume accepted
    }
  }
}

@Suite("Names are looked up")
struct NameLookupTests {
  private func settings(_ server: NameServer, _ more: String = "") -> ResolverSettings {
    var settings = ResolverSettings(
      configuration: Array(("nameserver 127.0.0.1\noptions attempts:1\n" + more).utf8), hosts: [])
    settings.port = server.port
    return settings
  }

  /// To its end; where nobody has anything to say, the clock goes on to what the lookup waits for.
  private func look(
    _ name: String, _ server: NameServer, _ settings: ResolverSettings, deadline: Int64 = 60_000
  ) throws(SystemError) -> [InternetAddress] {
    var lookup = NameLookup(Array(name.utf8), settings: settings, deadline: deadline)
    var now: Int64 = 0
    for _ in 0..<1000 {
      switch try lookup.advance(now: now) {
      case .addresses(let addresses): return addresses
      case .wait(let door, let forWriting, let time):
        server.turn()
        var doors = [Door(door, read: !forWriting, write: forWriting)]
        try Poller.wait(&doors, timeout: 20)
        if !doors[0].isReadable && !doors[0].isWritable && !doors[0].isHungUp { now = time }
      }
    }
    throw SystemError(call: "resolve", number: EINPROGRESS)
  }

  @Test("both kinds of address, by one server")
  func both() throws {
    let server = try NameServer()
    server.answers = { [DNSWriter.addresses($0, [1, 2])] }
    let found = try look("www.example.org", server, settings(server))
    #expect(found.count == 4)
    #expect(found.first == InternetAddress(four: 0xC000_0201))
    #expect(server.asked.count == 2)
    #expect(
      server.asked[0].prefix(2) != server.asked[1].prefix(2) || server.asked[0] != server.asked[1])
  }

  @Test("whatever forged answers come before the true one")
  func forged() throws {
    let server = try NameServer()
    server.answers = { query in
      let bad = DNSWriter.addresses(query, [66])
      var id = bad
      id[1] ^= 1
      var capitals = bad
      capitals[13] ^= 0x20
      var asks = bad
      asks[2] &= 0x7F
      let garbage = [UInt8](repeating: 0xC0, count: 100)
      var loop = DNSWriter(to: query, answers: 1)
      loop.record(DNSWriter.same, type: 5, DNSWriter.same)
      return [id, capitals, asks, garbage, [], Array(bad.prefix(20)), loop.bytes]
        + [DNSWriter.addresses(query, [1])]
    }
    let found = try look("www.example.org", server, settings(server))
    #expect(found.count == 2)
    #expect(found.first == InternetAddress(four: 0xC000_0201))
  }

  @Test("by TCP where an answer was cut")
  func cut() throws {
    let server = try NameServer()
    server.answers = { [DNSWriter(to: $0, isCut: true).bytes] }
    server.streamAnswer = { query in
      DNSWriter.addresses(query, Array(1...255))
    }
    let found = try look("www.example.org", server, settings(server))
    #expect(found.count == 2 * DNSMessage.addresses)
    #expect(server.streamed == 2)
    /* A server that cuts there as well, says nonsense or hangs up is one that failed. */
    for answer: [UInt8] in [[], [0], [UInt8](repeating: 0, count: 40)] {
      server.streamAnswer = { _ in answer }
      let number = refusal { () throws(SystemError) in
        _ = try look("www.example.org", server, settings(server))
      }
      #expect(number == EREMOTEIO)
    }
    server.streamAnswer = { DNSWriter(to: $0, isCut: true).bytes }
    #expect(
      refusal { () throws(SystemError) in
        _ = try look("www.example.org", server, settings(server))
      } == EREMOTEIO)
  }

  @Test("with suffixes, until one is there")
  func suffixes() throws {
    let server = try NameServer()
    server.answers = { query in
      let name = String(decoding: query[12...], as: UTF8.self).lowercased()
      return [
        name.contains("second")
          ? DNSWriter.addresses(query, [1]) : DNSWriter(to: query, code: 3).bytes
      ]
    }
    let found = try look("db", server, settings(server, "search first.example second.example"))
    #expect(found.count == 2)
    #expect(server.asked.count == 4)
    #expect(
      refusal { () throws(SystemError) in _ = try look("db", server, settings(server)) } == ENOENT)
  }

  @Test("in vain: silence, failure, refusal, no address, no name; always by the deadline")
  func inVain() throws {
    let server = try NameServer()
    func number(_ name: String = "www.example.org", deadline: Int64 = 60_000) -> Int32? {
      refusal { () throws(SystemError) in
        _ = try look(name, server, settings(server), deadline: deadline)
      }
    }
    #expect(number() == ETIMEDOUT)
    #expect(number(deadline: 10) == ETIMEDOUT)
    #expect(number(deadline: 0) == ETIMEDOUT)
    server.answers = { [DNSWriter(to: $0, code: 2).bytes] }
    #expect(number() == EREMOTEIO)
    server.answers = { [DNSWriter.addresses($0, [])] }
    #expect(number() == ENOENT)
    for name in ["", ".", "a..b", String(repeating: "x", count: 300)] {
      #expect(number(name) == ENOENT)
    }
    /* Nothing listens there. */
    var nobody = settings(server)
    nobody.port = try Served(backlog: -1).port
    let gone = refusal { () throws(SystemError) in
      _ = try look("www.example.org", server, nobody)
    }
    #expect(gone == ECONNREFUSED || gone == ETIMEDOUT)
  }

  @Test("by the next server when the first is silent, and by half an answer when that is all")
  func nextServer() throws {
    let server = try NameServer()
    var settings = settings(server)
    settings.attempts = 2
    server.answers = { [server] query in
      server.asked.count <= 2 ? [] : [DNSWriter.addresses(query, [1])]
    }
    #expect(try look("www.example.org", server, settings).count == 2)
    server.answers = { DNSWriter.kind($0) == .four ? [DNSWriter.addresses($0, [1])] : [] }
    #expect(try look("www.example.org", server, settings).count == 1)
  }

  @Test("without a server where the answer is known")
  func known() throws {
    let server = try NameServer()
    #expect(try look("localhost", server, settings(server)).count == 2)
    #expect(try look("192.0.2.1", server, settings(server)).count == 1)
    #expect(server.asked.isEmpty)
  }
}
