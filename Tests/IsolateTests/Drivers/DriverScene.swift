import FilterProbe
import Glibc
import Testing

@testable import Isolate

/// A granted directory, `granted`, in a directory that is not, with what attacks need:
///
///     outside            "outside", beside the granted directory
///     granted/plain      "plain", mode 0666
///     granted/inner/deep "deep"
///     granted/link-in    to inner/deep        granted/link-out      to ../outside
///     granted/link-abs   to the absolute path of outside
///     granted/dangling   to nowhere           granted/link-dir-out  to ..
///     granted/fifo       a FIFO               granted/socket        a Unix socket
///     granted/hard       another name of plain
final class DriverScene {
  let scratch: Scratch
  var directory: String { scratch.path + "/granted" }

  init() throws {
    scratch = try Scratch()
    let ran = Run.shell(
      """
      set -e
      cd "$1" && umask 022 && mkdir -p granted/inner
      printf outside >outside && printf plain >granted/plain && printf deep >granted/inner/deep
      chmod 666 outside granted/plain granted/inner/deep
      cd granted && ln -s inner/deep link-in && ln -s ../outside link-out && ln -s "$1/outside" link-abs
      ln -s nowhere dangling && ln -s .. link-dir-out && mkfifo fifo && ln plain hard
      """, [scratch.path])
    try #require(ran.code == 0, "\(ran.errors)")
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array((scratch.path + "/granted/socket").utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    close(socket)
    try #require(bound == 0)
  }

  /// The mount attributes that a broker's view has.
  static let readOnly = UInt64(PROBE_READ_ONLY | PROBE_NO_SETID | PROBE_NO_DEVICES)
  static let writable = UInt64(PROBE_NO_SETID | PROBE_NO_DEVICES | PROBE_NO_EXEC)

  static func mount(_ path: String, _ attributes: UInt64) throws -> Descriptor {
    let raw = unsafe probe_mount(path, attributes)
    try #require(raw >= 0, "no mount of \(path): \(SystemError.name(errno))")
    return Descriptor(adopting: raw)
  }

  /// O_PATH, by whatever mount it lies on.
  static func plain(_ path: String) throws -> Descriptor {
    let raw = unsafe probe_path(path)
    try #require(raw >= 0, "\(path)")
    return Descriptor(adopting: raw)
  }

  /// The granted directory, or something in it, as the broker opens it.
  func root(
    _ name: String = "", writing: Bool = true, links: Bool = false
  ) throws -> FileRoot {
    let path = name.isEmpty ? directory : directory + "/" + name
    let reading = try Self.mount(path, Self.readOnly)
    let place = try Place.of(reading)
    return try FileRoot(
      reading: reading, writing: writing ? try Self.mount(path, Self.writable) : nil,
      device: place.device, inode: place.inode, followsLinks: links)
  }
}

extension FileRoot {
  borrowing func open(
    _ path: String, _ opening: FileOpening = .read, mode: UInt32 = 0o644
  ) throws(SystemError) -> Descriptor {
    let path = Array(path.utf8)
    return try open(path.span, opening, mode: mode).take()
  }

  borrowing func text(_ path: String) throws(SystemError) -> String {
    String(decoding: try open(path).readAll(limit: 4096), as: UTF8.self)
  }

  borrowing func status(_ path: String) throws(SystemError) -> Place {
    let path = Array(path.utf8)
    return try status(path.span)
  }

  borrowing func remove(_ path: String, directory: Bool = false) throws(SystemError) {
    let path = Array(path.utf8)
    try remove(path.span, directory: directory)
  }

  borrowing func rename(
    _ from: String, _ to: String, replacing: Bool = true
  ) throws(SystemError) {
    let (from, to) = (Array(from.utf8), Array(to.utf8))
    try rename(from: from.span, to: to.span, replacing: replacing)
  }

  borrowing func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
    let path = Array(path.utf8)
    try makeDirectory(path.span, mode: mode)
  }

  /// Every name in a directory, at most `room` a call.
  borrowing func names(_ path: String, room: Int = 1000) throws(SystemError) -> [[UInt8]] {
    let path = Array(path.utf8)
    var names: [[UInt8]] = []
    var cursor: UInt64 = 0
    for _ in 0..<10_000 {
      var taken = 0
      cursor = try list(path.span, from: cursor) { _, name in
        if taken == room { return false }
        taken += 1
        names.append(name.indices.map { name[$0] })
        return true
      }
      if cursor == 0 { return names }
    }
    Issue.record("the list does not end")
    return names
  }
}

/// The errno of what is refused; nil when it is not.
func refusal(_ body: () throws(SystemError) -> Void) -> Int32? {
  do throws(SystemError) {
    try body()
    return nil
  } catch {
    return error.number
  }
}
