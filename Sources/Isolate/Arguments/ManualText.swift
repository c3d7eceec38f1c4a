/// Manual pages in roff, made from the command table. See man(7).
package enum ManualText {
  package static func roff(_ page: ManualPage) -> String {
    var roff = Roff(page)
    switch page {
    case .overview: overview(&roff)
    case .command(let command): write(command, &roff)
    case .profile: ProfileManual.write(&roff)
    }
    return roff.text
  }

  private static func overview(_ roff: inout Roff) {
    roff.name("run any program with a private view of the machine")
    roff.section("SYNOPSIS")
    for command in Command.allCases { command.usage.forEach { roff.synopsis($0) } }
    roff.synopsis("--version")
    roff.section("DESCRIPTION")
    roff.paragraph(
      "isolated gives a program its own processes, files, network, descriptors, terminal and "
        + "limits, "
        + "and lets it reach the machine only as its profile says. It needs no root, no daemon "
        + "and no "
        + "set-up. When the program ends, isolated says how, and exits as a shell would.")
    roff.section("COMMANDS")
    for command in Command.allCases {
      roff.item(
        "isolated " + command.rawValue, "\(command.summary). See isolated-\(command.rawValue)(1).")
    }
    roff.section("OPTIONS")
    roff.item("--help", "explain the commands, or, after a command, that command")
    roff.item("--version", CommandOption.version.summary)
    roff.section("EXIT STATUS")
    for code in Command.run.exitCodes { roff.item(code.code, code.meaning) }
    roff.paragraph("These are the codes of isolated run; each command's page has its own.")
    roff.section("FILES")
    roff.paragraph(Command.profiles.about.joined(separator: " "))
    roff.section("ENVIRONMENT")
    roff.item("NO_COLOR", "when set and not empty, output to a terminal has no colour")
    roff.section("EXAMPLES")
    for command in [Command.run, .plan, .show, .check, .doctor] {
      roff.examples(Array(command.examples.prefix(2)))
    }
    roff.seeAlso(except: .overview)
  }

  private static func write(_ command: Command, _ roff: inout Roff) {
    roff.name(command.summary)
    roff.section("SYNOPSIS")
    command.usage.forEach { roff.synopsis($0) }
    roff.section("DESCRIPTION")
    if command.about.isEmpty { roff.paragraph("See the examples.") }
    command.about.forEach { roff.paragraph($0) }
    roff.section("OPTIONS")
    for option in command.options { roff.item(option.synopsis, option.summary) }
    if command.startsFromProfile { values(&roff) }
    roff.section("EXIT STATUS")
    for code in command.exitCodes { roff.item(code.code, code.meaning) }
    roff.section("EXAMPLES")
    roff.examples(command.examples)
    roff.seeAlso(except: .command(command))
  }

  private static func values(_ roff: inout Roff) {
    roff.section("VALUES")
    for option in CommandOption.allCases {
      switch option.kind {
      case .words(let words): roff.item(option.typed, "one of " + words.joined(separator: ", "))
      case .keys(let keys):
        roff.item(option.synopsis, "the keys: " + keys.joined(separator: ", "))
      case .flag, .profile, .path, .directory, .other: break
      }
    }
    roff.paragraph("What each key means: isolated-profile(5).")
  }
}

/// Writes roff: escapes text and keeps requests on lines of their own.
package struct Roff {
  private(set) var text: String

  init(_ page: ManualPage) {
    let title = page.name.uppercased()
    text = ".\\\" Made by 'isolated man'. Change the command table, not this file.\n"
    text += ".TH \(title) \(page.section) \"\" \"isolated \(Version.text)\" \"isolated manual\"\n"
    // No hyphenation and no justification: option names must not be broken or stretched.
    text += ".nh\n.ad l\n"
    self.page = page
  }

  private let page: ManualPage

  mutating func name(_ summary: String) {
    section("NAME")
    text += "\(Roff.escape(page.name)) \\- \(Roff.escape(summary))\n"
  }

  mutating func section(_ title: String) { text += ".SH \(title)\n" }
  mutating func subsection(_ title: String) { text += ".SS \(Roff.escape(title))\n" }
  mutating func paragraph(_ words: String) { text += ".PP\n\(Roff.line(words))\n" }

  mutating func synopsis(_ usage: String) {
    let words = usage.split(separator: " ", maxSplits: 1).map(String.init)
    text += ".PP\n\\fBisolated \(Roff.escape(words[0]))\\fR"
    if words.count > 1 { text += " " + Roff.escape(words[1]) }
    text += "\n"
  }

  mutating func item(_ term: String, _ words: String) {
    text += ".TP\n\\fB\(Roff.escape(term))\\fR\n\(Roff.line(words))\n"
  }

  mutating func code(_ lines: [String]) {
    text += ".PP\n.RS 4\n.nf\n"
    for line in lines { text += Roff.line(line) + "\n" }
    text += ".fi\n.RE\n"
  }

  mutating func examples(_ examples: [Example]) {
    for example in examples {
      paragraph(example.does + (example.does.hasSuffix("?") ? "" : ":"))
      code([example.line])
    }
  }

  mutating func seeAlso(except this: ManualPage) {
    section("SEE ALSO")
    let others = ManualPage.all.filter { $0 != this }
    text += others.map { "\\fB\(Roff.escape($0.name))\\fR(\($0.section))" }.joined(separator: ",\n")
    text += "\n"
  }

  /// Text at the start of a line: a leading dot or quote would be a request.
  private static func line(_ words: String) -> String {
    let escaped = escape(words)
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  /// Escapes what roff would read as its own. A `-` must stay the ASCII one: it is copied into
  /// shells.
  package static func escape(_ words: String) -> String {
    var result = ""
    for character in words {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case "\"": result += "\\(dq"
      default: result.append(character)
      }
    }
    return result
  }
}
