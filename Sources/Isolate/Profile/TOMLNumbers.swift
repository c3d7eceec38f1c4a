// Integers and floats.

extension TOMLParser {
  /// Reads the number that is a whole token.
  func number(_ start: Int, _ end: Int) throws(Diagnostic) -> TOMLValue {
    let isSigned = bytes[start] == TOMLByte.minus || bytes[start] == TOMLByte.plus
    let isNegative = bytes[start] == TOMLByte.minus
    let first = isSigned ? start + 1 : start
    if matches("inf", first, end) { return .float(isNegative ? -.infinity : .infinity) }
    if matches("nan", first, end) { return .float(isNegative ? -.nan : .nan) }
    if byte(first) == TOMLByte.zero, end - first > 1, let radix = radix(of: byte(first + 1)) {
      guard !isSigned else {
        throw fail(
          at: start, to: end, "a number in base \(radix) has no sign",
          cure: "write it in base 10, or without the sign")
      }
      return .integer(try integer(first + 2, end, radix, isNegative: false, start))
    }
    var index = try digits(first, end, "a number", start)
    if index - first > 1, byte(first) == TOMLByte.zero {
      throw fail(
        at: start, to: end, "a number must not start with a zero",
        cure: "remove it; base 8 is written 0o755")
    }
    if index == end { return .integer(try integer(first, end, 10, isNegative: isNegative, start)) }
    if byte(index) == TOMLByte.dot {
      index = try digits(index + 1, end, "the part behind the dot of a float", start)
    }
    if index < end, byte(index) | 0x20 == UInt8(ascii: "e") {
      let sign = byte(index + 1)
      let isSigned = index + 1 < end && (sign == TOMLByte.plus || sign == TOMLByte.minus)
      index = try digits(index + (isSigned ? 2 : 1), end, "the exponent of a float", start)
    }
    guard index == end else {
      throw fail(
        at: start, to: end, "\(shown(start, end)) is not a number: \(found(at: index)) is too much",
        cure: "a text stands in quotes; a number with a unit is a text too")
    }
    return .float(try float(start, end))
  }

  private func radix(of byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "x"): 16
    case UInt8(ascii: "o"): 8
    case UInt8(ascii: "b"): 2
    default: nil
    }
  }

  /// Skips decimal digits with single underscores between them, at least one digit.
  private func digits(_ start: Int, _ end: Int, _ what: String, _ token: Int)
    throws(Diagnostic) -> Int
  {
    var index = start
    while index < end {
      if bytes[index] == TOMLByte.underscore {
        try checkUnderscore(index, start, end, token)
      } else if !isDigit(bytes[index]) {
        break
      }
      index += 1
    }
    guard index > start else {
      throw fail(
        at: token, to: end, "\(what) needs a digit, but \(shown(token, end)) has none there")
    }
    return index
  }

  /// Refuses an underscore without a digit on each side.
  private func checkUnderscore(_ index: Int, _ start: Int, _ end: Int, _ token: Int)
    throws(Diagnostic)
  {
    if index > start, index + 1 < end, hexDigit(bytes[index - 1]) != nil,
      hexDigit(bytes[index + 1]) != nil
    {
      // In base 10 a letter behind an underscore, as in 1_e5, is found here too.
      let isHex = byte(token) == TOMLByte.zero && byte(token + 1) == UInt8(ascii: "x")
      if isHex || isDigit(bytes[index + 1]) { return }
    }
    throw fail(at: index, "an underscore in a number must stand between two digits")
  }

  private func integer(
    _ start: Int, _ end: Int, _ radix: UInt64, isNegative: Bool, _ token: Int
  ) throws(Diagnostic) -> Int64 {
    guard start < end else {
      throw fail(at: token, to: end, "\(shown(token, end)) has no digits")
    }
    let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
    var sum: UInt64 = 0
    for index in start..<end {
      if bytes[index] == TOMLByte.underscore {
        try checkUnderscore(index, start, end, token)
        continue
      }
      guard let digit = hexDigit(bytes[index]), UInt64(digit) < radix else {
        throw fail(at: index, "\(found(at: index)) is no digit of a number in base \(radix)")
      }
      let (product, overflow) = sum.multipliedReportingOverflow(by: radix)
      let (next, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry, next <= limit else {
        throw fail(
          at: token, to: end,
          "\(shown(token, end)) is outside the range of integers, \(Int64.min) to \(Int64.max)")
      }
      sum = next
    }
    // The magnitude of Int64.min is no Int64: it is negated as bits, without a check.
    return isNegative ? Int64(bitPattern: 0 &- sum) : Int64(bitPattern: sum)
  }

  private func float(_ start: Int, _ end: Int) throws(Diagnostic) -> Double {
    let text =
      bytes[start..<end].contains(TOMLByte.underscore)
      ? String(decoding: bytes[start..<end].filter { $0 != TOMLByte.underscore }, as: UTF8.self)
      : String(decoding: bytes[start..<end], as: UTF8.self)
    guard let number = Double(text) else {
      throw fail(at: start, to: end, "\(shown(start, end)) is not a float")
    }
    guard number.isFinite else {
      throw fail(
        at: start, to: end, "\(shown(start, end)) is too large for a float",
        cure: "write inf if infinity is meant")
    }
    return number
  }
}
