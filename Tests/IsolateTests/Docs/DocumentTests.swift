import Testing

@Suite("The documents")
struct DocumentTests {
  /// Every Markdown file of ours.
  static let documents: [String] = Run.shell(
    "cd \"$1\" && find . -maxdepth 1 -name '*.md' && find docs -name '*.md'", [Tree.root]
  ).output.split(separator: "\n").map(String.init).sorted()

  @Test("link to files that are there", arguments: documents)
  func links(document: String) {
    let folder = document.split(separator: "/").dropLast().joined(separator: "/")
    let pieces = Tree.text(document).split(separator: "](").dropFirst()
    for piece in pieces {
      let target = String(piece.prefix { $0 != ")" && $0 != "#" })
      guard !target.isEmpty, !target.hasPrefix("https://") else { continue }
      let path = folder.isEmpty ? target : folder + "/" + target
      let found = Run.shell("test -e \"$1/$2\"", [Tree.root, path]).code
      #expect(found == 0, "\(document) links to \(target)")
    }
  }

  @Test("name every room, and only rooms that are there")
  func rooms() {
    let rooms = Set(
      Run.shell("cd \"$1/Sources/Isolate\" && ls -d */", [Tree.root]).output
        .split(separator: "\n").map { "Sources/Isolate/\($0.dropLast())" })
    let named = Tree.lines("ARCHITECTURE.md").filter { $0.hasPrefix("| `Sources/Isolate/") }
      .map { String($0.dropFirst(3).prefix { $0 != "`" }) }
    #expect(rooms.count > 5)
    #expect(Set(named) == rooms)
    #expect(named.count == rooms.count)
  }

  @Test("say in the README which ready profiles there are")
  func profiles() {
    let names = Run.shell("cd \"$1/config/apps\" && ls *.toml", [Tree.root]).output
      .split(separator: "\n").map { String($0.dropLast(5)) }
    let readme = Tree.text("README.md")
    #expect(names.count >= 15)
    for name in names { #expect(readme.contains(name), "\(name)") }
    #expect(readme.contains("| ready app profiles | \(names.count) |"))
  }

  @Test("have one decision a number, each accepted or replaced")
  func decisions() {
    let files = Self.documents.filter { $0.hasPrefix("docs/decisions/") }
    #expect(files.count >= 7)
    for file in files {
      let name = file.split(separator: "/").last.map(String.init) ?? ""
      let number = name.drop { $0 == "0" }.prefix { $0 != "-" }
      let lines = Tree.lines(file)
      #expect(lines.first?.hasPrefix("# \(number). ") == true, "\(file)")
      #expect(lines.contains { $0.hasPrefix("Status: ") }, "\(file)")
      #expect(lines.contains("## Why"), "\(file)")
    }
    #expect(Set(files.map { $0.prefix(19) }).count == files.count)
  }
}
