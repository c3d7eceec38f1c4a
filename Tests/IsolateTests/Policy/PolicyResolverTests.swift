import Isolate
import Testing

@Suite("The default profile")
struct DefaultProfileTests {
  static func load(_ name: String) -> LoadedProfiles {
    ProfileLoader.load(
      name,
      search: ProfileSearch(
        workingDirectory: "/home/ann/work", home: "/home/ann", configurationHome: nil)
    ) { _ in .missing }
  }

  @Test("resolves to a policy for an ordinary user") func resolves() throws {
    var loaded = Self.load("default")
    #expect(loaded.diagnostics.map { $0.rendered(sourceLine: nil) } == [])
    var line = CommandLineProfile(workingDirectory: "/home/ann/work")
    try line.add(option: "--read", value: "data", argument: 2)
    line.setCommand(["ls", "-l"], argument: 4)
    let (profile, wrong) = line.read()
    #expect(wrong == [])
    loaded.profiles.append(profile)
    let policy = try PolicyResolver.resolve(loaded.profiles, host: Fixture.host()).get()
    #expect(policy.app == "ls")
    #expect(policy.command == ["ls", "-l"])
    #expect(policy.workdir == "/home/ann/work")
    #expect(policy.namespaces.order == .userFirst)
    #expect(policy.files.rules.contains { $0.target == "/home/ann/work/data" && $0.kind == .read })
    #expect(policy.network.mode == .none)
    #expect(policy.memory.deniesWriteExecute)
    #expect(policy.environment.contains(EnvironmentVariable(name: "LANG", value: "C.UTF-8")))
    #expect(!policy.environment.contains { $0.name == "SECRET" })
    #expect(policy.require == [.namespaces, .filter])
  }

  @Test("what was wrong while loading is part of the answer") func loaded() throws {
    func load(_ text: String, notices: [String] = []) -> LoadedProfiles {
      var loaded = LoadedProfiles()
      let (profile, diagnostics) = Fixture.read(text)
      loaded.profiles = [profile]
      loaded.diagnostics = diagnostics
      loaded.notices = notices
      return loaded
    }
    func messages(_ loaded: LoadedProfiles) -> [String] {
      switch PolicyResolver.resolve(loaded, host: Fixture.host()) {
      case .success: []
      case .failure(let errors): errors.diagnostics.map(\.message)
      }
    }
    #expect(messages(load("limits.x = 1\ncommand.run = [\"a\"]")) == ["no key `limits.x`"])
    #expect(
      messages(load("limits.x = 1")) == ["no key `limits.x`", "`command.run`: no program to run"])
    #expect(messages(Self.load("nonesuch")) == ["no profile \"nonesuch\""])
    let policy = try PolicyResolver.resolve(
      load("command.run = [\"a\"]", notices: ["n"]), host: Fixture.host()
    ).get()
    #expect(policy.notices == ["n"])
  }

  @Test("the provenance is left out where nobody reads it") func unexplained() throws {
    let profile = Fixture.read("command.run = [\"a\"]").profile
    let host = Fixture.host()
    #expect(
      try PolicyResolver.resolve([profile], host: host, explaining: false).get().provenance == [])
    #expect(try PolicyResolver.resolve([profile], host: host).get().provenance.count > 20)
  }
}
