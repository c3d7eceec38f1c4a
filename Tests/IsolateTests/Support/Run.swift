import Glibc

/// What a program that was run to its end left behind.
struct Ran {
  var output = ""
  var errors = ""
  /// As a shell counts it: 128+N for signal N.
  var code: Int32 = -1
}

/// Runs programs with pipes on 0, 1 and 2, bounded by 60 seconds of CPU time.
enum Run {
  /// The directory of the products: the one that the test bundle lies in.
  static var products: String {
    let words = CommandLine.arguments
    let named = words.firstIndex(of: "--test-bundle-path").map { words[$0 + 1] }
    let path = named ?? own("/proc/self/exe")
    return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  static var isolated: String { products + "/isolated" }

  /// The root of the package, from this file's own path.
  static var package: String {
    #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

  /// The first of the programs in PATH's usual places.
  static func find(_ name: String) -> String? {
    ["/usr/bin/", "/bin/", "/usr/local/bin/"].map { $0 + name }.first(where: exists)
  }

  private static func own(_ link: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = unsafe buffer.bindMemory(to: CChar.self).baseAddress else { return 0 }
      return unsafe readlink(link, start, 4096)
    }
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }

  /// Runs a shell command line through /bin/sh with `arguments` as $1, $2...
  static func shell(_ script: String, _ arguments: [String] = [], input: String = "") -> Ran {
    command(["/bin/sh", "-c", script, "sh"] + arguments, input: input)
  }

  static func command(_ words: [String], input: String = "") -> Ran {
    let directory = unsafe String(cString: mkdtempHere())
    defer { _ = unsafe rmdir(directory) }
    let names = ["in", "out", "err"].map { directory + "/" + $0 }
    defer { for name in names { _ = unsafe unlink(name) } }
    write(input, to: names[0])
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let creating = O_WRONLY | O_CREAT | O_TRUNC
    unsafe posix_spawn_file_actions_addopen(&actions, 0, names[0], O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, names[1], creating, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, names[2], creating, 0o600)
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var pid: pid_t = 0
    /* The threads that tests run on block signals, and a shell without SIGCHLD waits for ever. */
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    guard unsafe posix_spawn(&pid, words[0], &actions, &attributes, &arguments, environ) == 0 else {
      return Ran()
    }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    return Ran(output: read(names[1]), errors: read(names[2]), code: code)
  }

  private static func mkdtempHere() -> UnsafeMutablePointer<CChar> {
    unsafe mkdtemp(strdup("/tmp/isolated-test-XXXXXX"))
  }

  static func write(_ text: String, to path: String) {
    guard let file = unsafe fopen(path, "w") else { return }
    unsafe fputs(text, file)
    unsafe fclose(file)
  }

  static func read(_ path: String) -> String {
    guard let file = unsafe fopen(path, "r") else { return "" }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while true {
      let byte = unsafe fgetc(file)
      if byte == EOF { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(UInt8(truncatingIfNeeded: byte))
    }
  }
}
