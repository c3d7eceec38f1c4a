internal import CSeccomp
internal import Glibc

/// Many doors, of which few are ready at a time: epoll(7). Waiting allocates nothing.
package struct EventQueue: ~Copyable {
  private let descriptor: Descriptor
  private var ready: [kernel_event]
  private var count = 0

  package struct Wanted: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let reading = Wanted(rawValue: 1)
    package static let writing = Wanted(rawValue: 2)
  }

  package struct Event {
    /// As it was given.
    package var token: UInt64
    package var isReadable: Bool
    package var isWritable: Bool
    /// The peer is gone, or the descriptor failed. Told without being wanted.
    package var isHungUp: Bool
  }

  package init() throws(SystemError) {
    descriptor = Descriptor(adopting: try call("epoll_create1") { kernel_events_make() })
    ready = [kernel_event](repeating: kernel_event(), count: Int(EVENTS_AT_ONCE))
  }

  /// - Parameter number: stays the caller's; closing it takes it away (unless there are duplicates).
  package borrowing func add(
    _ number: Int32, token: UInt64, _ wanted: Wanted
  ) throws(SystemError) {
    let raw = descriptor.raw
    try call("epoll_ctl") { kernel_events_set(raw, number, token, wanted.rawValue, 0) }
  }

  package borrowing func change(
    _ number: Int32, token: UInt64, _ wanted: Wanted
  ) throws(SystemError) {
    let raw = descriptor.raw
    try call("epoll_ctl") { kernel_events_set(raw, number, token, wanted.rawValue, 1) }
  }

  /// Adds it, or changes it if it is there.
  package borrowing func watch(
    _ number: Int32, token: UInt64, _ wanted: Wanted
  ) throws(SystemError) {
    do throws(SystemError) {
      try change(number, token: token, wanted)
    } catch {
      if error.number != ENOENT { throw error }
      try add(number, token: token, wanted)
    }
  }

  /// One that is not there is no error.
  package borrowing func remove(_ number: Int32) {
    _ = kernel_events_remove(descriptor.raw, number)
  }

  /// To be polled itself: readable while something is ready.
  package var door: Int32 { descriptor.raw }

  /// Waits until something is ready or the time has passed.
  ///
  /// - Parameter timeout: milliseconds; nil waits for ever.
  /// - Returns: how many events there are.
  package mutating func wait(timeout: Int64?) throws(SystemError) -> Int {
    let raw = descriptor.raw
    count = 0
    let ready = unsafe ready.withUnsafeMutableBufferPointer { buffer in
      unsafe kernel_events_wait(raw, buffer.baseAddress, timeout ?? -1)
    }
    if ready < 0 {
      let number = errno
      if number != EINTR { throw SystemError(call: "epoll_wait", number: number) }
      return 0
    }
    count = Int(ready)
    return count
  }

  package subscript(index: Int) -> Event {
    let event = ready[index]
    return Event(
      token: event.token, isReadable: event.ready & UInt32(EVENT_READABLE) != 0,
      isWritable: event.ready & UInt32(EVENT_WRITABLE) != 0,
      isHungUp: event.ready & UInt32(EVENT_HUNG_UP) != 0)
  }
}

extension Poller {
  /// CLOCK_BOOTTIME, in microseconds: it goes on while the machine sleeps.
  package static func bootMicroseconds() -> Int64 { kernel_boot_us() }
}
