/// A policy's limits as a cgroup's files, and what its files count. Sources: the kernel's cgroup-v2 and cgroup-v1 documents.
package enum CgroupLimits {
  /// One file and what is written to it.
  package struct Setting: Hashable, Sendable {
    package var file: String
    package var value: String
    /// A kernel without this file is fine.
    package var isOptional = false
    /// It names a disk, which may be gone.
    package var isOfDisk = false
  }

  /// The v2 controllers that the limits need.
  package static func controllers(_ limits: Limits) -> [String] {
    var names: [String] = []
    if limits.memoryBytes?.enforcement == .cgroup2 { names.append("memory") }
    if limits.processes?.enforcement == .cgroup2 { names.append("pids") }
    if limits.cpuMillis?.enforcement == .cgroup2 { names.append("cpu") }
    if LimitName.ofDisks.contains(where: { unifiedAmount($0, limits) != nil }) {
      names.append("io")
      /* By it what is written later is the app's still. */
      if !names.contains("memory") { names.append("memory") }
    }
    return names
  }

  /// What a v2 cgroup's files are to hold.
  ///
  /// - Parameter old: what the cgroup holds now; what is limited no more is lifted.
  package static func unified(_ limits: Limits, replacing old: Limits = Limits()) -> [Setting] {
    var settings: [Setting] = []
    func add(_ name: LimitName, _ make: (UInt64?) -> [Setting]) {
      let amount = unifiedAmount(name, limits)
      if amount != nil || unifiedAmount(name, old) != nil { settings += make(amount) }
    }
    add(.memory) { amount in
      [
        Setting(file: "memory.max", value: amount.map { "\($0)" } ?? "max"),
        // Swap would be more memory than was allowed.
        Setting(file: "memory.swap.max", value: amount == nil ? "max" : "0", isOptional: true),
        // All or nothing: half an app is of no use, and the cause stays plain.
        Setting(file: "memory.oom.group", value: amount == nil ? "0" : "1"),
      ]
    }
    add(.processes) { amount in
      [Setting(file: "pids.max", value: amount.map { "\(counted($0, limits))" } ?? "max")]
    }
    add(.cpu) { amount in
      let quota = amount.map { "\(quotaMicroseconds($0))" } ?? "max"
      return [Setting(file: "cpu.max", value: "\(quota) \(periodMicroseconds)")]
    }
    return settings + disks(limits) + freedDisks(limits, old) + weights(limits, old)
  }

  private static func unifiedAmount(_ name: LimitName, _ limits: Limits) -> UInt64? {
    limits[name].flatMap { $0.enforcement == .cgroup2 ? $0.amount : nil }
  }

  /// A disk's four limits stand in one line of io.max; what is not limited says so, for a limit may have been there before.
  private static func disks(_ limits: Limits) -> [Setting] {
    let words = [
      ("rbps", LimitName.ioRead), ("wbps", .ioWrite), ("riops", .ioReadOperations),
      ("wiops", .ioWriteOperations),
    ]
    let amounts = words.map { ($0.0, unifiedAmount($0.1, limits)) }
    if amounts.allSatisfy({ $0.1 == nil }) { return [] }
    let text = amounts.map { "\($0.0)=\($0.1.map { String($0) } ?? "max")" }
      .joined(separator: " ")
    return limits.disks.map { Setting(file: "io.max", value: "\($0) \(text)", isOfDisk: true) }
  }

  /// The disks that were limited and are no more.
  private static func freedDisks(_ limits: Limits, _ old: Limits) -> [Setting] {
    let isHeld = LimitName.ofTraffic.contains { unifiedAmount($0, limits) != nil }
    guard LimitName.ofTraffic.contains(where: { unifiedAmount($0, old) != nil }) else { return [] }
    return old.disks.filter { !isHeld || !limits.disks.contains($0) }.map {
      Setting(file: "io.max", value: "\($0) rbps=max wbps=max riops=max wiops=max", isOfDisk: true)
    }
  }

  /// In the file of each that minds weights. One that is no longer set up, its file may be gone with it.
  private static func weights(_ limits: Limits, _ old: Limits) -> [Setting] {
    let amount = unifiedAmount(.ioWeight, limits)
    let now = amount == nil ? [] : limits.weighers
    let before = unifiedAmount(.ioWeight, old) == nil ? [] : old.weighers
    return DiskWeigher.allCases.filter { now.contains($0) || before.contains($0) }.map { weigher in
      let isWanted = now.contains(weigher)
      let weight = isWanted ? amount ?? Limits.usualWeight : Limits.usualWeight
      return switch weigher {
      case .cost: Setting(file: "io.weight", value: "\(weight)", isOptional: !isWanted)
      /* It knows no more than 1000: the kernel's bfq-iosched document. */
      case .bfq:
        Setting(file: "io.bfq.weight", value: "\(min(weight, 1000))", isOptional: !isWanted)
      }
    }
  }

  /// Reads only: see `PolicyResolver`.
  private static func legacyDisks(_ limits: Limits) -> [Setting] {
    let files = [
      ("blkio.throttle.read_bps_device", limits.ioReadBytes),
      ("blkio.throttle.read_iops_device", limits.ioReadOperations),
    ]
    return files.flatMap { file, limit -> [Setting] in
      guard let limit, limit.enforcement == .cgroup1 else { return [] }
      return limits.disks.map {
        Setting(file: file, value: "\($0) \(limit.amount)", isOfDisk: true)
      }
    }
  }

  package static func legacy(_ limits: Limits, controller: String) -> [Setting] {
    switch controller {
    case "memory":
      guard let limit = limits.memoryBytes, limit.enforcement == .cgroup1 else { return [] }
      return [
        Setting(file: "memory.limit_in_bytes", value: "\(limit.amount)"),
        Setting(file: "memory.memsw.limit_in_bytes", value: "\(limit.amount)", isOptional: true),
      ]
    case "pids":
      guard let limit = limits.processes, limit.enforcement == .cgroup1 else { return [] }
      return [Setting(file: "pids.max", value: "\(counted(limit.amount, limits))")]
    case "cpu":
      guard let limit = limits.cpuMillis, limit.enforcement == .cgroup1 else { return [] }
      return [
        Setting(file: "cpu.cfs_period_us", value: "\(periodMicroseconds)"),
        Setting(file: "cpu.cfs_quota_us", value: "\(quotaMicroseconds(limit.amount))"),
      ]
    case "blkio": return legacyDisks(limits)
    default: return []
    }
  }

  private static let periodMicroseconds: UInt64 = 100_000

  /// The kernel takes no quota below a millisecond.
  private static func quotaMicroseconds(_ millis: UInt64) -> UInt64 {
    max(1000, millis.multipliedReportingOverflow(by: 100).partialValue)
  }

  /// Init and the witness are counted too, and are none of the app's.
  private static func counted(_ amount: UInt64, _ limits: Limits) -> UInt64 {
    min(amount, 4_194_303) + (limits.hasWitness ? 2 : 1)
  }

  static func apply(
    _ limits: Limits, replacing old: Limits = Limits(), to path: String
  ) throws(SystemError) {
    try write(unified(limits, replacing: old), path)
  }

  static func apply(
    _ limits: Limits, to path: String, legacyController: String
  ) throws(SystemError) {
    try write(legacy(limits, controller: legacyController), path)
  }

  private static func write(_ settings: [Setting], _ path: String) throws(SystemError) {
    for setting in settings {
      do throws(SystemError) {
        try CgroupFile.write(setting.value, to: "\(path)/\(setting.file)")
      } catch {
        let isFine =
          setting.isOptional && error.number == Errno.noEntry
          || setting.isOfDisk && error.number == Errno.noDevice
        if !isFine { throw error }
      }
    }
  }

  static func read(_ counts: inout Cgroup.Counts, _ path: String) {
    let memory = text(path, "memory.events")
    counts.memoryKills = CgroupText.count("oom_kill", in: memory) ?? 0
    counts.memoryRefusals = CgroupText.count("oom", in: memory) ?? 0
    counts.refusedForks = CgroupText.count("max", in: text(path, "pids.events")) ?? 0
    counts.peakKiB = number(path, "memory.peak").map { $0 / 1024 }
    let cpu = text(path, "cpu.stat")
    counts.cpuMicroseconds = CgroupText.count("usage_usec", in: cpu)
    counts.throttledMicroseconds = CgroupText.count("throttled_usec", in: cpu) ?? 0
  }

  static func read(_ counts: inout Cgroup.Counts, _ path: String, legacyController: String) {
    switch legacyController {
    case "memory":
      counts.memoryKills =
        CgroupText.count("oom_kill", in: text(path, "memory.oom_control")) ?? 0
      counts.peakKiB = number(path, "memory.max_usage_in_bytes").map { $0 / 1024 }
    case "pids":
      counts.refusedForks = CgroupText.count("max", in: text(path, "pids.events")) ?? 0
    case "cpu":
      let nanoseconds = CgroupText.count("throttled_time", in: text(path, "cpu.stat")) ?? 0
      counts.throttledMicroseconds = nanoseconds / 1000
    default: break
    }
  }

  /// What everything in a cgroup of version 2 has now, in KiB; nil where memory is not counted.
  static func memoryKiB(_ path: String) -> UInt64? {
    number(path, "memory.current").map { $0 / 1024 }
  }

  private static func text(_ path: String, _ file: String) -> String {
    TextFile.read("\(path)/\(file)", limit: 8192) ?? ""
  }

  private static func number(_ path: String, _ file: String) -> UInt64? {
    TextFile.readLine("\(path)/\(file)").flatMap { UInt64($0) }
  }
}
