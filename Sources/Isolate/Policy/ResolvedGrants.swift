/// What the broker may do for the app.
extension PolicyResolver {
  static let defaultAskMilliseconds: Int64 = 60_000
  static let defaultDeadlineMilliseconds: Int64 = 30_000
  static let defaultQueue = 16
  static let mostDrivers = 32

  /// The host's paths that grants name, as far as they can be told before anything is merged: what
  /// `HostFacts.paths` is to hold.
  package static func grantPaths(
    _ profiles: [Profile], host: HostFacts, app: String?
  ) -> [String] {
    let variables = variables(host, app: app ?? appName(of: profiles))
    var paths: [String] = []
    for profile in profiles {
      for grant in profile.grants {
        let setting: Setting<String>
        switch grant.target {
        case .files(let path), .device(let path): setting = path
        case nil, .connect, .listen, .resolve, .secretFile, .secretCredential, .secretCommand,
          .apps, .clock, .driver:
          continue
        }
        // What cannot be expanded is reported when the profiles are merged.
        guard let path = expanded(setting.value, variables), !paths.contains(path) else {
          continue
        }
        paths.append(path)
      }
    }
    return paths
  }

  private static func expanded(_ path: String, _ variables: ProfileVariables) -> String? {
    let text: String
    do throws(ProfileVariables.Failure) { text = try variables.expand(path) } catch { return nil }
    do throws(ProfilePath.Failure) { return try ProfilePath.normalise(text) } catch { return nil }
  }

  /// Sorted by name.
  mutating func grants() -> [Grant] {
    var grants: [Grant] = []
    for setting in profile.grants {
      guard let target = target(setting) else { continue }
      var grant = Grant(
        name: setting.name.value, target: target, rights: [], position: setting.name.position)
      for word in setting.effectiveRights { grant.rights.formUnion(Self.right(word)) }
      grant.rate = setting.rate.map { rate in
        GrantRate(
          requests: rate.value.requests, perMilliseconds: rate.value.perMilliseconds,
          burst: setting.burst?.value ?? rate.value.requests)
      }
      grant.count = setting.count?.value
      grant.leaseMilliseconds = setting.leaseMilliseconds.map { Int64($0.value) }
      if setting.asks?.value == true {
        grant.askMilliseconds =
          setting.askMilliseconds.map { Int64($0.value) } ?? Self.defaultAskMilliseconds
      }
      grants.append(grant)
    }
    grants.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    if grants.count > WireLimits.grants {
      let first = grants[WireLimits.grants]
      report(
        Diagnostic(
          at: first.position,
          "`grants`: \(grants.count) grants, and an app can have \(WireLimits.grants)",
          cure: "grant a directory instead of its files, or several places in one grant"))
    }
    return grants
  }

  mutating func drivers() -> [DriverPolicy] {
    var drivers = profile.drivers.map { setting in
      DriverPolicy(
        name: setting.name.value, command: setting.run?.value ?? [],
        profile: setting.profile?.value,
        deadlineMilliseconds: setting.deadlineMilliseconds.map { Int64($0.value) }
          ?? Self.defaultDeadlineMilliseconds,
        queue: setting.queue?.value ?? Self.defaultQueue, position: setting.name.position)
    }
    drivers.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    if drivers.count > Self.mostDrivers {
      report(
        Diagnostic(
          at: drivers[Self.mostDrivers].position,
          "`drivers`: \(drivers.count) drivers, and an app can have \(Self.mostDrivers)",
          cure: "let one driver answer several kinds of calls"))
    }
    return drivers
  }

  private mutating func target(_ grant: GrantSetting) -> GrantTarget? {
    switch grant.target {
    case nil: return nil
    case .files(let path): return files(path, grant)
    case .device(let path): return device(path, grant)
    case .connect(let places):
      checkSockets(places, grant, listens: false)
      return .connect(places.map(Self.place))
    case .listen(let places):
      checkSockets(places, grant, listens: true)
      return .listen(places.map(Self.place))
    case .resolve(let names): return .resolve(names.map(\.value))
    case .secretFile(let path):
      refuseProc(path, grant)
      return .secret(.file(path: path.value))
    case .secretCredential(let name): return .secret(.credential(name: name.value))
    case .secretCommand(let command): return .secret(.command(command.value))
    case .apps(let names): return .apps(names.map(\.value))
    case .clock(let step): return .clock(largestStepMilliseconds: Int64(step.value))
    case .driver(let name):
      let own = profile.drivers.filter { BuiltInDriver(rawValue: $0.name.value) == nil }
      if !own.contains(where: { $0.name.value == name.value }) {
        let near = nearest(to: name.value, in: own.map(\.name.value))
        fault(
          name, grant, "no driver \"\(name.value)\"",
          near.map { "did you mean \"\($0)\"?" }
            ?? "declare it: [drivers.\(name.value)] with `run` and `profile`")
      }
      return .driver(name: name.value)
    }
  }

  private mutating func checkSockets(
    _ places: [NetworkTargetSetting], _ grant: GrantSetting, listens: Bool
  ) {
    for place in places where place.transport == .unix {
      refuseProc(place.host, grant)
      if place.host.value.utf8.count == 1 {
        fault(place.host, grant, "the root is no socket", "name the path of a socket")
      } else if listens, PathWords.parent(place.host.value).isEmpty {
        fault(
          place.host, grant, "\(place.host.value) would be made in the root itself",
          "name a socket in a directory of its own")
      }
    }
  }

  private mutating func files(_ path: Setting<String>, _ grant: GrantSetting) -> GrantTarget? {
    guard path.value.utf8.count > 1 else {
      fault(path, grant, "the root itself cannot be granted", "name the directories that are meant")
      return nil
    }
    refuseProc(path, grant)
    guard let facts = host.paths else { return .files(path: path.value, isDirectory: true) }
    guard let fact = usable(path, grant, facts) else { return nil }
    switch fact.kind {
    case .directory: return .files(path: fact.resolved, isDirectory: true)
    case .file: return .files(path: fact.resolved, isDirectory: false)
    case .characterDevice, .blockDevice:
      fault(path, grant, "\(path.value) is a device", "write device = \"\(path.value)\"")
    case .other, .missing, .unusable:
      fault(
        path, grant, "\(path.value) is neither a file nor a directory",
        "for a socket, write connect = [\"unix:\(path.value)\"]")
    }
    return nil
  }

  private mutating func device(_ path: Setting<String>, _ grant: GrantSetting) -> GrantTarget? {
    guard ProfilePath.contains("/dev", path.value), path.value.utf8.count > 4 else {
      fault(
        path, grant, "\(path.value) is not beneath /dev", "name a device node such as /dev/video0")
      return nil
    }
    guard let facts = host.paths else { return .device(path: path.value) }
    guard let fact = usable(path, grant, facts) else { return nil }
    switch fact.kind {
    case .characterDevice, .blockDevice: return .device(path: fact.resolved)
    case .directory, .file, .other, .missing, .unusable:
      fault(path, grant, "\(path.value) is no device", "name a device node such as /dev/video0")
      return nil
    }
  }

  /// What lies at the path. Nil: the grant is left out, or it has been reported.
  private mutating func usable(
    _ path: Setting<String>, _ grant: GrantSetting, _ facts: [PathFact]
  ) -> PathFact? {
    guard let fact = facts.first(where: { ProfileMerge.isSame($0.path, path.value) }) else {
      fault(
        path, grant, "\(path.value) was not looked at", "report this: it is a mistake of isolated")
      return nil
    }
    switch fact.kind {
    case .missing:
      if grant.isOptional {
        note("Grant \(grant.name.value) is left out: \(path.value) does not exist.")
      } else {
        fault(
          path, grant, "\(path.value) does not exist",
          "create it, or add optional = true: the grant is then left out without it")
      }
      return nil
    case .unusable(let why):
      fault(
        path, grant, "\(path.value) cannot be used: \(why)",
        "check the permissions of its parent directories")
      return nil
    case .directory, .file, .characterDevice, .blockDevice, .other: break
    }
    if ProfileMerge.isSame(fact.resolved, path.value) { return fact }
    // Rules speak of paths: a link must not lead to what one covers.
    refuseProc(Setting(fact.resolved, at: path.position, length: path.length), grant)
    if let rule = ProfileMerge.sourceCover(of: fact.resolved, in: profile.files.rules),
      rule.kind == .hide
    {
      fault(
        path, grant,
        "\(path.value) is a link to \(fact.resolved), which \(rule.path.position) hides",
        "name \(fact.resolved) itself")
      return nil
    }
    return fact
  }

  private mutating func refuseProc(_ path: Setting<String>, _ grant: GrantSetting) {
    guard ProfilePath.contains("/proc", path.value) else { return }
    fault(
      path, grant, "the host's /proc is not to be had",
      "remove it; files.proc = true gives the app its own")
  }

  private mutating func fault(
    _ place: Setting<String>, _ grant: GrantSetting, _ message: String, _ cure: String
  ) {
    report(
      Diagnostic(
        at: place.position, length: place.length, "`grants.\(grant.name.value)`: \(message)",
        cure: cure))
  }

  private static func place(_ setting: NetworkTargetSetting) -> NetworkTarget {
    let transport: NetworkTarget.Transport =
      switch setting.transport {
      case .tcp: .tcp
      case .udp: .udp
      case .unix: .unix
      }
    return NetworkTarget(transport: transport, host: setting.host.value, ports: setting.ports)
  }

  static func right(_ word: GrantWord) -> GrantRights {
    switch word {
    case .read: .read
    case .write: .write
    case .create: .create
    case .list: .list
    case .stat: .stat
    case .remove: .remove
    case .rename: .rename
    case .makeDirectory: .makeDirectory
    case .links: .links
    case .connect: .connect
    case .listen: .listen
    case .resolve: .resolve
    case .start: .start
    case .signal: .signal
    case .status: .status
    case .set: .set
    case .call: .call
    }
  }

  /// The lowest number from 3 on that the app does not keep for something else.
  static func lowestFree(_ taken: [Int32]) -> Int32 {
    var number: Int32 = 3
    while taken.contains(number) { number += 1 }
    return number
  }
}
