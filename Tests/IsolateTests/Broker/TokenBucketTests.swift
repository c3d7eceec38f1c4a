import Testing

@testable import Isolate

@Suite("A token bucket")
struct TokenBucketTests {
  @Test("gives its burst at once, and then as many as the rate says, for a year")
  func noDrift() {
    // 3 in 7 ms divides by nothing.
    let rate = GrantRate(requests: 3, perMilliseconds: 7, burst: 5)
    var bucket = TokenBucket(rate, at: 0)
    for _ in 0..<5 { #expect(bucket.take(rate, at: 0) == true) }
    #expect(bucket.take(rate, at: 0) == false)
    var taken = 0
    for now in 1...Int64(21_000) {
      while bucket.take(rate, at: now) { taken += 1 }
    }
    #expect(taken == 9000)
    #expect(bucket.take(rate, at: 21_002) == false)
    #expect(bucket.take(rate, at: 21_003) == true)
    let year: Int64 = 365 * 86_400_000
    var late = TokenBucket(rate, at: 0)
    for _ in 0..<5 { #expect(late.take(rate, at: year) == true) }
    #expect(late.take(rate, at: year) == false)
  }

  @Test("is not confused by extreme numbers") func extremes() {
    let most = GrantRate(requests: .max, perMilliseconds: .max, burst: .max)
    var bucket = TokenBucket(most, at: .min)
    #expect(bucket.take(most, at: .max) == true)
    #expect(bucket.take(most, at: .min) == true)
    bucket = TokenBucket(level: .max, milliseconds: 0)
    #expect(bucket.take(most, at: 1) == true)
    let none = GrantRate(requests: 1, perMilliseconds: 1, burst: 0)
    bucket = TokenBucket(none, at: 0)
    #expect(bucket.take(none, at: 1_000_000) == false)
    let still = GrantRate(requests: 0, perMilliseconds: 0, burst: 1)
    bucket = TokenBucket(still, at: 0)
    #expect(bucket.take(still, at: 0) == true)
    #expect(bucket.take(still, at: .max) == false)
  }

  @Test("brings nothing when the clock steps back") func backwards() {
    let rate = GrantRate(requests: 1, perMilliseconds: 10, burst: 1)
    var bucket = TokenBucket(rate, at: 100)
    #expect(bucket.take(rate, at: 100) == true)
    #expect(bucket.take(rate, at: 0) == false)
    #expect(bucket.take(rate, at: 109) == false)
    #expect(bucket.take(rate, at: 110) == true)
  }

  @Test("that somebody else wrote holds no more than fits, of no later time") func limited() {
    let rate = GrantRate(requests: 1, perMilliseconds: 10, burst: 2)
    var bucket = TokenBucket(level: .max, milliseconds: .max)
    bucket.limit(rate, at: 50)
    #expect(bucket == TokenBucket(level: 20, milliseconds: 50))
  }
}
