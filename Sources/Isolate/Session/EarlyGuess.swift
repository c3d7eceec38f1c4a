/// What can be told of a policy from the command line alone, before any profile is read.
struct EarlyGuess {
  private let withNetwork: Bool

  init(_ request: RunRequest) {
    /* A profile may want the host's network; without one the default profile has none. */
    var network = request.app == nil && request.profile == nil
    for rule in request.rules where rule.option == .network {
      network = rule.value != NetworkPolicy.Mode.host.rawValue
    }
    withNetwork = network
  }

  /// Starts the child. Nil when it cannot be: the ordinary way then meets the same obstacle, and explains it.
  func begin() -> EarlyChild? {
    do throws(SystemError) {
      return try EarlyChild.begin(
        isPrivileged: HostProbe.isPrivileged(), withNetwork: withNetwork)
    } catch {
      return nil
    }
  }
}
