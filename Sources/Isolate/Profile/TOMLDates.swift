// Dates and times. Source: RFC 3339, section 5.6, and TOML 1.0.

extension TOMLParser {
  /// Reads a date, a time or both; what follows `end` belongs to it only as " 07:32:00".
  ///
  /// The text is kept as RFC 3339 writes it: with a `T` between date and time, a `Z` for UTC, and
  /// the fraction as it was written. A second may be 60, a leap second.
  mutating func dateTime(token end: Int) throws(Diagnostic) -> TOMLDateTime {
    let start = at
    var end = end
    var text: [UInt8] = []
    text.reserveCapacity(32)
    guard byte(start + 2) != TOMLByte.colon else {
      at = try time(start, end, into: &text, start)
      try checkTokenEnds(start, end, "a time has no offset without a date")
      return made(.localTime, text)
    }
    at = try date(start, end, into: &text)
    let separator = peek()
    if separator == TOMLByte.space, isDigit(peek(1)), isDigit(peek(2)) {
      end = at + 1
      while end < bytes.count, isTokenByte(bytes[end]) { end += 1 }
    } else if separator | 0x20 != UInt8(ascii: "t") {
      try checkTokenEnds(start, end, "a date is written 1979-05-27")
      return made(.localDate, text)
    }
    text.append(UInt8(ascii: "T"))
    at = try time(at + 1, end, into: &text, start)
    if at == end { return made(.localDateTime, text) }
    if peek() | 0x20 == UInt8(ascii: "z") {
      text.append(UInt8(ascii: "Z"))
      at += 1
    } else if peek() == TOMLByte.plus || peek() == TOMLByte.minus {
      text.append(peek())
      _ = try two(at + 1, end, "the hour of the offset", 0...23, start)
      // Without its colon the offset ends here, and so has no minutes.
      let minute = byte(at + 3) == TOMLByte.colon ? at + 4 : end
      _ = try two(minute, end, "the minute of the offset", 0...59, start)
      text.append(contentsOf: bytes[at + 1..<at + 6])
      at += 6
    }
    try checkTokenEnds(start, end, "an offset is Z, or hours and minutes as in +01:30")
    return made(.offsetDateTime, text)
  }

  private func made(_ kind: TOMLDateTime.Kind, _ text: [UInt8]) -> TOMLDateTime {
    TOMLDateTime(kind: kind, text: String(decoding: text, as: UTF8.self))
  }

  private func checkTokenEnds(_ start: Int, _ end: Int, _ cure: String) throws(Diagnostic) {
    guard at == end else {
      throw fail(
        at: start, to: end,
        "\(shown(start, end)) is no date or time: "
          + "\(found(at: at)) does not belong to it", cure: cure)
    }
  }

  /// Reads `1979-05-27` and returns where it ends.
  private func date(_ start: Int, _ end: Int, into text: inout [UInt8]) throws(Diagnostic) -> Int {
    guard end - start >= 10, byte(start + 4) == TOMLByte.minus, byte(start + 7) == TOMLByte.minus,
      isDigit(byte(start)), isDigit(byte(start + 1)), isDigit(byte(start + 2)),
      isDigit(byte(start + 3))
    else {
      throw fail(
        at: start, to: end, "\(shown(start, end)) is no date or time",
        cure: "a date is written 1979-05-27, a time 07:32:00; a text stands in quotes")
    }
    var year = 0
    for index in start..<start + 4 { year = year * 10 + Int(bytes[index] - TOMLByte.zero) }
    let month = try two(start + 5, end, "the month", 1...12, start)
    let days = daysIn(month: month, year: year)
    let day = try two(start + 8, end, "the day", 1...31, start)
    guard day <= days else {
      throw fail(
        at: start, to: start + 10,
        "\(shown(start, start + 10)) is not in the calendar: "
          + "that month has \(days) days")
    }
    text.append(contentsOf: bytes[start..<start + 10])
    return start + 10
  }

  private func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Reads `07:32:00` with or without a fraction and returns where it ends.
  private func time(_ start: Int, _ end: Int, into text: inout [UInt8], _ token: Int)
    throws(Diagnostic) -> Int
  {
    _ = try two(start, end, "the hour", 0...23, token)
    guard byte(start + 2) == TOMLByte.colon else { throw badTime(token, end) }
    _ = try two(start + 3, end, "the minute", 0...59, token)
    guard byte(start + 5) == TOMLByte.colon else { throw badTime(token, end) }
    _ = try two(start + 6, end, "the second", 0...60, token)
    var index = start + 8
    if byte(index) == TOMLByte.dot {
      index += 1
      guard isDigit(byte(index)) else {
        throw fail(at: token, to: end, "a digit must follow the dot of \(shown(token, end))")
      }
      while isDigit(byte(index)) { index += 1 }
    }
    text.append(contentsOf: bytes[start..<index])
    return index
  }

  private func badTime(_ token: Int, _ end: Int) -> Diagnostic {
    fail(
      at: token, to: end, "\(shown(token, end)) is no time",
      cure: "a time has hours, minutes and seconds: 07:32:00")
  }

  /// Reads two digits that must lie in a range.
  private func two(
    _ start: Int, _ end: Int, _ what: String, _ range: ClosedRange<Int>, _ token: Int
  ) throws(Diagnostic) -> Int {
    guard start + 2 <= end, isDigit(byte(start)), isDigit(byte(start + 1)) else {
      throw fail(
        at: token, to: end, "\(what) of \(shown(token, end)) must have two digits",
        cure: "as in 1979-05-27T07:32:00Z")
    }
    let number = Int(bytes[start] - TOMLByte.zero) * 10 + Int(bytes[start + 1] - TOMLByte.zero)
    guard range.contains(number) else {
      throw fail(
        at: token, to: end,
        "\(what) of \(shown(token, end)) is \(number), and must be \(range.lowerBound) to "
          + "\(range.upperBound)")
    }
    return number
  }
}
