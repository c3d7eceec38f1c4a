/// How rules about system calls are merged.
extension ProfileMerge {
  mutating func mergeSyscalls(_ index: Int) {
    let syscalls = profiles[index].syscalls
    checkKnown(syscalls.allow, "syscalls.allow")
    checkKnown(syscalls.deny, "syscalls.deny")
    if let word = syscalls.base {
      let stated = result.syscalls.base
      if word.value.width <= (stated?.value ?? .default).width
        || widens(
          "syscalls.base", word.value.rawValue, index, word.position, word.length, stated?.position)
      {
        setSyscalls { $0.base = word }
      }
    }
    for name in syscalls.deny { deny(name) }
    for name in syscalls.allow { allow(name, index) }
    for one in syscalls.switches { mergeSwitch(one, index) }
    if let word = syscalls.refuseWith {
      let stated = result.syscalls.refuseWith
      if word.value.width <= (stated?.value ?? .errno).width
        || widens(
          "syscalls.refuse-with", word.value.rawValue, index, word.position, word.length,
          stated?.position)
      {
        setSyscalls { $0.refuseWith = word }
      }
    }
  }

  private mutating func checkKnown(_ entries: [Setting<String>], _ key: String) {
    guard !entries.isEmpty else { return }
    for unknown in SyscallPolicy.unknownEntries(in: entries.map(\.value)) {
      guard let entry = entries.first(where: { $0.value == unknown.text }) else { continue }
      let isGroup = unknown.text.utf8.first == UInt8(ascii: "@")
      report(
        Diagnostic(
          at: entry.position, length: entry.length,
          "`\(key)`: no system call \(isGroup ? "group " : "")\(unknown.text)",
          cure: unknown.nearest.map { "did you mean \($0)?" }
            ?? "write a call's name, or @ and a group of config/syscalls"))
    }
  }

  /// A denied group also takes back the calls of it that a base allowed by name.
  private mutating func deny(_ name: Setting<String>) {
    let calls = SyscallCatalog.calls(of: name.value)
    setSyscalls {
      $0.allow.removeAll { $0.value == name.value || calls.contains($0.value) }
      if !$0.deny.contains(where: { $0.value == name.value }) { $0.deny.append(name) }
    }
  }

  private mutating func allow(_ name: Setting<String>, _ index: Int) {
    if let own = profiles[index].syscalls.deny.first(where: { $0.value == name.value }) {
      report(
        Diagnostic(
          at: name.position, length: name.length,
          "`syscalls.allow`: \(name.value) is denied by the same profile",
          cure: "it stands at \(own.position.precise); keep one"))
      return
    }
    guard !result.syscalls.allow.contains(where: { $0.value == name.value }) else { return }
    let group = SyscallCatalog.group(of: name.value)
    let groupName = group.map { "@\($0.name)" } ?? name.value
    let denied = result.syscalls.deny.first { $0.value == name.value || $0.value == groupName }
    let isInBase =
      switch result.syscalls.base?.value ?? .default {
      case .default: group?.isInDefaultSet ?? false
      case .strict: group?.isInStrictSet ?? false
      case .nothing: false
      }
    let isAllowed = isInBase || result.syscalls.allow.contains { $0.value == groupName }
    if denied != nil || !isAllowed {
      let stated = denied?.position ?? (group == nil ? nil : result.syscalls.base?.position)
      guard widens("syscalls.allow", name.value, index, name.position, name.length, stated) else {
        return
      }
    }
    setSyscalls {
      $0.deny.removeAll { $0.value == name.value }
      $0.allow.append(name)
    }
  }

  private mutating func mergeSwitch(_ new: SwitchSetting, _ index: Int) {
    let old = result.syscalls.switches.firstIndex { $0.name == new.name }
    let stated = old.map { result.syscalls.switches[$0].isOn }
    if new.isOn.value, stated?.value != true,
      !widens(
        new.name.key, "true", index, new.isOn.position, new.isOn.length, stated?.position)
    {
      return
    }
    setSyscalls {
      if let old { $0.switches[old] = new } else { $0.switches.append(new) }
    }
  }
}

extension SyscallCatalog {
  /// The group that an entry names, or that the call it names belongs to.
  static func group(of entry: String) -> SyscallGroup? {
    if entry.utf8.first == UInt8(ascii: "@") { return group(named: String(entry.dropFirst())) }
    return groups.first { group in group.calls.contains { $0.name == entry } }
  }

  /// The calls of a group entry; none for a call.
  static func calls(of entry: String) -> [String] {
    guard entry.utf8.first == UInt8(ascii: "@") else { return [] }
    return group(named: String(entry.dropFirst()))?.calls.map(\.name) ?? []
  }
}
