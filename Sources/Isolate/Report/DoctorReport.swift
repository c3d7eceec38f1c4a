/// What `doctor` prints: for people, and as JSON.
package enum DoctorReport {
  package static func text(_ findings: [Finding], style: TextStyle) -> String {
    var lines: [String] = []
    for finding in findings {
      lines.append("\(mark(finding.status, style)) \(style.heading(finding.name))")
      if !finding.detail.isEmpty {
        lines += TextWrap.fill(finding.detail, indent: 6, width: HelpText.width)
      }
      if finding.status == .works { continue }
      let required = finding.isRequired ? " (the default profile requires it)" : ""
      lines += TextWrap.fill(
        "needed for: \(finding.neededFor)\(required)", indent: 6, width: HelpText.width)
      if let cure = finding.cure { lines += self.cure(cure) }
    }
    return lines.joined(separator: "\n") + "\n\n" + verdict(findings) + "\n"
  }

  /// Prose is filled; lines that begin with spaces are commands to copy and stay as they are.
  private static func cure(_ text: String) -> [String] {
    var lines: [String] = []
    for (index, line) in text.split(separator: "\n").enumerated() {
      let isCommand = line.hasPrefix("  ") || line.hasPrefix("sudo ")
      let words = index == 0 ? "cure: \(line)" : String(line)
      if isCommand {
        lines.append("      " + words)
      } else {
        lines += TextWrap.fill(words, indent: 6, width: HelpText.width)
      }
    }
    return lines
  }

  private static func mark(_ status: Finding.Status, _ style: TextStyle) -> String {
    switch status {
    case .works: style.good("ok   ")
    case .partly: style.doubtful("part ")
    case .missing: style.bad("no   ")
    }
  }

  private static func verdict(_ findings: [Finding]) -> String {
    let lacking = findings.filter { $0.isRequired && $0.status != .works }.map(\.name)
    if lacking.isEmpty { return "All that the default profile requires works here." }
    return "The default profile starts nothing here, for it requires: "
      + lacking.joined(separator: ", ") + "."
  }

  /// One object: `well`, and `findings` with the fields of `Finding`.
  package static func json(_ findings: [Finding]) -> String {
    var json = JSONWriter(indented: true)
    json.beginObject()
    json.field("well", Doctor.isWell(findings))
    json.key("findings")
    json.beginArray()
    for finding in findings {
      json.beginObject()
      json.field("name", finding.name)
      json.field("status", finding.status.rawValue)
      json.field("detail", finding.detail)
      json.field("needed-for", finding.neededFor)
      json.key("cure")
      if let cure = finding.cure { json.value(cure) } else { json.null() }
      json.field("required", finding.isRequired)
      json.endObject()
    }
    json.endArray()
    json.endObject()
    json.endLine()
    return json.text
  }
}
