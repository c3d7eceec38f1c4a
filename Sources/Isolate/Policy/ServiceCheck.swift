/// What an app's profile says about other apps.
package struct CheckedService: Sendable {
  package var name: String
  package var after: [Setting<String>]
  package var requires: [Setting<String>]
  package var group: Setting<String>?
  package var strategy: GroupStrategy

  /// - Parameter policy: resolved with its provenance.
  package init(name: String, _ policy: Policy) {
    self.name = name
    func all(_ key: String) -> [Setting<String>] {
      policy.provenance.filter { $0.key == key }.map { Setting($0.value, at: $0.position) }
    }
    after = all("service.after")
    requires = all("service.requires")
    group = all("group.name").first
    strategy = policy.service.group?.strategy ?? .one
  }
}

/// What can only be seen with several profiles side by side.
package enum ServiceCheck {
  /// What is wrong with one app among all.
  ///
  /// - Parameter find: another app by its name; nil: there is no such profile, or it has errors of its own.
  /// - Parameter exists: there is such a profile.
  package static func problems(
    of app: CheckedService, find: (String) -> CheckedService?, exists: (String) -> Bool
  ) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for name in app.requires where !exists(name.value) {
      found.append(
        Diagnostic(
          at: name.position, length: name.length,
          "`service.requires`: there is no profile \"\(name.value)\", so \(app.name) can never start",
          cure: "write that profile, or remove the name"))
    }
    for name in app.after where !exists(name.value) {
      found.append(
        Diagnostic(
          .warning, at: name.position, length: name.length,
          "`service.after`: there is no profile \"\(name.value)\"", cure: nil))
    }
    let cycle = DependencyGraph.cycle(from: [app.name]) { name in
      let one = name == app.name ? app : find(name)
      return one.map { ($0.after + $0.requires).map(\.value) } ?? []
    }
    if let cycle, let start = cycle.firstIndex(of: app.name) {
      let way = cycle[start...] + cycle[..<start]
      let next = way.dropFirst().first ?? app.name
      let all = app.after + app.requires
      guard let edge = all.first(where: { $0.value == next }) else { return found }
      found.append(
        Diagnostic(
          at: edge.position, length: edge.length,
          "`service`: apps wait for each other: \((way + [app.name]).joined(separator: " -> "))",
          cure: "take one of them out of the circle"))
    }
    return found
  }

  /// The first of these apps with which an app shares a group and not its strategy.
  package static func disagreement(
    of app: CheckedService, with others: [CheckedService]
  ) -> Diagnostic? {
    guard let group = app.group else { return nil }
    for other in others where other.name != app.name {
      guard let same = other.group, same.value == group.value, other.strategy != app.strategy
      else { continue }
      return Diagnostic(
        at: group.position, length: group.length,
        "`group.strategy`: \(app.name) says \"\(app.strategy.rawValue)\" for group \(group.value), "
          + "\(other.name) says \"\(other.strategy.rawValue)\"",
        cure: "the group has one strategy: say the same in each (\(same.position))")
    }
    return nil
  }
}
