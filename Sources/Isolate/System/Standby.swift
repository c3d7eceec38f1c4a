internal import CSeccomp
internal import Glibc

/// A process that stands by until it is dismissed, and acts when we are gone (janitor.h).
package struct Standby: ~Copyable {
  private let lifeline: Descriptor
  private let pidfd: Descriptor

  /// - Parameter start: starts it with the reading end of the pipe that tells of us, our end, and where its pidfd goes.
  /// - Throws: `SystemError` of clone3(2) and pipe2(2).
  package init(
    _ start: (_ reading: Int32, _ writing: Int32, _ pidfd: inout Int32) -> Int32
  ) throws(SystemError) {
    let ends = try Pipe().split()
    var raw: Int32 = -1
    try call("clone3") { start(ends.readEnd.raw, ends.writeEnd.raw, &raw) }
    pidfd = Descriptor(adopting: raw)
    lifeline = ends.keepWriteEnd()
  }

  /// Dismisses it and waits for its end: it does nothing any more.
  package consuming func dismiss() {
    do throws(SystemError) {
      let pipe = lifeline.raw
      try call("write") { unsafe write(pipe, "d", 1) }
    } catch {
      /* It was killed: then there is nobody to dismiss. */
    }
    var status: Int32 = 0
    while unsafe kernel_wait(pidfd.raw, 1, &status) < 0, errno == EINTR {}
  }
}
