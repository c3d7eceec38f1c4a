import Foundation
import Testing

/// The official TOML suite, as it lies in Tests/Fixtures/toml-test.
enum TOMLSuite {
  /// `valid/x/y` or `invalid/x/y`, without `.toml`.
  static let validNames = names(in: "valid/")
  static let invalidNames = names(in: "invalid/")

  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/toml-test/tests")

  static func toml(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name + ".toml")))
  }

  static func json(_ name: String) throws -> Any {
    let data = try Data(contentsOf: folder.appendingPathComponent(name + ".json"))
    return try JSONSerialization.jsonObject(with: data)
  }

  private static func names(in kind: String) -> [String] {
    let list = folder.appendingPathComponent("files-toml-1.0.0")
    do {
      return try String(contentsOf: list, encoding: .utf8).split(separator: "\n")
        .filter { $0.hasPrefix(kind) && $0.hasSuffix(".toml") }
        .map { String($0.dropLast(5)) }
    } catch {
      // The test that counts the names fails then.
      return []
    }
  }
}
