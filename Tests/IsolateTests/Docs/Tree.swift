import Glibc

/// The tree that the tests and their documents belong to.
enum Tree {
  /// `ISOLATED_TEST_ROOT` if that is set, else where this file was compiled.
  static var root: String {
    guard let given = unsafe getenv("ISOLATED_TEST_ROOT") else { return Run.package }
    return unsafe String(cString: given)
  }

  /// A file of it; empty when there is none.
  static func text(_ path: String) -> String { Run.read(root + "/" + path) }

  /// Its lines, the end of line not counted.
  static func lines(_ path: String) -> [String] {
    text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}
