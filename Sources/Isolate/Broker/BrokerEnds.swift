extension Broker {
  /// A driver is done with a request. Nil: nobody waits for it any more (it was cancelled, its time was over, its grant was taken
  /// back); its reply has been given or comes from `nextAction`. A descriptor that came with it is then to be closed, and also if
  /// the reply has no handle.
  package mutating func complete(
    _ ticket: Ticket, _ completion: Completion, at moment: BrokerTime
  ) -> BrokerReply? {
    see(moment)
    guard let slot = performed(ticket) else { return nil }
    guard completion.status == 0, let facts = completion.handle, let grant = table[slot].grant
    else { return end(slot, completion.detail, status: completion.status) }
    guard let handle = note(facts, slot, grant) else {
      return end(slot, .crowded, status: BrokerStatus.tooManyFiles)
    }
    table.change(slot) { $0.record.handle = handle }
    return end(slot, completion.detail)
  }

  /// The same for a request that brings descriptors beside its answer, as many as a driver likes: none of them has a handle in the
  /// reply. Where there is no room for all in the ledger, none is handed out.
  ///
  /// - Returns: the reply, whose record has the first handle, and the handles.
  package mutating func complete(
    _ ticket: Ticket, giving facts: [HandleFacts], at moment: BrokerTime
  ) -> (reply: BrokerReply, handles: [UInt32])? {
    see(moment)
    guard let slot = performed(ticket) else { return nil }
    guard let grant = table[slot].grant else { return (end(slot, .kernel, status: 0), []) }
    var handles: [UInt32] = []
    for one in facts {
      guard let handle = note(one, slot, grant) else {
        for handle in handles { forget(handle) }
        return (end(slot, .crowded, status: BrokerStatus.tooManyFiles), [])
      }
      handles.append(handle)
    }
    table.change(slot) { $0.record.handle = handles.first ?? 0 }
    return (end(slot, .kernel, status: 0), handles)
  }

  /// The slot of a request that a driver works on; nil: nobody waits for it any more.
  private mutating func performed(_ ticket: Ticket) -> Int? {
    guard let slot = table.slot(ticket),
      table[slot].phase == .performing || table[slot].phase == .begun
    else { return nil }
    guard let grant = table[slot].grant, isOver(grant) else { return slot }
    endLeases()
    return nil
  }

  /// Writes a descriptor into the ledger. Nil: there is no room.
  private mutating func note(_ facts: HandleFacts, _ slot: Int, _ grant: Int) -> UInt32? {
    let added = ledger.add(
      grant: UInt16(grant), kind: rules[grant].kind, rights: table[slot].rights, time: now,
      facts: facts, serial: table[slot].record.serial)
    guard let entry = added else { return nil }
    writer.write(entry, forgotten: ledger.forgotten)
    return entry.handle
  }

  private mutating func forget(_ handle: UInt32) {
    ledger.remove(slot: Ledger.slot(handle))
    writer.removeHandle(handle)
  }

  /// The last reply to a request is about to be sent with `BookLayout.note` for the kernel to note in. If this broker is killed
  /// before `sent`, its successor sees there whether the reply has left, and does not send a second one.
  package func sending(_ ticket: Ticket) { writer.sending(serial: ticket.serial) }

  /// The reply has left, whole: the kernel has it. Until then a broker that dies leaves the request to its successor.
  package mutating func sent(_ ticket: Ticket) {
    guard let slot = table.slot(ticket), table[slot].phase == .answered else { return }
    writer.close(slot)
    table.release(slot)
  }

  /// The subject of a request that is not answered: what the operator is shown.
  package func record(_ ticket: Ticket) -> DecisionRecord? {
    table.slot(ticket).map { table[$0].record }
  }

  // MARK: The end of a request

  /// The one place where a request ends: its record is written here, once.
  private mutating func close(
    _ slot: Int, _ detail: ReplyDetail, _ status: UInt32, isTold: Bool = false
  ) {
    let took = now.microseconds(since: table[slot].arrival)
    let (now, grant) = (now, table[slot].grant)
    let wasAsking = table[slot].phase == .asking
    table.change(slot) {
      $0.mustAbandon = !isTold && $0.phase == .begun
      $0.phase = isTold ? .answered : .ended
      $0.record.time = now
      $0.record.microseconds = UInt32(clamping: took)
      $0.record.status = status
      $0.record.detail = detail
    }
    writer.append(table[slot].record)
    writer.recorded(slot, serial: table[slot].record.serial)
    let bucket = detail == .kernel ? GrantMetrics.bucket(microseconds: took) : nil
    count(grant ?? BookLayout.grants - 1, detail, bucket)
    if let grant, wasAsking { chooseQuestion(grant) }
    // The socket that was asked for is not there.
    if let door = table[slot].newDoor, status != 0 { shut(door) }
  }

  private mutating func count(_ index: Int, _ detail: ReplyDetail, _ bucket: Int?) {
    metrics[index].details[Int(detail.rawValue)] &+= 1
    if let bucket { metrics[index].latencies[bucket] &+= 1 }
    writer.count(
      grant: index, detail, metrics[index].details[Int(detail.rawValue)],
      bucket.map { ($0, metrics[index].latencies[$0]) })
  }

  /// Ends it and hands over its reply at once. Who calls this knows that nobody works on it any more.
  mutating func end(_ slot: Int, _ detail: ReplyDetail, status: UInt32? = nil) -> BrokerReply {
    close(slot, detail, status ?? detail.status, isTold: true)
    return reply(slot)
  }

  /// Ends it; `nextAction` tells the rest.
  mutating func endLater(_ slot: Int, _ detail: ReplyDetail) {
    close(slot, detail, detail.status)
    if table[slot].isUnwanted, !table[slot].mustAbandon { free(slot) }
  }

  /// A predecessor's request: it ends here, unless it has ended there.
  mutating func endRestarted(_ slot: Int, isRecorded: Bool) {
    if !isRecorded { return endLater(slot, .brokerRestarted) }
    writer.recorded(slot, serial: table[slot].record.serial)
    table.change(slot) {
      $0.phase = .ended
      $0.record.status = BrokerStatus.inputOutput
      $0.record.detail = .brokerRestarted
      $0.record.handle = 0
    }
    if table[slot].isUnwanted { free(slot) }
  }

  func reply(_ slot: Int) -> BrokerReply {
    BrokerReply(
      ticket: table.ticket(slot), door: table[slot].record.door,
      opcode: table[slot].record.opcode, id: table[slot].record.id,
      status: table[slot].record.status, detail: table[slot].record.detail,
      grant: table[slot].grant.map { UInt16($0) }, handle: table[slot].record.handle)
  }

  private mutating func free(_ slot: Int) {
    writer.close(slot)
    table.release(slot)
  }

  private func isRunning(_ slot: Int) -> Bool {
    table[slot].phase == .performing || table[slot].phase.isWaiting
  }

  mutating func cancel(door: UInt8, id: UInt32, by own: Int) -> Bool {
    guard let slot = table.find(door: door, id: id), slot != own, isRunning(slot) else {
      return false
    }
    endLater(slot, .cancelled)
    return true
  }

  // MARK: Descriptors, grants and doors that are taken back

  /// Forgets a descriptor; a socket is shut down first.
  mutating func close(_ handle: UInt32) -> Bool {
    guard let entry = ledger.entry(handle), entry.state != .closing else { return false }
    if entry.facts.isSocket, entry.state != .cut {
      set(.closing, handle)
    } else {
      forget(handle)
    }
    return true
  }

  private mutating func set(_ state: LedgerState, _ handle: UInt32) {
    ledger.set(state, slot: Ledger.slot(handle))
    writer.setState(state, handle: handle)
  }

  /// The socket has been shut down.
  package mutating func didCut(_ handle: UInt32) {
    guard let entry = ledger.entry(handle), entry.isToBeCut else { return }
    if entry.state == .cutting { return set(.cut, handle) }
    forget(handle)
  }

  /// Takes a grant back, for as long as the app lives: requests that wait for it end, sockets are shut down, descriptors that
  /// nobody can recall are marked as such. False: there is no such grant.
  package mutating func revoke(_ grant: UInt16, at moment: BrokerTime) -> Bool {
    see(moment)
    let index = Int(grant)
    guard index < rules.count else { return false }
    guard !grants[index].state.isRevoked else { return true }
    grants[index].state.isRevoked = true
    writer.write(grants[index].state, grant: index)
    withdraw(index, .revoked)
    return true
  }

  /// Nothing of this grant goes on.
  mutating func withdraw(_ grant: Int, _ detail: ReplyDetail) {
    for slot in 0..<BookLayout.requests where table[slot].grant == grant && isRunning(slot) {
      endLater(slot, detail)
    }
    guard ledger.count > 0 else { return }
    for slot in 0..<WireLimits.handles {
      guard let entry = ledger.entry(slot: slot), Int(entry.grant) == grant, entry.state == .open
      else { continue }
      set(entry.facts.isSocket ? .cutting : .outstanding, entry.handle)
    }
  }

  /// A door is gone: because of a violation, or because the app has closed its end (nil). What was asked there ends without a reply.
  package mutating func cutOff(door: Int, for violation: WireViolation?, at moment: BrokerTime) {
    see(moment)
    guard isOpen(door) else { return }
    shut(door)
    writer.cutOff(door: door, violation)
    for slot in 0..<BookLayout.requests
    where table[slot].phase != .free && table[slot].record.door == door {
      table.change(slot) { $0.isUnwanted = true }
      if isRunning(slot) {
        endLater(slot, .cancelled)
      } else if !table[slot].mustAbandon {
        free(slot)
      }
    }
  }

  // MARK: What follows

  /// What is to be done now, one at a time; nil: nothing.
  package mutating func nextAction() -> BrokerAction? {
    guard table.untold > 0 || changedQuestions > 0 || ledger.toCut > 0 else { return nil }
    if table.untold > 0 {
      for slot in 0..<BookLayout.requests {
        if let action = action(slot) { return action }
      }
    }
    if changedQuestions > 0, let action = nextQuestion() { return action }
    return ledger.nextToCut().map { .cut(handle: $0.handle) }
  }

  private mutating func action(_ slot: Int) -> BrokerAction? {
    let ticket = table.ticket(slot)
    let driver = table[slot].driver
    if table[slot].mustAbandon {
      table.change(slot) { $0.mustAbandon = false }
      if table[slot].isUnwanted { free(slot) }
      return .abandon(ticket, driver: driver)
    }
    switch table[slot].phase {
    case .free, .performing, .begun, .asking, .answered: return nil
    case .ended:
      table.change(slot) { $0.phase = .answered }
      return .reply(reply(slot))
    case .resumed:
      guard let grant = table[slot].grant else { return nil }
      let isAtOnce = isAtOnce(table[slot].record.opcode, rules[grant])
      table.change(slot) { $0.phase = isAtOnce ? .performing : .begun }
      return .perform(ticket, driver: driver, atOnce: isAtOnce)
    }
  }
}
