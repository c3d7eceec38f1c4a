import Glibc

/// Who runs the tests.
enum Privileges {
  static let isRoot = geteuid() == 0
}

/// The executable under test.
enum Executable {
  /// Where the tree is that the tests read: a copy for an ordinary user, else the package itself.
  static var root: String {
    guard let value = unsafe getenv("ISOLATED_TEST_ROOT") else { return Run.package }
    return unsafe String(cString: value)
  }

  static var path: String {
    let copied = root + "/bin/isolated"
    return Run.exists(copied) ? copied : Run.isolated
  }
}
