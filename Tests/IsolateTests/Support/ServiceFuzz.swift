@testable import Isolate

/// Any bytes as what comes back of a log file, and as the beginning of an HTTP answer.
enum ServiceFuzz {
  /// A line is none, or it is written again as what it says.
  static func logLine(_ bytes: [UInt8]) -> String? {
    for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      guard let record = LogRecord(Array(line)) else { continue }
      let text = ByteBuffer(capacity: record.text.count)
      text.append(record.text)
      let out = ByteBuffer(capacity: record.text.count * LogEscape.widest)
      LogEscape.add(text, 0..<text.count, to: out)
      let tag = record.isPartial ? "P:E " : "F:E "
      let head =
        LogTime.write(record.time) + [0x20] + record.source.rawValue.utf8 + [0x20] + tag.utf8
      if LogRecord(head + out.bytes(0..<out.count)) != record { return "read again it is another" }
    }
    return nil
  }

  /// However it is cut, the answer is the same, and known after 13 bytes.
  static func http(_ bytes: [UInt8]) -> String? {
    var whole = HTTPStatus()
    let reading = whole.feed(bytes)
    if reading == .more && bytes.count > 12 { return "it waits for ever" }
    if case .status(let status) = reading, !(100...999).contains(status) { return "\(status)" }
    var pieces = HTTPStatus()
    for byte in bytes {
      let piece = pieces.feed([byte])
      if piece == .more { continue }
      return piece == reading ? nil : "cut differently it is another"
    }
    return reading == .more ? nil : "cut differently it is never known"
  }
}
