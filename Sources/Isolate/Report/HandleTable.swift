/// One open descriptor of an app, as /proc shows it from outside.
package struct SeenDescriptor: Hashable, Sendable {
  /// In the supervisor's pid namespace.
  package var pid: Int32
  package var number: Int32
  /// Where /proc/PID/fd/N points: text of the app.
  package var link: String
  /// st_dev and st_ino; 0 when they cannot be had.
  package var device: UInt64
  package var inode: UInt64

  package init(pid: Int32, number: Int32, link: String, device: UInt64, inode: UInt64) {
    self.pid = pid
    self.number = number
    self.link = link
    self.device = device
    self.inode = inode
  }
}

/// Where a descriptor came from. There is no case for "nobody knows": what nobody gave, the app opened.
package enum HandleOrigin: Hashable, Sendable {
  /// The caller's own descriptor of that number, or a copy of it.
  case caller(Int32)
  /// A terminal of the app's own, in the place of the caller's.
  case terminal
  /// In the place of the caller's terminal: nothing.
  case nothing
  /// The socket to its broker.
  case door
  case granted(ControlHandle)
  /// The app opened or made it itself, with what its view has.
  case own(String)
}

package struct HandleRow: Hashable, Sendable {
  /// Nil: handed over, and open in no process any more.
  package var seen: SeenDescriptor?
  package var origin: HandleOrigin
}

/// Joins an app's descriptor tables with the ledger of what was handed to it. Pure.
package enum HandleTable {
  /// What is open in the supervisor, by number: what the app may have from its caller.
  package typealias Inherited = [Int32: (device: UInt64, inode: UInt64)]

  package static func join(
    _ seen: [SeenDescriptor], ledger: [ControlHandle], status: ControlStatus, inherited: Inherited
  ) -> [HandleRow] {
    /* Several of one place: both ends of a pipe, a file that was opened twice. The newest is the likeliest to be open still. */
    var handed: [Place: [ControlHandle]] = [:]
    for handle in ledger.sorted(by: { $0.ageMilliseconds < $1.ageMilliseconds })
    where handle.inode != 0 {
      handed[Place(handle.device, handle.inode), default: []].append(handle)
    }
    let doors = places(of: seen, numbers: status.door.map { [$0] } ?? []) {
      $0.hasPrefix("socket:")
    }
    let replaced = status.standard.indices.filter { status.standard[$0] != .caller }.map(Int32.init)
    let standard = places(of: seen, numbers: replaced) { $0.hasPrefix("/dev/") }
    var found: Set<UInt32> = []
    var rows: [HandleRow] = []
    for descriptor in seen {
      let place = Place(descriptor.device, descriptor.inode)
      let origin: HandleOrigin
      if descriptor.inode != 0, let handles = handed[place],
        let handle = handles.first(where: { !found.contains($0.handle) }) ?? handles.first
      {
        found.insert(handle.handle)
        origin = .granted(handle)
      } else if descriptor.inode != 0, doors.contains(place) {
        origin = .door
      } else if let number = caller(of: descriptor, status, inherited) {
        origin = .caller(number)
      } else if standard.contains(place) {
        origin = descriptor.link.hasPrefix("/dev/null") ? .nothing : .terminal
      } else {
        origin = .own(kind(descriptor.link))
      }
      rows.append(HandleRow(seen: descriptor, origin: origin))
    }
    for handle in ledger where !found.contains(handle.handle) {
      rows.append(HandleRow(seen: nil, origin: .granted(handle)))
    }
    return rows
  }

  private struct Place: Hashable {
    var device: UInt64
    var inode: UInt64
    init(_ device: UInt64, _ inode: UInt64) {
      self.device = device
      self.inode = inode
    }
  }

  private static func places(
    of seen: [SeenDescriptor], numbers: [Int32], where isIt: (String) -> Bool
  ) -> Set<Place> {
    let them = seen.filter { numbers.contains($0.number) && isIt($0.link) && $0.inode != 0 }
    return Set(them.map { Place($0.device, $0.inode) })
  }

  private static func caller(
    of seen: SeenDescriptor, _ status: ControlStatus, _ inherited: Inherited
  ) -> Int32? {
    let given =
      status.standard.indices.filter { status.standard[$0] == .caller }.map(Int32.init)
      + status.kept
    /* Its own number first: 1 and 2 are often the same file. */
    let order = given.filter { $0 == seen.number } + given.filter { $0 != seen.number }
    return order.first {
      inherited[$0].map { $0.device == seen.device && $0.inode == seen.inode && $0.inode != 0 }
        ?? false
    }
  }

  /// What a link of /proc/PID/fd says that it is (proc(5)).
  static func kind(_ link: String) -> String {
    if link.hasPrefix("pipe:[") { return "pipe" }
    if link.hasPrefix("socket:[") { return "socket" }
    if link.hasPrefix("/memfd:") { return "memory file" }
    if link.hasPrefix("anon_inode:") {
      let name = link.dropFirst("anon_inode:".count)
      return String(name.drop { $0 == "[" }.prefix { $0 != "]" })
    }
    if link.hasPrefix("/dev/pts/") || link == "/dev/tty" { return "terminal" }
    if link.hasPrefix("/dev/") { return "device" }
    if link.hasPrefix("/proc/") { return "file of /proc" }
    if link.hasPrefix("/") { return link.hasSuffix(" (deleted)") ? "removed file" : "file" }
    return link.isEmpty ? "descriptor that was closed meanwhile" : "kernel object"
  }
}
