import FilterProbe
import Glibc
import Testing

@testable import Isolate

/// What an app can make of a descriptor that it got. The tests hold every right that an app could: they are the file's owner.
@Suite("Descriptors that were handed out")
struct HandedOutTests {
  @Test("what was opened for reading is not opened again for writing")
  func readOnly() throws {
    let scene = try DriverScene()
    for name in ["", "plain"] {
      let root = try scene.root(name)
      let file = try root.open(name.isEmpty ? "plain" : "")
      for flags in [O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_TRUNC, O_RDONLY | O_TRUNC] {
        #expect(probe_reopen(file.raw, flags) == EROFS)
      }
      #expect(probe_change(file.raw) == EBADF)
      #expect(probe_truncate(file.raw) == EINVAL)
      #expect(probe_chmod(file.raw) == EROFS, "nor do the mode and times change")
      #expect(futimens(file.raw, nil) == -1 && errno == EROFS)
      #expect(fchown(file.raw, geteuid(), getegid()) == -1 && errno == EROFS)
      #expect(probe_map_writable(file.raw) == EACCES)
      #expect(probe_set_flags(file.raw, O_RDWR) == 0)
      #expect(probe_change(file.raw) == EBADF, "F_SETFL changes no access mode")
    }
    #expect(scene.scratch.content("granted/plain") == "plain")
    /* By any other mount the same descriptor is opened again for writing: the mount is what holds. */
    let bytes = Array("plain".utf8)
    let plain = try DriverScene.plain(scene.directory)
    let file = try RootedCalls.open(plain, bytes.span, .read, mode: 0, links: false).take()
    #expect(probe_reopen(file.raw, O_RDWR) == 0)
    #expect(probe_chmod(file.raw) == 0)
  }

  @Test("where nothing may be changed, nothing is")
  func unchangeable() throws {
    let scene = try DriverScene()
    let root = try scene.root(writing: false)
    for opening: FileOpening in [
      .write, [.read, .write], [.write, .create], [.write, .truncate],
    ] {
      #expect(refusal { () throws(SystemError) in _ = try root.open("plain", opening) } == EROFS)
    }
    #expect(refusal { () throws(SystemError) in try root.remove("plain") } == EROFS)
    #expect(refusal { () throws(SystemError) in try root.rename("plain", "x") } == EROFS)
    #expect(refusal { () throws(SystemError) in try root.makeDirectory("x") } == EROFS)
  }

  @Test("a written file is not run")
  func noExec() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let file = try root.open("inner/program", [.read, .write, .create], mode: 0o777)
    #expect(probe_change(file.raw) == 0)
    #expect(probe_map_executable(file.raw) == EPERM)
    let plain = try DriverScene.plain(scene.directory)
    let bytes = Array("inner/program".utf8)
    let other = try RootedCalls.open(
      plain, bytes.span, [.read, .write], mode: 0, links: false
    ).take()
    #expect(probe_map_executable(other.raw) == 0)
  }

  @Test("no descriptor leads to what lies above or beside: directories are not given")
  func directories() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let file = try root.open("inner/deep")
    var byte: CChar = 0
    for path in ["..", "../outside", ".", ""] {
      #expect([ENOTDIR, ENOENT].contains(unsafe probe_plain_open(file.raw, path, &byte)))
    }
    /* Why: a directory that was opened the same way walks out by `..` . */
    let raw = unsafe open(scene.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let directory = Descriptor(adopting: raw)
    #expect(unsafe probe_plain_open(directory.raw, "../outside", &byte) == 0)
  }

  @Test("a hard link is the file that it names, no more")
  func hardLinks() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let ran = Run.shell("ln \"$1/outside\" \"$1/granted/linked\"", [scene.scratch.path])
    try #require(ran.code == 0)
    let file = try root.open("linked")
    #expect(probe_reopen(file.raw, O_RDWR) == EROFS, "the mount holds for every name")
  }
}
