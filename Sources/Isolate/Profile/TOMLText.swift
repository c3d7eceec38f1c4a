// What is said about bytes: whether they are text at all, and how a message names them.

extension TOMLParser {
  /// Refuses a document that is not UTF-8.
  ///
  /// Overlong forms, surrogates and numbers past U+10FFFF are refused. Source: RFC 3629, section 4.
  mutating func checkEncoding() throws(Diagnostic) {
    var index = 0
    let end = bytes.count
    while index < end {
      if bytes[index] < 0x80 {
        index += 1
        continue
      }
      let length = sequenceLength(at: index)
      guard length > 0 else { throw badEncoding(at: index) }
      index += length
    }
  }

  /// How many bytes the multi-byte character here has, or 0 where it is not UTF-8.
  private func sequenceLength(at index: Int) -> Int {
    let second = byte(index + 1)
    let secondRange: ClosedRange<UInt8>
    let length: Int
    switch bytes[index] {
    case 0xC2...0xDF: (length, secondRange) = (2, 0x80...0xBF)
    case 0xE0: (length, secondRange) = (3, 0xA0...0xBF)
    case 0xED: (length, secondRange) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, secondRange) = (3, 0x80...0xBF)
    case 0xF0: (length, secondRange) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, secondRange) = (4, 0x80...0xBF)
    case 0xF4: (length, secondRange) = (4, 0x80...0x8F)
    default: return 0
    }
    guard secondRange.contains(second) else { return 0 }
    for place in 2..<4 where place < length && byte(index + place) & 0xC0 != 0x80 { return 0 }
    return length
  }

  private func badEncoding(at index: Int) -> Diagnostic {
    var line = 1
    var column = 1
    let start = byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF ? min(3, index) : 0
    for byte in bytes[start..<index] {
      if byte == TOMLByte.lineFeed {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    let isUTF16 =
      index == 0 && ((byte(0) == 0xFF && byte(1) == 0xFE) || (byte(0) == 0xFE && byte(1) == 0xFF))
    return Diagnostic(
      at: Position(file: file, line: line, column: column),
      isUTF16
        ? "the file is UTF-16, and TOML must be UTF-8"
        : "the byte 0x\(hex(UInt32(bytes[index]), width: 2)) is not valid UTF-8 here",
      cure: "save the file as UTF-8")
  }

  /// The error for a control character, which TOML allows nowhere.
  func badControl(at offset: Int) -> Diagnostic {
    if byte(offset) == TOMLByte.carriageReturn {
      return fail(
        at: offset, "a carriage return (U+000D) must be followed by a line feed",
        cure: "end lines with a line feed, or with both")
    }
    return fail(
      at: offset, "\(found(at: offset)) is not allowed here",
      cure: "remove it, or write it as an escape, \\u\(hex(UInt32(byte(offset)), width: 4)), "
        + "in a string in double quotes")
  }

  /// What stands at a byte, in words.
  func found(at offset: Int) -> String {
    guard offset < bytes.count else { return "the end of the file" }
    let first = bytes[offset]
    if first == TOMLByte.lineFeed || first == TOMLByte.carriageReturn {
      return "the end of the line"
    }
    if first == TOMLByte.tab { return "a tab" }
    if isControl(first) { return "the control character U+\(hex(UInt32(first), width: 4))" }
    if isBare(first) {
      var end = offset
      while isBare(byte(end)) { end += 1 }
      return shown(offset, end)
    }
    let size = first < 0x80 ? 1 : max(1, sequenceLength(at: offset))
    let text = String(decoding: bytes[offset..<offset + size], as: UTF8.self)
    guard first >= 0x80, let scalar = text.unicodeScalars.first else { return "'\(text)'" }
    let name = "U+\(hex(scalar.value, width: 4))"
    return isVisible(scalar) ? "'\(text)' (\(name))" : "the character \(name)"
  }

  private func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse,
      .unassigned, .surrogate, .nonspacingMark, .enclosingMark:
      false
    default: true
    }
  }

  /// A piece of the document in quotes for a message, cut where it is long.
  func shown(_ start: Int, _ end: Int) -> String {
    "'\(String(decoding: bytes[start..<end], as: UTF8.self).cutForMessage)'"
  }

  /// A number in capital hexadecimal digits, filled with zeros.
  func hex(_ number: UInt32, width: Int) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension String {
  /// The text, or its first 40 characters and "...", with what would not print left out.
  var cutForMessage: String {
    var view = UnicodeScalarView()
    for scalar in unicodeScalars {
      guard view.count < 40 else { return String(view) + "..." }
      view.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar)
    }
    return String(view)
  }
}
