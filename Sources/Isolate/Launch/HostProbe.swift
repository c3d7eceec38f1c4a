internal import CSeccomp
internal import Glibc

/// Reads `HostFacts`. On the way of every `run`: only what is cheap, and cgroups only when a limit may want one.
package enum HostProbe {
  /// Reads the facts.
  ///
  /// - Parameters:
  ///   - withCgroups: look for a place to make a cgroup in; a few file reads.
  ///   - environment: in place of this process's own.
  package static func facts(
    withCgroups: Bool, environment given: [EnvironmentVariable]? = nil
  ) throws(SystemError) -> HostFacts {
    let kernel = release()
    let uid = geteuid()
    let environment = given ?? self.environment()
    func variable(_ name: String) -> String? {
      environment.first { $0.name == name && !$0.value.isEmpty }?.value
    }
    let privileged = isPrivileged()
    var facts = HostFacts(
      kernelMajor: kernel.major, kernelMinor: kernel.minor, effectiveUID: uid,
      effectiveGID: getegid(), isPrivileged: privileged, canMakeUserNamespaces: true,
      landlockABI: Int(kernel_landlock_abi()),
      cgroup2: withCgroups ? CgroupProbe.unified() : nil,
      cgroup1: withCgroups && privileged ? CgroupProbe.legacy() : [],
      processorCount: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
      hostname: "", workingDirectory: workingDirectory(), environment: environment,
      home: home(variable("HOME"), uid),
      runtimeDirectory: variable("XDG_RUNTIME_DIR"), resolvConf: "",
      timezone: timezone())
    facts.canDenyWriteExecute = canDenyWriteExecute
    return facts
  }

  /// Asked of the kernel, not told by its version: not every processor's has it, and a filter may refuse it.
  static var canDenyWriteExecute: Bool { kernel_can_deny_write_execute() == 1 }

  /// Enough to know where this user's things lie: who it is, its home, the directory it is in, and of the environment the variables
  /// that say so. Nothing else is looked at: a command to a daemon is done in the time that would take.
  package static func placeFacts() -> HostFacts {
    var said: [EnvironmentVariable] = []
    for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
      guard let value = unsafe getenv(name) else { continue }
      let bytes = unsafe UnsafeBufferPointer(start: value, count: strlen(value))
      unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
        unsafe said.append(EnvironmentVariable(name: name, value: RawText.decode(bytes)))
      }
    }
    let uid = geteuid()
    func variable(_ name: String) -> String? {
      said.first { $0.name == name && !$0.value.isEmpty }?.value
    }
    return HostFacts(
      kernelMajor: 0, kernelMinor: 0, effectiveUID: uid, effectiveGID: getegid(),
      isPrivileged: false, canMakeUserNamespaces: false, landlockABI: 0, cgroup2: nil, cgroup1: [],
      processorCount: 1, hostname: "", workingDirectory: workingDirectory(), environment: said,
      home: home(variable("HOME"), uid), runtimeDirectory: variable("XDG_RUNTIME_DIR"),
      resolvConf: "", timezone: nil)
  }

  /// Where cgroups may be made; a few file reads.
  ///
  /// - Parameter legacy: look at v1 too: only root may use it, and only for what is required.
  package static func cgroups(legacy: Bool) -> HostCgroups {
    HostCgroups(
      unified: CgroupProbe.unified(), legacy: legacy && isPrivileged() ? CgroupProbe.legacy() : [])
  }

  /// The disks that hold anything, as "MAJOR:MINOR": whole ones, as cgroups want them. Nil: /sys is not to be seen.
  ///
  /// What lies in memory is none.
  package static func disks() -> [String]? {
    FileSystem.names(in: "/sys/block")?.sorted().compactMap { name in
      if name.hasPrefix("ram") || name.hasPrefix("zram") { return nil }
      guard let size = TextFile.readLine("/sys/block/\(name)/size"), size != "0" else { return nil }
      return TextFile.readLine("/sys/block/\(name)/dev")
    }
  }

  /// What gives disks out by weights.
  package static func weighers() -> [DiskWeigher] {
    var found: [DiskWeigher] = []
    /* Of the whole machine: not to be seen from inside a namespace of cgroups. */
    if let point = CgroupProbe.unifiedMount(),
      let text = TextFile.read(point + "/io.cost.qos", limit: 65_536), CgroupText.hasCost(text)
    {
      found.append(.cost)
    }
    let hasBFQ = FileSystem.names(in: "/sys/block")?.contains {
      TextFile.readLine("/sys/block/\($0)/queue/scheduler").map(CgroupText.hasBFQ) ?? false
    }
    if hasBFQ == true { found.append(.bfq) }
    return found
  }

  static var isRoot: Bool { geteuid() == 0 }

  /// Whether the caller may act as root on this machine.
  package static func isPrivileged() -> Bool { geteuid() == 0 && kernel_is_privileged() == 1 }

  /// Whether the kernel is of this version or newer.
  package static func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
    release() >= (major, minor)
  }

  private static func release() -> (major: Int, minor: Int) {
    var numbers: (Int32, Int32) = (0, 0)
    guard unsafe kernel_release(&numbers.0, &numbers.1) == 0 else { return (0, 0) }
    return (Int(numbers.0), Int(numbers.1))
  }

  /// The caller's environment. A string without `=` names nothing and is left out.
  package static func environment() -> [EnvironmentVariable] {
    var variables: [EnvironmentVariable] = []
    guard var entry = unsafe kernel_environment() else { return [] }
    while let text = unsafe entry.pointee {
      let bytes = unsafe UnsafeBufferPointer(start: text, count: strlen(text))
      if let equals = unsafe bytes.firstIndex(of: CChar(UInt8(ascii: "="))), equals > 0 {
        unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
          unsafe variables.append(
            EnvironmentVariable(
              name: RawText.decode(bytes[..<equals]), value: RawText.decode(bytes[(equals + 1)...]))
          )
        }
      }
      unsafe entry += 1
    }
    return variables
  }

  /// Of "NAME=VALUE"; nil where nothing is named.
  package static func variable(_ text: String) -> EnvironmentVariable? {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex
    else { return nil }
    return EnvironmentVariable(
      name: String(text[..<equals]), value: String(text[text.utf8.index(after: equals)...]))
  }

  private static func workingDirectory() -> String {
    var buffer = [CChar](repeating: 0, count: 4097)
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return "/" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return RawText.decode(bytes)
  }

  /// Services often run with HOME=/ or none at all: the app then gets a directory of its own all the same.
  private static func home(_ given: String?, _ uid: UInt32) -> String {
    if let given, given.hasPrefix("/"), given.contains(where: { $0 != "/" }) { return given }
    return uid == 0 ? "/root" : "/home/\(uid)"
  }

  private static func timezone() -> String? {
    guard let target = FileSystem.linkTarget("/etc/localtime") else { return nil }
    let marker = "zoneinfo/".utf8
    /* By bytes: characters cost 50 times as much, on the way of every launch. */
    var rest = target.utf8[...]
    while !rest.starts(with: marker) { if rest.popFirst() == nil { return nil } }
    return String(Substring(rest.dropFirst(marker.count)))
  }

  /// The host's resolver configuration, for apps on the host's network. Empty when there is none.
  package static func resolvConf() throws(SystemError) -> String {
    let bytes = try FileSystem.contents("/etc/resolv.conf", limit: 65536) ?? []
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What lies at paths that grants name, and where their links lead.
  package static func paths(_ paths: [String]) -> [PathFact] {
    paths.map { path in
      do throws(SystemError) {
        guard let (status, resolved) = try FileSystem.resolve(path) else {
          return PathFact(path: path, kind: .missing, resolved: path)
        }
        let kind: PathFact.Kind =
          if status.isDirectory {
            .directory
          } else if status.isRegular {
            .file
          } else if status.isCharacterDevice {
            .characterDevice
          } else if status.isBlockDevice {
            .blockDevice
          } else {
            .other
          }
        return PathFact(path: path, kind: kind, resolved: resolved)
      } catch {
        return PathFact(
          path: path, kind: .unusable(SystemError.text(error.number)), resolved: path)
      }
    }
  }

  /// Whether files at a path can appear as the app's own (an idmapped mount). Overlays of containers and most network file systems
  /// cannot do that. What cannot be looked at counts as if it could: whoever binds it says why it cannot.
  package static func canMapOwners(_ path: String) -> Bool {
    unsafe RawText.withCString(path) { unsafe launcher_maps_owners($0) != 0 }
  }

  /// Seconds on CLOCK_BOOTTIME and CLOCK_MONOTONIC; for a time namespace.
  package static func clocks() -> (boot: Int64, monotonic: Int64) {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_BOOTTIME, &now)
    let boot = Int64(now.tv_sec)
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return (boot, Int64(now.tv_sec))
  }
}

/// Where cgroups may be made.
package struct HostCgroups: Sendable {
  package var unified: UnifiedCgroup?
  package var legacy: [CgroupPlace.LegacyController]
}
