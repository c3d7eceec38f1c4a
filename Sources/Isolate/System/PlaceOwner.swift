internal import Glibc

/// Who a directory belongs to.
package enum PlaceOwner {
  /// Has root go on as the owner of a directory, for good: for a command that reads there and ends. What lies there can then lead
  /// it to nothing that the owner could not read. Does nothing for anybody else, and where there is no such directory.
  ///
  /// - Throws: `SystemError` of stat(2), setgroups(2), setgid(2), setuid(2): EPERM or EINVAL where root, in a user namespace, has
  ///   not that right or does not know the owner.
  package static func become(of path: String) throws(SystemError) {
    guard geteuid() == 0, let status = try FileStatus.of(path), status.uid != 0 else { return }
    try call("setgroups") { setgroups(0, nil) }
    try call("setgid") { setgid(status.gid) }
    try call("setuid") { setuid(status.uid) }
  }
}
