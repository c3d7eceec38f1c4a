/// What the paths of an app's grants named when it started. The app may be able to put something else there later, a link to
/// anywhere: then there is nothing to serve.
final class BrokerPins {
  private let places: [UInt16: Place]
  private(set) var pins: [UInt16: BrokerPin] = [:]

  private struct Place {
    let path: String
    /// Held, so that no other file gets its numbers.
    let held: HeldDescriptor
    let status: FileStatus
  }

  /// Looks at every directory, file and device that is granted.
  init(_ policy: Policy) {
    var places: [UInt16: Place] = [:]
    for (index, grant) in policy.grants.enumerated() {
      let path: String
      switch grant.target {
      case .files(let granted, _), .device(let granted): path = granted
      case .connect, .listen, .resolve, .secret, .apps, .clock, .driver: continue
      }
      do throws(SystemError) {
        let held = try Descriptor.openPlace(path)
        let status = try FileStatus.of(held)
        places[UInt16(index)] = Place(path: path, held: HeldDescriptor(held), status: status)
      } catch {
        /* Its requests are answered with ESTALE. */
      }
    }
    self.places = places
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
    return PlanSources(
      status: { (path, follow) throws(SystemError) in
        if let status = known[path] { return status }
        return try FileStatus.of(path, followingLinks: follow)
      },
      linkTarget: { FileSystem.linkTarget($0) })
  }
}
