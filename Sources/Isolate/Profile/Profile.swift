/// A value as an author wrote it, with the place it was written at.
package struct Setting<Value: Sendable>: Sendable {
  package var value: Value
  package var position: Position
  /// How many characters it takes; for caret lines.
  package var length: Int

  package init(_ value: Value, at position: Position, length: Int = 1) {
    self.value = value
    self.position = position
    self.length = length
  }
}

/// What an author wrote for one app, read and checked by itself, but not yet answered: names of
/// bases, variables in paths and everything left out are still open.
package struct Profile: Sendable {
  /// The name it was asked for by: `nginx`, a file's name without `.toml`, or
  /// `Position.commandLine`.
  package var name: String
  package var file: String
  package var description: Setting<String>?
  package var extends: [Setting<String>] = []
  package var require: [Setting<Requirement>]?
  package var command = CommandSettings()
  package var environment = EnvironmentSettings()
  package var files = FileSettings()
  package var network = NetworkSettings()
  package var syscalls = SyscallSettings()
  package var writeExecute: Setting<Bool>?
  package var limits: [LimitSetting] = []
  package var identity = IdentitySettings()
  package var timeNamespace: Setting<Bool>?
  package var terminal: Setting<TerminalMode>?
  package var crashReport: Setting<Bool>?
  package var descriptors: [Setting<Int32>] = []
  package var stopSignal: Setting<Int32>?
  package var stopTimeoutMilliseconds: Setting<UInt64>?
  /// What only the daemon uses.
  package var service = ServiceSettings()
  package var grants: [GrantSetting] = []
  package var drivers: [DriverSetting] = []
  package var relax: [RelaxSetting] = []

  package init(name: String, file: String) {
    self.name = name
    self.file = file
  }

  package var isCommandLine: Bool { file == Position.commandLine }
}

package struct CommandSettings: Sendable {
  package var run: Setting<[String]>?
  package var workdir: Setting<String>?
  package var path: Setting<[String]>?
}

package struct EnvironmentSettings: Sendable {
  /// A name, or a prefix with `*` at its end.
  package var keep: [Setting<String>] = []
  package var set: [NamedSetting] = []
  package var unset: [Setting<String>] = []
}

/// One variable of `environment.set`.
package struct NamedSetting: Sendable {
  package var name: String
  package var value: Setting<String>

  package init(name: String, value: Setting<String>) {
    self.name = name
    self.value = value
  }
}

package struct FileSettings: Sendable {
  /// Rules of every kind, in the order they were read.
  package var rules: [FileSetting] = []
  package var proc: Setting<Bool>?
  package var dev: Setting<Bool>?
  package var sys: Setting<Bool>?
}

/// One path rule. What it leaves out is nil.
package struct FileSetting: Sendable {
  package var kind: FileRuleKind
  /// Variables are not expanded until the profiles are merged.
  package var path: Setting<String>
  package var to: Setting<String>?
  package var isOptional = false
  package var allowsExecute: Bool?
  package var mapsOwner: Bool?
  package var sizeBytes: UInt64?
  package var inodes: UInt64?
  package var mode: UInt32?
  package var upper: Setting<String>?
  /// It was written with `$CWD`: what it shows is the caller's choice of directory. Known once variables are expanded.
  package var isOfWorkingDirectory = false

  package init(kind: FileRuleKind, path: Setting<String>) {
    self.kind = kind
    self.path = path
  }
}

package struct NetworkSettings: Sendable {
  package var mode: Setting<NetworkMode>?
  package var connect: Setting<[UInt16]>?
  package var bind: Setting<[UInt16]>?
  /// The socket families the app may use; nil: all of them.
  package var families: Setting<[SocketFamilyWord]>?
}

package struct SyscallSettings: Sendable {
  package var base: Setting<SyscallBaseWord>?
  /// System calls by name, groups by `@name`.
  package var allow: [Setting<String>] = []
  package var deny: [Setting<String>] = []
  package var refuseWith: Setting<RefusalWord>?
  package var switches: [SwitchSetting] = []
}

package struct SwitchSetting: Sendable {
  package var name: SyscallSwitch
  package var isOn: Setting<Bool>

  package init(name: SyscallSwitch, isOn: Setting<Bool>) {
    self.name = name
    self.isOn = isOn
  }
}

package struct LimitSetting: Sendable {
  package var name: LimitName
  /// In the unit of the limit's name; nil: unlimited.
  package var amount: Setting<UInt64?>

  package init(name: LimitName, amount: Setting<UInt64?>) {
    self.name = name
    self.amount = amount
  }
}

package struct IdentitySettings: Sendable {
  package var user: Setting<String>?
  package var uid: Setting<UInt32>?
  package var gid: Setting<UInt32>?
  package var home: Setting<String>?
  package var shell: Setting<String>?
  package var hostname: Setting<String>?
  package var timezone: Setting<String>?
  package var umask: Setting<UInt32>?
}

/// `relax.KEY = "reason"`.
package struct RelaxSetting: Sendable {
  package var key: String
  package var reason: String
  package var position: Position
  package var length: Int

  package init(key: String, reason: String, position: Position, length: Int = 1) {
    self.key = key
    self.reason = reason
    self.position = position
    self.length = length
  }
}

extension FileSetting {
  /// Where the app sees it.
  package var target: String { to?.value ?? path.value }
}
