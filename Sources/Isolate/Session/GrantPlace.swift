/// A grant's place in the broker's view, opened when the broker starts; or why there is none.
struct GrantPlace {
  private var root: FilePlace?
  private var node: DevicePlace?
  /// errno(3).
  private var number: Int32

  private init(failed number: Int32) { self.number = number }
  private init(_ root: FilePlace) {
    self.root = root
    number = 0
  }
  private init(_ node: DevicePlace) {
    self.node = node
    number = 0
  }

  func files() throws(SystemError) -> FilePlace {
    guard let root else { throw SystemError(call: "open", number: failure) }
    return root
  }

  func device() throws(SystemError) -> DevicePlace {
    guard let node else { throw SystemError(call: "open", number: failure) }
    return node
  }

  private var failure: Int32 { number == 0 ? Errno.notSupported : number }

  static func open(_ start: BrokerStart) -> [GrantPlace] {
    let places = BrokerPlaces(start.order)
    return start.settings.grants.enumerated().map { index, grant in
      do throws(SystemError) {
        return try open(grant, index, places, start)
      } catch {
        return GrantPlace(failed: error.number)
      }
    }
  }

  private static func open(
    _ grant: Grant, _ index: Int, _ places: BrokerPlaces, _ start: BrokerStart
  ) throws(SystemError) -> GrantPlace {
    let pin = start.pins[UInt16(index)]
    switch grant.target {
    case .files(let path, _):
      guard let pin, !pin.isStale else { throw SystemError(call: "open", number: Errno.stale) }
      let reading = try Descriptor.openPlace(places.reading(index, path))
      let changes = !grant.rights.isDisjoint(with: .changing)
      let writing = changes ? try Descriptor.openPlace(places.writing(index, path)) : nil
      return GrantPlace(
        FilePlace(
          try FileRoot(
            reading: reading, writing: writing, device: pin.device, inode: pin.inode,
            followsLinks: grant.rights.contains(.links))))
    case .secret(.file(let path)): return try secret(places.reading(index, path))
    case .secret(.credential(let name)):
      guard let directory = start.credentials else {
        throw SystemError(call: "open", number: Errno.noEntry)
      }
      return try secret(places.reading(index, "\(directory)/\(name)"))
    case .device(let path):
      guard let pin else { throw SystemError(call: "open", number: Errno.noEntry) }
      return GrantPlace(
        DevicePlace(
          try DeviceNode(
            node: try Descriptor.openPlace(places.device(index, path)), number: pin.number)))
    case .connect, .listen, .resolve, .secret(.command), .apps, .clock, .driver:
      return GrantPlace(failed: Errno.notSupported)
    }
  }

  /// Whatever lies there now: a secret may be another one from one broker to the next.
  private static func secret(_ path: String) throws(SystemError) -> GrantPlace {
    let place = try Descriptor.openPlace(path)
    let status = try FileStatus.of(place)
    return GrantPlace(
      FilePlace(
        try FileRoot(
          reading: place, writing: nil, device: status.device, inode: status.inode,
          followsLinks: false)))
  }
}

/// Boxes, so that an array can own what they hold.
final class FilePlace {
  let root: FileRoot
  init(_ root: consuming FileRoot) { self.root = root }
}

final class DevicePlace {
  let node: DeviceNode
  init(_ node: consuming DeviceNode) { self.node = node }
}
