/// A request that waits for somebody: its message, and what came with it.
final class KeptRequest {
  let ticket: Ticket
  let message: RequestMessage
  let bytes: [UInt8]
  /// What is being done for it.
  var work: NetworkWork?
  var service: ServiceWork?
  /// What came with it, until a driver has it.
  var descriptors: [HeldDescriptor]

  init(
    _ ticket: Ticket, _ message: RequestMessage, _ bytes: Span<UInt8>,
    _ descriptors: [HeldDescriptor]
  ) {
    self.ticket = ticket
    self.descriptors = descriptors
    self.message = message
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for place in 0..<bytes.count { copy.append(bytes[place]) }
    self.bytes = copy
  }
}

extension BrokerSession {
  /// Takes one message of a door.
  mutating func receive(_ number: Int, _ door: BrokerDoor) {
    var arrival: PacketArrival?
    inbox.begin(door: number)
    do throws(SystemError) {
      arrival = try book.withMutableBytes(BrokerInbox.range) { room throws(SystemError) in
        try Packets.receive(from: door.descriptor, into: &room)
      }
    } catch {
      return closeDoor(number, for: nil)
    }
    guard var arrival else { return }
    if arrival.size == 0 { return closeDoor(number, for: door.isHungUp ? nil : .short) }
    var passed: [HeldDescriptor] = []
    for place in 0..<arrival.descriptors.count {
      if let one = HeldDescriptor(arrival.descriptors.take(place)) { passed.append(one) }
    }
    let range = BrokerInbox.range.prefix(arrival.size)
    let book = self.book
    book.withBytes(range) { bytes in
      do throws(WireViolation) {
        let message = try RequestMessage.decode(
          bytes, descriptors: arrival.descriptors.count, isTruncated: arrival.isTruncated,
          lostDescriptors: arrival.lostDescriptors)
        decide(message, bytes, passed, number)
      } catch {
        closeDoor(number, for: error, opcode: bytes.count >= 2 ? Self.opcode(bytes) : 0)
      }
    }
  }

  private static func opcode(_ bytes: Span<UInt8>) -> UInt16 {
    UInt16(bytes[0]) | UInt16(bytes[1]) << 8
  }

  private mutating func decide(
    _ message: RequestMessage, _ bytes: Span<UInt8>, _ passed: [HeldDescriptor], _ number: Int
  ) {
    let decision = broker.receive(message, in: bytes, door: number, at: turnTime)
    /* It is in the journal now. */
    inbox.end()
    switch decision {
    case .perform(let ticket): perform(ticket, message.request, bytes)
    case .begin(let ticket, let driver):
      keep(ticket, message, bytes, passed)
      work(ticket, driver)
    case .ask(let ticket):
      keep(ticket, message, bytes, passed)
      if let grant = message.request.grant { ask(ticket, grant) }
    case .wait(let ticket): keep(ticket, message, bytes, passed)
    case .openDoor(let ticket, let new): openDoor(ticket, new)
    case .answer(let reply): answer(reply, message.request, bytes)
    case .cutOff(let violation):
      closeDoor(number, for: violation, opcode: message.request.opcode.rawValue)
    case .notNow:
      /* Asked before it was received: cannot be. */
      closeDoor(number, for: nil)
    }
  }

  private mutating func keep(
    _ ticket: Ticket, _ message: RequestMessage, _ bytes: Span<UInt8>, _ passed: [HeldDescriptor]
  ) {
    if kept[Int(ticket.slot)] == nil { keptCount += 1 }
    kept[Int(ticket.slot)] = KeptRequest(ticket, message, bytes, passed)
  }

  mutating func kept(_ ticket: Ticket) -> KeptRequest? {
    guard let request = kept[Int(ticket.slot)], request.ticket == ticket else { return nil }
    return request
  }

  mutating func forget(_ ticket: Ticket) {
    guard keptCount > 0, let request = kept(ticket) else { return }
    keptCount -= 1
    if request.work != nil { working -= 1 }
    kept[Int(ticket.slot)] = nil
    leaveCommand(request)
  }

  /// An operator said yes.
  mutating func resume(_ ticket: Ticket, _ driver: Int?, atOnce: Bool) {
    guard let request = kept(ticket) else { return complete(ticket, .failed(Errno.inputOutput)) }
    if atOnce {
      forget(ticket)
      let bytes = request.bytes
      perform(ticket, request.message.request, bytes.span)
    } else {
      work(ticket, driver)
    }
  }

  /// Ends a request that brings nothing but its status.
  mutating func complete(_ ticket: Ticket, _ completion: Completion) {
    forget(ticket)
    if let reply = broker.complete(ticket, completion, at: now) { send(reply) }
  }

  /// Ends a request that brings a descriptor, which is closed here.
  mutating func complete(
    _ ticket: Ticket, with descriptor: consuming Descriptor, isSocket: Bool, port: UInt16? = nil
  ) {
    let status: FileStatus
    do throws(SystemError) { status = try FileStatus.of(descriptor) } catch {
      return complete(ticket, .failed(error.number))
    }
    let facts = HandleFacts(device: status.device, inode: status.inode, isSocket: isSocket)
    complete(ticket, with: descriptor, facts, port: port)
  }

  /// The same, where it is known what it names.
  mutating func complete(
    _ ticket: Ticket, with descriptor: consuming Descriptor, _ facts: HandleFacts,
    port: UInt16? = nil
  ) {
    forget(ticket)
    /* A driver's process has no ledger: who asks it keeps that. */
    let completion = start.isDriver ? Completion() : Completion(handle: facts)
    guard let reply = broker.complete(ticket, completion, at: now) else { return }
    guard reply.status == 0, reply.handle != 0 || start.isDriver else { return send(reply) }
    if facts.isSocket, !start.isDriver, let grant = reply.grant {
      tell(.gaveSocket(handle: reply.handle, grant: grant), passing: descriptor.raw)
    }
    begin(reply)
    outgoing.append(reply.handle)
    if let port { outgoing.append(port) }
    finish(reply, passing: descriptor.raw)
  }

  private mutating func openDoor(_ ticket: Ticket, _ number: Int) {
    do throws(SystemError) {
      let ends = try Packets.pair()
      let apps = try ends.other.duplicate()
      let inode = try FileStatus.of(apps).inode
      tell(.openedDoor(number: UInt16(number), inode: inode), passing: ends.one.raw)
      try addDoor(number, ends.keepOne())
      guard let reply = broker.complete(ticket, Completion(), at: now) else {
        return closeDoor(number, for: nil)
      }
      begin(reply)
      finish(reply, passing: reply.status == 0 ? apps.raw : -1)
    } catch {
      tell(.closedDoor(number: UInt16(number)))
      complete(ticket, .failed(error.number))
    }
  }
}

extension Completion {
  static func failed(_ number: Int32, _ detail: ReplyDetail = .kernel) -> Completion {
    Completion(status: UInt32(number), detail: detail)
  }
}

extension PacketEnds {
  consuming func keepOne() -> Descriptor { one }
}
