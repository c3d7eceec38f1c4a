internal import CSeccomp

/// The process that gives the caller's terminal its modes back when we are killed while it is raw.
package enum TerminalGuard {
  /// Nil where no process can be had: then only `reset` helps after a kill.
  ///
  /// - Parameters:
  ///   - terminal: stays open in that process.
  ///   - raw: the modes it has now; with any other it is left alone.
  ///   - saved: the modes that it is to get back.
  package static func start(terminal: Int32, raw: [UInt8], saved: [UInt8]) -> Standby? {
    precondition(raw.count == 36 && saved.count == 36, "the kernel's struct termios")
    do throws(SystemError) {
      return try Standby { reading, writing, pidfd in
        unsafe janitor_guard(terminal, raw, saved, reading, writing, &pidfd)
      }
    } catch {
      return nil
    }
  }
}
