/// A socket at which peers wait, polled by its owner's queue. When this process has no descriptor or memory for a peer, nobody is let
/// in for a moment: they wait in the kernel's queue, which would wake us again and again.
struct Entrance: ~Copyable {
  static let token: UInt64 = 0
  /// For so long, in milliseconds.
  private static let pause: Int64 = 100

  private let listener: Descriptor
  /// When it is polled again, in milliseconds on the monotonic clock; nil: it is.
  private(set) var opensAt: Int64?

  /// - Parameter listener: does not block.
  init(
    _ listener: consuming Descriptor, _ queue: borrowing EventQueue
  ) throws(SystemError) {
    self.listener = listener
    try queue.add(self.listener.raw, token: Self.token, .reading)
  }

  /// The next peer; nil: there is none now, or no room for one.
  mutating func next(_ queue: borrowing EventQueue, now: Int64) throws(SystemError) -> Descriptor? {
    do throws(SystemError) {
      return try LocalSocket.accept(from: listener)
    } catch {
      guard Errno.ofShortage.contains(error.number) else { throw error }
      opensAt = now + Self.pause
      try queue.change(listener.raw, token: Self.token, [])
      return nil
    }
  }

  /// Lets peers in again, once it is time.
  mutating func open(_ queue: borrowing EventQueue, now: Int64) throws(SystemError) {
    guard let at = opensAt, now >= at else { return }
    opensAt = nil
    try queue.change(listener.raw, token: Self.token, .reading)
  }
}
