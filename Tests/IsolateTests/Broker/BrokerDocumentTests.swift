import Testing

@testable import Isolate

@Suite("The page about the broker")
struct BrokerDocumentTests {
  private let lines = Tree.lines("docs/broker.md")

  @Test("has the book's layout") func layout() {
    let rows = [
      (0, 1, BookLayout.headerBytes),
      (BookLayout.journal, BookLayout.requests, BookLayout.requestBytes),
      (BookLayout.grantStates, BookLayout.grants, BookLayout.grantBytes),
      (BookLayout.ledger, BookLayout.handles, BookLayout.handleBytes),
      (BookLayout.ring, BookLayout.records, BookLayout.recordBytes),
    ]
    for (at, entries, bytes) in rows {
      let start = "| \(at) | \(entries) | \(bytes) |"
      #expect(lines.contains { $0.hasPrefix(start) }, "\(start)")
    }
  }

  @Test("names every detail that the broker decides") func details() {
    let text = lines.joined(separator: "\n")
    for detail in ReplyDetail.allCases where ![.kernel, .deadline, .driverFailed].contains(detail) {
      #expect(text.contains("`\(detail)`"), "\(detail)")
    }
  }
}
