/// What one driver with a process of its own is to do, and what it owes. It knows no descriptor and no clock.
///
/// A request waits here until it is sent. From then on the driver owes a reply, even when nobody wants it any more: a cancel
/// follows then, which is owed a reply as any request is. Bounded by the driver's `queue`: so many requests without a reply, and
/// as many cancels.
package struct DriverQueue: Sendable {
  /// What is to be sent next.
  package enum Order: Hashable, Sendable {
    case ask(Ticket, Opcode, id: UInt32)
    /// Of the request that was sent with this number.
    case cancel(of: UInt32, id: UInt32)
  }

  private struct Debt: Sendable {
    var id: UInt32
    var opcode: Opcode
    /// Nil: nobody waits for it.
    var ticket: Ticket?
  }

  private struct Waiting: Sendable {
    var ticket: Ticket
    var opcode: Opcode
  }

  /// Of requests without a reply, and of cancels.
  let most: Int
  /// How long it may owe something and say nothing, in milliseconds.
  let patience: Int64
  private var waiting: [Waiting] = []
  private var cancels: [UInt32] = []
  private var debts: [Debt] = []
  private var lastId: UInt32 = 0
  private var silentSince: BrokerTime?

  package init(_ driver: DriverPolicy) {
    most = max(1, driver.queue)
    patience = 2 * max(1, min(driver.deadlineMilliseconds, Int64(WireLimits.longestDeadline)))
  }

  /// Requests that were not sent yet.
  package var hasWaiting: Bool { !waiting.isEmpty }
  /// How much the driver owes.
  package var owed: Int { debts.count }
  /// When a driver that says nothing until then is to be replaced; nil: it owes nothing.
  package var silenceEnd: BrokerTime? { silentSince?.adding(milliseconds: patience) }

  private var owedCancels: Int {
    var count = 0
    for debt in debts where debt.opcode == .cancel { count += 1 }
    return count
  }

  package mutating func add(_ ticket: Ticket, _ opcode: Opcode) {
    waiting.append(Waiting(ticket: ticket, opcode: opcode))
  }

  /// Nil: there is nothing, or the driver owes as much as it may.
  package func next() -> Order? {
    let id = lastId == .max ? 1 : lastId + 1
    if let old = cancels.first, owedCancels < most { return .cancel(of: old, id: id) }
    guard let first = waiting.first, debts.count - owedCancels < most else { return nil }
    return .ask(first.ticket, first.opcode, id: id)
  }

  /// What `next` gave has left.
  package mutating func sent(_ order: Order, at now: BrokerTime) {
    switch order {
    case .ask(let ticket, let opcode, let id):
      waiting.removeAll { $0.ticket == ticket }
      debts.append(Debt(id: id, opcode: opcode, ticket: ticket))
      lastId = id
    case .cancel(let old, let id):
      cancels.removeAll { $0 == old }
      debts.append(Debt(id: id, opcode: .cancel, ticket: nil))
      lastId = id
    }
    if silentSince == nil { silentSince = now }
  }

  /// A request that cannot be sent.
  package mutating func drop(_ ticket: Ticket) { waiting.removeAll { $0.ticket == ticket } }

  /// Nobody wants its reply any more.
  package mutating func abandon(_ ticket: Ticket) {
    drop(ticket)
    for place in debts.indices where debts[place].ticket == ticket {
      debts[place].ticket = nil
      if cancels.count < most { cancels.append(debts[place].id) }
    }
  }

  /// A reply has come.
  ///
  /// - Returns: whose it is; nil: nobody's, and what came with it is to be closed.
  /// - Throws: it answers nothing that was asked, or says what no driver may: it is no driver's word, and the driver is to be
  ///   replaced.
  package mutating func answer(
    _ head: ReplyHead, at now: BrokerTime
  ) throws(WireViolation) -> Ticket? {
    guard let place = debts.firstIndex(where: { $0.id == head.id }) else { throw .id }
    let debt = debts[place]
    guard debt.opcode == head.opcode else { throw .opcode }
    // Everything is one message.
    guard !head.hasMore else { throw .flags }
    debts.remove(at: place)
    cancels.removeAll { $0 == head.id }
    silentSince = debts.isEmpty ? nil : now
    return debt.ticket
  }

  /// The driver is gone, and what it had with it. What was never sent waits for the next.
  ///
  /// - Returns: the requests that it took along.
  package mutating func fail() -> [Ticket] {
    let lost = debts.compactMap(\.ticket)
    debts = []
    cancels = []
    silentSince = nil
    return lost
  }

  /// There will be no driver for those that wait.
  package mutating func giveUp() -> [Ticket] {
    let lost = fail() + waiting.map(\.ticket)
    waiting = []
    return lost
  }
}
