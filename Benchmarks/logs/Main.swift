private import Glibc
internal import Isolate

/// How fast a log takes what an app writes.
///
///     yes LINE | LogBench DIRECTORY MIB
///
/// Reads that many MiB from standard input as the daemon reads an app's pipe, into a log in that directory without a bound on lines
/// a second; prints megabytes (of 10^6 bytes) a second by the clock, and by the CPU time of this process alone.
@main
struct LogBench {
  static func main() {
    let words = CommandLine.arguments
    guard words.count == 3, let size = Int(words[2]), (1...100_000).contains(size) else {
      Output.complain("usage: LogBench DIRECTORY MIB")
      exit(125)
    }
    do throws(SystemError) {
      try measure(words[1], bytes: size << 20)
    } catch {
      Output.complain("LogBench: \(error)")
      exit(125)
    }
  }

  private static func measure(_ directory: String, bytes: Int) throws(SystemError) {
    var policy = LogPolicy()
    policy.linesPerSecond = 0
    let files = LogFile(in: try PrivateDirectory.made(directory), policy)
    let log = AppLog(policy, files: files, journal: nil)
    try log.attach(.stdout, try Descriptor.duplicate(0), now: 0, wall: 0)
    var doors = [Door(0)]
    let begin = seconds(CLOCK_MONOTONIC)
    while log.readBytes < UInt64(bytes) {
      try Poller.wait(&doors, timeout: nil)
      guard
        log.handle(.stdout, now: Poller.now(), wall: LogCalls.wallMicroseconds())
      else { break }
    }
    let taken = Double(log.readBytes) / 1e6
    let wall = taken / (seconds(CLOCK_MONOTONIC) - begin)
    let own = taken / seconds(CLOCK_PROCESS_CPUTIME_ID)
    Output.write(
      "\(Int(wall)) MB/s by the clock, \(Int(own)) MB/s by its CPU time; \(log.lostLines) lines lost\n",
      to: 1)
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
