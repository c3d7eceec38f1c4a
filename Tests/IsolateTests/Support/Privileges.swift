import Glibc

/// Whom the tests run as: the suite is run twice, as root and as an ordinary user.
enum Privileges {
  static var isRoot: Bool { geteuid() == 0 }
}

/// The programs under test.
enum Executable {
  /// `isolated`: beside the test bundle, or in the tree that `ISOLATED_TEST_ROOT` names.
  static var path: String { beside("isolated") }
  static var victim: String { beside("victim") }

  private static func beside(_ name: String) -> String {
    if let root = unsafe getenv("ISOLATED_TEST_ROOT") {
      let path = unsafe String(cString: root) + "/bin/" + name
      if Run.exists(path) { return path }
    }
    return Run.products + "/" + name
  }
}
