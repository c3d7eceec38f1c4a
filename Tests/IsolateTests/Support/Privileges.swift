import Glibc

/// Who runs the tests: they run twice, as root and as an ordinary user.
enum Privileges {
  static var isRoot: Bool { geteuid() == 0 }
}

/// The executable under test, and the tree that it was built from.
enum Executable {
  /// `ISOLATED_TEST_ROOT` if that is set, else where this file was compiled.
  static var root: String {
    if let given = unsafe getenv("ISOLATED_TEST_ROOT") { return unsafe String(cString: given) }
    return Run.package
  }

  static var path: String {
    let copy = root + "/bin/isolated"
    return Run.exists(copy) ? copy : Run.isolated
  }
}
