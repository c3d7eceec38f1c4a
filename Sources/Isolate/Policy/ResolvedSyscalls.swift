/// The system-call filter's policy.
extension PolicyResolver {
  mutating func syscallPolicy(_ order: Namespaces.Order) -> SyscallPolicy {
    let settings = profile.syscalls
    let base: SyscallPolicy.Base =
      switch settings.base?.value ?? .default {
      case .default: .standard
      case .strict: .strict
      case .nothing: .nothing
      }
    var policy = SyscallPolicy()
    if base != .standard || !settings.allow.isEmpty || !settings.deny.isEmpty {
      do throws(UnknownSyscalls) {
        policy = try SyscallPolicy(
          base: base, allow: settings.allow.map(\.value), deny: settings.deny.map(\.value))
      } catch {
        // Reported where the profiles were merged.
        return policy
      }
    }
    switch settings.refuseWith?.value ?? .errno {
    case .errno: break
    case .kill: policy.refusal = .kill
    case .log: policy.refusal = .log
    }
    if let families = profile.network.families?.value {
      policy.socketFamilies = families.reduce(into: []) { $0.formUnion(Self.family($1)) }
    }
    if order == .without { confineAlone(&policy) }
    for one in settings.switches {
      switch one.name {
      case .setIDBits: policy.allowsWriteOfSetIDBits = one.isOn.value
      case .nestedUserNamespaces: policy.allowsNestedUserNamespaces = one.isOn.value
      case .terminalInjection: policy.allowsTerminalInjection = one.isOn.value
      case .personality: policy.allowsPersonality = one.isOn.value
      }
    }
    for entry in policy.uselessEntries {
      guard let setting = settings.allow.first(where: { $0.value == entry }) else { continue }
      let name = entry == "clone3" ? SyscallSwitch.nestedUserNamespaces : .setIDBits
      report(
        Diagnostic(
          .warning, at: setting.position, length: setting.length,
          "`syscalls.allow`: \(entry) stays refused while \(name.key) is false",
          cure: "set \(name.key) = true with a relax, or remove it"))
    }
    return policy
  }

  private static func family(_ word: SocketFamilyWord) -> SyscallPolicy.SocketFamilies {
    switch word {
    case .unix: .unix
    case .inet: .inet
    case .inet6: .inet6
    case .netlink: .netlink
    }
  }
}
