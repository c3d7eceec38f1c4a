import Isolate
import Testing

@Suite("The clients, in C, Python and Swift")
struct ClientTests {
  @Test(
    "send and understand the same bytes, and print the same lines",
    arguments: ClientProgram.allCases)
  func exchanges(program: ClientProgram) throws {
    let commands = Exchange.all.map(\.command).filter { $0 != "hello" }
    let broker = try FakeBroker(program, commands)
    for exchange in Exchange.all {
      for message in exchange.messages {
        if !message.isRequest {
          try broker.send(message.bytes, descriptors: message.descriptors)
          continue
        }
        let got = try #require(broker.receive(), "\(program): nothing for \(exchange.command)")
        #expect(got.bytes == message.bytes, "\(program): \(exchange.command)")
        #expect(got.descriptors == Int(message.descriptors.first ?? "0"))
      }
    }
    let expected = Exchange.all.flatMap(\.output)
    let output = try broker.finish()
    #expect(output == expected, "\(program)")
  }

  /// After `hello`, which is answered well.
  private func ready(_ program: ClientProgram, _ commands: [String]) throws -> FakeBroker {
    let broker = try FakeBroker(program, commands)
    for message in Exchange.all[0].messages {
      if message.isRequest {
        _ = try #require(broker.receive())
      } else {
        try broker.send(message.bytes, descriptors: message.descriptors)
      }
    }
    return broker
  }

  /// The reply that the table of exchanges has for a command.
  private func reply(_ command: String) throws -> [UInt8] {
    let exchange = try #require(Exchange.all.first { $0.command == command })
    return try #require(exchange.messages.first { !$0.isRequest }).bytes
  }

  private static let open = "open photos a.txt read"
  private static let remove = "remove photos a.txt"

  /// A reply that a broker never sends, and to which command.
  struct Wrong: CustomTestStringConvertible, Sendable {
    var name: String
    var command: String
    var descriptors: [String] = []
    var change: @Sendable (inout [UInt8]) -> Void = { _ in }

    var testDescription: String { name }
  }

  static let wrong: [Wrong] = [
    Wrong(name: "no descriptor", command: open),
    Wrong(name: "two descriptors", command: open, descriptors: ["file a", "file b"]),
    Wrong(name: "a descriptor too many", command: remove, descriptors: ["zero"]),
    Wrong(
      name: "a descriptor with an error", command: "open photos none read", descriptors: ["zero"]),
    Wrong(name: "a byte left over", command: remove) { bytes in
      bytes.append(0)
      WireFuzz.fixLength(&bytes)
    },
    Wrong(name: "a list that ends early", command: "list photos sub") { bytes in
      bytes.removeLast()
      WireFuzz.fixLength(&bytes)
    },
    Wrong(name: "a list that is longer than it says", command: "list photos sub") { bytes in
      bytes[44] = 200
    },
    Wrong(name: "a wrong length", command: remove) { $0.append(0) },
    Wrong(name: "half a header", command: remove) { $0.removeLast($0.count - 8) },
    Wrong(name: "another opcode", command: remove) { $0[0] = 16 },
    Wrong(name: "a request", command: remove) { $0[1] = 0 },
    Wrong(name: "an unknown flag", command: remove) { $0[2] = 2 },
    Wrong(name: "a status that is no errno", command: remove) { $0[13] = 0x20 },
    Wrong(name: "a rule that is too long", command: remove) { bytes in
      bytes.replaceSubrange(20..<32, with: [44, 1] + [UInt8](repeating: 65, count: 300))
      WireFuzz.fixLength(&bytes)
    },
  ]

  @Test(
    "refuse a reply that breaks the protocol, and keep nothing of it",
    arguments: ClientProgram.allCases)
  func wrongReplies(program: ClientProgram) throws {
    for wrong in Self.wrong {
      let broker = try ready(program, [wrong.command, Self.remove])
      _ = try #require(broker.receive())
      var bytes = try reply(wrong.command)
      wrong.change(&bytes)
      try broker.send(bytes, descriptors: wrong.descriptors)
      let name = wrong.command.prefix { $0 != " " }
      let expected = [
        "\(name): error 71 detail - rule -", "remove: error 71 detail - rule -",
      ]
      let output = try broker.finish()
      #expect(output == expected, "\(program), \(wrong.name)")
    }
  }

  @Test(
    "drop a reply that nobody waits for, with its descriptors", arguments: ClientProgram.allCases)
  func strangers(program: ClientProgram) throws {
    let broker = try ready(program, [Self.open])
    _ = try #require(broker.receive())
    let bytes = try reply(Self.open)
    try broker.send(bytes, id: broker.lastID &+ 9, descriptors: ["zero", "file wrong"])
    try broker.send(try reply(Self.remove), id: broker.lastID &+ 7)
    try broker.send(bytes, descriptors: ["file right"])
    #expect(try broker.finish() == ["open: right"], "\(program)")
  }

  @Test(
    "give up a broker that says nothing, and go on when it speaks again",
    arguments: ClientProgram.allCases)
  func silence(program: ClientProgram) throws {
    let broker = try ready(program, ["deadline 50 50", Self.open, "deadline 0 5000", Self.open])
    _ = try #require(broker.receive())
    let first = broker.lastID
    _ = try #require(broker.receive(), "the second comes when the first is given up")
    let bytes = try reply(Self.open)
    try broker.send(bytes, id: first, descriptors: ["file late"])
    try broker.send(bytes, descriptors: ["file right"])
    #expect(
      try broker.finish() == ["open: error 110 detail - rule -", "open: right"], "\(program)")
  }

  @Test("notice that the broker is gone", arguments: ClientProgram.allCases)
  func gone(program: ClientProgram) throws {
    let broker = try ready(program, [Self.open, Self.remove])
    _ = try #require(broker.receive())
    let expected = ["open: error 104 detail - rule -", "remove: error 104 detail - rule -"]
    #expect(try broker.finish() == expected, "\(program)")
  }

  @Test("do not ask for ever for grants that do not come", arguments: ClientProgram.allCases)
  func endlessHello(program: ClientProgram) throws {
    let broker = try FakeBroker(program, [])
    _ = try #require(broker.receive())
    var bytes = Array(try reply("hello").prefix(32))
    bytes += [0, 0]
    WireFuzz.fixLength(&bytes)
    try broker.send(bytes)
    #expect(try broker.finish() == ["hello: error 71 detail - rule -"], "\(program)")
  }

  @Test("refuse what does not fit into a message", arguments: ClientProgram.allCases)
  func tooLong(program: ClientProgram) throws {
    let path = String(repeating: "x", count: 4500)
    let broker = try ready(program, ["stat photos \(path)"])
    #expect(try broker.finish() == ["stat: error 90 detail - rule -"], "\(program)")
  }

  @Test("say that there is no broker", arguments: ClientProgram.allCases)
  func noBroker(program: ClientProgram) throws {
    let words = try program.words()
    for value in ["", "x", "-1", "99999", "1", "3 ", "12345678901234567890"] {
      let ran = Run.shell(
        "export LC_ALL=C.UTF-8 ISOLATED_BROKER_FD=\"$1\"; shift; exec \"$@\"", [value] + words)
      #expect(ran.output == "hello: error 107 detail - rule -\n", "\(program), \(value)")
    }
  }

  @Test("take replies in any order", arguments: [ClientProgram.python, .swift])
  func anyOrder(program: ClientProgram) throws {
    let broker = try ready(program, ["both photos a.txt b.txt", "both photos a.txt b.txt"])
    let bytes = try reply(Self.open)
    for _ in 0..<2 {
      _ = try #require(broker.receive())
      let first = broker.lastID
      _ = try #require(broker.receive())
      try broker.send(bytes, id: first, descriptors: ["file a"])
      try broker.send(bytes, descriptors: ["file b"])
    }
    #expect(try broker.finish() == ["both: b", "both: a", "both: b", "both: a"], "\(program)")
  }
}
