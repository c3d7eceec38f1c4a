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

/// Standard output of a command that prints as it goes.
final class StreamedOutput {
  /// Why it could not be written, but for a reader that has gone (head(1)).
  private var failure: Int32?

  /// - Returns: false: it cannot be written any more.
  func put(_ text: String) -> Bool { noted(Output.print(text, to: 1)) }

  /// The same for bytes.
  func put(_ bytes: [UInt8]) -> Bool { noted(Output.print(bytes, to: 1)) }

  private func noted(_ result: Output.PrintResult) -> Bool {
    if case .failed(let number) = result { failure = number }
    return result == .written
  }

  /// What it came to: an error where not all was written.
  var result: CommandResult {
    failure.map { CommandResult.unwritten($0) } ?? CommandResult()
  }
}

extension CommandResult {
  /// Standard output cannot be written, with that errno.
  package static func unwritten(_ number: Int32) -> CommandResult {
    CommandResult(
      errors: "isolated: cannot write the output: \(SystemError.text(number))\n", exitCode: 125)
  }
}

/// Carries `doctor` out: 0 when all that the default profile requires works, else 1.
package func runDoctor(json: Bool, style: TextStyle) -> CommandResult {
  let findings = Doctor.examine()
  let text = json ? DoctorReport.json(findings) : DoctorReport.text(findings, style: style)
  return CommandResult(output: text, exitCode: Doctor.isWell(findings) ? 0 : 1)
}
