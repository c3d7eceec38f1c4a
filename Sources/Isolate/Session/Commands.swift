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

/// Carries `doctor` out: 0 when all that the default profile requires works, else 1.
package func runDoctor(json: Bool, style: TextStyle) -> CommandResult {
  let findings = Doctor.examine()
  let text = json ? DoctorReport.json(findings) : DoctorReport.text(findings, style: style)
  return CommandResult(output: text, exitCode: Doctor.isWell(findings) ? 0 : 1)
}
