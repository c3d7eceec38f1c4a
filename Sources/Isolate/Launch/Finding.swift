/// What `doctor` found out about one thing that isolation needs.
package struct Finding: Hashable, Sendable {
  package enum Status: String, CaseIterable, Sendable {
    case works
    case partly
    case missing = "does not work"
  }

  /// Also the key in JSON: "user namespaces".
  package var name: String
  package var status: Status
  /// What was seen: the call that was refused, with its error; or what it offers.
  package var detail: String
  /// What isolation uses it for.
  package var neededFor: String
  /// What to type or change, over as many lines as it takes; nil where nothing is wrong.
  package var cure: String?
  /// The default profile does not start an app without it.
  package var isRequired: Bool

  package init(
    name: String, status: Status, detail: String, neededFor: String, cure: String?,
    isRequired: Bool
  ) {
    self.name = name
    self.status = status
    self.detail = detail
    self.neededFor = neededFor
    self.cure = cure
    self.isRequired = isRequired
  }
}

/// What the machine says about itself; read once, then only looked at. It explains a refusal, it
/// never decides.
package struct DoctorFacts: Hashable, Sendable {
  /// kernel.unprivileged_userns_clone, on Debian's kernels.
  package var unprivilegedClone: String?
  package var maxUserNamespaces: String?
  /// kernel.apparmor_restrict_unprivileged_userns, on Ubuntu 23.10 and later.
  package var appArmorRestricts: String?
  package var corePattern: String?
  /// kernel.yama.ptrace_scope; nil without Yama.
  package var ptraceScope: String?
  /// The security modules in force, as the kernel lists them.
  package var securityModules: String?
  /// A filter is in force for this very process: it runs inside a container or a sandbox.
  package var isFiltered: Bool
  /// Root of the machine, not of some user namespace.
  package var isRoot: Bool
  /// This process is itself inside a user namespace that is not the machine's.
  package var isInUserNamespace: Bool
  package var executable: String
  package var kernel: String
  /// Where eu-stack is; nil: it is not installed.
  package var unwinder: String?

  package init(
    unprivilegedClone: String? = nil, maxUserNamespaces: String? = nil,
    appArmorRestricts: String? = nil, corePattern: String? = nil, ptraceScope: String? = nil,
    securityModules: String? = nil, isFiltered: Bool = false, isRoot: Bool = false,
    isInUserNamespace: Bool = false, executable: String = "/usr/bin/isolated",
    kernel: String = "", unwinder: String? = nil
  ) {
    self.unprivilegedClone = unprivilegedClone
    self.maxUserNamespaces = maxUserNamespaces
    self.appArmorRestricts = appArmorRestricts
    self.corePattern = corePattern
    self.ptraceScope = ptraceScope
    self.securityModules = securityModules
    self.isFiltered = isFiltered
    self.isRoot = isRoot
    self.isInUserNamespace = isInUserNamespace
    self.executable = executable
    self.kernel = kernel
    self.unwinder = unwinder
  }
}
