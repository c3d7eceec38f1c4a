/// Keeps an app from flooding what people are told of it: one line a second, and how many were left out.
struct TellingLimit {
  /// Between two lines.
  static let milliseconds: Int64 = 1000

  private var toldAt: Int64?
  private var leftOut: UInt64 = 0

  /// When there is something to `flush`. Nil: nothing was left out.
  var nextAt: Int64? { leftOut == 0 ? nil : toldAt.map { $0 + Self.milliseconds } }

  /// Asks whether one may be told now; if not it is counted.
  ///
  /// - Returns: how many were left out before it; nil: it is left out, too.
  mutating func pass(_ now: Int64) -> UInt64? {
    if let toldAt, now - toldAt < Self.milliseconds {
      leftOut += 1
      return nil
    }
    toldAt = now
    defer { leftOut = 0 }
    return leftOut
  }

  /// How many were left out, once it is time to tell of them though nothing more has come.
  mutating func flush(_ now: Int64) -> UInt64? {
    guard let nextAt, now >= nextAt else { return nil }
    return pass(now)
  }
}
