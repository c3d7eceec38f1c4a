import Isolate
import Testing

@Suite("Where profiles are found")
struct ProfileSearchTests {
  static let search = ProfileSearch(
    workingDirectory: "/proj", home: "/home/ann", configurationHome: nil)

  /// Loads from a directory tree given as paths and texts.
  static func load(
    _ name: String, _ files: [String: String], line: CommandLineProfile? = nil
  ) -> LoadedProfiles {
    ProfileLoader.load(name, search: search, commandLine: line) { path in
      files[path].map { .bytes(Array($0.utf8)) } ?? .missing
    }
  }

  @Test("names are looked up in the documented order") func order() {
    #expect(
      Self.search.candidates(for: "nginx").map(\.path) == [
        "/proj/config/profiles/nginx.toml", "/proj/config/apps/nginx.toml",
        "/home/ann/.config/isolated/profiles/nginx.toml",
        "/home/ann/.config/isolated/apps/nginx.toml",
        "/etc/isolated/profiles/nginx.toml", "/etc/isolated/apps/nginx.toml",
        "/usr/local/share/isolated/profiles/nginx.toml",
        "/usr/local/share/isolated/apps/nginx.toml",
        "/usr/share/isolated/profiles/nginx.toml", "/usr/share/isolated/apps/nginx.toml",
      ])
  }

  @Test("a path is taken as it is") func paths() {
    #expect(Self.search.candidates(for: "/a/b").map(\.path) == ["/a/b"])
    #expect(Self.search.candidates(for: "b.toml").map(\.path) == ["/proj/b.toml"])
    #expect(Self.search.candidates(for: "./b", beside: "/c").map(\.path) == ["/c/./b"])
  }

  @Test("$XDG_CONFIG_HOME counts only when absolute") func configurationHome() {
    func first(_ home: String, _ configuration: String?) -> String? {
      let search = ProfileSearch(
        workingDirectory: "/", home: home, configurationHome: configuration)
      return search.candidates(for: "default").first?.path
    }
    #expect(first("/h", "/x") == "/x/isolated/profiles/default.toml")
    #expect(first("/h", "x") == "/h/.config/isolated/profiles/default.toml")
    #expect(first("", nil) == "/etc/isolated/profiles/default.toml")
  }

  @Test("a base is never taken from the working directory", arguments: ProfileSearch.baseNames)
  func safeBases(name: String) {
    let hostile = [
      "/proj/config/profiles/\(name).toml": "files.write = [\"$HOME\"]",
      "/proj/config/apps/\(name).toml": "files.write = [\"$HOME\"]",
    ]
    let loaded = Self.load(name, hostile)
    #expect(loaded.profiles.last?.file == "built-in/profiles/\(name).toml")
    #expect(loaded.notices == [])
  }

  @Test("a profile from the working directory is taken with a notice") func notice() {
    let loaded = Self.load("mine", ["/proj/config/apps/mine.toml": "extends = [\"default\"]"])
    #expect(loaded.profiles.map(\.name) == ["default", "mine"])
    #expect(
      loaded.notices == ["Profile mine is /proj/config/apps/mine.toml, from the working directory."]
    )
  }

  @Test(
    "a profile from the working directory runs no command on the host, nor does what it extends by path"
  )
  func commands() {
    let command = "grants.a.secret.command = [\"/bin/sh\", \"-c\", \"id\"]\n"
    func errors(_ name: String, _ files: [String: String]) -> [String] {
      Self.load(name, files).diagnostics.map { "\($0.position): \($0.message)" }
    }
    let refused =
      "`grants.a`: a profile that was found in the working directory may not run commands"
    let mine = "/proj/config/apps/mine.toml"
    #expect(errors("mine", [mine: command]) == ["\(mine):1: \(refused)"])
    #expect(
      errors("mine", [mine: "extends = [\"./b.toml\"]", "/proj/config/apps/./b.toml": command])
        == ["/proj/config/apps/./b.toml:1: \(refused)"])
    #expect(
      errors(
        "mine",
        [
          mine: "extends = [\"/tmp/b.toml\"]", "/tmp/b.toml": "extends = [\"/tmp/c.toml\"]",
          "/tmp/c.toml": command,
        ]) == ["/tmp/c.toml:1: \(refused)"])
    // Named by its path, or installed, it may.
    #expect(errors(mine, [mine: command]) == [])
    #expect(errors("mine", ["/etc/isolated/apps/mine.toml": command]) == [])
    #expect(
      errors(
        "mine",
        [mine: "extends = [\"vault\"]", "/etc/isolated/profiles/vault.toml": command]) == [])
  }

  @Test("what an installed profile extends is not taken from the working directory")
  func safeExtends() {
    let files = [
      "/etc/isolated/apps/web.toml": "extends = [\"common\"]",
      "/proj/config/profiles/common.toml": "files.write = [\"$HOME\"]",
    ]
    let loaded = Self.load("web", files)
    #expect(loaded.diagnostics.map(\.message) == ["`extends`: no profile \"common\""])
    var own = files
    own["/proj/config/apps/web.toml"] = "extends = [\"common\"]"
    #expect(Self.load("web", own).profiles.map(\.name) == ["common", "web"])
  }

  @Test("bases come first, left to right, each once") func diamond() {
    let loaded = Self.load(
      "/p/d.toml",
      [
        "/p/d.toml": "extends = [\"./b.toml\", \"./c.toml\"]",
        "/p/./b.toml": "extends = [\"/p/a.toml\"]", "/p/./c.toml": "extends = [\"/p/a.toml\"]",
        "/p/a.toml": "",
      ])
    #expect(loaded.diagnostics == [])
    #expect(loaded.profiles.map(\.name) == ["a", "b", "c", "d"])
  }

  @Test("the command line comes last, and only if it says something") func commandLine() throws {
    var line = CommandLineProfile(workingDirectory: "/proj")
    #expect(Self.load("default", [:], line: line).profiles.map(\.name) == ["default"])
    try line.add(option: "--network", value: "hots", argument: 2)
    let loaded = Self.load("default", [:], line: line)
    #expect(loaded.profiles.map(\.name) == ["default", Position.commandLine])
    #expect(loaded.diagnostics.map(\.position.description) == ["command line:argument 2"])
    #expect(CommandLineOption.named("--network")?.key == "network.mode")
    #expect(CommandLineOption.named("--none") == nil)
  }

  @Test("a circle is refused with all of it named") func cycle() {
    let loaded = Self.load(
      "/p/a.toml",
      [
        "/p/a.toml": "extends = [\"/p/b.toml\"]", "/p/b.toml": "\nextends = [\"/p/a.toml\"]",
      ])
    #expect(
      loaded.diagnostics.map { "\($0.position.precise): \($0.message)" } == [
        "/p/b.toml:2:12: `extends`: the profiles extend each other: "
          + "/p/a.toml -> /p/b.toml (named at /p/a.toml:1) -> /p/a.toml (named at /p/b.toml:2)"
      ])
  }

  @Test("too deep a chain is refused") func depth() {
    var files: [String: String] = [:]
    for number in 0...20 { files["/p/\(number).toml"] = "extends = [\"/p/\(number + 1).toml\"]" }
    let loaded = Self.load("/p/0.toml", files)
    #expect(loaded.diagnostics.map(\.message) == ["`extends`: more than 16 profiles deep"])
  }

  @Test("a missing profile is named with its nearest and the places") func missing() {
    let loaded = Self.load("defalt", [:])
    #expect(loaded.diagnostics.map(\.message) == ["no profile \"defalt\""])
    let cure = loaded.diagnostics.first?.cure ?? ""
    #expect(
      cure == "did you mean \"default\"? looked for profiles/defalt.toml and apps/defalt.toml in "
        + "/proj/config, /home/ann/.config/isolated, /etc/isolated, /usr/local/share/isolated, "
        + "/usr/share/isolated; `isolated profiles` lists all")
    let path = Self.load("./my.toml", [:]).diagnostics.first?.cure
    #expect(path == "looked at /proj/./my.toml")
    var search = Self.search
    search.known = { ["mytool", "other"] }
    let own = ProfileLoader.load("mytol", search: search) { _ in .missing }
    #expect(own.diagnostics.first?.cure?.hasPrefix("did you mean \"mytool\"?") == true)
  }

  @Test("a profile that cannot be read stops the search") func unreadable() {
    let loaded = ProfileLoader.load("web", search: Self.search) { path in
      path.hasPrefix("/home") ? .unreadable("Permission denied") : .missing
    }
    #expect(
      loaded.diagnostics.map(\.message) == [
        "profile /home/ann/.config/isolated/profiles/web.toml cannot be read: Permission denied"
      ])
  }

  @Test("a file too large to be a profile is refused") func large() {
    let loaded = ProfileLoader.load("/x.toml", search: Self.search) { _ in
      .bytes([UInt8](repeating: 0x20, count: ProfileLoader.maximumBytes + 1))
    }
    #expect(loaded.diagnostics.map(\.message) == ["/x.toml is larger than a profile can be"])
  }

  @Test("a syntax error and the errors of other files come together") func together() {
    let loaded = Self.load(
      "/p/a.toml",
      [
        "/p/a.toml": "extends = [\"/p/b.toml\", \"/p/b.toml\"]\nlimits.x = 1\n",
        "/p/b.toml": "a = =",
      ])
    #expect(Set(loaded.diagnostics.map(\.position.file)) == ["/p/a.toml", "/p/b.toml"])
    #expect(loaded.sourceLine(at: Position(file: "/p/a.toml", line: 2)) == "limits.x = 1")
    #expect(loaded.sourceLine(at: Position(file: "/p/a.toml", line: 3)) == "")
    #expect(loaded.sourceLine(at: Position(file: "/p/b.toml", line: 1)) == "a = =")
    #expect(loaded.sourceLine(at: Position(file: "/p/b.toml", line: 9)) == nil)
    #expect(loaded.sourceLine(at: Position(file: "/none", line: 1)) == nil)
  }

  @Test(
    "the shipped profiles are all there and the embedded copy is theirs",
    arguments: BuiltInProfiles.names)
  func shipped(name: String) throws {
    let loaded = Self.load(name, [:])
    #expect(loaded.diagnostics.map { $0.rendered(sourceLine: nil) } == [])
    var profiles = loaded.profiles
    var line = CommandLineProfile(workingDirectory: "/proj")
    line.setCommand(["true"], argument: 2)
    if profiles.last?.command.run == nil { profiles.append(line.read().profile) }
    for host in [Fixture.host(), Fixture.root { $0.workingDirectory = "/proj" }] {
      let policy = try PolicyResolver.resolve(profiles, host: host).get()
      #expect(policy.warnings.map(\.message) == [])
    }
    let text = try #require(BuiltInProfiles.named(name)?.text)
    if ProfileSearch.isBaseName(name) { #expect(text.utf8.count < 3072) }
  }
}
