/// Writes JSON (RFC 8259) into one growing block of bytes.
///
/// The caller keeps the order: a key before each value of an object, an end for each beginning.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  /// Each value on a line of its own, two spaces deeper for each level.
  private let isIndented: Bool
  private var depth = 0
  /// Something stands before the next value on this level, so a comma must come between.
  private var needsComma = false
  private var followsKey = false

  package init(indented: Bool = false) { isIndented = indented }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package mutating func beginObject() { open("{") }
  package mutating func endObject() { close("}") }
  package mutating func beginArray() { open("[") }
  package mutating func endArray() { close("]") }

  /// The name of the value that comes next.
  package mutating func key(_ name: String) {
    separate()
    quote(name)
    put(":")
    if isIndented { put(" ") }
    followsKey = true
  }

  package mutating func value(_ text: String) {
    separate()
    quote(text)
    needsComma = true
  }

  package mutating func value(_ number: some FixedWidthInteger) {
    separate()
    bytes.append(contentsOf: String(number).utf8)
    needsComma = true
  }

  package mutating func value(_ flag: Bool) {
    separate()
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    needsComma = true
  }

  /// What JSON has no word for, an infinity or no number, becomes null.
  package mutating func value(_ number: Double) {
    guard number.isFinite else { return null() }
    separate()
    bytes.append(contentsOf: number.description.utf8)
    needsComma = true
  }

  package mutating func value(_ json: JSONValue) {
    switch json {
    case .null: null()
    case .boolean(let flag): value(flag)
    case .integer(let number): value(number)
    case .double(let number): value(number)
    case .string(let text): value(text)
    case .array(let values):
      beginArray()
      for json in values { value(json) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        key(member.key)
        value(member.value)
      }
      endObject()
    }
  }

  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
    needsComma = true
  }

  package mutating func value(_ texts: [String]) {
    beginArray()
    for text in texts { value(text) }
    endArray()
  }

  package mutating func field(_ name: String, _ text: String) {
    key(name)
    value(text)
  }

  package mutating func field(_ name: String, _ number: some FixedWidthInteger) {
    key(name)
    value(number)
  }

  package mutating func field(_ name: String, _ flag: Bool) {
    key(name)
    value(flag)
  }

  package mutating func field(_ name: String, _ texts: [String]) {
    key(name)
    value(texts)
  }

  /// Ends the line, as streams of one object a line want it.
  package mutating func endLine() {
    put("\n")
    needsComma = false
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    put(bracket)
    depth += 1
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    precondition(depth > 0, "an end without a beginning")
    depth -= 1
    if needsComma { startLine() }
    put(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if followsKey {
      followsKey = false
      return
    }
    if needsComma { put(",") }
    if depth > 0 { startLine() }
    needsComma = false
  }

  private mutating func startLine() {
    guard isIndented else { return }
    put("\n")
    for _ in 0..<depth * 2 { put(" ") }
  }

  private mutating func put(_ scalar: Unicode.Scalar) { bytes.append(UInt8(ascii: scalar)) }

  private mutating func quote(_ text: String) {
    put("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        put("\\")
        bytes.append(byte)
      case 0x0A:
        put("\\")
        put("n")
      case 0x00..<0x20, 0x7F:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.digit(byte >> 4))
        bytes.append(Self.digit(byte & 15))
      default: bytes.append(byte)
      }
    }
    put("\"")
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
