internal import CSeccomp
internal import Glibc

/// Looks at a whole sandbox from outside, where no cgroup counts for us.
///
/// Counted as memory is what nobody can take back: anonymous memory, shared memory and swap; not the pages of files. Processes
/// are found by `ProcessTree`, at most `maximumProcesses`. Memory that several share is first counted for
/// each, which is quick and never too little, and divided exactly (smaps_rollup) only when that comes near a limit.
///
/// What it does not see: files of memory (memfd) that are on their way inside a socket, with no descriptor open; buffers of
/// pipes and sockets; the CPU time of children that their parent disowned by ignoring SIGCHLD; whatever comes and goes between two looks.
package struct Sampler: Sendable {
  /// One look.
  package struct Sample: Hashable, Sendable {
    package var memoryKiB: UInt64 = 0
    /// Processes and threads, without init.
    package var processes: UInt64 = 0
    /// Of the process that has most.
    package var openFiles: UInt64 = 0
    package var cpuMicroseconds: UInt64 = 0
    package var largestDataKiB: UInt64 = 0
    package var largestAddressSpaceKiB: UInt64 = 0
  }

  /// What is worth looking at: what is limited.
  package struct Interest: Hashable, Sendable {
    package var memoryKiB: UInt64?
    package var openFiles = false
    package var cpuTime = false

    package init() {}
  }

  package static let maximumProcesses = 4096
  /// Over all processes together.
  package static let maximumDescriptors = 8192

  private let initPid: Int32
  private let interest: Interest
  private let microsecondsPerTick: UInt64
  /// The kernel says the count of descriptors as the size of /proc/PID/fd (Linux 6.2).
  private let countsDescriptors: Bool
  /// The largest of every value seen.
  package private(set) var peak = Sample()

  package init(initPid: Int32, interest: Interest) {
    self.initPid = initPid
    self.interest = interest
    microsecondsPerTick = 1_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    countsDescriptors = Self.size(ofDirectory: "/proc/self/fd") > 0
  }

  /// Looks once.
  ///
  /// - Parameter unmappedBytes: what init has counted in private file systems and SysV shared memory.
  package mutating func sample(unmappedBytes: UInt64) -> Sample {
    let pids = processes()
    var sample = Sample()
    var anonymous: UInt64 = 0
    var shared: UInt64 = 0
    for pid in pids {
      guard let text = TextFile.read("/proc/\(pid)/status", limit: 4096) else { continue }
      let status = ProcessText.status(text)
      anonymous += status.anonymousKiB + status.swapKiB
      shared += status.sharedKiB
      sample.processes += max(1, status.threads)
      sample.largestDataKiB = max(sample.largestDataKiB, status.dataKiB)
      sample.largestAddressSpaceKiB = max(sample.largestAddressSpaceKiB, status.addressSpaceKiB)
      if interest.openFiles { sample.openFiles = max(sample.openFiles, openFiles(pid)) }
    }
    if interest.cpuTime { sample.cpuMicroseconds = cpuTime([initPid] + pids) }
    if let limit = interest.memoryKiB {
      let stored = unmappedBytes / 1024 + memoryFiles(pids) / 1024
      sample.memoryKiB = anonymous + max(shared, stored)
      if sample.memoryKiB > limit { sample.memoryKiB = exact(pids, stored: stored) }
    }
    note(sample)
    return sample
  }

  private mutating func note(_ sample: Sample) {
    peak.memoryKiB = max(peak.memoryKiB, sample.memoryKiB)
    peak.processes = max(peak.processes, sample.processes)
    peak.openFiles = max(peak.openFiles, sample.openFiles)
    peak.cpuMicroseconds = max(peak.cpuMicroseconds, sample.cpuMicroseconds)
    peak.largestDataKiB = max(peak.largestDataKiB, sample.largestDataKiB)
    peak.largestAddressSpaceKiB = max(peak.largestAddressSpaceKiB, sample.largestAddressSpaceKiB)
  }

  private func processes() -> [Int32] {
    ProcessTree(beneath: initPid, limit: Self.maximumProcesses).pids
  }

  /// What everything beneath init has now, for people. Of more than `maximumShown` processes the rest is only counted.
  package struct Use: Hashable, Sendable {
    package var processes: UInt64 = 0
    package var memoryKiB: UInt64 = 0
    /// Of all processes together.
    package var descriptors: UInt64 = 0
    package var cpuMicroseconds: UInt64 = 0

    package init() {}
  }

  package static let maximumShown = 256

  package func use() -> Use {
    let pids = processes()
    let shown = Array(pids.prefix(Self.maximumShown))
    var use = Use()
    use.processes = UInt64(pids.count)
    use.cpuMicroseconds = cpuTime([initPid] + shown)
    for pid in shown {
      use.descriptors += openFiles(pid)
      guard let text = TextFile.read("/proc/\(pid)/status", limit: 4096) else { continue }
      let status = ProcessText.status(text)
      use.memoryKiB += status.anonymousKiB + status.sharedKiB + status.swapKiB
    }
    return use
  }

  /// Where a share cannot be read, the whole is counted: hiding must not pay.
  private func exact(_ pids: [Int32], stored: UInt64) -> UInt64 {
    var anonymous: UInt64 = 0
    var shared: UInt64 = 0
    for pid in pids {
      if let text = TextFile.read("/proc/\(pid)/smaps_rollup", limit: 4096),
        let rollup = ProcessText.rollup(text)
      {
        anonymous += rollup.anonymousKiB + rollup.swapKiB
        shared += rollup.sharedKiB
      } else if let text = TextFile.read("/proc/\(pid)/status", limit: 4096) {
        let status = ProcessText.status(text)
        anonymous += status.anonymousKiB + status.swapKiB
        shared += status.sharedKiB
      }
    }
    return anonymous + max(shared, stored)
  }

  /// The time of what still runs, and of all that was waited for by what still runs: init at the top waits for the rest.
  /// A process that ended since the last look and was not waited for still shows; so nothing is lost but the disowned.
  private func cpuTime(_ pids: [Int32]) -> UInt64 {
    var ticks: UInt64 = 0
    for pid in pids {
      if let text = TextFile.read("/proc/\(pid)/stat", limit: 1024) {
        ticks &+= ProcessText.ticks(text) ?? 0
      }
    }
    return ticks &* microsecondsPerTick
  }

  private func openFiles(_ pid: Int32) -> UInt64 {
    if countsDescriptors { return Self.size(ofDirectory: "/proc/\(pid)/fd") }
    return UInt64(FileSystem.names(in: "/proc/\(pid)/fd")?.count ?? 0)
  }

  private static func size(ofDirectory path: String) -> UInt64 {
    do throws(SystemError) {
      return UInt64(max(0, try FileStatus.of(path)?.size ?? 0))
    } catch {
      return 0
    }
  }

  /// Bytes in files of memory that somebody holds open: they need not be mapped. Each is counted once.
  private func memoryFiles(_ pids: [Int32]) -> UInt64 {
    var seen: Set<UInt64> = []
    var bytes: UInt64 = 0
    var looked = 0
    for pid in pids {
      let directory = "/proc/\(pid)/fd"
      for name in FileSystem.names(in: directory) ?? [] {
        looked += 1
        if looked > Self.maximumDescriptors { return bytes }
        let path = "\(directory)/\(name)"
        guard let target = FileSystem.linkTarget(path), target.hasPrefix("/memfd:") else {
          continue
        }
        var device: UInt64 = 0
        var inode: UInt64 = 0
        let size = unsafe kernel_allocated(path, &device, &inode)
        if size > 0, seen.insert(inode).inserted { bytes += size }
      }
    }
    return bytes
  }
}
