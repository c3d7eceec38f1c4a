/// How much of a grant's rate is left. Whole numbers only: nothing is lost by rounding, however often it is asked.
///
/// A request costs `perMilliseconds` units and every millisecond brings `requests` units, up to `burst` requests' worth.
/// Both factors are 32-bit, so that the fullest bucket fits into 64 bits.
package struct TokenBucket: Hashable, Sendable {
  /// In units.
  package var level: UInt64
  /// When `level` was true, in milliseconds.
  package var milliseconds: Int64

  package init(level: UInt64, milliseconds: Int64) {
    self.level = level
    self.milliseconds = milliseconds
  }

  /// A full one.
  package init(_ rate: GrantRate, at milliseconds: Int64) {
    level = rate.capacity
    self.milliseconds = milliseconds
  }

  /// No more in it than fits, and of no later time than now: of a state that somebody else wrote.
  mutating func limit(_ rate: GrantRate, at now: Int64) {
    level = min(level, rate.capacity)
    milliseconds = min(milliseconds, now)
  }

  /// Takes a token, if there is one; if not, nothing changes. A clock that steps back brings nothing and costs nothing.
  package mutating func take(_ rate: GrantRate, at now: Int64) -> Bool {
    var full = level
    if now > milliseconds {
      let elapsed = UInt64(bitPattern: now &- milliseconds)
      let (brought, tooMuch) = elapsed.multipliedReportingOverflow(by: UInt64(rate.requests))
      let (sum, tooFull) = level.addingReportingOverflow(brought)
      full = tooMuch || tooFull ? rate.capacity : min(sum, rate.capacity)
    }
    guard full >= rate.cost else { return false }
    level = full - rate.cost
    milliseconds = max(milliseconds, now)
    return true
  }
}

extension GrantRate {
  /// Of one request. At least 1: a rate in no time at all is no rate without end.
  fileprivate var cost: UInt64 { UInt64(max(1, perMilliseconds)) }
  fileprivate var capacity: UInt64 { UInt64(burst) * cost }
}
