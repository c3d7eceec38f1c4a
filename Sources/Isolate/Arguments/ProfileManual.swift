/// isolated-profile(5), made from the table of profile keys and the options that write them.
enum ProfileManual {
  static func write(_ roff: inout Roff) {
    roff.name("how profiles are written")
    roff.section("DESCRIPTION")
    roff.paragraph(
      "A profile is a TOML 1.0 file that says what an app may see, reach and use. What it does "
        + "not name "
        + "is not there. An unknown key, a wrong type or an impossible combination is an "
        + "error; isolated "
        + "check reports all of them at once.")
    roff.section("FILES")
    roff.paragraph(Command.profiles.about.joined(separator: " "))
    roff.section("RULES")
    roff.paragraph(
      "extends names the profiles to build on. A profile may always narrow what they allow; "
        + "what widens "
        + "it must be named under relax, with a reason. Of two path rules, the one on the "
        + "deeper path "
        + "wins.")
    roff.section("KEYS")
    keys(in: "", &roff)
    for section in ProfileKey.sections where section != "relax" {
      roff.subsection("[\(section)]")
      if ProfileKey.all.contains(where: { $0.section == section && $0.isOfNamedTable }) {
        roff.paragraph(
          "Tables with names of their own, [\(section).NAME]; NAME = false drops that of a base. "
            + "docs/profile.md has the whole story.")
      }
      keys(in: section, &roff)
    }
    roff.subsection("[relax]")
    roff.paragraph("Each entry is the path of a key and the reason why it is widened:")
    roff.code(["[relax]", "\"network.mode\" = \"fetches sources\""])
    roff.section("FROM THE COMMAND LINE")
    roff.paragraph("These options of isolated run are the same rules, written as arguments:")
    for option in CommandOption.allCases where option.isRule {
      roff.item(option.synopsis, option.summary)
    }
    roff.section("EXAMPLE")
    roff.code([
      "extends = [\"default\"]", "", "[files]", "read = [\"/srv/pictures\"]",
      "write = [\"/srv/thumbnails\"]", "", "[limits]", "memory = \"512M\"",
    ])
    roff.seeAlso(except: .profile)
  }

  private static func keys(in section: String, _ roff: inout Roff) {
    for key in ProfileKey.all where key.section == section {
      let words = key.doc.split(separator: "`", omittingEmptySubsequences: false).joined()
      var text = "\(words) Example: \(key.name) = \(key.example)."
      switch key.kind {
      case .words(let allowed): text += " One of: \(allowed.joined(separator: ", "))."
      case .wordList(let allowed): text += " A list of: \(allowed.joined(separator: ", "))."
      case .string, .boolean, .size, .time, .count, .number, .octal, .path, .strings, .ports,
        .integers, .paths, .rules, .listeners, .table:
        break
      }
      roff.item(String(key.name), text + " When profiles extend each other: \(key.merge.rawValue).")
    }
  }
}
