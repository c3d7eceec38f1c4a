/// Whether one grant allows more than another.
extension GrantSetting {
  /// What it allows beyond `base`, in words; nil: nothing.
  ///
  /// It decides by what is written: a name is not looked up, a link is not followed.
  func wider(than base: GrantSetting) -> String? {
    guard let target, let baseTarget = base.target else { return "a grant" }
    if let more = target.wider(than: baseTarget) { return more }
    let allowed = base.effectiveRights
    if let more = effectiveRights.first(where: { !allowed.contains($0) }) {
      return "the right \(more.rawValue)"
    }
    if let old = base.rate?.value {
      guard let new = rate?.value else { return "no rate" }
      // Requests by time, compared crosswise.
      let isFaster =
        UInt64(new.requests) * UInt64(old.perMilliseconds)
        > UInt64(old.requests) * UInt64(new.perMilliseconds)
      if isFaster || burst?.value ?? new.requests > base.burst?.value ?? old.requests {
        return "the rate"
      }
    }
    if let old = base.count?.value {
      guard let new = count?.value, new <= old else { return "the count" }
    }
    if let old = base.leaseMilliseconds?.value {
      guard let new = leaseMilliseconds?.value, new <= old else { return "the lease" }
    }
    if base.asks?.value == true, asks?.value != true { return "not to ask" }
    return nil
  }

  /// The paths of the host that it is of.
  var paths: [Setting<String>] {
    switch target {
    case .files(let path), .secretFile(let path), .device(let path): [path]
    case .connect(let places), .listen(let places):
      places.filter { $0.transport == .unix }.map(\.host)
    case nil, .resolve, .secretCredential, .secretCommand, .apps, .clock, .driver: []
    }
  }
}

extension GrantTargetSetting {
  fileprivate func wider(than base: GrantTargetSetting) -> String? {
    switch (self, base) {
    case (.files(let path), .files(let old)):
      ProfilePath.contains(old.value, path.value) ? nil : path.value
    case (.secretFile(let path), .secretFile(let old)), (.device(let path), .device(let old)):
      ProfileMerge.isSame(path.value, old.value) ? nil : path.value
    case (.connect(let places), .connect(let old)), (.listen(let places), .listen(let old)):
      places.first { place in !old.contains { $0.covers(place) } }?.host.value
    case (.resolve(let names), .resolve(let old)):
      names.first { name in
        !old.contains { NetworkTargetSetting.host($0.value, covers: name.value) }
      }?.value
    case (.secretCredential(let name), .secretCredential(let old)):
      name.value == old.value ? nil : name.value
    case (.secretCommand(let command), .secretCommand(let old)):
      command.value == old.value ? nil : "another command"
    case (.apps(let names), .apps(let old)):
      names.first { name in !old.contains { $0.value == name.value } }?.value
    case (.clock(let step), .clock(let old)): step.value <= old.value ? nil : "the step"
    case (.driver(let name), .driver(let old)): name.value == old.value ? nil : name.value
    case (.files, _), (.connect, _), (.listen, _), (.resolve, _), (.secretFile, _),
      (.secretCredential, _), (.secretCommand, _), (.device, _), (.apps, _), (.clock, _),
      (.driver, _):
      "something else (`\(kind.rawValue)`)"
    }
  }
}

extension NetworkTargetSetting {
  /// Whether everything that `other` names is named by this.
  fileprivate func covers(_ other: NetworkTargetSetting) -> Bool {
    guard transport == other.transport else { return false }
    if transport == .unix { return ProfileMerge.isSame(host.value, other.host.value) }
    guard let ports, let inner = other.ports, ports.lowerBound <= inner.lowerBound,
      inner.upperBound <= ports.upperBound
    else { return false }
    return Self.host(host.value, covers: other.host.value)
  }

  static func host(_ outer: String, covers inner: String) -> Bool {
    if outer == "*" || outer == inner { return true }
    if outer.utf8.starts(with: "*.".utf8) {
      let suffix = outer.utf8.dropFirst()
      return inner.utf8.count > suffix.count
        && inner.utf8.suffix(suffix.count).elementsEqual(suffix)
        && AddressText.parse(inner) == nil
    }
    guard let network = AddressText.parse(outer), let address = AddressText.parse(inner) else {
      return false
    }
    return network.contains(address)
  }
}
