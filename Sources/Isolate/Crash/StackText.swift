/// What an unwinder printed (eu-stack -m -s), read from any bytes: lines that are not understood are left out.
///
///     PID 12 - core
///     TID 12:
///     #0  0x00005582487db1b8     boom - /proc/self/fd/16
///         /src/v.c:6:71
///     #1  0x00005582487db215 - 1 middle - /proc/self/fd/16
package enum StackText {
  package struct Thread: Hashable, Sendable {
    package var id: Int32
    package var frames: [Frame] = []
  }

  package struct Frame: Hashable, Sendable {
    package var address: UInt64
    /// The next instruction, not that of a call: the innermost frame, or one that a signal interrupted.
    package var isExact: Bool
    /// Empty: there is none.
    package var symbol: String
    /// What the module is called there; empty: none.
    package var module: String
    /// "file:line:column", or empty.
    package var source: String
  }

  /// Of what is printed, in bytes.
  package static let limit = 256 << 10
  static let mostThreads = 256
  static let mostFrames = 64

  /// - Parameter text: at most `limit` bytes of it are read.
  package static func threads(_ text: [UInt8]) -> [Thread] {
    var threads: [Thread] = []
    for line in text.prefix(limit).split(separator: UInt8(ascii: "\n")) {
      if let id = threadLine(line) {
        if threads.count == mostThreads { return threads }
        threads.append(Thread(id: id))
      } else if let last = threads.indices.last {
        if let frame = frameLine(line) {
          if threads[last].frames.count < mostFrames { threads[last].frames.append(frame) }
        } else if let frame = threads[last].frames.indices.last, line.starts(with: indent),
          threads[last].frames[frame].source.isEmpty
        {
          threads[last].frames[frame].source = CrashText.text(line.dropFirst(4))
        }
      }
    }
    return threads
  }

  /// What it complained of: the last line.
  package static func complaint(_ text: [UInt8]) -> String {
    let last = text.suffix(limit).split(separator: UInt8(ascii: "\n")).last
    return last.map { CrashText.text($0) } ?? "it did not say why"
  }

  private static let indent = Array("    ".utf8)

  /// "TID 12:".
  private static func threadLine(_ line: ArraySlice<UInt8>) -> Int32? {
    guard line.starts(with: "TID ".utf8), line.last == UInt8(ascii: ":") else { return nil }
    return Int32(String(decoding: line.dropFirst(4).dropLast(), as: UTF8.self))
  }

  private static func frameLine(_ line: ArraySlice<UInt8>) -> Frame? {
    guard line.first == UInt8(ascii: "#") else { return nil }
    var rest = line.dropFirst().drop { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    rest = rest.drop { $0 == UInt8(ascii: " ") }
    guard rest.starts(with: "0x".utf8) else { return nil }
    rest = rest.dropFirst(2)
    let digits = rest.prefix { $0 != UInt8(ascii: " ") }
    guard digits.count <= 16, digits.first != UInt8(ascii: "+"),
      let address = UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    else { return nil }
    rest = rest.dropFirst(digits.count)
    let isCall = rest.starts(with: " - 1".utf8)
    rest = rest.dropFirst(isCall ? 4 : 0).drop { $0 == UInt8(ascii: " ") }
    let (symbol, module) = split(rest)
    return Frame(
      address: address, isExact: !isCall, symbol: symbol, module: module, source: "")
  }

  /// "SYMBOL - MODULE"; a symbol may have anything in it, a module's name is ours.
  private static func split(_ text: ArraySlice<UInt8>) -> (symbol: String, module: String) {
    let dash = Array(" - ".utf8)
    var place = text.endIndex - dash.count
    while place >= text.startIndex {
      if text[place...].starts(with: dash) {
        return (CrashText.text(text[..<place]), CrashText.text(text[(place + 3)...]))
      }
      place -= 1
    }
    if text.starts(with: dash.dropFirst()) { return ("", CrashText.text(text.dropFirst(2))) }
    return (CrashText.text(text), "")
  }
}
