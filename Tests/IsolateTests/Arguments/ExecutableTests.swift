import Isolate
import Testing

@Suite("The executable")
struct ExecutableTests {
  private func run(_ line: String) -> Ran {
    Run.shell("exec \"$1\" \(line)", [Run.isolated])
  }

  @Test("prints its version and nothing else") func version() {
    let ran = run("--version")
    #expect(ran.output == Version.line)
    #expect(ran.errors.isEmpty)
    #expect(ran.code == 0)
    #expect(Version.line == "isolated \(Version.text)\n")
  }

  @Test(
    "prints help on standard output and exits with 0",
    arguments: [
      "--help", "help", "help run", "run --help", "check --help", "man", "man profile",
      "completions bash",
    ]) func help(line: String)
  {
    let ran = run(line)
    #expect(ran.code == 0)
    #expect(!ran.output.isEmpty)
    #expect(ran.errors.isEmpty)
    #expect(!ran.output.contains("\u{1B}"), "no colour but on a terminal")
  }

  @Test(
    "prints errors on standard error",
    arguments: [
      ("", 2), ("rnu", 2), ("check --raed", 2), ("run --raed", 125), ("plan --raed", 125),
      ("show --raed", 125), ("run", 125), ("completions ksh", 2),
    ] as [(String, Int32)]) func errors(line: String, code: Int32)
  {
    let ran = run(line)
    #expect(ran.code == code)
    #expect(ran.output.isEmpty)
    #expect(ran.errors.hasPrefix("isolated: "))
  }

  @Test("does not mind when nobody reads its output", arguments: ["help run", "man profile"])
  func closedPipe(line: String) {
    // The reader is gone before anything is written.
    let script = "(sleep 0.2; \"$1\" \(line); echo $? >&3) 3>&2 | true"
    let ran = Run.shell(script, [Run.isolated])
    #expect(ran.errors == "0\n")
  }

  @Test("says so when its output cannot be written") func fullDevice() {
    for line in ["help run", "--version"] {
      let ran = run("\(line) >/dev/full")
      #expect(ran.code == 125)
      #expect(ran.errors == "isolated: cannot write the output: No space left on device\n")
    }
  }

  @Test("uses colour on a terminal, and not with NO_COLOR or TERM=dumb") func colour() {
    guard let script = Run.find("script") else {
      Issue.record("script(1) from bsdutils is needed to make a terminal")
      return
    }
    func onTerminal(_ variables: String) -> String {
      let line = "env -u NO_COLOR TERM=xterm \(variables) \(Run.isolated) help"
      return Run.command([script, "-qec", line, "/dev/null"]).output
    }
    #expect(onTerminal("").contains("\u{1B}[1m"))
    #expect(!onTerminal("NO_COLOR=1").contains("\u{1B}"))
    #expect(onTerminal("NO_COLOR=").contains("\u{1B}[1m"))
    #expect(!onTerminal("TERM=dumb").contains("\u{1B}"))
  }
}
