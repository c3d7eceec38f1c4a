internal import CSeccomp
internal import Glibc

/// The files and directories of a cgroup hierarchy.
enum CgroupFile {
  /// Writes a value with one write(2), as the kernel wants it.
  static func write(_ text: String, to path: String) throws(SystemError) {
    let raw = try call("open", path) { unsafe open(path, O_WRONLY | O_CLOEXEC) }
    let file = Descriptor(adopting: raw)
    let bytes = Array(text.utf8)
    try call("write", path) {
      unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.raw, $0.baseAddress, $0.count) }
    }
  }

  static func makeDirectory(_ path: String) throws(SystemError) {
    try call("mkdir", path) { unsafe mkdir(path, 0o755) }
  }

  /// Removes a directory; one that is not there is fine.
  static func removeDirectory(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      try call("rmdir", path) { unsafe rmdir(path) }
    } catch {
      if error.number != ENOENT { throw error }
    }
  }

  static func openDirectory(_ path: String) throws(SystemError) -> Descriptor {
    Descriptor(
      adopting: try call("open", path) {
        unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      })
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

  /// systemd's mark on what it has delegated: an extended attribute, for root and for everybody (systemd.resource-control(5)).
  static func isMarkedDelegated(_ path: String) -> Bool {
    unsafe kernel_has_attribute(path, "trusted.delegate") == 1
      || kernel_has_attribute(path, "user.delegate") == 1
  }

  static func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

  static var ownPid: Int32 { getpid() }
}
