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
  /// The error it gets when refused, where the group says one: ENOSYS for calls that programs fall
  /// back from. Nil: the policy's own refusal.
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
  ///
  /// By hand, byte by byte: a profile that names a call needs it at every launch, and the first use
  /// of the library's splitting costs more than all of this.
  private static func read(_ text: String) -> [SyscallGroup] {
    let bytes = Array(text.utf8)
    var groups: [SyscallGroup] = []
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "@") {
        let name = word(from: at + 1, in: bytes)
        let sets = word(from: name.upperBound + 1, in: bytes)
        var end = sets.upperBound
        while end < bytes.count && bytes[end] != UInt8(ascii: "\n") { end += 1 }
        groups.append(
          SyscallGroup(
            name: string(name, in: bytes),
            description: string(sets.upperBound + 1..<end, in: bytes),
            isInDefaultSet: bytes[sets].contains(UInt8(ascii: "d")),
            isInStrictSet: bytes[sets].contains(UInt8(ascii: "s")), calls: []))
        at = end + 1
      } else {
        let call = word(from: at, in: bytes)
        groups[groups.count - 1].calls.append(readCall(call, in: bytes))
        at = call.upperBound + 1
      }
    }
    return groups
  }

  private static func word(from start: Int, in bytes: [UInt8]) -> Range<Int> {
    var end = start
    while end < bytes.count && bytes[end] > UInt8(ascii: " ") { end += 1 }
    return start..<end
  }

  private static func string(_ range: Range<Int>, in bytes: [UInt8]) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  private static func readCall(_ range: Range<Int>, in bytes: [UInt8]) -> SyscallEntry {
    var nameEnd = range.lowerBound
    while nameEnd < range.upperBound && bytes[nameEnd] != UInt8(ascii: "=") { nameEnd += 1 }
    var number: Int32?
    for index in nameEnd..<range.upperBound where index > nameEnd {
      number = (number ?? 0) * 10 + Int32(bytes[index] - UInt8(ascii: "0"))
    }
    return SyscallEntry(
      name: string(range.lowerBound..<nameEnd, in: bytes), writtenError: number)
  }
}
