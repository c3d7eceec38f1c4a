@testable import Isolate

/// Any replies of a driver: each is of a request that it owes one for, or ends it; no request is answered twice or lost, and what
/// it owes stays within bounds.
enum DriverFuzz {
  static func broken(by bytes: [UInt8]) -> String? {
    var source = ByteSource(bytes)
    let most = Int(source.byte() % 8) + 1
    var queue = DriverQueue(
      DriverPolicy(
        name: "d", command: [], profile: nil, deadlineMilliseconds: 10, queue: most,
        position: Position(file: "x", line: 1)))
    var serial: UInt64 = 0
    /// Without an answer; whether somebody still wants it.
    var open: [Ticket: Bool] = [:]
    var sent: [UInt32: Opcode] = [:]
    var now: Int64 = 0
    for _ in 0..<min(bytes.count, 400) {
      now += Int64(source.byte() % 4)
      let moment = BrokerTime(milliseconds: now)
      switch source.byte() % 8 {
      case 0, 1:
        guard open.values.filter({ $0 }).count < most else { continue }
        serial += 1
        let ticket = Ticket(slot: UInt8(serial & 255), serial: serial)
        open[ticket] = true
        queue.add(ticket, source.coin() ? .driverCall : .fileOpen)
      case 2, 3:
        guard let order = queue.next() else { continue }
        switch order {
        case .ask(_, let opcode, let id): sent[id] = opcode
        case .cancel(let old, let id):
          if sent[old] == nil { return "a cancel of what was answered" }
          sent[id] = .cancel
        }
        queue.sent(order, at: moment)
      case 4:
        guard let ticket = open.filter({ $0.value }).keys.min(by: { $0.serial < $1.serial }) else {
          continue
        }
        queue.abandon(ticket)
        open[ticket] = nil
      case 5:
        for ticket in queue.fail() where open.removeValue(forKey: ticket) == nil {
          return "\(ticket) was lost that nobody waits for"
        }
        sent = [:]
      default:
        let count = Int(source.byte() % 64)
        var message = (0..<count).map { _ in source.byte() }
        /* What a fuzzer hardly guesses: a right length, and an id that is owed an answer. */
        if source.coin(), let id = sent.keys.sorted().first, let opcode = sent[id] {
          message = Self.good(id, source.coin() ? opcode : .fileStat)
        } else if count >= 16 {
          WireFuzz.fixLength(&message)
        }
        let envelope = WireEnvelope(descriptors: sent.values.first == .fileOpen ? 1 : 0)
        guard case .success(let reply) = envelope.reply(message) else { continue }
        do throws(WireViolation) {
          let ticket = try queue.answer(reply.head, at: moment)
          let opcode = sent.removeValue(forKey: reply.head.id)
          if opcode != reply.head.opcode { return "a wrong answer" }
          if let ticket, open.removeValue(forKey: ticket) == nil { return "answered twice" }
        } catch {
          let isGood = sent[reply.head.id] == reply.head.opcode && !reply.head.hasMore
          if isGood { return "a good one refused" }
        }
      }
      if queue.owed != sent.count { return "it owes \(queue.owed), not \(sent.count)" }
      if queue.owed > 2 * most { return "it owes too much" }
      if (queue.silenceEnd == nil) != sent.isEmpty { return "silent without a debt" }
    }
    let lost = Set(queue.giveUp())
    return lost == Set(open.keys) ? nil : "\(lost) are lost, of \(open.keys)"
  }

  private static func good(_ id: UInt32, _ opcode: Opcode) -> [UInt8] {
    var buffer = WireBuffer()
    buffer.writeReply(ReplyHead(opcode, id: id, status: 5), rule: Span())
    return buffer.array
  }
}
