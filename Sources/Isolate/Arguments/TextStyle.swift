/// How text for a person is dressed: plain, or with a terminal's bold and colours.
package enum TextStyle: Hashable, Sendable {
  case plain, colour

  package func heading(_ text: String) -> String { wrap(text, "1") }
  package func command(_ text: String) -> String { wrap(text, "36") }
  package func good(_ text: String) -> String { wrap(text, "32") }
  package func bad(_ text: String) -> String { wrap(text, "31") }
  package func doubtful(_ text: String) -> String { wrap(text, "33") }

  private func wrap(_ text: String, _ code: String) -> String {
    switch self {
    case .plain: text
    case .colour: "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
  }
}

/// Breaks paragraphs into lines.
package enum TextWrap {
  /// Fills lines of at most `width` columns, each after `indent` spaces. A word longer than a line
  /// stays whole.
  package static func fill(_ text: String, indent: Int, width: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = margin
    for word in text.split(separator: " ") {
      if line.count > indent, line.count + 1 + word.count > width {
        lines.append(line)
        line = margin
      }
      if line.count > indent { line += " " }
      line += word
    }
    if line.count > indent { lines.append(line) }
    return lines
  }

  /// A table of two columns: names, and text wrapped beside them. A name too long for its column
  /// stands on a line of its own.
  package static func table(
    _ rows: [(name: String, text: String)], nameWidth: Int, width: Int,
    dress: (String) -> String = { $0 }
  ) -> [String] {
    var lines: [String] = []
    for row in rows {
      let column = nameWidth + 4
      var filled = fill(row.text, indent: column, width: width)
      let name = "  " + dress(row.name)
      if row.name.count <= nameWidth, !filled.isEmpty {
        let gap = String(repeating: " ", count: column - 2 - row.name.count)
        filled[0] = name + gap + filled[0].drop { $0 == " " }
      } else {
        filled.insert(name, at: 0)
      }
      lines += filled
    }
    return lines
  }
}
