/// How path rules are merged: by the path at which the app sees them, with all variables replaced.
extension ProfileMerge {
  mutating func mergeFiles(_ index: Int) {
    let files = profiles[index].files
    mergeSwitch(files.proc, result.files.proc, "files.proc", index) { $0.proc = $1 }
    mergeSwitch(files.dev, result.files.dev, "files.dev", index) { $0.dev = $1 }
    mergeSwitch(files.sys, result.files.sys, "files.sys", index) { $0.sys = $1 }
    let bases = result.files.rules
    var merged = bases
    var own: [FileSetting] = []
    own.reserveCapacity(files.rules.count)
    for rule in files.rules {
      guard let rule = expand(rule) else { continue }
      if let other = own.first(where: { Self.isSame($0.target, rule.target) }) {
        report(
          Diagnostic(
            at: rule.path.position, length: rule.path.length,
            "`\(rule.kind.key)`: a second rule for \(rule.target)",
            cure: "`\(other.kind.key)` has it at \(other.path.position.precise); keep one"))
        continue
      }
      guard mayAdd(rule, to: bases, index) else { continue }
      own.append(rule)
      if let old = merged.firstIndex(where: { Self.isSame($0.target, rule.target) }) {
        merged[old] = rule
      } else {
        merged.append(rule)
      }
    }
    setFiles { $0.rules = merged }
  }

  /// Paths are bytes: two spellings of one letter are two files.
  static func isSame(_ first: String, _ second: String) -> Bool {
    first.utf8.count == second.utf8.count && first.utf8.elementsEqual(second.utf8)
  }

  private mutating func mergeSwitch(
    _ new: Setting<Bool>?, _ base: Setting<Bool>?, _ key: String, _ index: Int,
    _ assign: (inout FileSettings, Setting<Bool>) -> Void
  ) {
    guard let new else { return }
    if let base, new.value, !base.value,
      !widens(key, "true", index, new.position, new.length, base.position)
    {
      return
    }
    setFiles { assign(&$0, new) }
  }

  /// Holds a rule against the base rules that cover its path, in the app's view and on the host.
  private mutating func mayAdd(
    _ rule: FileSetting, to bases: [FileSetting], _ index: Int
  ) -> Bool {
    let reaches =
      switch rule.kind {
      case .read, .write, .overlay: true
      case .private, .hide, .device: false
      }
    guard reaches, !bases.isEmpty else { return true }
    let cover = Self.cover(of: rule.target, in: bases)
    guard mayAdd(rule, under: cover, index) else { return false }
    if rule.to != nil {
      let cover = Self.sourceCover(of: rule.path.value, in: bases)
      guard mayAdd(rule, under: cover, index) else { return false }
    }
    guard let upper = rule.upper, let base = Self.sourceCover(of: upper.value, in: bases),
      base.kind == .hide || base.kind == .read
    else { return true }
    return widens(
      rule.kind.key, upper.value, index, upper.position, upper.length, base.path.position)
  }

  private mutating func mayAdd(
    _ rule: FileSetting, under base: FileSetting?, _ index: Int
  ) -> Bool {
    guard let base, base.kind == .hide || (base.kind == .read && rule.kind == .write) else {
      return true
    }
    // What is beneath $CWD was the caller's choice, so the caller may name parts of it to be changed.
    if base.kind == .read, base.isOfWorkingDirectory, profiles[index].isCommandLine { return true }
    return widens(
      rule.kind.key, rule.path.value, index, rule.path.position, rule.path.length,
      base.path.position)
  }

  /// The rule that decides about a path in the view: the deepest on the way to it.
  static func cover(of path: String, in rules: [FileSetting]) -> FileSetting? {
    var best: FileSetting?
    var depth = -1
    for rule in rules {
      let target = rule.target
      if target.utf8.count > depth, ProfilePath.contains(target, path) {
        best = rule
        depth = target.utf8.count
      }
    }
    return best
  }

  /// The rule that decides about a path of the host.
  static func sourceCover(of path: String, in rules: [FileSetting]) -> FileSetting? {
    var best: FileSetting?
    var depth = -1
    for rule in rules where rule.kind != .private {
      let source = rule.path.value
      if source.utf8.count > depth, ProfilePath.contains(source, path) {
        best = rule
        depth = source.utf8.count
      }
    }
    return best
  }

  private mutating func expand(_ rule: FileSetting) -> FileSetting? {
    var rule = rule
    let key = rule.kind.key
    rule.isOfWorkingDirectory = ProfileVariables.begins(rule.path.value, with: .workingDirectory)
    guard let path = expand(rule.path, key) else { return nil }
    if rule.isOfWorkingDirectory,
      !mayShowWorkingDirectory(rule.path, path, key, isOptional: rule.isOptional)
    {
      return nil
    }
    rule.path.value = path
    if let to = rule.to {
      guard let target = expand(to, "\(key).to") else { return nil }
      rule.to = Setting(target, at: to.position, length: to.length)
    }
    if let upper = rule.upper {
      guard let directory = expand(upper, "\(key).upper") else { return nil }
      rule.upper = Setting(directory, at: upper.position, length: upper.length)
    }
    return rule
  }

  /// Refuses `$CWD` where it is the caller's whole home, or the whole machine: keys, mail and browser data would come
  /// with it, which nobody means who starts a program without thinking of where.
  mutating func mayShowWorkingDirectory(
    _ setting: Setting<String>, _ path: String, _ key: String, isOptional: Bool
  ) -> Bool {
    let isTooMuch =
      path.utf8.count == 1
      || variables.home.utf8.count > 1 && ProfilePath.contains(path, variables.home)
    guard isTooMuch else { return true }
    // An optional rule stands for a convenience: without it the app still does something useful.
    if isOptional { return false }
    let home = path.utf8.count == 1 ? "the root directory" : "your home directory, or above it"
    report(
      Diagnostic(
        at: setting.position, length: setting.length,
        "`\(key)`: the working directory, \(path), is \(home); this profile would show all of it",
        cure: "change to the directory that is meant, and run it there"))
    return false
  }

  /// A path with its variables replaced and in its one spelling.
  mutating func expand(_ path: Setting<String>, _ key: String) -> String? {
    let text: String
    do throws(ProfileVariables.Failure) {
      text = try variables.expand(path.value)
    } catch {
      report(ProfileReader.badVariable(path, key, error))
      return nil
    }
    do throws(ProfilePath.Failure) {
      return try ProfilePath.normalise(text)
    } catch {
      report(ProfileReader.badPath(path, key, error))
      return nil
    }
  }
}
