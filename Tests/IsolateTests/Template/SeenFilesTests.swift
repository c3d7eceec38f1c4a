import Isolate
import Testing

@Suite("What a plan was made from")
struct SeenFilesTests {
  /// Looks at a file that is there, one that is not, and a link.
  private func look(_ scratch: Scratch) throws -> SeenFiles {
    _ = scratch.file("file", "one")
    #expect(Run.shell("ln -s file \"$1/link\"", [scratch.path]).code == 0)
    let seen = SeenFiles()
    let sources = seen.recording(.host)
    #expect(try sources.status(scratch.path + "/file", true) != nil)
    #expect(try sources.status(scratch.path + "/later", true) == nil)
    #expect(sources.linkTarget(scratch.path + "/link") == "file")
    #expect(seen.count == 3)
    return seen
  }

  @Test("holds while the files are the same, whatever they say") func holds() throws {
    let scratch = try Scratch()
    let seen = try look(scratch)
    #expect(seen.hold())
    #expect(Run.shell("echo more >> \"$1/file\"", [scratch.path]).code == 0)
    #expect(seen.hold())
  }

  /// What somebody does to them.
  static let changes = [
    "mv file old; cp old file", "touch later", "chmod 600 file", "rm file", "ln -sfn other link",
    "rm file; mkdir file",
  ]

  @Test("holds no longer once one is another", arguments: changes) func changed(_ change: String)
    throws
  {
    let scratch = try Scratch()
    let seen = try look(scratch)
    #expect(Run.shell("umask 022; cd \"$1\" && \(change)", [scratch.path]).code == 0)
    #expect(!seen.hold())
  }
}
