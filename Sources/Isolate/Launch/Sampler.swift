/// Measures the memory of a whole sandbox where no cgroup does.
package struct Sampler: Sendable {
  package static let firstMilliseconds: Int64 = 50
  package static let everyMilliseconds: Int64 = 200

  package let initPid: Int32
  package private(set) var lastKiB: UInt64 = 0
  package private(set) var peakKiB: UInt64 = 0

  package init(initPid: Int32) { self.initPid = initPid }

  package mutating func sample() {}
}
