internal import CSeccomp

/// A memory file that is filled once and then can be read and nothing else, for ever.
package struct SealedMemory: ~Copyable {
  private let file: Descriptor
  private let limit: Int
  private var filled = 0

  /// An empty one for at most `limit` bytes. The corresponding C function is `memfd_create`.
  package init(limit: Int) throws(SystemError) {
    file = Descriptor(adopting: try call("memfd_create") { driver_secret_make() })
    self.limit = limit
  }

  /// Moves what the descriptor has now.
  ///
  /// - Returns: whether its end was reached. False: it does not block, and more may come.
  /// - Throws: EFBIG when it has more than the limit; `SystemError` of read(2) and write(2).
  package mutating func take(from source: borrowing Descriptor) throws(SystemError) -> Bool {
    let (raw, memory, limit) = (source.raw, file.raw, limit)
    var filled = filled
    defer { self.filled = filled }
    return try call("read") { unsafe driver_secret_take(memory, raw, limit, &filled) } == 1
  }

  /// Gives a descriptor for reading, at the beginning. Needs /proc.
  package consuming func seal() throws(SystemError) -> Descriptor {
    let memory = file.raw
    return Descriptor(adopting: try call("fcntl") { driver_secret_seal(memory) })
  }
}

/// The clock of the machine (CLOCK_REALTIME).
package enum SystemClock {
  package struct Time: Hashable, Sendable {
    package var seconds: Int64
    package var nanoseconds: UInt32

    package init(seconds: Int64, nanoseconds: UInt32) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }
  }

  package static func now() throws(SystemError) -> Time {
    var time = Time(seconds: 0, nanoseconds: 0)
    try call("clock_gettime") { unsafe driver_clock_now(&time.seconds, &time.nanoseconds) }
    return time
  }

  /// - Throws: EPERM without CAP_SYS_TIME; EINVAL for a time that is none.
  package static func set(_ time: Time) throws(SystemError) {
    try call("clock_settime") { driver_clock_set(time.seconds, time.nanoseconds) }
  }
}
