/// One app's broker, as far as it decides: requests in, decisions out. It knows no clock, no descriptor and no errno; the caller
/// reads the time, performs what is decided, and says how it went.
///
/// All of it is made when it starts. From then on a request that is decided, performed and answered allocates nothing.
///
/// The order of calls: `receive`; for `perform` and `begin` later `complete`; when a reply has left, `sent`. After each of these and
/// of `answer`, `revoke`, `cutOff`, `advance`: `nextAction` until it gives nil.
package struct Broker: ~Copyable {
  let settings: BrokerSettings
  let rules: [GrantRule]
  var writer: BookWriter
  var table = RequestTable()
  /// The descriptors that the app has been handed.
  package internal(set) var ledger = Ledger()
  var grants: [GrantStanding]
  /// The last is of requests that no grant decided.
  var metrics: [GrantMetrics]
  private var openDoors = [Bool](repeating: false, count: BookLayout.doors)
  /// No open door has this number or a higher one.
  private var doorsEnd = 0
  /// Grants whose question is not the one that was shown.
  var changedQuestions = 0
  /// The latest moment that was seen.
  package internal(set) var now: BrokerTime
  /// When the next grant ends.
  var nextLeaseEnd = BrokerTime(microseconds: .min)
  private var lastSerial: UInt64 = 0
  private var lastDoor = 0
  private var recordsTaken: RecordsTaken

  /// Begins with a book: an empty one (all bytes 0), one that is of other grants (which is made empty), or a predecessor's, whose
  /// unfinished requests are then answered: see `nextAction`.
  ///
  /// - Parameter memory: written by nobody else as long as this broker lives.
  package init(_ settings: BrokerSettings, book memory: BookMemory, at now: BrokerTime) {
    var settings = settings
    if settings.grants.count > WireLimits.grants {
      settings.grants.removeLast(settings.grants.count - WireLimits.grants)
    }
    self.settings = settings
    self.now = now
    rules = settings.grants.map { GrantRule($0, settings: settings) }
    grants = rules.map { GrantStanding($0, start: settings.start) }
    metrics = Array(repeating: GrantMetrics(), count: BookLayout.grants)
    writer = BookWriter(memory)
    recordsTaken = RecordsTaken(settings.recordsTaken)
    restore(from: memory)
    recordsTaken.begin(lastRecord)
    for index in rules.indices where grants[index].state.isRevoked {
      withdraw(index, .revoked)
    }
    endLeases()
  }

  // MARK: Doors

  /// Whether a request of this door could be taken. If not, the door is not read: what the app sends waits in its socket.
  ///
  /// Each open door has a share of the slots for itself, so that a flood at one never keeps another out.
  ///
  /// The same holds for all doors while no record can be written without one being lost that is still to be taken.
  package func canReceive(door: Int) -> Bool {
    isOpen(door) && table.held.hasRoom(door) && recordsTaken.hasRoom(lastRecord)
  }

  /// Whose turn it is: of the doors with something to read and room for it, the first after the one before. Each has its turn
  /// before any has a second.
  package mutating func nextDoor(_ isReadable: (Int) -> Bool) -> Int? {
    let count = doorsEnd
    for step in 1...max(1, count) {
      let door = (lastDoor + step) % max(1, count)
      if canReceive(door: door), isReadable(door) {
        lastDoor = door
        return door
      }
    }
    return nil
  }

  package func isOpen(_ door: Int) -> Bool { openDoors.indices.contains(door) && openDoors[door] }

  /// A number for another socket of the app; nil: there are as many as there may be.
  func freeDoor() -> Int? {
    for door in 0..<WireLimits.doors where !openDoors[door] && table.held.held(door) == 0 {
      return door
    }
    return nil
  }

  /// From now on requests come in there.
  mutating func open(_ door: Int) {
    openDoors[door] = true
    doorsEnd = max(doorsEnd, door + 1)
    table.setDoor(door, isOpen: true)
  }

  mutating func shut(_ door: Int) {
    openDoors[door] = false
    while doorsEnd > 0, !openDoors[doorsEnd - 1] { doorsEnd -= 1 }
    table.setDoor(door, isOpen: false)
  }

  // MARK: Records

  private var lastRecord: UInt64 { writer.nextSequence - 1 }

  /// The number of the last record, if whoever takes them is to be told; then `toldOfRecords`.
  package var recordsToTell: UInt64? {
    recordsTaken.mustTell(lastRecord) ? lastRecord : nil
  }

  package mutating func toldOfRecords() { recordsTaken.tell(lastRecord) }

  /// The records up to this one are kept elsewhere.
  package mutating func tookRecords(_ sequence: UInt64) {
    recordsTaken.take(sequence, of: lastRecord)
  }

  // MARK: Requests

  /// Decides a request. Its record is written when it has ended.
  ///
  /// - Parameter bytes: what `message` was decoded from. Kept by the caller until a decision that needs them later is done with.
  package mutating func receive(
    _ message: RequestMessage, in bytes: Span<UInt8>, door: Int, at moment: BrokerTime
  ) -> Decision {
    see(moment)
    guard canReceive(door: door) else { return .notNow }
    // Two requests with one id could not be told apart by their replies.
    if table.find(door: UInt8(door), id: message.id) != nil {
      cutOff(door: door, for: .id, at: now)
      return .cutOff(.id)
    }
    var new = RequestSlot(message, bytes, door: UInt8(door), at: now)
    new.record.serial = newSerial()
    new.record.generation = writer.generation
    new.grant = message.request.grant.flatMap { Int($0) < rules.count ? Int($0) : nil }
    guard let slot = table.take(new) else { return .notNow }
    writer.open(slot, new.record)
    if let detail = check(slot, message, bytes) { return .answer(end(slot, detail)) }
    return go(slot, message.request)
  }

  /// It passed every check: to the driver, to the operator, or done here.
  private mutating func go(_ slot: Int, _ request: Request) -> Decision {
    let ticket = table.ticket(slot)
    if request == .doorOpen {
      guard let door = freeDoor() else {
        return .answer(end(slot, .crowded, status: BrokerStatus.tooManyFiles))
      }
      // Not another's meanwhile.
      open(door)
      table.change(slot) { $0.newDoor = door }
      writer.setCutOff(door: door, false)
      return .openDoor(ticket, door: door)
    }
    guard let grant = table[slot].grant else { return .answer(serve(slot, request)) }
    if mustAsk(grant) {
      ask(slot, grant)
      return grants[grant].question == ticket && showQuestion(grant) ? .ask(ticket) : .wait(ticket)
    }
    use(grant)
    let driver = rules[grant].driver
    if isAtOnce(request.opcode, rules[grant]) {
      // Nothing else happens meanwhile, so that it needs no deadline.
      return .perform(ticket)
    }
    let now = now
    table.change(slot) { $0.begin(at: now) }
    return .begin(ticket, driver: driver)
  }

  /// What needs no grant.
  private mutating func serve(_ slot: Int, _ request: Request) -> BrokerReply {
    switch request {
    case .cancel(let id):
      let isFound = cancel(door: table[slot].record.door, id: id, by: slot)
      return end(slot, .kernel, status: isFound ? BrokerStatus.done : BrokerStatus.noEntry)
    case .handleClose(let handle):
      return end(slot, .kernel, status: close(handle) ? BrokerStatus.done : BrokerStatus.noEntry)
    case .hello, .notify, .handleList, .doorOpen: return end(slot, .kernel)
    case .fileOpen, .fileStat, .fileList, .fileRemove, .fileRename, .fileMakeDirectory,
      .netConnect, .netListen, .netResolve, .secretRead, .deviceOpen, .appStart, .appSignal,
      .appStatus, .clockSet, .driverCall:
      return end(slot, .noGrant)
    }
  }

  /// Time only goes forward here, whatever the caller's clock does.
  mutating func see(_ moment: BrokerTime) { now = max(now, moment) }

  func isAtOnce(_ opcode: Opcode, _ rule: GrantRule) -> Bool {
    opcode.isAtOnce && rule.driver == nil && !rule.takesTime
  }

  mutating func startSerials(after serial: UInt64) { lastSerial = serial }

  mutating func newSerial() -> UInt64 {
    lastSerial += 1
    return lastSerial
  }
}

/// A grant, as it stands now.
struct GrantStanding: Sendable {
  var state = GrantState()
  /// The request that the operator is to be asked about, and the one that was shown.
  var question: Ticket?
  var shown: Ticket?
  /// Its lease has ended, and what follows from that is done.
  var isOver = false

  init(_ rule: GrantRule, start: BrokerTime) {
    if let rate = rule.rate { state.bucket = TokenBucket(rate, at: start.milliseconds) }
  }
}

extension RequestSlot {
  init(_ message: RequestMessage, _ bytes: Span<UInt8>, door: UInt8, at now: BrokerTime) {
    phase = .performing
    arrival = now
    record.time = now
    record.id = message.id
    record.opcode = message.request.opcode
    record.grant = message.request.grant.flatMap { $0 < WireLimits.grants ? $0 : nil }
    record.door = door
    record.subject = RecordSubject(
      bytes.extracting(message.request.subject.range(in: bytes)))
    rights = message.request.rights
    record.rights = rights
    if case .netConnect(let request) = message.request {
      (record.transport, record.port) = (request.transportNumber, request.port)
    } else if case .netListen(let request) = message.request {
      (record.transport, record.port) = (request.transportNumber, request.port)
    }
    namesDeadline = message.deadline != 0
    patience = Int64(namesDeadline ? message.deadline : WireLimits.defaultDeadline)
  }

  /// From now on somebody works on it. A deadline that was named counts from when the request came, one that nobody named and the
  /// driver's own from now.
  mutating func begin(at now: BrokerTime) {
    phase = .begun
    isOperatorsTime = false
    deadline = (namesDeadline ? arrival : now).adding(milliseconds: patience)
    if let driverPatience {
      deadline = min(deadline, now.adding(milliseconds: driverPatience))
    }
  }
}
