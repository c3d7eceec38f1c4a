/// What the paths of an app's grants named when it started. The app may be able to put something else there later, a link to
/// anywhere: then there is nothing to serve.
final class BrokerPins {
  private let places: [UInt16: Place]
  /// What else a broker's view is made of, where the app has a way to change the host; nil: nothing was there.
  private var guarded: [String: Place?] = [:]
  private(set) var pins: [UInt16: BrokerPin] = [:]

  private struct Place {
    let path: String
    /// Held, so that no other file gets its numbers.
    let held: HeldDescriptor
    let status: FileStatus
  }

  /// Looks at every directory, file and device that is granted; and, for an app that can change anything of the host, at secrets and
  /// sockets too. For one that cannot they may be replaced while it runs, as whoever owns them does.
  init(_ policy: Policy, credentials: String?) {
    var places: [UInt16: Place] = [:]
    for (index, grant) in policy.grants.enumerated() {
      let path: String
      switch grant.target {
      case .files(let granted, _), .device(let granted): path = granted
      case .connect, .listen, .resolve, .secret, .apps, .clock, .driver: continue
      }
      /* Without one its requests are answered with ESTALE. */
      places[UInt16(index)] = Self.place(path)
    }
    self.places = places
    guard AppReach(policy).changesAnything else { return }
    for grant in policy.grants {
      for path in Self.others(grant, credentials) { guarded[path] = Self.place(path) }
    }
  }

  /// The paths that `BrokerPolicy` shows beside those of files and devices.
  private static func others(_ grant: Grant, _ credentials: String?) -> [String] {
    switch grant.target {
    case .secret(.file(let path)): return [path]
    case .secret(.credential(let name)): return credentials.map { ["\($0)/\(name)"] } ?? []
    case .connect(let targets):
      return targets.filter { $0.transport == .unix }.map(\.host)
    case .listen(let targets):
      return targets.filter { $0.transport == .unix }.map { target in
        let parent = PathWords.parent(target.host)
        return parent.isEmpty ? "/" : String(parent)
      }
    case .files, .resolve, .secret(.command), .device, .apps, .clock, .driver: return []
    }
  }

  private static func place(_ path: String) -> Place? {
    do throws(SystemError) {
      let held = try Descriptor.openPlace(path)
      let status = try FileStatus.of(held)
      return Place(path: path, held: HeldDescriptor(held), status: status)
    } catch {
      /* Not there, or not for us: what lies there later is not what was granted. */
      return nil
    }
  }

  /// Looks again, before a broker is launched.
  func look() {
    for (index, place) in places {
      pins[index] = BrokerPin(
        device: place.status.device, inode: place.status.inode, number: place.status.deviceNumber,
        isStale: !isThere(place))
    }
  }

  private func isThere(_ place: Place) -> Bool {
    do throws(SystemError) {
      let now = try FileStatus.of(place.path)
      return now?.device == place.status.device && now?.inode == place.status.inode
    } catch {
      return false
    }
  }

  /// The broker's policy without what is not what it was.
  func without(stale policy: Policy) -> Policy {
    var gone: Set<String> = []
    for (index, place) in places where pins[index]?.isStale != false { gone.insert(place.path) }
    for (path, place) in guarded where !(place.map(isThere) ?? false) { gone.insert(path) }
    guard !gone.isEmpty else { return policy }
    var policy = policy
    policy.files.rules.removeAll { gone.contains($0.source) }
    policy.files.devices.removeAll { gone.contains($0.source) }
    return policy
  }

  /// The planner sees at these paths what we hold, so that the child binds that or fails.
  var sources: PlanSources {
    var known: [String: FileStatus] = [:]
    for place in places.values { known[place.path] = place.status }
    for place in guarded.values { if let place { known[place.path] = place.status } }
    return PlanSources(
      status: { (path, follow) throws(SystemError) in
        if let status = known[path] { return status }
        return try FileStatus.of(path, followingLinks: follow)
      },
      linkTarget: { FileSystem.linkTarget($0) })
  }
}
