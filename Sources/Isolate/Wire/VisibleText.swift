/// Text of an app for the eyes of a person: nothing in it reaches the terminal as a command, or looks like other text.
package enum VisibleText {
  /// Control characters, and those that are invisible or turn the direction of writing, as \u{...}; a backslash as two; bytes
  /// that are no UTF-8 (RawText) as \xNN.
  ///
  /// - Parameters:
  ///   - limit: in characters of the result; what is cut is shown as "...".
  ///   - isVisible: it has been through here before: its backslashes stay as they are.
  package static func of(_ text: String, limit: Int = 512, isVisible: Bool = false) -> String {
    /* Nearly every text is as it should be. */
    if text.utf8.count <= limit, text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 && $0 != 0x5C }) {
      return text
    }
    var shown = ""
    var count = 0
    for scalar in text.unicodeScalars {
      let piece = isVisible && scalar == "\\" ? "\\" : visible(scalar)
      count += piece.unicodeScalars.count
      if count > limit { return shown + "..." }
      shown += piece
    }
    return shown
  }

  private static func visible(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0x5C: "\\\\"
    case 0x0A: "\\n"
    case 0x10FE00...0x10FEFF: "\\x" + hex(scalar.value - 0x10FE00, digits: 2)
    case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x0300...0x036F, 0x034F, 0x061C, 0x115F...0x1160,
      0x180B...0x180F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x3164, 0xFE00...0xFE0F,
      0xFEFF, 0xFFA0, 0xFFF0...0xFFFB, 0xE0000...0xE0FFF, 0xE000...0xF8FF, 0xF0000...0x10FFFF:
      "\\u{" + hex(scalar.value, digits: 1) + "}"
    default: String(Character(scalar))
    }
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
