import Testing

@testable import Isolate

/// What the oldest kernel of ours lacks is left out, and said; everything else works there.
@Suite("On a kernel that has what Linux 5.15 has")
struct OldKernelTests {
  private static let notice = "memory.write-execute is not enforced: this kernel, or a filter"

  @Test("a program runs, and what is missing is said") func run() {
    let ran = Misfortune.run(["linux-5.15"], ["run", "--", "sh", "-c", "echo fine; exit 3"])
    #expect(ran.output == "fine\n" && ran.code == 3, "\(ran.errors)")
    #expect(ran.errors.contains(Self.notice), "\(ran.errors)")
    #expect(!Run.command([Run.isolated, "run", "--", "true"]).errors.contains(Self.notice))
  }

  @Test("what is required and missing is an error of the rule that requires it") func required()
    throws
  {
    let scratch = try Scratch()
    let profile = scratch.file(
      "app.toml",
      """
      require = ["deny-write-execute"]
      [command]
      run = ["true"]
      """)
    #expect(Run.shell("chmod -R a+rX \"$1\"", [scratch.path]).code == 0)
    let ran = Misfortune.run(["linux-5.15"], ["run", profile])
    #expect(ran.code == 125)
    #expect(ran.errors.contains("app.toml:1:"), "\(ran.errors)")
    #expect(ran.errors.contains("Linux 6.3"), "\(ran.errors)")
  }

  @Test("a broker serves, and its app is told what it may") func broker() throws {
    let scene = try BrokerScene(
      grants: BrokerScene.dataGrant,
      app: """
        show("up", told(hello()), told(openat("plain")), told(openat("../outside")))
        """)
    #expect(Run.shell("chmod -R a+rX \"$1\"", [scene.path]).code == 0)
    let ran = Misfortune.run(["linux-5.15"], ["run", "--quiet", scene.path + "/app.toml"])
    #expect(ran.output == "up (0, 0) (0, 0) (18, 0)\n", "\(ran.errors)")
  }
}
