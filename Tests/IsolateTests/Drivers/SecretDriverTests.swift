import FilterProbe
import Glibc
import Testing

@testable import Isolate

@Suite("The secrets driver")
struct SecretDriverTests {
  private func text(_ descriptor: borrowing Descriptor) throws -> String {
    String(decoding: try descriptor.readAll(limit: 1 << 20), as: UTF8.self)
  }

  @Test("gives a memory file that can be read and nothing else")
  func sealed() throws {
    let scene = try DriverScene()
    let none: [UInt8] = []
    let secret = try SecretFill.file(try scene.root("plain", writing: false), none.span)
    #expect(try text(secret) == "plain")
    #expect(probe_is_sealed(secret.raw) == 1)
    #expect(probe_get_flags(secret.raw) & O_ACCMODE == O_RDONLY)
    #expect(fcntl(secret.raw, F_GETFD) == FD_CLOEXEC)
    #expect(probe_change(secret.raw) == EBADF)
    #expect(probe_truncate(secret.raw) == EINVAL)
    #expect(probe_map_writable(secret.raw) != 0)
    /* It can be opened again for writing, and there are the seals. */
    let again = unsafe open("/proc/self/fd/\(secret.raw)", O_RDWR | O_CLOEXEC)
    try #require(again >= 0)
    let writable = Descriptor(adopting: again)
    #expect(probe_change(writable.raw) == EPERM)
    #expect(probe_truncate(writable.raw) == EPERM)
    #expect(probe_map_writable(writable.raw) == EPERM)
  }

  @Test("without seals the same descriptor is written by whoever opens it again")
  func unsealed() throws {
    let raw = probe_unsealed()
    try #require(raw >= 0)
    let file = Descriptor(adopting: raw)
    #expect(probe_reopen(file.raw, O_RDWR) == 0)
    #expect(probe_is_sealed(file.raw) == 0)
  }

  @Test("takes what a command prints, as it comes")
  func pipes() throws {
    var ends: [Int32] = [-1, -1]
    /* Shut down, not closed: another test's fork may hold a copy. */
    let kind = Int32(SOCK_STREAM.rawValue)
    try #require(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
    let source = Descriptor(adopting: ends[0])
    let written = ends[1]
    try Bytes.makeNonBlocking(source)
    var fill = try SecretFill(from: source)
    #expect(try !fill.take())
    #expect(Output.write("hun", to: written))
    #expect(try !fill.take())
    #expect(Output.write("ter2\n", to: written))
    shutdown(written, Int32(SHUT_WR))
    #expect(try fill.take())
    #expect(try text(try fill.sealed()) == "hunter2\n")
    close(written)
  }

  @Test("takes 64 KiB and not a byte more", arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
  func limits(size: Int) throws {
    let scratch = try Scratch()
    let path = scratch.file("secret", String(repeating: "s", count: size))
    var fill = try SecretFill(from: try Descriptor.openForReading(path))
    do throws(SystemError) {
      #expect(try fill.take())
      #expect(size <= 65_536)
      #expect(try fill.sealed().readAll(limit: 1 << 20).count == size)
    } catch {
      #expect(error.number == EFBIG && size > 65_536)
    }
  }

  @Test("a secret that is a FIFO or a directory is refused, and nothing waits")
  func kinds() throws {
    let scene = try DriverScene()
    let root = try scene.root(writing: false)
    for name in ["fifo", "socket", "inner", "link-out"] {
      let path = Array(name.utf8)
      let number = refusal { () throws(SystemError) in
        _ = try SecretFill.file(root, path.span)
      }
      #expect([EOPNOTSUPP, EISDIR, ELOOP].contains(number))
    }
  }
}

@Suite("The devices driver")
struct DeviceDriverTests {
  private func node(_ path: String, number: UInt64? = nil) throws -> DeviceNode {
    let descriptor = try DriverScene.plain(path)
    let place = try Place.of(descriptor)
    return try DeviceNode(node: descriptor, number: number ?? place.deviceNumber)
  }

  @Test("opens the node with the rights that are asked for")
  func opens() throws {
    let null = try node("/dev/null")
    let both: FileOpening = [.read, .write]
    let openings: [(FileOpening, Int32)] = [(.read, O_RDONLY), (.write, O_WRONLY), (both, O_RDWR)]
    for (opening, flags) in openings {
      let device = try null.open(opening)
      #expect(probe_get_flags(device.raw) & O_ACCMODE == flags)
      #expect(probe_get_flags(device.raw) & O_NONBLOCK == 0)
      #expect(fcntl(device.raw, F_GETFD) == FD_CLOEXEC)
      #expect(try Place.of(device).deviceNumber == null.number)
    }
    let zero = try node("/dev/zero").open(.read)
    #expect(probe_change(zero.raw) == EBADF)
  }

  @Test("opens no other device, and nothing that is none")
  func others() throws {
    let number = try node("/dev/zero").number
    #expect(throws: SystemError.self) { _ = try node("/dev/null", number: number) }
    #expect(throws: SystemError.self) { _ = try node("/etc/hostname") }
    #expect(throws: SystemError.self) { _ = try node("/dev", number: 0) }
    let null = try node("/dev/null")
    for raw: UInt32 in [0, 4 | 2, 2 | 16, 2 | 32, 64 | 1, 128 | 1] {
      #expect(
        refusal { () throws(SystemError) in
          _ = try null.open(FileOpening(rawValue: raw))
        } == EINVAL)
    }
  }
}

@Suite("The clock driver")
struct ClockDriverTests {
  typealias Time = SystemClock.Time

  @Test("says how far the clock would move, for any two times")
  func steps() {
    let now = Time(seconds: 1000, nanoseconds: 500_000_000)
    let cases: [(Time, Int64)] = [
      (now, 0), (Time(seconds: 1001, nanoseconds: 0), 500),
      (Time(seconds: 999, nanoseconds: 0), 1500),
      (Time(seconds: .min, nanoseconds: 0), .max), (Time(seconds: .max, nanoseconds: 0), .max),
      (Time(seconds: 1000, nanoseconds: .max), 3794),
    ]
    for (time, step) in cases { #expect(ClockSetting.step(to: time, from: now) == step) }
    #expect(
      ClockSetting.step(
        to: Time(seconds: .max / 1000, nanoseconds: 0),
        from: Time(seconds: -.max / 1000, nanoseconds: 0)) == .max)
  }

  @Test("reports what the kernel says, and takes no time that is none")
  func sets() throws {
    #expect(
      refusal { () throws(SystemError) in
        try ClockSetting.set(Time(seconds: 0, nanoseconds: 1_000_000_000))
      } == EINVAL)
    /* A time that the kernel refuses whoever asks: the machine's clock is not ours to move. */
    let number = refusal { () throws(SystemError) in
      try ClockSetting.set(Time(seconds: -1, nanoseconds: 0))
    }
    #expect(number == (Privileges.isRoot ? EINVAL : EPERM) || number == EPERM || number == EINVAL)
    #expect(try SystemClock.now().seconds > 1_600_000_000)
  }
}
