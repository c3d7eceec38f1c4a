/// What the system-call filter shall do: complete, with nothing left to a default.
///
/// Which calls are allowed follows from four steps, each overriding the ones before:
/// 1. the base set; 2. groups in `allow`, then groups in `deny`; 3. calls named in `allow`;
/// 4. calls named in `deny`. So a call named by itself beats a group, and deny beats allow.
/// The switches below then narrow what is allowed by its arguments.
package struct SyscallPolicy: Hashable, Sendable {
  /// What `allow` and `deny` start from.
  package enum Base: String, Hashable, Sendable, CaseIterable {
    /// What most programs need.
    case standard = "default"
    /// Pure computation: reads files and descriptors, writes descriptors; no new processes, no sockets.
    case strict
    /// No call at all.
    case nothing
  }

  /// What a refused call gets.
  package enum Answer: Hashable, Sendable {
    /// This errno.
    case error(Int32)
    /// The whole process dies by SIGSYS.
    case kill
    /// Nothing: it is allowed and the kernel logs it. For finding out what a program needs.
    case log
  }

  /// A family of sockets. Others get EAFNOSUPPORT, as from a kernel without them.
  package enum SocketFamily: String, Hashable, Sendable, CaseIterable {
    case unix, inet, inet6
    /// NETLINK_ROUTE only: which interfaces and addresses there are.
    case netlink
  }

  package let base: Base
  /// Sorted entries, `@group` or a call's name; all of them known.
  package let allow: [String]
  /// Sorted entries, `@group` or a call's name; all of them known.
  package let deny: [String]
  /// For calls without an error written in their group, and for refused arguments.
  package var refusal: Answer = .error(ErrorNumber.notPermitted)
  /// Whether files may get set-user-id and set-group-id bits.
  package var allowsWriteOfSetIDBits = false
  package var socketFamilies = Set(SocketFamily.allCases)
  /// Whether clone may make namespaces, and unshare is allowed at all.
  package var allowsNestedUserNamespaces = false
  /// Whether a program may type into its terminal's input as if it were the user.
  package var allowsTerminalInjection = false
  /// Whether a program may switch off address randomness and the like for itself.
  package var allowsPersonality = false

  /// The default set with every switch off.
  package init() {
    base = .standard
    allow = []
    deny = []
  }

  /// - Parameters:
  ///   - allow: entries, `@group` or a call's name.
  ///   - deny: likewise; they win over `allow` where both are groups or both are names.
  /// - Throws: every entry that is neither a group nor a call, each with the nearest one.
  package init(base: Base, allow: [String], deny: [String]) throws(UnknownSyscalls) {
    let unknown = SyscallPolicy.unknownEntries(in: allow + deny)
    guard unknown.isEmpty else { throw UnknownSyscalls(entries: unknown) }
    self.base = base
    self.allow = Set(allow).sorted()
    self.deny = Set(deny).sorted()
  }

  /// The entries that are neither `@group` nor the name of a call.
  package static func unknownEntries(in entries: [String]) -> [UnknownSyscalls.Entry] {
    entries.filter { !isKnown($0) }.map {
      UnknownSyscalls.Entry(text: $0, nearest: nearest(to: $0, in: SyscallCatalog.entries))
    }
  }

  private static func isKnown(_ entry: String) -> Bool {
    guard entry.utf8.first == UInt8(ascii: "@") else { return SyscallCatalog.hasCall(named: entry) }
    return SyscallCatalog.group(named: String(entry.dropFirst())) != nil
  }

  /// The policy as text, equal exactly when the filters are: what the filter cache compares.
  ///
  /// It names deviations, not calls; the fingerprint stands for what the groups mean in this build.
  package var canonicalText: String {
    let families = SocketFamily.allCases.filter(socketFamilies.contains).map(\.rawValue)
    return """
      base \(base.rawValue)
      allow \(allow.joined(separator: " "))
      deny \(deny.joined(separator: " "))
      refusal \(refusal.canonicalText)
      families \(families.joined(separator: " "))
      set-id-bits \(allowsWriteOfSetIDBits)
      nested-namespaces \(allowsNestedUserNamespaces)
      terminal-injection \(allowsTerminalInjection)
      personality \(allowsPersonality)
      table \(SyscallCatalog.fingerprint)

      """
  }
}

extension SyscallPolicy.Answer {
  fileprivate var canonicalText: String {
    switch self {
    case .error(let number): "error \(number)"
    case .kill: "kill"
    case .log: "log"
    }
  }
}

/// Entries of a profile that name no system call and no group.
package struct UnknownSyscalls: Error, Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var text: String
    /// The valid entry it most likely meant.
    package var nearest: String?
  }
  package var entries: [Entry]
}

/// The error numbers refusals use. Pure rooms cannot import them; x86-64 and arm64 agree on them.
///
/// Source: asm-generic/errno.h and errno-base.h.
package enum ErrorNumber {
  package static let notPermitted: Int32 = 1  // EPERM
  package static let noSuchCall: Int32 = 38  // ENOSYS
  package static let protocolNotSupported: Int32 = 93  // EPROTONOSUPPORT
  package static let familyNotSupported: Int32 = 97  // EAFNOSUPPORT
}
