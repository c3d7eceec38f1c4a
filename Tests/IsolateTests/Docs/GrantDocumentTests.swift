import Foundation
import Isolate
import Testing

@Suite("docs/profile.md about grants")
struct GrantDocumentTests {
  /// What the page says about grants and drivers.
  static func chapter() throws -> String {
    let page = Tree.text("docs/profile.md")
    let start = try #require(page.range(of: "## Grants\n")).lowerBound
    let end = try #require(page.range(of: "## Sizes, times, limits")).lowerBound
    return String(page[start..<end])
  }

  /// The indented blocks, as one document each: lines that follow each other or an empty line.
  static func examples() throws -> [String] {
    var blocks: [String] = []
    var block = ""
    for line in try chapter().split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("    ") {
        block += line.dropFirst(4) + "\n"
      } else if line.isEmpty {
        block += block.isEmpty ? "" : "\n"
      } else if !block.isEmpty {
        blocks.append(block)
        block = ""
      }
    }
    if !block.isEmpty { blocks.append(block) }
    return blocks
  }

  @Test("the table of kinds is what the reader holds profiles to") func table() throws {
    let rows = try Self.chapter().split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(rows.count == GrantKeyWord.allCases.count)
    for (kind, row) in zip(GrantKeyWord.allCases, rows) {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      func words(_ rights: [GrantWord]) -> String {
        rights.map(\.rawValue).joined(separator: ", ")
      }
      #expect(cells[0] == "`\(kind.rawValue)`")
      #expect(cells[2] == words(kind.allowedRights))
      #expect(cells[3] == words(kind.defaultRights))
    }
  }

  @Test("its examples are a profile that resolves to the grants they show") func examples() throws {
    let blocks = try Self.examples()
    #expect(blocks.count == 4)
    for block in blocks { #expect(Fixture.faults(block) == []) }
    let relax = try #require(blocks.firstIndex { $0.hasPrefix("[relax]") })
    let all = blocks.enumerated().filter { $0.offset != relax }.map(\.element).joined()
    let policy = try Fixture.policy(all)
    #expect(policy.grants.map(\.name) == ["api", "database", "key", "reports", "scan"])
    #expect(policy.drivers.map(\.name) == ["files", "scanner"])
    #expect(
      policy.grants[3].inWords.hasPrefix("files beneath /home/ann/reports: read, create, list"))
    // Without the relax the wider table of a later profile is refused, with it not.
    let wider = "grants.reports = { files = \"/home/ann/reports\", rights = [\"write\"] }\n"
    #expect(!Fixture.errors(all, wider).isEmpty)
    #expect(Fixture.errors(all, wider + blocks[relax]).isEmpty)
  }

  @Test("its limits are those of the code") func numbers() throws {
    let text = try Self.chapter()
    #expect(text.contains("at most \(WireLimits.grants)."))
    #expect(text.contains("up to \(WireLimits.grantNameBytes) letters"))
    #expect(text.contains("`ISOLATED_BROKER_FD`"))
    #expect(BrokerVariable.name == "ISOLATED_BROKER_FD")
    for driver in BuiltInDriver.allCases { #expect(text.contains("`\(driver.rawValue)`")) }
  }
}
