import Isolate
import Testing

/// A line of words, split at spaces: enough for these tests.
private func read(_ line: String) throws(UsageError) -> Invocation {
  try ArgumentReader.read(line.split(separator: " ").map(String.init))
}

@Suite("A command line")
struct ArgumentReaderTests {
  @Test(
    "means what its words say",
    arguments: [
      ("--version", Invocation.version), ("-V", .version), ("--help", .help(nil)),
      ("-h", .help(nil)), ("help", .help(nil)), ("help run", .help(.run)),
      ("run --help", .help(.run)), ("run -h", .help(.run)), ("doctor --help", .help(.doctor)),
      ("run --read / --help", .help(.run)), ("help --help", .help(.help)),
      ("doctor", .doctor(json: false)), ("doctor --json", .doctor(json: true)),
      ("doctor --json --json", .doctor(json: true)),
      ("profiles", .profiles(.text)), ("profiles --json", .profiles(.json)),
      ("profiles --names", .profiles(.names)),
      ("check", .check([], json: false)),
      (
        "check a --json ./b.toml",
        .check(
          [TypedWord("a", argument: 2), TypedWord("./b.toml", argument: 4)], json: true)
      ),
      ("check -- --json", .check([TypedWord("--json", argument: 3)], json: false)),
      ("check -", .check([TypedWord("-", argument: 2)], json: false)),
      ("exec a -- ls -l", .exec(ExecRequest(app: "a", command: ["ls", "-l"]))),
      (
        "exec --terminal none a.7 -- x",
        .exec(ExecRequest(app: "a.7", command: ["x"], terminal: TerminalMode.none))
      ),
      ("exec a --help", .help(.exec)),
      ("grants a", .operate(.grants(app: "a"), json: false)),
      ("handles --json a.12", .operate(.handles(app: "a.12"), json: true)),
      ("revoke a g", .operate(.revoke(app: "a", grant: "g"), json: false)),
      ("revoke a -- -g", .operate(.revoke(app: "a", grant: "-g"), json: false)),
      ("answer a", .operate(.questions(app: "a"), json: false)),
      ("answer a 3 never", .operate(.answer(app: "a", ask: 3, .never), json: false)),
      ("forget a", .operate(.forget(app: "a", grant: nil), json: false)),
      ("forget a g --json", .operate(.forget(app: "a", grant: "g"), json: true)),
      ("completions bash", .completions(.bash)), ("completions zsh", .completions(.zsh)),
      ("completions fish", .completions(.fish)),
      ("man", .man(.overview)), ("man isolated", .man(.overview)),
      ("man run", .man(.command(.run))),
      ("man isolated-run", .man(.command(.run))), ("man profile", .man(.profile)),
    ]) func understood(line: String, meaning: Invocation) throws
  {
    #expect(try read(line) == meaning)
  }

  @Test(
    "that makes no sense is refused with the argument's number",
    arguments: [
      ("rnu", 1, "unknown command rnu", "did you mean run?"),
      ("frobnicate", 1, "unknown command 'frobnicate'", nil),
      ("--verson", 1, "unknown option --verson", "did you mean --version?"),
      ("--json", 1, "unknown option --json before a command", nil),
      ("--version x", 2, "nothing may follow --version", nil),
      ("--help run", 2, "nothing may follow --help", nil),
      ("run --raed x", 2, "unknown option --raed for 'run'", "did you mean --read?"),
      ("run --read=/a --wrte=/b x", 3, "unknown option --wrte for 'run'", "did you mean --write?"),
      (
        "run --jsonstatusfd 3 x", 2, "unknown option --jsonstatusfd for 'run'",
        "did you mean --json-status-fd?"
      ),
      ("run --zzzzzz", 2, "unknown option --zzzzzz for 'run'", nil),
      (
        "daemon --socket-group g", 2,
        "--socket-group needs --socket PATH: the usual directory lets nobody else in",
        "--socket PATH in a directory that the group may enter"
      ),
      (
        "daemon --socket s --socket-mode 0660", 4, "--socket-mode '0660' is for a group",
        "--socket-group GROUP"
      ),
      (
        "daemon --socket s --socket-group g --socket-mode 0666", 6,
        "--socket-mode '0666': the user reads and writes, the group may, and nobody else",
        "--socket-mode 0600, or 0660 with --socket-group"
      ),
      (
        "daemon --metrics tcp:0.0.0.0:9100", 2,
        "--metrics 'tcp:0.0.0.0:9100' is no address of this machine's loopback, and no path",
        "--metrics unix:PATH, tcp:127.0.0.1:PORT or tcp:[::1]:PORT"
      ),
      ("run -x", 2, "unknown option -x for 'run'", nil),
      ("run --hostn x -- y", 2, "unknown option --hostn for 'run'", "did you mean --hostname?"),
      (
        "run --json x", 2, "unknown option --json for 'run'",
        "--json belongs to: plan, show, check, profiles, doctor, grants, handles, revoke, answer, forget, start, stop, restart, reload, status, why, top, ps, logs, events, kill, freeze, thaw, reset-failed, crashes"
      ),
      (
        "run --version", 2, "unknown option --version for 'run'",
        "--version belongs to: before any command"
      ),
      (
        "top --interval 0", 2, "--interval takes seconds from 0.1 to 3600, not '0'", nil
      ),
      ("top --interval nan", 2, "--interval takes seconds from 0.1 to 3600, not 'nan'", nil),
      ("top web", 2, "unexpected 'web'", nil),
      ("why --last 33 web", 2, "--last takes a number up to 32, not '33'", nil),
      (
        "crashes --directory /a --socket /b", 4,
        "--socket and --directory exclude each other", nil
      ),
      ("plan --quiet x", 2, "unknown option --quiet for 'plan'", "--quiet belongs to: run, daemon"),
      (
        "check --read x", 2, "unknown option --read for 'check'",
        "--read belongs to: run, plan, show"
      ),
      ("run --read", 2, "--read needs a value", "--read PATH[:PLACE]"),
      ("run --read= x", 2, "--read has an empty value", "--read PATH[:PLACE]"),
      (
        "run --read --write x", 2, "--read needs a value, but '--write' follows",
        "if '--write' is the value, write --read=--write"
      ),
      (
        "run --read --", 2, "--read needs a value, but '--' follows",
        "if '--' is the value, write --read=--"
      ),
      ("run --quiet=yes x", 2, "--quiet takes no value", nil),
      (
        "run --profile a --profile b", 4,
        "--profile was given before, as argument 2; it can be given once", nil
      ),
      (
        "run --name=a --name=b x", 3,
        "--name was given before, as argument 2; it can be given once", nil
      ),
      (
        "run --json-status-fd x y", 2,
        "--json-status-fd takes the number of an open descriptor, not 'x'",
        "isolated run --json-status-fd 3 ... 3>status.json"
      ),
      (
        "run --json-status-fd -1 y", 2,
        "--json-status-fd takes the number of an open descriptor, not '-1'",
        "isolated run --json-status-fd 3 ... 3>status.json"
      ),
      (
        "run --json-status-fd=99999999999 y", 2,
        "--json-status-fd takes the number of an open descriptor, not '99999999999'",
        "isolated run --json-status-fd 3 ... 3>status.json"
      ),
      ("run --", 2, "a command is needed after '--'", "isolated run -- COMMAND [ARGS...]"),
      ("profiles --json --names", 3, "--json and --names exclude each other", nil),
      ("profiles x", 2, "unexpected 'x'", nil), ("doctor x y", 2, "unexpected 'x'", nil),
      ("help run show", 3, "unexpected 'show'", nil),
      ("help shwo", 2, "unknown command shwo", "did you mean show?"),
      ("completions ksh", 2, "no completions for the shell 'ksh'", "one of bash, zsh, fish"),
      ("completions bash zsh", 3, "unexpected 'zsh'", nil),
      ("man frobnicate", 2, "unknown command 'frobnicate'", nil),
      ("man run show", 3, "unexpected 'show'", nil),
      ("grants a b", 3, "unexpected 'b'", nil), ("revoke a b c", 4, "unexpected 'c'", nil),
      ("answer a b", 3, "the ASK is the number of a question, not 'b'", "isolated answer a"),
      ("answer a -1", 3, "unknown option -1 for 'answer'", nil),
      ("answer a 1 yes", 4, "'yes' is no answer", "one of once, run, always, no, never"),
      ("answer a 1 allways", 4, "'allways' is no answer", "did you mean always?"),
      ("answer a 1 run b", 5, "unexpected 'b'", nil), ("forget a b c", 4, "unexpected 'c'", nil),
    ] as [(String, Int, String, String?)])
  func refused(line: String, argument: Int, message: String, cure: String?) throws {
    let error = #expect(throws: UsageError.self) { try read(line) }
    #expect(error?.argument == argument)
    #expect(error?.message == message)
    if let cure { #expect(error?.cure == cure) }
  }

  @Test(
    "that stops too early says what is missing",
    arguments: [
      ("", "a command is needed"), ("completions", "a shell is needed"),
      ("grants", "the APP is needed"), ("why", "the APP is needed"),
      ("revoke a", "the GRANT is needed"),
      ("answer", "the APP is needed"), ("answer a 1", "the answer is needed"),
      ("run", "nothing to run: an APP, a --profile or '-- COMMAND' is needed"),
      ("plan --read /x", "nothing to run: an APP, a --profile or '-- COMMAND' is needed"),
    ]) func tooShort(line: String, message: String)
  {
    let error = #expect(throws: UsageError.self) { try read(line) }
    #expect(error?.message == message)
    #expect(error?.argument == nil)
    #expect(error?.cure != nil)
  }

  @Test(
    "exits with 125 for run, plan and show, so that no program's code is imitated, else 2",
    arguments: [
      ("run --raed", 125), ("plan --raed", 125), ("show --raed", 125), ("check --raed", 2),
      ("profiles --raed", 2), ("doctor --raed", 2), ("help --raed", 2), ("completions --raed", 2),
      ("man --raed", 2), ("raed", 2), ("", 2),
    ] as [(String, Int32)]) func exitCodes(line: String, code: Int32)
  {
    let error = #expect(throws: UsageError.self) { try read(line) }
    #expect(error?.exitCode == code)
  }

  @Test("shows its error in three lines") func rendered() {
    let error = #expect(throws: UsageError.self) { try read("run --raed x") }
    #expect(
      error?.rendered == """
        isolated: argument 2: unknown option --raed for 'run'
          help: did you mean --read?
          see: isolated help run

        """)
  }

  @Test("with an empty word is refused where a name is needed") func emptyWords() {
    for words in [["run", ""], ["run", "--", ""], ["run", "--read", "", "x"], [""]] {
      #expect(throws: UsageError.self) { try ArgumentReader.read(words) }
    }
  }
}

@Suite("A command line of run, plan or show")
struct RunRequestTests {
  private func request(_ line: String) throws -> RunRequest {
    guard case .run(let request) = try read(line) else {
      Issue.record("\(line) is no run")
      return RunRequest()
    }
    return request
  }

  @Test("takes every rule as --opt VALUE and --opt=VALUE, in order, with its number")
  func rules() throws {
    for option in CommandOption.allCases where option.isRule {
      let apart = try request("run \(option.typed) V=1 app")
      #expect(apart.rules == [TypedRule(option: option, value: "V=1", argument: 2)])
      let joined = try request("run --quiet \(option.typed)=V=1 app")
      #expect(joined.rules == [TypedRule(option: option, value: "V=1", argument: 3)])
      #expect(joined.isQuiet)
    }
    let many = try request("run --read /a --read=/b --limit memory=1G --read /c -- x")
    #expect(many.rules.map(\.argument) == [2, 4, 5, 7])
    #expect(many.rules.map(\.value) == ["/a", "/b", "memory=1G", "/c"])
    #expect(many.commandArgument == 10)
  }

  @Test("leaves everything after APP to the app") func afterApp() throws {
    let request = try request("run --quiet nginx --read /x -- --help")
    #expect(request.app == TypedWord("nginx", argument: 3))
    #expect(request.appArguments == ["--read", "/x", "--", "--help"])
    #expect(request.rules.isEmpty)
    #expect(request.command.isEmpty)
  }

  @Test("leaves everything after -- to the command") func afterDashes() throws {
    let request = try request("run --profile=strict -- ls --help -- -x")
    #expect(request.command == ["ls", "--help", "--", "-x"])
    #expect(request.commandArgument == 4)
    #expect(request.profile == TypedWord("strict", argument: 2))
    #expect(request.app == nil)
  }

  @Test("is complete with a profile alone") func profileAlone() throws {
    let request = try request("run --profile ./x.toml --json-status-fd 7 --name web")
    #expect(request.profile == TypedWord("./x.toml", argument: 2))
    #expect(request.jsonStatusFD == 7)
    #expect(request.name == TypedWord("web", argument: 6))
  }

  @Test("names one profile, not two, and says how to run a program under one") func twoProfiles() {
    let error = #expect(throws: UsageError.self) { try read("run --profile strict python3 x.py") }
    #expect(error?.argument == 4)
    #expect(error?.cure?.hasSuffix("isolated run --profile strict -- python3") == true)
  }

  @Test("means the same to plan and show, which add --json") func planAndShow() throws {
    let run = try request("run --read /a -- x y")
    #expect(try read("plan --read /a -- x y") == .plan(run, json: false))
    #expect(try read("show --read /a -- x y") == .show(run, json: false))
    guard case .plan(let planned, json: true) = try read("plan --json --read /a -- x y") else {
      Issue.record("plan --json is no plan with JSON")
      return
    }
    #expect(planned.command == run.command)
  }

  @Test("of any words is understood or refused, and never a trap") func fuzzed() {
    let pieces =
      CommandOption.allCases.map(\.typed) + Command.allCases.map(\.rawValue) + [
        "", "-", "--", "=", "--=", "--read=", "--=x", "---", "-h", "a=b", "\u{301}", "--\u{301}",
        "--read=\u{301}", "\u{0}", "é", "--json-status-fd=9", "9",
      ]
    var random = SeededGenerator(seed: 0x15_01_A7_ED)
    var understood = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...6, using: &random)
      let words = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }
      do throws(UsageError) {
        _ = try ArgumentReader.read(words)
        understood += 1
      } catch {
        #expect(!error.rendered.isEmpty)
        if let argument = error.argument {
          #expect((1...max(1, words.count)).contains(argument), "\(words)")
        }
      }
    }
    #expect(understood > 100)
  }
}
