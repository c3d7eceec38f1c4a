import Testing

/// One entry of Tests/Fixtures/wire/exchanges.txt: what a client is told to do, what goes over the wire, what it prints.
struct Exchange: CustomTestStringConvertible, Sendable {
  struct Message: Sendable {
    var isRequest: Bool
    var bytes: [UInt8]
    /// What comes with it, in the words of the file.
    var descriptors: [String] = []
    var line: Int
  }

  var command: String
  var messages: [Message] = []
  /// Lines.
  var output: [String] = []

  var testDescription: String { command }

  static let all: [Exchange] = read()
  static var requests: [Message] { all.flatMap(\.messages).filter(\.isRequest) }
  static var replies: [Message] { all.flatMap(\.messages).filter { !$0.isRequest } }

  private static func read() -> [Exchange] {
    var exchanges: [Exchange] = []
    for (index, line) in Tree.lines("Tests/Fixtures/wire/exchanges.txt").enumerated() {
      if line.hasPrefix("> ") {
        exchanges.append(Exchange(command: String(line.dropFirst(2))))
      } else if line.hasPrefix("= ") {
        exchanges[exchanges.count - 1].output.append(String(line.dropFirst(2)))
      } else if line.hasPrefix("request ") || line.hasPrefix("reply ") {
        let parts = line.split(separator: "+", omittingEmptySubsequences: false)
        let hex = parts[0].drop { $0 != " " }.filter { $0 != " " }
        let message = Message(
          isRequest: line.hasPrefix("request"), bytes: bytes(Array(hex)),
          descriptors: parts.dropFirst().map { String($0.drop { $0 == " " }.trimmingEnd) },
          line: index + 1)
        exchanges[exchanges.count - 1].messages.append(message)
      }
    }
    return exchanges
  }

  private static func bytes(_ digits: [Character]) -> [UInt8] {
    stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
  }
}

extension Substring {
  fileprivate var trimmingEnd: Substring {
    var text = self
    while text.last == " " { text = text.dropLast() }
    return text
  }
}
