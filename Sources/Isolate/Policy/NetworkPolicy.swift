/// What the app may reach.
package struct NetworkPolicy: Hashable, Sendable {
  package typealias Mode = NetworkMode

  package var mode: Mode
  /// TCP ports the app may connect to and listen on, enforced by Landlock (ABI 4, Linux 6.7); nil: no such rule.
  package var connectPorts: [UInt16]?
  package var bindPorts: [UInt16]?
  /// Where a profile or the command line says the mode; nil: nobody did, and it is the default.
  package var modePosition: Position?

  package init(mode: Mode, connectPorts: [UInt16]?, bindPorts: [UInt16]?) {
    self.mode = mode
    self.connectPorts = connectPorts
    self.bindPorts = bindPorts
  }
}
