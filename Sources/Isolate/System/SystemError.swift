internal import CSeccomp
internal import Glibc

/// A system call that failed: its name and what the kernel said.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name of the call: "open", "clone3".
  package var call: StaticString
  /// errno(3).
  package var number: Int32
  /// What it was called on, if that helps a person: a path.
  package var subject: String?

  package init(call: StaticString, number: Int32, subject: String? = nil) {
    self.call = call
    self.number = number
    self.subject = subject
  }

  /// "open /x: No such file or directory (ENOENT)".
  package var description: String {
    let object = subject.map { " \($0)" } ?? ""
    return "\(call)\(object): \(SystemError.text(number)) (\(SystemError.name(number)))"
  }

  /// The words for an errno: "Permission denied".
  package static func text(_ number: Int32) -> String {
    unsafe String(cString: kernel_error_text(number))
  }

  /// The name of an errno: "EACCES".
  package static func name(_ number: Int32) -> String {
    unsafe String(cString: kernel_error_name(number))
  }

  /// What to do where a directory is not this user's alone (`PrivateDirectory`); nil: something else is wrong.
  package var cureOfPrivacy: String? {
    guard call.description == "mkdir", let subject, number == EPERM || number == ENOTDIR else {
      return nil
    }
    return "it must be a directory of this user's, no link, that nobody else may enter: "
      + "chmod 700 \(subject)"
  }

  package static func == (a: SystemError, b: SystemError) -> Bool {
    a.number == b.number && a.subject == b.subject && a.call.description == b.call.description
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(number)
    hasher.combine(subject)
  }
}

/// Runs one system call, again when a signal interrupted it.
///
/// Never for `close`: on Linux a close that says EINTR has closed (close(2)).
///
/// - Throws: `SystemError` when the call returns -1 for any reason but EINTR.
@discardableResult
package func call<Result: FixedWidthInteger>(
  _ name: StaticString, _ subject: @autoclosure () -> String? = nil, _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let number = errno
    if number != EINTR {
      throw SystemError(call: name, number: number, subject: subject())
    }
  }
}

/// The errno numbers that decide something here, so that other rooms need no C library.
package enum Errno {
  package static let noEntry = ENOENT
  package static let access = EACCES
  package static let notPermitted = EPERM
  package static let noMemory = ENOMEM
  package static let again = EAGAIN
  package static let noSpace = ENOSPC
  package static let invalid = EINVAL
  package static let notImplemented = ENOSYS
  package static let stale = ESTALE
  package static let readOnly = EROFS
  package static let noExec = ENOEXEC
  package static let isDirectory = EISDIR
  package static let notDirectory = ENOTDIR
  package static let tooManyFiles = EMFILE
  package static let tooManyFilesInSystem = ENFILE
  package static let tooLong = ENAMETOOLONG
  package static let busy = EBUSY
  package static let users = EUSERS
  package static let inputOutput = EIO
  package static let noProcess = ESRCH
  package static let noChild = ECHILD
  package static let exists = EEXIST
  package static let tooBig = E2BIG
  package static let loop = ELOOP
  package static let notSupported = EOPNOTSUPP
  package static let badAddress = EFAULT
  package static let textBusy = ETXTBSY
  package static let brokenPipe = EPIPE
  package static let connectionReset = ECONNRESET
  package static let noDevice = ENODEV
  package static let noDeviceOrAddress = ENXIO
  package static let timedOut = ETIMEDOUT
  package static let remote = EREMOTEIO
  /// Of descriptors or memory: it may be over in a moment.
  package static let ofShortage: Set<Int32> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]
}
