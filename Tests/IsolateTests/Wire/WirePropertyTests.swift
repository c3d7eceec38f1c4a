import Testing

import Isolate

@Suite("The wire, by its table of exchanges")
struct WirePropertyTests {
  static let requests = Exchange.requests
  static let replies = Exchange.replies

  private func envelope(_ message: Exchange.Message) -> WireEnvelope {
    WireEnvelope(descriptors: message.isRequest ? 0 : message.descriptors.count)
  }

  private func broken(_ bytes: [UInt8], _ message: Exchange.Message) -> String? {
    message.isRequest
      ? WireFuzz.request(bytes, envelope(message)) : WireFuzz.reply(bytes, envelope(message))
  }

  private func violation(_ bytes: [UInt8], _ message: Exchange.Message) -> WireViolation? {
    let isRequest = message.isRequest
    if isRequest, case .failure(let why) = envelope(message).request(bytes) { return why }
    if !isRequest, case .failure(let why) = envelope(message).reply(bytes) { return why }
    return nil
  }

  @Test("has every opcode, both ways") func everyOpcode() {
    let asked = Set(Self.requests.map { UInt16($0.bytes[0]) })
    let answered = Set(Self.replies.map { UInt16($0.bytes[0]) })
    #expect(asked == Set(Opcode.allCases.map(\.rawValue)))
    #expect(answered == asked)
  }

  @Test("reads every message and writes it back, byte for byte")
  func roundTrip() {
    for message in Self.requests + Self.replies {
      #expect(violation(message.bytes, message) == nil, "line \(message.line)")
      #expect(broken(message.bytes, message) == nil, "line \(message.line)")
    }
  }

  @Test("takes no message that ends early or goes on")
  func truncated() {
    for message in Self.requests + Self.replies {
      for count in 0..<message.bytes.count {
        var bytes = Array(message.bytes.prefix(count))
        #expect(violation(bytes, message) == (count < 16 ? .short : .length))
        WireFuzz.fixLength(&bytes)
        let expected: WireViolation = count < 16 ? .short : .body
        #expect(violation(bytes, message) == expected, "line \(message.line), \(count) bytes")
      }
      var longer = message.bytes + [0]
      #expect(violation(longer, message) == .length)
      WireFuzz.fixLength(&longer)
      #expect(violation(longer, message) == .leftOver, "line \(message.line)")
    }
  }

  @Test("keeps its promise whatever one byte becomes")
  func damaged() {
    for message in Self.requests + Self.replies {
      for place in message.bytes.indices {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
          var bytes = message.bytes
          bytes[place] ^= change
          let broken = broken(bytes, message)
          #expect(broken == nil, "line \(message.line), byte \(place) ^ \(change)")
        }
      }
    }
  }

  @Test("keeps its promise whatever many bytes become")
  func damagedAtRandom() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    let corpus = (Self.requests + Self.replies).map(\.bytes)
    for _ in 0..<4000 {
      var bytes = corpus.randomElement(using: &random) ?? []
      for _ in 0...Int.random(in: 0..<6, using: &random) {
        mutate(&bytes, corpus: corpus, using: &random)
      }
      let first = UInt8.random(in: 0...255, using: &random) & 0x83
      for isReply in [false, true] {
        if let broken = WireFuzz.broken(by: [first] + bytes, isReply: isReply) {
          Issue.record("seed \(seed): \(broken) by \([first] + bytes)")
          return
        }
      }
    }
  }
}
