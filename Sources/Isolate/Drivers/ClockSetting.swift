/// The system clock. How far it may be moved was decided before; the step is made absolute here, in one call.
package enum ClockSetting {
  /// How far the clock would move, in milliseconds, never negative; the largest number where that has none.
  package static func step(
    to time: SystemClock.Time, from now: SystemClock.Time
  ) -> Int64 {
    let (seconds, overflow) = time.seconds.subtractingReportingOverflow(now.seconds)
    if overflow { return .max }
    let fraction = (Int64(time.nanoseconds) - Int64(now.nanoseconds)) / 1_000_000
    let (product, tooFar) = seconds.multipliedReportingOverflow(by: 1000)
    let (sum, stillTooFar) = product.addingReportingOverflow(fraction)
    if tooFar || stillTooFar || sum == .min { return .max }
    return abs(sum)
  }

  /// - Throws: EPERM without CAP_SYS_TIME: not to be had for an ordinary user; EINVAL for a time that is none.
  package static func set(_ time: SystemClock.Time) throws(SystemError) {
    guard time.nanoseconds < 1_000_000_000 else {
      throw SystemError(call: "clock_settime", number: Errno.invalid)
    }
    try SystemClock.set(time)
  }
}
