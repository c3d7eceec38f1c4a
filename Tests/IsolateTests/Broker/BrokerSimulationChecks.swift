@testable import Isolate

extension BrokerSimulation {
  /// What the book says: the journal, the ledger, the grants, and the records since the last time.
  mutating func compare() throws(SimulationFailure) {
    try readRecords()
    try check(expected.isEmpty, "no record of \(expected)")
    let journal = (0..<BookLayout.requests).compactMap { book.reader.unfinished($0)?.record.id }
    try check(
      journal.sorted() == model.requests.values.map(\.id).sorted(), "the journal is another")
    try check(model.waiting() <= WireLimits.outstanding, "too many wait")
    let ledger = Dictionary(uniqueKeysWithValues: book.reader.handles.map { ($0.handle, $0.state) })
    try check(ledger == model.ledger, "the ledger is another")
    try check(broker.ledger.count == ledger.count, "the ledger counts wrongly")
    for handle in ledger.keys {
      try check(
        broker.ledger.entry(handle) == book.reader.handle(slot: Ledger.slot(handle)), "entry")
    }
    for grant in model.grants.indices {
      try check(isLike(model.standings[grant], grant), "the state of grant \(grant)")
      if case .state(let state) = book.reader.state(grant: grant) {
        try check(state == broker.grants[grant].state, "the written state of grant \(grant)")
      }
      try check(
        book.reader.metrics(grant: grant) == broker.metrics[grant], "the metrics of \(grant)")
    }
    try check(book.reader.damaged == 0, "damage")
  }

  /// Tokens are compared as what they are worth now.
  private func isLike(_ standing: AppModel.Standing, _ grant: Int) -> Bool {
    let state = broker.grants[grant].state
    if model.grants[grant].count != nil, state.used != UInt64(standing.used) { return false }
    guard state.isRevoked == standing.isRevoked, state.answer == standing.answer else {
      return false
    }
    guard let rate = model.grants[grant].rate else { return true }
    let full = Int(rate.burst) * Int(rate.perMilliseconds)
    let elapsed = Int(now - state.bucket.milliseconds) * Int(rate.requests)
    let level = min(full, Int(state.bucket.level) + max(0, elapsed))
    return level == full - max(0, standing.arrival - Int(now) * Int(rate.requests))
  }

  private mutating func readRecords() throws(SimulationFailure) {
    let new = book.reader.records(after: lastSequence)
    for (sequence, record) in new {
      try check(sequence == lastSequence + 1, "a record is missing before \(sequence)")
      lastSequence = sequence
      try check(record.time >= lastTime, "time steps back")
      lastTime = record.time
      if let detail = expected.removeValue(forKey: record.id) {
        try check(
          detail == record.detail || doubtful.contains(record.id), "\(record), not \(detail)")
        doubtful.remove(record.id)
      } else {
        try check(doubtful.remove(record.id) != nil, "two records, or one of nothing: \(record)")
      }
    }
  }

  // MARK: Death

  /// The broker is gone, perhaps in the middle of this step; what the book has lies between what was before and what would be.
  mutating func die(_ before: AppModel) throws(SimulationFailure) {
    let reader = book.reader
    let journal = (0..<BookLayout.requests).compactMap { reader.unfinished($0) }
    let ids = Set(journal.map(\.record.id))
    try check(ids.count == journal.count, "an id twice in the journal")
    let old = Set(before.requests.values.map(\.id))
    let still = Set(model.requests.values.map(\.id))
    try check(old.intersection(still).subtracting(touched).isSubset(of: ids), "forgotten requests")
    try check(ids.isSubset(of: old.union(still).union(touched)), "unknown requests")
    // What was touched may have ended there, or ends with its broker, or has never come; but what was there before cannot get lost.
    let recorded = Set(reader.records(after: lastSequence).map(\.record.id))
    for id in old.subtracting(ids) where expected[id] != nil {
      try check(recorded.contains(id), "\(id) is lost")
    }
    for id in touched { expected[id] = nil }
    doubtful.formUnion(touched)
    for entry in journal where !doubtful.contains(entry.record.id) {
      expected[entry.record.id] = entry.isRecorded ? expected[entry.record.id] : .brokerRestarted
    }
    try restart(before, ids)
  }

  private mutating func restart(
    _ before: AppModel, _ ids: Set<UInt32>
  ) throws(SimulationFailure) {
    let revoked = model.standings.indices.filter { before.standings[$0].isRevoked }
    broker = Broker(
      BrokerSettings(
        grants: Simulated.grants, drivers: Simulated.drivers, start: .ms(0),
        doors: Array(model.doors)), book: book.memory, at: time)
    for grant in revoked {
      try check(broker.grants[grant].state.isRevoked, "given back by a death")
    }
    let lost = model.doors.filter { !broker.isOpen($0) }
    try check(lost.allSatisfy { !before.doors.contains($0) }, "a door got lost")
    var replied: Set<UInt32> = []
    while let action = broker.nextAction() {
      switch action {
      case .reply(let reply):
        try check(
          reply.detail == .brokerRestarted && reply.status == 5 && reply.handle == 0, "\(reply)")
        try check(replied.insert(reply.id).inserted, "two replies to \(reply.id)")
        broker.sent(reply.ticket)
      case .cut(let handle): broker.didCut(handle)
      case .perform, .abandon, .ask, .withdraw:
        throw SimulationFailure(text: "\(action) of a new broker")
      }
    }
    try check(replied.isSubset(of: ids), "replies to nobody")
    for id in ids.subtracting(replied) {
      try check(
        lost.count > 0 || before.doors != model.doors || isOfClosedDoor(id, before), "\(id)")
    }
    try adopt(before)
  }

  private func isOfClosedDoor(_ id: UInt32, _ before: AppModel) -> Bool {
    !before.requests.values.contains { $0.id == id && model.doors.contains($0.door) }
  }

  /// Goes on from what the new broker has, if that is one of the two things it can be.
  private mutating func adopt(_ before: AppModel) throws(SimulationFailure) {
    for grant in model.grants.indices {
      var possible: [AppModel.Standing] = []
      for used in before.standings[grant].used...model.standings[grant].used {
        for arrival in [before.standings[grant].arrival, model.standings[grant].arrival] {
          for answer in [before.standings[grant].answer, model.standings[grant].answer] {
            for isRevoked in [before.standings[grant].isRevoked, model.standings[grant].isRevoked] {
              var standing = model.standings[grant]
              (standing.used, standing.arrival) = (used, arrival)
              (standing.answer, standing.isRevoked) = (answer, isRevoked)
              possible.append(standing)
            }
          }
        }
      }
      guard let standing = possible.first(where: { isLike($0, grant) }) else {
        throw SimulationFailure(text: "grant \(grant) came back as \(broker.grants[grant].state)")
      }
      model.standings[grant] = standing
    }
    try adoptLedger(before)
    model.doors = model.doors.filter { broker.isOpen($0) }
    if model.doors.isEmpty { throw SimulationFailure(text: "all doors are gone") }
    model.requests = [:]
    model.shown = [:]
    replies = [:]
    abandoned = []
    resumed = []
    noteDeath()
    try readRecords()
    // What is still doubtful never came.
    try check(expected.isEmpty, "no record of \(expected) after a death")
    doubtful = []
    try compare()
  }

  private mutating func adoptLedger(_ before: AppModel) throws(SimulationFailure) {
    var ledger: [UInt32: LedgerState] = [:]
    for entry in book.reader.handles {
      let isKnown = before.ledger[entry.handle] != nil || model.ledger[entry.handle] != nil
      // A descriptor whose reply did not leave any more.
      try check(isKnown || touched.count > 0, "an unknown descriptor")
      let standing = model.standings[Int(entry.grant)]
      try check(
        entry.state != .open || !standing.isRevoked && !standing.isOver, "in use after a death")
      ledger[entry.handle] = entry.state
    }
    for handle in before.ledger.keys where model.ledger[handle] != nil {
      try check(ledger[handle] != nil, "\(handle) got lost")
    }
    model.ledger = ledger
  }
}
