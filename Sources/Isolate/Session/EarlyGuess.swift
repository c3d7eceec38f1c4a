/// What can be told of a policy from the command line alone, before any profile is read.
struct EarlyGuess {
  private let withNetwork: Bool
  /// Rules that, as root, map owners: their descriptors come too late for a child that is born now, and one that is
  /// born in vain costs more than it could save.
  private let mayMapOwners: Bool

  init(_ request: RunRequest) {
    /* A profile may want the host's network; without one the default profile has none. */
    var network = request.app == nil && request.profile == nil
    for rule in request.rules where rule.option == .network {
      network = rule.value != NetworkPolicy.Mode.host.rawValue
    }
    withNetwork = network
    mayMapOwners =
      request.app != nil || request.profile != nil
      || request.rules.contains { rule in
        rule.option == .read || rule.option == .write || rule.option == .overlay
      }
  }

  /// Starts the child. Nil when it cannot be: the ordinary way then meets the same obstacle, and explains it.
  func begin() -> EarlyChild? {
    let isPrivileged = HostProbe.isPrivileged()
    if isPrivileged && mayMapOwners { return nil }
    do throws(SystemError) {
      return try EarlyChild.begin(isPrivileged: isPrivileged, withNetwork: withNetwork)
    } catch {
      return nil
    }
  }
}
