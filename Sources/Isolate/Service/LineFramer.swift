/// Cuts what a stream brings into lines, and long ones into pieces.
package enum LineFramer {
  /// Of one piece, in bytes.
  package static let longest = 16_384

  package struct Piece: Hashable, Sendable {
    package var range: Range<Int>
    /// The line goes on.
    package var isPartial: Bool
    /// Where the next one begins.
    package var next: Int
  }

  /// The piece that begins at `start`; nil: more has to come first.
  ///
  /// - Parameter isEnd: nothing more will come: what is there is a piece, and its line was not ended.
  package static func piece(
    of bytes: ByteBuffer, from start: Int, isEnd: Bool
  ) -> Piece? {
    let end = min(bytes.count, start + longest + 1)
    if let newline = bytes.newline(from: start, to: end) {
      return Piece(range: start..<newline, isPartial: false, next: newline + 1)
    }
    if end - start > longest {
      return Piece(range: start..<start + longest, isPartial: true, next: start + longest)
    }
    return isEnd && end > start ? Piece(range: start..<end, isPartial: true, next: end) : nil
  }
}

/// How many lines a second are kept. Counted by seconds that begin with a line.
package struct LineRate: Hashable, Sendable {
  /// 0: no bound.
  package let perSecond: Int
  private var begin: Int64 = .min
  private var used = 0
  /// Dropped, and not said yet.
  private var dropped: UInt64 = 0
  /// Since the beginning.
  package private(set) var allDropped: UInt64 = 0

  package init(perSecond: Int) { self.perSecond = perSecond }

  /// - Parameter now: milliseconds of a clock that does not go back.
  package mutating func admits(now: Int64) -> Bool {
    if perSecond == 0 { return true }
    if isOver(now) { (begin, used) = (now, 0) }
    if used < perSecond {
      used += 1
      return true
    }
    dropped += 1
    allDropped += 1
    return false
  }

  /// When `takeDropped` has something to say; nil: never, as it is now.
  package var nextAt: Int64? { dropped == 0 ? nil : begin + 1000 }

  /// How many lines were dropped, once their second is over. Nil: none.
  package mutating func takeDropped(now: Int64) -> UInt64? {
    guard dropped > 0, isOver(now) else { return nil }
    defer { dropped = 0 }
    return dropped
  }

  /// The same without waiting: the stream has ended.
  package mutating func takeDropped() -> UInt64? {
    defer { dropped = 0 }
    return dropped == 0 ? nil : dropped
  }

  private func isOver(_ now: Int64) -> Bool { begin == .min || now - begin >= 1000 || now < begin }
}

/// Which files of a log are kept: numbers count up, the highest is written.
package struct LogRotation: Hashable, Sendable {
  /// Of one file, in bytes.
  package let limit: UInt64
  /// How many are kept; at least 1.
  package let files: Int
  package private(set) var number: UInt64
  package private(set) var size: UInt64

  package init(limit: UInt64, files: Int, number: UInt64 = 1, size: UInt64 = 0) {
    self.limit = limit
    self.files = max(1, files)
    self.number = number
    self.size = size
  }

  /// Goes on with a file that another has begun.
  package mutating func goOn(from number: UInt64) {
    self.number = max(self.number, number)
    size = 0
  }

  /// Whether a new file is begun before so many bytes are written. One file always takes something.
  package func wantsNext(_ bytes: Int) -> Bool { size > 0 && size + UInt64(bytes) > limit }

  package mutating func next() {
    number += 1
    size = 0
  }

  package mutating func wrote(_ bytes: Int) { size += UInt64(bytes) }

  package mutating func opened(size: UInt64) { self.size = size }

  /// Of the numbers that are there, those that are not kept.
  package func old(_ numbers: [UInt64]) -> [UInt64] {
    let kept = UInt64(files)
    return numbers.filter { $0 <= number && number - $0 >= kept }
  }

  /// "0000000001.log": sorted by name they are sorted by age.
  package static func name(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits + ".log"
  }

  package static func number(_ name: String) -> UInt64? {
    guard name.hasSuffix(".log"), let number = UInt64(name.dropLast(4)), Self.name(number) == name
    else { return nil }
    return number
  }
}
