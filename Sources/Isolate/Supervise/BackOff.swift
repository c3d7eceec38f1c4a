/// How long an app waits before it is started again, in whole numbers throughout.
package enum BackOff {
  /// The wait before the restart after so many failures in a row, in milliseconds, before it is shortened at random.
  ///
  /// None before the first, `delay` before the second, then twice the one before, up to the ceiling.
  package static func base(failures: Int, _ policy: RestartPolicy) -> Int64 {
    guard failures > 1, policy.delayMilliseconds > 0 else { return 0 }
    let doublings = min(failures - 2, 62)
    let ceiling = max(policy.ceilingMilliseconds, 0)
    /* Compared before it is shifted: nothing can overflow. */
    guard policy.delayMilliseconds <= ceiling >> Int64(doublings) else { return ceiling }
    return policy.delayMilliseconds << Int64(doublings)
  }

  /// The wait itself: the base, shortened by at most `jitterPercent` hundredths of it.
  ///
  /// As no wait is halved by it, waits in a row still grow until the base is the ceiling.
  package static func wait(
    failures: Int, _ policy: RestartPolicy, random: inout RandomState
  ) -> Int64 {
    let base = base(failures: failures, policy)
    let percent = Int64(max(0, min(policy.jitterPercent, 50)))
    /* Divided first where the product could overflow. */
    let most = base > Int64.max / 100 ? base / 100 * percent : base * percent / 100
    guard most > 0 else { return base }
    return base - Int64(random.next(upTo: UInt64(most)))
  }
}

/// Random numbers that a seed repeats, kept with the state they decided about: SplitMix64.
///
/// Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
package struct RandomState: Hashable, Sendable {
  package var bits: UInt64

  package init(seed: UInt64) { bits = seed }

  package mutating func next() -> UInt64 {
    bits &+= 0x9E37_79B9_7F4A_7C15
    var mixed = bits
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 to `most`, `most` included.
  package mutating func next(upTo most: UInt64) -> UInt64 {
    /* The high half of the product: even enough for waits, and one step each. */
    most == .max ? next() : next().multipliedFullWidth(by: most + 1).high
  }
}
