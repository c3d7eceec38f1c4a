/// Finds where the caller may make cgroups.
enum CgroupProbe {
  /// The caller's own cgroup v2 directory, if it may make children there and hand them controllers.
  static func unified() -> (path: String, controllers: [String])? { nil }

  /// The caller's directory in each v1 controller.
  static func legacy() -> [CgroupPlace.LegacyController] { [] }
}
