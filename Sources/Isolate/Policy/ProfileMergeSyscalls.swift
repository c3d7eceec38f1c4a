/// How rules about system calls are merged.
extension ProfileMerge {
  mutating func mergeSyscalls(_ index: Int) {
    let syscalls = profiles[index].syscalls
    for name in syscalls.deny {
      let isNew = !result.syscalls.deny.contains { $0.value == name.value }
      setSyscalls {
        $0.allow.removeAll { $0.value == name.value }
        if isNew { $0.deny.append(name) }
      }
    }
    for name in syscalls.allow {
      if let own = syscalls.deny.first(where: { $0.value == name.value }) {
        report(
          Diagnostic(
            at: name.position, length: name.length,
            "`syscalls.allow`: \(name.value) is denied by the same profile",
            cure: "it stands at \(own.position.precise); keep one"))
        continue
      }
      guard !result.syscalls.allow.contains(where: { $0.value == name.value }) else { continue }
      let denied = result.syscalls.deny.first { $0.value == name.value }?.position
      guard widens("syscalls.allow", name.value, index, name.position, name.length, denied) else {
        continue
      }
      setSyscalls {
        $0.deny.removeAll { $0.value == name.value }
        $0.allow.append(name)
      }
    }
    for one in syscalls.switches { mergeSwitch(one, index) }
    if let word = syscalls.refuseWith {
      let base = result.syscalls.refuseWith
      if word.value.width <= (base?.value ?? .errno).width
        || widens(
          "syscalls.refuse-with", word.value.rawValue, index, word.position, word.length,
          base?.position)
      {
        setSyscalls { $0.refuseWith = word }
      }
    }
  }

  private mutating func mergeSwitch(_ new: SwitchSetting, _ index: Int) {
    let old = result.syscalls.switches.firstIndex { $0.name == new.name }
    let base = old.map { result.syscalls.switches[$0].isOn }
    if new.isOn.value, base?.value != true,
      !widens(
        new.name.key, "true", index, new.isOn.position, new.isOn.length, base?.position)
    {
      return
    }
    setSyscalls {
      if let old { $0.switches[old] = new } else { $0.switches.append(new) }
    }
  }
}
