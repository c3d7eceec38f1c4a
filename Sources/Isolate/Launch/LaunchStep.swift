/// One thing the child does, in order. The child runs it; only the parent can name it.
package enum LaunchStep: Equatable, Sendable {
  case awaitGate
  case startNetwork(loopback: Bool)
  case joinNetwork
  case raiseLoopback
  case unshare(NamespaceKind)
  case writeProc(file: String, content: String)
  case makeMountsPrivate
  case makeRoot(sizeBytes: UInt64)
  case makeDirectory(path: String, mode: UInt32)
  case makeFile(path: String, content: String, mode: UInt32)
  case makeLink(path: String, target: String)
  case makeDevice(path: String, number: UInt64)
  case bind(BindStep)
  /// A bind whose source the supervisor has opened: for a child that cannot see the host's tree any more.
  case attachTree(descriptor: Int32, BindStep)
  case mountTmpfs(TmpfsStep)
  case mountProc(path: String)
  case mountDevpts(path: String, options: String)
  case mountSysfs(path: String)
  case mountOverlay(OverlayStep)
  case mask(path: String)
  case makeReadOnly(path: String)
  case setAttributes(path: String, MountAttributes)
  case setOwner(path: String, uid: UInt32, gid: UInt32)
  case enterRoot
  case setHostname(String)
  case becomeIdentity(uid: UInt32, gid: UInt32, clearsGroups: Bool)
  case newKeyring
  /// At once, not at exec: what no later step names.
  case closeUnnamed
  /// A namespace of a running app, by descriptor.
  case enter(NamespaceKind, descriptor: Int32)
  case openTerminal(TerminalSettings)
  case setDumpable(Bool)
  case dropCapabilities
  /// Without namespaces: no capability, and with `holdsSignals` (Landlock ABI 6) no process of the app's outlives it.
  case standAlone(holdsSignals: Bool)
  case noNewPrivileges
  /// Beside init, for whoever crashes. `atFilter`: the filter kills, which no tracer sees as a signal.
  case startWitness(atFilter: Bool)
  case forkApp(copiesMemory: Bool)
  case meetWitness
  case newSession(onTerminal: Bool)
  case changeDirectory(String)
  case setUmask(UInt32)
  case setLimit(ResourceLimit)
  case resetSignals
  case resetPersonality
  case closeDescriptors(from: Int32)
  case placeDescriptor(source: DescriptorSource, number: Int32)
  case denyWriteExecute
  case beginLandlock(LandlockRights)
  case allowPath(path: String, rights: UInt64)
  /// A file that the supervisor has open, by descriptor: it need not be in the view.
  case allowFile(descriptor: Int32, rights: UInt64)
  case allowPort(port: UInt16, rights: UInt64)
  case enforceLandlock
  case loadFilter(instructions: Int)
  case execute(candidates: [String])
  /// A program that the supervisor has open; it need not be in the view.
  case executeFile(descriptor: Int32)
}

package enum NamespaceKind: String, Sendable {
  case user, time, cgroup
  case mount, pid, network, ipc, uts
}

/// MOUNT_ATTR_* of mount_setattr(2), as a set.
package struct MountAttributes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package static let readOnly = MountAttributes(rawValue: 1)
  package static let noSetID = MountAttributes(rawValue: 2)
  package static let noDevices = MountAttributes(rawValue: 4)
  package static let noExecute = MountAttributes(rawValue: 8)

  /// "read-only, nosuid, nodev, noexec".
  package var inWords: String {
    var words: [String] = []
    if contains(.readOnly) { words.append("read-only") }
    if contains(.noSetID) { words.append("nosuid") }
    if contains(.noDevices) { words.append("nodev") }
    if contains(.noExecute) { words.append("noexec") }
    return words.joined(separator: ", ")
  }
}

package struct BindStep: Equatable, Sendable {
  /// The host path, and what the policy saw there.
  package var source: String
  package var device: UInt64
  package var inode: UInt64
  package var isDirectory: Bool
  /// Beneath the new root, without a leading slash; "" is the root.
  package var target: String
  package var attributes: MountAttributes
  package var isRecursive: Bool
  /// The owner on disk whose files appear as the app's own, or nil.
  package var mappedOwner: FileOwner?
}

extension LaunchStep {
  /// The owner on disk whose files this step makes the app's own.
  package var mappedOwner: FileOwner? {
    if case .bind(let bind) = self { return bind.mappedOwner }
    if case .mountOverlay(let overlay) = self { return overlay.mappedOwner }
    return nil
  }
}

package struct FileOwner: Hashable, Sendable {
  package var uid: UInt32
  package var gid: UInt32
}

package struct TmpfsStep: Equatable, Sendable {
  package var target: String
  package var options: String
  package var attributes: MountAttributes
}

package struct OverlayStep: Equatable, Sendable {
  package var lower: String
  package var device: UInt64
  package var inode: UInt64
  package var target: String
  package var attributes: MountAttributes
  /// Where the writes are kept: host directories; nil: they are thrown away.
  package var kept: KeptLayer?
  /// tmpfs options of the thrown-away layer.
  package var options: String
  package var usesUserAttributes: Bool
  /// As root: the owner on disk whose files appear as the app's own, or nil; and the app's ids on the host, for the writes.
  package var mappedOwner: FileOwner?
  package var appUID: UInt32 = 0
  package var appGID: UInt32 = 0

  package struct KeptLayer: Equatable, Sendable {
    package var upper: String
    package var work: String
  }
}

/// What the app's pty starts with: the caller's modes and window.
package struct TerminalSettings: Equatable, Sendable {
  package var path: String
  /// The kernel's struct termios (TCGETS), 36 bytes, or empty.
  package var modes: [UInt8]
  /// Rows, columns, x pixels, y pixels.
  package var window: [UInt16]

  package init(path: String, modes: [UInt8], window: [UInt16]) {
    self.path = path
    self.modes = modes
    self.window = window
  }
}

package struct ResourceLimit: Equatable, Sendable {
  package enum Resource: String, Sendable {
    case cpuTime = "CPU time"
    case fileSize = "file size"
    case data = "data"
    case coreSize = "core size"
    case processes
    case openFiles = "open files"
    case addressSpace = "address space"
  }
  package var resource: Resource
  package var soft: UInt64
  package var hard: UInt64
}

package enum DescriptorSource: Equatable, Sendable {
  case caller(Int32)
  case terminal
}

package struct LandlockRights: Equatable, Sendable {
  package var files: UInt64
  package var network: UInt64
  package var scopes: UInt64
  /// The size of struct landlock_ruleset_attr that the kernel's ABI knows.
  package var attributeSize: UInt32
  /// Bit n: the file that is connected to 0, 1 or 2 may be opened again with the rights that it is open with.
  package var reopened: UInt32 = 0
}

extension LaunchStep: CustomStringConvertible {
  package var description: String {
    switch self {
    case .awaitGate: "wait until the supervisor has put this process into its cgroups"
    case .startNetwork(let loopback):
      "make a network namespace beside the mounts" + (loopback ? ", with loopback up" : "")
    case .joinNetwork: "enter the network namespace"
    case .raiseLoopback: "bring loopback up"
    case .unshare(let kind): "make a \(kind.rawValue) namespace"
    case .writeProc(let file, let content):
      "write \"\(content.split(separator: "\n").joined(separator: "; "))\" to /proc/self/\(file)"
    case .makeMountsPrivate: "make all mounts private"
    case .makeRoot(let size): "make an empty root of \(size) bytes"
    case .makeDirectory(let path, let mode): "make the directory /\(path), mode \(octal(mode))"
    case .makeFile(let path, _, let mode): "write the file /\(path), mode \(octal(mode))"
    case .makeLink(let path, let target): "make the link /\(path) to \(target)"
    case .makeDevice(let path, let number):
      "make the device /\(path) (\(number >> 8 & 0xfff), \(number & 0xff | number >> 12 & 0xfff00))"
    case .bind(let step): step.description
    case .attachTree(_, let step): step.description
    case .setOwner(let path, let uid, let gid): "give /\(path) to uid \(uid), gid \(gid)"
    case .mountTmpfs(let step):
      "mount a private file system on /\(step.target) (\(step.options); \(step.attributes.inWords))"
    case .mountProc(let path): "mount a fresh proc on /\(path)"
    case .mountDevpts(let path, _): "mount an own devpts on /\(path)"
    case .mountSysfs(let path): "mount sysfs read-only on /\(path)"
    case .mountOverlay(let step):
      "overlay \(step.lower) on /\(step.target), writes "
        + (step.kept.map { "kept in \($0.upper)" } ?? "thrown away")
    case .mask(let path): "hide /\(path)"
    case .makeReadOnly(let path): "make /\(path) read-only"
    case .setAttributes(let path, let attributes): "make /\(path) \(attributes.inWords)"
    case .enterRoot: "enter the new root and detach the old one"
    case .setHostname(let name): "set the hostname to \(name)"
    case .becomeIdentity(let uid, let gid, _): "become uid \(uid), gid \(gid)"
    case .newKeyring: "join a fresh session keyring"
    case .closeUnnamed: "close every descriptor that no later step names"
    case .enter(let kind, _): "enter the app's \(kind.rawValue) namespace"
    case .openTerminal: "open a pty in the own devpts and hand its master up"
    case .setDumpable(let yes): yes ? "become dumpable" : "become undumpable"
    case .dropCapabilities: "drop every capability and lock the securebits"
    case .standAlone(let holds):
      holds
        ? "drop every capability, and keep the app's processes together by Landlock"
        : "drop every capability"
    case .noNewPrivileges: "set no_new_privs"
    case .startWitness: "start the witness, which looks at crashes"
    case .meetWitness: "let the witness trace this process"
    case .forkApp: "fork the app and become its init"
    case .newSession(let onTerminal):
      onTerminal ? "become the terminal's foreground group" : "start a new session"
    case .changeDirectory(let path): "change to \(path)"
    case .setUmask(let mask): "set the umask to \(octal(mask))"
    case .setLimit(let limit):
      "limit \(limit.resource.rawValue) to "
        + (limit.soft == .max ? "unlimited" : "\(limit.soft)")
    case .resetSignals: "reset signal dispositions and the signal mask"
    case .resetPersonality: "reset the personality"
    case .closeDescriptors(let from): "close every descriptor from \(from) up at exec"
    case .placeDescriptor(.caller(let source), let number):
      source == number ? "keep descriptor \(number)" : "make descriptor \(source) number \(number)"
    case .placeDescriptor(.terminal, let number): "make the pty descriptor \(number)"
    case .denyWriteExecute: "deny memory that is writable and executable"
    case .beginLandlock: "make a Landlock ruleset"
    case .allowPath(let path, let rights):
      "allow \(LandlockRight.words(rights)) beneath \(path) in Landlock"
    case .allowFile(let descriptor, let rights):
      "allow \(LandlockRight.words(rights)) of the file of descriptor \(descriptor) in Landlock"
    case .allowPort(let port, let rights):
      "allow TCP \(rights & 1 != 0 ? "bind" : "connect") to port \(port) in Landlock"
    case .enforceLandlock: "enforce the Landlock ruleset"
    case .loadFilter(let count): "load the system-call filter (\(count) instructions)"
    case .execute(let candidates):
      "execute " + candidates.joined(separator: " or ")
    case .executeFile(let descriptor): "execute the program of descriptor \(descriptor)"
    }
  }

  private func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
}

extension BindStep: CustomStringConvertible {
  package var description: String {
    let owner = mappedOwner.map { "; files of uid \($0.uid) appear as the app's" } ?? ""
    return "bind \(source) on /\(target) (\(attributes.inWords)\(owner))"
  }
}
