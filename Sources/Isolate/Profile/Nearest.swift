/// The candidate a misspelt word most likely meant, or nil when none is close.
///
/// Close means: at most a third of the word's letters, or one of a short word, have to be changed,
/// added, left out or swapped with their neighbour. The first of equally near candidates wins.
package func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
  let wanted = Array(word.utf8)
  let limit = max(1, wanted.count / 3)
  var best: (distance: Int, candidate: String)?
  for candidate in candidates {
    let letters = Array(candidate.utf8)
    guard abs(letters.count - wanted.count) <= limit else { continue }
    let distance = editDistance(wanted, letters)
    if distance <= limit && distance < best?.distance ?? Int.max {
      best = (distance, candidate)
    }
  }
  return best?.candidate
}

/// How many single changes turn one word into the other: a letter added, left out, changed, or two
/// neighbours swapped ("optimal string alignment").
package func editDistance(_ first: [UInt8], _ second: [UInt8]) -> Int {
  var beforeLast = [Int](repeating: 0, count: second.count + 1)
  var last = Array(0...second.count)
  for row in 0..<first.count {
    var current = [row + 1]
    for column in 0..<second.count {
      let change = last[column] + (first[row] == second[column] ? 0 : 1)
      var cost = min(change, last[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
        cost = min(cost, beforeLast[column - 1] + 1)
      }
      current.append(cost)
    }
    beforeLast = last
    last = current
  }
  return last[second.count]
}
