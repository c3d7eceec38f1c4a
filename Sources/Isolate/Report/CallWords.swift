/// Which rule refuses a system call that ended an app, and what allowing it would open. Pure.
package enum CallWords {
  /// - Parameter call: by its name.
  package static func reason(_ call: String, _ policy: Policy) -> ControlReason? {
    let groups = SyscallCatalog.groups.filter { group in
      group.calls.contains { $0.name == call }
    }
    guard let group = groups.first else { return nil }
    let what = "the call was \(call), of the group @\(group.name) (\(group.description))"
    let risk =
      "so much more of the kernel is within the app's reach: a defect there is a way out of the sandbox"
    let rules = policy.syscalls
    func told(
      _ words: String, _ key: String, _ value: String?, _ change: String
    ) -> ControlReason {
      ControlReason(
        .crash, "\(what); \(words)", key: key, rule: policy.place(of: key, value: value),
        change: change, risk: risk)
    }
    if rules.deny.contains(call) {
      return told(
        "syscalls.deny names it", "syscalls.deny", call, "\"\(call)\" taken out of syscalls.deny")
    }
    if rules.allowedCalls.contains(call) {
      return ControlReason(
        .crash, "\(what); it is allowed, but not with the arguments that it had",
        key: "syscalls.refuse-with", rule: policy.place(of: "syscalls.refuse-with"),
        change:
          "the switch beneath syscalls, or the family of network.families, that the arguments need",
        risk: risk)
    }
    let add = "\"\(call)\" added to syscalls.allow"
    let entry = "@\(group.name)"
    if rules.deny.contains(entry) {
      return told("syscalls.deny names its group", "syscalls.deny", entry, add)
    }
    return told(
      "neither syscalls.base nor syscalls.allow has it", "syscalls.base", nil, add)
  }
}
