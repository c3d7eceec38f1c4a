/// Reads a book: of a broker that runs, of one that has died, or one that somebody has filled with anything. Total: no bytes make it
/// trap, and it takes a bounded time. What it gives may be a lie (a broker that was taken over can write what it likes), never half
/// of one record and half of another.
package struct BookReader {
  private let memory: BookMemory
  /// How often it looks again at what changes under its eyes.
  private static let patience = 64

  package init(_ memory: BookMemory) { self.memory = memory }

  /// A book of this version.
  package var isValid: Bool {
    memory.acquire(BookLayout.magicAt) == BookLayout.magic
      && memory.word(BookLayout.versionAt) == BookLayout.version
  }

  package var fingerprint: UInt64 { memory.word(BookLayout.fingerprintAt) }
  /// How many brokers it has had.
  package var generation: UInt32 {
    UInt32(clamping: memory.acquire(BookLayout.generationAt))
  }
  package var grantCount: Int {
    Int(min(memory.word(BookLayout.grantCountAt), UInt64(WireLimits.grants)))
  }
  /// How often the app was cut off for breaking the protocol.
  package var violations: UInt64 { memory.acquire(BookLayout.violationsAt) }
  package var lastViolation: WireViolation? {
    WireViolation(rawValue: UInt8(clamping: memory.word(BookLayout.lastViolationAt)))
  }
  package func isCutOff(door: Int) -> Bool {
    memory.word(BookLayout.cutDoors(door)) & 1 << UInt64(door & 63) != 0
  }
  /// Descriptors that the ledger has given up to make room.
  package var forgotten: UInt64 { memory.word(BookLayout.forgottenAt) }
  /// What brokers could not understand of their predecessors' words.
  package var damaged: UInt64 { memory.word(BookLayout.damagedAt) }

  /// Reads what `mark` makes valid; nil when it is not valid, or does not stand still.
  private func steady<Value>(_ mark: Int, _ read: (UInt64) -> Value?) -> Value? {
    for _ in 0..<Self.patience {
      let before = memory.acquire(mark)
      guard before != 0 else { return nil }
      let value = read(before)
      memory.fence()
      if memory.word(mark) == before { return value }
    }
    return nil
  }

  // MARK: The journal

  package struct Unfinished: Hashable, Sendable {
    package var record: DecisionRecord
    /// Its record is in the ring already; only the reply had not left.
    package var isRecorded: Bool
  }

  /// A request that was being dealt with.
  package func unfinished(_ slot: Int) -> Unfinished? {
    let mark = BookLayout.request(slot)
    return steady(mark) { word in
      guard let state = JournalMark(word: word),
        let record = DecisionRecord(memory, after: mark), record.serial == state.serial,
        record.id != 0, record.door < BookLayout.doors
      else { return nil }
      return Unfinished(record: record, isRecorded: state.isRecorded)
    }
  }

  func hasMark(_ slot: Int) -> Bool { memory.word(BookLayout.request(slot)) != 0 }

  // MARK: Records

  /// Nil: not there (any more, or yet).
  package func record(_ sequence: UInt64) -> DecisionRecord? {
    guard sequence != 0 else { return nil }
    let mark = BookLayout.record(sequence)
    return steady(mark) { word in
      word == sequence ? DecisionRecord(memory, after: mark) : nil
    }
  }

  /// The sequence number of the last record; 0: there is none. Looks at all of them, up to where there were never any: one may be
  /// missing where a broker has died.
  package var lastSequence: UInt64 {
    var last: UInt64 = 0
    var missing = 0
    for place in 1...UInt64(BookLayout.records) {
      let slot = place & UInt64(BookLayout.records - 1)
      let sequence = memory.acquire(BookLayout.record(slot))
      missing = sequence == 0 ? missing + 1 : 0
      if missing == 2 { break }
      // A number that is not of this place was written by no broker.
      if sequence & UInt64(BookLayout.records - 1) == slot, sequence < 1 << 62 {
        last = max(last, sequence)
      }
    }
    return last
  }

  /// Those after `sequence` that are still there, the oldest first.
  package func records(after sequence: UInt64 = 0) -> [(sequence: UInt64, record: DecisionRecord)] {
    let last = lastSequence
    guard last > sequence else { return [] }
    let first = max(
      sequence + 1,
      last >= UInt64(BookLayout.records)
        ? last - UInt64(BookLayout.records) + 1 : 1)
    return (first...last).compactMap { number in
      record(number).map { (number, $0) }
    }
  }

  // MARK: Grants

  package enum Kept: Hashable, Sendable {
    /// No broker has written anything.
    case none
    case state(GrantState)
    /// No broker has written this.
    case damaged
  }

  package func state(grant: Int) -> Kept {
    let at = BookLayout.grant(grant)
    let kept: Kept? = steady(at + BookLayout.stateSelector) { selector in
      let copy = BookLayout.copy(at, selector)
      var state = GrantState()
      state.used = memory.word(copy)
      state.bucket = TokenBucket(
        level: memory.word(copy + 8),
        milliseconds: Int64(bitPattern: memory.word(copy + 16)))
      let flags = memory.word(copy + 24)
      let answer = UInt8(truncatingIfNeeded: flags >> 1 & 3)
      guard flags & ~7 == BookLayout.written, answer < 3 else { return .damaged }
      state.isRevoked = flags & 1 != 0
      state.answer = StandingAnswer(rawValue: answer)
      return .state(state)
    }
    return kept ?? (memory.word(at + BookLayout.stateSelector) == 0 ? .none : .damaged)
  }

  /// The counters, each by itself: between two of them a request may have ended.
  package func metrics(grant: Int) -> GrantMetrics {
    let at = BookLayout.grant(grant)
    var metrics = GrantMetrics()
    for index in 0..<BookLayout.detailCount {
      metrics.details[index] = memory.word(at + BookLayout.details + 8 * index)
    }
    for index in 0..<GrantMetrics.buckets {
      metrics.latencies[index] = memory.word(at + BookLayout.latencies + 8 * index)
    }
    return metrics
  }

  // MARK: The ledger

  package func handle(slot: Int) -> LedgerEntry? {
    let mark = BookLayout.handle(slot)
    return steady(mark) { word in
      let handle = UInt32(truncatingIfNeeded: word)
      let what = memory.word(mark + 8)
      let grant = UInt16(truncatingIfNeeded: what)
      guard word >> 40 == 0, Ledger.slot(handle) == slot, handle >> Ledger.slotBits != 0,
        let state = LedgerState(rawValue: UInt8(truncatingIfNeeded: word >> 32)),
        let kind = GrantKind(rawValue: UInt8(truncatingIfNeeded: what >> 16)),
        grant < WireLimits.grants, what >> 24 & 0xFF < 2
      else { return nil }
      return LedgerEntry(
        handle: handle, grant: grant, kind: kind, state: state,
        rights: GrantRights(rawValue: UInt32(truncatingIfNeeded: what >> 32)),
        time: BrokerTime(microseconds: Int64(bitPattern: memory.word(mark + 16))),
        facts: HandleFacts(
          device: memory.word(mark + 24), inode: memory.word(mark + 32),
          isSocket: what >> 24 & 1 != 0),
        serial: memory.word(mark + 40))
    }
  }

  func hasHandle(slot: Int) -> Bool { memory.word(BookLayout.handle(slot)) != 0 }

  /// How often the slot was used, as far as the book says.
  func uses(slot: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: memory.word(BookLayout.handle(slot) + 48))
      & (.max >> Ledger.slotBits)
  }

  /// Every descriptor that was handed out and not given up.
  package var handles: [LedgerEntry] { (0..<WireLimits.handles).compactMap { handle(slot: $0) } }
}
