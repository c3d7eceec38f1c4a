/// What the broker answers by itself.
extension BrokerSession {
  /// A request that was decided without a driver.
  mutating func answer(_ reply: BrokerReply, _ request: Request, _ bytes: Span<UInt8>) {
    guard reply.status == 0 else { return send(reply) }
    switch request {
    case .hello(let hello): answer(reply, hello)
    case .handleList(let first): answer(reply, handlesFrom: first)
    case .notify(let text):
      tell(.notified(BrokerText(bytes.extracting(text.range(in: bytes)))))
      send(reply)
    case .cancel, .handleClose, .doorOpen, .fileOpen, .fileStat, .fileList, .fileRemove,
      .fileRename, .fileMakeDirectory, .netConnect, .netListen, .netResolve, .secretRead,
      .deviceOpen, .appStart, .appSignal, .appStatus, .clockSet, .driverCall:
      send(reply)
    }
  }

  private mutating func answer(_ reply: BrokerReply, _ hello: HelloRequest) {
    begin(reply)
    outgoing.append(hello: HelloReply(total: UInt16(broker.rules.count)))
    let list = outgoing.beginList()
    var count: UInt16 = 0
    var index = Int(hello.first)
    while index < broker.rules.count {
      let rule = broker.rules[index]
      let isTold = outgoing.append(
        grant: rule.name.utf8.span, kind: rule.kind, rights: rule.rights.rawValue)
      guard isTold else {
        outgoing.setMore()
        break
      }
      count += 1
      index += 1
    }
    outgoing.end(list: list, count: count)
    finish(reply)
  }

  /// In the ledger's order; `first` is 0, or the last handle that was told.
  private mutating func answer(_ reply: BrokerReply, handlesFrom first: UInt32) {
    begin(reply)
    let list = outgoing.beginList()
    var count: UInt16 = 0
    let now = self.now
    for slot in (first == 0 ? 0 : Ledger.slot(first) + 1)..<WireLimits.handles {
      guard let entry = broker.ledger.entry(slot: slot) else { continue }
      let isTold = outgoing.append(
        handle: HandleEntry(
          handle: entry.handle, grant: entry.grant, kind: entry.kind, state: entry.wireState,
          ageMilliseconds: now.microseconds(since: entry.time) / 1000,
          rights: entry.rights.rawValue))
      guard isTold else {
        outgoing.setMore()
        break
      }
      count += 1
    }
    outgoing.end(list: list, count: count)
    finish(reply)
  }

  // MARK: The operator

  /// Shows a question, in place of the one that was shown for the grant before.
  mutating func ask(_ ticket: Ticket, _ grant: UInt16) {
    withdraw(grant)
    guard let slot = broker.table.slot(ticket) else { return }
    let request = broker.table[slot]
    shown[grant] = ticket
    let left = request.deadline.microseconds(since: now) / 1000
    let bytes = kept(ticket)?.bytes ?? []
    let text = kept(ticket)?.message.request.subject ?? .empty
    let subject = text.array(in: bytes.span)
    tell(
      .asks(
        number: ticket.serial, grant: grant, opcode: request.record.opcode.rawValue,
        milliseconds: Int64(clamping: left), subject: BrokerText(subject)))
  }

  mutating func withdraw(_ grant: UInt16) {
    guard let old = shown.removeValue(forKey: grant) else { return }
    tell(.askGone(number: old.serial))
  }

  // MARK: The supervisor

  mutating func readOrders(isHungUp: Bool) {
    while end == nil {
      var message = BrokerMessage()
      do throws(SystemError) {
        var room = message.bytes.mutableSpan
        guard var arrival = try Packets.receive(from: control, into: &room) else { return }
        /* The supervisor is gone, and with it our reason to be. */
        if arrival.size == 0 {
          end = .doorClosed
          return
        }
        guard let order = message.order(size: arrival.size) else { continue }
        obey(order, arrival.descriptors.take(0))
        follow()
      } catch {
        end = .doorClosed
      }
    }
  }

  private mutating func obey(_ order: BrokerOrder, _ passed: consuming Descriptor?) {
    switch order {
    case .begin, .rehearse: break
    case .answer(let number, let answer): decide(number, answer)
    case .revoke(let grant): _ = broker.revoke(grant, at: now)
    case .door(let number):
      guard let door = passed, doors.indices.contains(Int(number)), doors[Int(number)] == nil
      else { return }
      do throws(SystemError) { try addDoor(Int(number), door) } catch {
        broker.cutOff(door: Int(number), for: nil, at: now)
      }
    case .served(let ticket, let status, let state, let exit, let name):
      served(ticket, status, passed, state: state, exit: exit, name: name)
    case .commandEnded(let ticket, let isWell): commandEnded(ticket, isWell)
    case .driver(let index): begin(driver: Int(index), passed)
    case .driverEnded(let index): refuse(driver: Int(index))
    case .driverLost(let index): end(driver: Int(index))
    case .tookRecords(let sequence): broker.tookRecords(sequence)
    case .socketGone(let handle): _ = broker.close(handle)
    }
  }

  private mutating func decide(_ number: UInt64, _ answer: AskAnswer) {
    guard let (grant, ticket) = shown.first(where: { $0.value.serial == number }) else { return }
    let decided: GrantAnswer
    switch answer {
    case .no: decided = .no
    case .once: decided = .once
    case .forThisRun: decided = .run
    case .never: decided = .never
    }
    _ = broker.answer(decided, grant: grant, question: ticket, at: now)
  }
}
