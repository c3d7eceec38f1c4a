/// The cgroup of one app: made before the launch, removed after it.
///
/// With v2 one directory, in which the child is born (CLONE_INTO_CGROUP). With v1 one in each controller's hierarchy, entered by a
/// write to cgroup.procs while the child waits at the gate. A janitor process removes them should we be killed; the daemon, with
/// its many apps, has none, and its next start removes what is left (`CgroupBase`).
package final class Cgroup {
  /// What the kernel counted.
  package struct Counts: Hashable, Sendable {
    /// Processes killed because the memory limit was met.
    package var memoryKills: UInt64 = 0
    /// Allocations that found no room even after reclaim.
    package var memoryRefusals: UInt64 = 0
    package var refusedForks: UInt64 = 0
    package var peakKiB: UInt64?
    package var cpuMicroseconds: UInt64?
    /// How long processes waited because the CPU share was used up.
    package var throttledMicroseconds: UInt64 = 0
  }

  private struct Place {
    var path: String
    /// The v1 controller; nil for v2.
    var controller: String?
  }

  private let places: [Place]
  private let leaf: Leaf?
  private var janitor: Standby?
  private var opened: HeldDescriptor?

  /// The cgroup v2 directory that the child is born in; nil with v1.
  package var directory: Int32? { opened?.descriptor.raw }

  /// The child must be moved in before it goes on.
  package var needsGate: Bool { opened == nil }

  private init(places: [Place], leaf: Leaf?, janitor: consuming Standby?) {
    self.places = places
    self.leaf = leaf
    self.janitor = consume janitor
  }

  private static func janitor(
    _ isWanted: Bool, _ directories: [String], _ leaf: Leaf?
  ) throws(SystemError) -> Standby? {
    isWanted ? try Janitor.start(directories: directories, leaf: leaf) : nil
  }

  /// Makes the cgroup that the policy asks for; nil when it asks for none.
  ///
  /// All signals are blocked. Nothing is left behind on failure.
  package static func make(
    _ policy: Policy, withJanitor: Bool = true
  ) throws(SystemError) -> Cgroup? {
    guard let place = policy.limits.cgroup else { return nil }
    switch place {
    case .unified(let parent): return try unified(policy, parent, withJanitor)
    case .legacy(let controllers): return try legacy(policy, controllers, withJanitor)
    }
  }

  private static func unified(
    _ policy: Policy, _ parent: String, _ withJanitor: Bool
  ) throws(SystemError) -> Cgroup {
    let path = freshPath(parent, policy.app)
    let leaf = try Leaf.plan(parent, controllers: CgroupLimits.controllers(policy.limits))
    try leaf?.make()
    let janitor = try janitor(withJanitor, [path], leaf)
    let place = Place(path: path, controller: nil)
    let cgroup = Cgroup(places: [place], leaf: leaf, janitor: janitor)
    do throws(SystemError) {
      try leaf?.enter()
      try CgroupFile.makeDirectory(path)
      try CgroupLimits.apply(policy.limits, to: path)
      cgroup.opened = HeldDescriptor(try CgroupFile.openDirectory(path))
      return cgroup
    } catch {
      _ = cgroup.remove()
      throw error
    }
  }

  private static func legacy(
    _ policy: Policy, _ controllers: [CgroupPlace.LegacyController], _ withJanitor: Bool
  ) throws(SystemError) -> Cgroup {
    // Controllers may share a hierarchy, and then a directory.
    var places: [Place] = []
    for one in controllers {
      places.append(Place(path: freshPath(one.parent, policy.app), controller: one.name))
    }
    let janitor = try janitor(withJanitor, distinct(places), nil)
    let cgroup = Cgroup(places: places, leaf: nil, janitor: janitor)
    do throws(SystemError) {
      for path in distinct(places) { try CgroupFile.makeDirectory(path) }
      for place in places {
        try CgroupLimits.apply(
          policy.limits, to: place.path, legacyController: place.controller ?? "")
      }
      return cgroup
    } catch {
      _ = cgroup.remove()
      throw error
    }
  }

  /// A path that is not there. A leftover of the same name can only be of a process that is gone, or of another pid namespace.
  private static func freshPath(_ parent: String, _ app: String) -> String {
    let path = "\(parent)/\(CgroupText.name(app: app, pid: CgroupFile.ownPid))"
    for suffix in 1...1000 where CgroupFile.exists(suffix == 1 ? path : "\(path).\(suffix)") {
      if !CgroupFile.exists("\(path).\(suffix + 1)") { return "\(path).\(suffix + 1)" }
    }
    return path
  }

  private static func distinct(_ places: [Place]) -> [String] {
    var paths: [String] = []
    for place in places where !paths.contains(place.path) { paths.append(place.path) }
    return paths
  }

  /// Its directories, one in each hierarchy.
  var paths: [String] { Self.distinct(places) }

  package func counts() -> Counts {
    var counts = Counts()
    for place in places {
      if let controller = place.controller {
        CgroupLimits.read(&counts, place.path, legacyController: controller)
      } else {
        CgroupLimits.read(&counts, place.path)
      }
    }
    return counts
  }

  /// Gives it other limits in place of those it has; everything in it goes on under them.
  package func apply(_ limits: Limits, replacing old: Limits) throws(SystemError) {
    for place in places {
      if let controller = place.controller {
        try CgroupLimits.apply(limits, to: place.path, legacyController: controller)
      } else {
        try CgroupLimits.apply(limits, replacing: old, to: place.path)
      }
    }
  }

  private var unifiedPath: String? { places.first { $0.controller == nil }?.path }

  /// Stops everything in it, or lets it go on.
  ///
  /// - Returns: false where the kernel has no freezer for it: with v1.
  package func freeze(_ isFrozen: Bool) throws(SystemError) -> Bool {
    guard let path = unifiedPath else { return false }
    try CgroupFile.write(isFrozen ? "1" : "0", to: path + "/cgroup.freeze")
    return true
  }

  /// Kills everything in it, if the kernel can (Linux 5.14).
  package func killAll() {
    if let path = unifiedPath { Self.killAll(path) }
  }

  /// What everything in it has now; nil with v1, and where memory is not counted.
  package func memoryKiB() -> UInt64? { unifiedPath.flatMap(CgroupLimits.memoryKiB) }

  /// The CPU time of everything that ever ran in it; nil with v1.
  package func cpuMicroseconds() -> UInt64? {
    guard let path = unifiedPath,
      let text = TextFile.read(path + "/cpu.stat", limit: 4096)
    else { return nil }
    return CgroupText.count("usage_usec", in: text)
  }

  /// Removes it, with everything that may still run in it, and ends the janitor.
  ///
  /// - Returns: what could not be removed, in words.
  package func remove() -> [String] {
    var problems: [String] = []
    for path in Self.distinct(places) {
      if let error = Self.remove(path) { problems.append("a cgroup is left behind: \(error)") }
    }
    do throws(SystemError) {
      try leaf?.leave()
    } catch {
      problems.append("the cgroup of the supervisor is left as it is: \(error)")
    }
    if let janitor = janitor.take() { janitor.dismiss() }
    if let leaf, leaf.moves, let error = Self.remove(leaf.path, kills: false) {
      problems.append("a cgroup is left behind: \(error)")
    }
    return problems
  }

  /// A second at most: what was killed may take a moment to be gone.
  private static func remove(_ path: String, kills: Bool = true) -> SystemError? {
    var last: SystemError?
    for attempt in 0..<100 {
      do throws(SystemError) {
        try CgroupFile.removeDirectory(path)
        return nil
      } catch {
        last = error
        if error.number != Errno.busy { return error }
      }
      if attempt == 0, kills { killAll(path) }
      CgroupFile.pause(milliseconds: 10)
    }
    return last
  }

  private static func killAll(_ path: String) {
    do throws(SystemError) {
      try CgroupFile.write("1", to: path + "/cgroup.kill")
    } catch {
      /* v1, or before Linux 5.14: the pid namespace's end kills them. */
    }
  }
}
