// Values: which kind starts here, and the kinds that hold other values.

extension TOMLParser {
  /// Reads the value that starts here.
  ///
  /// - Parameter depth: how many arrays and tables it stands in.
  mutating func value(inside depth: Int) throws(Diagnostic) -> TOMLNode {
    let start = at
    let position = position(of: start)
    let value: TOMLValue
    switch peek() {
    case TOMLByte.quote, TOMLByte.apostrophe: value = .string(try string())
    case TOMLByte.openBracket: value = .array(try array(inside: depth, position))
    case TOMLByte.openBrace: value = .table(try inlineTable(inside: depth, position))
    default: value = try token()
    }
    return TOMLNode(value, at: position, length: length(from: start, position))
  }

  private mutating func array(inside depth: Int, _ opening: Position)
    throws(Diagnostic) -> [TOMLNode]
  {
    guard depth < TOMLReader.maxDepth else { throw TOMLDrafts.tooDeep(opening) }
    at += 1
    var items: [TOMLNode] = []
    while true {
      try skipBlank()
      if peek() == TOMLByte.closeBracket { break }
      if isAtEnd { throw unclosedArray(opening) }
      items.append(try value(inside: depth + 1))
      try skipBlank()
      if peek() == TOMLByte.closeBracket { break }
      if isAtEnd { throw unclosedArray(opening) }
      guard peek() == TOMLByte.comma else {
        if isControl(peek()) { throw badControl(at: at) }
        throw fail(
          at: at, "after a value of an array comes , or ], but here is \(found(at: at))",
          cure: "the array starts on line \(opening.line): put commas between its values")
      }
      at += 1
    }
    at += 1
    return items
  }

  private func unclosedArray(_ opening: Position) -> Diagnostic {
    Diagnostic(
      at: opening, "this array is never closed: the file ends before its ]",
      cure: "add ] behind its last value")
  }

  private mutating func inlineTable(inside depth: Int, _ opening: Position)
    throws(Diagnostic) -> TOMLTable
  {
    let table = try drafts.openInline(inside: depth, at: opening)
    at += 1
    skipSpace()
    guard peek() != TOMLByte.closeBrace else {
      at += 1
      return drafts.closeInline(table)
    }
    while true {
      try checkInlineGoesOn()
      try keyValue(into: table)
      skipSpace()
      if peek() == TOMLByte.closeBrace { break }
      try checkInlineGoesOn()
      guard peek() == TOMLByte.comma else {
        if isControl(peek()) { throw badControl(at: at) }
        throw fail(
          at: at, "after a value of a table in braces comes , or }, but here is \(found(at: at))")
      }
      at += 1
      skipSpace()
      if peek() == TOMLByte.closeBrace {
        throw fail(at: at, "a comma must not stand before }", cure: "remove the last comma")
      }
    }
    at += 1
    return drafts.closeInline(table)
  }

  /// Refuses the end of a line, or a comment, inside a table in braces.
  private func checkInlineGoesOn() throws(Diagnostic) {
    guard isAtEnd || isNewline() || peek() == TOMLByte.hash else { return }
    throw fail(
      at: at,
      "a table in braces must be closed with } on the line where its last value ends, "
        + "but here is \(found(at: at))",
      cure: "write it on one line, or as a [table] with one key on each line")
  }

  /// Reads a number, a date, a time or a boolean.
  private mutating func token() throws(Diagnostic) -> TOMLValue {
    let start = at
    var end = at
    while end < bytes.count, isTokenByte(bytes[end]) { end += 1 }
    guard end > start else { throw missingValue() }
    if isDigit(bytes[start]), end - start > 2 {
      // 1979-05-27 or 07:32:00; the wrong number of digits is said to be wrong, as a date.
      var digits = start
      while isDigit(byte(digits)) { digits += 1 }
      if digits < end, bytes[digits] == TOMLByte.minus || bytes[digits] == TOMLByte.colon {
        return .dateTime(try dateTime(token: end))
      }
    }
    at = end
    switch bytes[start] {
    case UInt8(ascii: "t") where matches("true", start, end): return .boolean(true)
    case UInt8(ascii: "f") where matches("false", start, end): return .boolean(false)
    case TOMLByte.plus, TOMLByte.minus, TOMLByte.dot, TOMLByte.zero...TOMLByte.nine:
      return try number(start, end)
    case UInt8(ascii: "i") where matches("inf", start, end): return .float(.infinity)
    case UInt8(ascii: "n") where matches("nan", start, end): return .float(.nan)
    default: throw badWord(start, end)
    }
  }

  /// Whether the bytes of a range are exactly this ASCII text.
  func matches(_ text: String, _ start: Int, _ end: Int) -> Bool {
    text.utf8.elementsEqual(bytes[start..<end])
  }

  private func missingValue() -> Diagnostic {
    if !isAtEnd, !isNewline(), isControl(peek()) { return badControl(at: at) }
    let isTypographic = peek() == 0xE2 && byte(at + 1) == 0x80 && (0x98...0x9F).contains(peek(2))
    return fail(
      at: at, "a value must stand here, but here is \(found(at: at))",
      cure: isTypographic
        ? "use the straight quotes \" or '" : "a text stands in quotes: key = \"text\"")
  }

  private func badWord(_ start: Int, _ end: Int) -> Diagnostic {
    let text = String(decoding: bytes[start..<end], as: UTF8.self).cutForMessage
    let cure =
      switch text.lowercased() {
      case "true", "yes", "on": "a boolean is written true or false; a text stands in quotes"
      case "false", "no", "off": "a boolean is written true or false; a text stands in quotes"
      case "inf", "nan": "infinity and not-a-number are written inf and nan"
      case "null", "nil", "none": "TOML has no empty value: leave the key out"
      default: "a text stands in quotes: \"\(text)\""
      }
    return fail(at: start, to: end, "'\(text)' is not a value", cure: cure)
  }
}
