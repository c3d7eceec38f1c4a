/// The one of `candidates` that is closest to `text`, if one is close enough to have been meant.
///
/// Close enough: at most one edit for each three characters, and at least one edit is forgiven. An edit is a
/// character added, removed, replaced, or two neighbours swapped.
package func nearest(to text: String, in candidates: some Sequence<String>) -> String? {
  let wanted = Array(text.utf8)
  // Longer than any key: not a typing mistake, and not worth the work.
  guard wanted.count <= 64 else { return nil }
  var best: String?
  var bestDistance = max(1, wanted.count / 3) + 1
  for candidate in candidates {
    guard abs(candidate.utf8.count - wanted.count) < bestDistance else { continue }
    let distance = editDistance(wanted, Array(candidate.utf8))
    if distance < bestDistance {
      bestDistance = distance
      best = candidate
    }
  }
  return best
}

/// The number of edits between two texts (optimal string alignment).
private func editDistance(_ first: [UInt8], _ second: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...second.count)
  for row in 0..<first.count {
    var current = [row + 1]
    current.reserveCapacity(second.count + 1)
    for column in 0..<second.count {
      let same = first[row] == second[column]
      var value = min(last[column + 1] + 1, current[column] + 1, last[column] + (same ? 0 : 1))
      if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
        value = min(value, beforeLast[column - 1] + 1)
      }
      current.append(value)
    }
    beforeLast = last
    last = current
  }
  return last[second.count]
}
