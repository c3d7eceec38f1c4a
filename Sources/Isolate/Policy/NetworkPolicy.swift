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

extension Policy {
  /// What goes with a socket of the machine's network that the app gets from outside: connect(2) can be called on it again. Where
  /// the app has no network of its own, Landlock refuses it that call: it loses nothing.
  ///
  /// - Parameter fastOpen: it may be a socket of TCP, which sends and connects in one call, past Landlock.
  package mutating func confineSockets(landlockABI: Int, fastOpen: Bool) {
    if network.mode == .none, landlockABI >= 4 {
      network.connectPorts = network.connectPorts ?? []
      network.bindPorts = network.bindPorts ?? []
    }
    if fastOpen, network.mode != .host { syscalls.refusesFastOpen = true }
  }
}
