import Testing

@testable import Isolate

/// docs/drivers.md, "Write your own", done as it says.
@Suite("The driver that comes with isolated")
struct DriverExampleTests {
  /// The page's own files, in a directory where everything is installed.
  private func scene() throws -> Scratch {
    let scratch = try Scratch()
    let made = Run.shell(
      """
      cd "$2" && mkdir -p share/isolated/drivers share/isolated/python &&
      cp "$1"/config/drivers/* share/isolated/drivers/ && cp "$1"/clients/python/*.py share/isolated/python/ &&
      chmod -R a+rX share
      """, [Tree.root, scratch.path])
    try #require(made.code == 0, "\(made.errors)")
    let page = Tree.text("docs/drivers.md")
    for name in ["unpack.toml", "unpack.py"] {
      let start = try #require(page.firstRange(of: "    # \(name)\n")).lowerBound
      let lines = page[start...].split(separator: "\n", omittingEmptySubsequences: false)
        .prefix { $0.isEmpty || $0.hasPrefix("    ") }
      let text = lines.map { String($0.dropFirst(4)) }.joined(separator: "\n")
      _ = scratch.file(name, Self.moved(text, to: scratch.path))
    }
    /* Not beneath /usr, where the driver's profile would show it. */
    let profile = scratch.content("share/isolated/drivers/archives.toml")
    _ = scratch.file(
      "share/isolated/drivers/archives.toml",
      Self.replaced(profile, "[files]\n", "[files]\nread = [\"\(scratch.path)/share\"]\n"))
    let app = scratch.content("unpack.toml")
    _ = scratch.file(
      "unpack.toml",
      Self.replaced(
        app, "read = [", "read = [\"\(scratch.path)/share/isolated/python\", "))
    return scratch
  }

  private static func moved(_ text: String, to path: String) -> String {
    replaced(text, "/usr/local/share", path + "/share")
  }

  private static func replaced(_ text: String, _ old: String, _ new: String) -> String {
    var parts: [Substring] = []
    var rest = text[...]
    while let found = rest.firstRange(of: old) {
      parts.append(rest[..<found.lowerBound])
      rest = rest[found.upperBound...]
    }
    return (parts + [rest]).joined(separator: new)
  }

  private func run(_ scratch: Scratch, archive: String) throws -> Ran {
    let made = Run.shell("cd \"$1\" && python3 -c \"$2\"", [scratch.path, archive])
    try #require(made.code == 0, "\(made.errors)")
    return Run.shell(
      "cd \"$1\" && \"$2\" check ./unpack.toml >&2 && exec \"$2\" run --quiet ./unpack.toml",
      [scratch.path, Executable.path])
  }

  @Test("lists an archive and gives out a file of it, as its page says") func works() throws {
    let ran = try run(
      scene(),
      archive: """
        import zipfile
        with zipfile.ZipFile('untrusted.zip', 'w') as z:
            z.writestr('notes.txt', 'a note' + chr(10)); z.writestr('b/c.bin', bytes(5000))
        """)
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output == "7 'notes.txt'\n5000 'b/c.bin'\na note\n", "\(ran.errors)")
  }

  @Test("takes tar too, and refuses what is none, what is too much, and what lies about itself")
  func hostile() throws {
    let tar = """
      import tarfile, io
      with tarfile.open('untrusted.zip', 'w:xz') as t:
          info = tarfile.TarInfo('notes.txt'); info.size = 3
          t.addfile(info, io.BytesIO(b'tar')); t.addfile(tarfile.TarInfo('../../etc/x'))
      """
    #expect(try run(scene(), archive: tar).output == "3 'notes.txt'\n0 '../../etc/x'\ntar")
    let bomb = """
      import zipfile
      with zipfile.ZipFile('untrusted.zip', 'w', zipfile.ZIP_DEFLATED) as z:
          z.writestr('notes.txt', bytes(100 << 20))
      """
    let ran = try run(scene(), archive: bomb)
    #expect(ran.output.hasPrefix("104857600 'notes.txt'\nFile too large"), "\(ran.output)")
    let nothing = try run(
      scene(), archive: "open('untrusted.zip', 'wb').write(bytes(range(256)) * 9)")
    #expect(nothing.code == 1 && nothing.errors.contains("Bad message"), "\(nothing.errors)")
    #expect(!nothing.errors.contains("died"))
  }
}
