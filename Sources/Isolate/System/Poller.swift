internal import CSeccomp
private import Glibc

/// A descriptor to wait on, and what came of it.
package struct Door {
  package var descriptor: Int32
  package var wantsRead: Bool
  package var wantsWrite: Bool
  package var isReadable = false
  package var isWritable = false
  package var isHungUp = false

  package init(_ descriptor: Int32, read: Bool = true, write: Bool = false) {
    self.descriptor = descriptor
    wantsRead = read
    wantsWrite = write
  }
}

/// What happened next? poll(2) over a handful of doors: at most 64, so nothing cleverer pays.
package enum Poller {
  /// Waits until a door is ready or the time has passed.
  ///
  /// - Parameters:
  ///   - timeout: milliseconds; nil waits for ever.
  ///   - shedding: give memory back first: free heap pages, and this program's own text. For long waits.
  package static func wait(
    _ doors: inout [Door], timeout: Int64?, shedding: Bool = false
  ) throws(SystemError) {
    var raw = doors.map { door in
      kernel_door(
        fd: door.descriptor, wanted: (door.wantsRead ? 1 : 0) | (door.wantsWrite ? 4 : 0), ready: 0)
    }
    do throws(SystemError) {
      try call("poll") {
        shedding
          ? unsafe kernel_poll_shedding(&raw, raw.count, timeout ?? -1)
          : unsafe kernel_poll(&raw, raw.count, timeout ?? -1)
      }
    } catch {
      throw error
    }
    for index in doors.indices {
      doors[index].isReadable = raw[index].ready & 1 != 0
      doors[index].isWritable = raw[index].ready & 4 != 0
      doors[index].isHungUp = raw[index].ready & 16 != 0
    }
  }

  /// Gives memory back that is free, and this program's own text, which comes back as it is used: before a long wait.
  package static func shedMemory() { kernel_shed_memory() }

  /// All that is allocated from now on lies in one heap, which a process that is made from this one can drop at once (`child_forget`).
  package static func keepOneHeap() { kernel_keep_one_heap() }

  /// What is freed from now on stays with this process, up to 4 MiB: what is needed again soon costs no page faults then.
  package static func keepFreedMemory() { kernel_keep_freed_memory() }

  /// Milliseconds on the monotonic clock.
  package static func now() -> Int64 { kernel_monotonic_ms() }
}

/// Every signal, as a descriptor. Making it blocks all signals in the calling thread.
package struct SignalDoor: ~Copyable {
  package let descriptor: Descriptor
  private let saved: UInt64
  /// Signals that the caller had set to be ignored (nohup): they stay without effect.
  private let ignored: UInt64

  /// - Parameter always: signals that are heard also when the caller had set them to be ignored.
  package init(hearing always: [Int32] = []) throws(SystemError) {
    ignored = always.reduce(kernel_ignored_signals()) { $0 & ~(1 << UInt64($1 - 1)) }
    var mask: UInt64 = 0
    let raw = try call("signalfd") { unsafe kernel_signal_descriptor(&mask) }
    saved = mask
    descriptor = Descriptor(adopting: raw)
  }

  /// Puts the caller's signal mask back.
  package borrowing func restoreMask() { kernel_restore_mask(saved) }

  /// A signal, and whether the kernel sent it for a terminal, not a process.
  package struct Arrival: Hashable, Sendable {
    package var number: Int32
    package var isFromKernel: Bool
  }

  /// The next signal, or nil when there is none now. A child that has ended may be one that was left to end (`endAndReap`).
  package borrowing func next() -> Arrival? {
    while true {
      var signal = kernel_signal()
      guard unsafe kernel_read_signal(descriptor.raw, &signal) == 0 else { return nil }
      if signal.number < 1 || signal.number > 64 { continue }
      if signal.number == SIGCHLD { kernel_reap_left() }
      if ignored & (1 << UInt64(signal.number - 1)) == 0 {
        return Arrival(number: signal.number, isFromKernel: signal.from_kernel == 1)
      }
    }
  }
}

/// A process by its pidfd.
package enum ProcessHandle {
  package static func send(_ signal: Int32, to pidfd: borrowing Descriptor) throws(SystemError) {
    let raw = pidfd.raw
    try call("pidfd_send_signal") { kernel_send_signal(raw, signal) }
  }

  /// Signals a process that was seen beneath `ancestor`, unless its number is another's by now; one that has ended is no error.
  ///
  /// - Throws: `SystemError` of pidfd_send_signal(2).
  package static func send(
    _ signal: Int32, toDescendant pid: Int32, of ancestor: Int32
  ) throws(SystemError) {
    let raw = kernel_pidfd(pid)
    if raw < 0 { return }
    let process = Descriptor(adopting: raw)
    /* Opened first, looked at then: as long as we hold it, the number is its own. */
    var above = pid
    for _ in 0..<4096 {
      guard let parent = parent(of: above) else { return }
      if parent == ancestor { break }
      if parent <= 1 { return }
      above = parent
    }
    do throws(SystemError) {
      try send(signal, to: process)
    } catch {
      if error.number != Errno.noProcess { throw error }
    }
  }

  private static func parent(of pid: Int32) -> Int32? {
    guard let text = TextFile.read("/proc/\(pid)/stat", limit: 1024),
      let end = text.utf8.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let words = text[end...].split(separator: " ")
    return words.count > 2 ? Int32(words[2]) : nil
  }

  /// The wait status of an ended child, or nil while it runs.
  package static func status(
    of pidfd: borrowing Descriptor, blocking: Bool
  ) throws(SystemError) -> Int32? {
    let raw = pidfd.raw
    var status: Int32 = 0
    let ended = try call("waitid") { unsafe kernel_wait(raw, blocking ? 1 : 0, &status) }
    return ended == 1 ? status : nil
  }

  /// How long a killed child is waited for, in milliseconds.
  private static let endPatience: Int64 = 1000

  /// Kills a child and waits for its end; nothing happens when it has been reaped already. One that the kernel cannot end now (it
  /// waits for a dead file server, or somebody outside does not reap what entered its pid namespace) holds us up no longer: it is
  /// killed, and whoever reads our signals reaps it as it ends. Of more than 64 at a time the others are reaped when we end.
  package static func endAndReap(_ pidfd: borrowing Descriptor) {
    do throws(SystemError) {
      if try status(of: pidfd, blocking: false) != nil { return }
      try send(SIGKILL, to: pidfd)
      var doors = [Door(pidfd.raw)]
      try Poller.wait(&doors, timeout: endPatience)
      if try status(of: pidfd, blocking: false) == nil { leave(try pidfd.duplicate()) }
    } catch {
      /* ECHILD and ESRCH: it is gone, which is what was wanted. */
    }
  }

  private static func leave(_ pidfd: consuming Descriptor) {
    if kernel_leave(pidfd.raw) == 0 { _ = pidfd.release() }
  }

  /// From now on this process, and what it starts, leaves the processors to others that want them.
  package static func giveWay() {
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
  }

  /// Stops the calling process, or its whole group, as Ctrl-Z would have, until it is continued; without effect
  /// where nobody could continue it.
  package static func stopSelf(withGroup: Bool) { kernel_stop_self(withGroup ? 1 : 0) }
}
