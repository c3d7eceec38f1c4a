/// The words a profile may say where only certain ones are allowed. Each raw value is what is
/// written.

/// A protection that a profile may demand.
package enum Requirement: String, CaseIterable, Sendable {
  case namespaces, filter, landlock
  case denyWriteExecute = "deny-write-execute"
  case memoryLimit = "limits.memory"
  case processLimit = "limits.processes"
  case cpuLimit = "limits.cpu"
  /// Whatever the profile limits of reading and writing disks.
  case ioLimit = "limits.io"
  case timeNamespace = "time-namespace"
}

package enum TerminalMode: String, CaseIterable, Sendable {
  /// A pty of its own where one of 0, 1, 2 is a terminal; pipes and files stay what they are.
  case auto
  /// Whatever 0, 1 and 2 are is handed over as it is.
  case inherit
  /// Terminals among 0, 1, 2 are replaced by /dev/null.
  case none

  /// Larger is wider: the app comes closer to the caller's terminal.
  package var width: Int {
    switch self {
    case .none: 0
    case .auto: 1
    case .inherit: 2
    }
  }
}

/// How much of the network an app has, from narrow to wide.
package enum NetworkMode: String, CaseIterable, Sendable {
  /// An empty network namespace; not even loopback is up.
  case none
  /// An own network namespace with its own loopback: the app talks to itself.
  case loopback
  /// The host's network.
  case host

  /// Larger is wider.
  package var width: Int {
    switch self {
    case .none: 0
    case .loopback: 1
    case .host: 2
    }
  }
}

package enum FileRuleKind: String, CaseIterable, Sendable {
  case read, write, `private`, overlay, hide, device

  /// The key under which a profile writes rules of this kind.
  package var key: String {
    switch self {
    case .read: "files.read"
    case .write: "files.write"
    case .private: "files.private"
    case .overlay: "files.overlay"
    case .hide: "files.hide"
    case .device: "files.devices"
    }
  }
}

/// What becomes of a system call that the filter refuses.
package enum RefusalWord: String, CaseIterable, Sendable {
  /// It fails with an error number and the app goes on.
  case errno
  /// The app is killed at once.
  case kill
  /// It is recorded in the kernel's log and carried out: for finding out what a program needs.
  case log

  /// Larger is wider.
  package var width: Int {
    switch self {
    case .kill: 0
    case .errno: 1
    case .log: 2
    }
  }
}

/// The set of system calls that `syscalls.allow` and `syscalls.deny` start from.
package enum SyscallBaseWord: String, CaseIterable, Sendable {
  case `default`, strict, nothing

  /// Larger is wider.
  package var width: Int {
    switch self {
    case .nothing: 0
    case .strict: 1
    case .default: 2
    }
  }
}

/// A family of sockets that an app may be allowed.
package enum SocketFamilyWord: String, CaseIterable, Sendable { case unix, inet, inet6, netlink }

/// The limits a profile may set.
package enum LimitName: String, CaseIterable, Sendable {
  case memory, processes, cpu
  case ioRead = "io-read"
  case ioWrite = "io-write"
  case ioReadOperations = "io-read-operations"
  case ioWriteOperations = "io-write-operations"
  case ioWeight = "io-weight"
  case openFiles = "open-files"
  case fileSize = "file-size"
  case addressSpace = "address-space"
  case cpuTime = "cpu-time"
  case wallTime = "wall-time"
  case coreSize = "core-size"

  /// The key's path.
  package var key: String {
    switch self {
    case .memory: "limits.memory"
    case .processes: "limits.processes"
    case .cpu: "limits.cpu"
    case .ioRead: "limits.io-read"
    case .ioWrite: "limits.io-write"
    case .ioReadOperations: "limits.io-read-operations"
    case .ioWriteOperations: "limits.io-write-operations"
    case .ioWeight: "limits.io-weight"
    case .openFiles: "limits.open-files"
    case .fileSize: "limits.file-size"
    case .addressSpace: "limits.address-space"
    case .cpuTime: "limits.cpu-time"
    case .wallTime: "limits.wall-time"
    case .coreSize: "limits.core-size"
    }
  }

  /// What its number counts.
  package enum Unit: Sendable { case bytes, count, thousandths, milliseconds }

  package var unit: Unit {
    switch self {
    case .memory, .fileSize, .addressSpace, .coreSize, .ioRead, .ioWrite: .bytes
    case .processes, .openFiles, .ioReadOperations, .ioWriteOperations, .ioWeight: .count
    case .cpu: .thousandths
    case .cpuTime, .wallTime: .milliseconds
    }
  }

  /// Those of each disk in a second.
  package static let ofTraffic: [LimitName] = [
    .ioRead, .ioWrite, .ioReadOperations, .ioWriteOperations,
  ]

  /// Those, and the share of disks that are busy.
  package static let ofDisks = ofTraffic + [.ioWeight]
}

/// Switches that let an app do what the filter refuses everybody.
package enum SyscallSwitch: String, CaseIterable, Sendable {
  case setIDBits = "set-id-bits"
  case nestedUserNamespaces = "nested-user-namespaces"
  case terminalInjection = "terminal-injection"
  case personality

  package var key: String {
    switch self {
    case .setIDBits: "syscalls.set-id-bits"
    case .nestedUserNamespaces: "syscalls.nested-user-namespaces"
    case .terminalInjection: "syscalls.terminal-injection"
    case .personality: "syscalls.personality"
    }
  }
}
