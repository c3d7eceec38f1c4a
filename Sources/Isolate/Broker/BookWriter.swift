/// Writes the book. One broker at a time does; readers may look at any moment, and the broker may be killed at any instruction.
///
/// What holds at every instruction: a record is complete or not there. Whatever consists of several words has one that makes it
/// valid; that is taken away before the others change, and published after them. A grant's state has two copies, and a word that
/// says which one holds.
struct BookWriter {
  let memory: BookMemory
  private(set) var generation: UInt32 = 0
  private(set) var nextSequence: UInt64 = 1
  private var violations: UInt64 = 0

  init(_ memory: BookMemory) { self.memory = memory }

  /// A new one: all words 0, the header's last, and then the header, its magic last.
  mutating func format(fingerprint: UInt64, grants: Int) {
    memory.publish(BookLayout.magicAt, 0)
    memory.fence()
    if !isUntouched {
      for offset in stride(from: BookLayout.used - 8, to: 0, by: -8) where memory.word(offset) != 0
      {
        memory.set(offset, 0)
      }
    }
    memory.set(BookLayout.versionAt, BookLayout.version)
    memory.set(BookLayout.fingerprintAt, fingerprint)
    memory.set(BookLayout.grantCountAt, UInt64(grants))
    memory.publish(BookLayout.magicAt, BookLayout.magic)
    begin(generation: 1, nextSequence: 1)
  }

  /// Nobody has written anything yet. Only the header is looked at: to look at a page is to have it.
  private var isUntouched: Bool {
    for offset in stride(from: 0, to: BookLayout.headerBytes, by: 8) where memory.word(offset) != 0
    {
      return false
    }
    return true
  }

  /// From here on it is this broker's.
  mutating func begin(generation: UInt32, nextSequence: UInt64) {
    self.generation = generation
    self.nextSequence = nextSequence
    violations = memory.word(BookLayout.violationsAt)
    memory.publish(BookLayout.generationAt, UInt64(generation))
  }

  // MARK: The journal

  /// A request is being dealt with from now on. Its slot is free.
  func open(_ slot: Int, _ record: DecisionRecord) {
    let mark = BookLayout.request(slot)
    record.write(memory, after: mark)
    memory.publish(mark, JournalMark(serial: record.serial, isRecorded: false).word)
  }

  /// Its record is in the ring; its reply has not left.
  func recorded(_ slot: Int, serial: UInt64) {
    memory.publish(
      BookLayout.request(slot), JournalMark(serial: serial, isRecorded: true).word)
  }

  /// Its reply is about to be sent; the kernel will note there whether it was.
  func sending(serial: UInt64) {
    memory.publish(BookLayout.noteSent, 0)
    memory.fence()
    memory.publish(BookLayout.outbox, serial)
  }

  /// Its reply has left, or none is wanted.
  func close(_ slot: Int) {
    memory.publish(BookLayout.request(slot), 0)
    memory.fence()
  }

  // MARK: Records

  func emptyRing() {
    for number in 0..<UInt64(BookLayout.records) { memory.publish(BookLayout.record(number), 0) }
    damaged(1)
  }

  mutating func append(_ record: DecisionRecord) {
    let mark = BookLayout.record(nextSequence)
    memory.publish(mark, 0)
    memory.fence()
    record.write(memory, after: mark)
    memory.publish(mark, nextSequence)
    nextSequence += 1
  }

  // MARK: Grants

  func write(_ state: GrantState, grant: Int) {
    let at = BookLayout.grant(grant)
    let selector = memory.word(at + BookLayout.stateSelector) &+ 1
    let copy = BookLayout.copy(at, selector)
    memory.set(copy, state.used)
    memory.set(copy + 8, state.bucket.level)
    memory.set(copy + 16, UInt64(bitPattern: state.bucket.milliseconds))
    let answer = UInt64(state.answer?.rawValue ?? 0)
    memory.set(copy + 24, BookLayout.written | (state.isRevoked ? 1 : 0) | answer << 1)
    memory.publish(at + BookLayout.stateSelector, selector)
    memory.fence()
  }

  /// The new numbers of a detail and of a bucket.
  func count(
    grant: Int, _ detail: ReplyDetail, _ number: UInt64, _ latency: (bucket: Int, number: UInt64)?
  ) {
    let at = BookLayout.grant(grant)
    memory.set(at + BookLayout.details + 8 * Int(detail.rawValue), number)
    if let latency {
      memory.set(at + BookLayout.latencies + 8 * latency.bucket, latency.number)
    }
  }

  // MARK: The ledger

  func write(_ entry: LedgerEntry, forgotten: UInt64) {
    let mark = BookLayout.handle(Ledger.slot(entry.handle))
    memory.publish(mark, 0)
    memory.fence()
    memory.set(BookLayout.forgottenAt, forgotten)
    memory.set(
      mark + 8,
      UInt64(entry.grant) | UInt64(entry.kind.rawValue) << 16
        | UInt64(entry.facts.isSocket ? 1 : 0) << 24 | UInt64(entry.rights.rawValue) << 32)
    memory.set(mark + 16, UInt64(bitPattern: entry.time.microseconds))
    memory.set(mark + 24, entry.facts.device)
    memory.set(mark + 32, entry.facts.inode)
    memory.set(mark + 40, entry.serial)
    // Outlives the entry: what makes the next handle of this slot another one.
    memory.set(mark + 48, UInt64(entry.handle >> Ledger.slotBits))
    setState(entry.state, handle: entry.handle)
  }

  /// One word, so one store.
  func setState(_ state: LedgerState, handle: UInt32) {
    memory.publish(
      BookLayout.handle(Ledger.slot(handle)), UInt64(handle) | UInt64(state.rawValue) << 32)
  }

  func removeHandle(_ handle: UInt32) {
    memory.publish(BookLayout.handle(Ledger.slot(handle)), 0)
    memory.fence()
  }

  // MARK: The header

  mutating func cutOff(door: Int, _ violation: WireViolation?) {
    setCutOff(door: door, true)
    guard let violation else { return }
    violations &+= 1
    memory.set(BookLayout.lastViolationAt, UInt64(violation.rawValue))
    memory.publish(BookLayout.violationsAt, violations)
  }

  func setCutOff(door: Int, _ isCutOff: Bool) {
    let at = BookLayout.cutDoors(door)
    let bit: UInt64 = 1 << UInt64(door & 63)
    memory.set(at, isCutOff ? memory.word(at) | bit : memory.word(at) & ~bit)
  }

  func damaged(_ number: Int) {
    guard number > 0 else { return }
    memory.set(
      BookLayout.damagedAt, memory.word(BookLayout.damagedAt) &+ UInt64(number))
  }
}

/// The word that makes an entry of the journal valid.
struct JournalMark {
  var serial: UInt64
  var isRecorded: Bool

  init(serial: UInt64, isRecorded: Bool) {
    self.serial = serial
    self.isRecorded = isRecorded
  }

  /// Nil: no entry.
  init?(word: UInt64) {
    guard word & 1 != 0 else { return nil }
    serial = word >> 2
    isRecorded = word & 2 != 0
  }

  var word: UInt64 { serial << 2 | (isRecorded ? 2 : 0) | 1 }
}

extension BookLayout {
  /// In the last word of a state: a broker wrote it.
  static let written: UInt64 = 1 << 63

  static func copy(_ grant: Int, _ selector: UInt64) -> Int {
    grant + stateCopies + Int(selector & 1) * stateWords * 8
  }
}
