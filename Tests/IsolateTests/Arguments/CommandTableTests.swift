import Isolate
import Testing

@Suite("The command table")
struct CommandTableTests {
  @Test("has the profile's own options, each once, with its words") func sameOptions() {
    let rules = CommandOption.allCases.filter(\.isRule).map(\.typed)
    #expect(Set(rules) == Set(CommandLineOption.all.map(\.name)))
    #expect(rules.count == CommandLineOption.all.count)
    for option in CommandLineOption.all {
      let ours = CommandOption(rawValue: String(option.name.dropFirst(2)))
      #expect(ours?.placeholder == option.placeholder)
    }
  }

  @Test("says that an option is a flag where it has no value, and nowhere else") func flags() {
    for option in CommandOption.allCases {
      #expect(option.isFlag == (option.placeholder == nil))
      #expect(option.isFlag == (option.kind == .flag))
      #expect(!option.summary.isEmpty)
    }
  }

  @Test(
    "gives every command help with each of its options, in lines of at most 88 columns",
    arguments: Command.allCases) func help(command: Command)
  {
    let text = HelpText.text(for: command, style: .plain)
    for option in command.options { #expect(text.contains("  \(option.synopsis)")) }
    for example in command.examples { #expect(text.contains(example.line)) }
    for code in command.exitCodes { #expect(text.contains(code.code)) }
    for form in command.usage { #expect(text.contains(form)) }
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 88 })
    #expect(!text.contains("\u{1B}"))
    #expect(HelpText.text(for: command, style: .colour).contains("\u{1B}[1m"))
    #expect(text.range(of: "Examples", before: "Exit code"))
  }

  @Test("names every command in the overview") func overview() {
    let text = HelpText.text(for: nil, style: .plain)
    for command in Command.allCases { #expect(text.contains("  \(command.rawValue) ")) }
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 88 })
  }

  @Test("has examples that its own reader understands", arguments: Command.allCases)
  func examples(command: Command) throws {
    #expect(!command.examples.isEmpty)
    for example in command.examples {
      let words = shellWords(example.line)
      guard let start = words.firstIndex(of: "isolated") else {
        Issue.record("no isolated in \(example.line)")
        continue
      }
      _ = try ArgumentReader.read(Array(words[(start + 1)...]))
    }
  }

  /// Splits as a shell would: quotes, and no further than what a shell itself acts on.
  private func shellWords(_ line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in line.split(separator: "<(").joined(separator: " ") + " " {
      switch character {
      case "'": isQuoted.toggle()
      case " " where !isQuoted:
        if !word.isEmpty { words.append(word) }
        word = ""
      case ")" where !isQuoted, "|" where !isQuoted, ">" where !isQuoted, "<" where !isQuoted:
        if !word.isEmpty, Int(word) == nil { words.append(word) }
        return words
      default: word.append(character)
      }
    }
    return words
  }
}

extension String {
  fileprivate func range(of first: String, before second: String) -> Bool {
    let words = split(separator: "\n").map(String.init)
    guard let a = words.firstIndex(of: first), let b = words.firstIndex(of: second) else {
      return false
    }
    return a < b
  }
}

@Suite("Wrapped text")
struct TextWrapTests {
  @Test("fills lines to the width and no further") func fills() {
    #expect(TextWrap.fill("aa bb cc", indent: 0, width: 5) == ["aa bb", "cc"])
    #expect(TextWrap.fill("aa bb cc", indent: 2, width: 6) == ["  aa", "  bb", "  cc"])
    #expect(TextWrap.fill("toolongforit b", indent: 0, width: 5) == ["toolongforit", "b"])
    #expect(TextWrap.fill("", indent: 3, width: 5) == [])
  }

  @Test("puts a name that is too long on a line of its own") func table() {
    let lines = TextWrap.table(
      [(name: "a", text: "x y"), (name: "longer", text: "z")], nameWidth: 3, width: 9)
    #expect(lines == ["  a    x", "       y", "  longer", "       z"])
  }
}
