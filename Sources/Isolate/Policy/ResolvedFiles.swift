/// The app's view of the file system.
extension PolicyResolver {
  /// What a private directory may hold unless its rule says otherwise: a quarter of a gigabyte.
  static let defaultSizeBytes: UInt64 = 256 << 20
  static let defaultInodes: UInt64 = 65536

  /// The rules, sorted, and the mounts of our own; nothing synthesised yet.
  mutating func filePolicy(_ order: Namespaces.Order) -> FilePolicy {
    let settings = profile.files
    let proc = settings.proc?.value ?? false
    let dev = settings.dev?.value ?? false
    let sys = settings.sys?.value ?? false
    var rules: [FileRule] = []
    var devices: [FileRule] = []
    rules.reserveCapacity(settings.rules.count)
    for setting in settings.rules {
      check(setting, dev: dev, sys: sys)
      let rule = Self.rule(setting)
      if setting.kind == .device { devices.append(rule) } else { rules.append(rule) }
    }
    // A parent's path is a prefix of its children's, so it sorts before them.
    rules.sort { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) }
    devices.sort { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) }
    if order == .without { rules = withoutView(rules) }
    return FilePolicy(
      rules: rules, proc: proc, dev: dev, sys: sys, devices: devices, synthesised: [])
  }

  private static func rule(_ setting: FileSetting) -> FileRule {
    FileRule(
      kind: setting.kind, source: setting.path.value, target: setting.target,
      isOptional: setting.isOptional || setting.kind == .hide,
      allowsExecute: setting.kind == .read || setting.allowsExecute ?? false,
      mapsOwner: setting.mapsOwner ?? true,
      sizeBytes: setting.sizeBytes ?? defaultSizeBytes, inodes: setting.inodes ?? defaultInodes,
      mode: setting.mode ?? 0o755, upper: setting.upper?.value, position: setting.path.position)
  }

  private mutating func check(_ setting: FileSetting, dev: Bool, sys: Bool) {
    let target = setting.target
    let key = setting.kind.key
    func fault(_ message: String, _ cure: String) {
      report(
        Diagnostic(
          at: setting.path.position, length: setting.path.length, "`\(key)`: \(message)", cure: cure
        ))
    }
    if setting.kind == .device {
      if !ProfilePath.contains("/dev", target) || target.utf8.count == 4 {
        fault("\(target) is not beneath /dev", "name a device node such as /dev/dri")
      } else if !dev {
        fault("devices need the app's own /dev", "add files.dev = true")
      }
      return
    }
    if target.utf8.count == 1,
      setting.kind == .write || setting.kind == .private || setting.kind == .hide
    {
      fault(
        "the root itself can only be read or overlaid", "name the directories that are meant")
    }
    if ProfilePath.contains("/proc", target) || ProfilePath.contains("/proc", setting.path.value) {
      fault(
        "the app's /proc is never the host's", "remove the rule; files.proc = true gives it its own"
      )
    }
    let isShared = setting.kind == .private && target == "/dev/shm"
    if dev, ProfilePath.contains("/dev", target), !isShared {
      fault("the app's /dev is made for it", "use files.devices for a device node")
    }
    if sys, ProfilePath.contains("/sys", target) {
      fault("files.sys shows all of /sys already", "remove the rule, or files.sys = true")
    }
  }

  /// The rule that decides about a path in the view.
  static func cover(of path: String, in rules: [FileRule]) -> FileRule? {
    rules.last { ProfilePath.contains($0.target, path) }
  }

  /// Where the app starts.
  mutating func workdir(
    _ files: FilePolicy, _ synthesised: [SynthesisedFile], _ identity: Identity
  ) -> String {
    guard let setting = profile.command.workdir else {
      let current = host.workingDirectory
      if Self.isInView(current, files, synthesised), hasCaller(current, files) { return current }
      return Self.isInView(identity.home, files, synthesised) ? identity.home : "/"
    }
    guard let path = expand(setting, "command.workdir") else { return "/" }
    if !Self.isInView(path, files, synthesised) {
      report(
        Diagnostic(
          at: setting.position, length: setting.length,
          "`command.workdir`: \(path) is not in the app's view",
          cure: "show it with a rule: files.read = [\"\(path)\"]"))
    }
    return path
  }

  /// True if what the app sees at the path, or somewhere beneath it, is what the caller sees there. With a file
  /// of its working directory named, the caller's relative paths go on meaning what they meant.
  private func hasCaller(_ path: String, _ files: FilePolicy) -> Bool {
    guard let rule = Self.cover(of: path, in: files.rules) else {
      return files.rules.contains {
        ProfilePath.contains(path, $0.target) && ProfileMerge.isSame($0.source, $0.target)
          && $0.kind != .hide && $0.kind != .private
      }
    }
    return switch rule.kind {
    case .read, .write, .overlay: ProfileMerge.isSame(rule.source, rule.target)
    case .private: true
    case .hide, .device: false
    }
  }

  /// True if the path will be there as a directory: shown, made, or on the way to something made.
  private static func isInView(
    _ path: String, _ files: FilePolicy, _ synthesised: [SynthesisedFile]
  ) -> Bool {
    if path.utf8.count == 1 { return true }
    if files.proc, path == "/proc" { return true }
    if files.dev, path == "/dev" || path == "/dev/shm" { return true }
    if files.sys, ProfilePath.contains("/sys", path) { return true }
    if let rule = cover(of: path, in: files.rules) {
      switch rule.kind {
      case .read, .write, .overlay: return true
      case .private, .hide, .device:
        if rule.kind == .private, ProfileMerge.isSame(rule.target, path) { return true }
      }
    }
    return files.rules.contains { $0.kind != .hide && ProfilePath.contains(path, $0.target) }
      || synthesised.contains { ProfilePath.contains(path, $0.path) }
  }
}
