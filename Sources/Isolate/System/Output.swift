internal import Glibc

/// Writing for people and programs: whole texts, no buffers left behind.
package enum Output {
  /// Writes everything to a descriptor.
  ///
  /// - Returns: false when the reader is gone or the device is full; nothing is retried then.
  @discardableResult
  package static func write(_ text: String, to descriptor: Int32) -> Bool {
    write(Array(RawText.visible(text).utf8), to: descriptor)
  }

  /// Writes all bytes to a descriptor, waiting where it must.
  @discardableResult
  package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN, waitsForRoom(descriptor) { continue }
        return false
      }
      sent += count
    }
    return true
  }

  /// The caller has made the description non-blocking; it is his, so we wait instead of changing it.
  static func waitsForRoom(_ descriptor: Int32) -> Bool {
    var door = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&door, 1, -1) > 0
  }

  /// Whether a line of up to PIPE_BUF bytes can be written now without waiting, or fails at once.
  package static func takesLine(_ descriptor: Int32) -> Bool {
    var door = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&door, 1, 0) != 0
  }

  /// One line to standard error, with the program's name before it.
  package static func complain(_ message: String) {
    write("isolated: \(message)\n", to: 2)
  }

  /// Whether a descriptor is a terminal.
  package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Whether a descriptor is open at all.
  package static func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

  /// Whether a descriptor is a directory, opened for reading or as a place (O_PATH).
  package static func isDirectory(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Makes sure that 0, 1 and 2 exist, so that nothing we open lands there by chance.
  package static func reserveStandardDescriptors() throws(SystemError) {
    for number: Int32 in 0...2 where !isOpen(number) {
      let raw = try call("open", "/dev/null") { unsafe open("/dev/null", O_RDWR) }
      precondition(raw == number, "the lowest free descriptor is taken")
    }
  }
}
