/// What the app may reach.
package struct NetworkPolicy: Hashable, Sendable {
  /// From narrow to wide.
  package enum Mode: String, CaseIterable, Sendable {
    /// An empty network namespace; not even loopback is up.
    case none
    /// An own network namespace with its own loopback: the app talks to itself.
    case loopback
    /// The host's network.
    case host
  }
  package var mode: Mode
  /// TCP ports the app may connect to and listen on, enforced by Landlock (ABI 4, Linux 6.7); nil: no such rule.
  package var connectPorts: [UInt16]?
  package var bindPorts: [UInt16]?

  package init(mode: Mode, connectPorts: [UInt16]?, bindPorts: [UInt16]?) {
    self.mode = mode
    self.connectPorts = connectPorts
    self.bindPorts = bindPorts
  }
}
