import Glibc
import Isolate
import Testing

/// A client's test program.
enum ClientProgram: String, CaseIterable, Sendable {
  case c, python, swift

  /// The words that start it.
  func words() throws -> [String] {
    switch self {
    case .c: return [built("client-c")]
    case .python:
      return [try #require(Run.find("python3")), Executable.root + "/Tests/Clients/client.py"]
    case .swift: return [built("client-swift")]
    }
  }

  private func built(_ name: String) -> String {
    let copy = Executable.root + "/bin/" + name
    return Run.exists(copy) ? copy : Run.products + "/" + name
  }
}

/// The other end of a client's socket, which does what a test says, bytes by bytes.
final class FakeBroker {
  private let door: Int32
  private let client: Spawned
  private let scratch: Scratch
  /// Ends of what was sent, kept open.
  private var kept: [Int32] = []
  private(set) var lastID: UInt32 = 0

  /// Starts the client.
  init(_ program: ClientProgram, _ commands: [String]) throws {
    scratch = try Scratch()
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | 0o2000000
    try #require(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
    door = ends[0]
    defer { close(ends[1]) }
    var setup = Spawned.Setup()
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    setup.files[1] = .path(scratch.path + "/out", writing)
    setup.files[2] = .path(scratch.path + "/errors", writing)
    setup.extra = (from: ends[1], to: 100)
    let variables = ["ISOLATED_BROKER_FD=100", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]
    setup.environment = variables.map { Array($0.utf8) }
    client = try Spawned(try program.words() + commands, setup)
  }

  deinit {
    close(door)
    for descriptor in kept { close(descriptor) }
  }

  /// Lets the client see the end, waits for it and reads what it printed.
  func finish() throws -> [String] {
    shutdown(door, Int32(SHUT_RDWR))
    let end = try client.wait(seconds: 30)
    #expect(end.code == 0, "\(Run.read(scratch.path + "/errors"))")
    return Run.read(scratch.path + "/out").split(separator: "\n").map(String.init)
  }

  /// The next message, its id as 1, and how many descriptors came. Nil: the client is gone, or says nothing for 20 seconds.
  func receive() -> (bytes: [UInt8], descriptors: Int)? {
    var poller = pollfd(fd: door, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&poller, 1, 20_000) == 1 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 4096)
    var control = [UInt32](repeating: 0, count: 64)
    let count = unsafe Self.exchange(&bytes, &control) { unsafe recvmsg(door, $0, 0) }
    guard count > 0 else { return nil }
    bytes.removeLast(4096 - count)
    let descriptors = control[3] == 1 ? (Int(control[0]) - 16) / 4 : 0
    for place in 0..<descriptors { close(Int32(control[4 + place])) }
    if bytes.count >= 8 {
      lastID = (0..<4).reduce(0) { $0 | UInt32(bytes[4 + $1]) << (8 * UInt32($1)) }
      bytes.replaceSubrange(4..<8, with: [1, 0, 0, 0])
    }
    return (bytes, descriptors)
  }

  /// Sends a message with the id of the last request (or another), and descriptors as the words say.
  func send(_ bytes: [UInt8], id: UInt32? = nil, descriptors words: [String] = []) throws {
    var bytes = bytes
    for offset in 0..<4 where bytes.count >= 8 {
      bytes[4 + offset] = UInt8(truncatingIfNeeded: (id ?? lastID) >> (8 * UInt32(offset)))
    }
    let descriptors = try words.map(descriptor)
    defer { for descriptor in descriptors { close(descriptor) } }
    var control: [UInt32] = []
    if !descriptors.isEmpty {
      control = [UInt32(16 + 4 * descriptors.count), 0, UInt32(SOL_SOCKET), 1]
      control += descriptors.map(UInt32.init) + (descriptors.count % 2 == 1 ? [0] : [])
    }
    let sent = unsafe Self.exchange(&bytes, &control) { unsafe sendmsg(door, $0, 0x4000) }
    #expect(sent == bytes.count)
  }

  private func descriptor(_ words: String) throws -> Int32 {
    let parts = words.split(separator: " ", maxSplits: 1).map(String.init)
    let text = parts.count > 1 ? parts[1] : ""
    var made: Int32 = -1
    switch parts[0] {
    case "directory": made = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    case "zero": made = unsafe open("/dev/zero", O_RDWR | O_CLOEXEC)
    case "listener": made = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
    case "socket", "door":
      var ends: [Int32] = [-1, -1]
      let kind = parts[0] == "door" ? SOCK_SEQPACKET : SOCK_STREAM
      let type = Int32(kind.rawValue) | 0o2000000
      try #require(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
      kept.append(ends[1])
      _ = unsafe write(ends[1], text + "\n", text.utf8.count + 1)
      made = ends[0]
    default:
      let path = scratch.path + "/file"
      made = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      _ = unsafe write(made, text, text.utf8.count)
      lseek(made, 0, SEEK_SET)
      _ = unsafe unlink(path)
    }
    try #require(made >= 0, "\(words): \(errno)")
    return made
  }

  private static func exchange(
    _ bytes: inout [UInt8], _ control: inout [UInt32],
    _ perform: (UnsafeMutablePointer<msghdr>) -> Int
  ) -> Int {
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe control.withUnsafeMutableBytes { control in
        var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return unsafe withUnsafeMutablePointer(to: &part) { part in
          var message = unsafe msghdr()
          unsafe message.msg_iov = part
          unsafe message.msg_iovlen = 1
          if control.count > 0 {
            unsafe message.msg_control = control.baseAddress
            unsafe message.msg_controllen = control.count
          }
          return unsafe perform(&message)
        }
      }
    }
  }
}
