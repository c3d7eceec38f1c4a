/// What operators do to an app's broker, and what they are told.
extension BrokerKeeper {

  /// Takes a grant back: sockets are shut now, further requests are refused. Nil: no such grant.
  package func revoke(grant index: Int) -> Revocation? {
    guard policy.grants.indices.contains(index) else { return nil }
    let grant = UInt16(index)
    revoked.insert(grant)
    let now = Poller.now()
    var gone = sockets.cut(grant: grant, now: now)
    if sockets.outOfSight > 0 { gone += sockets.look(beneath: inits, now: now) }
    send(.revoke(grant: grant))
    drivers.revoke(grant)
    events.append(.revoked(grant: index))
    let left = handles(at: Poller.now()).filter {
      $0.grant == index && !gone.contains($0.handle)
        && ($0.state != .cut || sockets.isOutOfSight($0.handle))
    }
    return Revocation(cut: gone, beyondRecall: left.map(\.handle))
  }

  /// - Returns: false when no such request waits (any more).
  package func answer(_ number: UInt64, _ answer: AskAnswer) -> Bool {
    guard let ask = pendingAsks.first(where: { $0.number == number }), running != nil else {
      return false
    }
    switch answer {
    case .once, .no: break
    case .forThisRun: answers[UInt16(ask.grant)] = .yes
    case .never: answers[UInt16(ask.grant)] = .no
    }
    send(.answer(number: number, answer))
    forget(ask: number)
    return true
  }

  /// What has happened since the last call, oldest first.
  package func takeEvents() -> [BrokerEvent] {
    let taken = events
    events = []
    return taken
  }
}
