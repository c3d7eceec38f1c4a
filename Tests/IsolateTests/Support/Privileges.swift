import Glibc

<<<<<<< HEAD
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
=======
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
    return Run.exists(copy) ? copy : root + "/.build/debug/isolated"
>>>>>>> victim
  }
}
