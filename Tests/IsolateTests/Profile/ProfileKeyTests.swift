import Foundation
import Isolate
import Testing

/// The project's root, from where this file lies in it.
private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

private func text(_ path: String) throws -> String {
  try String(contentsOf: root.appending(path: path), encoding: .utf8)
}

@Suite("The table of keys")
struct ProfileKeyTests {
  /// With ISOLATED_UPDATE=1 (scripts/update-profile-docs) the generated files are written first.
  init() throws {
    guard ProcessInfo.processInfo.environment["ISOLATED_UPDATE"] == "1" else { return }
    let page = root.appending(path: "docs/profile.md")
    let old = try String(contentsOf: page, encoding: .utf8)
    let end = try #require(old.range(of: ProfilePage.heading)).upperBound
    try (old[..<end] + ProfilePage.keys()).write(to: page, atomically: true, encoding: .utf8)
    try ProfileSchema.json().write(
      to: root.appending(path: "docs/profile.schema.json"), atomically: true, encoding: .utf8)
  }

  @Test("each key is in docs/profile.md with its rules") func documented() throws {
    let page = try text("docs/profile.md")
    let end = try #require(page.range(of: ProfilePage.heading)).upperBound
    #expect(page[end...] == ProfilePage.keys())
    for key in ProfileKey.all {
      let rules = [key.doc, key.example, key.merge.rawValue, key.widening.rawValue]
      #expect(rules.allSatisfy { page.contains($0) }, "\(key.path)")
    }
  }

  @Test("docs/profile.md documents no key that is not there") func noStaleKeys() throws {
    let headings = try text("docs/profile.md").split(separator: "\n")
      .filter { $0.hasPrefix("### `") }.map { String($0.dropFirst(5).dropLast()) }
    #expect(headings == ProfileKey.all.map(\.path))
  }

  @Test("each key's example is accepted by the reader", arguments: ProfileKey.all.map(\.path))
  func example(path: String) throws {
    let key = try #require(ProfileKey.named(path))
    let (_, diagnostics) = Fixture.read(Self.document(path, value: key.example))
    #expect(diagnostics.map(\.message) == [])
  }

  @Test(
    "the reader knows no key that the table lacks: a wrong type names the key",
    arguments: ProfileKey.all.map(\.path))
  func known(path: String) {
    // No key takes a date.
    let faults = Fixture.faults(Self.document(path, value: "2020-01-01"))
    #expect(faults.count == 1)
    let typed = path == "drivers.NAME.mode" ? "drivers.files.mode" : path
    #expect(faults.first?.contains("`\(typed)`: expected") == true)
  }

  /// A profile with one key, and with what that key needs beside it.
  static func document(_ path: String, value: String) -> String {
    let own = "\(path) = \(value)\n"
    switch path {
    case "grants.NAME.burst":
      return own + "grants.NAME.files = \"/a\"\ngrants.NAME.rate = \"5/s\""
    case "grants.NAME.ask-timeout":
      return own + "grants.NAME.files = \"/a\"\ngrants.NAME.ask = true"
    case "grants.NAME.rights", "grants.NAME.rate", "grants.NAME.count", "grants.NAME.lease",
      "grants.NAME.ask", "grants.NAME.optional":
      return own + "grants.NAME.files = \"/a\""
    case "drivers.NAME.mode": return "drivers.files.mode = \(value)"
    case "drivers.NAME.run": return own + "drivers.NAME.profile = \"strict\""
    case "drivers.NAME.profile": return own + "drivers.NAME.run = [\"a\"]"
    case "drivers.NAME.deadline", "drivers.NAME.queue":
      return own + "drivers.NAME.run = [\"a\"]\ndrivers.NAME.profile = \"strict\""
    default: return own
    }
  }

  @Test("paths are unique and sections stand together") func order() {
    #expect(Set(ProfileKey.all.map(\.path)).count == ProfileKey.all.count)
    #expect(Set(ProfileKey.sections).count == ProfileKey.sections.count)
    #expect(ProfileKey.sections.last == "relax")
  }

  @Test("docs/profile.schema.json is what the table makes") func schema() throws {
    #expect(try text("docs/profile.schema.json") == ProfileSchema.json())
  }

  @Test("the embedded profiles are those of config", arguments: BuiltInProfiles.names)
  func embedded(name: String) throws {
    let (file, embedded) = try #require(BuiltInProfiles.named(name))
    #expect(try text(file.replacing("built-in/", with: "config/")) == embedded)
  }

  @Test("every file of config is embedded") func allEmbedded() throws {
    var files: Set<String> = []
    for folder in ["config/profiles", "config/apps"] {
      let path = root.appending(path: folder).path
      guard FileManager.default.fileExists(atPath: path) else { continue }
      for file in try FileManager.default.contentsOfDirectory(atPath: path)
      where file.hasSuffix(".toml") {
        files.insert(String(file.dropLast(5)))
      }
    }
    #expect(files == Set(BuiltInProfiles.names))
    #expect(files.count == BuiltInProfiles.names.count)
  }
}
