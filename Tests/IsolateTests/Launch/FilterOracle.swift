import CSeccomp
import Isolate

/// What a filter must answer, written from the promises and not from the rules.
struct FilterOracle {
  var policy: SyscallPolicy
  var allowed: Set<String>
  var writtenErrors: [String: Int32]

  init(_ policy: SyscallPolicy) {
    self.policy = policy
    allowed = policy.allowedCalls
    writtenErrors = [:]
    for entry in SyscallCatalog.groups.flatMap(\.calls) {
      writtenErrors[entry.name] = entry.writtenError
    }
  }

  private var refusal: BPFInterpreter.Action {
    switch policy.refusal {
    case .error(let number): .error(number)
    case .kill: .killProcess
    case .log: .log
    }
  }

  func answer(to name: String, _ arguments: [UInt64]) -> BPFInterpreter.Action {
    guard allowed.contains(name) else {
      return writtenErrors[name].map { .error($0) } ?? refusal
    }
    let ints = arguments.map { UInt32(truncatingIfNeeded: $0) }
    switch name {
    case "socket": return socketAnswer(arguments[0], type: ints[1], number: arguments[2])
    case "socketpair":
      if arguments[0] != 1 { return .error(97) }
      let isOpen = policy.hasNamespaces || policy.socketFamilies.contains(.unix)
      return isOpen || ![2, 3].contains(ints[1] & 0xf) ? .allow : .error(93)
    default:
      return isRefused(name, ints) || steersOthers(name, arguments) ? refusal : .allow
    }
  }

  private func isRefused(_ name: String, _ ints: [UInt32]) -> Bool {
    let setsID = { (mode: UInt32) in !policy.allowsWriteOfSetIDBits && mode & 0o6000 != 0 }
    let creates = { (flags: UInt32) in flags & 0o20_000_100 != 0 }
    return switch name {
    case "chmod", "fchmod", "mknod", "creat": setsID(ints[1])
    case "fchmodat", "fchmodat2", "mknodat": setsID(ints[2])
    case "open": creates(ints[1]) && setsID(ints[2])
    case "openat": creates(ints[2]) && setsID(ints[3])
    case "clone": !policy.allowsNestedUserNamespaces && ints[0] & 0x7e02_0000 != 0
    case "ioctl":
      !policy.allowsTerminalInjection && [0x5412, 0x541c, 0x541d, 0x5423].contains(ints[1])
    case "personality": !policy.allowsPersonality && ints[0] != 0 && ints[0] != UInt32.max
    case "sendmsg": policy.refusesFastOpen && ints[2] & 0x2000_0000 != 0
    case "sendto", "sendmmsg": policy.refusesFastOpen && ints[3] & 0x2000_0000 != 0
    case "setsockopt": policy.refusesFastOpen && ints[1] == 6 && [30, 34].contains(ints[2])
    default: false
    }
  }

  /// Init, or without namespaces anybody but the caller; and all of a user.
  private func steersOthers(_ name: String, _ arguments: [UInt64]) -> Bool {
    func isOther(_ argument: UInt64) -> Bool {
      policy.hasNamespaces ? UInt32(truncatingIfNeeded: argument) == 1 : argument != 0
    }
    let which = UInt32(truncatingIfNeeded: arguments[0])
    return switch name {
    case "prlimit64": isOther(arguments[0]) && arguments[2] != 0
    case "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity":
      isOther(arguments[0])
    case "setpriority": isOther(arguments[1]) || which == 2
    case "ioprio_set": isOther(arguments[1]) || which == 3
    case "ioctl":
      !policy.hasNamespaces && [0x66, 0x58, 0x76, 0x94].contains(arguments[1] >> 8 & 0xff)
    default: false
    }
  }

  private func socketAnswer(
    _ family: UInt64, type: UInt32, number: UInt64
  ) -> BPFInterpreter.Action {
    let families: [UInt64: SyscallPolicy.SocketFamilies] = [
      1: .unix, 2: .inet, 10: .inet6, 16: .netlink,
    ]
    guard let known = families[family], policy.socketFamilies.contains(known) else {
      return .error(97)
    }
    if known == .unix { return .allow }
    if known == .netlink { return number == 0 ? .allow : .error(93) }
    let isRefused =
      [6, 10].contains(type & 15)
      || [33, 115, 132, 136].contains(UInt32(truncatingIfNeeded: number))
    return isRefused ? .error(93) : .allow
  }
}

/// The calls of this machine by number, from the table in C.
enum KnownCalls {
  struct Row {
    var name: String
    var x86: Int32
    var arm: Int32
  }

  static let rows: [Row] = {
    var rows: [Row] = []
    var name: UnsafePointer<CChar>?
    var x86: Int32 = 0
    var arm: Int32 = 0
    while unsafe filter_known_call(rows.count, &name, &x86, &arm) == 1, let text = unsafe name {
      rows.append(Row(name: unsafe String(cString: text), x86: x86, arm: arm))
    }
    return rows
  }()

  static let native: [UInt32: String] = {
    var names: [UInt32: String] = [:]
    for row in rows {
      let number = unsafe row.name.withCString { unsafe filter_number($0) }
      if number >= 0 { names[UInt32(number)] = row.name }
    }
    return names
  }()

  static func number(_ name: String) -> UInt32? {
    native.first { $0.value == name }?.key
  }
}
