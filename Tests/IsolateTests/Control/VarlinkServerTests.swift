@testable import Isolate
import Testing

/// A server with the session's interface, without a socket.
private struct Bench {
  var server: VarlinkServer
  var now: Int64 = 1000

  init(_ limits: VarlinkLimits = VarlinkLimits()) {
    let info = VarlinkInfo(vendor: "V", product: "P", version: "1", url: "U")
    server = VarlinkServer(info, interfaces: [SessionInterface.interface], limits: limits)
  }

  mutating func connect() throws -> Int {
    let peer = server.connect()
    return try #require(peer)
  }

  mutating func nextCall() throws -> VarlinkCall {
    let call = server.nextCall(now: now)
    return try #require(call)
  }

  mutating func expectNoCall(at location: SourceLocation = #_sourceLocation) {
    let call = server.nextCall(now: now)
    #expect(call == nil, sourceLocation: location)
  }

  mutating func say(_ text: String, _ peer: Int) {
    server.receive(Array(text.utf8) + [0], from: peer, now: now)
  }

  /// Everything that waits for a peer, message by message.
  mutating func hear(_ peer: Int) -> [String] {
    let output = server.output(peer)
    server.sent(output.count, to: peer, now: now)
    return output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  mutating func ask(_ text: String, _ peer: Int) -> String {
    say(text, peer)
    if let call = server.nextCall(now: now) { Issue.record("reached the session: \(call)") }
    return hear(peer).joined(separator: "|")
  }
}

private let session = "io.isolated.Session"

@Suite("A varlink server")
struct VarlinkServerTests {
  @Test("tells who it is and what it speaks") func information() throws {
    var bench = Bench()
    let peer = try bench.connect()
    #expect(
      bench.ask(#"{"method":"org.varlink.service.GetInfo"}"#, peer)
        == #"{"parameters":{"vendor":"V","product":"P","version":"1","url":"U","#
        + #""interfaces":["org.varlink.service","io.isolated.Session"]}}"#)
    for name in ["org.varlink.service", session] {
      let reply = bench.ask(
        #"{"method":"org.varlink.service.GetInterfaceDescription","#
          + #""parameters":{"interface":"\#(name)"}}"#, peer)
      #expect(reply.contains("interface \(name)"))
    }
  }

  @Test(
    "refuses with the error that varlink has for it",
    arguments: [
      ("a.b.C", "{}", "InterfaceNotFound", #"{"interface":"a.b"}"#),
      ("a..C", "{}", "InterfaceNotFound", #"{"interface":"a."}"#),
      (session + ".Nothing", "{}", "MethodNotFound", #"{"method":"io.isolated.Session.Nothing"}"#),
      (
        session + ".getStatus", "{}", "MethodNotFound",
        #"{"method":"io.isolated.Session.getStatus"}"#
      ),
      ("org.varlink.service.X", "{}", "MethodNotFound", #"{"method":"org.varlink.service.X"}"#),
      (session + ".Revoke", "{}", "InvalidParameter", #"{"parameter":"grant"}"#),
      (session + ".Revoke", #"{"grant":1}"#, "InvalidParameter", #"{"parameter":"grant"}"#),
      (session + ".Revoke", #"{"grant":null}"#, "InvalidParameter", #"{"parameter":"grant"}"#),
      (session + ".GetStatus", #"{"x":1}"#, "InvalidParameter", #"{"parameter":"x"}"#),
      (
        session + ".Answer", #"{"ask":1,"answer":"maybe"}"#, "InvalidParameter",
        #"{"parameter":"answer"}"#
      ),
      (
        session + ".Answer", #"{"ask":1.0,"answer":"no"}"#, "InvalidParameter",
        #"{"parameter":"ask"}"#
      ),
      (
        "org.varlink.service.GetInterfaceDescription", #"{"interface":"a.b"}"#, "InterfaceNotFound",
        #"{"interface":"a.b"}"#
      ),
      (
        "org.varlink.service.GetInterfaceDescription", "{}", "InvalidParameter",
        #"{"parameter":"interface"}"#
      ),
    ]) func errors(method: String, parameters: String, error: String, why: String) throws
  {
    var bench = Bench()
    let peer = try bench.connect()
    #expect(
      bench.ask(#"{"method":"\#(method)","parameters":\#(parameters)}"#, peer)
        == #"{"error":"org.varlink.service.\#(error)","parameters":\#(why)}"#)
    #expect(bench.server.count == 1, "an error is no reason to hang up")
  }

  @Test(
    "hangs up on what is no varlink",
    arguments: [
      "", "nonsense", "[]", "1", "{}", #"{"method":1}"#, #"{"method":"nodot"}"#,
      #"{"method":"a.B","parameters":[]}"#, #"{"method":"a.B","more":1}"#,
      #"{"method":"a.B","upgrade":true}"#, #"{"method":"a.B","method":"a.C"}"#,
      #"{"method":"a.B"} {"method":"a.B"}"#, String(repeating: "[", count: 60_000),
    ]) func dropped(text: String) throws
  {
    var bench = Bench()
    let peer = try bench.connect()
    let other = try bench.connect()
    bench.say(text, peer)
    bench.expectNoCall()
    let drops = bench.server.takeDrops()
    #expect(drops.map(\.peer) == [peer])
    #expect(drops.allSatisfy { !$0.reason.description.isEmpty })
    #expect(bench.server.dropped == 1)
    #expect(bench.ask(#"{"method":"org.varlink.service.GetInfo"}"#, other).contains("vendor"))
    bench.say(#"{"method":"org.varlink.service.GetInfo"}"#, peer)
    #expect(bench.hear(peer).isEmpty, "a peer that is gone says nothing more")
  }

  @Test("understands a call that comes byte by byte, and two that come at once") func pieces()
    throws
  {
    var bench = Bench()
    let peer = try bench.connect()
    let text = Array(#"{"method":"io.isolated.Session.GetStatus"}"#.utf8) + [0]
    for byte in text {
      bench.expectNoCall()
      #expect(bench.server.wantsInput(peer))
      bench.server.receive([byte], from: peer, now: 0)
    }
    #expect(bench.server.nextCall(now: 0)?.method == "GetStatus")
    bench.server.receive(text + text, from: peer, now: 0)
    bench.expectNoCall()
  }

  @Test("answers calls in their order, one at a time") func order() throws {
    var bench = Bench()
    let peer = try bench.connect()
    bench.say(#"{"method":"io.isolated.Session.GetStatus"}"#, peer)
    bench.say(#"{"method":"org.varlink.service.GetInfo"}"#, peer)
    let call = try bench.nextCall()
    bench.expectNoCall()
    #expect(bench.hear(peer).isEmpty)
    #expect(!bench.server.wantsInput(peer))
    let isTaken = bench.server.reply(call, JSONObject([.init("a", 1)]), now: 0)
    #expect(isTaken)
    let isTakenAgain = bench.server.reply(call, JSONObject(), now: 0)
    #expect(!isTakenAgain, "one answer is enough")
    bench.expectNoCall()
    let heard = bench.hear(peer)
    #expect(heard.count == 2)
    #expect(heard.first == #"{"parameters":{"a":1}}"#)
  }

  @Test("gives every peer its turn, however much another asks") func fair() throws {
    var bench = Bench()
    let busy = try bench.connect()
    let other = try bench.connect()
    let call = #"{"method":"io.isolated.Session.GetStatus","oneway":true}"#
    for _ in 0..<100 { bench.say(call, busy) }
    bench.say(call, other)
    var order: [Int] = []
    while let call = bench.server.nextCall(now: 0) {
      order.append(call.peer)
      bench.server.reply(call, JSONObject(), now: 0)
    }
    #expect(order.count == 101)
    #expect(order.prefix(2).contains(other))
    #expect(bench.hear(busy).isEmpty, "oneway wants no answer")
  }

  @Test("sends several replies to who wants more, and an error ends them") func more() throws {
    var bench = Bench()
    let peer = try bench.connect()
    bench.say(#"{"method":"io.isolated.Session.GetAsks","more":true}"#, peer)
    let call = try bench.nextCall()
    #expect(call.wantsMore)
    bench.server.reply(call, JSONObject(), continues: true, now: 0)
    bench.server.reply(call, JSONObject(), continues: true, now: 0)
    #expect(bench.server.waits(call))
    bench.server.fail(call, SessionRefusal.noSuchAsk(7).varlink, now: 0)
    #expect(!bench.server.waits(call))
    let going = #"{"parameters":{},"continues":true}"#
    #expect(
      bench.hear(peer) == [
        going, going, #"{"error":"io.isolated.Session.NoSuchAsk","parameters":{"ask":7}}"#,
      ])
  }

  @Test("wants one reply of a call that is both oneway and more") func onewayMore() throws {
    var bench = Bench()
    let peer = try bench.connect()
    bench.say(#"{"method":"io.isolated.Session.GetAsks","more":true,"oneway":true}"#, peer)
    #expect(bench.server.nextCall(now: 0)?.wantsMore == false)
  }
}

@Suite("Peers that mean harm")
struct VarlinkHarmTests {
  @Test("a hundred megabytes without an end are cut off after 64 KiB") func flood() throws {
    var bench = Bench()
    let peer = try bench.connect()
    let piece = [UInt8](repeating: 0x20, count: 16_384)
    var taken = 0
    for _ in 0..<6400 where bench.server.wantsInput(peer) {
      bench.server.receive(piece, from: peer, now: 0)
      taken += piece.count
    }
    #expect(taken <= 65_536 + piece.count)
    #expect(bench.server.takeDrops().map(\.reason) == [.tooLong])
    #expect(bench.server.lastDrop == .tooLong)
  }

  @Test("the longest message is taken, one byte more is not") func longest() throws {
    for (spaces, isTaken) in [(0, true), (1, false)] {
      var bench = Bench()
      let peer = try bench.connect()
      let call = #"{"method":"io.isolated.Session.GetStatus"}"#
      bench.say(call + String(repeating: " ", count: 65_536 - call.utf8.count + spaces), peer)
      #expect((bench.server.nextCall(now: 0) != nil) == isTaken)
    }
  }

  @Test("half a message is waited for ten seconds, whatever trickles in") func stalled() throws {
    var bench = Bench()
    let peer = try bench.connect()
    #expect(bench.server.expiresAt == nil, "a silent peer costs nothing")
    bench.server.receive([0x7B], from: peer, now: 1000)
    bench.server.receive([0x20], from: peer, now: 10_000)
    #expect(bench.server.expiresAt == 11_000)
    bench.server.expire(now: 10_999)
    #expect(bench.server.count == 1)
    bench.server.expire(now: 11_000)
    #expect(bench.server.takeDrops().map(\.reason) == [.stalled])
    #expect(bench.server.expiresAt == nil)
  }

  @Test("who asks and does not read is not asked on, and is cut off after thirty seconds")
  func unread() throws {
    var bench = Bench()
    let peer = try bench.connect()
    let ask =
      #"{"method":"org.varlink.service.GetInterfaceDescription","#
      + #""parameters":{"interface":"io.isolated.Session"}}"#
    var asked = 0
    for _ in 0..<1000 where bench.server.wantsInput(peer) {
      bench.say(ask, peer)
      _ = bench.server.nextCall(now: 1000)
      asked += 1
    }
    #expect(asked < 100)
    #expect(bench.server.output(peer).count < 1 << 17)
    bench.server.expire(now: 31_000)
    #expect(bench.server.takeDrops().map(\.reason) == [.unread])
  }

  @Test("a reader that is slow but reads is kept") func slow() throws {
    var bench = Bench()
    let peer = try bench.connect()
    bench.say(#"{"method":"org.varlink.service.GetInfo"}"#, peer)
    _ = bench.server.nextCall(now: 1000)
    for second in 1...60 as ClosedRange<Int64> {
      bench.server.sent(1, to: peer, now: second * 20_000)
      bench.server.expire(now: second * 20_000 + 19_999)
    }
    #expect(bench.server.count == 1)
  }

  @Test("replies beyond a megabyte end the connection") func tooMuch() throws {
    var bench = Bench()
    let peer = try bench.connect()
    bench.say(#"{"method":"io.isolated.Session.GetRecords","more":true}"#, peer)
    let call = try bench.nextCall()
    let big = JSONObject([.init("x", .string(String(repeating: "x", count: 100_000)))])
    var sent = 0
    while bench.server.reply(call, big, continues: true, now: 0), sent < 1000 { sent += 1 }
    #expect(sent == 10)
    #expect(!bench.server.takes(call))
    #expect(bench.server.takeDrops().map(\.reason) == [.unread])
  }

  @Test("sixteen may be there, the seventeenth is turned away, and room is made again")
  func crowd() throws {
    var bench = Bench()
    let peers = (0..<16).compactMap { _ in bench.server.connect() }
    #expect(peers.count == 16)
    #expect(bench.server.connect() == nil)
    #expect(bench.server.lastDrop == .crowded)
    bench.server.disconnect(peers[3])
    #expect(bench.server.connect() != nil)
  }

  @Test("an answer for a peer that has gone goes to nobody") func gone() throws {
    var bench = Bench()
    let peer = try bench.connect()
    bench.say(#"{"method":"io.isolated.Session.GetStatus"}"#, peer)
    let call = try bench.nextCall()
    bench.server.disconnect(peer)
    let next = try bench.connect()
    let isTaken = bench.server.reply(call, JSONObject(), now: 0)
    #expect(!isTaken)
    #expect(bench.server.output(next).isEmpty)
  }
}
