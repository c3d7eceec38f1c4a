import Testing

@testable import Isolate

@Suite("Kept answers")
struct AnswerBookTests {
  private let notes = ControlScene.notes

  @Test("come back as they were written") func roundTrip() {
    var book = AnswerBook()
    book.keep(.always, for: notes)
    book.keep(.never, for: ControlScene.web)
    let again = AnswerBook(book.bytes)
    #expect(again == book)
    #expect(again.answer(for: notes) == .always)
    #expect(again.answer(for: ControlScene.web) == .never)
    book.keep(.never, for: notes)
    #expect(AnswerBook(book.bytes).answer(for: notes) == .never)
    #expect(book.entries.count == 2)
  }

  @Test("hold for a grant that says the same, and no other") func content() {
    var book = AnswerBook()
    book.keep(.always, for: notes)
    var same = notes
    same.position.line = 99
    same.askMilliseconds = 5
    #expect(book.answer(for: same) == .always)
    let changes: [(inout Grant) -> Void] = [
      { $0.name = "other" }, { $0.rights.insert(.write) }, { $0.rights.remove(.list) },
      { $0.target = .files(path: "/n/", isDirectory: true) },
      { $0.target = .files(path: "/n", isDirectory: false) }, { $0.target = .device(path: "/n") },
      { $0.count = 5 }, { $0.leaseMilliseconds = 5 },
      { $0.rate = GrantRate(requests: 1, perMilliseconds: 1, burst: 1) },
    ]
    for change in changes {
      var other = notes
      change(&other)
      #expect(book.answer(for: other) == nil, "\(other)")
    }
  }

  @Test("tell every kind of grant from every other") func kinds() {
    let tcp = NetworkTarget(transport: .tcp, host: "h", ports: 1...2)
    var udp = tcp
    udp.transport = .udp
    var ports = tcp
    ports.ports = 1...3
    let targets: [GrantTarget] = [
      .connect([tcp]), .connect([udp]), .connect([ports]), .connect([tcp, udp]), .connect([]),
      .listen([tcp]), .resolve(["a"]), .resolve(["a", "b"]), .apps(["a"]), .device(path: "a"),
      .secret(.file(path: "a")), .secret(.credential(name: "a")), .secret(.command(["a"])),
      .clock(largestStepMilliseconds: 1), .clock(largestStepMilliseconds: 2), .driver(name: "a"),
    ]
    let contents = targets.map {
      GrantTelling.content(ControlScene.grant("g", $0, [.read], 1))
    }
    #expect(Set(contents).count == targets.count)
  }

  @Test("that are damaged answer nothing, and leave the others alone") func damaged() {
    var book = AnswerBook()
    book.keep(.always, for: notes)
    for line in [
      "x", "{}", "[]", #"{"grant":"notes","answer":"once","content":{}}"#,
      #"{"grant":"notes","answer":"always"}"#, #"{"grant":1,"answer":"always","content":1}"#,
      #"{"grant":"g","answer":"always","content":1,"more":1}"#,
    ] {
      let read = AnswerBook(Array((line + "\n").utf8) + book.bytes)
      #expect(read.entries == book.entries)
      #expect(read.damaged == 1, "\(line)")
    }
  }

  @Test("are forgotten one by one or all at once") func forget() {
    var book = AnswerBook()
    book.keep(.always, for: notes)
    book.keep(.never, for: ControlScene.web)
    let none = book.forget("nothing")
    let one = book.forget("notes")
    #expect(none == 0)
    #expect(one == 1)
    #expect(book.answer(for: notes) == nil)
    book.keep(.always, for: notes)
    let all = book.forget(nil)
    #expect(all == 2)
    #expect(book.bytes.isEmpty)
  }
}

@Suite("A question on the terminal")
struct AskDialogueTests {
  private func dialogue(_ subject: String = "a.txt") -> AskDialogue {
    let ask = ControlAsk(
      ask: 3, grant: "notes", rule: "/p/a.toml:3", operation: "file.open", subject: subject,
      leftMilliseconds: 59_001)
    return AskDialogue(ask, app: "web", target: "files beneath /n")
  }

  @Test("names app, grant, rule and what is asked for") func text() {
    let text = dialogue().text
    for word in [
      "web asks for file.open \"a.txt\"", "notes", "files beneath /n", "/p/a.toml:3", "60 s",
    ] {
      #expect(text.contains(word), "\(word)")
    }
    for answer in OperatorAnswer.allCases { #expect(text.contains(answer.rawValue)) }
  }

  @Test(
    "shows what would steer the terminal",
    arguments: [
      ("a\u{1B}[2Jb", "a\\u{1b}[2Jb"), ("\r\n", "\\u{d}\\n"), ("\u{9B}1m", "\\u{9b}1m"),
      ("\u{202E}txt", "\\u{202e}txt"), ("a\u{200B}b", "a\\u{200b}b"), ("\\n", "\\\\n"),
      ("\u{10FEFF}", "\\xff"), ("\u{10FE0A}", "\\x0a"), ("é€😀", "é€😀"),
      ("\u{7F}\0", "\\u{7f}\\u{0}"),
      ("e\u{301}", "e\\u{301}"), ("\u{E000}", "\\u{e000}"),
    ]) func visible(text: String, shown: String)
  {
    #expect(VisibleText.of(text) == shown)
    #expect(VisibleText.of(shown, isVisible: true) == shown)
    let rest = dialogue(text).text.drop { $0 != "n" }
    #expect(rest.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
  }

  @Test("cuts what is long, and says so") func long() {
    let shown = VisibleText.of(String(repeating: "\u{1B}", count: 10_000))
    #expect(shown.count < 520)
    #expect(shown.hasSuffix("..."))
  }

  @Test("takes a whole word and Enter", arguments: OperatorAnswer.allCases)
  func words(answer: OperatorAnswer) {
    var asked = dialogue()
    #expect(asked.type(Array(answer.rawValue.utf8)).answer == nil)
    let reaction = asked.type([0x0D])
    #expect(reaction.answer == answer)
    #expect(reaction.echo.contains("isolated: "))
    var loud = dialogue()
    #expect(loud.type(Array(" \(answer.rawValue.uppercased()) \r".utf8)).answer == answer)
  }

  @Test(
    "takes nothing else, and says what it takes",
    arguments: [
      "\r", "y\r", "o\r", "onc\r", "oncee\r", "1\r", "yes\r", "always always\r", "\u{1B}[A\r",
    ])
  func nonsense(keys: String) {
    var asked = dialogue()
    let reaction = asked.type(Array(keys.utf8))
    #expect(reaction.answer == nil)
    #expect(reaction.echo.contains("one of once, run, always, no, never"))
    #expect(asked.type(Array("run\r".utf8)).answer == .run)
  }

  @Test("lets a line be mended") func editing() {
    var asked = dialogue()
    #expect(asked.type(Array("alwayz\u{7F}s\r".utf8)).answer == .always)
    asked = dialogue()
    #expect(asked.type(Array("never\u{15}no\r".utf8)).answer == .no)
    asked = dialogue()
    #expect(asked.type(Array("\u{7F}\u{1B}[D\u{1B}[3~\u{1B}OPrun\r".utf8)).answer == .run)
    asked = dialogue()
    #expect(asked.type(Array(repeating: 0x61, count: 100_000)).answer == nil)
    #expect(asked.text.count < 1000)
  }

  @Test("takes Ctrl-C and Ctrl-D for no", arguments: [3, 4] as [UInt8])
  func control(key: UInt8) {
    var asked = dialogue()
    #expect(asked.type(Array("alw".utf8) + [key]).answer == .no)
  }
}
