import FilterProbe
import Glibc
import Testing

@testable import Isolate

@Suite("The files driver")
struct FileDriverTests {
  @Test("reads, writes, makes, truncates and appends, as it is told")
  func opens() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    #expect(try root.text("plain") == "plain")
    #expect(try root.text("inner/../inner/deep") == "deep")
    let made = try root.open("inner/made", [.write, .create], mode: 0o7640)
    #expect(probe_change(made.raw) == 0)
    #expect(try root.text("inner/made") == "!")
    #expect(try root.status("inner/made").mode & 0o7777 == 0o640, "no set-id, no sticky bit")
    _ = try root.open("inner/made", [.write, .truncate])
    #expect(try root.status("inner/made").size == 0)
    #expect(
      refusal { () throws(SystemError) in
        _ = try root.open("plain", [.write, .create, .exclusive])
      } == EEXIST)
    let both = try root.open("plain", [.read, .write, .append])
    let flags = probe_get_flags(both.raw)
    #expect(flags & O_ACCMODE == O_RDWR)
    #expect(flags & O_APPEND != 0)
    #expect(flags & O_NONBLOCK == 0, "our own caution is not the app's")
    #expect(fcntl(both.raw, F_GETFD) == FD_CLOEXEC)
  }

  @Test(
    "refuses flags that contradict each other",
    arguments: [0, 4, 8, 16, 32, 17, 5, 33, 10, 129, 0xffff_ffbf] as [UInt32])
  func flags(raw: UInt32) throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let number = refusal { () throws(SystemError) in
      _ = try root.open("plain", FileOpening(rawValue: raw))
    }
    #expect(number == EINVAL)
    #expect(try root.text("plain") == "plain")
  }

  @Test("says what lies where, links themselves unless they are followed")
  func status() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    #expect(try root.status("plain").size == 5)
    #expect(try root.status("fifo").mode & S_IFMT == S_IFIFO, "nothing is opened")
    #expect(try root.status("link-out").mode & S_IFMT == S_IFLNK)
    #expect(try root.status("inner").isDirectory)
    let following = try scene.root(links: true)
    #expect(try following.status("link-in").size == 4)
    #expect(refusal { () throws(SystemError) in _ = try following.status("dangling") } == ENOENT)
    #expect(refusal { () throws(SystemError) in _ = try following.status("link-out") } == EXDEV)
  }

  @Test(
    "lists every name once, whatever its bytes, in pieces of any size", arguments: [1, 2, 7, 900])
  func lists(room: Int) throws {
    let scene = try DriverScene()
    let odd = Run.shell(
      "cd \"$1\" && mkdir many && cd many && for i in $(seq 400); do : >file-$i; done; "
        + "touch \"$(printf 'a\\nb')\" \"$(printf '\\377\\200')\" ...", [scene.directory])
    try #require(odd.code == 0)
    let names = try scene.root(writing: false).names("many", room: room)
    #expect(names.count == 403)
    #expect(Set(names).count == 403)
    #expect(names.contains([0xff, 0x80]))
    #expect(names.contains(Array("a\nb".utf8)))
    #expect(names.contains(Array("...".utf8)))
    #expect(!names.contains([0x2e]) && !names.contains([0x2e, 0x2e]))
  }

  @Test("takes any cursor and any change of the directory meanwhile")
  func cursors() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let path = Array("inner".utf8)
    for cursor: UInt64 in [1, 2, 77, 1 << 31, 1 << 40, UInt64(Int64.max), 1 << 63, .max] {
      var names: [[UInt8]] = []
      let number = refusal { () throws(SystemError) in
        _ = try root.list(path.span, from: cursor) { _, name in
          names.append(name.indices.map { name[$0] })
          return true
        }
      }
      #expect(number == nil || number == EINVAL)
      #expect(names.allSatisfy { $0 == Array("deep".utf8) })
    }
    for name in 0..<300 { _ = try root.open("inner/a\(name)", [.write, .create]) }
    var cursor: UInt64 = 0
    var rounds = 0
    var seen: Set<[UInt8]> = []
    repeat {
      cursor = try root.list(path.span, from: cursor) { _, name in
        seen.insert(name.indices.map { name[$0] })
        return true
      }
      try root.remove("inner/a\(rounds)")
      _ = try root.open("inner/b\(rounds)", [.write, .create])
      rounds += 1
    } while cursor != 0 && rounds < 200
    #expect(cursor == 0)
    #expect(seen.contains(Array("deep".utf8)))
    #expect(seen.isSuperset(of: (200..<300).map { Array("a\($0)".utf8) }))
  }

  @Test("makes directories, renames and removes")
  func changes() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    try root.makeDirectory("new", mode: 0o7777)
    #expect(try root.status("new").mode & 0o7000 == 0)
    try root.makeDirectory("new/er")
    try root.rename("plain", "new/er/plain")
    #expect(try root.text("new/er/plain") == "plain")
    #expect(
      refusal { () throws(SystemError) in
        try root.rename("hard", "inner/deep", replacing: false)
      } == EEXIST)
    try root.rename("hard", "inner/deep")
    #expect(try root.text("inner/deep") == "plain")
    #expect(refusal { () throws(SystemError) in try root.remove("new/er") } == EISDIR)
    #expect(
      refusal { () throws(SystemError) in try root.remove("new/er", directory: true) } == ENOTEMPTY)
    try root.remove("new/er/plain")
    try root.remove("new/er", directory: true)
    try root.remove("link-out")
    #expect(scene.scratch.content("outside") == "outside", "the link itself went")
    #expect(try root.names(".").contains(Array("inner".utf8)))
  }

  @Test("never touches a last component that is no name")
  func lastComponents() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    for path in ["", ".", "..", "inner/", "inner/.", "inner/..", "../", "/", "inner//"] {
      #expect(refusal { () throws(SystemError) in try root.remove(path) } == EINVAL, "\(path)")
      #expect(
        refusal { () throws(SystemError) in try root.remove(path, directory: true) } == EINVAL)
      #expect(refusal { () throws(SystemError) in try root.makeDirectory(path) } == EINVAL)
      #expect(refusal { () throws(SystemError) in try root.rename(path, "x") } == EINVAL)
      #expect(refusal { () throws(SystemError) in try root.rename("plain", path) } == EINVAL)
    }
    #expect(try root.text("inner/deep") == "deep")
  }

  @Test("serves a root that is one file, and nothing beside it")
  func oneFile() throws {
    let scene = try DriverScene()
    let root = try scene.root("plain")
    let isDirectory = root.isDirectory
    #expect(!isDirectory)
    let none: [UInt8] = []
    #expect(try root.text("") == "plain")
    #expect(try root.status("").size == 5)
    let written = try root.open("", [.write, .create, .truncate])
    #expect(probe_change(written.raw) == 0)
    #expect(try root.text("") == "!")
    for path in [".", "..", "../outside", "inner", "/"] {
      #expect(refusal { () throws(SystemError) in _ = try root.open(path) } == ENOTDIR)
      #expect(refusal { () throws(SystemError) in _ = try root.status(path) } == ENOTDIR)
      #expect(refusal { () throws(SystemError) in try root.remove(path) } == ENOTDIR)
      #expect(refusal { () throws(SystemError) in try root.makeDirectory(path) } == ENOTDIR)
      #expect(refusal { () throws(SystemError) in try root.rename(path, "x") } == ENOTDIR)
      #expect(refusal { () throws(SystemError) in _ = try root.locate(none.span) } == ENOTDIR)
    }
  }

  @Test("opens no root that is not what the policy was made for")
  func roots() throws {
    let scene = try DriverScene()
    let place = try Place.of(try DriverScene.plain(scene.directory))
    func refused(
      _ reading: consuming Descriptor, _ writing: consuming Descriptor?, inode: UInt64
    ) -> Int32? {
      do throws(SystemError) {
        _ = try FileRoot(
          reading: reading, writing: writing, device: place.device, inode: inode,
          followsLinks: false)
        return nil
      } catch {
        return error.number
      }
    }
    let readOnly = DriverScene.readOnly
    let writable = DriverScene.writable
    let path = scene.directory
    #expect(try refused(DriverScene.mount(path, readOnly), nil, inode: place.inode) == nil)
    #expect(try refused(DriverScene.mount(path, readOnly), nil, inode: place.inode + 1) == ESTALE)
    #expect(try refused(DriverScene.plain(path), nil, inode: place.inode) == EPERM)
    #expect(try refused(DriverScene.mount(path, writable), nil, inode: place.inode) == EPERM)
    #expect(
      try refused(
        DriverScene.mount(path, readOnly), DriverScene.plain(path), inode: place.inode) == EPERM)
    #expect(
      try refused(
        DriverScene.mount(path, readOnly), DriverScene.mount(path + "/inner", writable),
        inode: place.inode) == ESTALE)
    /* The broker's own memory lies there. */
    let proc = try DriverScene.plain("/proc")
    let own = try Place.of(proc)
    do throws(SystemError) {
      _ = try FileRoot(
        reading: proc, writing: nil, device: own.device, inode: own.inode, followsLinks: false)
      Issue.record("a directory of proc was taken")
    } catch {
      #expect(error.number == EOPNOTSUPP)
    }
  }
}
