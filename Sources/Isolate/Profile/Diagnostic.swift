/// One thing that is wrong in a profile or on the command line: where, what, and the cure.
package struct Diagnostic: Error, Hashable, Sendable {
  package enum Severity: String, Sendable { case error, warning }

  package var severity: Severity
  package var position: Position
  /// How many characters the caret line underlines; at least 1.
  package var length: Int
  package var message: String
  /// What to do about it: the nearest valid key, the values allowed, the line to add.
  package var cure: String?

  package init(
    _ severity: Severity = .error, at position: Position, length: Int = 1, _ message: String,
    cure: String? = nil
  ) {
    self.severity = severity
    self.position = position
    self.length = max(1, length)
    self.message = message
    self.cure = cure
  }

  /// The diagnostic as a person reads it.
  ///
  /// - Parameter sourceLine: the text of the line at `position`, without its newline, if known.
  package func rendered(sourceLine: String?) -> String {
    var text = "\(position.precise): \(severity.rawValue): \(message)"
    if let sourceLine {
      let number = String(position.line)
      let margin = String(repeating: " ", count: number.count)
      let before = sourceLine.unicodeScalars.prefix(position.column - 1)
      let indent = String(String.UnicodeScalarView(before.map { $0 == "\t" ? "\t" : " " }))
      let underline = "^" + String(repeating: "~", count: length - 1)
      text += "\n  \(number) | \(sourceLine)\n  \(margin) | \(indent)\(underline)"
    }
    if let cure { text += "\n  help: \(cure)" }
    return text
  }
}
