import Glibc

/// Who runs the tests: they run twice, as root and as an ordinary user.
enum Privileges {
  static var isRoot: Bool { geteuid() == 0 }
}

/// The executables under test, and the tree that they were built from.
enum Executable {
  /// `ISOLATED_TEST_ROOT` if that is set, else where this file was compiled.
  static var root: String {
    if let given = unsafe getenv("ISOLATED_TEST_ROOT") { return unsafe String(cString: given) }
    return Run.package
  }

  static var path: String {
    let copied = root + "/bin/isolated"
    return Run.exists(copied) ? copied : Run.isolated
  }
}
