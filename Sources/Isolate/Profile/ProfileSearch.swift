/// Where profiles are looked for, in order. Pure: it names candidates, the caller reads.
package struct ProfileSearch: Sendable {
  /// The shipped bases. They are never taken from the working directory: a hostile directory must
  /// not be able to weaken what every other profile builds on.
  package static let baseNames = ["default", "strict", "service", "build", "interactive"]

  package static func isBaseName(_ name: String) -> Bool { baseNames.contains(name) }

  /// One place a profile may be at.
  package struct Candidate: Hashable, Sendable {
    package var path: String
    /// It lies in the caller's working directory: whoever wrote that directory wrote the profile.
    package var isInWorkingDirectory: Bool

    package init(path: String, isInWorkingDirectory: Bool = false) {
      self.path = path
      self.isInWorkingDirectory = isInWorkingDirectory
    }
  }

  package var workingDirectory: String
  /// The caller's configuration directory: $XDG_CONFIG_HOME, or ~/.config; nil without a home.
  package var userConfiguration: String?
  /// The names that there are, for suggestions: asked only once a name was not found. Nil: the built-in ones.
  package var known: (@Sendable () -> [String])?

  package init(workingDirectory: String, home: String, configurationHome: String?) {
    self.workingDirectory = workingDirectory
    // A relative $XDG_CONFIG_HOME is to be ignored. Source: XDG Base Directory Specification.
    if let configurationHome, configurationHome.utf8.first == UInt8(ascii: "/") {
      userConfiguration = configurationHome
    } else {
      userConfiguration = home.isEmpty ? nil : home + "/.config"
    }
  }

  /// A profile given by its path: it has a slash in it, or ends in `.toml`.
  package static func isPath(_ name: String) -> Bool {
    name.utf8.contains(UInt8(ascii: "/")) || name.hasSuffix(".toml")
  }

  /// The paths a profile of this name may be at, first the one that wins. The built-in copy comes
  /// after all.
  ///
  /// - Parameter directory: for a path: the directory it is relative to.
  package func candidates(for name: String, beside directory: String? = nil) -> [Candidate] {
    if Self.isPath(name) {
      if name.utf8.first == UInt8(ascii: "/") { return [Candidate(path: name)] }
      return [Candidate(path: (directory ?? workingDirectory) + "/" + name)]
    }
    var result: [Candidate] = []
    func add(_ root: String, isInWorkingDirectory: Bool = false) {
      for folder in ["/profiles/", "/apps/"] {
        result.append(
          Candidate(
            path: root + folder + name + ".toml", isInWorkingDirectory: isInWorkingDirectory))
      }
    }
    result.reserveCapacity(10)
    if !Self.isBaseName(name) { add(workingDirectory + "/config", isInWorkingDirectory: true) }
    if let userConfiguration { add(userConfiguration + "/isolated") }
    add("/etc/isolated")
    add("/usr/local/share/isolated")
    add("/usr/share/isolated")
    return result
  }
}
