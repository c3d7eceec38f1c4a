// Made by Tests/IsolateTests/Profile/ReadyProfileTests.swift from config/profiles/default.toml; do not edit.
// swift-format-ignore-file

extension BuiltInProfiles {
  /// The default profile, read already: most launches begin with it, and reading costs them more than all else before the clone.
  package static var defaultProfile: Profile {
    var profile = Profile(name: "default", file: file)
    profile.description = at(4, 15, 83, "Most command-line programs: installed software, private home and /tmp, no network")
    profile.require = [
      at(7, 12, 12, .namespaces),
      at(7, 26, 8, .filter),
    ]
    profile.environment.keep = [
      at(10, 9, 6, "LANG"),
      at(10, 17, 10, "LANGUAGE"),
      at(10, 29, 6, "LC_*"),
      at(10, 37, 6, "TERM"),
      at(10, 45, 11, "COLORTERM"),
      at(10, 58, 10, "NO_COLOR"),
      at(10, 70, 4, "TZ"),
    ]
    profile.files.rules = [
      rule(.read, at(16, 12, 6, "/usr"), false, false, nil, nil),
      rule(.read, at(17, 12, 6, "/bin"), true, false, nil, nil),
      rule(.read, at(18, 12, 7, "/sbin"), true, false, nil, nil),
      rule(.read, at(19, 12, 6, "/lib"), true, false, nil, nil),
      rule(.read, at(20, 12, 8, "/lib32"), true, false, nil, nil),
      rule(.read, at(21, 12, 8, "/lib64"), true, false, nil, nil),
      rule(.read, at(24, 12, 18, "/etc/ld.so.cache"), true, false, nil, nil),
      rule(.read, at(25, 12, 19, "/etc/alternatives"), true, false, nil, nil),
      rule(.read, at(26, 12, 10, "/etc/ssl"), true, false, nil, nil),
      rule(.read, at(27, 12, 12, "/etc/fonts"), true, false, nil, nil),
      rule(.read, at(28, 12, 17, "/etc/mime.types"), true, false, nil, nil),
      rule(.private, at(32, 12, 6, "/tmp"), false, nil, 268435456, 1023),
      rule(.private, at(33, 12, 10, "/var/tmp"), false, nil, 67108864, 1023),
      rule(.private, at(34, 12, 6, "/run"), false, nil, 16777216, nil),
      rule(.private, at(35, 12, 7, "$HOME"), false, nil, 268435456, 448),
    ]
    profile.files.proc = at(37, 8, 4, true)
    profile.files.dev = at(38, 7, 4, true)
    profile.limits = [
      limit(.processes, at(42, 13, 4, 1024)),
      limit(.openFiles, at(43, 14, 4, 4096)),
      limit(.coreSize, at(45, 13, 1, 0)),
    ]
    return profile
  }

  private static var file: String { "built-in/profiles/default.toml" }

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
