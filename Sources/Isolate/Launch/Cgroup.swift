/// The cgroup of one app: made before the launch, removed after it.
package final class Cgroup {
  /// What the kernel counted.
  package struct Counts: Hashable, Sendable {
    package var memoryKills: UInt64 = 0
    package var refusedForks: UInt64 = 0
    package var peakKiB: UInt64?
  }

  /// The cgroup v2 directory that the child is born in; nil with v1.
  package var directory: Int32? { nil }

  /// Makes the cgroup that the policy asks for; nil when it asks for none.
  package static func make(_ policy: Policy) throws(SystemError) -> Cgroup? {
    return nil
  }

  package func counts() -> Counts { Counts() }

  /// Removes it.
  ///
  /// - Returns: what could not be removed, in words.
  package func remove() -> [String] { [] }
}
