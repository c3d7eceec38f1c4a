/// Carries out `isolated broker`: serves one app until its door closes. Started by a supervisor only.
///
/// - Returns: `BrokerNumbers.End`.
package func runBroker() -> Int32 {
  for number in BrokerNumbers.door...BrokerNumbers.settings where !Output.isOpen(number) {
    Output.complain("'isolated broker' is started by isolated itself, for an app with grants")
    return BrokerNumbers.End.badStart.rawValue
  }
  var session = BrokerSession(
    door: Descriptor(adopting: BrokerNumbers.door),
    control: Descriptor(adopting: BrokerNumbers.control))
  return session.run().rawValue
}

/// One broker: one loop over the app's door, the supervisor's and what outstanding requests wait for.
struct BrokerSession: ~Copyable {
  private let door: Descriptor
  private let control: Descriptor
  private var incoming = WireBuffer()
  private var outgoing = WireBuffer()

  init(door: consuming Descriptor, control: consuming Descriptor) {
    self.door = door
    self.control = control
  }

  mutating func run() -> BrokerNumbers.End {
    tell(.ready)
    while true {
      do throws(SystemError) {
        var doors = [Door(door.raw), Door(control.raw)]
        try Poller.wait(&doors, timeout: nil)
        if doors[1].isHungUp { return .doorClosed }
        if doors[0].isReadable || doors[0].isHungUp {
          if let end = try receive(isHungUp: doors[0].isHungUp) { return end }
        }
      } catch {
        return .badStart
      }
    }
  }

  private mutating func receive(isHungUp: Bool) throws(SystemError) -> BrokerNumbers.End? {
    var span = incoming.bytes.mutableSpan
    guard let arrival = try Packets.receive(from: door, into: &span) else { return nil }
    if arrival.size == 0 && isHungUp { return .doorClosed }
    incoming.received(arrival.size)
    do throws(WireViolation) {
      let message = try RequestMessage.decode(
        incoming.bytes.span.extracting(first: incoming.count),
        descriptors: arrival.descriptors.count, isTruncated: arrival.isTruncated,
        lostDescriptors: arrival.lostDescriptors)
      answer(message)
      return nil
    } catch {
      tell(.cutOff(violation: error.rawValue, opcode: 0))
      return .cutOff
    }
  }

  private mutating func answer(_ message: RequestMessage) {
    let head = ReplyHead(message.request.opcode, id: message.id)
    outgoing.beginReply(head, rule: Span())
    if case .hello = message.request {
      outgoing.append(hello: HelloReply(total: 0))
      let list = outgoing.beginList()
      outgoing.end(list: list, count: 0)
    }
    _ = outgoing.finish()
    _ = Packets.send(outgoing.bytes.span.extracting(first: outgoing.count), to: door)
  }

  private func tell(_ notice: BrokerNotice, passing number: Int32 = -1) {
    let message = BrokerMessage(notice)
    _ = Packets.send(message.bytes.span, to: control, passing: number)
  }
}
