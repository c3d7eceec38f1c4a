import Glibc
import Testing

/// A child process with exactly what the test gives it: its 0, 1 and 2, its session, its signals.
final class Spawned {
  /// What becomes of one of 0, 1, 2.
  enum File {
    case path(String, Int32)
    case descriptor(Int32)
    case closed
  }

  struct Setup {
    var files: [File] = [
      .path("/dev/null", O_RDONLY), .path("/dev/null", O_WRONLY), .path("/dev/null", O_WRONLY),
    ]
    var environment: [[UInt8]]?
    var ownSession = false
    /// Signals that the child starts with blocked.
    var blocked: [Int32] = []
    /// Where a further descriptor of the test's lands in the child.
    var extra: (from: Int32, to: Int32)?
  }

  struct End {
    /// As a shell counts it.
    var code: Int32
    /// CPU time of the process and of what it waited for.
    var cpuMilliseconds: Int
  }

  let pid: pid_t
  private var end: End?

  convenience init(_ words: [String], _ setup: Setup = Setup()) throws {
    try self.init(bytes: words.map { Array($0.utf8) }, setup)
  }

  init(bytes words: [[UInt8]], path: String? = nil, _ setup: Setup) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in setup.files.enumerated() {
      switch file {
      case .path(let path, let flags):
        unsafe posix_spawn_file_actions_addopen(&actions, Int32(number), path, flags, 0o600)
      case .descriptor(let descriptor):
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
      case .closed: unsafe posix_spawn_file_actions_addclose(&actions, Int32(number))
      }
    }
    if let extra = setup.extra {
      unsafe posix_spawn_file_actions_adddup2(&actions, extra.from, extra.to)
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    for signal in setup.blocked { unsafe sigaddset(&mask, signal) }
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    /* Whatever the runner of the tests ignores. */
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    let flags =
      Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | (setup.ownSession ? 0x80 : 0)
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var argv = unsafe Self.copies(words)
    var envp: [UnsafeMutablePointer<CChar>?] = unsafe []
    if let environment = setup.environment { unsafe envp = Self.copies(environment) }
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let program = path ?? String(decoding: words[0], as: UTF8.self)
    let isOwn = setup.environment == nil
    let result = unsafe envp.withUnsafeMutableBufferPointer { envp in
      unsafe posix_spawn(
        &pid, program, &actions, &attributes, &argv, unsafe (isOwn ? environ : envp.baseAddress))
    }
    try #require(result == 0, "posix_spawn \(program): error \(result)")
    self.pid = pid
  }

  private static func copies(_ words: [[UInt8]]) -> [UnsafeMutablePointer<CChar>?] {
    unsafe words.map { word in
      unsafe (word + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { bytes in
        let copy = unsafe malloc(bytes.count)?.assumingMemoryBound(to: CChar.self)
        if let start = bytes.baseAddress { unsafe copy?.update(from: start, count: bytes.count) }
        return unsafe copy
      }
    } + [nil]
  }

  func send(_ signal: Int32) { _ = kill(pid, signal) }

  /// Its end, or nil while it runs.
  func poll() -> End? {
    if let end { return end }
    var status: Int32 = 0
    var usage = rusage()
    guard unsafe wait4(pid, &status, WNOHANG, &usage) == pid else { return nil }
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    let cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    let micro = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
    end = End(code: code, cpuMilliseconds: cpu * 1000 + Int(micro) / 1000)
    return end
  }

  /// Waits for its end; a process that hangs is killed, and the test fails.
  @discardableResult
  func wait(seconds: Int = 60) throws -> End {
    try #require(
      Moment.within(seconds) { poll() != nil }, "process \(pid) still runs after \(seconds) s")
    return try #require(end)
  }

  deinit {
    guard poll() == nil else { return }
    _ = kill(pid, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }
}

/// Waiting for something that another process brings about.
enum Moment {
  static func within(_ seconds: Int, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = now + seconds * 1000
    while now < end {
      if try condition() { return true }
      usleep(10_000)
    }
    return try condition()
  }

  private static var now: Int {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
