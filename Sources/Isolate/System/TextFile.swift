internal import Glibc

/// Small text files of the kernel: /proc, /sys.
package enum TextFile {
  /// The first `limit` bytes of a file as text; nil where it cannot be read.
  ///
  /// For facts whose absence is itself an answer; nothing that is enforced depends on it.
  package static func read(_ path: String, limit: Int = 65_536) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit)
    var size = 0
    while size < limit {
      let count = unsafe bytes.withUnsafeMutableBytes { buffer -> Int in
        guard let start = buffer.baseAddress else { return 0 }
        return unsafe Glibc.read(descriptor, start + size, limit - size)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      size += count
    }
    return String(decoding: bytes[..<size], as: UTF8.self)
  }

  /// The same without the newline and spaces at its ends.
  package static func readLine(_ path: String) -> String? {
    guard let text = read(path, limit: 4096) else { return nil }
    let isSpace = { (character: Character) in character == "\n" || character == " " }
    return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }

  /// Where a symbolic link points; nil where there is none.
  package static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe bytes.withUnsafeMutableBytes { buffer -> Int in
      guard let start = unsafe buffer.bindMemory(to: CChar.self).baseAddress else { return -1 }
      return unsafe readlink(path, start, buffer.count)
    }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}

extension FileSystem {
  /// The path of a file without symbolic links; nil: there is none.
  package static func resolved(_ path: String) -> String? {
    do throws(SystemError) {
      return try resolve(path)?.path
    } catch {
      return nil
    }
  }
}

/// What the kernel says of this process itself.
package enum SystemFacts {
  /// Whether a system-call filter is in force (Seccomp in /proc/PID/status, proc(5)).
  package static var isFiltered: Bool {
    guard let status = TextFile.read("/proc/self/status") else { return false }
    return status.split(separator: "\n").contains("Seccomp:\t2")
  }
}
