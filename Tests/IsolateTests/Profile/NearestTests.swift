import Isolate
import Testing

@Suite("The nearest valid word")
struct NearestTests {
  @Test(
    "is found within a third of the letters",
    arguments: [
      ("memroy", "memory"), ("netwrk", "network"), ("read", "read"), ("raed", "read"),
      ("writes", "write"), ("ab", nil), ("completely", nil), ("", nil),
    ] as [(String, String?)])
  func found(word: String, expected: String?) {
    #expect(nearest(to: word, in: ["memory", "network", "read", "write"]) == expected)
  }

  @Test("is the first of equally near ones") func first() {
    #expect(nearest(to: "cat", in: ["bat", "hat"]) == "bat")
    #expect(nearest(to: "hat", in: ["bat", "hat"]) == "hat")
  }

  @Test(
    "counts single changes",
    arguments: [
      ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abd", 1), ("abc", "acb", 1),
      ("abc", "bc", 1), ("kitten", "sitting", 3),
    ])
  func distance(first: String, second: String, expected: Int) {
    #expect(editDistance(Array(first.utf8), Array(second.utf8)) == expected)
  }
}
