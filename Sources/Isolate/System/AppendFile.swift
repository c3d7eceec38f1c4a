internal import Glibc

/// A regular file of ours that is only ever added to.
package struct AppendFile: ~Copyable {
  private let file: Descriptor
  /// Where it lies, with no links in it.
  package let path: String

  /// Opens it, or makes it with mode 0600.
  ///
  /// - Throws: `SystemError` of open(2); ELOOP for a link, EINVAL for what is no regular file, EPERM for one that belongs to
  ///   somebody else, who could change what is in it.
  package init(_ path: String) throws(SystemError) {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    let raw = try call("open", path) {
      unsafe RawText.withCString(path) { unsafe open($0, flags, 0o600) }
    }
    let opened = Descriptor(adopting: raw)
    let status = try FileStatus.of(opened)
    guard status.isRegular else { throw SystemError(call: "open", number: EINVAL, subject: path) }
    guard status.uid == geteuid() else {
      throw SystemError(call: "open", number: EPERM, subject: path)
    }
    guard let place = TextFile.link("/proc/self/fd/\(raw)") else {
      throw SystemError(call: "readlink", number: ENOENT)
    }
    self.path = place
    file = opened
  }

  /// Adds bytes.
  ///
  /// - Returns: how many; fewer than all when the device became full.
  /// - Throws: `SystemError` of write(2), when none could be added.
  package borrowing func append(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
    let raw = file.raw
    return try call("write") {
      unsafe bytes.withUnsafeBytes { unsafe write(raw, $0.baseAddress, $0.count) }
    }
  }
}
