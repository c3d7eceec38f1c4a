internal import CSeccomp
internal import Glibc

/// Files of logs, and the socket of journald.
package enum LogCalls {
  /// CLOCK_REALTIME, in microseconds since 1970.
  package static func wallMicroseconds() -> Int64 { service_wall_us() }

  /// A regular file of this user's to append to, made with that mode if it is missing, and its size. Links are not followed.
  ///
  /// - Throws: EPERM when something else is there.
  package static func open(
    _ name: String, in directory: borrowing PrivateDirectory, mode: UInt32
  ) throws(SystemError) -> OpenLog {
    let folder = directory.descriptor.raw
    var size: UInt64 = 0
    let raw = try call("open", directory.path + "/" + name) {
      unsafe RawText.withCString(name) { unsafe service_open_log(folder, $0, mode, &size) }
    }
    return OpenLog(file: Descriptor(adopting: raw), size: size)
  }

  /// A regular file of that directory, to be read. Nil: there is none. Links are not followed.
  package static func openForReading(
    _ name: String, in directory: borrowing PrivateDirectory
  ) throws(SystemError) -> Descriptor? {
    let folder = directory.descriptor.raw
    do throws(SystemError) {
      let raw = try call("open", directory.path + "/" + name) {
        unsafe RawText.withCString(name) {
          unsafe openat(folder, $0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        }
      }
      return Descriptor(adopting: raw)
    } catch {
      if error.number == ENOENT { return nil }
      throw error
    }
  }

  /// Becomes readable whenever a file of that directory is written, made or renamed (inotify(7)); it does not block. Nil: the
  /// kernel gives this user no more of them.
  package static func watch(_ directory: borrowing PrivateDirectory) -> Descriptor? {
    let raw = service_watch(directory.descriptor.raw)
    return raw < 0 ? nil : Descriptor(adopting: raw)
  }

  /// A datagram socket to send from.
  package static func datagramSocket() throws(SystemError) -> Descriptor {
    Descriptor(adopting: try call("socket") { service_datagram_socket() })
  }

  /// How a datagram ended.
  package enum Sent: Hashable, Sendable {
    case done
    /// Its receiver does not read.
    case full
    /// It fits into no datagram: pass it as a sealed file.
    case tooLarge
    case failed(Int32)
  }

  /// Sends one datagram to the socket at a path.
  package static func send(
    _ bytes: [UInt8], to path: String, from socket: borrowing Descriptor
  ) -> Sent {
    let raw = socket.raw
    return ended {
      unsafe RawText.withCString(path) { path in
        unsafe bytes.withUnsafeBytes {
          unsafe service_send_to(raw, path, $0.baseAddress, $0.count, -1)
        }
      }
    }
  }

  /// Sends an empty datagram with a descriptor.
  package static func send(
    _ file: borrowing Descriptor, to path: String, from socket: borrowing Descriptor
  ) -> Sent {
    let (raw, passed) = (socket.raw, file.raw)
    return ended {
      unsafe RawText.withCString(path) { unsafe service_send_to(raw, $0, nil, 0, passed) }
    }
  }

  private static func ended(_ body: () -> Int32) -> Sent {
    do throws(SystemError) {
      try call("sendmsg", nil, body)
      return .done
    } catch {
      switch error.number {
      case EAGAIN, ENOBUFS: return .full
      case EMSGSIZE: return .tooLarge
      default: return .failed(error.number)
      }
    }
  }
}

/// A file to append to, and how much it holds.
package struct OpenLog: ~Copyable {
  package let file: Descriptor
  package let size: UInt64

  package consuming func takeFile() -> Descriptor { file }
}
