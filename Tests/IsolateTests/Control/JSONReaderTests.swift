@testable import Isolate
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
  private func read(_ text: String) throws(JSONError) -> JSONValue {
    try JSONReader.read(Array(text.utf8), limit: 1 << 20)
  }

  @Test(
    "gives the value that is written",
    arguments: [
      ("null", .null), (" true\n", true), ("false", false), ("0", 0), ("-0", 0), ("-7", -7),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("1.5", .double(1.5)), ("-1e3", .double(-1000)), ("1E+2", .double(100)),
      ("2e-1", .double(0.2)), ("\"\"", ""), ("[]", []), ("{}", .object(JSONObject())),
      ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\u0000\"", "a\"\\/\u{8}\u{C}\n\r\té😀\0"),
      ("\t[1 , [ ], {\"a\" : null}]\r\n", [1, [], ["a": .null]]),
      ("{\"b\":1,\"a\":{\"b\":2}}", ["b": 1, "a": ["b": 2]]),
      ("{\"\\u00e9\":1,\"e\\u0301\":2}", ["\u{E9}": 1, "e\u{301}": 2]),
    ] as [(String, JSONValue)])
  func values(text: String, value: JSONValue) throws {
    #expect(try read(text) == value)
  }

  @Test(
    "refuses everything else, and says where",
    arguments: [
      ("", .endsEarly, 0), ("  ", .endsEarly, 2), ("[", .endsEarly, 1), ("[1", .endsEarly, 2),
      ("[1,", .endsEarly, 3), ("[1,]", .unexpected, 3), ("[1 2]", .unexpected, 3),
      ("{\"a\"", .endsEarly, 4), ("{\"a\":", .endsEarly, 5), ("{\"a\":1,}", .unexpected, 7),
      ("{1:2}", .unexpected, 1), ("{\"a\" 1}", .unexpected, 5), ("'a'", .unexpected, 0),
      ("1 1", .leftOver, 2), ("nul", .word, 0), ("nulL", .word, 0), ("tru", .word, 0),
      ("True", .unexpected, 0), ("01", .number, 0), ("-01", .number, 0), ("[-]", .number, 1),
      ("1.", .endsEarly, 2), ("[1.]", .number, 1), ("[1e]", .number, 1), ("[1e+]", .number, 1),
      ("+1", .unexpected, 0), (".5", .unexpected, 0), ("NaN", .unexpected, 0), ("-", .endsEarly, 1),
      ("9223372036854775808", .range, 0), ("[ -9223372036854775809]", .range, 2),
      ("99999999999999999999999999", .range, 0), ("1e999", .range, 0), ("-1e999", .range, 0),
      ("\"", .endsEarly, 1), ("\"a", .endsEarly, 2), ("\"a\nb\"", .controlCharacter, 2),
      ("\"\0\"", .controlCharacter, 1), ("\"\\x\"", .escape, 1), ("\"\\", .endsEarly, 2),
      ("\"\\u12g4\"", .escape, 1), ("\"\\u12", .endsEarly, 5), ("\"\\ud800\"", .surrogate, 1),
      ("\"\\ud800\\u0041\"", .surrogate, 1), ("\"\\udc00\"", .surrogate, 1),
      ("\"\\ud800\\ud800\"", .surrogate, 1), ("\u{FEFF}1", .unexpected, 0),
      ("{\"a\":1,\"b\":2,\"a\":3}", .duplicateKey, 13),
      ("{\"a\":1,\"\\u0061\":3}", .duplicateKey, 7), ("//", .unexpected, 0),
    ] as [(String, JSONError.Reason, Int)])
  func refused(text: String, reason: JSONError.Reason, offset: Int) {
    let error = #expect(throws: JSONError.self) { try read(text) }
    #expect(error?.reason == reason)
    #expect(error?.offset == offset)
  }

  @Test("refuses bytes that are no UTF-8, whole or cut, long or a surrogate")
  func encoding() {
    for bytes in [
      [0xFF], [0xC3], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    ] as [[UInt8]] {
      let error = #expect(throws: JSONError.self) {
        try JSONReader.read([0x22] + bytes + [0x22], limit: 100)
      }
      #expect(error?.reason == .encoding)
    }
  }

  @Test("goes 32 deep and no deeper") func depth() throws {
    let good = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
    _ = try read(good)
    let error = #expect(throws: JSONError.self) {
      try read(String(repeating: "{\"a\":", count: 1_000_00))
    }
    #expect(error == JSONError(reason: .tooDeep, offset: 32 * 5))
  }

  @Test("takes as many bytes as the caller says, and no more") func limit() throws {
    let bytes = Array("[1,2,3]".utf8)
    _ = try JSONReader.read(bytes, limit: 7)
    let error = #expect(throws: JSONError.self) { try JSONReader.read(bytes, limit: 6) }
    #expect(error == JSONError(reason: .tooLong, offset: 6))
  }

  @Test("stays quick with thousands of keys, digits and nested lists") func large() throws {
    let keys = (0..<50_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(try read("{\(keys)}").object?.members.count == 50_000)
    let digits = String(repeating: "9", count: 200_000)
    #expect(throws: JSONError.self) { try read(digits) }
    #expect(try read("0.\(digits)") == .double(1))
    #expect(try read("[" + String(repeating: "[],", count: 100_000) + "1]").array?.count == 100_001)
  }

  @Test("reads what the writer writes: every kind of text and number") func roundTrip() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let value = make(&random, depth: 0)
      #expect(try JSONReader.read(value.bytes, limit: 1 << 20) == value)
    }
    #expect(JSONValue.double(.infinity).bytes == Array("null".utf8))
  }

  private func make(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &random) {
    case 0: return .null
    case 1: return .boolean(Bool.random(using: &random))
    case 2: return .integer(Int64(truncatingIfNeeded: random.next()))
    case 3: return .double(Double.random(in: -1e300...1e300, using: &random))
    case 4: return .string(text(&random))
    case 5:
      let count = Int.random(in: 0..<4, using: &random)
      return .array((0..<count).map { _ in make(&random, depth: depth + 1) })
    default:
      var object = JSONObject()
      for _ in 0..<3 { object[text(&random)] = make(&random, depth: depth + 1) }
      return .object(object)
    }
  }

  private func text(_ random: inout SeededGenerator) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      let code =
        UInt32.random(in: 0...0x11_0000, using: &random)
        >> UInt32.random(in: 0..<18, using: &random)
      if let scalar = Unicode.Scalar(code) { text.append(scalar) }
    }
    return String(text)
  }
}

@Suite("A JSON object")
struct JSONObjectTests {
  @Test("changes, adds and takes away members, and tells two accents apart") func members() {
    var object = JSONObject()
    object["\u{E9}"] = 1
    object["e\u{301}"] = 2
    #expect(object.members.count == 2)
    #expect(object["\u{E9}"] == 1)
    object["\u{E9}"] = 3
    #expect(object["\u{E9}"] == 3)
    object["\u{E9}"] = nil
    #expect(object["\u{E9}"] == nil)
    #expect(object.members.count == 1)
  }
}
