/// Moments as text, for programs (RFC 3339).
package enum TimeText {
  /// UTC, as in `2026-11-22T19:26:29.123456Z`. What lies before 1970 or after 9999 becomes the first or the last moment of that.
  ///
  /// - Parameter microseconds: since 1970.
  package static func utc(microseconds: Int64) -> String {
    let moment = min(max(microseconds, 0), 253_402_300_799_999_999)
    let (days, time) = (moment / 86_400_000_000, moment % 86_400_000_000)
    let (year, month, day) = date(days)
    let seconds = time / 1_000_000
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
      + padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
      + padded(seconds % 60, 2) + "." + padded(time % 1_000_000, 6) + "Z"
  }

  /// Years of 400 repeat; within them count from March, so that the day that leap years add is the last.
  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let sinceMarch = days + 719_468
    let (era, dayOfEra) = (sinceMarch / 146_097, sinceMarch % 146_097)
    let leaps = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leaps) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * march + 2) / 5 + 1)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}
