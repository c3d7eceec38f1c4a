/// A request, resolved: what `run`, `plan` and `show` start from.
package struct Preparation: Sendable {
  package var policy: Policy
  package var host: HostFacts
  /// What a person should know: of the profiles, then of the policy.
  package var notices: [String]
  package var warnings: [String]
  /// The files that were read, and the built-in ones by their names.
  package var files: [String] = []
}

/// Why there is no policy: complete messages, one a diagnostic.
package struct PreparationError: Error, Sendable {
  package var messages: [String]
}

extension Preparation {
  /// Turns a command line into a policy.
  ///
  /// - Parameters:
  ///   - canMakeUserNamespaces: false after a launch has found out that they are not to be had.
  ///   - usesUnifiedCgroup: false after the one that looked delegated could not be used.
  ///   - cgroups: where cgroups are made, if the caller knows; else they are looked for.
  ///   - started: for what an earlier process was started with, in place of what this one has.
  ///   - explaining: keep where each value came from; for `show`.
  /// - Throws: every error of the profiles and the command line at once.
  package static func make(
    _ request: RunRequest, canMakeUserNamespaces: Bool = true, usesUnifiedCgroup: Bool = true,
    cgroups: HostCgroups? = nil, explaining: Bool = false, started: EarlierStart? = nil,
    checksDrivers: Bool = true
  ) throws(PreparationError) -> Preparation {
    var host: HostFacts
    do throws(SystemError) {
      host = try HostProbe.facts(withCgroups: false, environment: started?.environment)
    } catch {
      throw PreparationError(messages: ["isolated: cannot read the machine's facts: \(error)"])
    }
    host.canMakeUserNamespaces = canMakeUserNamespaces
    let (loaded, complaints) = load(request, host)
    if loaded.profiles.contains(where: { $0.network.mode?.value == .host }) {
      do throws(SystemError) {
        host.resolvConf = try HostProbe.resolvConf()
      } catch {
        throw PreparationError(messages: ["isolated: cannot read the resolver's settings: \(error)"]
        )
      }
    }
    if let started {
      host.cgroup1 = started.cgroup1
      host.cgroup2 = started.cgroup2
    } else if loaded.profiles.contains(where: mayWantCgroup) {
      let found =
        cgroups ?? HostProbe.cgroups(legacy: loaded.profiles.contains(where: requiresLimit))
      host.cgroup1 = found.legacy
      host.cgroup2 = usesUnifiedCgroup ? found.unified : nil
    }
    if loaded.profiles.contains(where: limitsDisks) {
      host.disks = HostProbe.disks()
      host.weighers = HostProbe.weighers()
    }
    let app = request.name?.text ?? request.app.map { appName($0.text) }
    if loaded.profiles.contains(where: { !$0.grants.isEmpty }) {
      host.paths = HostProbe.paths(
        PolicyResolver.grantPaths(loaded.profiles, host: host, app: app))
    }
    let result = PolicyResolver.resolve(loaded, host: host, app: app, explaining: explaining)
    switch result {
    case .success(var policy):
      if !complaints.isEmpty { throw PreparationError(messages: complaints) }
      let faults = checksDrivers ? DriverCheck.problems(of: policy, host: host) : []
      if !faults.isEmpty {
        throw PreparationError(messages: faults.map { render($0, loaded) })
      }
      policy.notices += policy.keepOwners(where: { !HostProbe.canMapOwners($0) })
      return Preparation(
        policy: policy, host: host, notices: policy.notices,
        warnings: policy.warnings.map { render($0, loaded) }, files: loaded.profiles.map(\.file))
    case .failure(let errors):
      throw PreparationError(
        messages: errors.diagnostics.map { render($0, loaded) } + complaints)
    }
  }

  /// Looking for cgroups costs file reads, so only a limit that a cgroup holds best asks for it.
  private static func mayWantCgroup(_ profile: Profile) -> Bool {
    profile.limits.contains { $0.name == .memory || $0.name == .cpu } || limitsDisks(profile)
      || requiresLimit(profile)
  }

  private static func limitsDisks(_ profile: Profile) -> Bool {
    profile.limits.contains { LimitName.ofDisks.contains($0.name) }
  }

  private static func requiresLimit(_ profile: Profile) -> Bool {
    profile.require?.contains {
      $0.value == .memoryLimit || $0.value == .cpuLimit || $0.value == .processLimit
        || $0.value == .ioLimit
    } ?? false
  }

  /// "nginx" of "nginx", of "./apps/nginx.toml", of "/etc/isolated/apps/nginx.toml".
  static func appName(_ operand: String) -> String {
    let last = operand.split(separator: "/").last.map(String.init) ?? operand
    return last.hasSuffix(".toml") ? String(last.dropLast(5)) : last
  }

  /// The profiles, and what is wrong with the options themselves.
  private static func load(
    _ request: RunRequest, _ host: HostFacts
  ) -> (LoadedProfiles, [String]) {
    var commandLine = CommandLineProfile(workingDirectory: host.workingDirectory)
    var messages: [String] = []
    for rule in request.rules {
      do throws(Diagnostic) {
        try commandLine.add(
          option: rule.option.typed, value: rule.value, argument: rule.argument)
      } catch {
        messages.append(error.rendered(sourceLine: nil))
      }
    }
    if let typed = request.crashDirectory {
      do throws(Diagnostic) {
        try commandLine.add(option: "--set", value: "crash.report=true", argument: typed.argument)
      } catch {
        messages.append(error.rendered(sourceLine: nil))
      }
    }
    if !request.command.isEmpty {
      commandLine.setCommand(request.command, argument: request.commandArgument)
    }
    let base = request.app ?? request.profile
    var loaded = ProfileLoader.load(
      base?.text ?? "default", argument: base?.argument ?? 1, search: search(host),
      commandLine: commandLine, read: readProfile)
    if !request.appArguments.isEmpty { append(request.appArguments, to: &loaded) }
    if let app = request.app, !request.isService,
      !loaded.profiles.contains(where: { !$0.isCommandLine })
    {
      // The commonest slip of a first try: `isolated run ls`.
      messages.append("  help: to run the program \(app.text), put '--' before it: -- \(app.text)")
    }
    return (loaded, messages)
  }

  /// What follows APP is added to the profile's own command.
  private static func append(_ arguments: [String], to loaded: inout LoadedProfiles) {
    guard let last = loaded.profiles.lastIndex(where: { $0.command.run != nil }),
      var run = loaded.profiles[last].command.run
    else { return }
    run.value += arguments
    loaded.profiles[last].command.run = run
  }

  package static func render(_ diagnostic: Diagnostic, _ loaded: LoadedProfiles) -> String {
    diagnostic.rendered(sourceLine: loaded.sourceLine(at: diagnostic.position))
  }

  /// A shell's `<(...)`: a pipe whose writer is there.
  private static func isOpenFile(_ path: String) -> Bool {
    path == "/dev/stdin" || path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/")
  }

  /// Reads one candidate of the search.
  package static func readProfile(_ path: String) -> ProfileFile {
    do throws(SystemError) {
      guard let status = try FileStatus.of(path) else { return .missing }
      if !status.isRegular, !isOpenFile(path) {
        /* Opening a fifo would wait for its writer. */
        return .unreadable(status.isDirectory ? "it is a directory" : "it is not a regular file")
      }
      guard let bytes = try FileSystem.contents(path, limit: ProfileLoader.maximumBytes) else {
        return .missing
      }
      return .bytes(bytes)
    } catch {
      return .unreadable(SystemError.text(error.number))
    }
  }
}
