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
    /// Pure computation: reads files, writes descriptors; no new processes, no sockets.
    case strict
    /// No call at all.
    case nothing
  }

  /// What a refused call gets.
  package enum Answer: Hashable, Sendable {
    /// This errno, 1 to 4094.
    case error(Int32)
    /// The whole process dies by SIGSYS.
    case kill
    /// Nothing: it is allowed and the kernel logs it. For finding out what a program needs.
    case log
  }

  /// Families of sockets. Others get EAFNOSUPPORT, as from a kernel without them.
  package struct SocketFamilies: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let unix = SocketFamilies(rawValue: 1)
    package static let inet = SocketFamilies(rawValue: 2)
    package static let inet6 = SocketFamilies(rawValue: 4)
    /// NETLINK_ROUTE only: which interfaces and addresses there are.
    package static let netlink = SocketFamilies(rawValue: 8)
    package static let all: SocketFamilies = [.unix, .inet, .inet6, .netlink]
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
  package var socketFamilies = SocketFamilies.all
  /// Whether clone may make namespaces, and unshare is allowed at all.
  package var allowsNestedUserNamespaces = false
  /// Whether a program may type into its terminal's input as if it were the user.
  package var allowsTerminalInjection = false
  /// Whether a program may switch off address randomness and the like for itself.
  package var allowsPersonality = false

  /// Whether TCP Fast Open is refused: it connects without connect(2), so that Landlock may not see it. For apps that get sockets
  /// of a network that is not theirs.
  package var refusesFastOpen = false
  /// Whether the app has namespaces of its own. Without, more is refused: see `refusedWithoutNamespaces`.
  package var hasNamespaces = true

  /// Rises with every change of what is refused by arguments: filters of another build are then not taken from the cache.
  static let argumentEdition: UInt64 = 2

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
    let unknown =
      SyscallPolicy.unknownEntries(in: allow) + SyscallPolicy.unknownEntries(in: deny)
    guard unknown.isEmpty else { throw UnknownSyscalls(entries: unknown) }
    self.base = base
    self.allow = SyscallPolicy.sortedOnce(allow)
    self.deny = SyscallPolicy.sortedOnce(deny)
  }

  /// Nothing but these calls.
  ///
  /// - Parameter calls: names of the table; one that is not there allows nothing.
  init(known calls: [String]) {
    base = .nothing
    allow = SyscallPolicy.sortedOnce(calls)
    deny = []
  }

  /// The entries that are neither `@group` nor the name of a call.
  package static func unknownEntries(in entries: [String]) -> [UnknownSyscalls.Entry] {
    var unknown: [UnknownSyscalls.Entry] = []
    for entry in entries where !isKnown(entry) {
      let near = nearest(to: entry, in: SyscallCatalog.entries)
      unknown.append(UnknownSyscalls.Entry(text: entry, nearest: near))
    }
    return unknown
  }

  private static func sortedOnce(_ entries: [String]) -> [String] {
    var result: [String] = []
    for entry in entries.sorted() where entry != result.last { result.append(entry) }
    return result
  }

  private static func isKnown(_ entry: String) -> Bool {
    guard entry.utf8.first == UInt8(ascii: "@") else { return SyscallCatalog.hasCall(named: entry) }
    return SyscallCatalog.group(named: String(entry.dropFirst())) != nil
  }

  /// The policy as text, equal exactly when the filters are: what the filter cache compares.
  ///
  /// It names deviations, not calls; the fingerprint stands for what the groups mean in this build.
  /// Every launch makes it, so it is put together byte by byte: interpolation would take longer
  /// than reading the cached filter does.
  package var canonicalText: [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(512)
    text += "base ".utf8
    text += base.rawValue.utf8
    text += "\nallow".utf8
    for entry in allow { SyscallPolicy.append(entry, to: &text) }
    text += "\ndeny".utf8
    for entry in deny { SyscallPolicy.append(entry, to: &text) }
    text += "\nrefusal ".utf8
    switch refusal {
    case .error(let number): SyscallPolicy.append(UInt64(UInt32(bitPattern: number)), to: &text)
    case .kill: text += "kill".utf8
    case .log: text += "log".utf8
    }
    text += "\nfamilies ".utf8
    SyscallPolicy.append(UInt64(socketFamilies.rawValue), to: &text)
    text += allowsWriteOfSetIDBits ? "\nset-id-bits yes".utf8 : "\nset-id-bits no".utf8
    text += allowsNestedUserNamespaces ? "\nnamespaces yes".utf8 : "\nnamespaces no".utf8
    text += allowsTerminalInjection ? "\ninjection yes".utf8 : "\ninjection no".utf8
    text += allowsPersonality ? "\npersonality yes".utf8 : "\npersonality no".utf8
    if refusesFastOpen { text += "\nfast-open no".utf8 }
    if !hasNamespaces { text += "\nalone yes".utf8 }
    text += "\narguments ".utf8
    SyscallPolicy.append(SyscallPolicy.argumentEdition, to: &text)
    text += "\ntable ".utf8
    SyscallPolicy.append(SyscallCatalog.fingerprint, to: &text)
    text += "\n".utf8
    return text
  }

  private static func append(_ entry: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: " "))
    text += entry.utf8
  }

  /// Appends a number as 16 hexadecimal digits.
  package static func append(_ number: UInt64, to text: inout [UInt8]) {
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15
      text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
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
