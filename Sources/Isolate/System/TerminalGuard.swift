internal import CSeccomp
internal import Glibc

/// The process that gives the caller's terminal its modes back when we are killed while it is raw.
package struct TerminalGuard: ~Copyable {
  private let lifeline: Descriptor
  private let pidfd: Descriptor

  /// - Parameters:
  ///   - terminal: stays open in that process.
  ///   - raw: the modes it has now; with any other it is left alone.
  ///   - saved: the modes that it is to get back.
  private init(terminal: Int32, raw: [UInt8], saved: [UInt8]) throws(SystemError) {
    precondition(raw.count == 36 && saved.count == 36, "the kernel's struct termios")
    let ends = try Pipe().split()
    var descriptor: Int32 = -1
    try call("clone3") {
      unsafe janitor_guard(
        terminal, raw, saved, ends.readEnd.raw, ends.writeEnd.raw, &descriptor)
    }
    pidfd = Descriptor(adopting: descriptor)
    lifeline = ends.keepWriteEnd()
  }

  /// Nil where no process can be had: then only `reset` helps after a kill.
  package static func start(terminal: Int32, raw: [UInt8], saved: [UInt8]) -> TerminalGuard? {
    do throws(SystemError) {
      return try TerminalGuard(terminal: terminal, raw: raw, saved: saved)
    } catch {
      return nil
    }
  }

  /// Dismisses it and waits for its end: the terminal is another's to set from now on.
  package consuming func dismiss() {
    do throws(SystemError) {
      let pipe = lifeline.raw
      try call("write") { unsafe Glibc.write(pipe, "d", 1) }
    } catch {
      /* It was killed: then there is nobody to dismiss. */
    }
    var status: Int32 = 0
    while unsafe kernel_wait(pidfd.raw, 1, &status) < 0, errno == EINTR {}
  }
}
