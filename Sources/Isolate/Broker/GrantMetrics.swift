/// What has been asked of one grant since the app started.
package struct GrantMetrics: Hashable, Sendable {
  /// Bucket 0: less than a microsecond. Bucket n: from 2^(n-1) to less than 2^n. The last takes all that is longer.
  package static let buckets = 32

  var details = InlineArray<32, UInt64>(repeating: 0)
  var latencies = InlineArray<32, UInt64>(repeating: 0)

  package init() {}

  /// Requests that ended so. `.kernel`: those that were performed, well or not.
  package subscript(detail: ReplyDetail) -> UInt64 { details[Int(detail.rawValue)] }

  /// All requests that have ended.
  package var total: UInt64 {
    var total: UInt64 = 0
    for index in 0..<32 { total &+= details[index] }
    return total
  }

  /// Of those that were performed: how many took as long as the bucket says.
  package func latency(bucket: Int) -> UInt64 { latencies[bucket] }

  package static func bucket(microseconds: UInt64) -> Int {
    min(buckets - 1, 64 - microseconds.leadingZeroBitCount)
  }

  package static func == (left: Self, right: Self) -> Bool {
    for index in 0..<32 {
      guard left.details[index] == right.details[index],
        left.latencies[index] == right.latencies[index]
      else { return false }
    }
    return true
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(total) }
}

/// What changes about a grant; in the book it is always written whole.
package struct GrantState: Hashable, Sendable {
  /// Requests that were performed, or begun.
  package var used: UInt64 = 0
  package var bucket = TokenBucket(level: 0, milliseconds: 0)
  package var isRevoked = false
  package var answer: StandingAnswer?

  package init() {}
}
