/// Finds where the caller may make cgroups. Looks only; nothing is made or moved here.
package enum CgroupProbe {
  /// The controllers that limits use.
  package static let wanted = ["memory", "pids", "cpu", "io"]
  /// The same of version 1.
  private static let wantedLegacy = ["memory", "pids", "cpu", "blkio"]

  /// A cgroup v2 directory in which the caller may make an app's cgroup, with the controllers it can hand to it.
  ///
  /// A process in a cgroup is in the way of controllers for the children (the rule against inner processes, cgroups(7)). So
  /// the caller's own cgroup serves if the caller is its only process, for then it can move itself into a leaf, as the notes
  /// on delegation of systemd advise; or else the one above, if that already hands out controllers.
  static func unified() -> UnifiedCgroup? {
    guard let files = Files(), let own = files.ownDirectory(controller: nil) else { return nil }
    if let controllers = usable(own.path, holdsUs: true) {
      return UnifiedCgroup(path: own.path, controllers: controllers)
    }
    guard own.path != own.point, let slash = own.path.lastIndex(of: "/") else { return nil }
    let above = String(own.path[..<slash])
    guard let controllers = usable(above, holdsUs: false) else { return nil }
    return UnifiedCgroup(path: above, controllers: controllers)
  }

  /// Where version 2 is mounted.
  static func unifiedMount() -> String? { Files()?.unifiedPoint }

  /// The caller's directory in each v1 controller.
  static func legacy() -> [CgroupPlace.LegacyController] {
    guard let files = Files() else { return [] }
    return wantedLegacy.compactMap { controller in
      guard let own = files.ownDirectory(controller: controller), CgroupFile.isWritable(own.path)
      else {
        return nil
      }
      return CgroupPlace.LegacyController(name: controller, parent: own.path)
    }
  }

  /// What the kernel says of the calling process's cgroups, read once.
  private struct Files {
    private let mounts: [CgroupText.Mount]
    private let cgroup: String

    init?() {
      do throws(SystemError) {
        guard let mountinfo = try FileSystem.contents("/proc/self/mountinfo"),
          let cgroup = try FileSystem.contents("/proc/self/cgroup")
        else { return nil }
        mounts = CgroupText.mounts(String(decoding: mountinfo, as: UTF8.self))
        self.cgroup = String(decoding: cgroup, as: UTF8.self)
      } catch {
        return nil
      }
    }

    var unifiedPoint: String? { mounts.first { $0.type == "cgroup2" }?.point }

    /// The directory of the calling process, and where its hierarchy is mounted.
    func ownDirectory(controller: String?) -> (path: String, point: String)? {
      guard let own = CgroupText.own(cgroup, controller: controller) else { return nil }
      for mount in mounts {
        let fits =
          controller.map { mount.type == "cgroup" && mount.options.contains($0) }
          ?? (mount.type == "cgroup2")
        if fits, let path = CgroupText.directory(own, in: mount), CgroupFile.exists(path) {
          return (path, mount.point)
        }
      }
      return nil
    }
  }

  /// The controllers that children of a directory can have by our hand; nil when we may make none there.
  private static func usable(_ path: String, holdsUs: Bool) -> [String]? {
    let files = ["", "/cgroup.procs", "/cgroup.subtree_control"]
    guard files.allSatisfy({ CgroupFile.isWritable(path + $0) }), isOurs(path, isOwn: holdsUs),
      let available = TextFile.read(path + "/cgroup.controllers"),
      let enabled = TextFile.read(path + "/cgroup.subtree_control")
    else { return nil }
    // Only the root has no type; it alone may hold processes beside controllers for its children.
    let type = TextFile.readLine(path + "/cgroup.type")
    guard type == nil || type == "domain" else { return nil }
    let all = CgroupText.words(available).filter(wanted.contains)
    let ready = CgroupText.words(enabled).filter(wanted.contains)
    let result = type == nil || (holdsUs && isAlone(path, withChildren: true)) ? all : ready
    return result.isEmpty ? nil : result
  }

  /// Where systemd runs, every directory is its own, for it wants to be the only writer, but for what it has delegated: that
  /// carries a mark, and so is everything beneath ours. What is beneath `user@N.service` is marked for the user's own systemd,
  /// not for us. That one may set no marks of its own, and before systemd 251 an ordinary user sees none: its own directory, if it
  /// may write there, must do.
  private static func isOurs(_ path: String, isOwn: Bool) -> Bool {
    guard CgroupFile.exists("/run/systemd/system") else { return true }
    var path = Substring(path)
    while let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      if CgroupFile.isMarkedDelegated(String(path)) {
        let isUsersManager = path[path.index(after: slash)...].hasPrefix("user@")
        return !isUsersManager || (isOwn && !HostProbe.isRoot)
      }
      path = path[..<slash]
    }
    return isOwn && !HostProbe.isRoot
  }

  /// Whether we are the only process of a cgroup.
  ///
  /// - Parameter withChildren: children of ours do not count: the early child, which ends before a cgroup is made.
  static func isAlone(_ path: String, withChildren: Bool = false) -> Bool {
    let own = CgroupFile.ownPid
    guard let text = TextFile.read(path + "/cgroup.procs") else { return false }
    let others = ProcessText.pids(text).filter { $0 != own }
    if others.isEmpty { return true }
    guard withChildren else { return false }
    let children = ProcessTree.children(ofMain: own)
    return others.allSatisfy(children.contains)
  }
}
