import Testing

@testable import Isolate

/// The bytes of a request of the table, by its command.
func requestBytes(_ command: String) -> [UInt8] {
  Exchange.all.first { $0.command == command }?.messages.first { $0.isRequest }?.bytes ?? []
}

func replyBytes(_ command: String) -> [UInt8] {
  Exchange.all.first { $0.command == command }?.messages.first { !$0.isRequest }?.bytes ?? []
}

extension [UInt8] {
  /// The same with some bytes changed, and the length made right.
  func with(_ changes: [Int: UInt8], adding more: [UInt8] = []) -> [UInt8] {
    var bytes = self
    for (place, value) in changes { bytes[place] = value }
    bytes += more
    if !more.isEmpty { WireFuzz.fixLength(&bytes) }
    return bytes
  }
}

@Suite("A peer is cut off")
struct WireViolationTests {
  private let open = requestBytes("open photos a.txt read")
  private let opened = replyBytes("open photos a.txt read")
  private let removed = replyBytes("remove photos a.txt")

  private func request(
    _ bytes: [UInt8], _ envelope: WireEnvelope = WireEnvelope()
  ) -> WireViolation? {
    if case .failure(let why) = envelope.request(bytes) { return why }
    return nil
  }

  private func reply(
    _ bytes: [UInt8], _ envelope: WireEnvelope = WireEnvelope()
  ) -> WireViolation? {
    if case .failure(let why) = envelope.reply(bytes) { return why }
    return nil
  }

  @Test("for a request whose header is wrong") func header() {
    #expect(request(open) == nil)
    #expect(request([]) == .short)
    #expect(request(Array(open.prefix(15))) == .short)
    #expect(request(open.with([8: 0])) == .length)
    #expect(request(open.with([11: 1])) == .length)
    #expect(request(open.with([0: 0])) == .opcode)
    #expect(request(open.with([0: 7])) == .opcode)
    #expect(request(open.with([1: 1])) == .opcode)
    #expect(request(open.with([1: 0x80])) == .opcode)
    #expect(request(open.with([2: 1])) == .flags)
    #expect(request(open.with([3: 0x80])) == .flags)
    #expect(request(open.with([4: 0])) == .id)
  }

  @Test("for what does not come through whole") func envelope() {
    #expect(request(open, WireEnvelope(isTruncated: true)) == .truncated)
    #expect(request(open, WireEnvelope(lostDescriptors: true)) == .descriptorsLost)
    #expect(request(open, WireEnvelope(descriptors: 17)) == .descriptorsLost)
    #expect(reply(opened, WireEnvelope(descriptors: 1, isTruncated: true)) == .truncated)
    let payload = [UInt8](repeating: 7, count: 5000)
    #expect(request(open.with([:], adding: payload)) == .truncated)
  }

  @Test("for descriptors that nobody asked for") func descriptors() {
    for message in Exchange.requests where message.bytes[0] != 112 {
      #expect(request(message.bytes, WireEnvelope(descriptors: 1)) == .descriptors)
    }
    let call = requestBytes("call scan eicar 2")
    for count in 0...16 { #expect(request(call, WireEnvelope(descriptors: count)) == nil) }
    for message in Exchange.replies where message.bytes[0] != 112 || message.bytes[12] != 0 {
      let right = message.descriptors.count
      let fewer = reply(message.bytes, WireEnvelope(descriptors: max(0, right - 1)))
      #expect(fewer == (right == 0 ? nil : .descriptors), "line \(message.line)")
      let more = reply(message.bytes, WireEnvelope(descriptors: right + 1))
      #expect(more == .descriptors, "line \(message.line)")
    }
    let answer = replyBytes("call scan eicar 2")
    for count in 0...16 { #expect(reply(answer, WireEnvelope(descriptors: count)) == nil) }
  }

  @Test("for a version that is not in its range") func version() {
    let hello = requestBytes("hello")
    #expect(request(hello) == nil)
    #expect(request(hello.with([16: 0, 18: 9])) == nil)
    #expect(request(hello.with([16: 2, 18: 9])) == .version)
    #expect(request(hello.with([16: 0, 18: 0])) == .version)
    #expect(request(hello.with([16: 9, 18: 0])) == .version)
    #expect(reply(replyBytes("hello").with([22: 2])) == .version)
  }

  @Test("for texts and lists that are longer than the message") func lengths() {
    #expect(request(open.with([26: 6])) == .body)
    #expect(request(open.with([27: 255])) == .body)
    let start = requestBytes("start jobs worker one two")
    #expect(request(start.with([26: 3])) == .body)
    #expect(request(start.with([26: 1])) == .leftOver)
    #expect(request(start.with([27: 255])) == .body)
    #expect(reply(replyBytes("list photos sub").with([40: 3])) == .body)
    #expect(reply(replyBytes("list photos sub").with([40: 1])) == .leftOver)
  }

  @Test("for reserved bytes") func reserved() {
    #expect(
      request(requestBytes("connect web tcp example.org 443 ping").with([19: 1])) == .reserved)
    #expect(request(requestBytes("listen door tcp 127.0.0.1 0").with([19: 1])) == .reserved)
    #expect(reply(removed.with([17: 1])) == .reserved)
  }

  @Test("for a reply with what nobody knows") func values() {
    #expect(reply(removed) == nil)
    #expect(reply(removed.with([1: 0])) == .opcode)
    #expect(reply(removed.with([0: 200])) == .opcode)
    #expect(reply(removed.with([4: 0])) == .id)
    #expect(reply(removed.with([12: 0xFF, 13: 0x0F])) == nil)
    #expect(reply(removed.with([13: 0x10])) == .value)
    #expect(reply(removed.with([16: 17])) == .value)
    #expect(
      reply(removed.with([20: 1, 21: 1], adding: [UInt8](repeating: 65, count: 247))) == .value)
    #expect(reply(replyBytes("list photos sub").with([42: 8])) == .value)
    let address: [UInt8] = [1, 0, 5, 0, 1, 2, 3, 4, 5]
    #expect(reply(removed.with([0: 34], adding: address)) == .value)
    #expect(reply(replyBytes("status jobs worker-1").with([32: 8])) == .value)
    let handles = replyBytes("handles ages")
    #expect(reply(handles) == nil)
    #expect(reply(handles.with([30: 0])) == .value)
    #expect(reply(handles.with([31: 3])) == .value)
    #expect(reply(replyBytes("hello").with([42: 0])) == .value)
  }

  @Test("for MORE where no more can come") func more() {
    for message in Exchange.replies {
      var bytes = message.bytes
      bytes[2] = 1
      let isList = [1, 4, 18].contains(bytes[0])
      let envelope = WireEnvelope(descriptors: message.descriptors.count)
      #expect(reply(bytes, envelope) == (isList ? nil : .flags), "line \(message.line)")
      bytes[2] = 2
      #expect(reply(bytes, envelope) == .flags)
    }
    // An error is the end of a list.
    let error: [UInt8] = [
      18, 0x80, 1, 0, 1, 0, 0, 0, 22, 0, 0, 0, 5, 0, 0, 0, 0, 0, 255, 255, 0, 0,
    ]
    #expect(reply(error) == .flags)
    #expect(reply(error.with([2: 0])) == nil)
  }

  @Test("and every reason has words of its own") func words() {
    #expect(Set(WireViolation.allCases.map(\.words)).count == WireViolation.allCases.count)
    #expect(WireViolation.allCases.map(\.rawValue) == Array(1...13))
    #expect(WireViolation.truncated.words.contains("\(WireLimits.messageBytes)"))
    #expect(WireViolation.descriptorsLost.words.contains("\(WireLimits.descriptors)"))
  }
}
