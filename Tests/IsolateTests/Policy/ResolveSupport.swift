import Isolate

/// What the tests of profiles and policies share: texts in, policies or messages out.
enum Fixture {
  /// An ordinary user on a new kernel, without a delegated cgroup.
  static func host(_ change: (inout HostFacts) -> Void = { _ in }) -> HostFacts {
    var host = HostFacts(
      kernelMajor: 6, kernelMinor: 18, effectiveUID: 1001, effectiveGID: 1002, isPrivileged: false,
      canMakeUserNamespaces: true, landlockABI: 7, cgroup2: nil, cgroup1: [], processorCount: 2,
      hostname: "machine", workingDirectory: "/home/ann/work",
      environment: [
        EnvironmentVariable(name: "HOME", value: "/home/ann"),
        EnvironmentVariable(name: "LANG", value: "C.UTF-8"),
        EnvironmentVariable(name: "LC_TIME", value: "de_DE.UTF-8"),
        EnvironmentVariable(name: "SECRET", value: "hunter2"),
      ],
      home: "/home/ann", runtimeDirectory: "/run/user/1001", resolvConf: "nameserver 192.0.2.1\n",
      timezone: "Europe/Berlin")
    change(&host)
    return host
  }

  static func root(_ change: (inout HostFacts) -> Void = { _ in }) -> HostFacts {
    host {
      $0.effectiveUID = 0
      $0.effectiveGID = 0
      $0.isPrivileged = true
      $0.home = "/root"
      $0.runtimeDirectory = nil
      change(&$0)
    }
  }

  static func read(
    _ text: String, name: String = "app", file: String? = nil
  ) -> (profile: Profile, diagnostics: [Diagnostic]) {
    let file = file ?? "\(name).toml"
    do throws(Diagnostic) {
      return ProfileReader.read(
        try TOMLReader.read(Array(text.utf8), file: file), name: name, file: file)
    } catch {
      return (Profile(name: name, file: file), [error])
    }
  }

  /// The messages about a profile by itself, each as `line:column: message`.
  static func faults(_ text: String) -> [String] { read(text).diagnostics.map(short) }

  static func short(_ diagnostic: Diagnostic) -> String {
    "\(diagnostic.position.line):\(diagnostic.position.column): \(diagnostic.message)"
  }

  /// Resolves texts, base first: the files are called `0.toml`, `1.toml`, ...
  static func resolve(
    _ texts: [String], host: HostFacts = host(), command: Bool = true
  ) -> PolicyResult {
    var profiles: [Profile] = []
    var wrong: [Diagnostic] = []
    for (index, text) in texts.enumerated() {
      let (profile, diagnostics) = read(text, name: "p\(index)", file: "\(index).toml")
      profiles.append(profile)
      wrong += diagnostics
    }
    if command {
      var line = CommandLineProfile(workingDirectory: host.workingDirectory)
      line.setCommand(["/usr/bin/true"], argument: 3)
      profiles.append(line.read().profile)
    }
    let result = PolicyResolver.resolve(profiles, host: host, app: "app")
    guard wrong.isEmpty else {
      guard case .failure(let errors) = result else { return .failure(PolicyErrors(wrong)) }
      return .failure(PolicyErrors(wrong + errors.diagnostics))
    }
    return result
  }

  /// The policy of texts that must be right.
  static func policy(_ texts: String..., host: HostFacts = host()) throws -> Policy {
    try resolve(texts, host: host).get()
  }

  /// The messages of texts that must be wrong, each with file and line.
  static func errors(_ texts: String..., host: HostFacts = host()) -> [String] {
    switch resolve(texts, host: host) {
    case .success: []
    case .failure(let errors):
      errors.diagnostics.filter { $0.severity == .error }.map { "\($0.position): \($0.message)" }
    }
  }
}
