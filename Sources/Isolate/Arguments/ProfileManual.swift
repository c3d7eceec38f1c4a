/// isolated-profile(5): the summary. docs/profile.md has every key.
enum ProfileManual {
  static func write(_ roff: inout Roff) {
    roff.name("how profiles are written")
    roff.section("DESCRIPTION")
    roff.paragraph(
      "A profile is a TOML 1.0 file that says what an app may see, reach and use. What it does not name "
        + "is not there. An unknown key, a wrong type or an impossible combination is an error; isolated "
        + "check reports all of them at once. The page docs/profile.md, installed with the program, "
        + "documents every key.")
    roff.section("FILES")
    roff.paragraph(Command.profiles.about.joined(separator: " "))
    roff.section("RULES")
    roff.paragraph(
      "extends names the profiles to build on. A profile may always narrow what they allow; what widens "
        + "it must be named under relax, with a reason.")
    roff.paragraph("Of two path rules, the one on the deeper path wins.")
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
}
