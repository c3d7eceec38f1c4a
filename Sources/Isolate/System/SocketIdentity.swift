internal import CSeccomp
internal import Glibc

/// Which socket a descriptor is of, whoever has it under whatever number.
package struct SocketIdentity: Hashable, Sendable {
  /// As in `socket:[INODE]`, by which /proc/PID/fd names it. May be used again after some thousand million sockets.
  package let inode: UInt64
  /// SO_COOKIE: never used again.
  package let cookie: UInt64

  /// Nil: it is no socket.
  package init?(_ socket: borrowing Descriptor) {
    var (cookie, raw) = (0 as UInt64, socket.raw)
    guard unsafe kernel_socket_cookie(raw, &cookie) == 0 else { return nil }
    do throws(SystemError) { inode = try FileStatus.of(socket).inode } catch { return nil }
    raw = -1
    self.cookie = cookie
  }
}

extension ProcessHandle {
  /// Another process's descriptor, as one of ours (pidfd_getfd(2)).
  ///
  /// - Parameter thread: the one whose table it is in: the process's number, or that of a thread with a table of its own.
  /// - Throws: `SystemError`; EPERM where we may not trace it, EBADF when it has closed it, ESRCH when it is gone.
  package static func take(_ number: Int32, of thread: Int32) throws(SystemError) -> Descriptor {
    Descriptor(
      adopting: try call("pidfd_getfd") { kernel_take_descriptor(thread, number) })
  }
}

extension EventQueue {
  /// The tokens of what is still open somewhere: what was added is forgotten with its last descriptor, not before.
  ///
  /// - Returns: nil: /proc does not say.
  package borrowing func tokens() -> Set<UInt64>? {
    guard let text = TextFile.read("/proc/self/fdinfo/\(door)") else { return nil }
    var tokens: Set<UInt64> = []
    for line in text.split(separator: "\n") where line.hasPrefix("tfd:") {
      let words = line.split(separator: " ")
      guard let place = words.firstIndex(of: "data:"), place + 1 < words.count,
        let token = UInt64(words[place + 1], radix: 16)
      else { return nil }
      tokens.insert(token)
    }
    return tokens
  }
}
