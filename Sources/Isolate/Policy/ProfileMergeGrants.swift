/// How grants and drivers are merged: whole tables, by their names.
extension ProfileMerge {
  /// Before the profile's own file rules are: a grant is held against those of its bases.
  mutating func mergeGrants(_ index: Int) {
    for grant in profiles[index].grants {
      let old = result.grants.firstIndex { $0.name.value == grant.name.value }
      guard grant.target != nil else {
        drop(grant.name, "grants", old, result.grants.map(\.name.value))
        if let old { setGrants { $0.remove(at: old) } }
        continue
      }
      guard let grant = expand(grant), mayGrant(grant, index) else { continue }
      if let old {
        if let wider = grant.wider(than: result.grants[old]),
          !widens(
            "grants.\(grant.name.value)", wider, index, grant.name.position, grant.name.length,
            result.grants[old].name.position)
        {
          continue
        }
        setGrants { $0[old] = grant }
      } else {
        if let dropped = dropped.first(where: { $0.value == "grants.\(grant.name.value)" }),
          !widens(
            "grants.\(grant.name.value)", "a grant", index, grant.name.position,
            grant.name.length, dropped.position)
        {
          continue
        }
        setGrants { $0.append(grant) }
      }
    }
  }

  mutating func mergeDrivers(_ index: Int) {
    for driver in profiles[index].drivers {
      let name = driver.name
      let key = "drivers.\(name.value)"
      let old = result.drivers.firstIndex { $0.name.value == name.value }
      if driver.isDropped {
        drop(name, "drivers", old, result.drivers.map(\.name.value))
        guard let old else { continue }
        // Without its own process a built-in driver is back in the broker.
        if BuiltInDriver(rawValue: name.value) != nil,
          !widens(
            key, "false", index, name.position, name.length, result.drivers[old].name.position)
        {
          continue
        }
        setDrivers { $0.remove(at: old) }
        continue
      }
      let driver = withPlacedProfile(driver, index)
      guard let old else {
        setDrivers { $0.append(driver) }
        continue
      }
      let base = result.drivers[old]
      let isSame =
        driver.run?.value == base.run?.value && driver.profile?.value == base.profile?.value
      if isSame
        || widens(
          key, "another program or profile", index, name.position, name.length,
          base.name.position)
      {
        setDrivers { $0[old] = driver }
      }
    }
  }

  /// What `NAME = false` needs: something of that name, else it protects from nothing.
  private mutating func drop(
    _ name: Setting<String>, _ section: String, _ old: Int?, _ known: [String]
  ) {
    if old != nil {
      dropped.append(
        Setting("\(section).\(name.value)", at: name.position, length: name.length))
      return
    }
    let near = nearest(to: name.value, in: known)
    report(
      Diagnostic(
        at: name.position, length: name.length,
        "`\(section).\(name.value)`: no base has it, so there is nothing to drop",
        cure: near.map { "did you mean `\(section).\($0)`?" } ?? "remove it"))
  }

  /// A relative path is relative to the file that names it, as in `extends`.
  private func withPlacedProfile(_ driver: DriverSetting, _ index: Int) -> DriverSetting {
    guard let profile = driver.profile, ProfileSearch.isPath(profile.value),
      profile.value.utf8.first != UInt8(ascii: "/")
    else { return driver }
    let file = profiles[index].file
    let directory =
      profiles[index].isCommandLine
      ? variables.workingDirectory : ProfileLoader.directory(of: file)
    var driver = driver
    driver.profile?.value = "\(directory)/\(profile.value)"
    return driver
  }

  /// The paths with their variables replaced.
  private mutating func expand(_ grant: GrantSetting) -> GrantSetting? {
    let key = "grants.\(grant.name.value)"
    func replaced(_ path: Setting<String>, _ merge: inout ProfileMerge) -> Setting<String>? {
      merge.expand(path, key).map { Setting($0, at: path.position, length: path.length) }
    }
    var grant = grant
    switch grant.target {
    case .files(let path):
      guard let new = replaced(path, &self) else { return nil }
      if ProfileVariables.begins(path.value, with: .workingDirectory),
        !mayShowWorkingDirectory(path, new.value, key, isOptional: grant.isOptional)
      {
        return nil
      }
      grant.target = .files(new)
    case .device(let path):
      guard let new = replaced(path, &self) else { return nil }
      grant.target = .device(new)
    case .secretFile(let path):
      guard let new = replaced(path, &self) else { return nil }
      grant.target = .secretFile(new)
    case .connect(let places):
      guard let new = expand(places, key) else { return nil }
      grant.target = .connect(new)
    case .listen(let places):
      guard let new = expand(places, key) else { return nil }
      grant.target = .listen(new)
    case nil, .resolve, .secretCredential, .secretCommand, .apps, .clock, .driver: break
    }
    return grant
  }

  private mutating func expand(
    _ places: [NetworkTargetSetting], _ key: String
  ) -> [NetworkTargetSetting]? {
    var places = places
    for index in places.indices where places[index].transport == .unix {
      guard let path = expand(places[index].host, key) else { return nil }
      places[index].host.value = path
    }
    return places
  }

  /// Holds a grant's paths against the base rules that cover them on the host: the broker is no way round those.
  private mutating func mayGrant(_ grant: GrantSetting, _ index: Int) -> Bool {
    guard !result.files.rules.isEmpty else { return true }
    let changes = grant.effectiveRights.contains(where: \.changesFiles)
    for path in grant.paths {
      guard let base = Self.sourceCover(of: path.value, in: result.files.rules),
        base.kind == .hide || (base.kind == .read && changes)
      else { continue }
      if base.kind == .read, base.isOfWorkingDirectory, profiles[index].isCommandLine { continue }
      guard
        widens(
          "grants.\(grant.name.value)", path.value, index, path.position, path.length,
          base.path.position)
      else { return false }
    }
    return true
  }
}
