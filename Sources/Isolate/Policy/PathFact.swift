/// What lies at a path that a grant names, read before the policy is made.
package struct PathFact: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case missing, directory, file, characterDevice, blockDevice
    /// A socket, a fifo.
    case other
    /// It cannot be looked at, and why.
    case unusable(String)
  }
  /// As the profile has it, variables replaced.
  package var path: String
  package var kind: Kind
  /// The same without symbolic links.
  package var resolved: String

  package init(path: String, kind: Kind, resolved: String) {
    self.path = path
    self.kind = kind
    self.resolved = resolved
  }
}
