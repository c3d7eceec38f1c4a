/// What changes in a running app when its profile does: a difference of two policies, as a value. `reload --plan` prints it.
package struct PolicyChange: Hashable, Sendable {
  /// When a change takes hold.
  package enum Effect: String, CaseIterable, Hashable, Sendable {
    /// At once, in what runs.
    case live
    /// Whenever the app is started next; nothing needs to be done.
    case nextStart = "next-start"
    /// Only after a restart: until then the app runs under the old rule.
    case restart
  }
  package var key: String
  /// Every value of the key before, in the order of `show`; empty: there was none.
  package var old: [String]
  package var new: [String]
  package var effect: Effect

  package init(key: String, old: [String], new: [String], effect: Effect) {
    self.key = key
    self.old = old
    self.new = new
    self.effect = effect
  }
}

package enum ReloadPlan {
  /// The apps that a reload is about: those that are found now, and those found before, by the words that they were found by. Each
  /// name once, in order. For all but the order its cost grows with the apps as one does.
  package static func apps<Name: Hashable & Comparable, Words>(
    found: [(name: Name, words: Words)], known: [(name: Name, words: Words)]
  ) -> [(name: Name, words: Words)] {
    var names: Set<Name> = []
    return (found + known).filter { names.insert($0.name).inserted }.sorted { $0.name < $1.name }
  }

  /// What is different, in the order of docs/profile.md. Both policies must have been resolved with their provenance.
  package static func changes(from old: Policy, to new: Policy) -> [PolicyChange] {
    var keys: [String] = []
    var values: [String: (old: [String], new: [String])] = [:]
    for entry in old.provenance + new.provenance where values[entry.key] == nil {
      keys.append(entry.key)
      values[entry.key] = ([], [])
    }
    for entry in old.provenance { values[entry.key]?.old.append(entry.value) }
    for entry in new.provenance { values[entry.key]?.new.append(entry.value) }
    var changes: [PolicyChange] = []
    for key in keys {
      guard let (before, after) = values[key], before != after else { continue }
      changes.append(
        PolicyChange(key: key, old: before, new: after, effect: effect(of: key, old, new)))
    }
    /* What the profiles take from the caller is no key's value. */
    if old.environment != new.environment,
      values["environment.set"].map({ $0.old == $0.new }) ?? true
    {
      changes.append(
        PolicyChange(
          key: "environment", old: old.environment.map { "\($0.name)=\($0.value)" },
          new: new.environment.map { "\($0.name)=\($0.value)" }, effect: .restart))
    }
    return rank(changes)
  }

  /// By the table of keys; what is not in it comes last.
  private static func rank(_ changes: [PolicyChange]) -> [PolicyChange] {
    var ranks: [String: Int] = [:]
    for (index, key) in ProfileKey.all.enumerated() { ranks[key.path] = index }
    return changes.enumerated().sorted {
      (ranks[$0.element.key] ?? .max, $0.offset) < (ranks[$1.element.key] ?? .max, $1.offset)
    }.map(\.element)
  }

  /// Whether anything waits for a restart.
  package static func needsRestart(_ changes: [PolicyChange]) -> Bool {
    changes.contains { $0.effect == .restart }
  }

  private static func effect(of key: String, _ old: Policy, _ new: Policy) -> PolicyChange.Effect {
    switch key {
    case "description", "service.after", "service.requires", "service.run-time", "stop.signal",
      "stop.timeout", "watchdog.signal":
      .live
    case "service.start", "readiness.when", "readiness.timeout": .nextStart
    /* The app was told of the interval, and of its sockets, when it started. */
    case "watchdog.interval", "service.listen": .restart
    /* The daemon's to keep; but an app that has no notify socket gets one at its start. */
    case "service.descriptor-store":
      old.service.hasNotify && new.service.hasNotify ? .live : .restart
    default:
      key.utf8.starts(with: "relax.".utf8) || isLiveSection(key) || isInCgroup(key, old, new)
        ? .live : .restart
    }
  }

  private static func isLiveSection(_ key: String) -> Bool {
    ["restart.", "group.", "health.", "logs."].contains { key.utf8.starts(with: $0.utf8) }
  }

  /// A cgroup's limits are files that can be written again, and a cgroup that was made for one limit has the files of all that this
  /// machine holds by cgroups. An app without one gets none while it runs, and one that is to have none stays in its own.
  private static func isInCgroup(_ key: String, _ old: Policy, _ new: Policy) -> Bool {
    guard let name = LimitName.allCases.first(where: { $0.key == key }),
      case .unified = old.limits.cgroup, old.limits.cgroup == new.limits.cgroup
    else { return false }
    let limits = [old, new].compactMap { $0.limits[name] }
    return !limits.isEmpty && limits.allSatisfy { $0.enforcement == .cgroup2 }
  }
}
