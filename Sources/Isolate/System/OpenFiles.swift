internal import Glibc

/// How many descriptors this process may have.
package struct OpenFiles: Hashable, Sendable {
  package let soft: UInt64
  package let hard: UInt64

  package init(soft: UInt64, hard: UInt64) {
    self.soft = soft
    self.hard = hard
  }

  /// Raises it as far as the hard limit allows: a supervisor of many apps has a handful for each.
  ///
  /// - Returns: what it was before, for what is started.
  package static func raise() throws(SystemError) -> OpenFiles {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    try call("getrlimit") { unsafe getrlimit(resource, &limit) }
    let before = OpenFiles(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
    limit.rlim_cur = limit.rlim_max
    try call("setrlimit") { unsafe setrlimit(resource, &limit) }
    return before
  }
}
