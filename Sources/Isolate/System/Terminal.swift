internal import CSeccomp
internal import Glibc

/// A terminal of the caller's.
package enum Terminal {
  /// The kernel's struct termios; empty when the descriptor is no terminal.
  package static func modes(_ descriptor: Int32) -> [UInt8] {
    var modes = [UInt8](repeating: 0, count: 36)
    return unsafe kernel_terminal_get(descriptor, &modes) == 0 ? modes : []
  }

  package static func setModes(_ modes: [UInt8], _ descriptor: Int32) throws(SystemError) {
    precondition(modes.count == 36, "the kernel's struct termios")
    try call("ioctl") { unsafe kernel_terminal_set(descriptor, modes) }
  }

  /// Every byte goes through as typed, Ctrl-C too: the app's own pty makes signals of them.
  package static func makeRaw(_ descriptor: Int32) throws(SystemError) {
    try call("tcsetattr") { kernel_terminal_raw(descriptor) }
  }

  /// Rows, columns, x pixels, y pixels; empty when there is no window.
  package static func window(_ descriptor: Int32) -> [UInt16] {
    var size: [UInt16] = [0, 0, 0, 0]
    return unsafe kernel_window_get(descriptor, &size) == 0 ? size : []
  }

  package static func setWindow(_ size: [UInt16], _ descriptor: Int32) throws(SystemError) {
    precondition(size.count == 4, "struct winsize")
    try call("ioctl") { unsafe kernel_window_set(descriptor, size) }
  }

  /// Whether we may touch the terminal: it is ours, or nobody's.
  package static func isForeground(_ descriptor: Int32) -> Bool {
    kernel_in_foreground(descriptor) == 1
  }

  /// The modes for an app's pty when the caller's own terminal stays as it is: no second echo, no second "\r\n".
  package static func quiet(_ modes: [UInt8]) -> [UInt8] {
    guard modes.count == 36 else { return modes }
    var quiet = modes
    quiet[4] &= ~UInt8(OPOST)
    quiet[12] &= ~UInt8(ECHO)
    return quiet
  }

  /// The character that ends input (VEOF) where lines are edited (ICANON); nil in any other mode.
  package static func endOfInput(_ modes: [UInt8]) -> UInt8? {
    guard modes.count == 36, modes[12] & UInt8(ICANON) != 0 else { return nil }
    let character = modes[17 + Int(VEOF)]
    return character == 0 ? nil : character
  }

  /// An own way to an open terminal, which does not block: the caller's is shared, so its flags are not ours to change.
  ///
  /// - Returns: nil where it cannot be had, as after su(1), when the device belongs to another user.
  package static func reopen(_ descriptor: Int32, forWriting: Bool) -> Descriptor? {
    let raw = kernel_reopen(descriptor, forWriting ? 1 : 0)
    return raw < 0 ? nil : Descriptor(adopting: raw)
  }
}

/// Moving bytes without waiting.
package enum Bytes {
  package enum Taken: Equatable {
    case bytes([UInt8])
    case nothingNow
    case end
  }

  /// At most 16 KiB of what is there.
  package static func take(from descriptor: Int32) -> Taken {
    var buffer = [UInt8](repeating: 0, count: 16384)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    if count > 0 { return .bytes(Array(buffer.prefix(count))) }
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return .nothingNow }
    return .end
  }

  /// Gives what can be given now; returns how much was taken, or nil when the other end is gone.
  package static func give(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int? {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe write(descriptor, $0.baseAddress, $0.count)
    }
    if count >= 0 { return count }
    return errno == EAGAIN || errno == EINTR ? 0 : nil
  }

  package static func makeNonBlocking(_ descriptor: borrowing Descriptor) throws(SystemError) {
    let raw = descriptor.raw
    try call("fcntl") { kernel_set_nonblocking(raw) }
  }
}
