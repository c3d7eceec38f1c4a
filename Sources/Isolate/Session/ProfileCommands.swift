/// Carries `profiles` out.
package func listProfiles(_ listing: ProfileListing) -> CommandResult {
  do throws(SystemError) {
    let profiles = find(search(try HostProbe.facts(withCgroups: false)))
    switch listing {
    case .text: return CommandResult(output: ProfileListReport.text(profiles))
    case .json: return CommandResult(output: ProfileListReport.json(profiles))
    case .names: return CommandResult(output: ProfileListReport.names(profiles))
    }
  } catch {
    return cannotLook(error)
  }
}

/// Carries `check` out: 0 without errors, else 2.
package func checkProfiles(_ named: [TypedWord], json: Bool) -> CommandResult {
  let host: HostFacts
  do throws(SystemError) {
    host = try HostProbe.facts(withCgroups: true)
  } catch {
    return cannotLook(error)
  }
  let search = search(host)
  let found = find(search).filter { !$0.isShadowed }.map { TypedWord($0.name, argument: 1) }
  var known = KnownServices(names: found.map(\.text))
  // Profiles are checked for wherever they will be used: $CWD may well be the caller's home just now.
  var elsewhere = host
  elsewhere.workingDirectory = "/working-directory"
  var checked: [CheckedProfile] = []
  for name in named.isEmpty ? found : named {
    checked.append(check(name, &known, search, elsewhere))
  }
  let exitCode: Int32 = checked.allSatisfy(\.isGood) ? 0 : 2
  if json { return CommandResult(output: CheckReport.json(checked), exitCode: exitCode) }
  return CommandResult(
    output: CheckReport.text(checked), errors: CheckReport.errors(checked), exitCode: exitCode)
}

/// The apps that others name, each resolved when it is first asked for.
private struct KnownServices {
  let names: [String]
  private var services: [String: CheckedService?] = [:]

  init(names: [String]) { self.names = names }

  mutating func find(
    _ name: String, _ search: ProfileSearch, _ host: HostFacts
  ) -> CheckedService? {
    if let known = services[name] { return known }
    let word = TypedWord(name, argument: 1)
    let service = names.contains(name) ? resolve(word, search, host).service : nil
    services[name] = .some(service)
    return service
  }
}

/// Checks a profile by itself, and against the apps it names.
private func check(
  _ name: TypedWord, _ known: inout KnownServices, _ search: ProfileSearch, _ host: HostFacts
) -> CheckedProfile {
  let (loaded, found, service) = resolve(name, search, host)
  var diagnostics = found
  if let service {
    diagnostics += ServiceCheck.problems(
      of: service, find: { known.find($0, search, host) }, exists: { known.names.contains($0) })
    if service.group != nil {
      let others = known.names.compactMap { known.find($0, search, host) }
      if let problem = ServiceCheck.disagreement(of: service, with: others) {
        diagnostics.append(problem)
      }
    }
  }
  return CheckedProfile(
    name: name.text, diagnostics: diagnostics.map { ($0, Preparation.render($0, loaded)) })
}

private func resolve(
  _ name: TypedWord, _ search: ProfileSearch, _ host: HostFacts
) -> (loaded: LoadedProfiles, diagnostics: [Diagnostic], service: CheckedService?) {
  // A base profile has no command of its own; what is checked is all but that.
  var placeholder = CommandLineProfile(workingDirectory: host.workingDirectory)
  let loaded = ProfileLoader.load(
    name.text, argument: name.argument, search: search, read: Preparation.readProfile)
  var diagnostics = loaded.diagnostics
  var service: CheckedService?
  if !diagnostics.contains(where: { $0.severity == .error }) {
    var profiles = loaded.profiles
    if profiles.allSatisfy({ $0.command.run == nil }) {
      placeholder.setCommand(["true"], argument: 1)
      profiles.append(placeholder.read().profile)
    }
    switch PolicyResolver.resolve(profiles, host: host) {
    case .success(let policy):
      service = CheckedService(name: policy.app, policy)
      diagnostics += DriverCheck.problems(of: policy, host: host)
    case .failure(let errors): diagnostics += errors.diagnostics
    }
  }
  return (loaded, diagnostics, service)
}

/// Where this caller's profiles are, with their names at hand for suggestions.
func search(_ host: HostFacts) -> ProfileSearch {
  var search = ProfileSearch(
    workingDirectory: host.workingDirectory, home: host.home,
    configurationHome: host.environment.first { $0.name == "XDG_CONFIG_HOME" }?.value)
  let places = search
  search.known = { find(places).filter { !$0.isShadowed }.map(\.name) }
  return search
}

/// Every profile that a name can mean, the one that wins first.
private func find(_ search: ProfileSearch) -> [FoundProfile] {
  var found: [String: [String]] = [:]
  // Where the search looks for any name is where names are to be found.
  let suffix = "/any.toml"
  for candidate in search.candidates(for: "any") {
    let directory = String(candidate.path.dropLast(suffix.count))
    for file in (FileSystem.names(in: directory) ?? []).sorted() where file.hasSuffix(".toml") {
      let name = String(file.dropLast(5))
      let path = directory + "/" + file
      guard search.candidates(for: name).contains(where: { $0.path == path }) else { continue }
      found[name, default: []].append(path)
    }
  }
  for name in BuiltInProfiles.names {
    if let builtIn = BuiltInProfiles.named(name) { found[name, default: []].append(builtIn.file) }
  }
  return found.sorted { $0.key < $1.key }.flatMap { name, files in
    files.enumerated().map { FoundProfile(name: name, file: $1, isShadowed: $0 > 0) }
  }
}

private func cannotLook(_ error: SystemError) -> CommandResult {
  CommandResult(errors: "isolated: cannot read the machine's facts: \(error)\n", exitCode: 2)
}
