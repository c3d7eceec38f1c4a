import Isolate
import Testing

@Suite("Values of a profile")
struct ProfileValueTests {
  @Test(
    "sizes count in 1024s",
    arguments: [
      ("1", 1), ("2K", 2048), ("3M", 3 << 20), ("1G", 1 << 30), ("1T", 1 << 40),
    ] as [(String, UInt64)])
  func bytes(text: String, value: UInt64) {
    #expect(ProfileUnits.bytes(text) == value)
    #expect(ProfileUnits.bytes(ProfileUnits.describe(bytes: value)) == value)
  }

  @Test("what is no size is refused", arguments: ["", "K", "1k", "1KB", "-1", "1.5G", "16777216T"])
  func notBytes(text: String) { #expect(ProfileUnits.bytes(text) == nil) }

  @Test(
    "times have a unit",
    arguments: [
      ("5ms", 5), ("2s", 2000), ("3m", 180_000), ("1h", 3_600_000),
    ] as [(String, UInt64)])
  func times(text: String, value: UInt64) {
    #expect(ProfileUnits.milliseconds(text) == value)
    #expect(ProfileUnits.describe(milliseconds: value) == text)
  }

  @Test("numbers are shown in their largest unit") func described() {
    #expect(ProfileUnits.describe(bytes: 0) == "0")
    #expect(ProfileUnits.describe(bytes: 1536) == "1536")
    #expect(ProfileUnits.describe(milliseconds: 1500) == "1500ms")
    #expect(ProfileUnits.describe(milliseconds: 0) == "0ms")
    #expect(ProfileUnits.describe(thousandths: 2000) == "2")
    #expect(ProfileUnits.describe(thousandths: 1500) == "1.5")
    #expect(ProfileUnits.describe(thousandths: 50) == "0.05")
  }

  @Test("octal numbers are digits 0 to 7 in quotes") func octal() {
    #expect(ProfileUnits.octal("077", max: 0o777) == 0o77)
    #expect(ProfileUnits.octal("+7", max: 0o777) == nil)
    #expect(ProfileUnits.octal("1000", max: 0o777) == nil)
    #expect(ProfileUnits.octal("", max: 0o777) == nil)
  }

  @Test(
    "a path has one spelling",
    arguments: [
      ("/", "/"), ("/a", "/a"), ("//a/./b/", "/a/b"), ("/.", "/"), ("/a/.hidden", "/a/.hidden"),
      ("/a/..b", "/a/..b"), ("/e\u{301}/", "/e\u{301}"), ("/\u{301}/./x", "/\u{301}/x"),
    ])
  func paths(path: String, normal: String) throws {
    #expect(try Array(ProfilePath.normalise(path).utf8) == Array(normal.utf8))
  }

  @Test(
    "what is no path is refused",
    arguments: [
      ("", .empty), ("a", .relative), ("/..", .parent), ("/a/../b", .parent), ("/a\0", .nul),
    ] as [(String, ProfilePath.Failure)])
  func notPaths(path: String, why: ProfilePath.Failure) {
    #expect(throws: why) { try ProfilePath.normalise(path) }
  }

  @Test("a path contains itself and what lies beneath, by bytes") func contains() {
    #expect(ProfilePath.contains("/", "/a"))
    #expect(ProfilePath.contains("/a", "/a"))
    #expect(ProfilePath.contains("/a", "/a/b"))
    #expect(!ProfilePath.contains("/a", "/ab"))
    #expect(!ProfilePath.contains("/a/b", "/a"))
    #expect(!ProfilePath.contains("/\u{e9}", "/e\u{301}"))
  }

  @Test(
    "variables are replaced",
    arguments: [
      ("plain", "plain"), ("$HOME/x", "/home/ann/x"), ("${APP}2", "web2"), ("$$HOME", "$HOME"),
      ("$RUNTIME_DIR:$CWD", "/run/user/1:/work"), ("$HOME$APP", "/home/annweb"),
      ("$$\u{301}", "$\u{301}"),
    ])
  func variables(text: String, value: String) throws {
    let variables = ProfileVariables(
      home: "/home/ann", app: "web", runtimeDirectory: "/run/user/1", workingDirectory: "/work")
    #expect(try variables.expand(text) == value)
    #expect(try variables.expand(ProfileVariables.escape(text)) == text)
  }

  @Test(
    "a variable without a value is refused",
    arguments: [
      ("$HOME", .unset("HOME")), ("$CWD", .unset("CWD")), ("$RUNTIME_DIR", .unset("RUNTIME_DIR")),
      ("$HOME2", .unknown("HOME2")), ("$", .unfinished), ("$-", .unfinished), ("${}", .unfinished),
    ] as [(String, ProfileVariables.Failure)])
  func unset(text: String, why: ProfileVariables.Failure) {
    let variables = ProfileVariables(
      home: "", app: "web", runtimeDirectory: nil, workingDirectory: "")
    #expect(throws: why) { try variables.expand(text) }
  }

  @Test("the nearest word is found, and none where nothing is near") func nearestWord() {
    #expect(nearest(to: "memroy", in: ["memory", "network"]) == "memory")
    #expect(nearest(to: "xyz", in: ["memory", "network"]) == nil)
  }
}
