/// Finds what a person most likely meant by a misspelt word.
package enum NearestWord {
  /// The nearest of `words`, if one is near enough to be worth naming.
  ///
  /// A word is near when it starts with what was typed, or when at most a third of its letters (and at
  /// least one) must be added, removed, replaced or swapped with a neighbour.
  package static func find(_ typed: String, in words: [String]) -> String? {
    guard !typed.isEmpty, typed.utf8.count <= 64 else { return nil }
    var best: (word: String, distance: Int)?
    for word in words {
      let distance = distance(Array(typed.utf8), Array(word.utf8))
      if distance < best?.distance ?? Int.max { best = (word, distance) }
    }
    if let best, best.distance <= max(1, max(best.word.utf8.count, typed.utf8.count) / 3) {
      return best.word
    }
    let completed = words.filter { $0.hasPrefix(typed) }
    return completed.count == 1 ? completed[0] : nil
  }

  /// Optimal string alignment: edits, where swapping two neighbours is one.
  package static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
