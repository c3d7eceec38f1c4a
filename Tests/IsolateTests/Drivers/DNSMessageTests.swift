import Testing

@testable import Isolate

@Suite("Answers of name servers")
struct DNSMessageTests {
  private func question(
    _ name: String = "www.example.org", kind: DNSMessage.Kind = .four, id: UInt16 = 0xABCD,
    letters: UInt64 = 0b1011
  ) throws -> DNSMessage.Question {
    let name = Array(name.utf8)
    let made = DNSMessage.Question(name.span, kind: kind, id: id, letters: letters)
    return try #require(made)
  }

  private func answer(_ question: DNSMessage.Question, _ bytes: [UInt8]) -> DNSMessage.Answer {
    question.answer(bytes.span)
  }

  private let first = InternetAddress(four: 0xC000_0201)

  @Test("are asked for with random capitals")
  func questions() throws {
    let asked = try question()
    #expect(String(decoding: asked.name, as: UTF8.self) == "\u{3}WWw\u{7}Example\u{3}org\0")
    #expect(asked.message.count == 12 + asked.name.count + 4)
    #expect(asked.message.prefix(6) == [0xAB, 0xCD, 1, 0, 0, 1])
    #expect(try question("www.example.org.").name == asked.name)
    let long = String(repeating: "a", count: 63)
    #expect(try question(long + ".b").name.count == 67)
    for name in [
      "", ".", "..", "a..b", ".a", "a..", long + "a",
      Array(repeating: "abc", count: 64).joined(separator: "."),
    ] {
      let bytes = Array(name.utf8)
      let made = DNSMessage.Question(bytes.span, kind: .four, id: 1, letters: 0)
      #expect(made == nil, "\(name)")
    }
  }

  @Test("give addresses, through aliases in any order")
  func addresses() throws {
    let asked = try question()
    #expect(answer(asked, DNSWriter.addresses(asked.message, [1])) == .addresses([first]))
    #expect(answer(asked, DNSWriter.addresses(asked.message, [])) == .addresses([]))
    let six = try question(kind: .six)
    #expect(
      answer(six, DNSWriter.addresses(six.message, [9]))
        == .addresses([InternetAddress(high: 0x2001_0DB8_0000_0000, low: 9)]))
    var writer = DNSWriter(to: asked.message, answers: 4)
    writer.record(DNSWriter.name("B.example.org"), type: 1, [192, 0, 2, 1])
    writer.record(DNSWriter.name("a.example.org"), type: 5, DNSWriter.name("b.EXAMPLE.org"))
    writer.record(DNSWriter.same, type: 5, DNSWriter.name("a.example.org"))
    writer.record(DNSWriter.name("other.example.org"), type: 1, [192, 0, 2, 66])
    #expect(answer(asked, writer.bytes) == .addresses([first]))
  }

  @Test("that are not to this question are foreign")
  func foreign() throws {
    let asked = try question()
    let good = DNSWriter.addresses(asked.message, [1])
    var wrong: [[UInt8]] = [[], [0], Array(good.prefix(11)), Array(good.prefix(12)), asked.message]
    for (index, byte): (Int, UInt8) in [(0, 1), (1, 1), (2, 0x80), (2, 0x08), (5, 2), (5, 0)] {
      wrong.append(good)
      wrong[wrong.count - 1][index] = index == 5 ? byte : good[index] ^ byte
    }
    /* Other capitals, another name, another kind, another class. */
    for index in [13, 17, 12 + asked.name.count + 1, 12 + asked.name.count + 3] {
      wrong.append(good)
      wrong[wrong.count - 1][index] ^= 0x20
    }
    for bytes in wrong { #expect(answer(asked, bytes) == .foreign, "\(bytes)") }
    /* An owner that is not the name asked for gives nothing, whoever sends it. */
    var writer = DNSWriter(to: asked.message, answers: 1)
    writer.record(DNSWriter.name("bank.example"), type: 1, [6, 6, 6, 6])
    #expect(answer(asked, writer.bytes) == .addresses([]))
  }

  @Test("say that they were cut, that there is no such name, or that they failed")
  func codes() throws {
    let asked = try question()
    #expect(answer(asked, DNSWriter(to: asked.message, isCut: true).bytes) == .cut)
    #expect(answer(asked, DNSWriter(to: asked.message, code: 3).bytes) == .noName)
    #expect(answer(asked, DNSWriter(to: asked.message, code: 2).bytes) == .failed(2))
    #expect(answer(asked, DNSWriter(to: asked.message, code: 5).bytes) == .failed(5))
  }

  @Test("with loops, cuts and lies in them are malformed, never more")
  func hostile() throws {
    let asked = try question()
    func answers(_ count: Int = 1, _ write: (inout DNSWriter) -> Void) -> DNSMessage.Answer {
      var writer = DNSWriter(to: asked.message, answers: count)
      write(&writer)
      return answer(asked, writer.bytes)
    }
    let place = UInt8(12 + asked.name.count + 4)
    /* Pointers to themselves, forward, in pairs, into the header. */
    #expect(answers { $0.record([0xC0, place], type: 1, [1, 2, 3, 4]) } == .malformed)
    #expect(answers { $0.record([0xFF, 0xFF], type: 1, [1, 2, 3, 4]) } == .malformed)
    #expect(answers { $0.record([1, 0x61, 0xC0, place], type: 1, [1, 2, 3, 4]) } == .malformed)
    #expect(answers { $0.record([0x80, 0], type: 1, [1, 2, 3, 4]) } == .malformed)
    /* Aliases in a circle, and a chain of too many. */
    #expect(answers { $0.record(DNSWriter.same, type: 5, DNSWriter.same) } == .malformed)
    #expect(
      answers(2) {
        $0.record(DNSWriter.same, type: 5, DNSWriter.name("a"))
        $0.record(DNSWriter.name("a"), type: 5, DNSWriter.same)
      } == .malformed)
    for (length, isTaken) in [(8, true), (9, false), (200, false)] {
      let said = answers(length + 1) { writer in
        var owner = DNSWriter.same
        for index in 0..<length {
          writer.record(owner, type: 5, DNSWriter.name("n\(index)"))
          owner = DNSWriter.name("n\(index)")
        }
        writer.record(owner, type: 1, [192, 0, 2, 1])
      }
      #expect(said == (isTaken ? .addresses([first]) : .malformed))
    }
    /* Addresses of the wrong size, an alias that ends outside its record, fewer records than promised. */
    #expect(answers { $0.record(DNSWriter.same, type: 1, [1, 2, 3]) } == .malformed)
    #expect(answers { $0.record(DNSWriter.same, type: 1, [1, 2, 3, 4, 5]) } == .malformed)
    #expect(answers { $0.record(DNSWriter.same, type: 5, [3, 0x61]) } == .malformed)
    #expect(answers(2) { $0.record(DNSWriter.same, type: 1, [1, 2, 3, 4]) } == .malformed)
    /* Kinds that were not asked for, and another class, count for nothing. */
    #expect(answers { $0.record(DNSWriter.same, type: 28, [1]) } == .addresses([]))
    #expect(
      answers { $0.record(DNSWriter.same, type: 1, group: 3, [1, 2, 3, 4]) } == .addresses([]))
  }

  @Test("with ten thousand addresses give the first few")
  func floods() throws {
    let asked = try question()
    var writer = DNSWriter(to: asked.message, answers: 4000)
    for _ in 0..<4000 { writer.record(DNSWriter.same, type: 1, [192, 0, 2, 1]) }
    guard case .addresses(let some) = answer(asked, writer.bytes) else {
      Issue.record("not understood")
      return
    }
    #expect(some.count == DNSMessage.addresses)
    /* Every name of 255 bytes, each a chain of pointers: bounded, too. */
    var deep = DNSWriter(to: asked.message, answers: 65_535)
    for index in 0..<10_000 {
      let previous = index == 0 ? 12 : min(0x3FFF, deep.bytes.count - 16)
      deep.record(
        [1, 0x61, 0xC0 | UInt8(previous >> 8), UInt8(previous & 0xFF)], type: 1, [1, 2, 3, 4])
    }
    #expect(answer(asked, deep.bytes) != .foreign)
  }

  @Test("cut anywhere or damaged anywhere are understood or not, without a trap")
  func damage() throws {
    let asked = try question()
    let good = DNSWriter.addresses(asked.message, [1, 2])
    for count in 0..<good.count {
      let said = answer(asked, Array(good.prefix(count)))
      #expect(said == .foreign || said == .malformed)
    }
    var random = SeededGenerator(seed: 53)
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 12..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      _ = answer(asked, bytes)
    }
  }
}

@Suite("What resolv.conf and hosts say")
struct ResolverSettingsTests {
  private func settings(_ text: String, hosts: String = "") -> ResolverSettings {
    ResolverSettings(configuration: Array(text.utf8), hosts: Array(hosts.utf8))
  }

  @Test("is taken as resolv.conf(5) describes it, with its bounds")
  func configuration() {
    let read = settings(
      """
      # a comment
      nameserver 192.0.2.1 ; another
      nameserver 2001:db8::1\r
      nameserver fe80::1%eth0
      nameserver 192.0.2.2
      nameserver 192.0.2.3
      domain gone.example
      search a.example b.example c d e f g
      options ndots:99 timeout:0 attempts:100 rotate ndots
      """)
    #expect(read.servers.count == 3)
    #expect(read.servers.last == InternetAddress(four: 0xC000_0202))
    #expect(read.search.count == 6)
    #expect(read.dots == 15 && read.timeout == 1000 && read.attempts == 5)
    let none = settings("")
    #expect(none.servers == [InternetAddress(four: 0x7F00_0001)])
    #expect(none.dots == 1 && none.timeout == 5000 && none.attempts == 2 && none.search.isEmpty)
    _ = ResolverSettings(configuration: [0, 0xFF, 0x0A, 0x20], hosts: [0xFF, 0, 0x0A])
  }

  @Test("tries names with suffixes in the order of their dots")
  func candidates() {
    let read = settings("search a.example b.example\noptions ndots:2")
    func names(_ name: String) -> [String] {
      read.candidates(Array(name.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(names("x") == ["x.a.example", "x.b.example", "x"])
    #expect(names("x.y.z") == ["x.y.z", "x.y.z.a.example", "x.y.z.b.example"])
    #expect(names("x.") == ["x."])
  }

  @Test("answers for addresses, this machine, and names of hosts(5)")
  func known() {
    let read = settings(
      "", hosts: "192.0.2.7 Printer.example printer # comment other\n2001:db8::7 printer\nbad x\n")
    func known(_ name: String) -> [InternetAddress]? { read.known(Array(name.utf8)) }
    #expect(known("PRINTER")?.count == 2)
    #expect(known("printer.example.") == [InternetAddress(four: 0xC000_0207)])
    #expect(known("other") == nil && known("comment") == nil && known("x") == nil)
    #expect(known("192.0.2.9") == [InternetAddress(four: 0xC000_0209)])
    #expect(known("::ffff:192.0.2.9") == [InternetAddress(four: 0xC000_0209)])
    #expect(known("localhost")?.count == 2)
    #expect(known("db.LocalHost.")?.count == 2)
    #expect(known("notlocalhost") == nil)
    #expect(known("") == nil)
  }
}
