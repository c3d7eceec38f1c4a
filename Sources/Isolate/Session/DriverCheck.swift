/// Whether a driver of a profile's own may run: its profile is sound, and nothing of it can be changed by the app that it serves.
enum DriverCheck {
  /// The name of its sandbox: as root it has ids of its own, which are made from the name.
  static func name(_ driver: DriverPolicy, _ app: Policy) -> String { "\(app.app).\(driver.name)" }

  /// Everything that is wrong with the drivers of a policy.
  static func problems(of app: Policy, host: HostFacts) -> [Diagnostic] {
    app.drivers.filter { !$0.command.isEmpty }.flatMap { problems(of: $0, app: app, host: host) }
  }

  static func problems(of driver: DriverPolicy, app: Policy, host: HostFacts) -> [Diagnostic] {
    var request = RunRequest()
    request.profile = TypedWord(driver.profile ?? "", argument: 1)
    request.command = driver.command
    request.name = TypedWord(name(driver, app), argument: 1)
    let found: Preparation
    do throws(PreparationError) {
      found = try Preparation.make(request, checksDrivers: false)
    } catch {
      return [
        fault(
          driver, "its profile cannot be used: \(error.messages.joined(separator: "\n"))",
          "isolated check \(driver.profile ?? "")")
      ]
    }
    if !found.policy.grants.isEmpty || !found.policy.drivers.isEmpty {
      return [
        fault(
          driver, "its profile has grants, and a driver has no broker",
          "give it what it needs by rules, or have calls bring it")
      ]
    }
    let reach = AppReach(app)
    guard reach.changesAnything else { return [] }
    let places = profilePlaces(driver, found, host) + programPlaces(driver, found.policy)
    guard let place = places.first(where: { canChange($0, reach) }) else { return [] }
    return [
      fault(
        driver, "\(app.app) could change the driver itself, at \(place)",
        "keep the driver and its profile where no write rule and no grant of the app reaches")
    ]
  }

  private static func fault(
    _ driver: DriverPolicy, _ message: String, _ cure: String
  ) -> Diagnostic {
    Diagnostic(at: driver.position, "`drivers.\(driver.name)`: \(message)", cure: cure)
  }

  private static func canChange(_ path: String, _ reach: AppReach) -> Bool {
    guard path.hasPrefix("/") else { return false }
    if reach.canChange(path) { return true }
    let resolved = HostProbe.paths([path]).first?.resolved ?? path
    return resolved != path && reach.canChange(resolved)
  }

  /// Where the profile and its bases lie, and where another of that name would win over it.
  private static func profilePlaces(
    _ driver: DriverPolicy, _ found: Preparation, _ host: HostFacts
  ) -> [String] {
    let configuration = host.environment.first { $0.name == "XDG_CONFIG_HOME" }
    let search = ProfileSearch(
      workingDirectory: host.workingDirectory, home: host.home,
      configurationHome: configuration?.value)
    return found.files + search.candidates(for: "x").map(\.path)
  }

  /// The program, and every file that its arguments name: a script is one.
  private static func programPlaces(_ driver: DriverPolicy, _ policy: Policy) -> [String] {
    guard let program = driver.command.first else { return [] }
    var seen = program.hasPrefix("/") ? [program] : policy.searchPath.map { "\($0)/\(program)" }
    seen += driver.command.dropFirst().filter { $0.hasPrefix("/") }
    return seen.compactMap { policy.files.source(of: $0) }.filter { place in
      let kind = HostProbe.paths([place]).first?.kind
      return kind == .file || place.hasSuffix("/\(program)")
    }
  }
}
