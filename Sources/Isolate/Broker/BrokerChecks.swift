extension Broker {
  /// Every check, in the order of docs/broker.md: from what never changes to what changes soonest, and what is used up by asking (a
  /// token) last, so that a request that is refused costs nothing. Nil: it may be done.
  mutating func check(
    _ slot: Int, _ message: RequestMessage, _ bytes: Span<UInt8>
  ) -> ReplyDetail? {
    if message.isMalformed(in: bytes) { return .malformed }
    guard let kind = message.request.opcode.grantKind else { return nil }
    guard let grant = table[slot].grant else { return .noGrant }
    if rules[grant].kind != kind { return .right }
    if !rules[grant].rights.isSuperset(of: table[slot].rights) { return .right }
    if rules[grant].lacksDriver { return .unavailable }
    if grants[grant].state.isRevoked { return .revoked }
    if isOver(grant) {
      endLeases()
      return .lease
    }
    if let detail = rules[grant].refusal(message.request, bytes) { return detail }
    if rules[grant].askMilliseconds != nil, grants[grant].state.answer == .no { return .denied }
    if isUsedUp(grant) { return .count }
    if mustAsk(grant) || !isAtOnce(message.request.opcode, rules[grant]) {
      if !table.waiting.hasRoom(Int(table[slot].record.door)) { return .crowded }
      if let driver = rules[grant].driver {
        let policy = settings.drivers[driver]
        if table.waiting(driver: driver) >= policy.queue { return .crowded }
        table.change(slot) {
          $0.driver = driver
          $0.driverPatience = policy.deadlineMilliseconds
        }
      }
    }
    if let rate = rules[grant].rate {
      if !grants[grant].state.bucket.take(rate, at: now.milliseconds) { return .rate }
      writer.write(grants[grant].state, grant: grant)
    }
    if case .netConnect(let request) = message.request, request.transport != .unix {
      let isLocal = rules[grant].namesLocalHost(
        bytes.extracting(request.host.range(in: bytes)))
      if isLocal { table.change(slot) { $0.isLocalName = true } }
    }
    return nil
  }

  /// Whether a resolved address may be connected to for a request whose name was granted. To be asked about every address before
  /// it is used.
  ///
  /// - Parameter address: 4 or 16 bytes; others are refused.
  package func permits(_ address: Span<UInt8>, for ticket: Ticket) -> Bool {
    guard let address = InternetAddress(bytes: address), let slot = table.slot(ticket),
      let grant = table[slot].grant, table[slot].record.opcode == .netConnect,
      !grants[grant].state.isRevoked, !isOver(grant)
    else { return false }
    return rules[grant].permits(
      address, WireTransport(rawValue: table[slot].record.transport),
      port: table[slot].record.port, isLocalName: table[slot].isLocalName)
  }

  func isOver(_ grant: Int) -> Bool {
    guard let end = rules[grant].leaseEnd else { return false }
    return end <= now
  }

  func isUsedUp(_ grant: Int) -> Bool {
    guard let count = rules[grant].count else { return false }
    return grants[grant].state.used >= count
  }

  /// An operator decides, and has not decided for good.
  func mustAsk(_ grant: Int) -> Bool {
    rules[grant].askMilliseconds != nil && grants[grant].state.answer == nil
  }

  /// Counted before it is performed: a broker that dies in the middle has not given it away for nothing.
  mutating func use(_ grant: Int) {
    guard rules[grant].count != nil else { return }
    grants[grant].state.used &+= 1
    writer.write(grants[grant].state, grant: grant)
  }
}
