/// The policy of the process that unwinds the stacks of a crash. It reads programs and libraries that the app chose, and
/// may be made to do anything that it can: so it can read those files, the core and the host's libraries, and write to one pipe.
package enum UnwinderPolicy {
  /// Bytes of its data; the files themselves are mapped.
  static let memoryBytes: UInt64 = 512 << 20
  static let addressSpaceBytes: UInt64 = 8 << 30
  package static let seconds: UInt64 = 10
  /// Where distributions put eu-stack.
  package static let programs = ["/usr/bin/eu-stack", "/usr/local/bin/eu-stack"]

  /// Of an app: what its unwinder is made from.
  package struct Subject: Hashable, Sendable {
    package var app: String
    package var uid: UInt32
    package var gid: UInt32
    package var hostUID: UInt32
    package var hostGID: UInt32
    package var umask: UInt32
    package var order: Namespaces.Order

    package init(
      app: String, uid: UInt32, gid: UInt32, hostUID: UInt32, hostGID: UInt32, umask: UInt32,
      order: Namespaces.Order
    ) {
      self.app = app
      self.uid = uid
      self.gid = gid
      self.hostUID = hostUID
      self.hostGID = hostGID
      self.umask = umask
      self.order = order
    }

    package init(_ policy: Policy) {
      let own = policy.identity
      self.init(
        app: policy.app, uid: own.uid, gid: own.gid, hostUID: own.hostUID, hostGID: own.hostGID,
        umask: own.umask, order: policy.namespaces.order)
    }
  }

  /// - Parameters:
  ///   - subject: whose crash: the unwinder has its ids, so that it may read what the app may.
  ///   - program: where eu-stack is on the host.
  ///   - command: its arguments, the program first.
  package static func make(
    for subject: Subject, program: String, command: [String], deniesWriteExecute: Bool
  ) -> Policy {
    let identity = Identity(
      user: "unwinder", group: "unwinder", uid: subject.uid, gid: subject.gid,
      hostUID: subject.hostUID, hostGID: subject.hostGID, home: "/", shell: "/",
      hostname: "unwinder", timezone: nil, umask: subject.umask)
    let libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    let rules =
      libraries.map { FileRule(showing: $0, at: $0, isOptional: true, allowsExecute: true) }
      + [FileRule(showing: program, at: program, allowsExecute: true)]
    var syscalls = SyscallPolicy(known: calls)
    syscalls.socketFamilies = []
    return Policy(
      app: subject.app, command: command, searchPath: [], workdir: "/", environment: [],
      identity: identity, namespaces: Namespaces(order: subject.order, time: false),
      files: FilePolicy(
        rules: rules.sorted { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) },
        proc: true, dev: false, sys: false, devices: [], synthesised: []),
      network: NetworkPolicy(mode: .none, connectPorts: nil, bindPorts: nil), syscalls: syscalls,
      memory: MemoryPolicy(deniesWriteExecute: deniesWriteExecute), limits: limits,
      terminal: .none, descriptors: [], stop: StopPolicy(signal: 9, timeoutMilliseconds: 0),
      require: [.namespaces, .filter], relaxations: [], notices: [], provenance: [])
  }

  private static var limits: Limits {
    var limits = Limits()
    limits.memoryBytes = .builtIn(memoryBytes, .sampled)
    limits.addressSpaceBytes = .builtIn(addressSpaceBytes)
    limits.cpuTimeMilliseconds = .builtIn(seconds * 1000)
    limits.processes = .builtIn(1)
    limits.openFiles = .builtIn(256)
    limits.fileSizeBytes = .builtIn(0)
    limits.coreSizeBytes = .builtIn(0)
    return limits
  }

  private static let calls = [
    "execve", "exit", "exit_group", "brk", "arch_prctl", "set_tid_address", "set_robust_list",
    "rseq", "prlimit64", "getrandom", "access", "faccessat", "faccessat2", "getcwd", "uname",
    "openat", "read", "pread64", "readv", "write", "writev", "lseek", "close", "fstat",
    "newfstatat", "statx", "readlink", "readlinkat", "fcntl", "dup", "dup3", "ioctl", "mmap",
    "munmap", "mprotect", "mremap", "madvise", "futex", "getpid", "gettid", "tgkill",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "clock_gettime", "sysinfo",
    "sched_getaffinity",
  ]
}
