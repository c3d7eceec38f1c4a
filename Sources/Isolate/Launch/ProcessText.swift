/// What the kernel's text files say of one process. Pure.
package enum ProcessText {
  /// The fields of /proc/PID/status that count here (proc(5)); KiB.
  package struct Status: Hashable, Sendable {
    package var anonymousKiB: UInt64 = 0
    package var sharedKiB: UInt64 = 0
    package var swapKiB: UInt64 = 0
    /// What RLIMIT_DATA counts.
    package var dataKiB: UInt64 = 0
    package var addressSpaceKiB: UInt64 = 0
    package var threads: UInt64 = 0

    package init() {}
  }

  package static func status(_ text: String) -> Status {
    var status = Status()
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = number(line[line.index(after: colon)...])
      switch Substring(line[..<colon]) {
      case "RssAnon": status.anonymousKiB = value
      case "RssShmem": status.sharedKiB = value
      case "VmSwap": status.swapKiB = value
      case "VmData": status.dataKiB = value
      case "VmSize": status.addressSpaceKiB = value
      case "Threads": status.threads = value
      default: break
      }
    }
    return status
  }

  /// A share of memory that others map too is divided among them.
  package struct Rollup: Hashable, Sendable {
    package var anonymousKiB: UInt64 = 0
    package var sharedKiB: UInt64 = 0
    package var swapKiB: UInt64 = 0
  }

  /// Of /proc/PID/smaps_rollup; nil where it has no such fields (before Linux 5.4).
  package static func rollup(_ text: String) -> Rollup? {
    var rollup = Rollup()
    var found = false
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = number(line[line.index(after: colon)...])
      switch Substring(line[..<colon]) {
      case "Pss_Anon":
        rollup.anonymousKiB = value
        found = true
      case "Pss_Shmem": rollup.sharedKiB = value
      case "SwapPss": rollup.swapKiB = value
      default: break
      }
    }
    return found ? rollup : nil
  }

  /// The clock ticks of a process and of the children it has waited for, of /proc/PID/stat.
  ///
  /// The name of the program stands in parentheses and may hold anything, parentheses too.
  package static func ticks(_ stat: String) -> UInt64? {
    guard let close = stat.utf8.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    // After the name comes field 3; utime, stime, cutime and cstime are fields 14 to 17.
    let fields = stat.utf8[stat.utf8.index(after: close)...].split(separator: UInt8(ascii: " "))
    guard fields.count >= 15 else { return nil }
    return fields[11...14].reduce(0) { $0 &+ number($1) }
  }

  /// The parent of a process, of /proc/PID/stat: field 4.
  package static func parent(_ stat: String) -> Int32? {
    guard let close = stat.utf8.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = stat.utf8[stat.utf8.index(after: close)...].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? Int32(Substring(fields[1])) : nil
  }

  package static func pids(_ children: String) -> [Int32] {
    children.split { $0 == " " || $0 == "\n" }.compactMap { Int32($0) }
  }

  /// The first number in a text; 0 if there is none.
  private static func number(_ text: Substring.UTF8View.SubSequence) -> UInt64 {
    var value: UInt64 = 0
    var seen = false
    for byte in text {
      if byte >= 0x30, byte <= 0x39 {
        value = value &* 10 &+ UInt64(byte - 0x30)
        seen = true
      } else if seen {
        break
      }
    }
    return value
  }
}
