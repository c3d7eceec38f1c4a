import Isolate
import Testing

/// Runs isolated in an empty directory that is also its home, with these files in it.
private func run(_ line: String, files: [(path: String, text: String)] = []) -> Ran {
  let writes = files.indices.map { index in
    "mkdir -p \"$(dirname \"\(files[index].path)\")\"\nprintf '%s' \"$\(index + 2)\" "
      + ">\"\(files[index].path)\""
  }
  let script = """
    set -e
    directory=$(mktemp -d /tmp/isolated-test-XXXXXX)
    trap 'rm -rf "$directory"' EXIT
    cd "$directory"
    export HOME=$directory XDG_CONFIG_HOME=$directory/xdg
    \(writes.joined(separator: "\n"))
    set +e
    "$1" \(line)
    """
  return Run.shell(script, [Run.isolated] + files.map(\.text))
}

@Suite("isolated profiles")
struct ListProfilesTests {
  private let own: [(path: String, text: String)] = [
    ("config/apps/web.toml", "extends = [\"default\"]\n"),
    ("xdg/isolated/apps/web.toml", "extends = [\"strict\"]\n"),
    ("xdg/isolated/apps/notes.txt", ""),
    ("config/profiles/default.toml", ""),
  ]

  @Test("lists what is found, the winner first") func lists() {
    let ran = run("profiles", files: own)
    #expect(ran.code == 0)
    let lines = ran.output.split(separator: "\n").filter { $0.hasPrefix("web ") }
    #expect(lines.count == 2)
    #expect(lines.first?.hasSuffix("/config/apps/web.toml") == true)
    #expect(lines.last?.hasSuffix("/xdg/isolated/apps/web.toml  (not used)") == true)
    #expect(
      !ran.output.contains("config/profiles/default.toml"), "a base comes never from ./config")
    #expect(!ran.output.contains("notes"))
  }

  @Test("prints each name once for the completions") func names() {
    let names = run("profiles --names", files: own).output.split(separator: "\n").map(String.init)
    #expect(names.filter { $0 == "web" }.count == 1)
    #expect(Set(names).isSuperset(of: ProfileSearch.baseNames))
    #expect(names == names.sorted())
  }

  @Test("prints JSON") func json() {
    let text = run("profiles --json", files: own).output
    #expect(text.contains("\"used\": false"))
    #expect(text.hasPrefix("["))
  }
}

@Suite("isolated check")
struct CheckTests {
  @Test("finds nothing wrong with what is shipped") func shipped() {
    let ran = run("check")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.errors.isEmpty)
    for name in ProfileSearch.baseNames { #expect(ran.output.contains("\(name): ok\n")) }
  }

  @Test("reports every error of a file at once, with its place and a cure, and exits with 2")
  func allErrors() {
    let text = "extends = [\"defalt\"]\n[files]\nraed = [\"/x\"]\nread = 5\n"
    let ran = run("check ./bad.toml", files: [("bad.toml", text)])
    #expect(ran.code == 2)
    #expect(ran.output == "./bad.toml: has errors\n")
    #expect(ran.errors.contains("bad.toml:1:12: error: "))
    #expect(ran.errors.contains("did you mean \"default\"?"))
    #expect(ran.errors.contains("bad.toml:3:1: error: "))
    #expect(ran.errors.contains("did you mean `files.read`?"))
    #expect(ran.errors.contains("bad.toml:4:8: error: "))
    #expect(ran.errors.contains("  3 | raed = [\"/x\"]\n    | ^~~~"))
  }

  @Test("checks several, and one that is bad decides") func several() {
    let files = [
      (path: "good.toml", text: "extends = [\"default\"]\n"),
      (path: "bad.toml", text: "x = 1\n"),
    ]
    let ran = run("check --json ./good.toml ./bad.toml nosuch", files: files)
    #expect(ran.code == 2)
    #expect(ran.errors.isEmpty)
    #expect(ran.output.contains("\"good\": true"))
    #expect(ran.output.contains("\"line\": 5"), "nosuch is argument 5")
    #expect(run("check ./good.toml", files: files).code == 0)
  }

  @Test("looks across profiles: circles, missing requirements, one group with two strategies")
  func services() {
    let files = [
      (
        path: "config/apps/web.toml",
        text: "extends = [\"default\"]\nservice.requires = [\"db\"]\ngroup.name = \"g\"\n"
      ),
      (path: "config/apps/db.toml", text: "service.after = [\"web\"]\n"),
      (path: "config/apps/lost.toml", text: "service.requires = [\"nobody\"]\n"),
      (path: "config/apps/all.toml", text: "group = { name = \"g\", strategy = \"all\" }\n"),
      (path: "config/apps/good.toml", text: "service.requires = [\"redis\"]\n"),
    ]
    let ran = run("check", files: files)
    #expect(ran.code == 2)
    #expect(ran.errors.contains("web.toml:2:21: error: `service`: apps wait for each other: web"))
    #expect(ran.errors.contains("db.toml:1:18: error: `service`: apps wait for each other: db"))
    #expect(ran.errors.contains("lost.toml:1:21: error: `service.requires`: there is no profile"))
    #expect(ran.errors.contains("error: `group.strategy`: web says \"one\" for group g, all says"))
    #expect(ran.output.contains("good: ok\n"))
    #expect(run("check good", files: files).code == 0, "the circle is not its fault")
  }

  @Test("what only the daemon uses is told by show and plan, and by no run") func daemonOnly() {
    let files = [
      (path: "x.toml", text: "extends = [\"default\"]\nrestart.burst = 3\nlogs.rate = 5\n")
    ]
    let line = "only the daemon does this, isolated run does not: restart.burst, logs.rate"
    for command in ["show --profile ./x.toml -- true", "plan --profile ./x.toml -- true"] {
      let ran = run(command, files: files)
      #expect(ran.code == 0 && (ran.output + ran.errors).contains(line), "\(ran)")
    }
    #expect(!run("run --profile ./x.toml -- true", files: files).errors.contains("daemon"))
  }

  @Test("does not take a syntax error for an empty profile") func syntax() {
    let ran = run("check ./bad.toml", files: [("bad.toml", "a = = 1\n")])
    #expect(ran.code == 2)
    #expect(ran.errors.contains("bad.toml:1:"))
  }
}

@Suite("isolated show and plan")
struct ShowAndPlanTests {
  @Test("name the argument that decided a value") func positions() {
    let ran = run("show --read /usr/lib --limit memory=64M --env A=b -- true")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(line("files.read = /usr/lib ", in: ran)?.hasSuffix("# command line:argument 2") == true)
    #expect(line("limits.memory", in: ran)?.hasSuffix("# command line:argument 4") == true)
    #expect(line("environment.set = A=b", in: ran)?.hasSuffix("# command line:argument 6") == true)
    #expect(line("command.run = true", in: ran)?.hasSuffix("# command line:argument 9") == true)
    #expect(ran.output.contains("default.toml:"))
  }

  private func line(_ start: String, in ran: Ran) -> String? {
    ran.output.split(separator: "\n").map(String.init).first { $0.hasPrefix(start) }
  }

  @Test("show the file and line of a profile's value") func file() {
    let text = "extends = [\"default\"]\n[limits]\nprocesses = 7\n"
    let ran = run("show --profile ./web.toml -- true", files: [("web.toml", text)])
    #expect(line("limits.processes", in: ran)?.hasSuffix("web.toml:3") == true, "\(ran.output)")
  }

  @Test("print the steps in order and start nothing") func steps() {
    let ran = run("plan -- touch started; test ! -e started")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output.hasPrefix("launch touch: touch started\n"))
    let lines = ran.output.split(separator: "\n")
    #expect(lines.count > 30)
    #expect(lines.last?.contains("execute ") == true)
    let filter = lines.firstIndex { $0.contains("load the system-call filter") }
    #expect(filter == lines.count - 2, "the filter is the last thing before exec")
  }

  @Test("print JSON that another program reads", arguments: ["plan", "show"])
  func json(command: String) {
    guard let python = Run.find("python3") else {
      print("not checked: python3 is not installed")
      return
    }
    let ran = run("\(command) --json -- true")
    let read = Run.command(
      [python, "-c", "import json,sys; print(json.load(sys.stdin)['app'])"],
      input: ran.output)
    #expect(read.output == "true\n", "\(ran.errors)")
  }

  @Test("exit with 125 and every error at once", arguments: ["run", "plan", "show"])
  func errors(command: String) {
    let ran = run("\(command) --limit memry=1 --network foo -- true")
    #expect(ran.code == 125)
    #expect(ran.output.isEmpty)
    #expect(ran.errors.contains("command line:argument 2: error: "))
    #expect(ran.errors.contains("did you mean `limits.memory`?"))
    #expect(ran.errors.contains("command line:argument 4: error: "))
  }

  @Test(
    "say how to run a program that was taken for a profile", arguments: ["run", "plan", "show"])
  func programAsProfile(command: String) {
    let ran = run("\(command) --quiet=x", files: [])
    #expect(ran.code == 125)
    let slip = run("\(command) ls -l")
    #expect(slip.code == 125)
    #expect(slip.errors.contains("command line:argument 2: error: no profile \"ls\""))
    #expect(slip.errors.contains("put '--' before it: -- ls"))
  }
}

@Suite("Grants from the command line on")
struct GrantCommandTests {
  private let app = """
    extends = ["default"]
    command.run = ["/usr/bin/env"]
    [grants.data]
    files = "$HOME/link"
    [grants.maybe]
    files = "$HOME/missing"
    optional = true

    """

  @Test("plan and show say what they are of, links resolved") func shown() {
    let files = [("a.toml", app), ("real/file", "")]
    let ran = run("show ./a.toml | grep -a ^grants", files: files + [("x", "")])
    #expect(ran.code != 0, "a link that is not there is an error: \(ran.output)")
    let made = run("--version; ln -s real link; \"$1\" show ./a.toml", files: files)
    let line = made.output.split(separator: "\n").first { $0.hasPrefix("grants.data") } ?? ""
    #expect(line.contains("/real: read, list, stat"))
    #expect(line.hasSuffix("a.toml:3"))
    #expect(!made.output.contains("grants.maybe ="))
    #expect(made.output.contains("# notice: Grant maybe is left out"))
    let plan = run("--version; ln -s real link; \"$1\" plan ./a.toml", files: files).output
    #expect(plan.contains("ask its broker, on descriptor 3, for:\n  data: files beneath /"))
    #expect(
      run("--version; ln -s real link; \"$1\" plan --json ./a.toml", files: files).output
        .contains("\"name\": \"data\""))
  }

  @Test("check judges a profile wherever its paths will be") func checked() {
    #expect(run("check ./a.toml", files: [("a.toml", app)]).code == 0)
    let ran = run("plan ./a.toml", files: [("a.toml", app)])
    #expect(ran.code == 125)
    #expect(ran.errors.contains("a.toml:4:9: error: `grants.data`: "))
    #expect(ran.errors.contains("link does not exist"))
    #expect(ran.errors.contains("optional = true"))
  }

  @Test("--set grants, and only an app with grants has the variable") func set() {
    let asked = "ISOLATED_BROKER_FD"
    let with = run("run --set grants.tmp.files=/tmp -- /usr/bin/env")
    #expect(with.output.contains("\n\(asked)=3\n"))
    let without = run("run -- /usr/bin/env", files: [])
    #expect(without.code == 0)
    #expect(!without.output.contains(asked))
    #expect(run("plan --set grants.tmp.files=/none/such -- true").errors.contains("argument 2"))
  }
}

@Suite("What lies at a path")
struct PathFactTests {
  @Test("links are followed, kinds told apart") func kinds() {
    let ran = Run.shell(
      """
      d=$(mktemp -d /tmp/isolated-test-XXXXXX); cd "$d"
      mkdir real; ln -s real link; : >file; ln -s none dangling; mkfifo fifo; ln -s loop loop
      echo "$d"
      """)
    let directory = String(ran.output.dropLast())
    defer { _ = Run.shell("rm -r \"$1\"", [directory]) }
    let names = ["real", "link", "link/", "file", "dangling", "fifo", "none", "file/x", "loop"]
    let facts = HostProbe.paths(names.map { "\(directory)/\($0)" } + ["/dev/null"])
    #expect(
      facts.map(\.kind) == [
        .directory, .directory, .directory, .file, .missing, .other, .missing, .missing,
        .unusable(SystemError.text(Errno.loop)), .characterDevice,
      ])
    #expect(facts[1].resolved == "\(directory)/real")
    #expect(facts[1].path == "\(directory)/link")
  }
}
