/// A place where one policy lets an app do more than another policy does.
package struct Widening: Hashable, Sendable {
  /// The profile's key: `files.write`, `network.mode`.
  package var key: String
  /// What is wider, for people.
  package var what: String
  /// The rule that is; the built-in one where the value has no position.
  package var position: Position

  package init(key: String, what: String, position: Position) {
    self.key = key
    self.what = what
    self.position = position
  }
}

extension Policy {
  /// Where this policy is wider than `other`, on the same machine; empty when it is nowhere. What an app may start for
  /// itself is held to this.
  ///
  /// Compared is what reaches the host: files, devices, network, system calls, limits, the terminal, descriptors and grants.
  /// What an app sees of its own (private directories, names, its environment) widens nothing.
  package func widenings(beyond other: Policy) -> [Widening] {
    files.widenings(beyond: other.files) + rest(beyond: other)
      + syscalls.widenings(beyond: other.syscalls)
      + limits.widenings(beyond: other.limits) + grantWidenings(beyond: other)
  }

  private func rest(beyond other: Policy) -> [Widening] {
    var found: [Widening] = []
    func add(_ key: String, _ what: String) {
      found.append(
        Widening(key: key, what: what, position: .ofBuiltIn))
    }
    if network.mode.width > other.network.mode.width {
      add("network.mode", "\(network.mode.rawValue), not only \(other.network.mode.rawValue)")
    }
    if network.mode == .host {
      if Self.exceeds(network.connectPorts, other.network.connectPorts) {
        add("network.connect", "more ports")
      }
      if Self.exceeds(network.bindPorts, other.network.bindPorts) {
        add("network.bind", "more ports")
      }
    }
    if other.memory.deniesWriteExecute, !memory.deniesWriteExecute {
      add("memory.write-execute", "memory that is written and then executed")
    }
    if terminal.width > other.terminal.width { add("terminal.mode", terminal.rawValue) }
    for number in descriptors where !other.descriptors.contains(number) {
      add("descriptors.keep", String(number))
    }
    if namespaces.order == .without, other.namespaces.order != .without {
      add("namespaces", "no namespaces of its own")
    }
    return found
  }

  /// Nil is every port.
  private static func exceeds(_ ports: [UInt16]?, _ other: [UInt16]?) -> Bool {
    guard let other else { return false }
    return ports?.contains { !other.contains($0) } ?? true
  }

  /// A driver's name says nothing: it is the same if it is the same program under the same profile.
  private func isSameDriver(_ grant: Grant, _ other: Policy) -> Bool {
    guard case .driver(let name) = grant.target else { return true }
    let own = drivers.first { $0.name == name }
    let others = other.drivers.first { $0.name == name }
    return own?.command == others?.command && own?.profile == others?.profile
  }

  private func grantWidenings(beyond other: Policy) -> [Widening] {
    grants.filter { grant in
      !other.grants.contains { grant.isWithin($0) } || !isSameDriver(grant, other)
    }.map { grant in
      Widening(
        key: "grants.\(grant.name)", what: "a grant of its own", position: grant.position)
    }
  }
}

extension Grant {
  /// Whether everything this grant gives, the other gives too.
  package func isWithin(_ other: Grant) -> Bool {
    rights.isSubset(of: other.rights) && isWithin(target: other.target)
      && Self.isWithin(count, other.count)
      && Self.isWithin(leaseMilliseconds, other.leaseMilliseconds)
      && rateIsWithin(other.rate) && (other.askMilliseconds == nil || askMilliseconds != nil)
  }

  private func isWithin(target other: GrantTarget) -> Bool {
    switch (target, other) {
    case (.files(let path, _), .files(let above, true)):
      path == above || HostReach.isBeneath(path, above)
    case (.connect(let own), .connect(let all)), (.listen(let own), .listen(let all)):
      own.allSatisfy(all.contains)
    case (.resolve(let own), .resolve(let all)), (.apps(let own), .apps(let all)):
      own.allSatisfy(all.contains)
    case (.clock(let own), .clock(let largest)): own <= largest
    default: target == other
    }
  }

  private static func isWithin<Amount: Comparable>(_ own: Amount?, _ other: Amount?) -> Bool {
    guard let other else { return true }
    return own.map { $0 <= other } ?? false
  }

  /// Requests a second, compared without division.
  private func rateIsWithin(_ other: GrantRate?) -> Bool {
    guard let other else { return true }
    guard let rate else { return false }
    return rate.burst <= other.burst
      && UInt64(rate.requests) * UInt64(other.perMilliseconds)
        <= UInt64(other.requests) * UInt64(rate.perMilliseconds)
  }
}

extension SyscallPolicy {
  fileprivate func widenings(beyond other: SyscallPolicy) -> [Widening] {
    var found: [Widening] = []
    func add(_ key: String, _ what: String) {
      found.append(
        Widening(
          key: "syscalls.\(key)", what: what, position: .ofBuiltIn))
    }
    if refusal == .log, other.refusal != .log { add("refuse-with", "nothing is refused") }
    for name in allowedCalls.subtracting(other.allowedCalls).sorted() { add("allow", name) }
    if !socketFamilies.isSubset(of: other.socketFamilies) { add("families", "more families") }
    if allowsWriteOfSetIDBits, !other.allowsWriteOfSetIDBits { add("set-id-bits", "true") }
    if allowsNestedUserNamespaces, !other.allowsNestedUserNamespaces {
      add("nested-user-namespaces", "true")
    }
    if allowsTerminalInjection, !other.allowsTerminalInjection { add("terminal-injection", "true") }
    if allowsPersonality, !other.allowsPersonality { add("personality", "true") }
    return found
  }
}

extension Limits {
  fileprivate func widenings(beyond other: Limits) -> [Widening] {
    var found: [Widening] = []
    for name in LimitName.allCases where name != .ioWeight {
      guard let most = other[name] else { continue }
      if let own = self[name] {
        guard own.amount > most.amount else { continue }
        found.append(
          Widening(key: name.key, what: "more than \(most.amount)", position: own.position))
      } else {
        found.append(Widening(key: name.key, what: "no limit", position: most.position))
      }
    }
    let most = other.ioWeight?.amount ?? Self.usualWeight
    if ioWeight?.amount ?? Self.usualWeight > most,
      let position = (ioWeight ?? other.ioWeight)?.position
    {
      found.append(
        Widening(key: LimitName.ioWeight.key, what: "more than \(most)", position: position))
    }
    return found
  }
}
