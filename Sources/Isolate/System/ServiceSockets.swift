internal import CSeccomp
internal import Glibc

/// Sockets that are opened for an app before it runs, and the one on which it tells its state. None waits.
package enum ServiceSockets {
  package enum Kind: Hashable, Sendable {
    case stream
    case datagram
    case sequenced

    fileprivate var raw: service_kind {
      switch self {
      case .stream: SERVICE_STREAM
      case .datagram: SERVICE_DATAGRAM
      case .sequenced: SERVICE_SEQUENCED
      }
    }
  }

  /// A socket's file, to know it again.
  package struct File: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
  }

  /// - Parameter both: IPv4 connections reach an IPv6 socket too.
  package static func listen(
    at place: SocketPlace, _ kind: Kind, both: Bool, backlog: Int32
  ) throws(SystemError) -> Descriptor {
    var peer = place.raw
    let kind = kind.raw
    return Descriptor(
      adopting: try call("bind") {
        unsafe service_listen_internet(&peer, kind, both ? 1 : 0, backlog)
      })
  }

  /// - Parameter name: a path, or `@` and a name in the abstract space.
  /// - Returns: the socket, and its file if it has one.
  /// - Throws: EADDRINUSE when something is there.
  package static func listen(
    at name: String, _ kind: Kind, mode: UInt32, backlog: Int32
  ) throws(SystemError) -> LocalListener {
    let bytes = RawText.bytes(name)
    let kind = kind.raw
    var file = service_file()
    let raw = try call("bind", name) {
      unsafe bytes.withUnsafeBytes { bytes in
        unsafe service_listen_local(
          bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, kind, mode, backlog,
          &file)
      }
    }
    let hasFile = bytes.first != UInt8(ascii: "@")
    return LocalListener(
      socket: Descriptor(adopting: raw),
      file: hasFile ? File(device: file.device, inode: file.inode) : nil)
  }

  /// False: nobody answers at the socket file there, for certain.
  package static func isAnswered(_ path: String, _ kind: Kind) -> Bool {
    let bytes = RawText.bytes(path)
    let kind = kind.raw
    return unsafe bytes.withUnsafeBytes { bytes in
      unsafe service_is_answered(
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, kind)
    } != 0
  }

  /// Removes a socket file of this user's.
  ///
  /// - Parameter file: only if it is this one.
  /// - Throws: ESTALE when what lies there is another, or no socket of this user's.
  package static func remove(_ path: String, _ file: File? = nil) throws(SystemError) {
    try call("unlink", path) {
      unsafe RawText.withCString(path) { path in
        guard let file else { return unsafe service_remove_file(path, nil) }
        var raw = service_file(device: file.device, inode: file.inode)
        return unsafe service_remove_file(path, &raw)
      }
    }
  }

  /// A datagram socket as a file that everybody may write to, in a directory that nobody else may enter.
  package static func notifications(
    _ name: String, in directory: borrowing PrivateDirectory
  ) throws(SystemError) -> Descriptor {
    let folder = directory.descriptor.raw
    let raw = try call("bind", directory.path + "/" + name) {
      unsafe RawText.withCString(name) { unsafe service_notify_socket(folder, $0) }
    }
    return Descriptor(adopting: raw)
  }

  /// Nobody is at the other end, and nobody will be.
  package static func isHungUp(_ number: Int32) -> Bool {
    service_is_hung_up(number) != 0
  }

  /// Nobody can connect or send to what is bound here any more, as somebody who had it has shut it (shutdown(2)).
  package static func isShut(_ number: Int32) -> Bool { service_is_shut(number) != 0 }

  /// Closes descriptors that came from an app, without waiting for as long as the app says (SO_LINGER, socket(7)).
  package static func closeApart(_ leaving: inout [Int32]) {
    unsafe leaving.withUnsafeBufferPointer {
      unsafe service_close_apart($0.baseAddress, $0.count)
    }
    leaving.removeAll(keepingCapacity: true)
  }

  /// Both name one open file description. False where the kernel cannot say (kcmp(2)).
  package static func isSame(_ one: Int32, _ other: Int32) -> Bool {
    service_is_same(one, other) != 0
  }

  package static let noFamily = EAFNOSUPPORT
  package static let noAddress = EADDRNOTAVAIL
  package static let taken = EADDRINUSE
}

extension PrivateDirectory {
  /// Removes a socket's file of this user's from it.
  ///
  /// - Throws: ESTALE when what lies there is anything else, which stays.
  package borrowing func removeSocket(_ name: String) throws(SystemError) {
    try ServiceSockets.remove("/proc/self/fd/\(descriptor.raw)/\(name)")
  }
}

/// A socket with a name, to be taken apart.
package struct LocalListener: ~Copyable {
  package let socket: Descriptor
  /// Nil: in the abstract space.
  package let file: ServiceSockets.File?

  package consuming func takeSocket() -> Descriptor { socket }
}
