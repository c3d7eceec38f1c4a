import Isolate
import Testing

private func value(_ text: String) throws -> TOMLValue {
  let table = try TOMLReader.read(Array("a = \(text)".utf8), file: "a.toml")
  return try #require(table["a"]).value
}

private func isDocument(_ text: String) -> Bool {
  do throws(Diagnostic) {
    _ = try TOMLReader.read(Array(text.utf8), file: "a.toml")
    return true
  } catch {
    return false
  }
}

private func isRead(_ text: String) -> Bool { isDocument("a = \(text)") }

@Suite("TOML values")
struct TOMLValueTests {
  @Test(
    "integers reach both ends of 64 bits and no further",
    arguments: [
      ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("+0", 0), ("-0", 0),
      ("0x7fff_ffff_ffff_ffff", .max), ("0o755", 493), ("0b1000_0000", 128), ("1_000", 1000),
    ])
  func integers(text: String, expected: Int64) throws {
    guard case .integer(let number) = try value(text) else {
      Issue.record("\(text) is no integer")
      return
    }
    #expect(number == expected)
  }

  @Test(
    "numbers written wrongly are refused",
    arguments: [
      "-9223372036854775809", "0x8000000000000000", "0xffff_ffff_ffff_ffff_f", "+0x1", "-0b1",
      "1_", "_1", "1__0", "0x_1", "0x1_", "01", "-01", "1.", ".1", "1.e5", "1e", "1e+", "1_.0",
      "1._0", "1e_5", "1_e5", "1.0_", "0xg", "0o8", "0b2", "+", "-", "+-1", "1.2.3", "1e5.0",
      "00.5", "0x", "0b", "infinity", "+nan1", "1f", "99999999999999999999999999999999999999999",
    ])
  func badNumbers(text: String) { #expect(!isRead(text)) }

  @Test(
    "floats are read to the last bit", arguments: ["3.14", "-0.0", "1e-7", "6.626e-34", "5E+2"])
  func floats(text: String) throws {
    guard case .float(let number) = try value(text) else {
      Issue.record("\(text) is no float")
      return
    }
    #expect(number.bitPattern == Double(text)?.bitPattern)
  }

  @Test(
    "dates and times are kept as RFC 3339 writes them",
    arguments: [
      ("1979-05-27 07:32:00z", "1979-05-27T07:32:00Z", "datetime"),
      ("1979-05-27t00:32:00.999-07:00", "1979-05-27T00:32:00.999-07:00", "datetime"),
      ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60Z", "datetime"),
      ("1979-05-27 07:32:00", "1979-05-27T07:32:00", "datetime-local"),
      ("2000-02-29", "2000-02-29", "date-local"), ("0000-01-01", "0000-01-01", "date-local"),
      ("07:32:00.5", "07:32:00.5", "time-local"),
    ])
  func dates(text: String, normal: String, kind: String) throws {
    guard case .dateTime(let time) = try value(text + " # x") else {
      Issue.record("\(text) is no date")
      return
    }
    #expect(time.text == normal)
    #expect(time.kind.rawValue == kind)
  }

  @Test(
    "dates that no calendar has are refused",
    arguments: [
      "1900-02-29", "2023-02-29", "2024-02-30", "2024-04-31", "2024-00-10", "2024-13-01",
      "2024-01-00", "2024-01-32", "24:00:00", "23:60:00", "23:59:61", "1979-5-27", "79-05-27",
      "19790-05-27", "1979-05-27T", "1979-05-27T07", "1979-05-27T07:32:00+24:00",
      "1979-05-27T07:32:00+01:60", "1979-05-27T07:32:00+0100", "1979-05-27T07:32:00+01",
      "1979-05-27T07:32:00.", "1979-05-27T07:32:00ZZ", "07:32:00Z", "07:32:00+01:00",
      "1979-05-27  07:32:00", "1979-05-27x", "1979-05-27T07:32:00Z1",
    ])
  func badDates(text: String) { #expect(!isRead(text)) }

  @Test(
    "strings lose their quotes, folds and escapes",
    arguments: [
      (#""\b\t\n\f\r\"\\\u00e9\U0001F600""#, "\u{8}\t\n\u{C}\r\"\\é😀"),
      (#"'\n'"#, "\\n"), ("''", ""), ("\"\"", ""), ("\"\"\"\"\"\"", ""), ("''''''", ""),
      ("\"\"\"\n\na\r\nb\"\"\"", "\na\nb"), ("\"\"\"a \\  \n\n  \t b\"\"\"", "a b"),
      ("\"\"\"\"\"a\"\"b\"\"\"\"\"", "\"\"a\"\"b\"\""), ("'''a''''", "a'"), ("'''\\'''", "\\"),
    ])
  func strings(text: String, expected: String) throws {
    guard case .string(let string) = try value(text) else {
      Issue.record("\(text) is no string")
      return
    }
    #expect(Array(string.utf8) == Array(expected.utf8))
  }

  @Test("arrays and tables stand at most 64 deep inside each other") func depth() {
    func arrays(_ count: Int) -> String {
      String(repeating: "[", count: count) + String(repeating: "]", count: count)
    }
    func tables(_ count: Int) -> String {
      String(repeating: "{b=", count: count) + "1" + String(repeating: "}", count: count)
    }
    func dotted(_ count: Int) -> String {
      Array(repeating: "b", count: count).joined(separator: ".")
    }
    #expect(isRead(arrays(64)))
    #expect(!isRead(arrays(65)))
    #expect(isRead(tables(64)))
    #expect(!isRead(tables(65)))
    #expect(isDocument(dotted(65) + "=1"))
    #expect(!isDocument(dotted(66) + "=1"))
    #expect(isDocument("[\(dotted(64))]"))
    #expect(!isDocument("[\(dotted(65))]"))
    #expect(isDocument("[\(dotted(60))]\nc = [[[[]]]]"))
    #expect(!isDocument("[\(dotted(60))]\nc = [[[[[]]]]]"))
    #expect(isDocument(Array(repeating: "[[a]]\n", count: 100).joined()))
    #expect(!isDocument((1...33).map { "[[\(dotted($0))]]\n" }.joined()))
    #expect(!isRead(String(repeating: "[", count: 500_000)))
    #expect(!isRead(String(repeating: "{b=", count: 300_000)))
    #expect(!isDocument("[" + dotted(200_000) + "]"))
  }

  @Test("too deep a document is said to be too deep, at the bracket") func depthMessage() {
    let text = "a = " + String(repeating: "[", count: 70)
    let error = #expect(throws: Diagnostic.self) {
      try TOMLReader.read(Array(text.utf8), file: "a.toml")
    }
    #expect(error?.position.column == 69)
    #expect(error?.message == "arrays and tables may stand at most 64 deep inside each other")
  }

  @Test("a document of 1 MiB is read, one byte more is not") func size() throws {
    let full = Array(repeating: UInt8(ascii: "\n"), count: 1 << 20)
    #expect(try TOMLReader.read(full, file: "a").entries.isEmpty)
    let error = #expect(throws: Diagnostic.self) {
      try TOMLReader.read(full + [0x0A], file: "a")
    }
    #expect(
      error?.message == "the file has 1048577 bytes, and at most 1048576 (1 MiB) are read")
  }
}
