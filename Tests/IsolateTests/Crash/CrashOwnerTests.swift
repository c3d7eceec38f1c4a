import Testing

@Suite("Crash reports of another user", .enabled(if: Privileges.isRoot))
struct CrashOwnerTests {
  @Test("root reads them with that user's rights, and is led nowhere else by them")
  func ofAnother() throws {
    let scene = try CrashScene()
    _ = scene.run(["crash-null"])
    #expect(scene.count == 1)
    let given = Run.shell(
      "chmod 711 \"$1\" && chown -R 4321:4321 \"$2\"", [scene.scratch.path, scene.reports])
    try #require(given.code == 0, "\(given.errors)")
    let shown = scene.crashes(["show", "latest"])
    #expect(shown.code == 0 && shown.output.contains("SIGSEGV"), "\(shown.errors)")
    let moved = Run.shell(
      """
      set -eu
      report=$(echo "$2"/*.json)
      mv "$report" "$1/secret"
      chown 0:0 "$1/secret"
      ln -s "$1/secret" "$report"
      """, [scene.scratch.path, scene.reports])
    try #require(moved.code == 0, "\(moved.errors)")
    #expect(!scene.crashes(["show", "latest"]).output.contains("SIGSEGV"))
    #expect(!scene.crashes().output.contains("SIGSEGV"))
  }
}
