/// Namespaces and what else a profile may require of the machine.
extension PolicyResolver {
  mutating func namespaceOrder() -> Namespaces.Order {
    if host.isPrivileged { return .userLast }
    if host.canMakeUserNamespaces { return .userFirst }
    let cure =
      "run as root, or allow them: `isolated doctor` shows how on this distribution"
    if let required = requirement(.namespaces) {
      report(
        Diagnostic(
          at: required.position, length: required.length,
          "`require`: namespaces cannot be had: this machine refuses user namespaces to ordinary "
            + "users",
          cure: cure))
    } else {
      note(
        "No namespaces: this machine refuses user namespaces to ordinary users. "
          + "Landlock, the filter and process limits alone confine the app (\(cure)). It sees that processes and files of "
          + "this user are there, and when files were changed.")
    }
    return .without
  }

  mutating func timeNamespace(_ order: Namespaces.Order) -> Bool {
    let required = requirement(.timeNamespace)
    guard profile.timeNamespace?.value == true else {
      if let required {
        report(
          Diagnostic(
            at: required.position, length: required.length,
            "`require`: time-namespace is required but namespaces.time is not set",
            cure: "add namespaces.time = true"))
      }
      return false
    }
    if order == .without {
      lacks(required, "namespaces.time", "there are no user namespaces", "see `isolated doctor`")
      return false
    }
    guard host.isAtLeast(5, 6) else {
      lacks(
        required, "namespaces.time",
        "kernel \(host.kernelMajor).\(host.kernelMinor) has no time namespaces", "Linux 5.6 has")
      return false
    }
    return true
  }

  mutating func checkRequirements(_ order: Namespaces.Order) {
    if order == .without { checkLandlockAlone() }
    guard host.landlockABI == 0, order != .without else { return }
    if let required = requirement(.landlock) {
      lacks(
        required, "landlock", "this kernel has no Landlock or it is switched off",
        "use Linux 5.13 or newer with landlock among its security modules")
    } else {
      note("Landlock is not there: the file view alone decides what the app reaches.")
    }
  }
}
