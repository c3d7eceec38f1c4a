import Testing

@testable import Isolate

/// A name that counts how often it is compared or hashed.
private struct CountedName: Hashable, Comparable {
  final class Counter { var looks = 0 }

  var name: String
  var counter: Counter

  static func == (one: Self, other: Self) -> Bool {
    one.counter.looks += 1
    return one.name == other.name
  }

  static func < (one: Self, other: Self) -> Bool {
    one.counter.looks += 1
    return one.name < other.name
  }

  func hash(into hasher: inout Hasher) {
    counter.looks += 1
    hasher.combine(name)
  }
}

@Suite("The apps of a reload") struct ReloadListTests {
  @Test("are those that are found and those that were, each once and in order") func union() {
    let apps = ReloadPlan.apps(
      found: [("b", 1), ("a", 2), ("b", 3)], known: [("c", 4), ("a", 5)])
    #expect(apps.map(\.name) == ["a", "b", "c"])
    #expect(apps.map(\.words) == [2, 1, 4], "the first that is found; what was found before")
    #expect(ReloadPlan.apps(found: [(String, Int)](), known: []).isEmpty)
  }

  @Test("cost each as much among ten thousand as among a hundred, but for the order") func cost() {
    func looks(_ count: Int) -> Double {
      let counter = CountedName.Counter()
      func names(_ range: Range<Int>) -> [(name: CountedName, words: Int)] {
        /* In no order: 7919 is a prime. */
        range.map { (CountedName(name: "app\($0 * 7919 % 20_011)", counter: counter), $0) }
      }
      let apps = ReloadPlan.apps(found: names(0..<count), known: names(count / 2..<count * 2))
      #expect(apps.count == count * 2)
      return Double(counter.looks) / Double(count)
    }
    let each = [100, 1000, 10_000].map(looks)
    /* Sorting looks at each twice as often; every one at every other would be a hundred times as often. */
    #expect(each[2] < each[0] * 3, "\(each)")
  }
}
