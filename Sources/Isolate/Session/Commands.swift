/// What a command that only prints came to.
package struct CommandResult: Hashable, Sendable {
  package var output: String
  /// What goes to standard error, each line with its newline.
  package var errors: String
  package var exitCode: Int32

  package init(output: String = "", errors: String = "", exitCode: Int32 = 0) {
    self.output = output
    self.errors = errors
    self.exitCode = exitCode
  }
}
