import Glibc
import Testing

/// A temporary place to run real programs in: `work`, where they start, and `home`, the caller's home with a
/// secret in it. Removed at the end, with every server that is still running.
final class Workshop {
  let place: String
  var work: String { place + "/work" }
  var home: String { place + "/home" }
  /// A file that no profile grants, and what is in it.
  var secretFile: String { home + "/secret.txt" }
  let secret = "the caller's secret"

  init() throws {
    var name = Array("/tmp/isolated-apps-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&name)
    let isMade = unsafe made != nil
    try #require(isMade)
    place = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for path in [work, home, work + "/out"] {
      let failure = unsafe mkdir(path, 0o755)
      try #require(failure == 0)
    }
    Run.write(secret, to: secretFile)
  }

  deinit { _ = Run.command(["/bin/rm", "-rf", place]) }

  /// Runs `isolated run WORDS` in `work` as a caller whose home is `home`.
  func isolated(_ words: String...) -> Ran { outside([Executable.path, "run"] + words) }

  /// Runs a program of the host there, unconfined, for at most two minutes.
  func outside(_ words: [String]) -> Ran { Run.command(bounded(words)) }

  /// Starts `isolated run WORDS` there; its output goes to `work/log`.
  func start(_ words: String...) throws -> Server {
    try Server(bounded([Executable.path, "run"] + words), log: work + "/log")
  }

  private func bounded(_ words: [String]) -> [String] {
    let script = #"cd "$1" && HOME=$2 && export HOME && shift 2 && exec timeout -k 5 120 "$@""#
    return ["/bin/sh", "-c", script, "sh", work, home] + words
  }

  func write(_ text: String, to name: String) { Run.write(text, to: work + "/" + name) }

  func text(_ name: String) -> String { Run.read(work + "/" + name) }

  /// The first bytes of a file, which say what kind it is; empty if there is none.
  func start(of name: String, _ count: Int = 32) -> [UInt8] {
    guard let file = unsafe fopen(work + "/" + name, "r") else { return [] }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: count)
    return Array(bytes[..<(unsafe fread(&bytes, 1, count, file))])
  }

  /// A PNG's width and height, from its header. Source: PNG specification, 11.2.2.
  func sizeOfPNG(_ name: String) -> (width: Int, height: Int)? {
    let bytes = start(of: name)
    guard bytes.count >= 24, Array(bytes[1..<4]) == Array("PNG".utf8) else { return nil }
    func number(_ start: Int) -> Int { bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    return (number(16), number(20))
  }
}

/// A program that runs until it is asked to end.
final class Server {
  private let pid: pid_t
  private let log: String
  private var code: Int32?

  init(_ words: [String], log: String) throws {
    self.log = log
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(
      &actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    // Threads of the test library block signals, and `timeout` would keep them blocked.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var pid: pid_t = 0
    let failure = unsafe posix_spawn(&pid, words[0], &actions, &attributes, &arguments, environ)
    try #require(failure == 0)
    self.pid = pid
  }

  deinit { _ = stop() }

  /// Everything it has printed so far.
  var output: String { Run.read(log) }

  /// Asks it to end, and makes it if it has not within 20 seconds.
  ///
  /// - Returns: its exit code as a shell counts it.
  @discardableResult func stop() -> Int32 {
    if let code { return code }
    kill(pid, SIGTERM)
    var status: Int32 = 0
    var turns = 0
    while unsafe waitpid(pid, &status, WNOHANG) == 0 {
      turns += 1
      if turns == 400 { kill(pid, SIGKILL) }
      usleep(50_000)
    }
    let ended = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    code = ended
    return ended
  }

  /// Asks a client until it succeeds, for at most half a minute.
  func answer(_ ask: () -> Ran) -> Ran {
    var last = Ran()
    for _ in 0..<150 {
      last = ask()
      if last.code == 0 { return last }
      usleep(200_000)
    }
    return last
  }
}

/// TCP ports of the host's loopback.
enum Port {
  /// One that nobody listens on.
  static func unused() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failure = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(descriptor, address, length) | getsockname(descriptor, address, &length)
      }
    }
    try #require(failure == 0)
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
