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
    var text = "\(position.precise): \(severity.rawValue): \(Self.visible(message))"
    if let sourceLine {
      let number = String(position.line)
      let margin = String(repeating: " ", count: number.count)
      let (line, before) = Self.part(of: sourceLine, around: position.column - 1)
      let indent = String(String.UnicodeScalarView(before.map { $0 == "\t" ? "\t" : " " }))
      let underline = "^" + String(repeating: "~", count: min(length, Self.widest) - 1)
      text += "\n  \(number) | \(Self.visible(line))\n  \(margin) | \(indent)\(underline)"
    }
    if let cure { text += "\n  help: \(Self.visible(cure))" }
    return text
  }

  /// So many characters of a line are shown, and at most so many before the place that is meant.
  private static let (widest, widestBefore) = (160, 100)

  /// A line may be as long as the file, which may be a program that somebody took for a profile: what is shown of it, and what
  /// of that stands before the place.
  private static func part(
    of line: String, around place: Int
  ) -> (shown: String, before: [Unicode.Scalar]) {
    let scalars = Array(line.unicodeScalars)
    let place = min(place, scalars.count)
    if scalars.count <= widest { return (line, Array(scalars[..<place])) }
    let start = max(0, place - widestBefore)
    let end = min(scalars.count, start + widest)
    let front: [Unicode.Scalar] = start > 0 ? [".", ".", "."] : []
    let back: [Unicode.Scalar] = end < scalars.count ? [".", ".", "."] : []
    let shown = front + scalars[start..<end] + back
    return (String(String.UnicodeScalarView(shown)), front + scalars[start..<place])
  }

  /// A profile may be somebody else's, looked at before it is trusted: what would be a command to the terminal becomes a picture of
  /// itself, one column wide as the caret expects (U+2400 and on). Tabs and newlines stay.
  private static func visible(_ text: String) -> String {
    func isControl(_ value: UInt32) -> Bool {
      (value < 0x20 && value != 0x09 && value != 0x0A) || 0x7F..<0xA0 ~= value
    }
    if !text.unicodeScalars.contains(where: { isControl($0.value) }) { return text }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if !isControl(scalar.value) {
        shown.append(scalar)
      } else if scalar.value < 0x20, let picture = Unicode.Scalar(0x2400 + scalar.value) {
        shown.append(picture)
      } else {
        shown.append(scalar.value == 0x7F ? "\u{2421}" : "\u{FFFD}")
      }
    }
    return String(shown)
  }
}
