import Isolate
import Testing

@Suite("Reading a profile")
struct ProfileReaderTests {
  @Test("takes every key of the table") func everyKey() throws {
    let text = """
      description = "all keys"
      extends = ["default"]
      require = ["namespaces", "limits.memory"]
      command = { run = ["nginx", "-g"], workdir = "/srv/", path = ["/usr//bin"] }
      environment = { keep = ["LANG", "LC_*"], set = { A = "b$$" }, unset = ["C"] }
      network = { mode = "loopback", connect = [443], bind = [80], families = ["unix"] }
      syscalls = { base = "strict", allow = ["@ptrace"], deny = ["kill"], refuse-with = "kill", \
      set-id-bits = true, nested-user-namespaces = true, terminal-injection = true, \
      personality = true }
      memory.write-execute = true
      namespaces.time = true
      terminal.mode = "none"
      descriptors.keep = [3, 4]
      stop = { signal = "SIGINT", timeout = "500ms" }
      [files]
      read = ["/usr", { path = "/a", to = "/b", optional = true, owner = "keep" }]
      write = [{ path = "/c", execute = true }]
      private = [{ path = "/d", size = "1K", inodes = 7, mode = "1777" }]
      overlay = [{ path = "/e", upper = "/f" }]
      hide = ["/g"]
      devices = ["/dev/dri"]
      proc = true
      dev = true
      sys = true
      [limits]
      memory = "1G"
      processes = 5
      cpu = 1.5
      io-read = "10M"
      io-write = 4096
      io-read-operations = 100
      io-write-operations = "unlimited"
      io-weight = 250
      open-files = "unlimited"
      file-size = 12
      address-space = "2T"
      cpu-time = 3
      wall-time = "2h"
      core-size = 0
      [identity]
      user = "web"
      uid = 33
      gid = 34
      home = "$HOME"
      shell = "/bin/sh"
      hostname = "web-1"
      timezone = "Etc/GMT+1"
      umask = "077"
      [relax]
      memory.write-execute = "a JIT"
      "files.write" = "output"
      """
    let (profile, diagnostics) = Fixture.read(text)
    #expect(diagnostics.map(Fixture.short) == [])
    #expect(profile.require?.map(\.value) == [.namespaces, .memoryLimit])
    #expect(profile.command.run?.value == ["nginx", "-g"])
    #expect(profile.command.workdir?.value == "/srv")
    #expect(profile.command.path?.value == ["/usr/bin"])
    #expect(profile.environment.set.map(\.value.value) == ["b$$"])
    #expect(
      profile.files.rules.map(\.kind) == [.read, .read, .write, .private, .overlay, .hide, .device])
    #expect(profile.files.rules[1].target == "/b")
    #expect(profile.files.rules[1].mapsOwner == false)
    #expect(profile.files.rules[3].mode == 0o1777)
    #expect(profile.limits.map(\.name) == LimitName.allCases)
    #expect(
      profile.limits.map(\.amount.value) == [
        1 << 30, 5, 1500, 10 << 20, 4096, 100, nil, 250, nil, 12, 2 << 40, 3000, 7_200_000, 0,
      ])
    #expect(profile.identity.umask?.value == 0o77)
    #expect(profile.stopSignal?.value == 2)
    #expect(profile.stopTimeoutMilliseconds?.value == 500)
    #expect(profile.relax.map(\.key) == ["memory.write-execute", "files.write"])
    #expect(profile.syscalls.switches.count == SyscallSwitch.allCases.count)
  }

  @Test("reports every error of a file at once, each at its place") func allAtOnce() {
    let text = """
      extend = ["default"]
      network.mode = "hosts"
      [limits]
      memory = true
      memry = "1G"
      [files]
      read = ["usr", "/a/../b", 5]
      """
    #expect(
      Fixture.faults(text) == [
        "1:1: no key `extend`",
        "2:16: `network.mode`: \"hosts\" is not one of its values",
        "4:10: `limits.memory`: expected a size such as \"64M\", found a boolean",
        "5:1: no key `limits.memry`",
        "7:9: `files.read`: \"usr\" is a relative path",
        "7:16: `files.read`: \"/a/../b\" has a component `..`",
        "7:27: `files.read`: expected a path or a table with `path`, found an integer",
      ])
  }

  @Test(
    "a wrong value is refused with its place and what is wrong",
    arguments: [
      ("description = 5", "1:15: `description`: expected a string, found an integer"),
      (
        "description = \"\\u0000\"",
        "1:15: `description`: a NUL character cannot be passed to the kernel"
      ),
      ("extends = \"default\"", "1:11: `extends`: expected an array, found a string"),
      ("extends = [\"\"]", "1:12: `extends`: an empty string means nothing here"),
      ("extends = [\"a\", \"a\"]", "1:17: `extends`: \"a\" is written twice"),
      ("require = [\"filters\"]", "1:12: `require`: \"filters\" is not one of its values"),
      ("command = 1", "1:11: `command`: expected a table, found an integer"),
      ("command.run = []", "1:15: `command.run`: no program"),
      ("command.run = [\"\"]", "1:15: `command.run`: no program"),
      ("environment.set = 1", "1:19: `environment.set`: expected a table, found an integer"),
      ("environment.set.A = 1", "1:21: `environment.set.A`: expected a string, found an integer"),
      (
        "environment.set.\"A=B\" = \"\"",
        "1:17: `environment.set`: \"A=B\" is not a variable's name"
      ),
      ("environment.set.A = \"$NOPE\"", "1:21: `environment.set`: no variable `$NOPE`"),
      (
        "environment.keep = [\"A*B\"]", "1:21: `environment.keep`: \"A*B\" is not a variable's name"
      ),
      (
        "environment.unset = [\"LC_*\"]",
        "1:22: `environment.unset`: \"LC_*\" is not a variable's name"
      ),
      ("network.connect = [0]", "1:20: `network.connect`: 0 is out of range"),
      (
        "network.families = [\"alg\"]", "1:21: `network.families`: \"alg\" is not one of its values"
      ),
      (
        "memory.write-execute = 1",
        "1:24: `memory.write-execute`: expected a boolean, found an integer"
      ),
      ("limits.memory = \"1X\"", "1:17: `limits.memory`: \"1X\" is not a size"),
      ("limits.memory = 0", "1:17: `limits.memory`: with 0 the app cannot run"),
      (
        "limits.memory = \"99999999999999T\"",
        "1:17: `limits.memory`: \"99999999999999T\" is not a size"
      ),
      ("limits.wall-time = \"5\"", "1:20: `limits.wall-time`: \"5\" is not a time"),
      (
        "limits.wall-time = \"99999999999999999h\"",
        "1:20: `limits.wall-time`: \"99999999999999999h\" is not a time"
      ),
      ("limits.wall-time = \"1000001h\"", "1:20: `limits.wall-time`: too long"),
      ("limits.wall-time = 9000000000000000", "1:20: `limits.wall-time`: too long"),
      (
        "limits.wall-time = true",
        "1:20: `limits.wall-time`: expected a time such as \"10s\", found a boolean"
      ),
      ("limits.wall-time = -1", "1:20: `limits.wall-time`: -1 is out of range"),
      ("limits.cpu = \"1\"", "1:14: `limits.cpu`: expected a number such as 1.5, found a string"),
      ("limits.cpu = 0", "1:14: `limits.cpu`: 0.0 is out of range"),
      ("limits.cpu = nan", "1:14: `limits.cpu`: nan is out of range"),
      ("limits.processes = 1.5", "1:20: `limits.processes`: expected an integer, found a float"),
      ("identity.user = \"-x\"", "1:17: `identity.user`: \"-x\" is not a user name"),
      ("identity.hostname = \"a_b\"", "1:21: `identity.hostname`: \"a_b\" is not a host name"),
      ("identity.timezone = \"../x\"", "1:21: `identity.timezone`: \"../x\" is not a zone's name"),
      ("identity.uid = 65534", "1:16: `identity.uid`: 65534 is out of range"),
      (
        "identity.umask = 63",
        "1:18: `identity.umask`: expected a string of octal digits, such as \"077\", found an integer"
      ),
      ("identity.umask = \"8\"", "1:18: `identity.umask`: \"8\" is not an octal number up to 777"),
      ("descriptors.keep = [2]", "1:21: `descriptors.keep`: 2 is out of range"),
      ("stop.signal = \"SIGTREM\"", "1:15: `stop.signal`: \"SIGTREM\" is not one of its values"),
      ("stop.timeout = \"1000001h\"", "1:16: `stop.timeout`: too long"),
      (
        "stop.timeout = []", "1:16: `stop.timeout`: expected a time such as \"10s\", found an array"
      ),
      ("relax = 1", "1:9: `relax`: expected a table, found an integer"),
      ("relax.a.b = \"x\"", "1:9: `relax`: no key `a.b`"),
      (
        "relax.\"memory.write-execute\" = \" \"",
        "1:32: `relax`: no reason for `memory.write-execute`"
      ),
      ("relax.memory.write-execute = 1", "1:30: `relax`: expected a string, found an integer"),
      ("files.read = [\"\"]", "1:15: `files.read`: an empty path"),
      ("files.read = [\"$HOME/..\"]", "1:15: `files.read`: \"$HOME/..\" has a component `..`"),
      ("files.read = [\"/a/$\"]", "1:15: `files.read`: a `$` without a variable's name"),
      ("files.read = [\"/a/${HOME\"]", "1:15: `files.read`: a `$` without a variable's name"),
      ("files.read = [\"$$HOME\"]", "1:15: `files.read`: \"$$HOME\" is a relative path"),
      ("files.read = [{ to = \"/a\" }]", "1:15: `files.read`: a rule without `path`"),
      (
        "files.read = [{ path = \"/a\", size = 1 }]",
        "1:30: `size` means nothing in a rule of `files.read`"
      ),
      ("files.read = [{ path = \"/a\", optinal = true }]", "1:30: no key `files.read.optinal`"),
      ("files.read = [{ path = \"/a\", x = true }]", "1:30: no key `files.read.x`"),
      (
        "files.read = [{ path = \"/a\", owner = \"me\" }]",
        "1:38: `files.read.owner`: \"me\" is not one of its values"
      ),
      (
        "files.private = [{ path = \"/a\", size = 0 }]",
        "1:40: `files.private.size`: 0 would mean no limit"
      ),
      (
        "files.private = [{ path = \"/a\", mode = \"4755\" }]",
        "1:40: `files.private.mode`: \"4755\" is not an octal number up to 1777"
      ),
      ("listen = []", "1:1: no key `listen`"),
      ("wibble.policy = 1", "1:1: no key `wibble`"),
    ])
  func refuses(text: String, fault: String) {
    #expect(Fixture.faults(text) == [fault])
  }

  @Test("a path longer than the kernel takes is refused") func longPath() {
    let text = "files.read = [\"/\(String(repeating: "a", count: 4095))\"]"
    #expect(Fixture.faults(text) == ["1:15: `files.read`: a path of more than 4095 bytes"])
  }

  @Test(
    "the nearest key is suggested, also one of another section",
    arguments: [
      ("netwrok.mode = 1", "did you mean `network`?"),
      ("memroy = 1", "did you mean `memory`?"),
      ("files.memory = 1", "did you mean `limits.memory`?"),
      ("limits.open-file = 1", "did you mean `limits.open-files`?"),
      ("xyzzy = 1", "docs/profile.md lists every key"),
    ])
  func suggests(text: String, cure: String) {
    #expect(Fixture.read(text).diagnostics.map(\.cure) == [cure])
  }

  @Test("a caret points at the value") func caret() {
    let text = "network.mode = \"hosts\""
    let diagnostic = Fixture.read(text).diagnostics.first
    #expect(
      diagnostic?.rendered(sourceLine: text) == """
        app.toml:1:16: error: `network.mode`: "hosts" is not one of its values
          1 | network.mode = "hosts"
            |                ^~~~~~~
          help: did you mean "host"? allowed are "none", "loopback", "host"
        """)
  }
}
