@testable import Isolate

struct SimulationFailure: Error {
  var text: String
}

/// One app and its brokers, one after the other: millions of events from a seed, each compared with `AppModel`.
struct BrokerSimulation: ~Copyable {
  var generator: SeededGenerator
  let book = TestBook()
  var broker: Broker
  var model = AppModel(Simulated.grants)
  var now: Int64 = 0
  var nextId: UInt32 = 1
  /// Records that have to come, once each, and those that may.
  var expected: [UInt32: ReplyDetail] = [:]
  var doubtful: Set<UInt32> = []
  var lastSequence: UInt64 = 0
  var lastTime = BrokerTime.ms(0)
  /// What the next actions have to be.
  var replies: [Ticket: ReplyDetail] = [:]
  var abandoned: Set<Ticket> = []
  var resumed: Set<Ticket> = []
  /// Ids whose requests came or ended in this step.
  var touched: Set<UInt32> = []
  private(set) var deaths = 0
  mutating func noteDeath() { deaths += 1 }
  private(set) var performed = 0

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    broker = Broker(
      BrokerSettings(grants: Simulated.grants, drivers: Simulated.drivers, start: .ms(0)),
      book: book.memory, at: .ms(0))
  }

  func check(_ isTrue: Bool, _ text: @autoclosure () -> String) throws(SimulationFailure) {
    if !isTrue { throw SimulationFailure(text: text()) }
  }

  mutating func chance(_ one: UInt64, in many: UInt64) -> Bool { generator.next() % many < one }

  func any<Element>(_ number: UInt64, _ all: [Element]) -> Element? {
    all.isEmpty ? nil : all[Int(number % UInt64(all.count))]
  }

  var time: BrokerTime { BrokerTime(milliseconds: now) }

  // MARK: One step

  mutating func step(_ number: Int) throws(SimulationFailure) {
    let before = model
    touched = []
    let dies = chance(1, in: 150)
    if dies, chance(3, in: 4) { book.stores = Int(generator.next() % 90) }
    try act()
    try drain()
    let isBlown = book.hasBlown
    book.stores = nil
    if isBlown || dies {
      try die(before)
    } else if number % 250 == 0 {
      try compare()
    }
  }

  private mutating func act() throws(SimulationFailure) {
    switch generator.next() % 100 {
    case 0..<55: try receive()
    case 55..<75: try complete()
    case 75..<84: try send()
    case 84..<89: try answer()
    case 89..<98: try advance()
    case 98: if chance(1, in: 30) { try revoke() }
    default: try changeDoors()
    }
  }

  // MARK: Requests

  private mutating func receive() throws(SimulationFailure) {
    let doors = model.doors.sorted()
    guard let door = any(generator.next(), doors) else { return }
    let id = nextId
    nextId += 1
    let deadline = chance(1, in: 2) ? 0 : UInt32(generator.next() % 900) + 1
    if chance(1, in: 5) { return try receiveWithoutGrant(id, door) }
    let asked = Simulated.request(id, deadline, &generator)
    let canReceive = model.canReceive(door)
    let decision = broker.receive(asked.request, door: door, at: now)
    guard canReceive else { return try check(decision == .notNow, "\(decision) without room") }
    touched.insert(id)
    if let refusal = refusal(asked, door) {
      guard case .answer(let reply) = decision else {
        throw SimulationFailure(text: "\(decision) instead of \(refusal)")
      }
      try check(
        reply.detail == refusal && reply.status == refusal.status && reply.id == id,
        "\(reply) instead of \(refusal)")
      return try answered(reply, door)
    }
    guard let grant = asked.grant, let ticket = decision.ticket else {
      throw SimulationFailure(text: "\(decision) for \(asked)")
    }
    var waiting = AppModel.Waiting(
      id: id, door: door, grant: grant, phase: .begun, deadline: .max, arrival: now,
      isSocket: asked.isSocket)
    waiting.namesDeadline = deadline == 0 ? nil : Int64(deadline)
    if let patience = Simulated.grants[grant].askMilliseconds, model.standings[grant].answer == nil
    {
      let isFirst = !model.requests.values.contains { $0.phase == .asking && $0.grant == grant }
      try check(decision == (isFirst ? .ask(ticket) : .wait(ticket)), "\(decision) for an ask")
      if isFirst { model.shown[grant] = ticket }
      waiting.phase = .asking
      waiting.deadline = min(now + patience, deadline == 0 ? .max : now + Int64(deadline))
      waiting.isOperatorsTime = deadline == 0 || patience < Int64(deadline)
      model.requests[ticket] = waiting
      return
    }
    model.standings[grant].used += 1
    performed += 1
    if asked.isAtOnce {
      try check(decision == .perform(ticket), "\(decision) for what is done at once")
      model.requests[ticket] = waiting
      return try finish(ticket)
    }
    let driver = grant == 7 ? 0 : nil
    try check(decision == .begin(ticket, driver: driver), "\(decision) for what takes time")
    waiting.deadline = begunDeadline(waiting)
    model.requests[ticket] = waiting
  }

  private func begunDeadline(_ waiting: AppModel.Waiting) -> Int64 {
    let own = waiting.namesDeadline.map { waiting.arrival + $0 } ?? now + 30_000
    return waiting.grant == 7 ? min(own, now + 250) : own
  }

  /// The order of docs/broker.md.
  private mutating func refusal(_ asked: SimulatedRequest, _ door: Int) -> ReplyDetail? {
    guard let grant = asked.grant else { return .noGrant }
    let isConnect = (4...6).contains(grant)
    if let refusal = asked.refusal, refusal == .right || !isConnect { return refusal }
    if model.standings[grant].isRevoked { return .revoked }
    if model.standings[grant].isOver { return .lease }
    if let refusal = asked.refusal { return refusal }
    let asks = Simulated.grants[grant].askMilliseconds != nil
    if asks, model.standings[grant].answer == .no { return .denied }
    if model.isUsedUp(grant) { return .count }
    if asks && model.standings[grant].answer == nil || !asked.isAtOnce {
      if model.isCrowded(door) { return .crowded }
      let queue = model.requests.values.count { $0.grant == 7 && $0.phase != .unsent }
      if grant == 7, queue >= 5 { return .crowded }
    }
    return model.takeToken(grant, at: now) ? nil : .rate
  }

  private mutating func receiveWithoutGrant(_ id: UInt32, _ door: Int) throws(SimulationFailure) {
    let canReceive = model.canReceive(door)
    let kind = generator.next() % 12
    var request = TestRequest(id) { _ in
      .hello(HelloRequest(lowest: 1, highest: 1, first: 0))
    }
    var status: UInt32 = 0
    var cancelled: Ticket?
    var closed: UInt32?
    if kind < 6 {
      let others = model.requests.filter { $0.value.door == door }.map(\.key)
      cancelled = any(generator.next(), others.sorted { $0.serial < $1.serial })
      let target = cancelled.flatMap { model.requests[$0]?.id } ?? 0xFFFF_FFFF
      request = TestRequest(id) { _ in .cancel(id: target) }
      if let ticket = cancelled, model.requests[ticket]?.phase == .unsent { cancelled = nil }
      status = cancelled == nil ? 2 : 0
    } else if kind < 11 {
      closed = any(generator.next(), model.ledger.keys.sorted()) ?? 5
      let handle = closed ?? 5
      request = TestRequest(id) { _ in .handleClose(handle: handle) }
      status = model.ledger[handle] == nil ? 2 : 0
    }
    let decision = broker.receive(request, door: door, at: now)
    guard canReceive else { return try check(decision == .notNow, "\(decision) without room") }
    touched.insert(id)
    guard case .answer(let reply) = decision, reply.status == status, reply.grant == nil else {
      throw SimulationFailure(text: "\(decision) for \(request), status \(status)")
    }
    if let cancelled { end(cancelled, .cancelled) }
    if let closed, status == 0 { close(closed) }
    try answered(reply, door)
  }

  /// A reply that was given: it leaves now or later.
  private mutating func answered(_ reply: BrokerReply, _ door: Int) throws(SimulationFailure) {
    try check(expected.updateValue(reply.detail, forKey: reply.id) == nil, "two ends of \(reply)")
    touched.insert(reply.id)
    model.requests[reply.ticket] = AppModel.Waiting(
      id: reply.id, door: door, grant: nil, phase: .unsent, deadline: .max, arrival: now)
    if chance(9, in: 10) { sent(reply.ticket) }
  }

  private mutating func sent(_ ticket: Ticket) {
    if let request = model.requests.removeValue(forKey: ticket) { touched.insert(request.id) }
    broker.sent(ticket)
  }

  private mutating func send() throws(SimulationFailure) {
    let all = model.requests.filter { $0.value.phase == .unsent }.map(\.key)
    for ticket in all.sorted(by: { $0.serial < $1.serial }).prefix(3) { sent(ticket) }
  }

  // MARK: Completions

  /// Of something that is being done, or of nothing.
  private mutating func complete() throws(SimulationFailure) {
    let begun = model.requests.filter { $0.value.phase == .begun }.map(\.key)
    if let ticket = any(generator.next(), begun.sorted { $0.serial < $1.serial }) {
      try finish(ticket)
    }
    if chance(1, in: 10) {
      let stale = Ticket(slot: UInt8(generator.next() % 256), serial: generator.next() % 5000)
      try check(
        broker.complete(stale, Completion(), at: time) == nil, "a reply to nobody's request")
    }
  }

  private mutating func finish(_ ticket: Ticket) throws(SimulationFailure) {
    guard let waiting = model.requests[ticket], let grant = waiting.grant else { return }
    try check(
      !model.standings[grant].isRevoked && !model.standings[grant].isOver,
      "performed after its grant was taken back")
    var completion = Completion()
    switch generator.next() % 4 {
    case 0: completion.status = 2
    case 1: completion = Completion(status: 5, detail: .driverFailed)
    default:
      completion.handle = HandleFacts(
        device: 1, inode: UInt64(waiting.id), isSocket: waiting.isSocket)
    }
    guard let reply = broker.complete(ticket, completion, at: time) else {
      throw SimulationFailure(text: "no reply to \(waiting)")
    }
    try check(
      reply.id == waiting.id && reply.detail == completion.detail
        && reply.status == completion.status && Int(reply.door) == waiting.door,
      "\(reply) for \(waiting)")
    try check((reply.handle != 0) == (completion.handle != nil), "the handle of \(reply)")
    if reply.handle != 0 {
      let slot = Ledger.slot(reply.handle)
      if let old = model.ledger.keys.first(where: { Ledger.slot($0) == slot }) {
        let isHeld = model.ledger[old] == .open && broker.ledger.count > 1024
        try check(model.ledger.count == 1024 && !isHeld, "\(old) was forgotten needlessly")
        model.ledger[old] = nil
      }
      model.ledger[reply.handle] = .open
    }
    model.requests[ticket] = nil
    try answered(reply, waiting.door)
    try check(broker.complete(ticket, completion, at: time) == nil, "completed twice")
  }

  // MARK: Ends

  /// In the model: the broker has to say so.
  mutating func end(_ ticket: Ticket, _ detail: ReplyDetail) {
    guard let waiting = model.requests[ticket] else { return }
    if waiting.phase == .begun, resumed.remove(ticket) == nil { abandoned.insert(ticket) }
    expected[waiting.id] = detail
    touched.insert(waiting.id)
    if model.doors.contains(waiting.door) {
      replies[ticket] = detail
    } else {
      model.requests[ticket] = nil
    }
    model.requests[ticket]?.phase = .unsent
  }

  private mutating func close(_ handle: UInt32) {
    guard let state = model.ledger[handle], let entry = broker.ledger.entry(handle) else {
      model.ledger[handle] = nil
      return
    }
    // The cut comes as an action and takes it out.
    model.ledger[handle] = entry.facts.isSocket && state != .cut ? .closing : nil
  }

  private mutating func withdraw(_ grant: Int, _ detail: ReplyDetail) {
    for (ticket, waiting) in model.requests
    where waiting.grant == grant && waiting.phase != .unsent { end(ticket, detail) }
    for (handle, state) in model.ledger where state == .open {
      guard let entry = broker.ledger.entry(handle), Int(entry.grant) == grant else { continue }
      model.ledger[handle] = entry.facts.isSocket ? .cutting : .outstanding
    }
  }

  private mutating func advance() throws(SimulationFailure) {
    now += Int64(generator.next() % 60)
    broker.advance(to: chance(1, in: 50) ? .ms(now - 1000) : time)
    broker.advance(to: time)
    for grant in model.end(at: now) { withdraw(grant, .lease) }
    for (ticket, waiting) in model.requests
    where waiting.phase != .unsent && waiting.deadline <= now {
      end(ticket, waiting.isOperatorsTime ? .unanswered : .deadline)
    }
  }

  private mutating func revoke() throws(SimulationFailure) {
    let grant = Int(generator.next() % 8)
    try check(broker.revoke(UInt16(grant), at: time), "no such grant")
    if !model.standings[grant].isRevoked {
      model.standings[grant].isRevoked = true
      withdraw(grant, .revoked)
    }
  }

  private mutating func changeDoors() throws(SimulationFailure) {
    let doors = model.doors.sorted()
    if doors.count < 4, let door = any(generator.next(), doors), model.canReceive(door) {
      let id = nextId
      nextId += 1
      touched.insert(id)
      let decision = broker.receive(TestRequest(id) { _ in .doorOpen }, door: door, at: now)
      guard case .openDoor(let ticket, let new) = decision, !model.doors.contains(new) else {
        throw SimulationFailure(text: "\(decision) for another door")
      }
      let status: UInt32 = chance(1, in: 4) ? 24 : 0
      if status == 0 { model.doors.insert(new) }
      guard let reply = broker.complete(ticket, Completion(status: status), at: time) else {
        throw SimulationFailure(text: "no reply about another door")
      }
      return try answered(reply, door)
    }
    guard doors.count > 1, let door = any(generator.next(), doors) else { return }
    model.doors.remove(door)
    if chance(1, in: 2) {
      broker.cutOff(door: door, for: chance(1, in: 2) ? .body : nil, at: time)
    } else if let other = model.requests.values.first(where: { $0.door == door })?.id {
      let decision = broker.receive(.open(other), door: door, at: now)
      // Without room it is not even looked at.
      if decision == .notNow { broker.cutOff(door: door, for: nil, at: time) }
      try check(decision == .cutOff(.id) || decision == .notNow, "\(decision) for an id twice")
    } else {
      broker.cutOff(door: door, for: nil, at: time)
    }
    for (ticket, waiting) in model.requests where waiting.door == door {
      if waiting.phase == .unsent {
        model.requests[ticket] = nil
        touched.insert(waiting.id)
      } else {
        end(ticket, .cancelled)
      }
    }
  }

  // MARK: The operator

  private mutating func answer() throws(SimulationFailure) {
    guard let grant = any(generator.next(), [3, 5]) else { return }
    let kind = generator.next() % 40
    let answer: GrantAnswer =
      switch kind {
      case 0: chance(1, in: 4) ? .run : .once
      case 1: chance(1, in: 8) ? .never : .once
      case 2..<25: .once
      default: .no
      }
    let question = model.shown[grant]
    let isInForce = !model.standings[grant].isRevoked && !model.standings[grant].isOver
    let decides = broker.answer(answer, grant: UInt16(grant), question: question, at: time)
    if answer == .once || answer == .no {
      try check(decides == (isInForce && question != nil), "an answer to \(question as Any)")
      guard decides, let question else { return }
      if answer == .no { end(question, .denied) } else { resume(question, grant) }
    } else {
      try check(decides == isInForce, "a standing answer")
      guard decides else { return }
      model.standings[grant].answer = answer == .run ? .yes : .no
      let asking = model.requests.filter { $0.value.phase == .asking && $0.value.grant == grant }
      for ticket in asking.keys.sorted(by: { $0.serial < $1.serial }) {
        if answer == .run { resume(ticket, grant) } else { end(ticket, .denied) }
      }
    }
  }

  private mutating func resume(_ ticket: Ticket, _ grant: Int) {
    if model.isUsedUp(grant) { return end(ticket, .count) }
    model.standings[grant].used += 1
    performed += 1
    guard var waiting = model.requests[ticket] else { return }
    waiting.phase = .begun
    waiting.isOperatorsTime = false
    waiting.deadline = begunDeadline(waiting)
    model.requests[ticket] = waiting
    resumed.insert(ticket)
  }

  // MARK: Actions

  private mutating func drain() throws(SimulationFailure) {
    while let action = broker.nextAction() { try follow(action) }
    try check(
      replies.isEmpty && abandoned.isEmpty && resumed.isEmpty,
      "never said: \(replies) \(abandoned) \(resumed)")
    for grant in [3, 5] {
      try check(model.shown[grant] == oldest(grant), "the operator is shown the wrong request")
    }
    for state in model.ledger.values {
      try check(state != .cutting && state != .closing, "a socket was not cut")
    }
  }

  private func oldest(_ grant: Int) -> Ticket? {
    model.requests.filter { $0.value.phase == .asking && $0.value.grant == grant }.keys
      .min { $0.serial < $1.serial }
  }

  private mutating func follow(_ action: BrokerAction) throws(SimulationFailure) {
    switch action {
    case .perform(let ticket, _, let atOnce):
      try check(resumed.remove(ticket) != nil, "performed without an answer")
      if atOnce { try finish(ticket) }
    case .abandon(let ticket, _):
      try check(abandoned.remove(ticket) != nil, "abandoned what is wanted")
    case .reply(let reply):
      try check(replies.removeValue(forKey: reply.ticket) == reply.detail, "\(reply)")
      if chance(9, in: 10) { sent(reply.ticket) }
    case .ask(let ticket, let grant):
      try check(ticket == oldest(Int(grant)), "asked about another request")
      model.shown[Int(grant)] = ticket
    case .withdraw(let grant):
      try check(oldest(Int(grant)) == nil, "no question for what waits")
      model.shown[Int(grant)] = nil
    case .cut(let handle):
      let state = model.ledger[handle]
      try check(state == .cutting || state == .closing, "cut a socket in use")
      broker.didCut(handle)
      model.ledger[handle] = state == .cutting ? .cut : nil
    }
  }
}
