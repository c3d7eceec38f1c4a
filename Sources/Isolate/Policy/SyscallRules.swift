/// One refusal of the filter: a call, when it is refused, and what it gets then.
package struct SyscallRule: Hashable, Sendable {
  package var name: String
  package var answer: SyscallPolicy.Answer
  /// All must hold, each on another argument. None: refused whatever the arguments.
  package var checks: [SyscallCheck] = []
}

/// A comparison of one argument.
///
/// The filter sees 64-bit registers, and the kernel looks at 32 bits of most arguments. A check
/// that must not be walked around with high bits set is `.masked` (CVE-2019-10063 was one that was
/// not).
package struct SyscallCheck: Hashable, Sendable {
  package enum Comparison: Hashable, Sendable {
    case equal(UInt64)
    case notEqual(UInt64)
    case greater(UInt64)
    case masked(UInt64, equals: UInt64)
    /// The low 32 bits are neither. Alone in its rule.
    case neither(UInt32, UInt32)
  }
  /// Counted from 0.
  package var argument: UInt32
  package var comparison: Comparison

  static func any(of bits: UInt64, in argument: UInt32) -> SyscallCheck {
    SyscallCheck(argument: argument, comparison: .masked(bits, equals: bits))
  }

  /// The low 32 bits, all that the kernel looks at, are this.
  static func int(_ value: UInt64, in argument: UInt32) -> SyscallCheck {
    SyscallCheck(argument: argument, comparison: .masked(0xffff_ffff, equals: value))
  }
}

extension SyscallPolicy {
  /// The calls that are allowed, perhaps not with every argument.
  package var allowedCalls: Set<String> {
    var allowed: Set<String> = []
    for group in SyscallCatalog.groups {
      let inBase =
        switch base {
        case .standard: group.isInDefaultSet
        case .strict: group.isInStrictSet
        case .nothing: false
        }
      let entry = "@\(group.name)"
      let isAllowed = !deny.contains(entry) && (inBase || allow.contains(entry))
      if isAllowed { allowed.formUnion(group.calls.map(\.name)) }
    }
    if allowsNestedUserNamespaces { allowed.insert("unshare") }
    allowed.formUnion(allow.filter { !$0.isGroup })
    if !hasNamespaces { allowed.subtract(refusedWithoutNamespaces) }
    allowed.subtract(deny.filter { !$0.isGroup })
    // What lies behind a pointer cannot be checked: these follow the switch they would get round.
    if !allowsNestedUserNamespaces { allowed.remove("clone3") }
    if !allowsWriteOfSetIDBits { allowed.remove("openat2") }
    return allowed
  }

  /// Entries of `allow` that a switch refuses all the same; worth a warning.
  package var uselessEntries: [String] {
    allow.filter {
      ($0 == "clone3" && !allowsNestedUserNamespaces)
        || ($0 == "openat2" && !allowsWriteOfSetIDBits)
    }
  }

  /// Every refusal, in the groups' order. Calls that no rule names are allowed; that keeps argument
  /// checks off all others, so that the kernel answers those from its allow bitmap.
  package var rules: [SyscallRule] {
    let allowed = allowedCalls
    var rules: [SyscallRule] = []
    for group in SyscallCatalog.groups {
      for call in group.calls {
        if allowed.contains(call.name) {
          rules += argumentRules(for: call.name) + steeringRules(for: call.name)
        } else {
          let answer = call.writtenError.map { Answer.error($0) } ?? refusal
          rules.append(SyscallRule(name: call.name, answer: answer))
        }
      }
    }
    return rules
  }

  private func argumentRules(for name: String) -> [SyscallRule] {
    switch name {
    case "socket": socketRules
    case "socketpair":
      [socketRule(name, .familyNotSupported, .notEqual(Kernel.familyUnix))] + pairRules
    case "clone" where !allowsNestedUserNamespaces:
      Kernel.namespaceFlags.map { refuse(name, .any(of: $0, in: 0)) }
    case "ioctl" where !allowsTerminalInjection:
      Kernel.injectingRequests.map { refuse(name, .int($0, in: 1)) }
    case "personality" where !allowsPersonality:
      // 0 is the plain personality, all ones asks which it is.
      [refuse(name, SyscallCheck(argument: 0, comparison: .neither(0, 0xffff_ffff)))]
    case "sendmsg" where refusesFastOpen: [refuse(name, .any(of: Kernel.fastOpenFlag, in: 2))]
    case "sendto" where refusesFastOpen: [refuse(name, .any(of: Kernel.fastOpenFlag, in: 3))]
    case "sendmmsg" where refusesFastOpen: [refuse(name, .any(of: Kernel.fastOpenFlag, in: 3))]
    case "setsockopt" where refusesFastOpen:
      Kernel.fastOpenOptions.map { refuse(name, .int(Kernel.levelTCP, in: 1), .int($0, in: 2)) }
    case "chmod", "fchmod", "mknod", "creat": modeRules(name, mode: 1)
    case "fchmodat", "fchmodat2", "mknodat": modeRules(name, mode: 2)
    case "open": openRules(name, flags: 1)
    case "openat": openRules(name, flags: 2)
    default: []
    }
  }

  func refuse(_ name: String, _ checks: SyscallCheck...) -> SyscallRule {
    SyscallRule(name: name, answer: refusal, checks: checks)
  }

  /// Set-id bits in a mode. mkdir needs none: the kernel drops these bits there (vfs_mkdir).
  private func modeRules(_ name: String, mode: UInt32) -> [SyscallRule] {
    guard !allowsWriteOfSetIDBits else { return [] }
    return Kernel.setIDBits.map { refuse(name, .any(of: $0, in: mode)) }
  }

  /// Set-id bits in the mode of a file that may be made; without O_CREAT or O_TMPFILE the register
  /// holds anything and the kernel does not look.
  private func openRules(_ name: String, flags: UInt32) -> [SyscallRule] {
    guard !allowsWriteOfSetIDBits else { return [] }
    return Kernel.creatingFlags.flatMap { flag in
      Kernel.setIDBits.map { refuse(name, .any(of: flag, in: flags), .any(of: $0, in: flags + 1)) }
    }
  }

  private enum SocketError { case familyNotSupported, protocolNotSupported }

  /// Refused sockets get the error of a kernel without them, whatever `refusal` is: programs try
  /// families and protocols to find out what there is, and go on.
  private func socketRule(
    _ name: String, _ error: SocketError, _ family: SyscallCheck.Comparison,
    _ more: SyscallCheck...
  ) -> SyscallRule {
    let number =
      switch error {
      case .familyNotSupported: ErrorNumber.familyNotSupported
      case .protocolNotSupported: ErrorNumber.protocolNotSupported
      }
    return SyscallRule(
      name: name, answer: .error(number),
      checks: [SyscallCheck(argument: 0, comparison: family)] + more)
  }

  /// A pair of datagram sockets can be pointed at any socket of the file system, as one of `socket` can.
  private var pairRules: [SyscallRule] {
    if hasNamespaces || socketFamilies.contains(.unix) { return [] }
    return Kernel.datagramTypes.map { type in
      socketRule(
        "socketpair", .protocolNotSupported, .equal(Kernel.familyUnix),
        SyscallCheck(argument: 1, comparison: .masked(0xf, equals: type)))
    }
  }

  private var socketRules: [SyscallRule] {
    let allowed = Kernel.numbers(of: socketFamilies)
    let last = Kernel.familyNetlink
    // Register values with high bits set are greater than any family, so they are refused too.
    var rules = [socketRule("socket", .familyNotSupported, .greater(last))]
    rules += Kernel.blocks(upTo: last, without: allowed).map {
      socketRule("socket", .familyNotSupported, $0)
    }
    for family in [Kernel.familyInet, Kernel.familyInet6] where allowed.contains(family) {
      for type in Kernel.refusedSocketTypes {
        let check = SyscallCheck(argument: 1, comparison: .masked(0xf, equals: type))
        rules.append(socketRule("socket", .protocolNotSupported, .equal(family), check))
      }
      for number in Kernel.refusedProtocols {
        let check = SyscallCheck.int(number, in: 2)
        rules.append(socketRule("socket", .protocolNotSupported, .equal(family), check))
      }
    }
    if allowed.contains(last) {
      let notRoute = SyscallCheck(argument: 2, comparison: .notEqual(0))
      rules.append(socketRule("socket", .protocolNotSupported, .equal(last), notRoute))
    }
    return rules
  }
}

extension String {
  fileprivate var isGroup: Bool { utf8.first == UInt8(ascii: "@") }
}

/// Numbers of the kernel that x86-64 and arm64 share.
private enum Kernel {
  /// S_ISUID, S_ISGID. Source: inode(7).
  static let setIDBits: [UInt64] = [0o4000, 0o2000]
  /// O_CREAT and the bit of O_TMPFILE that is not O_DIRECTORY. Source: asm-generic/fcntl.h.
  static let creatingFlags: [UInt64] = [0o100, 0o20_000_000]
  /// CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET. CLONE_NEWTIME is none of clone's: its bit
  /// is part of the signal number there. Source: clone(2).
  static let namespaceFlags: [UInt64] = [
    0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
  ]
  /// TIOCSTI types into the terminal, TIOCLINUX pastes into the console, TIOCCONS takes its
  /// output, TIOCSETD loads line disciplines. Source: ioctl_tty(2), ioctl_console(2).
  static let injectingRequests: [UInt64] = [0x5412, 0x541c, 0x541d, 0x5423]

  static let familyUnix: UInt64 = 1
  static let familyInet: UInt64 = 2
  static let familyInet6: UInt64 = 10
  static let familyNetlink: UInt64 = 16
  /// MSG_FASTOPEN; SOL_TCP with TCP_FASTOPEN_CONNECT and TCP_FASTOPEN_NO_COOKIE (tcp(7)).
  static let fastOpenFlag: UInt64 = 0x2000_0000
  static let levelTCP: UInt64 = 6
  static let fastOpenOptions: [UInt64] = [30, 34]
  /// SOCK_DGRAM, and SOCK_RAW, which is the same of Unix sockets (unix_create of the kernel).
  static let datagramTypes: [UInt64] = [2, 3]
  /// SOCK_DCCP loads a module of its own; AF_INET with SOCK_PACKET is AF_PACKET under another name.
  static let refusedSocketTypes: [UInt64] = [6, 10]
  /// DCCP, L2TP, SCTP and UDP-Lite: modules loaded on request, with a long record of holes.
  static let refusedProtocols: [UInt64] = [33, 115, 132, 136]

  /// The numbers from 0 to `last` that are not in `allowed`, as few aligned blocks of 1, 2, 4...
  static func blocks(
    upTo last: UInt64, without allowed: Set<UInt64>
  ) -> [SyscallCheck.Comparison] {
    var blocks: [SyscallCheck.Comparison] = []
    var first: UInt64 = 0
    while first <= last {
      var size: UInt64 = 1
      if !allowed.contains(first) {
        while first % (2 * size) == 0, first + 2 * size <= last + 1,
          allowed.isDisjoint(with: first..<first + 2 * size)
        { size *= 2 }
        blocks.append(.masked(~(size - 1), equals: first))
      }
      first += size
    }
    return blocks
  }

  static func numbers(of families: SyscallPolicy.SocketFamilies) -> Set<UInt64> {
    var numbers: Set<UInt64> = []
    if families.contains(.unix) { numbers.insert(familyUnix) }
    if families.contains(.inet) { numbers.insert(familyInet) }
    if families.contains(.inet6) { numbers.insert(familyInet6) }
    if families.contains(.netlink) { numbers.insert(familyNetlink) }
    return numbers
  }
}
