extension Broker {
  /// Goes on where a predecessor stopped, as far as its book can be understood; a grant whose state cannot is taken back.
  mutating func restore(from memory: BookMemory) {
    let book = BookReader(memory)
    let fingerprint = Self.fingerprint(settings.grants)
    if book.isValid, book.fingerprint == fingerprint, book.grantCount == rules.count {
      // Each broker numbers its requests in a range of its own.
      let generation = book.generation == .max ? .max : book.generation + 1
      let last = book.lastSequence
      // No broker gets there; a predecessor that wrote such numbers must not hide what comes after it.
      if last >> 60 != 0 { writer.emptyRing() }
      writer.begin(generation: generation, nextSequence: last >> 60 != 0 ? 1 : last + 1)
      startSerials(after: UInt64(generation & 0x3F_FFFF) << 40)
      for door in settings.doors where (0..<BookLayout.doors).contains(door) {
        if !book.isCutOff(door: door) { open(door) }
      }
      var damaged = restoreGrants(book)
      damaged += restoreLedger(book)
      restoreInbox(memory, book)
      damaged += restoreRequests(book)
      writer.damaged(damaged)
    } else {
      writer.format(fingerprint: fingerprint, grants: rules.count)
      BrokerInbox(memory).end()
      startSerials(after: 1 << 40)
      for door in settings.doors where (0..<BookLayout.doors).contains(door) { open(door) }
    }
    // The supervisor's word holds, whatever a predecessor wrote.
    for index in rules.indices {
      let isRevoked = settings.revoked.contains(UInt16(index))
      let answer = settings.answers[UInt16(index)]
      guard isRevoked || answer != nil else { continue }
      if isRevoked { grants[index].state.isRevoked = true }
      if let answer { grants[index].state.answer = answer }
      writer.write(grants[index].state, grant: index)
    }
  }

  private mutating func restoreGrants(_ book: BookReader) -> Int {
    var damaged = 0
    for index in rules.indices {
      switch book.state(grant: index) {
      case .none: break
      case .state(let state):
        grants[index].state = state
        if let rate = rules[index].rate {
          grants[index].state.bucket.limit(rate, at: now.milliseconds)
        }
      case .damaged:
        damaged += 1
        grants[index].state.isRevoked = true
        writer.write(grants[index].state, grant: index)
      }
    }
    for index in rules.indices { metrics[index] = book.metrics(grant: index) }
    metrics[BookLayout.grants - 1] = book.metrics(grant: BookLayout.grants - 1)
    return damaged
  }

  private mutating func restoreLedger(_ book: BookReader) -> Int {
    var damaged = 0
    for slot in 0..<WireLimits.handles {
      let entry = book.handle(slot: slot)
      if let entry, Int(entry.grant) < rules.count {
        ledger.restore(slot: slot, uses: entry.handle >> Ledger.slotBits, entry)
      } else {
        ledger.restore(slot: slot, uses: book.uses(slot: slot), nil)
        if book.hasHandle(slot: slot) {
          damaged += 1
          writer.removeHandle(UInt32(slot))
        }
      }
    }
    ledger.setForgotten(book.forgotten)
    return damaged
  }

  /// What the predecessor was doing ends with an error of its own; the reply comes from `nextAction`. A request whose record is
  /// there already had ended, and only its reply may not have left.
  private mutating func restoreRequests(_ book: BookReader) -> Int {
    var damaged = 0
    let last = book.record(writer.nextSequence - 1)
    let sent = book.sentSerial
    for slot in 0..<BookLayout.requests where book.hasMark(slot) {
      guard let old = book.unfinished(slot),
        table.find(door: old.record.door, id: old.record.id) == nil
      else {
        damaged += 1
        writer.close(slot)
        continue
      }
      // It was killed between sending the reply and saying so.
      if old.isRecorded, old.record.serial == sent {
        writer.close(slot)
        continue
      }
      var request = RequestSlot()
      request.phase = .performing
      request.record = old.record
      request.arrival = old.record.time
      request.isUnwanted = !isOpen(Int(old.record.door))
      request.grant = old.record.grant.flatMap { Int($0) < rules.count ? Int($0) : nil }
      table.restore(request, slot: slot)
      // The predecessor may have died between writing the record and saying so.
      let isRecorded = old.isRecorded || last?.serial == old.record.serial
      endRestarted(slot, isRecorded: isRecorded)
    }
    return damaged
  }

  /// A message that a predecessor had received, and died before the journal knew of it, is in the journal from here on. It is not
  /// performed: nobody knows what came with it.
  private mutating func restoreInbox(_ memory: BookMemory, _ book: BookReader) {
    let inbox = BrokerInbox(memory)
    defer { inbox.end() }
    guard let (door, bytes) = inbox.lost,
      var record = DecisionRecord(lost: bytes.span, door: door, at: now)
    else { return }
    var free: Int?
    for slot in 0..<BookLayout.requests {
      if !book.hasMark(slot) { free = free ?? slot }
      let known = book.unfinished(slot)?.record
      if known?.door == door, known?.id == record.id { return }
    }
    record.serial = newSerial()
    record.generation = writer.generation
    if let free { writer.open(free, record) }
  }

  /// Over what makes a grant another one: a book is not continued under other grants.
  static func fingerprint(_ grants: [Grant]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for grant in grants {
      for byte in grant.name.utf8 { add(byte) }
      add(0)
      add(GrantKind(grant.target).rawValue)
      for shift in 0..<4 { add(UInt8(truncatingIfNeeded: grant.rights.rawValue >> (8 * shift))) }
      for byte in grant.position.description.utf8 { add(byte) }
      add(0)
    }
    return hash
  }
}
