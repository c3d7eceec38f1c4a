/// Where no namespaces are to be had: what Landlock and the filter can do of the same, and an error for what they cannot.
///
/// Landlock knows only what is allowed, with everything beneath: it takes nothing away again deeper down, and shows nothing at another
/// place (landlock(7)).
extension PolicyResolver {
  /// The rules that remain. Private places are left out: at their paths lie the caller's own files.
  mutating func withoutView(_ rules: [FileRule]) -> [FileRule] {
    var left: [String] = []
    var remaining: [FileRule] = []
    for rule in rules {
      let above = rules.last {
        $0.target != rule.target && ProfilePath.contains($0.target, rule.target)
          && ($0.kind == .read || $0.kind == .write)
      }
      if let fault = Self.fault(of: rule, beneath: above) {
        report(
          Diagnostic(
            at: rule.position, "`\(rule.kind.key)`: \(rule.target): \(fault)",
            cure: "remove the rule, or run where user namespaces can be had: `isolated doctor`"))
      }
      switch rule.kind {
      case .read, .write, .device: remaining.append(rule)
      case .private: left.append(rule.target)
      case .overlay, .hide: break
      }
    }
    if let first = left.first {
      let places = left.dropFirst().reduce(first) { $0 + ", " + $1 }
      note("No private places: the app has nothing at \(places), where the caller's own files are.")
    }
    return remaining
  }

  private static func fault(of rule: FileRule, beneath above: FileRule?) -> String? {
    let why = "which needs namespaces"
    switch rule.kind {
    case .overlay: return "writes would reach the machine's files without an overlay, \(why)"
    case .read, .write, .device:
      if !ProfileMerge.isSame(rule.source, rule.target) {
        return "\(rule.source) cannot be shown at another place, \(why)"
      }
      guard let above else { return nil }
      let isNarrower =
        (rule.kind == .read && above.kind == .write) || (above.allowsExecute && !rule.allowsExecute)
      if !isNarrower { return nil }
      return "the rule on \(above.target) gives more, and nothing is taken away beneath it, \(why)"
    case .private, .hide:
      guard let above else { return nil }
      return "the rule on \(above.target) shows what is there, and it cannot be covered, \(why)"
    }
  }

  /// Sockets of the file system cannot be told from each other by a filter, and Landlock does not look at them: one of them is
  /// enough to have a service of the user's do anything. So there are none unless the profile names the family.
  mutating func confineAlone(_ policy: inout SyscallPolicy) {
    policy.hasNamespaces = false
    if profile.network.mode?.value != .host {
      policy.socketFamilies.subtract([.inet, .inet6, .netlink])
    }
    if profile.network.families?.value.contains(.unix) == true {
      note(
        "network.families names unix: the app can talk to every service of this user that has a socket file."
      )
    } else {
      policy.socketFamilies.remove(.unix)
    }
  }

  /// The least that makes sense, and what an older kernel's Landlock leaves open.
  mutating func checkLandlockAlone() {
    if host.landlockABI == 0 {
      report(
        Diagnostic(
          at: Position(file: profile.file, line: 1),
          "neither namespaces nor Landlock can be had: the app could do whatever the caller can",
          cure: "use Linux 5.13 or newer with landlock among its security modules, or run as root"))
      return
    }
    let missing: [(abi: Int, what: String)] = [
      (3, "cut off files it cannot write"), (4, "use TCP ports it was not given"),
      (5, "steer devices it can open"),
      (
        6,
        "signal and end every process of this user, this supervisor too, and leave processes behind"
      ),
    ]
    for (abi, what) in missing where host.landlockABI < abi {
      note("Landlock ABI \(host.landlockABI) is older than \(abi): the app can \(what).")
    }
  }
}
