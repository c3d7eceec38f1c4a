@testable import Isolate

/// Makes policies and machines of bytes; every value is one that the resolver can let through.
enum PolicyMaker {
  static func host(_ source: inout ByteSource) -> HostFacts {
    let isRoot = source.coin()
    return HostFacts(
      kernelMajor: 6, kernelMinor: source.pick([1, 18]), effectiveUID: isRoot ? 0 : 1001,
      effectiveGID: isRoot ? 0 : 1001, isPrivileged: isRoot,
      canMakeUserNamespaces: source.pick([true, true, true, false]),
      landlockABI: Int(source.byte() % 8),
      cgroup2: source.coin()
        ? UnifiedCgroup(path: "/sys/fs/cgroup/x", controllers: ["memory", "pids", "cpu"]) : nil,
      cgroup1: [],
      processorCount: 2, hostname: "machine", workingDirectory: source.pick(["/w", "/"]),
      environment: [EnvironmentVariable(name: "HOME", value: "/home/ann")],
      home: source.pick(["/home/ann", ""]), runtimeDirectory: source.pick(["/run/user/1", nil]),
      resolvConf: "nameserver 192.0.2.1\n", timezone: source.pick(["Europe/Berlin", nil]))
  }

  /// What lies at a path that a grant names; links lead elsewhere.
  static func fact(_ path: String) -> PathFact {
    let sum = path.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }
    let kinds: [PathFact.Kind] = [
      .directory, .directory, .file, .characterDevice, .missing, .other, .unusable("why"),
    ]
    let kind = path.hasPrefix("/dev/") && sum % 7 > 0 ? .characterDevice : kinds[Int(sum % 7)]
    return PathFact(path: path, kind: kind, resolved: sum % 5 == 0 ? "/srv" + path : path)
  }

  static func context(_ source: inout ByteSource) -> PlanContext {
    var context = PlanContext(
      landlockABI: Int(source.byte() % 8), filterInstructions: source.pick([0, 1, 4096]),
      standard: source.pick([[.asIs, .asIs, .asIs], [.pty, .null, .asIs], []]), terminal: nil,
      nullDescriptor: 9, bootSeconds: Int64(source.byte()), monotonicSeconds: .max)
    if source.coin() {
      context.terminal = TerminalSettings(
        path: "/dev/pts/ptmx", modes: source.pick([[], [UInt8](repeating: 1, count: 36), [1]]),
        window: source.pick([[], [1, 2, 3, 4], [1]]))
    }
    context.networkIsMade = source.coin()
    return context
  }

  /// Some places are missing, some refuse, some are files, links or devices: as the path says.
  static var sources: PlanSources {
    PlanSources(
      status: { (path, _) throws(SystemError) in
        let sum = path.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }
        if sum % 13 == 0 { return nil }
        if sum % 17 == 0 { throw SystemError(call: "stat", number: Errno.access) }
        let modes: [UInt32] = [0o040755, 0o040755, 0o100644, 0o020666]
        return FileStatus(
          device: sum, inode: sum, deviceNumber: sum % 4096, mode: modes[Int(sum % 4)],
          uid: UInt32(sum % 3), gid: 0, size: 0)
      },
      linkTarget: { path in
        let targets = ["usr/bin", "/usr/lib", "../etc", "..", "/", "x/../../y"]
        let sum = path.utf8.reduce(0) { $0 &+ Int($1) }
        return sum % 5 == 0 ? targets[sum / 5 % targets.count] : nil
      })
  }

  static func policy(_ source: inout ByteSource) -> Policy {
    var limits = Limits()
    if source.coin() { fill(&limits, &source) }
    var policy = Policy(
      app: "a", command: [source.pick(["true", "/bin/true", "./x"])] + source.some(3, text),
      searchPath: source.some(3, path), workdir: path(&source),
      environment: source.some(3) { EnvironmentVariable(name: "A\($0.byte())", value: text(&$0)) },
      identity: identity(&source),
      namespaces: Namespaces(
        order: source.pick([.userFirst, .userLast, .without]), time: source.coin()),
      files: files(&source), network: network(&source), syscalls: SyscallPolicy(),
      memory: MemoryPolicy(deniesWriteExecute: source.coin()), limits: limits, terminal: .auto,
      descriptors: source.some(3) { Int32($0.byte()) + 3 },
      stop: StopPolicy(signal: 15, timeoutMilliseconds: 1), require: [], relaxations: [],
      notices: [], provenance: [])
    // The planner takes a search that has no place for one that found nothing: the resolver never makes it.
    if policy.searchPath.isEmpty { policy.searchPath = ["/bin"] }
    return policy
  }

  static func path(_ source: inout ByteSource) -> String {
    source.pick([
      "/", "/usr", "/usr/bin", "/dev", "/dev/shm", "/dev/dri/x", "/proc", "/sys", "/tmp", "/lib",
      "/\(text(&source))", "/home/\(text(&source))/\(text(&source))",
    ])
  }

  /// Any text but the empty one; no zero byte and no slash.
  static func text(_ source: inout ByteSource) -> String {
    let bytes = source.some(9) { $0.byte() }.filter { $0 != 0 && $0 != UInt8(ascii: "/") }
    return bytes.isEmpty ? "x" : String(decoding: bytes, as: UTF8.self)
  }

  private static func identity(_ source: inout ByteSource) -> Identity {
    Identity(
      user: "a", group: "a", uid: UInt32(source.byte()), gid: 1, hostUID: 2_000_000_000,
      hostGID: .max, home: path(&source), shell: "/bin/sh", hostname: text(&source),
      timezone: nil, umask: UInt32(source.byte()))
  }

  private static func network(_ source: inout ByteSource) -> NetworkPolicy {
    let ports = { (source: inout ByteSource) -> [UInt16]? in
      source.coin() ? source.some(3) { $0.pick([0, 80, .max]) } : nil
    }
    return NetworkPolicy(
      mode: source.pick(NetworkMode.allCases), connectPorts: ports(&source),
      bindPorts: ports(&source))
  }

  private static func files(_ source: inout ByteSource) -> FilePolicy {
    FilePolicy(
      rules: source.some(12) { rule(&$0, $0.pick([.read, .write, .private, .overlay, .hide])) },
      proc: source.coin(), dev: source.coin(), sys: source.coin(),
      devices: source.some(2) { rule(&$0, .device) },
      synthesised: source.some(3) {
        SynthesisedFile(
          path: path(&$0), content: $0.coin() ? .text(text(&$0)) : .link(text(&$0)))
      })
  }

  private static func rule(_ source: inout ByteSource, _ kind: FileRuleKind) -> FileRule {
    let place = path(&source)
    return FileRule(
      kind: kind, source: place, target: source.coin() ? place : path(&source),
      isOptional: source.coin(), allowsExecute: source.coin(), mapsOwner: source.coin(),
      sizeBytes: source.number(), inodes: source.number(), mode: UInt32(source.byte()),
      upper: source.coin() ? path(&source) : nil, position: Position(file: "f", line: 1))
  }

  private static func fill(_ limits: inout Limits, _ source: inout ByteSource) {
    let limit = { (source: inout ByteSource) -> Limit? in
      guard source.coin() else { return nil }
      return Limit(
        amount: source.number(), enforcement: source.pick([.cgroup2, .rlimit, .sampled, .timer]),
        position: Position(file: "f", line: 1))
    }
    limits.memoryBytes = limit(&source)
    limits.processes = limit(&source)
    limits.ioReadBytes = limit(&source)
    limits.ioWriteOperations = limit(&source)
    limits.ioWeight = limit(&source)
    limits.openFiles = limit(&source)
    limits.fileSizeBytes = limit(&source)
    limits.addressSpaceBytes = limit(&source)
    limits.cpuTimeMilliseconds = limit(&source)
    limits.coreSizeBytes = limit(&source)
    if source.coin() { limits.cgroup = source.pick([.unified(parent: "/c"), .legacy([])]) }
  }
}
