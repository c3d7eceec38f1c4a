/// Takes the records out of a book's ring, each once, in their order, before they are written over.
package struct RecordReader: Sendable {
  /// The number of the last that was taken.
  package private(set) var last: UInt64 = 0

  package init() {}

  /// What came of one look.
  package struct Taken {
    package var records: [(sequence: UInt64, record: DecisionRecord)]
    /// Records that are not there, though later ones are: of a broker that kept to its word there are none.
    package var lost: UInt64
    /// There are more.
    package var isBehind: Bool
  }

  /// What is new: at most what a ring holds, and so many. Total, for a book that holds anything.
  package mutating func take(_ book: BookReader, most: Int = BookLayout.records) -> Taken {
    var end = book.lastSequence
    // What made no sense was begun anew.
    if end < last { last = 0 }
    let ring = UInt64(BookLayout.records)
    var next = max(last, end > ring ? end - ring : 0)
    // What is written meanwhile is for the next look.
    let all = end
    end = min(end, next + UInt64(max(1, most)))
    var taken = Taken(records: [], lost: end - last, isBehind: end < all)
    while next < end {
      next += 1
      guard let record = book.record(next) else { continue }
      taken.records.append((next, record))
      taken.lost -= 1
    }
    last = end
    return taken
  }
}

/// Holds requests back while somebody takes the records and has not come to it: no record is written over before that.
struct RecordsTaken: Sendable {
  /// So many may wait: all requests that can be open end in the places that are left, also when the broker dies in between.
  static let most = UInt64(BookLayout.records - 2 * BookLayout.requests)

  /// The last that was taken; nil: nobody takes them.
  private var taken: UInt64?
  /// The last that was told of.
  private var told: UInt64 = 0

  init(_ taken: UInt64?) { self.taken = taken }

  func hasRoom(_ last: UInt64) -> Bool {
    guard let taken else { return true }
    return last < Self.most || last - Self.most < taken
  }

  /// Whether there is something new to tell: the first that waits, and a ring that is half full.
  func mustTell(_ last: UInt64) -> Bool {
    guard let taken, last > taken else { return false }
    let half = taken + UInt64(BookLayout.records / 2)
    return told <= taken || told < half && last >= half
  }

  mutating func tell(_ last: UInt64) { told = last }

  /// - Parameter last: the last that there is: one beyond it cannot have been taken.
  mutating func take(_ sequence: UInt64, of last: UInt64) {
    guard let taken, sequence > taken, sequence <= last else { return }
    self.taken = sequence
  }

  /// What there is now may be less than what a predecessor wrote.
  mutating func begin(_ last: UInt64) {
    if let taken, taken > last { self.taken = 0 }
  }
}
