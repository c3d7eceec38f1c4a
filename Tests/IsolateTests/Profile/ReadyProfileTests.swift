import Glibc
import Testing

@testable import Isolate

/// The default profile as the program has it ready must be what its text says, to the last position.
@Suite("The default profile, read ahead")
struct ReadyProfileTests {
  private func parsed() throws -> Profile {
    let (file, text) = try #require(BuiltInProfiles.named("default"))
    let table = try TOMLReader.read(Array(text.utf8), file: file)
    let (profile, diagnostics) = ProfileReader.read(table, name: "default", file: file)
    #expect(diagnostics.isEmpty)
    return profile
  }

  private func dumped(_ profile: Profile) -> String {
    var text = ""
    dump(profile, to: &text)
    return text
  }

  @Test("is what its text says; ISOLATED_RENEW_PLANS=1 writes it anew, for the next build")
  func same()
    throws
  {
    let parsed = try parsed()
    if unsafe getenv("ISOLATED_RENEW_PLANS") != nil {
      Run.write(
        Self.source(parsed), to: Run.package + "/Sources/Isolate/Profile/DefaultProfile.swift")
      return
    }
    #expect(dumped(BuiltInProfiles.defaultProfile) == dumped(parsed))
  }

  @Test("is used where no file has the name, and only there") func used() {
    let search = ProfileSearch(workingDirectory: "/w", home: "/h", configurationHome: nil)
    let built = ProfileLoader.load("default", search: search) { _ in .missing }
    #expect(built.profiles.map(dumped) == [dumped(BuiltInProfiles.defaultProfile)])
    #expect(built.sources.map(\.file) == ["built-in/profiles/default.toml"])
    let own = ProfileLoader.load("default", search: search) { path in
      path == "/etc/isolated/profiles/default.toml"
        ? .bytes(Array("description = \"d\"".utf8)) : .missing
    }
    #expect(own.profiles.map { $0.description?.value } == ["d"])
  }

  // MARK: The source

  private static func setting(_ value: String, _ position: Position, _ length: Int) -> String {
    "at(\(position.line), \(position.column), \(length), \(value))"
  }

  private static func text(_ setting: Setting<String>) -> String {
    self.setting("\"\(setting.value)\"", setting.position, setting.length)
  }

  private static func rule(_ rule: FileSetting) -> String {
    func word(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "nil" }
    return "rule(.\(rule.kind.rawValue), \(text(rule.path)), \(rule.isOptional), "
      + "\(word(rule.mapsOwner)), \(word(rule.sizeBytes)), \(word(rule.mode)))"
  }

  /// What the profile sets of all that there is; anything else is found by the comparison.
  static func source(_ profile: Profile) -> String {
    func list(_ items: [String]) -> String { items.map { "      \($0),\n" }.joined() }
    let require = (profile.require ?? []).map { setting(".\($0.value)", $0.position, $0.length) }
    let limits = profile.limits.map { limit in
      let amount = limit.amount
      let value = amount.value.map { "\($0)" } ?? "nil"
      return "limit(.\(limit.name), \(setting(value, amount.position, amount.length)))"
    }
    let switches = [("proc", profile.files.proc), ("dev", profile.files.dev)].map { name, setting in
      let value = setting.map { self.setting("\($0.value)", $0.position, $0.length) } ?? "nil"
      return "    profile.files.\(name) = \(value)\n"
    }
    return """
      // Made by Tests/IsolateTests/Profile/ReadyProfileTests.swift from config/profiles/default.toml; do not edit.
      // swift-format-ignore-file

      extension BuiltInProfiles {
        /// The default profile, read already: most launches begin with it, and reading costs them more than all else before the clone.
        package static var defaultProfile: Profile {
          var profile = Profile(name: "default", file: file)
          profile.description = \(profile.description.map(text) ?? "nil")
          profile.require = [
      \(list(require))    ]
          profile.environment.keep = [
      \(list(profile.environment.keep.map(text)))    ]
          profile.files.rules = [
      \(list(profile.files.rules.map(rule)))    ]
      \(switches.joined())    profile.limits = [
      \(list(limits))    ]
          return profile
        }

        private static var file: String { "\(profile.file)" }

        private static func at<Value: Sendable>(_ line: Int, _ column: Int, _ length: Int, _ value: Value) -> Setting<Value> {
          Setting(value, at: Position(file: file, line: line, column: column), length: length)
        }

        private static func rule(
          _ kind: FileRuleKind, _ path: Setting<String>, _ isOptional: Bool, _ mapsOwner: Bool?, _ sizeBytes: UInt64?, _ mode: UInt32?
        ) -> FileSetting {
          var rule = FileSetting(kind: kind, path: path)
          rule.isOptional = isOptional
          rule.mapsOwner = mapsOwner
          rule.sizeBytes = sizeBytes
          rule.mode = mode
          return rule
        }

        private static func limit(_ name: LimitName, _ amount: Setting<UInt64?>) -> LimitSetting {
          LimitSetting(name: name, amount: amount)
        }
      }

      """
  }
}
