/// A socket to the app, and the replies that it has not taken.
final class BrokerDoor {
  let descriptor: Descriptor
  /// Something waits to be received, or the peer is gone.
  var isReadable = false
  var isHungUp = false
  /// What epoll watches for.
  fileprivate(set) var wanted: EventQueue.Wanted = .reading
  /// Each keeps its request's slot, so there are never more than `BookLayout.requests` at all doors.
  fileprivate var queue: [QueuedReply] = []

  fileprivate struct QueuedReply {
    var bytes: [UInt8]
    var descriptors: [HeldDescriptor]
    var ticket: Ticket
  }

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

extension BrokerSession {
  mutating func addDoor(_ number: Int, _ descriptor: consuming Descriptor) throws(SystemError) {
    let door = BrokerDoor(descriptor)
    try events.add(door.descriptor.raw, token: Token.door.with(number), .reading)
    doors[number] = door
  }

  /// The app has closed it, or broke the protocol there.
  mutating func closeDoor(_ number: Int, for violation: WireViolation?, opcode: UInt16 = 0) {
    guard let door = doors[number] else { return }
    broker.cutOff(door: number, for: violation, at: now)
    events.remove(door.descriptor.raw)
    if !door.wanted.contains(.reading) { pausedDoors -= 1 }
    setReadable(door, false)
    if let violation {
      /* Before the app can see it, and end. */
      tell(.cutOff(violation: violation.rawValue, opcode: opcode))
      Packets.shut(door.descriptor)
    }
    doors[number] = nil
    if number != 0 { tell(.closedDoor(number: UInt16(number))) }
    if violation != nil {
      end = .cutOff
    } else if doors.allSatisfy({ $0 == nil }) {
      end = .doorClosed
    }
  }

  /// Doors that have something for us and no room for it are not watched until there is some: the app waits in its socket.
  mutating func pause() {
    for number in doors.indices {
      guard let door = doors[number], door.isReadable || !door.wanted.contains(.reading) else {
        continue
      }
      watch(number, door)
    }
  }

  private mutating func watch(_ number: Int, _ door: BrokerDoor) {
    var wanted: EventQueue.Wanted = broker.canReceive(door: number) ? .reading : []
    if !door.queue.isEmpty { wanted.insert(.writing) }
    guard wanted != door.wanted else { return }
    if wanted.contains(.reading) != door.wanted.contains(.reading) {
      pausedDoors += wanted.contains(.reading) ? -1 : 1
    }
    door.wanted = wanted
    do throws(SystemError) {
      try events.change(door.descriptor.raw, token: Token.door.with(number), wanted)
    } catch {
      closeDoor(number, for: nil)
    }
  }

  // MARK: Replies

  /// Writes the beginning of a reply into `outgoing`.
  mutating func begin(_ reply: BrokerReply) {
    let head = ReplyHead(
      reply.opcode, id: reply.id, status: reply.status, detail: reply.detail, grant: reply.grant)
    if let grant = reply.grant {
      let rule = broker.rules[Int(grant)].position
      outgoing.beginReply(head, rule: rule.span)
    } else {
      outgoing.beginReply(head, rule: Span())
    }
  }

  /// A reply that is only its beginning.
  mutating func send(_ reply: BrokerReply) {
    begin(reply)
    finish(reply)
  }

  /// Sends what `outgoing` holds, with a descriptor or (-1) none, which stays the caller's.
  mutating func finish(_ reply: BrokerReply, passing number: Int32 = -1) {
    let one = InlineArray<1, Int32>(repeating: number)
    finish(reply, passing: one.span.extracting(first: number < 0 ? 0 : 1))
  }

  /// The same with any number of them.
  mutating func finish(_ reply: BrokerReply, passing numbers: Span<Int32>) {
    guard outgoing.finish() else {
      /* A driver gave more than fits: an error, never half of it. */
      var failed = reply
      failed.status = UInt32(Errno.tooLong)
      begin(failed)
      _ = outgoing.finish()
      return deliver(failed, passing: Span())
    }
    deliver(reply, passing: numbers)
  }

  private mutating func deliver(_ reply: BrokerReply, passing numbers: Span<Int32>) {
    guard let door = doors[Int(reply.door)] else { return broker.sent(reply.ticket) }
    if !door.queue.isEmpty { return queue(reply, door, numbers) }
    broker.sending(reply.ticket)
    let sent = noting { note in
      Packets.send(
        outgoing.bytes.span.extracting(first: outgoing.count), to: door.descriptor,
        passing: numbers, noting: &note)
    }
    switch sent {
    case .done: broker.sent(reply.ticket)
    case .full: queue(reply, door, numbers)
    case .failed(let error):
      if numbers.count > 0, error != Errno.brokenPipe, error != Errno.connectionReset {
        return refuse(reply, error)
      }
      /* The peer is gone: its end shows in its own time. */
      broker.sent(reply.ticket)
    }
  }

  /// The kernel notes in the book that the reply has left: a successor has to know, whenever this broker is killed.
  private func noting(_ send: (inout MutableSpan<UInt8>) -> Packets.Sent) -> Packets.Sent {
    do throws(SystemError) {
      return try book.withMutableBytes(BookLayout.note) { note throws(SystemError) in send(&note) }
    } catch {
      return .failed(error.number)
    }
  }

  /// The kernel would not pass the descriptor: too many are on their way.
  private mutating func refuse(_ reply: BrokerReply, _ error: Int32) {
    var refused = reply
    refused.status = UInt32(error)
    refused.handle = 0
    if reply.handle != 0 { _ = broker.close(reply.handle) }
    begin(refused)
    _ = outgoing.finish()
    deliver(refused, passing: Span())
  }

  private mutating func queue(_ reply: BrokerReply, _ door: BrokerDoor, _ numbers: Span<Int32>) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(outgoing.count)
    for place in 0..<outgoing.count { bytes.append(outgoing.bytes[place]) }
    var descriptors: [HeldDescriptor] = []
    for place in 0..<numbers.count {
      do throws(SystemError) {
        descriptors.append(HeldDescriptor(try Descriptor.duplicate(numbers[place])))
      } catch {
        return refuse(reply, error.number)
      }
    }
    door.queue.append(
      BrokerDoor.QueuedReply(bytes: bytes, descriptors: descriptors, ticket: reply.ticket))
    watch(Int(reply.door), door)
  }

  /// The app reads again.
  mutating func flush(_ number: Int, _ door: BrokerDoor) {
    var done = 0
    while done < door.queue.count {
      let next = door.queue[done]
      let numbers = next.descriptors.map { $0.descriptor.raw }
      broker.sending(next.ticket)
      let sent = noting { note in
        Packets.send(next.bytes.span, to: door.descriptor, passing: numbers.span, noting: &note)
      }
      if case .full = sent { break }
      broker.sent(next.ticket)
      done += 1
    }
    door.queue.removeFirst(done)
    watch(number, door)
  }
}
