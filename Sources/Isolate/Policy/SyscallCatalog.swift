/// One named group of system calls, as config/syscalls has it.
package struct SyscallGroup: Hashable, Sendable {
  /// Without the `@` that profiles write before it.
  package var name: String
  package var description: String
  package var isInDefaultSet: Bool
  package var isInStrictSet: Bool
  package var calls: [SyscallEntry]
}

/// One system call of a group.
package struct SyscallEntry: Hashable, Sendable {
  package var name: String
  /// The error it gets when refused, where the group says one: ENOSYS for calls that programs fall back
  /// from. Nil: the policy's own refusal.
  package var writtenError: Int32?
}

/// Every group and call there is. Reading it takes some ten microseconds, once.
package enum SyscallCatalog {
  package static let groups: [SyscallGroup] = read(SyscallGroupTable.text)

  /// Changes whenever a group, a call's number or the code that makes filters changes.
  package static var fingerprint: UInt64 { SyscallGroupTable.fingerprint }

  package static func group(named name: String) -> SyscallGroup? {
    groups.first { $0.name == name }
  }

  package static func hasCall(named name: String) -> Bool {
    groups.contains { group in group.calls.contains { $0.name == name } }
  }

  /// Everything a profile may write: `@group` for each group, then each call.
  package static var entries: [String] {
    groups.map { "@\($0.name)" } + groups.flatMap { $0.calls.map(\.name) }
  }

  /// Reads the generated table, whose form the generator guarantees.
  static func read(_ text: String) -> [SyscallGroup] {
    var groups: [SyscallGroup] = []
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      if line.first == UInt8(ascii: "@") {
        groups.append(readHeading(line.dropFirst()))
      } else if !groups.isEmpty {
        for word in line.split(separator: UInt8(ascii: " ")) {
          groups[groups.count - 1].calls.append(readCall(word))
        }
      }
    }
    return groups
  }

  private static func readHeading(_ line: Substring.UTF8View) -> SyscallGroup {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    precondition(parts.count == 3, "a group line is name, sets, description")
    return SyscallGroup(
      name: String(Substring(parts[0])), description: String(Substring(parts[2])),
      isInDefaultSet: parts[1].contains(UInt8(ascii: "d")),
      isInStrictSet: parts[1].contains(UInt8(ascii: "s")), calls: [])
  }

  private static func readCall(_ word: Substring.UTF8View) -> SyscallEntry {
    let parts = word.split(separator: UInt8(ascii: "="))
    let name = String(Substring(parts[0]))
    guard parts.count == 2 else { return SyscallEntry(name: name, writtenError: nil) }
    return SyscallEntry(name: name, writtenError: Int32(Substring(parts[1])))
  }
}
