import Testing

@testable import Isolate

@Suite("What a failed run's arguments tell")
struct FailedRunHintsTests {
  private func policy(_ profile: String, _ command: [String]) throws -> Policy {
    var policy = try Fixture.policy(profile)
    policy.command = command
    return policy
  }

  private static let hosts: [(word: String, host: String?)] = [
    ("https://example.org/a:b@c", "example.org"), ("http://u:p@h.example:80/x", "h.example"),
    ("git+ssh://git@host/x", "host"), ("redis://localhost:6379", "localhost"),
    ("http://[::1]:80/", "::1"), ("10.0.0.1", "10.0.0.1"), ("127.0.0.1:80", "127.0.0.1"),
    ("localhost:8080", "localhost"), ("db.example:5432", "db.example"), ("localhost", "localhost"),
    ("u.urlopen(\"http://x.y\")", "x.y"), ("curl 'ftp://h.i:21/' -o f", "h.i"),
    ("file:///etc/passwd", nil), ("unix:///run/x", nil), ("://x", nil), ("-H", nil), ("", nil),
    ("host:80", nil), ("a.b:99999", nil), ("a.b:c", nil), ("1.2.3", nil), ("1.2.3.400", nil),
    ("in.png", nil), ("/etc/hosts", nil), ("http:///x", nil), ("a.b:1:2", nil),
  ]

  @Test("knows a host when it sees one", arguments: hosts.indices) func host(index: Int) {
    let (word, host) = Self.hosts[index]
    #expect(Hints.host(in: word) == host, "\(word)")
  }

  @Test("says that there is no network, that this is the default, and the option")
  func network() throws {
    let url = ["curl", "-s", "https://example.org/"]
    #expect(
      try Hints.missingNetwork(policy("", url)) == [
        "example.org cannot be reached: the app has no network; "
          + "\"none\" is the default, nothing was refused\n  help: --network host"
      ])
    let named = try Hints.missingNetwork(policy("network.mode = \"none\"", url))
    #expect(named.first?.contains(".toml:1 says \"none\"") == true, "\(named)")
    let own = try Hints.missingNetwork(policy("", ["curl", "http://localhost:80"]))
    #expect(own.first?.contains("--network loopback") == true, "\(own)")
    #expect(try Hints.missingNetwork(policy("network.mode = \"host\"", url)) == [])
    let loopback = "network.mode = \"loopback\""
    #expect(try Hints.missingNetwork(policy(loopback, ["curl", "http://localhost:80"])) == [])
    #expect(try Hints.missingNetwork(policy(loopback, url)).count == 1)
    #expect(try Hints.missingNetwork(policy("", ["curl", "--version"])) == [])
  }

  @Test("names the rule that makes an output read-only, and the option")
  func readOnly() throws {
    let shown = "files.read = [\"/usr\"]"
    let made = try Hints.unwritableOutput(policy(shown, ["cp", "x", "/usr/new.txt"]), from: "/")
    #expect(made.count == 1)
    #expect(made.first?.hasPrefix("/usr/new.txt cannot be written: the rule at ") == true)
    #expect(made.first?.hasSuffix(" lets the app only read /usr\n  help: --write /usr") == true)
    let there = ["sort", "-o", "/usr/bin/env"]
    #expect(
      try Hints.unwritableOutput(policy(shown, there), from: "/").first?
        .hasSuffix("help: --write /usr/bin/env") == true)
    #expect(
      try Hints.unwritableOutput(policy(shown, ["dd", "of=out"]), from: "/usr").first?
        .hasSuffix("help: --write .") == true)
  }

  @Test("names the directory that an output's place is not shown in") func unseen() throws {
    let found = try Hints.unwritableOutput(policy("", ["convert", "a.png", "b.png"]), from: "/usr")
    #expect(
      found == [
        "b.png cannot be written: its directory is not in the app's view\n  help: --write ."
      ])
  }

  @Test("sees through the directories on the way to what is shown") func onTheWay() throws {
    let shown = "files.private = [\"/usr\"]\nfiles.read = [\"/usr/share/doc\"]"
    let found = try Hints.unwritableOutput(
      policy(shown, ["cp", "x", "new.txt"]), from: "/usr/share")
    #expect(found.first?.hasSuffix("not in the app's view\n  help: --write .") == true, "\(found)")
  }

  private static let silent: [[String]] = [
    ["echo", "hello"], ["cat", "/usr/bin/env"], ["git", "merge", "origin/main"],
    ["sed", "s/a/b/"], ["jq", ".foo.bar"], ["curl", "https://example.org/x.tar"], ["pip", "1.2"],
    ["tool", "-v"], ["tool"], ["tool", "/no/such/directory/file"], ["tool", "/proc/self/x.y"],
    ["tool", "/tmp/x.y"], ["tool", "two words.txt"],
  ]

  @Test("says nothing of what is surely no output, or can be written", arguments: silent.indices)
  func silence(index: Int) throws {
    let shown = "files.read = [\"/usr\"]\nfiles.private = [\"/tmp\"]"
    let found = try Hints.unwritableOutput(policy(shown, Self.silent[index]), from: "/usr")
    #expect(found == [], "\(Self.silent[index])")
  }
}
