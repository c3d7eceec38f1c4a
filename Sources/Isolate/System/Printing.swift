internal import Glibc

/// Standard output for people: written without dying of SIGPIPE, dressed for a terminal.
extension Output {
  /// How writing a text ended.
  package enum PrintResult: Hashable, Sendable {
    case written
    /// The reader has closed its end (EPIPE). Nobody is there to be told.
    case nobodyReads
    /// The errno of the write that failed.
    case failed(Int32)
  }

  /// Writes the whole text, in one write(2) where the kernel takes it whole.
  package static func print(_ text: String, to descriptor: Int32) -> PrintResult {
    var text = text
    return text.withUTF8 { unsafe print(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  /// The same for bytes.
  package static func print(_ bytes: [UInt8], to descriptor: Int32) -> PrintResult {
    unsafe bytes.withUnsafeBytes { unsafe print($0, to: descriptor) }
  }

  private static func print(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) -> PrintResult {
    // Ignored, not blocked: a closed pipe then is EPIPE and not the death of this process. What is
    // launched later starts with every disposition reset.
    _ = signal(SIGPIPE, SIG_IGN)
    var done = 0
    while done < bytes.count {
      guard let start = bytes.baseAddress else { return .written }
      let count = unsafe Glibc.write(descriptor, start + done, bytes.count - done)
      if count >= 0 {
        done += count
        continue
      }
      let number = errno
      if number == EINTR || number == EAGAIN && waitsForRoom(descriptor) { continue }
      return number == EPIPE ? .nobodyReads : .failed(number)
    }
    return .written
  }

  /// Whether colour is wanted on the descriptor: it is a terminal that knows colours, and NO_COLOR
  /// is not set.
  package static func wantsColour(_ descriptor: Int32) -> Bool {
    guard isTerminal(descriptor) else { return false }
    if let value = unsafe getenv("NO_COLOR"), unsafe value.pointee != 0 { return false }
    guard let terminal = unsafe getenv("TERM") else { return false }
    return unsafe strcmp(terminal, "dumb") != 0
  }

  /// The width of the terminal in columns, 0 if there is none.
  package static func width(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return 0 }
    return Int(size.ws_col)
  }
}
