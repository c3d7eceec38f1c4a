/// Who the app is, and what it is told about itself.
extension PolicyResolver {
  /// The first of the host ids that apps started by root get, and how many there are. Above every
  /// range that distributions hand out to users, systemd and subordinate ids. Source: systemd,
  /// "Users, Groups, UIDs and GIDs on systemd Systems".
  static let firstHostID: UInt32 = 0x7000_0000
  static let hostIDs: UInt32 = 0x0fff_0000

  mutating func identity(_ order: Namespaces.Order) -> Identity {
    let settings = profile.identity
    let user = settings.user?.value ?? "app"
    let hostID: UInt32? =
      switch order {
      case .userLast: Self.firstHostID + Self.hash(app) % Self.hostIDs
      case .userFirst, .without: nil
      }
    let hostUID = hostID ?? host.effectiveUID
    let hostGID = hostID ?? host.effectiveGID
    var uid = settings.uid?.value ?? Identity.usualID
    var gid = settings.gid?.value ?? Identity.usualID
    if order == .without {
      if settings.uid != nil || settings.gid != nil {
        note("The app has the caller's ids: without user namespaces there are no others.")
      }
      uid = hostUID
      gid = hostGID
    }
    var home = variables.home.isEmpty ? "/" : variables.home
    if let setting = settings.home { home = expand(setting, "identity.home") ?? home }
    var shell = "/bin/sh"
    if let setting = settings.shell { shell = expand(setting, "identity.shell") ?? shell }
    return Identity(
      user: user, group: user, uid: uid, gid: gid, hostUID: hostUID, hostGID: hostGID, home: home,
      shell: shell, hostname: settings.hostname?.value ?? Self.hostname(of: app),
      timezone: settings.timezone?.value ?? host.timezone, umask: settings.umask?.value ?? 0o022)
  }

  /// The FNV-1a hash of a name, 32 bits.
  static func hash(_ name: String) -> UInt32 {
    name.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }

  /// An app's name as a host name: what cannot stand in one becomes a hyphen.
  static func hostname(of app: String) -> String {
    let bytes = app.utf8.prefix(63).map { byte -> UInt8 in
      ProfileReader.isNameByte(byte) ? byte : 0x2D
    }
    let name = String(decoding: bytes, as: UTF8.self)
    return name.utf8.first.map { $0 == 0x2D || $0 == 0x2E } ?? true ? "app" : name
  }

  /// The whole environment: what every app has, then what is kept of the caller's, then what is
  /// set.
  mutating func environment(_ identity: Identity) -> [EnvironmentVariable] {
    let settings = profile.environment
    var result = [
      EnvironmentVariable(name: "HOME", value: identity.home),
      EnvironmentVariable(name: "USER", value: identity.user),
      EnvironmentVariable(name: "LOGNAME", value: identity.user),
      EnvironmentVariable(name: "SHELL", value: identity.shell),
      EnvironmentVariable(name: "PATH", value: Self.join(searchPath)),
    ]
    func put(_ variable: EnvironmentVariable) {
      if let old = result.firstIndex(where: { $0.name == variable.name }) {
        result[old] = variable
      } else {
        result.append(variable)
      }
    }
    result.removeAll { variable in settings.unset.contains { $0.value == variable.name } }
    for variable in host.environment
    where settings.keep.contains(where: { Self.matches($0.value, variable.name) })
      && !settings.unset.contains(where: { $0.value == variable.name })
      && variable.name != BrokerVariable.name
    {
      put(variable)
    }
    for variable in settings.set {
      do throws(ProfileVariables.Failure) {
        let value = try variables.expand(variable.value.value)
        put(EnvironmentVariable(name: variable.name, value: value))
      } catch {
        report(ProfileReader.badVariable(variable.value, "environment.set", error))
      }
    }
    return result
  }

  /// A search path as PATH has it. `joined` looks generic types up at run time, which a start
  /// feels.
  private static func join(_ directories: [String]) -> String {
    var text = ""
    for directory in directories {
      if !text.isEmpty { text += ":" }
      text += directory
    }
    return text
  }

  /// True if a name, or a prefix with `*` at its end, names the variable.
  static func matches(_ pattern: String, _ name: String) -> Bool {
    guard pattern.utf8.last == UInt8(ascii: "*") else { return pattern == name }
    return name.utf8.starts(with: pattern.utf8.dropLast())
  }

  /// Files that tell programs who and where they are, unless a rule shows the host's own.
  mutating func synthesisedFiles(
    _ identity: Identity, _ rules: [FileRule]
  ) -> [SynthesisedFile] {
    let name = identity.hostname
    let user = identity.user
    let nobody = "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    let root = "root:x:0:0:root:/:/usr/sbin/nologin\n"
    let own =
      "\(user):x:\(identity.uid):\(identity.gid):\(user):\(identity.home):\(identity.shell)\n"
    let group = "\(identity.group):x:\(identity.gid):\n"
    var files: [SynthesisedFile] = [
      SynthesisedFile(
        path: "/etc/passwd",
        content: .text(identity.uid == 0 ? own + nobody : root + own + nobody)),
      SynthesisedFile(
        path: "/etc/group",
        content: .text(
          identity.gid == 0
            ? group + "nogroup:x:65534:\n" : "root:x:0:\n" + group + "nogroup:x:65534:\n")),
      SynthesisedFile(
        path: "/etc/hosts", content: .text("127.0.0.1 localhost \(name)\n::1 localhost \(name)\n")),
      SynthesisedFile(path: "/etc/hostname", content: .text(name + "\n")),
      SynthesisedFile(
        path: "/etc/resolv.conf",
        content: .text(profile.network.mode?.value == .host ? host.resolvConf : "")),
      SynthesisedFile(
        path: "/etc/nsswitch.conf",
        content: .text("passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")),
    ]
    if let zone = identity.timezone {
      files.append(
        SynthesisedFile(
          path: "/etc/localtime", content: .link("/usr/share/zoneinfo/\(zone)"), mode: 0o777))
      files.append(SynthesisedFile(path: "/etc/timezone", content: .text(zone + "\n")))
    }
    files.removeAll { file in
      guard let rule = Self.cover(of: file.path, in: rules) else { return false }
      return rule.kind != .private
    }
    return files
  }
}
