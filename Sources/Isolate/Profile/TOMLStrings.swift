// Keys and the four kinds of strings. A string without escapes is made from one slice of bytes.

extension TOMLParser {
  // MARK: Keys

  /// Reads one key, or one part of a dotted key.
  mutating func key() throws(Diagnostic) -> TOMLKey {
    let start = at
    let position = position(of: start)
    let name: String
    switch peek() {
    case TOMLByte.quote, TOMLByte.apostrophe:
      if peek(1) == peek(), peek(2) == peek() {
        throw fail(
          at: at, to: at + 3, "a key cannot be a multi-line string",
          cure: "write it with one quote on each side")
      }
      name = try string()
    default:
      while at < bytes.count, isBare(bytes[at]) { at += 1 }
      guard at > start else { throw missingKey() }
      name = String(decoding: bytes[start..<at], as: UTF8.self)
    }
    return TOMLKey(name, at: position, length: length(from: start, position))
  }

  private func missingKey() -> Diagnostic {
    if !isAtEnd, !isNewline(), isControl(peek()) { return badControl(at: at) }
    return fail(
      at: at, "a key must stand here, but here is \(found(at: at))",
      cure: peek() >= 0x80
        ? "a key without quotes has only the letters A to Z and a to z, digits, - and _" : nil)
  }

  // MARK: Strings

  /// Reads the string that starts with the quote here.
  mutating func string() throws(Diagnostic) -> String {
    let quote = peek()
    if peek(1) == quote, peek(2) == quote { return try multilineString(quote) }
    let start = at + 1
    var end = start
    while true {
      let byte = byte(end)
      if byte == quote { break }
      if byte == TOMLByte.backslash, quote == TOMLByte.quote {
        return try escapedString(from: start, end)
      }
      if isControl(byte) { throw unclosedString(from: at, end) }
      end += 1
    }
    at = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// Reads the rest of a one-line string whose first backslash is at `first`.
  private mutating func escapedString(from start: Int, _ first: Int)
    throws(Diagnostic) -> String
  {
    var text = Array(bytes[start..<first])
    at = first
    while true {
      let byte = peek()
      if byte == TOMLByte.quote { break }
      if byte == TOMLByte.backslash {
        try escape(into: &text)
      } else if isControl(byte) {
        throw unclosedString(from: start - 1, at)
      } else {
        text.append(byte)
        at += 1
      }
    }
    at += 1
    return String(decoding: text, as: UTF8.self)
  }

  private func unclosedString(from start: Int, _ end: Int) -> Diagnostic {
    let quote = String(decoding: bytes[start..<start + 1], as: UTF8.self)
    let isLineEnd =
      end >= bytes.count || bytes[end] == TOMLByte.lineFeed
      || (bytes[end] == TOMLByte.carriageReturn && byte(end + 1) == TOMLByte.lineFeed)
    guard isLineEnd else { return badControl(at: end) }
    return fail(
      at: start, to: end, "a string must be closed with \(quote) on the same line",
      cure: "add \(quote) where the text ends; a text of many lines stands between "
        + "\(quote)\(quote)\(quote) and \(quote)\(quote)\(quote)")
  }

  // MARK: Strings of many lines

  /// Reads a string between three quotes on each side.
  private mutating func multilineString(_ quote: UInt8) throws(Diagnostic) -> String {
    let opening = position(of: at)
    at += 3
    if isNewline() { try newline() }
    var text: [UInt8] = []
    while true {
      let start = at
      while at < bytes.count, bytes[at] != quote, bytes[at] != TOMLByte.backslash,
        !isControl(bytes[at])
      {
        at += 1
      }
      text.append(contentsOf: bytes[start..<at])
      if isAtEnd { throw unclosedMultiline(opening, quote) }
      if peek() == quote {
        if closesMultiline(quote, &text) { return String(decoding: text, as: UTF8.self) }
      } else if peek() == TOMLByte.backslash {
        if quote == TOMLByte.apostrophe {
          text.append(TOMLByte.backslash)
          at += 1
        } else if try !skipFoldedLines() {
          try escape(into: &text)
        }
      } else {
        // CR LF becomes LF, so that a text means the same whatever editor saved it.
        try newline()
        text.append(TOMLByte.lineFeed)
      }
    }
  }

  /// Takes a run of quotes: at most two of them belong to the text, before the three that close it.
  private mutating func closesMultiline(_ quote: UInt8, _ text: inout [UInt8]) -> Bool {
    var run = 0
    while run < 5, peek(run) == quote { run += 1 }
    at += run
    let closes = run >= 3
    text.append(contentsOf: repeatElement(quote, count: closes ? run - 3 : run))
    return closes
  }

  private func unclosedMultiline(_ opening: Position, _ quote: UInt8) -> Diagnostic {
    let three = quote == TOMLByte.quote ? "\"\"\"" : "'''"
    return Diagnostic(
      at: opening, length: 3, "this string is never closed: the file ends before its \(three)",
      cure: "add \(three) where the text ends")
  }

  /// Skips a backslash that ends its line, and all space and lines up to the next character.
  ///
  /// - Returns: false where the backslash is an escape instead; then nothing is skipped.
  private mutating func skipFoldedLines() throws(Diagnostic) -> Bool {
    let start = at
    at += 1
    skipSpace()
    guard isNewline() else {
      at = start
      return false
    }
    while isNewline() {
      try newline()
      skipSpace()
    }
    return true
  }

  // MARK: Escapes

  /// Reads the escape that starts with the backslash here.
  private mutating func escape(into text: inout [UInt8]) throws(Diagnostic) {
    switch peek(1) {
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "t"): text.append(TOMLByte.tab)
    case UInt8(ascii: "n"): text.append(TOMLByte.lineFeed)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "r"): text.append(TOMLByte.carriageReturn)
    case TOMLByte.quote: text.append(TOMLByte.quote)
    case TOMLByte.backslash: text.append(TOMLByte.backslash)
    case UInt8(ascii: "u"): return try unicodeEscape(digits: 4, into: &text)
    case UInt8(ascii: "U"): return try unicodeEscape(digits: 8, into: &text)
    default: throw badEscape()
    }
    at += 2
  }

  private func badEscape() -> Diagnostic {
    let next = at + 1
    let known = "the escapes are \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX and \\UXXXXXXXX"
    let isVisible = next < bytes.count && !isControl(bytes[next]) && bytes[next] < 0x80
    let name = isVisible ? String(decoding: bytes[at...next], as: UTF8.self) : "this backslash"
    return fail(
      at: at, to: isVisible ? next + 1 : next, "\(name) is no escape",
      cure: "\(known); a text in single quotes has none, so \\ is itself there")
  }

  private mutating func unicodeEscape(digits: Int, into text: inout [UInt8]) throws(Diagnostic) {
    var number: UInt32 = 0
    for place in 0..<digits {
      guard let digit = hexDigit(peek(2 + place)) else {
        throw fail(
          at: at, to: at + 2 + place,
          "\\\(digits == 4 ? "u" : "U") needs \(digits) hexadecimal digits, and has \(place)",
          cure: "fill with zeros, as in \(digits == 4 ? "\\u00E9" : "\\U0001F600")")
      }
      // Eight digits of four bits just fill 32 bits: nothing is ever pushed out.
      number = number << 4 | UInt32(digit)
    }
    guard let scalar = Unicode.Scalar(number) else {
      throw fail(
        at: at, to: at + 2 + digits,
        (0xD800...0xDFFF).contains(number)
          ? "U+\(hex(number, width: 4)) is half of a surrogate pair, and no character"
          : "U+\(hex(number, width: 4)) is past the last character, U+10FFFF",
        cure: "write the number of the character itself, with \\U and eight digits")
    }
    text.append(contentsOf: UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
    at += 2 + digits
  }

  /// The value of a hexadecimal digit.
  func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
