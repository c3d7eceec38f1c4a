import FilterProbe
import Glibc
import Testing

@testable import Isolate

@Suite("Attacks on the files driver")
struct FileAttackTests {
  /// What leads out of the granted directory, and what the kernel says with and without following links.
  static let waysOut: [(path: String, refused: Int32, followed: Int32)] = [
    ("../outside", EXDEV, EXDEV),
    ("inner/../../outside", EXDEV, EXDEV),
    ("./.././outside", EXDEV, EXDEV),
    ("inner/../../granted/../outside", EXDEV, EXDEV),
    ("link-out", ELOOP, EXDEV),
    ("link-abs", ELOOP, EXDEV),
    ("link-dir-out/outside", ELOOP, EXDEV),
    ("inner/../link-dir-out/outside", ELOOP, EXDEV),
  ]

  @Test("no path leads out of the granted directory", arguments: waysOut.indices)
  func out(index: Int) throws {
    let way = Self.waysOut[index]
    let scene = try DriverScene()
    /* Without the protection each of them reads the file outside. */
    var byte: CChar = 0
    let plain = try DriverScene.plain(scene.directory)
    #expect(unsafe probe_plain_open(plain.raw, way.path, &byte) == 0)
    #expect(byte == CChar(bitPattern: UInt8(ascii: "o")))
    for links in [false, true] {
      let root = try scene.root(links: links)
      let expected = links ? way.followed : way.refused
      for opening: FileOpening in [.read, .write, [.read, .write, .create], [.write, .truncate]] {
        #expect(
          refusal { () throws(SystemError) in _ = try root.open(way.path, opening) } == expected,
          "\(way.path)")
      }
      if way.path.hasSuffix("/outside") {
        #expect(refusal { () throws(SystemError) in try root.remove(way.path) } == expected)
        #expect(refusal { () throws(SystemError) in try root.rename(way.path, "x") } == expected)
        #expect(
          refusal { () throws(SystemError) in try root.rename("plain", way.path) } == expected)
        #expect(refusal { () throws(SystemError) in try root.makeDirectory(way.path) } == expected)
        #expect(
          refusal { () throws(SystemError) in _ = try root.status(way.path) } == expected)
      }
      #expect(scene.scratch.content("outside") == "outside")
    }
  }

  @Test("an absolute path is none of ours")
  func absolute() throws {
    let scene = try DriverScene()
    let root = try scene.root(links: true)
    for path in ["/etc/hostname", "/", "//", scene.directory + "/plain"] {
      #expect(refusal { () throws(SystemError) in _ = try root.open(path) } == EXDEV, "\(path)")
      #expect(refusal { () throws(SystemError) in _ = try root.status(path) } == EXDEV)
    }
    #expect(refusal { () throws(SystemError) in try root.remove("/plain") } == EXDEV)
    #expect(refusal { () throws(SystemError) in try root.makeDirectory("/new") } == EXDEV)
    #expect(refusal { () throws(SystemError) in _ = try root.names("/") } == EXDEV)
  }

  @Test("a link is followed only where it may be, and only beneath")
  func links() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let following = try scene.root(links: true)
    #expect(refusal { () throws(SystemError) in _ = try root.open("link-in") } == ELOOP)
    #expect(try following.text("link-in") == "deep")
    /* A dangling link makes its target beneath, or nothing. */
    let creating: FileOpening = [.write, .create]
    #expect(refusal { () throws(SystemError) in _ = try root.open("dangling", creating) } == ELOOP)
    _ = try following.open("dangling", creating)
    #expect(try root.status("nowhere").isRegular)
    let ran = Run.shell("ln -s ../made-outside \"$1/hole\"", [scene.directory])
    #expect(ran.code == 0)
    #expect(refusal { () throws(SystemError) in _ = try following.open("hole", creating) } == EXDEV)
    #expect(Run.exists(scene.scratch.path + "/made-outside") == false)
  }

  @Test("bytes that are no path are errors: NUL, too long; odd ones are names")
  func bytes() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    #expect(refusal { () throws(SystemError) in _ = try root.open("plain\0") } == EINVAL)
    #expect(refusal { () throws(SystemError) in _ = try root.open("\0") } == EINVAL)
    #expect(refusal { () throws(SystemError) in try root.remove("pl\0ain") } == EINVAL)
    #expect(refusal { () throws(SystemError) in _ = try root.open("") } == ENOENT)
    for size in [4095, 4096, 5000, 70_000] {
      let long = String(repeating: "a", count: size)
      #expect(refusal { () throws(SystemError) in _ = try root.open(long) } == ENAMETOOLONG)
      #expect(refusal { () throws(SystemError) in try root.makeDirectory(long) } == ENAMETOOLONG)
    }
    let deep = String(repeating: "./", count: 2000) + "plain"
    #expect(try root.text(deep) == "plain")
    for name: [UInt8] in [[0x0a], [0xff, 0xfe], [0xc0, 0x80], Array("a\nb: c".utf8), [0x1b]] {
      _ = try root.open(name.span, [.write, .create], mode: 0o600)
      #expect(try root.status(name.span).isRegular)
      #expect(try root.names(".").contains(name))
      try root.remove(name.span, directory: false)
    }
  }

  @Test("only regular files are handed out; nothing waits for a FIFO")
  func kinds() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    for opening: FileOpening in [.read, .write, [.read, .write]] {
      #expect(
        refusal { () throws(SystemError) in _ = try root.open("fifo", opening) } == EOPNOTSUPP)
      #expect(
        refusal { () throws(SystemError) in _ = try root.open("socket", opening) } == EOPNOTSUPP)
      #expect(refusal { () throws(SystemError) in _ = try root.open("inner", opening) } == EISDIR)
      #expect(refusal { () throws(SystemError) in _ = try root.open(".", opening) } == EISDIR)
    }
    #expect(
      refusal { () throws(SystemError) in _ = try root.open("inner", [.read, .directory]) }
        == EISDIR)
    /* Devices: by their kind, and by the mount. */
    let devices = try DriverScene.plain("/dev")
    let null = Array("null".utf8)
    #expect(
      refusal { () throws(SystemError) in
        _ = try RootedCalls.open(devices, null.span, .read, mode: 0, links: false)
      } == EOPNOTSUPP)
    let dev = try DriverScene.mount("/dev", DriverScene.readOnly)
    let place = try Place.of(dev)
    let granted = try FileRoot(
      reading: dev, writing: nil, device: place.device, inode: place.inode, followsLinks: true)
    #expect(refusal { () throws(SystemError) in _ = try granted.open("null") } == EACCES)
  }

  @Test("a set-id program is not opened for writing: a mapping would leave the bit")
  func setID() throws {
    let scene = try DriverScene()
    let root = try scene.root()
    let path = scene.scratch.path + "/granted/program"
    try #require(Run.shell("echo text >\"$1\"", [path]).code == 0)
    for (mode, error) in [("4755", EPERM), ("2755", EPERM), ("755", nil)] {
      try #require(Run.shell("chmod \"$2\" \"$1\"", [path, mode]).code == 0)
      for opening: FileOpening in [.write, [.read, .write]] {
        #expect(
          refusal { () throws(SystemError) in _ = try root.open("program", opening) } == error)
      }
      #expect(refusal { () throws(SystemError) in _ = try root.open("program", .read) } == nil)
    }
  }

  @Test("links of /proc lead nowhere, even where links are followed")
  func magic() throws {
    let proc = try DriverScene.plain("/proc")
    for path in ["self/root/etc/hostname", "self/cwd/Package.swift", "self/exe", "self/fd/0"] {
      let bytes = Array(path.utf8)
      let number = refusal { () throws(SystemError) in
        _ = try RootedCalls.open(proc, bytes.span, .read, mode: 0, links: true)
      }
      #expect(number == ELOOP, "\(path)")
    }
    var byte: CChar = 0
    #expect(unsafe probe_plain_open(proc.raw, "self/root/etc/hostname", &byte) == 0)
  }

  @Test("a mount beneath the granted directory is not crossed")
  func mounts() throws {
    let scene = try DriverScene()
    let raw = unsafe probe_mount_with_mount(
      scene.directory, scene.directory + "/inner", DriverScene.readOnly)
    try #require(raw >= 0)
    let reading = Descriptor(adopting: raw)
    var byte: CChar = 0
    /* Without the protection the walk goes over the mount, where `deep` is not. */
    #expect(unsafe probe_plain_open(raw, "inner/deep", &byte) == ENOENT)
    let place = try Place.of(reading)
    let root = try FileRoot(
      reading: reading, writing: nil, device: place.device, inode: place.inode, followsLinks: true)
    for path in ["inner", "inner/deep", "inner/.."] {
      #expect(refusal { () throws(SystemError) in _ = try root.open(path) } == EXDEV, "\(path)")
      #expect(refusal { () throws(SystemError) in _ = try root.status(path) } == EXDEV)
    }
    #expect(refusal { () throws(SystemError) in _ = try root.names("inner") } == EXDEV)
    #expect(try root.text("plain") == "plain")
  }

  /// What a race between checking and opening would let out; bounded by its tries.
  @Test("exchanging a directory for a link while it is opened gains nothing")
  func racingLinks() throws {
    let scene = try DriverScene()
    let made = Run.shell(
      "cd \"$1\" && mkdir there && printf inside >there/outside && ln -s .. swap", [scene.directory]
    )
    try #require(made.code == 0)
    let child = unsafe probe_exchange(scene.directory + "/there", scene.directory + "/swap")
    defer { probe_end(child) }
    let root = try scene.root(links: true)
    let strict = try scene.root()
    var (inside, refused) = (0, 0)
    for _ in 0..<3000 {
      for links in [true, false] {
        do throws(SystemError) {
          let text = links ? try root.text("there/outside") : try strict.text("there/outside")
          #expect(text == "inside")
          inside += 1
        } catch {
          #expect([EXDEV, ELOOP, ENOENT, EAGAIN].contains(error.number), "\(error)")
          refused += 1
        }
      }
    }
    #expect(inside + refused == 6000)
    #expect(scene.scratch.content("outside") == "outside")
  }

  @Test("moving a directory out while a path climbs from it gains nothing")
  func racingMoves() throws {
    let scene = try DriverScene()
    let made = Run.shell(
      """
      cd "$1" && mkdir -p granted/a/b out/c && printf inside >granted/secret && printf outside >secret
      """, [scene.scratch.path])
    try #require(made.code == 0)
    /* Moved out, the same path climbs to the secret outside. */
    let root = try scene.root(links: true)
    let child = unsafe probe_exchange(
      scene.directory + "/a/b", scene.scratch.path + "/out/c")
    defer { probe_end(child) }
    for _ in 0..<3000 {
      do throws(SystemError) {
        let text = try root.text("a/b/../../secret")
        #expect(text == "inside")
      } catch {
        #expect([EXDEV, EAGAIN, ENOENT].contains(error.number), "\(error)")
      }
    }
  }
}
