internal import CSeccomp
internal import Glibc

/// Sockets in the network namespace of an app.
package enum AppNetwork {
  /// A TCP socket that does not block, in the network of a launched app.
  ///
  /// Root enters by init. An ordinary user may not look into init (it is not dumpable), but into the app, which he may do with
  /// what he likes: it runs beneath his own user namespace.
  ///
  /// - Parameters:
  ///   - process: init's number here.
  ///   - handle: init's pidfd: not reaped yet, so that the number is still its own.
  /// - Throws: `SystemError`; ESRCH when it has ended.
  package static func socket(
    of process: Int32, _ handle: borrowing Descriptor, isSix: Bool
  ) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      return try socket(of: handle, isSix: isSix)
    } catch {
      guard error.number == EPERM, let app = child(of: process) else { throw error }
      let opened = try call("pidfd_open") { kernel_pidfd(app) }
      let its = Descriptor(adopting: opened)
      /* Still init's: its number was no other's when it was opened. */
      guard child(of: process) == app else {
        throw SystemError(call: "pidfd_open", number: ESRCH)
      }
      return try socket(of: its, isSix: isSix)
    }
  }

  /// Begins to connect; `SocketCalls.progress` tells how it goes.
  package static func connect(
    _ socket: borrowing Descriptor, to place: SocketPlace
  ) throws(SystemError) {
    var peer = place.raw
    let raw = socket.raw
    try call("connect") { unsafe service_connect(raw, &peer) }
  }

  private static func socket(
    of handle: borrowing Descriptor, isSix: Bool
  ) throws(SystemError) -> Descriptor {
    let raw = handle.raw
    return Descriptor(adopting: try call("setns") { service_socket_of(raw, isSix ? 1 : 0) })
  }

  /// The oldest child: of init it is the app.
  private static func child(of process: Int32) -> Int32? {
    let text = TextFile.read("/proc/\(process)/task/\(process)/children") ?? ""
    return text.split(separator: " ").first.flatMap { Int32($0) }
  }
}
