import Testing

@Suite("The threat model")
struct ThreatModelTests {
  private static var text: String { Run.read(Executable.root + "/docs/threat-model.md") }

  /// The rows that name a test: its suite and its sentence.
  private static var named: [(suite: String, sentence: String)] {
    text.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("| "), line.hasSuffix("\" |"),
        let cell = line.dropLast(3).split(separator: "|").last
      else { return nil }
      let parts = cell.split(separator: "`")
      guard parts.count == 3, let quote = parts[2].firstIndex(of: "\"") else { return nil }
      return (String(parts[1]), String(parts[2][parts[2].index(after: quote)...]))
    }
  }

  @Test("names a test for every promise") func everyPromise() {
    let promises = Self.text.split(separator: "\n").filter {
      $0.hasPrefix("| ") && !$0.hasPrefix("| Promise")
    }
    #expect(promises.count > 40)
    #expect(Self.named.count == promises.count)
  }

  @Test("names only tests that exist") func everyTest() {
    let rows = Set(ContainmentTests.tables.flatMap { $0.rows.map(\.promise) })
    for (suite, sentence) in Self.named {
      let source = ["Containment", "Drivers", "BrokerRuns", "Crash", "Exec"].map {
        Run.read(Executable.root + "/Tests/IsolateTests/\($0)/\(suite).swift")
      }.joined()
      #expect(!source.isEmpty, "\(suite) is not there")
      #expect(rows.contains(sentence) || source.contains("\"\(sentence)\""), "\(sentence)")
    }
  }
}
