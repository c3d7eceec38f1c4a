import Isolate
import Testing

@Suite("Who the app is")
struct ResolvedIdentityTests {
  @Test("an ordinary user's app has the caller's ids outside, 1000 inside") func ordinary() throws {
    let identity = try Fixture.policy("").identity
    #expect(identity.user == "app")
    #expect(identity.group == "app")
    #expect(identity.uid == 1000)
    #expect(identity.gid == 1000)
    #expect(identity.hostUID == 1001)
    #expect(identity.hostGID == 1002)
    #expect(identity.home == "/home/ann")
    #expect(identity.shell == "/bin/sh")
    #expect(identity.umask == 0o022)
    #expect(identity.hostname == "app")
    #expect(identity.timezone == "Europe/Berlin")
  }

  @Test("root's app has an id of its own, in the range kept for apps") func root() throws {
    var ids: Set<UInt32> = []
    for app in ["nginx", "redis", "a", ""] {
      let profile = Fixture.read("command.run = [\"x\"]", name: app).profile
      let policy = try PolicyResolver.resolve([profile], host: Fixture.root(), app: app).get()
      #expect((0x7000_0000..<0x7fff_0000).contains(policy.identity.hostUID))
      #expect(policy.identity.hostGID == policy.identity.hostUID)
      #expect(policy.namespaces.order == .userLast)
      ids.insert(policy.identity.hostUID)
    }
    #expect(ids.count == 4)
  }

  @Test("the id is the FNV-1a hash of the name, so it stays the same") func stable() throws {
    let profile = Fixture.read("command.run = [\"x\"]").profile
    let policy = try PolicyResolver.resolve([profile], host: Fixture.root(), app: "").get()
    #expect(policy.identity.hostUID == 0x7000_0000 + 0x811c_9dc5 % 0x0fff_0000)
  }

  @Test("the app is named by its profile, else by its program") func named() {
    func name(_ profiles: Profile...) -> String { PolicyResolver.appName(of: profiles) }
    var line = CommandLineProfile(workingDirectory: "/")
    line.setCommand(["/usr/bin/ls"], argument: 1)
    let command = line.read().profile
    let base = Fixture.read("", name: "default").profile
    let app = Fixture.read("", name: "nginx").profile
    #expect(name(base, command) == "ls")
    #expect(name(base, app, command) == "nginx")
    #expect(name(base) == "default")
    #expect(name(CommandLineProfile(workingDirectory: "/").read().profile) == "app")
    line = CommandLineProfile(workingDirectory: "/")
    line.setCommand(["/"], argument: 1)
    #expect(name(line.read().profile) == "app")
  }

  @Test(
    "a name becomes a host name",
    arguments: [
      ("nginx", "nginx"), ("my app_2", "my-app-2"), ("_x", "app"), ("", "app"), (".x", "app"),
    ])
  func hostname(app: String, host: String) throws {
    let profile = Fixture.read("command.run = [\"x\"]").profile
    let policy = try PolicyResolver.resolve([profile], host: Fixture.host(), app: app).get()
    #expect(policy.identity.hostname == host)
  }

  @Test("the search path may have variables, and is the app's PATH") func searchPath() throws {
    let policy = try Fixture.policy("command.path = [\"$HOME/bin\", \"/bin/\"]")
    #expect(policy.searchPath == ["/home/ann/bin", "/bin"])
    let path = EnvironmentVariable(name: "PATH", value: "/home/ann/bin:/bin")
    #expect(policy.environment.contains(path))
    let host = Fixture.host { $0.runtimeDirectory = nil }
    #expect(Fixture.errors("command.path = [\"$RUNTIME_DIR\"]", host: host).count == 1)
  }

  @Test("without a home the app's is the root") func noHome() throws {
    let policy = try Fixture.policy("", host: Fixture.host { $0.home = "" })
    #expect(policy.identity.home == "/")
  }

  @Test("the caller's variables are kept by name and by prefix only") func environment() throws {
    let policy = try Fixture.policy("environment.keep = [\"LC_*\", \"SECRET\"]")
    #expect(
      policy.environment.map(\.name) == [
        "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LC_TIME", "SECRET",
      ])
    let kept = try Fixture.policy("environment.keep = [\"HOME\"]\nidentity.home = \"/x\"")
    #expect(kept.environment.first == EnvironmentVariable(name: "HOME", value: "/home/ann"))
    #expect(kept.environment.filter { $0.name == "HOME" }.count == 1)
  }

  @Test("a variable in a value that has none here is an error") func unset() {
    let host = Fixture.host { $0.runtimeDirectory = nil }
    #expect(
      Fixture.errors("environment.set.X = \"$RUNTIME_DIR\"", host: host) == [
        "0.toml:1: `environment.set`: `$RUNTIME_DIR` has no value here"
      ])
    #expect(
      Fixture.errors("identity = { home = \"$RUNTIME_DIR\", shell = \"$RUNTIME_DIR\" }", host: host)
        .count == 2)
    #expect(Fixture.errors("environment.set.X = \"$RUNTIME_DIR\"", host: Fixture.root()) == [])
  }
}
