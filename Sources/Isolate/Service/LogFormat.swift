/// Where a line of a log comes from.
package enum LogSource: String, CaseIterable, Hashable, Sendable {
  case stdout
  case stderr
  /// A remark of the daemon: lines were dropped.
  case isolated
}

/// One line of a log file, as container runtimes write them (the CRI log format): time, source, tags, text.
///
///     2026-11-22T19:30:02.123456Z stdout F the text of the line
///
/// Tags: `F` the line ends here, `P` it goes on in the next one of this source; with `:E` behind it the text is escaped: a
/// control character but the tab as \xNN, a backslash as two. Without it every byte is itself. So each line of the file is one
/// record, whatever the app wrote, and reading it gives exactly what was written.
package struct LogRecord: Hashable, Sendable {
  /// Microseconds since 1970, UTC.
  package var time: Int64
  package var source: LogSource
  /// The line goes on.
  package var isPartial: Bool
  package var text: [UInt8]

  package init(time: Int64, source: LogSource, isPartial: Bool, text: [UInt8]) {
    self.time = time
    self.source = source
    self.isPartial = isPartial
    self.text = text
  }

  /// Reads one line of a file, without its newline; nil: it is none (it was cut when a disk was full).
  package init?(_ line: [UInt8]) {
    var rest = line[...]
    func word() -> ArraySlice<UInt8>? {
      guard let space = rest.firstIndex(of: LogByte.space) else { return nil }
      defer { rest = rest[(space + 1)...] }
      return rest[..<space]
    }
    guard let stamp = word(), let time = LogTime.read(stamp), let name = word(),
      let source = LogSource(rawValue: String(decoding: name, as: UTF8.self)), let tags = word()
    else { return nil }
    let isEscaped = tags.count == 3 && tags.dropFirst().elementsEqual(LogByte.escapedTag)
    guard tags.count == 1 || isEscaped, let first = tags.first,
      first == LogByte.full || first == LogByte.partial
    else { return nil }
    self.time = time
    self.source = source
    isPartial = first == LogByte.partial
    guard isEscaped else {
      text = Array(rest)
      return
    }
    guard let text = LogEscape.undo(rest) else { return nil }
    self.text = text
  }
}

enum LogByte {
  static let space = UInt8(ascii: " ")
  static let newline = UInt8(ascii: "\n")
  static let backslash = UInt8(ascii: "\\")
  static let full = UInt8(ascii: "F")
  static let partial = UInt8(ascii: "P")
  static let escapedTag = Array(":E".utf8)
}

/// 2026-11-22T19:30:02.123456Z: RFC 3339, always of 27 bytes.
package enum LogTime {
  static let size = 27

  /// - Parameter time: microseconds since 1970; beyond the years 1 to 9999 it is the nearest of them.
  package static func write(_ time: Int64) -> [UInt8] {
    let time = min(max(time, -62_135_596_800_000_000), 253_402_300_799_999_999)
    let micro = floored(time, 1_000_000)
    let day = floored(micro.quotient, 86_400)
    let date = civil(day.quotient)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    func add(_ number: Int64, _ digits: Int, _ after: UInt8) {
      var divisor: Int64 = 1
      for _ in 1..<digits { divisor *= 10 }
      while divisor > 0 {
        bytes.append(UInt8(truncatingIfNeeded: 0x30 + number / divisor % 10))
        divisor /= 10
      }
      bytes.append(after)
    }
    add(date.year, 4, UInt8(ascii: "-"))
    add(date.month, 2, UInt8(ascii: "-"))
    add(date.day, 2, UInt8(ascii: "T"))
    add(day.remainder / 3600, 2, UInt8(ascii: ":"))
    add(day.remainder / 60 % 60, 2, UInt8(ascii: ":"))
    add(day.remainder % 60, 2, UInt8(ascii: "."))
    add(micro.remainder, 6, UInt8(ascii: "Z"))
    return bytes
  }

  package static func read(_ bytes: some Collection<UInt8>) -> Int64? {
    let bytes = Array(bytes)
    guard bytes.count == size else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var number: Int64 = 0
      for index in range {
        guard (0x30...0x39).contains(bytes[index]) else { return nil }
        number = number * 10 + Int64(bytes[index] - 0x30)
      }
      return number
    }
    guard let year = number(0..<4), let month = number(5..<7), let date = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      let micro = number(20..<26), year >= 1, (1...12).contains(month), date >= 1
    else { return nil }
    let time =
      ((days(year, month, date) * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000
      + micro
    /* Its marks, and that there is such a day and hour. */
    return write(time) == bytes ? time : nil
  }

  private static func floored(
    _ number: Int64, _ divisor: Int64
  ) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  /// The day of the Gregorian calendar, counted from 1970-01-01. A year here begins in March, so that the leap day is its last.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = floored(year, 400)
    let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let ofEra = era.remainder * 365 + era.remainder / 4 - era.remainder / 100 + ofYear
    return era.quotient * 146_097 + ofEra - 719_468
  }

  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let era = floored(days + 719_468, 146_097)
    let rest = era.remainder
    let ofEra = (rest - rest / 1460 + rest / 36_524 - rest / 146_096) / 365
    let ofYear = rest - (365 * ofEra + ofEra / 4 - ofEra / 100)
    let shifted = (5 * ofYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = ofEra + era.quotient * 400 + (month <= 2 ? 1 : 0)
    return (year, month, ofYear - (153 * shifted + 2) / 5 + 1)
  }
}

/// Text with control characters on one line.
enum LogEscape {
  /// How many bytes one can become.
  static let widest = 4

  static func add(_ source: ByteBuffer, _ range: Range<Int>, to out: ByteBuffer) {
    for index in range {
      let byte = source[index]
      if byte == LogByte.backslash {
        out.append(byte)
        out.append(byte)
      } else if byte < 0x20 && byte != 0x09 || byte == 0x7F {
        out.append(LogByte.backslash)
        out.append(UInt8(ascii: "x"))
        out.append(digit(byte >> 4))
        out.append(digit(byte & 15))
      } else {
        out.append(byte)
      }
    }
  }

  static func undo(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      if byte != LogByte.backslash {
        bytes.append(byte)
        continue
      }
      guard let kind = rest.popFirst() else { return nil }
      if kind == LogByte.backslash {
        bytes.append(kind)
        continue
      }
      guard kind == UInt8(ascii: "x"), let high = rest.popFirst().flatMap(value),
        let low = rest.popFirst().flatMap(value)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x57
    default: nil
    }
  }
}
