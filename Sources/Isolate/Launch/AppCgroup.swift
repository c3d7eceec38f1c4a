/// The cgroup of a running app, to be joined.
package struct AppCgroup: ~Copyable {
  /// Of v2: to be born in.
  let directory: HeldDescriptor?
  /// Of v1: to be moved into.
  let paths: [String]

  /// Finds it by the app's init, which lives in it. Neither: the policy gives the app none.
  package static func find(
    of initProcess: borrowing OtherProcess, policy: Policy
  ) throws(EnterError) -> AppCgroup {
    guard let place = policy.limits.cgroup else { return AppCgroup(directory: nil, paths: []) }
    do throws(SystemError) {
      let pid = initProcess.pid
      guard let text = try FileSystem.contents("/proc/\(pid)/cgroup"),
        let mountinfo = try FileSystem.contents("/proc/self/mountinfo"), initProcess.isAlive()
      else { throw SystemError(call: "open", number: Errno.noProcess) }
      let found = directories(
        String(decoding: text, as: UTF8.self), place: place,
        mounts: CgroupText.mounts(String(decoding: mountinfo, as: UTF8.self)))
      guard let found, let first = found.first else {
        throw SystemError(call: "open", number: Errno.noEntry, subject: "/proc/\(pid)/cgroup")
      }
      if case .unified = place {
        let opened = HeldDescriptor(try CgroupFile.openDirectory(first))
        return AppCgroup(directory: opened, paths: [])
      }
      return AppCgroup(directory: nil, paths: found)
    } catch {
      if error.number == Errno.noProcess { throw .ended }
      throw error.number == Errno.noEntry ? .noCgroup : .system(error)
    }
  }

  /// Nil: one of them cannot be named from here, or is none that a launch made.
  package static func directories(
    _ cgroup: String, place: CgroupPlace, mounts: [CgroupText.Mount]
  ) -> [String]? {
    let controllers: [String?] =
      switch place {
      case .unified: [nil]
      case .legacy(let all): all.map(\.name)
      }
    var paths: [String] = []
    for controller in controllers {
      guard let own = CgroupText.own(cgroup, controller: controller),
        let last = own.split(separator: "/").last, last.hasPrefix(CgroupText.prefix),
        let path = path(own, controller, mounts)
      else { return nil }
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }

  private static func path(
    _ own: String, _ controller: String?, _ mounts: [CgroupText.Mount]
  ) -> String? {
    for mount in mounts {
      let fits =
        controller.map { mount.type == "cgroup" && mount.options.contains($0) }
        ?? (mount.type == "cgroup2")
      if fits, let path = CgroupText.directory(own, in: mount) { return path }
    }
    return nil
  }
}
