extension Hints {
  /// More files than these are not named.
  private static let mostUnseenFiles = 3

  /// What to say when an app has failed and arguments of it name files that are there, but not in its view: most
  /// likely the person expected that naming a file hands it over.
  ///
  /// - Parameter directory: the caller's working directory, which relative paths begin at.
  package static func unseenFiles(_ policy: Policy, from directory: String) -> [String] {
    var lines: [String] = []
    for argument in policy.command.dropFirst() {
      guard lines.count < mostUnseenFiles, let path = absolute(argument, from: directory),
        !isShown(path, policy), exists(path)
      else { continue }
      lines.append("\(argument) is here, but not in the app's view\n  help: --read \(argument)")
    }
    return lines
  }

  /// The path that an argument names; nil if it is an option, or surely none.
  static func absolute(_ argument: String, from directory: String) -> String? {
    guard let first = argument.utf8.first, first != UInt8(ascii: "-"), argument.utf8.count < 4096,
      !argument.utf8.contains(0)
    else { return nil }
    do throws(ProfilePath.Failure) {
      let whole = first == UInt8(ascii: "/") ? argument : directory + "/" + argument
      return try ProfilePath.normalise(whole)
    } catch {
      return nil
    }
  }

  /// Whether the app sees something of the caller or of its own at the path.
  private static func isShown(_ path: String, _ policy: Policy) -> Bool {
    isInView(path, policy) || isOwn(path, policy)
      || policy.files.rules.contains { ProfilePath.contains(path, $0.target) }
  }

  /// Made for the app alone.
  static func isOwn(_ path: String, _ policy: Policy) -> Bool {
    let own = ["/proc", "/dev", "/sys"] + policy.files.synthesised.map(\.path)
    return own.contains { ProfilePath.contains($0, path) }
  }
}
