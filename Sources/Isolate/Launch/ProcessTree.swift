internal import Glibc

/// The processes beneath another, by /proc/PID/task/*/children (proc(5)).
package struct ProcessTree {
  /// Without the one at the top. A process that forks meanwhile is met the next time.
  package private(set) var pids: [Int32] = []
  /// There are more than were asked for.
  package private(set) var isCut = false

  /// - Parameters:
  ///   - root: has one thread, as init does.
  ///   - limit: how many processes are looked for.
  package init(beneath root: Int32, limit: Int) {
    var next = Self.children(ofMain: root)
    while let pid = next.popLast() {
      if pids.count == limit {
        isCut = true
        return
      }
      pids.append(pid)
      next += Self.children(of: pid)
    }
  }

  /// False where the kernel does not list children (CONFIG_PROC_CHILDREN): then nothing can be seen.
  package static var isListed: Bool { text("/proc/self/task/\(getpid())/children") != nil }

  private static func children(of pid: Int32) -> [Int32] {
    let threads = FileSystem.names(in: "/proc/\(pid)/task")?.compactMap { Int32($0) } ?? []
    return threads.flatMap { children(of: pid, thread: $0) }
  }

  /// Those that a process's main thread has forked.
  package static func children(ofMain pid: Int32) -> [Int32] { children(of: pid, thread: pid) }

  private static func children(of pid: Int32, thread: Int32) -> [Int32] {
    ProcessText.pids(text("/proc/\(pid)/task/\(thread)/children") ?? "")
  }

  /// A whole file, however many children it names; nil when its process is gone.
  private static func text(_ path: String) -> String? {
    do throws(SystemError) {
      return try FileSystem.contents(path).map { String(decoding: $0, as: UTF8.self) }
    } catch {
      return nil
    }
  }
}
