import Isolate
import Testing

/// The shells are not on every machine. One that is missing is reported, not passed over in
/// silence: set ISOLATED_TEST_SHELLS=all (CI does) to make it a failure.
private func shell(_ name: String) -> String? {
  if let path = Run.find(name) { return path }
  print("not checked: \(name) is not installed")
  #expect(Run.shell("test \"$ISOLATED_TEST_SHELLS\" != all").code == 0, "\(name) is missing")
  return nil
}

@Suite("Completions")
struct CompletionTests {
  @Test("are valid to the shell they are for", arguments: Shell.allCases)
  func syntax(for shell: Shell) {
    guard let path = IsolateTests.shell(shell.rawValue) else { return }
    let good = Run.command([path, "-n"], input: Completions.script(for: shell))
    #expect(good.code == 0)
    #expect(good.errors.isEmpty)
    let bad = Run.command([path, "-n"], input: Completions.script(for: shell) + "\nif [[ ( {\n")
    #expect(bad.code != 0, "the check itself finds mistakes")
  }

  @Test("know every command and option", arguments: Shell.allCases)
  func complete(shell: Shell) {
    let script = Completions.script(for: shell)
    for command in Command.allCases { #expect(script.contains(command.rawValue)) }
    for option in CommandOption.allCases {
      #expect(script.contains(shell == .fish ? "-l \(option.rawValue) " : option.typed))
    }
    for key in LimitName.allCases { #expect(script.contains(key.rawValue + "=")) }
    for mode in NetworkMode.allCases { #expect(script.contains(mode.rawValue)) }
    #expect(script.contains("isolated profiles --names"))
  }

  /// What bash offers for the last of these words.
  private func bash(_ words: [String]) -> [String] {
    guard let path = shell("bash") else { return [] }
    let script =
      Completions.script(for: .bash) + """

        isolated() { printf 'alpha\\nbeta\\n'; }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _isolated; printf '%s\\n' "${COMPREPLY[@]}"
        """
    let ran = Run.command([path, "--norc", "-c", script, "bash"] + words)
    #expect(ran.errors.isEmpty, "\(ran.errors)")
    return ran.output.split(separator: "\n").map(String.init)
  }

  @Test("of bash offer what fits at the place") func bashOffers() {
    guard shell("bash") != nil else { return }
    #expect(bash(["isolated", "pr"]) == ["profiles"])
    #expect(bash(["isolated", "--ver"]) == ["--version"])
    #expect(bash(["isolated", "run", "--netw"]) == ["--network"])
    #expect(bash(["isolated", "run", "--network", ""]) == ["none", "loopback", "host"])
    #expect(bash(["isolated", "run", "--network", "=", "lo"]) == ["loopback"])
    #expect(bash(["isolated", "run", "--network", "="]) == ["none", "loopback", "host"])
    #expect(bash(["isolated", "run", "--limit", "mem"]) == ["memory="])
    #expect(bash(["isolated", "plan", "--profile", "al"]) == ["alpha"])
    #expect(bash(["isolated", "run", "bet"]) == ["beta"])
    #expect(bash(["isolated", "check", "a", "bet"]) == ["beta"])
    #expect(bash(["isolated", "run", "--read", "/et"]) == ["/etc"])
    #expect(bash(["isolated", "run", "--workdir", "/et"]) == ["/etc"])
    #expect(bash(["isolated", "completions", "f"]) == ["fish"])
    #expect(bash(["isolated", "doctor", "--"]) == ["--json", "--help"])
    #expect(bash(["isolated", "run", "--read", "/x", "--", "tru"]).contains("true"))
    #expect(bash(["isolated", "run", "app", "--netw"]).isEmpty, "what follows APP is not ours")
    #expect(bash(["isolated", "run", "--", "ls", "/et"]) == ["/etc"])
  }

  @Test("of fish offer what fits at the place") func fishOffers() {
    guard let path = shell("fish") else { return }
    func offers(_ line: String) -> [String] {
      let script =
        Completions.script(for: .fish)
        + "\nfunction isolated; printf 'alpha\\nbeta\\n'; end\ncomplete -C '\(line)'\n"
      let ran = Run.command([path, "--no-config"], input: script)
      return ran.output.split(separator: "\n").compactMap {
        $0.split(separator: "\t").first.map(String.init)
      }
    }
    #expect(offers("isolated prof") == ["profiles"])
    #expect(offers("isolated run --netw") == ["--network"])
    #expect(offers("isolated run --network lo") == ["loopback"])
    #expect(offers("isolated run --limit mem") == ["memory="])
    #expect(offers("isolated run --profile alph") == ["alpha"])
    #expect(offers("isolated run bet") == ["beta"])
    #expect(offers("isolated completions f") == ["fish"])
    #expect(offers("isolated check --netw") == [])
    #expect(offers("isolated run -- tru").contains("true"))
  }

  @Test("of zsh load and declare themselves") func zshOffers() {
    guard let path = shell("zsh") else { return }
    // The completion system runs only inside the line editor, which needs a terminal: what is
    // checked here is that the script loads and declares itself.
    let check = """
      autoload -Uz compinit; compinit -u -D
      eval "$1"
      print -r -- $_comps[isolated]
      """
    let ran = Run.command(
      [path, "-f", "-c", check, "zsh", Completions.script(for: .zsh)])
    #expect(ran.output.contains("_isolated"))
    #expect(ran.errors.isEmpty, "\(ran.errors)")
  }
}

@Suite("Manual pages")
struct ManualTests {
  @Test("are valid roff without a warning", arguments: ManualPage.all)
  func roff(of page: ManualPage) {
    let source = ManualText.roff(page)
    guard let groff = shell("groff") else { return }
    let ran = Run.command([groff, "-man", "-Tutf8", "-ww"], input: source)
    #expect(ran.code == 0)
    #expect(ran.errors.isEmpty, "\(ran.errors)")
    let bad = Run.command([groff, "-man", "-Tutf8", "-ww"], input: source + ".nonsense\n\\fZ\n")
    #expect(!bad.errors.isEmpty, "the check itself finds mistakes")
  }

  @Test("have the sections a manual page has, and every option", arguments: Command.allCases)
  func sections(of command: Command) {
    let source = ManualText.roff(.command(command))
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"] {
      #expect(source.contains(".SH \(section)\n"))
    }
    for option in command.options { #expect(source.contains(Roff.escape(option.synopsis))) }
  }

  @Test("name every key of a profile in isolated-profile(5)") func keys() {
    let source = ManualText.roff(.profile)
    for key in ProfileKey.all {
      #expect(source.contains("\\fB\(Roff.escape(String(key.name)))\\fR"))
    }
    for section in ProfileKey.sections { #expect(source.contains(".SS [\(section)]")) }
  }

  @Test("keep what roff would take as its own") func escapes() {
    #expect(Roff.escape("a-b\\'`^~\"") == "a\\-b\\e\\(aq\\(ga\\(ha\\(ti\\(dq")
  }

  @Test("are found by the word a person types", arguments: ManualPage.all)
  func word(for page: ManualPage) {
    #expect(ManualPage(word: page.name) == page)
    #expect(ManualPage(word: "nothing") == nil)
  }
}

@Suite("scripts/make-man")
struct MakeManTests {
  @Test("writes every page and every completion script") func writesAll() {
    let script = """
      set -e
      directory=$(mktemp -d /tmp/isolated-test-XXXXXX)
      trap 'rm -rf "$directory"' EXIT
      "$1/scripts/make-man" "$2" "$directory"
      cd "$directory"
      find . -type f -size +0 | sort
      """
    let ran = Run.shell(script, [Run.package, Run.isolated])
    #expect(ran.code == 0, "\(ran.errors)")
    let written = Set(ran.output.split(separator: "\n").map(String.init))
    for page in ManualPage.all {
      #expect(written.contains("./man/man\(page.section)/\(page.name).\(page.section)"))
    }
    #expect(written.count == ManualPage.all.count + Shell.allCases.count)
  }
}
