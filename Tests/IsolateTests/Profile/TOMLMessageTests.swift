import Isolate
import Testing

/// The error of a document as `line:column+length message | cure`, or what it was read to.
private func refusal(_ bytes: [UInt8]) -> String {
  do throws(Diagnostic) {
    return "read: \(try TOMLReader.read(bytes, file: "a.toml").entries.map(\.key.name))"
  } catch {
    let place = "\(error.position.line):\(error.position.column)+\(error.length)"
    return "\(place) \(error.message)" + (error.cure.map { " | \($0)" } ?? "")
  }
}

private func refusal(_ text: String) -> String { refusal(Array(text.utf8)) }

@Suite("TOML errors")
struct TOMLMessageTests {
  /// As of a program that somebody took for a profile.
  @Test("of a long line show the part that is meant, with the caret beneath it") func longLine() {
    let line = String(repeating: "a", count: 5000) + "#" + String(repeating: "b", count: 5000)
    let found = Diagnostic(at: Position(file: "f", line: 1, column: 5001), length: 900, "wrong")
    let lines = found.rendered(sourceLine: line).split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.count < 300 })
    let caret = lines[2].firstIndex(of: "^").map {
      lines[2].distance(from: lines[2].startIndex, to: $0)
    }
    let place = lines[1].firstIndex(of: "#").map {
      lines[1].distance(from: lines[1].startIndex, to: $0)
    }
    #expect(caret != nil && caret == place, "\(lines)")
    #expect(lines[1].hasPrefix("  1 | ...a") && lines[1].hasSuffix("b..."))
    let short = Diagnostic(at: Position(file: "f", line: 1, column: 3), "wrong")
    #expect(short.rendered(sourceLine: "ab#cd").hasSuffix("1 | ab#cd\n    |   ^"))
  }

  @Test(
    "say what was found, where, and what to do",
    arguments: [
      (
        "a = \"x\nb = 1",
        "1:5+2 a string must be closed with \" on the same line | add \" where the text ends; "
          + "a text of many lines stands between \"\"\" and \"\"\""
      ),
      (
        "\na = private",
        "2:5+7 'private' is not a value | a text stands in quotes: \"private\""
      ),
      (
        "a = True",
        "1:5+4 'True' is not a value | "
          + "a boolean is written true or false; a text stands in quotes"
      ),
      (
        "a =\n",
        "1:4+1 a value must stand here, but here is the end of the line | "
          + "a text stands in quotes: key = \"text\""
      ),
      (
        "a = “x”",
        "1:5+1 a value must stand here, but here is '“' (U+201C) | "
          + "use the straight quotes \" or '"
      ),
      (
        "a = 1 b = 2",
        "1:7+1 the line must end here, but here is 'b' | "
          + "start a new line, or put # before a comment"
      ),
      ("a 1", "1:3+1 after a key comes =, but here is '1' | a key with spaces stands in quotes"),
      (
        "a = 64M",
        "1:5+3 '64M' is not a number: 'M' is too much | "
          + "a text stands in quotes; a number with a unit is a text too"
      ),
      (
        "a = 0755", "1:5+4 a number must not start with a zero | remove it; base 8 is written 0o755"
      ),
      ("a = 1__0", "1:6+1 an underscore in a number must stand between two digits"),
      (
        "a = 9223372036854775808",
        "1:5+19 '9223372036854775808' is outside the range of integers, "
          + "-9223372036854775808 to 9223372036854775807"
      ),
      ("a = 0b12", "1:8+1 '2' is no digit of a number in base 2"),
      ("a = 1e999", "1:5+5 '1e999' is too large for a float | write inf if infinity is meant"),
      (
        "a = 2023-02-29",
        "1:5+10 '2023-02-29' is not in the calendar: that month has 28 days"
      ),
      (
        "a = 07:32",
        "1:5+5 '07:32' is no time | "
          + "a time has hours, minutes and seconds: 07:32:00"
      ),
      (
        "a = [1,\n2\n",
        "1:5+1 this array is never closed: the file ends before its ] | "
          + "add ] behind its last value"
      ),
      (
        "a = [\n1 2]",
        "2:3+1 after a value of an array comes , or ], but here is '2' | "
          + "the array starts on line 1: put commas between its values"
      ),
      ("a = {b = 1,}", "1:12+1 a comma must not stand before } | remove the last comma"),
      (
        "a = {b = 1,\nc = 2}",
        "1:12+1 a table in braces must be closed with } on the line where "
          + "its last value ends, but here is the end of the line | "
          + "write it on one line, or as a [table] with one key on each line"
      ),
      (
        "[a\n",
        "1:3+1 a table header that starts with [ must be closed with ], "
          + "but here is the end of the line | close the header: [name]"
      ),
      (
        "a = \"\\x\"",
        "1:6+2 \\x is no escape | the escapes are \\b \\t \\n \\f \\r \\\" \\\\ "
          + "\\uXXXX and \\UXXXXXXXX; a text in single quotes has none, so \\ is itself there"
      ),
      (
        "a = \"\\u12G4\"",
        "1:6+4 \\u needs 4 hexadecimal digits, and has 2 | "
          + "fill with zeros, as in \\u00E9"
      ),
      (
        "a = \"\\uD83D\"",
        "1:6+6 U+D83D is half of a surrogate pair, and no character | "
          + "write the number of the character itself, with \\U and eight digits"
      ),
      (
        "a = \"\u{7}\"",
        "1:6+1 the control character U+0007 is not allowed here | "
          + "remove it, or write it as an escape, \\u0007, in a string in double quotes"
      ),
      (
        "a = 1\rb = 2",
        "1:6+1 a carriage return (U+000D) must be followed by a line feed | "
          + "end lines with a line feed, or with both"
      ),
      (
        "é = 1",
        "1:1+1 a key must stand here, but here is 'é' (U+00E9) | "
          + "a key without quotes has only the letters A to Z and a to z, digits, - and _"
      ),
      (
        "\u{200B}a = 1",
        "1:1+1 a key must stand here, but here is the character U+200B | "
          + "a key without quotes has only the letters A to Z and a to z, digits, - and _"
      ),
      (
        "a = '''x\n\n",
        "1:5+3 this string is never closed: the file ends before its ''' | "
          + "add ''' where the text ends"
      ),
    ])
  func teaches(text: String, expected: String) {
    #expect(refusal(text) == expected)
  }

  @Test(
    "name the line that defined a key first",
    arguments: [
      (
        "a = 1\n\na = 2",
        "3:1+1 'a' is already defined on line 1, as an integer | keep only one of the two"
      ),
      (
        "[a]\n[b]\n[a]",
        "3:2+1 'a' is already defined on line 1, as a table | "
          + "write all its keys below one [header]"
      ),
      (
        "a.b = 1\n[a]",
        "2:2+1 'a' is already defined on line 1, as a table made by dotted keys | "
          + "write all its keys in one place, all dotted or all below one [header]"
      ),
      (
        "a = {}\na.b = 1",
        "2:1+1 'a' is already defined on line 1, as a table | "
          + "a table in braces is complete: write all its keys inside the braces"
      ),
      (
        "a = []\n[[a]]",
        "2:3+1 'a' is already defined on line 1, as an array | "
          + "an array in brackets is complete: write all its values inside them"
      ),
      (
        "[[a]]\n[a]",
        "2:2+1 'a' is already defined on line 1, as an array of tables | "
          + "[[a]] adds an element to it"
      ),
      (
        "[x]\ny = 1\n[x.y.z]",
        "3:4+1 'y' is already defined on line 2, as an integer | keep only one of the two"
      ),
    ])
  func namesFirst(text: String, expected: String) {
    #expect(refusal(text) == expected)
  }

  @Test("find a key defined twice in a table of thousands") func manyKeys() {
    let text = (1...5000).map { "key\($0) = \($0)\n" }.joined() + "key2600 = 0\n"
    #expect(
      refusal(text)
        == "5001:1+7 'key2600' is already defined on line 2600, as an integer | "
        + "keep only one of the two")
  }

  @Test("find every key defined twice, however many keys the table has", arguments: 1...60)
  func everyKey(count: Int) {
    let text = (1...count).map { "key\($0) = 0\n" }.joined()
    for line in 1...count {
      #expect(
        refusal(text + "key\(line) = 0").contains("'key\(line)' is already defined on line \(line)")
      )
    }
  }

  @Test("tell keys of different bytes apart, even where Unicode calls them equal") func exact() {
    let few = "\"\u{E9}\" = 1\n\"e\u{301}\" = 2\n\"K\" = 3\n\"\u{212A}\" = 4\n"
    let many = (1...40).map { "key\($0) = \($0)\n" }.joined() + few
    #expect(refusal(few).hasPrefix("read:"))
    #expect(refusal(many).hasPrefix("read:"))
    #expect(refusal(many + "\"e\\u0301\" = 5").contains("already defined on line 42"))
  }

  @Test(
    "refuse bytes that are not UTF-8, with their place",
    arguments: [
      ([0xC0, 0x80], "0xC0"), ([0xC1, 0xBF], "0xC1"), ([0xE0, 0x9F, 0xBF], "0xE0"),
      ([0xED, 0xA0, 0x80], "0xED"), ([0xF0, 0x8F, 0xBF, 0xBF], "0xF0"),
      ([0xF4, 0x90, 0x80, 0x80], "0xF4"), ([0xF5, 0x80, 0x80, 0x80], "0xF5"), ([0x80], "0x80"),
      ([0xFF], "0xFF"), ([0xE2, 0x82], "0xE2"), ([0xF0, 0x9F, 0x98], "0xF0"), ([0xC3], "0xC3"),
    ] as [([UInt8], String)])
  func encoding(bytes: [UInt8], name: String) {
    let expected = "2:5+1 the byte \(name) is not valid UTF-8 here | save the file as UTF-8"
    #expect(refusal(Array("a = 'é'\n# é ".utf8) + bytes) == expected)
    #expect(refusal(Array("a = 'é'\nb='".utf8) + [0x27, 0x0A]).hasPrefix("read:"))
  }

  @Test("name UTF-16 for what it is") func utf16() {
    #expect(
      refusal([0xFF, 0xFE, 0x61, 0x00])
        == "1:1+1 the file is UTF-16, and TOML must be UTF-8 | save the file as UTF-8")
  }

  @Test("carry no command to the terminal, of a file that is only looked at") func controls() {
    let diagnostic = Diagnostic(
      at: Position(file: "f", line: 1, column: 3), "no key `\u{1B}[31m`", cure: "not \u{9B}K")
    #expect(
      diagnostic.rendered(sourceLine: "a\t\u{7F}\u{1B}]0;x\u{07}") == """
        f:1:3: error: no key `\u{241B}[31m`
          1 | a\t\u{2421}\u{241B}]0;x\u{2407}
            |  \t^
          help: not \u{FFFD}K
        """)
  }

  @Test("underline what is meant, whatever characters stand before it") func rendered() {
    let error = #expect(throws: Diagnostic.self) {
      try TOMLReader.read(Array("x = 1\n\t'é😀' = [private]\n".utf8), file: "a.toml")
    }
    #expect(
      error?.rendered(sourceLine: "\t'é😀' = [private]") == """
        a.toml:2:10: error: 'private' is not a value
          2 | \t'é😀' = [private]
            | \t        ^~~~~~~
          help: a text stands in quotes: "private"
        """)
  }

  @Test("cut long text, so that a message stays one line") func long() {
    let word = String(repeating: "x", count: 1000)
    #expect(refusal("a = \(word)").utf8.count < 200)
    #expect(refusal("\(word) = 1\n\(word) = 2").utf8.count < 200)
    #expect(!refusal("\"a\\nb\" = 1\n\"a\\nb\" = 2").contains("\n"))
  }
}
