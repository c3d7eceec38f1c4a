import Glibc
import Testing

/// A terminal that the test is: it types, reads the screen, sets the window, hangs up.
final class Pty {
  private(set) var master: Int32
  let path: String
  /// All that was written to the screen.
  private(set) var screen: [UInt8] = []
  private var seen = 0

  init(rows: UInt16 = 24, columns: UInt16 = 80) throws {
    master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(master >= 0)
    /* TIOCSPTLCK, TIOCGPTN: what unlockpt(3) and ptsname(3) do. */
    var unlock: Int32 = 0
    var number: Int32 = 0
    try #require(unsafe ioctl(master, 0x4004_5431, &unlock) == 0)
    try #require(unsafe ioctl(master, 0x8004_5430, &number) == 0)
    path = "/dev/pts/\(number)"
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
    resize(rows: rows, columns: columns)
  }

  /// Starts a program as the leader of a session on this terminal.
  func spawn(_ words: [String], _ files: [Spawned.File]? = nil) throws -> Spawned {
    var setup = Spawned.Setup()
    setup.ownSession = true
    setup.files = files ?? [terminal, terminal, terminal]
    setup.environment = ["PATH=/usr/bin:/bin", "TERM=xterm", "PS1=> ", "HOME=/home/nobody-here"].map
    {
      Array($0.utf8)
    }
    return try Spawned(words, setup)
  }

  /// `isolated run` with a shell script as the app.
  func run(_ script: String, options: [String] = []) throws -> Spawned {
    try spawn([Executable.path, "run"] + options + ["--", "sh", "-c", script])
  }

  /// An interactive shell with job control, which waits for its first line.
  func shell() throws -> Spawned {
    let shell = try spawn(["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"])
    try expect("> ")
    return shell
  }

  var terminal: Spawned.File { .path(path, O_RDWR) }

  func resize(rows: UInt16, columns: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = unsafe ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// What an stty(1) would show, as raw bytes: to be compared.
  var modes: [UInt8] {
    var modes = [UInt8](repeating: 0, count: 36)
    _ = unsafe ioctl(master, UInt(0x5401), &modes)
    return modes
  }

  /// Whether lines are edited by the terminal: false in raw mode.
  var editsLines: Bool { modes[12] & UInt8(ICANON) != 0 }

  func type(_ text: String) { type(bytes: Array(text.utf8)) }

  func type(bytes: [UInt8]) {
    var sent = 0
    for _ in 0..<20_000 where sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe write(master, $0.baseAddress, min(512, $0.count))
      }
      if count > 0 { sent += count } else { usleep(1000) }
      read()
    }
  }

  /// Takes what is there to be read.
  func read() {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe Glibc.read(master, &buffer, buffer.count)
      guard count > 0 else { return }
      screen += buffer[..<count]
    }
  }

  var text: String { String(decoding: screen, as: UTF8.self) }

  /// Waits until a text appears after the last one that was awaited.
  func expect(
    _ wanted: String, seconds: Int = 15, at location: SourceLocation = #_sourceLocation
  ) throws {
    let pattern = Array(wanted.utf8)
    let found = Moment.within(seconds) {
      read()
      guard let index = Self.find(pattern, in: screen[seen...]) else { return false }
      seen = index + pattern.count
      return true
    }
    try #require(
      found, "\"\(wanted)\" is not in \"\(String(decoding: screen[seen...], as: UTF8.self))\"",
      sourceLocation: location)
  }

  /// Waits for the end of a process and reads the screen meanwhile.
  func end(of process: Spawned, seconds: Int = 15) throws -> Spawned.End {
    let ended = Moment.within(seconds) {
      read()
      return process.poll() != nil
    }
    read()
    try #require(ended, "still running; the screen: \(text)")
    return try process.wait()
  }

  private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.count >= pattern.count else { return nil }
    var index = bytes.startIndex
    while index <= bytes.endIndex - pattern.count {
      if bytes[index] == pattern[0], bytes[index..<(index + pattern.count)].elementsEqual(pattern) {
        return index
      }
      index += 1
    }
    return nil
  }

  func hangUp() {
    guard master >= 0 else { return }
    close(master)
    master = -1
  }

  deinit { hangUp() }
}

/// A directory of the test's own, gone with it; everybody may enter.
final class Scratch {
  let path: String

  init() throws {
    var template = Array("/tmp/isolated-test-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
    _ = unsafe chmod(path, 0o755)
  }

  func file(_ name: String, _ content: String, mode: mode_t = 0o644) -> String {
    Run.write(content, to: path + "/" + name)
    _ = unsafe chmod(path + "/" + name, mode)
    return path + "/" + name
  }

  func content(_ name: String) -> String { Run.read(path + "/" + name) }

  deinit { _ = Run.command(["/bin/rm", "-rf", "--", path]) }
}
