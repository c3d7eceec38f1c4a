/// What an app can do with one file of the host.
struct HostAccess: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  static let read = HostAccess(rawValue: 1)
  static let write = HostAccess(rawValue: 2)
  static let execute = HostAccess(rawValue: 4)
}

/// Which files of the host a view reaches, wherever in the view they appear.
struct HostReach {
  private let rules: [FileRule]

  init(_ policy: FilePolicy) { rules = policy.rules + policy.devices }

  /// Whether `path` lies beneath the directory `above`; both absolute and in their one spelling.
  static func isBeneath(_ path: String, _ above: String) -> Bool {
    if above == "/" { return path != "/" }
    guard path.utf8.count > above.utf8.count, path.hasPrefix(above) else { return false }
    return path.utf8[path.utf8.index(path.startIndex, offsetBy: above.utf8.count)]
      == UInt8(ascii: "/")
  }

  /// The same place as `path`, which lies at or beneath `from`, in the tree whose top is `to`.
  private static func moved(_ path: String, from: String, to: String) -> String? {
    if path == from { return to }
    guard isBeneath(path, from) else { return nil }
    let tail = path.utf8.dropFirst(from == "/" ? 0 : from.utf8.count)
    let rest = String(Substring(tail))
    return to == "/" ? rest : to + rest
  }

  /// What the app can do at this path of the host; the union over every place at which it sees it.
  func access(_ path: String) -> HostAccess {
    var access: HostAccess = []
    for (index, rule) in rules.enumerated() {
      if rule.kind == .overlay, let upper = rule.upper,
        Self.moved(path, from: upper, to: "/") != nil
      {
        access.formUnion([.read, .write])
      }
      guard let given = Self.given(rule),
        let place = Self.moved(path, from: rule.source, to: rule.target), top(place) == index
      else { continue }
      access.formUnion(given)
    }
    return access
  }

  /// What of the host lies at a place of the view.
  func source(of place: String) -> String? {
    guard let top = top(place), Self.given(rules[top]) != nil else { return nil }
    return Self.moved(place, from: rules[top].target, to: rules[top].source)
  }

  /// The rule that decides at a place of the view: of the deepest ones the last.
  private func top(_ place: String) -> Int? {
    var best: Int?
    for (index, rule) in rules.enumerated()
    where place == rule.target || Self.isBeneath(place, rule.target) {
      if let old = best, rules[old].target.utf8.count > rule.target.utf8.count { continue }
      best = index
    }
    return best
  }

  /// Nil for rules that show nothing of the host.
  private static func given(_ rule: FileRule) -> HostAccess? {
    switch rule.kind {
    case .read: return [.read, .execute]
    case .write: return rule.allowsExecute ? [.read, .write, .execute] : [.read, .write]
    /* Writes stay in the upper layer. */
    case .overlay: return rule.allowsExecute ? [.read, .execute] : .read
    case .device: return [.read, .write]
    case .private, .hide: return nil
    }
  }

  var writesAnything: Bool {
    rules.contains {
      $0.upper != nil || Self.given($0)?.contains(.write) == true && $0.kind != .device
    }
  }

  /// Every path of the host at which what can be done may change.
  var boundaries: [String] {
    var found: [String] = []
    for rule in rules where Self.given(rule) != nil {
      found.append(rule.source)
      if let upper = rule.upper { found.append(upper) }
      for inner in rules {
        if let path = Self.moved(inner.target, from: rule.target, to: rule.source) {
          found.append(path)
        }
      }
    }
    return found
  }

  /// The rule that gives most of it, for a message.
  func rule(for path: String) -> FileRule? {
    rules.last { rule in
      Self.given(rule) != nil
        && Self.moved(path, from: rule.source, to: rule.target) != nil
    }
  }
}

extension FilePolicy {
  /// The path of the host that an app sees at this place of its view; nil: none of the host's.
  package func source(of place: String) -> String? { HostReach(self).source(of: place) }

  /// Exact: what can be done is constant between the boundaries of both.
  func widenings(beyond other: FilePolicy) -> [Widening] {
    let own = HostReach(self)
    let reach = HostReach(other)
    var found: [Widening] = []
    for path in Set(own.boundaries + reach.boundaries).sorted() {
      let more = own.access(path).subtracting(reach.access(path))
      if more.isEmpty { continue }
      let key =
        more.contains(.write) ? "files.write" : more.contains(.read) ? "files.read" : "files"
      let what = more == .execute ? "\(path) (programs may be run from it)" : path
      found.append(
        Widening(
          key: key, what: what,
          position: own.rule(for: path)?.position ?? .ofBuiltIn))
    }
    if sys, !other.sys {
      found.append(
        Widening(
          key: "files.sys", what: "/sys", position: .ofBuiltIn))
    }
    return found
  }
}

/// What an app can do to files of the host by any way it has: its view, and its broker.
package struct AppReach {
  private let view: HostReach
  private let grants: [(path: String, isDirectory: Bool)]

  package init(_ policy: Policy) {
    view = HostReach(policy.files)
    let changes: GrantRights = [.write, .create, .remove, .rename, .makeDirectory]
    grants = policy.grants.compactMap { grant in
      guard case .files(let path, let isDirectory) = grant.target,
        !grant.rights.isDisjoint(with: changes)
      else { return nil }
      return (path, isDirectory)
    }
  }

  /// Whether there is anything of the host that it can change.
  package var changesAnything: Bool { view.writesAnything || !grants.isEmpty }

  /// Whether it can change what lies at a path, or put something there: it can write the file or a directory above it.
  package func canChange(_ path: String) -> Bool {
    var place = path
    while true {
      if view.access(place).contains(.write) { return true }
      if grants.contains(where: { place == $0.path || HostReach.isBeneath(place, $0.path) }) {
        return true
      }
      guard place != "/", let slash = place.utf8.lastIndex(of: UInt8(ascii: "/")) else {
        return false
      }
      place = slash == place.startIndex ? "/" : String(place[..<slash])
    }
  }
}
