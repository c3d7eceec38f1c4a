/// The version of this program.
package enum Version {
  package static var text: String { "0.1.0" }
  /// What `--version` prints.
  package static var line: String { "isolated 0.1.0\n" }
}
