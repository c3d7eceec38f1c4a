@testable import Isolate

/// Answers of name servers, honest and other ones, as bytes.
struct DNSWriter {
  var bytes: [UInt8]

  /// The answer to a message that asks one question, with its id and question repeated.
  init(to query: [UInt8], code: UInt8 = 0, isCut: Bool = false, answers: Int = 0) {
    bytes = Array(query.prefix(2)) + [0x80 | (isCut ? 2 : 0) | 1, 0x80 | code, 0, 1]
    bytes += [UInt8(answers >> 8), UInt8(answers & 0xFF), 0, 0, 0, 0]
    bytes += query.dropFirst(12)
  }

  /// A name as a message has it: "a.b" is 1 a 1 b 0.
  static func name(_ text: String) -> [UInt8] {
    text.split(separator: Character(".")).flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  mutating func record(_ owner: [UInt8], type: UInt16, group: UInt8 = 1, _ data: [UInt8]) {
    bytes += owner + [UInt8(type >> 8), UInt8(type & 0xFF), 0, group, 0, 0, 0, 60]
    bytes += [UInt8(data.count >> 8), UInt8(data.count & 0xFF)] + data
  }

  /// A pointer to the name in the question.
  static let same: [UInt8] = [0xC0, 12]

  /// The kind that a message asks for, and its name in small letters.
  static func kind(_ query: [UInt8]) -> DNSMessage.Kind? {
    query.count < 16
      ? nil
      : DNSMessage.Kind(
        rawValue: UInt16(query[query.count - 4]) << 8 | UInt16(query[query.count - 3]))
  }

  /// An answer with these addresses of the kind that is asked for: 192.0.2.N and 2001:db8::N.
  static func addresses(_ query: [UInt8], _ numbers: [UInt8]) -> [UInt8] {
    let kind = kind(query) ?? .four
    var writer = DNSWriter(to: query, answers: numbers.count)
    for number in numbers {
      let six: [UInt8] = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [number]
      writer.record(same, type: kind.rawValue, kind == .four ? [192, 0, 2, number] : six)
    }
    return writer.bytes
  }
}
