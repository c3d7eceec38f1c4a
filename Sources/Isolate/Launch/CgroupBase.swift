/// Where a daemon makes the cgroups of its apps: the cgroup it was given, from which it moves itself into a leaf, once, for
/// as long as it lives (the rule against inner processes, cgroups(7)).
package final class CgroupBase {
  package let cgroups: HostCgroups
  private let leaf: Leaf?

  /// Moves the caller, if it was given a cgroup for itself alone.
  ///
  /// What an earlier daemon left here, killed with its apps, is removed.
  ///
  /// - Throws: `SystemError` of mkdir(2) or of a write to a cgroup file; then nothing was moved.
  package init() throws(SystemError) {
    let found = HostProbe.cgroups(legacy: true)
    cgroups = found
    for place in Set(found.legacy.map(\.parent)) { Self.removeLeftovers(in: place) }
    guard let place = found.unified else {
      leaf = nil
      return
    }
    Self.removeLeftovers(in: place.path)
    leaf = try Leaf.plan(place.path, controllers: place.controllers)
    try leaf?.make()
    try leaf?.enter()
  }

  /// Empty cgroups of processes that are gone.
  private static func removeLeftovers(in path: String) {
    for name in FileSystem.names(in: path) ?? [] {
      guard let maker = CgroupText.maker(of: name), !CgroupFile.exists("/proc/\(maker)") else {
        continue
      }
      do throws(SystemError) {
        try CgroupFile.removeDirectory(path + "/" + name)
      } catch {
        /* EBUSY: something lives there; it is not ours to end. */
      }
    }
  }

  /// Goes back. What cannot be undone, in words.
  package func end() -> [String] {
    do throws(SystemError) {
      try leaf?.leave()
      if let leaf, leaf.moves { try CgroupFile.removeDirectory(leaf.path) }
      return []
    } catch {
      return ["the cgroup of the daemon is left as it is: \(error)"]
    }
  }

  /// For `status`: what holds limits of whole apps here.
  package var inWords: String {
    if let unified = cgroups.unified {
      return "version 2 in \(unified.path): \(unified.controllers.joined(separator: ", "))"
    }
    if cgroups.legacy.isEmpty {
      return "none: limits are those of each process, and memory is looked at"
    }
    let names = cgroups.legacy.map(\.name).joined(separator: ", ")
    return "version 1, where a profile requires it: \(names)"
  }
}
