/// How a file or a device is opened: the wire's own bits, not the kernel's.
package struct FileOpenFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = FileOpenFlags(rawValue: 1)
  package static let write = FileOpenFlags(rawValue: 2)
  /// Make it if it is not there.
  package static let create = FileOpenFlags(rawValue: 4)
  /// With `create`: fail if it is there.
  package static let exclusive = FileOpenFlags(rawValue: 8)
  package static let truncate = FileOpenFlags(rawValue: 16)
  package static let append = FileOpenFlags(rawValue: 32)
  /// Only a directory.
  package static let directory = FileOpenFlags(rawValue: 64)
  package static let all = FileOpenFlags(rawValue: 127)

  /// Known bits that go together: something is to be done with it, and what changes it comes with `write`. By their numbers, as a
  /// set that is written as a literal makes an array where nothing is optimised.
  package var isSound: Bool {
    let reads = rawValue & Self.read.rawValue != 0
    let writes = rawValue & Self.write.rawValue != 0
    guard rawValue & ~Self.all.rawValue == 0, reads || writes else { return false }
    if !writes && rawValue & Self.changing != 0 { return false }
    if contains(.exclusive) && !contains(.create) { return false }
    return !contains(.directory) || rawValue == Self.read.rawValue | Self.directory.rawValue
  }

  private static let changing = create.rawValue | truncate.rawValue | append.rawValue
}

package enum WireTransport: UInt8, CaseIterable, Sendable {
  case tcp = 1
  case udp = 2
  case unix = 3
}

/// What a grant is of, as `hello` and `handle.list` tell it.
package enum GrantKind: UInt8, CaseIterable, Sendable {
  case files = 1
  case connect = 2
  case listen = 3
  case resolve = 4
  case secret = 5
  case device = 6
  case apps = 7
  case clock = 8
  case driver = 9
}

/// What an entry of a directory is, as far as the directory says.
package enum WireFileType: UInt8, CaseIterable, Sendable {
  case unknown = 0
  case regular = 1
  case directory = 2
  case link = 3
  case fifo = 4
  case socket = 5
  case characterDevice = 6
  case blockDevice = 7
}

/// What has become of a descriptor that was handed out.
package enum HandleState: UInt8, CaseIterable, Sendable {
  case open = 0
  /// A socket that was shut down, because its grant was taken back or has ended.
  case cut = 1
  /// Its grant was taken back or has ended, but nobody can recall the descriptor.
  case outstanding = 2
}

/// What an app that was started for another is doing.
package enum WireAppState: UInt8, CaseIterable, Sendable {
  case down = 0
  case starting = 1
  case ready = 2
  case running = 3
  case stopping = 4
  case backingOff = 5
  case failed = 6
  case frozen = 7
}
