import Foundation
import Isolate
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
  @Test("values come out as they are written") func values() {
    var json = JSONWriter()
    json.beginObject()
    json.field("text", "a")
    json.field("number", -5)
    json.field("flag", true)
    json.field("list", ["x", "y"])
    json.key("none")
    json.null()
    json.key("nested")
    json.beginArray()
    json.beginObject()
    json.endObject()
    json.value(UInt64.max)
    json.value(false)
    json.beginArray()
    json.endArray()
    json.endArray()
    json.endObject()
    json.endLine()
    json.beginArray()
    json.endArray()
    #expect(
      json.text == """
        {"text":"a","number":-5,"flag":true,"list":["x","y"],"none":null,\
        "nested":[{},18446744073709551615,false,[]]}
        []
        """)
  }

  @Test("indented, each value has a line") func indented() {
    var json = JSONWriter(indented: true)
    json.beginObject()
    json.field("a", 1)
    json.key("b")
    json.beginArray()
    json.value("c")
    json.value("d")
    json.endArray()
    json.key("e")
    json.beginObject()
    json.endObject()
    json.endObject()
    #expect(
      json.text == """
        {
          "a": 1,
          "b": [
            "c",
            "d"
          ],
          "e": {}
        }
        """)
  }

  @Test("any text survives") func escaping() throws {
    let text =
      String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init)))
      + "\u{1F600}\u{2028}"
    var json = JSONWriter()
    json.value([text])
    let back = try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String]
    #expect(back.map { Array($0[0].utf8) } == Array(text.utf8))
    #expect(json.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
  }
}

@Suite("A policy as text")
struct PolicyTextTests {
  static func policy() throws -> Policy {
    try Fixture.policy(
      "files = { read = [\"/usr\"], private = [{ path = \"/tmp\", size = \"1M\" }], dev = true, "
        + "devices = [\"/dev/x\"] }",
      """
      limits = { memory = "64M", cpu = 2, wall-time = "1m", processes = 3, open-files = "unlimited" }
      network = { mode = "loopback", connect = [443], bind = [80, 81], families = ["unix"] }
      command.workdir = "/"
      environment = { keep = ["A"], unset = ["B"], set = { C = "\\u001b[31m\\u202e" } }
      syscalls = { allow = ["@ptrace"], deny = ["kill"], refuse-with = "kill" }
      relax.syscalls.allow = "debugging"
      files.overlay = ["/opt", { path = "/srv", upper = "/var/srv" }, { path = "/a", to = "/b" }]
      descriptors.keep = [7]
      require = ["filter"]
      identity.umask = "7"
      """)
  }

  @Test("each value stands with its place") func lines() throws {
    let lines = PolicyText.lines(try Self.policy())
    func line(_ key: String) -> String {
      let found = lines.filter { $0.hasPrefix(key + " = ") }
      return found.map {
        $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
      }
      .joined(separator: "; ")
    }
    #expect(line("files.read") == "files.read = /usr # 0.toml:1")
    #expect(line("files.private") == "files.private = /tmp (1M, 65536 files) # 0.toml:1")
    #expect(
      line("files.overlay")
        == "files.overlay = /a as /b (thrown away) # 1.toml:7; files.overlay = /opt (thrown away) # 1.toml:7; "
        + "files.overlay = /srv (kept in /var/srv) # 1.toml:7")
    #expect(line("limits.memory") == "limits.memory = 64M (sampled) # 1.toml:1")
    #expect(line("limits.cpu") == "limits.cpu = 2 (not enforced) # 1.toml:1")
    #expect(line("limits.wall-time") == "limits.wall-time = 1m (timer) # 1.toml:1")
    #expect(line("limits.open-files") == "limits.open-files = unlimited # 1.toml:1")
    #expect(line("network.bind") == "network.bind = 80 81 # 1.toml:2")
    #expect(line("environment.set") == "environment.set = C=\\u{1b}[31m\\u{202e} # 1.toml:4")
    #expect(line("identity.umask") == "identity.umask = 007 # 1.toml:10")
    #expect(line("terminal.mode") == "terminal.mode = auto # built-in")
    #expect(line("command.run") == "command.run = /usr/bin/true # command line:argument 3")
    #expect(line("relax.syscalls.allow") == "relax.syscalls.allow = debugging # 1.toml:6")
    #expect(lines.filter { $0.hasPrefix("# notice: ") }.count == 2)
    let columns = Set(
      lines.compactMap { $0.hasPrefix("#") ? nil : $0.firstIndex(of: "#")?.utf16Offset(in: $0) })
    #expect(columns.count <= 2)
  }

  @Test("every key of the table that has a value is shown") func complete() throws {
    let shown = Set(try Self.policy().provenance.map(\.key))
    let hidden: Set = ["description", "extends", "files.write", "files.hide", "crash.report"]
    let limits: Set = Set(LimitName.allCases.map(\.key))
    // Grants and drivers have a line a table: `GrantResolverTests`.
    let keys = ProfileKey.all.filter { !$0.isOfNamedTable && !$0.isOfDaemon }.map(\.path)
    #expect(Set(keys).subtracting(shown).subtracting(limits) == hidden)
  }

  @Test("the same is one JSON object") func json() throws {
    let bytes = PolicyText.json(try Self.policy()).bytes
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(object["app"] as? String == "app")
    #expect((object["values"] as? [[String: Any]])?.count ?? 0 > 30)
    #expect((object["relaxations"] as? [[String: Any]])?.first?["reason"] as? String == "debugging")
    #expect((object["environment"] as? [String: String])?["SHELL"] == "/bin/sh")
  }
}
