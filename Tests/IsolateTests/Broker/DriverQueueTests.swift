import Testing

@testable import Isolate

@Suite("What a driver owes")
struct DriverQueueTests {
  private func ticket(_ number: UInt64) -> Ticket { Ticket(slot: UInt8(number), serial: number) }

  private func queue(_ most: Int, deadline: Int64 = 100) -> DriverQueue {
    var driver = TestGrants.driver("d")
    driver.queue = most
    driver.deadlineMilliseconds = deadline
    return DriverQueue(driver)
  }

  /// Sends what can be sent; the ids, by request.
  private func pump(_ queue: inout DriverQueue, at now: Int64 = 0) -> [DriverQueue.Order] {
    var sent: [DriverQueue.Order] = []
    while let order = queue.next() {
      queue.sent(order, at: .ms(now))
      sent.append(order)
    }
    return sent
  }

  private func answer(
    _ queue: inout DriverQueue, _ id: UInt32, _ opcode: Opcode = .driverCall, more: Bool = false,
    at now: Int64 = 0
  ) -> Result<Ticket?, WireViolation> {
    do throws(WireViolation) {
      return .success(
        try queue.answer(ReplyHead(opcode, id: id, hasMore: more), at: .ms(now)))
    } catch {
      return .failure(error)
    }
  }

  @Test("answers are of requests that it was sent, once, and of their kind") func answers() {
    var queue = queue(4)
    for number in 1...2 as ClosedRange<UInt64> { queue.add(ticket(number), .driverCall) }
    #expect(
      pump(&queue) == [.ask(ticket(1), .driverCall, id: 1), .ask(ticket(2), .driverCall, id: 2)])
    #expect(answer(&queue, 3) == .failure(.id))
    #expect(answer(&queue, 1, .fileOpen) == .failure(.opcode))
    #expect(answer(&queue, 1, more: true) == .failure(.flags))
    #expect(answer(&queue, 2) == .success(ticket(2)))
    #expect(answer(&queue, 2) == .failure(.id))
    #expect(answer(&queue, 1) == .success(ticket(1)))
    #expect(queue.owed == 0)
  }

  @Test("it is sent no more than its queue holds; what was given up counts until it is answered")
  func bounds() {
    var queue = queue(2)
    for number in 1...5 as ClosedRange<UInt64> { queue.add(ticket(number), .driverCall) }
    #expect(pump(&queue).count == 2 && queue.hasWaiting)
    queue.abandon(ticket(1))
    queue.abandon(ticket(3))
    #expect(pump(&queue) == [.cancel(of: 1, id: 3)])
    #expect(answer(&queue, 1) == .success(nil))
    #expect(pump(&queue) == [.ask(ticket(4), .driverCall, id: 4)])
    #expect(answer(&queue, 3, .cancel) == .success(nil))
    #expect(Set(queue.giveUp()) == [ticket(2), ticket(4), ticket(5)])
    #expect(queue.owed == 0 && !queue.hasWaiting)
  }

  @Test("one that is gone takes along what it was sent, and nothing else") func loss() {
    var queue = queue(2)
    for number in 1...3 as ClosedRange<UInt64> { queue.add(ticket(number), .driverCall) }
    _ = pump(&queue)
    queue.abandon(ticket(2))
    #expect(queue.fail() == [ticket(1)])
    #expect(pump(&queue) == [.ask(ticket(3), .driverCall, id: 3)])
    #expect(answer(&queue, 1) == .failure(.id))
  }

  @Test("silence is counted from its last word, while it owes one") func silence() {
    var queue = queue(4, deadline: 100)
    #expect(queue.silenceEnd == nil)
    queue.add(ticket(1), .driverCall)
    #expect(queue.silenceEnd == nil)
    _ = pump(&queue, at: 50)
    #expect(queue.silenceEnd == .ms(250))
    queue.add(ticket(2), .driverCall)
    _ = pump(&queue, at: 100)
    #expect(queue.silenceEnd == .ms(250))
    #expect(answer(&queue, 2, at: 200) == .success(ticket(2)))
    #expect(queue.silenceEnd == .ms(400))
    #expect(answer(&queue, 1, at: 300) == .success(ticket(1)))
    #expect(queue.silenceEnd == nil)
  }

  @Test("it gets nothing to hand out but files, sockets and pipes") func gifts() throws {
    let directory = try Descriptor.openPlace("/")
    let null = try Descriptor.openNull()
    let file = try SharedMemory.makeFile("x", size: 4096)
    let ends = try Packets.pair()
    let pipe = try Pipe().split()
    let kinds: [(Opcode, [Bool])] = [
      (.fileOpen, [false, false, true, false, false]),
      (.secretRead, [false, false, true, false, false]),
      (.deviceOpen, [false, true, false, false, false]),
      (.netConnect, [false, false, false, true, false]),
      (.netListen, [false, false, false, true, false]),
      (.driverCall, [false, false, true, true, true]),
      (.fileStat, [false, false, false, false, false]),
    ]
    for (opcode, wanted) in kinds {
      let fits = [
        DriverGift.status(directory, opcode) != nil, DriverGift.status(null, opcode) != nil,
        DriverGift.status(file, opcode) != nil, DriverGift.status(ends.one, opcode) != nil,
        DriverGift.status(pipe.readEnd, opcode) != nil,
      ]
      #expect(fits == wanted, "\(opcode)")
    }
  }
}

@Suite("A supervisor and its drivers")
struct DriverKeeperTests {
  @Test("a broker is not believed which drivers there are") func index() throws {
    var policy = try Fixture.policy("")
    policy.drivers = [TestGrants.driver("d")]
    let host = Fixture.host()
    let keeper = DriverKeeper(
      policy, host, pins: BrokerPins(policy, credentials: nil), bootStart: .ms(0))
    #expect(!keeper.want(1, 0) && !keeper.want(-1, 0) && !keeper.want(65535, 0))
    keeper.failed(7, 0)
    keeper.send(.revoke(grant: 0), to: 7)
    #expect(keeper.takeOrders().isEmpty && keeper.door == -1)
    /* Built in by its table, but no such driver is: it cannot be had, and is not tried again at once. */
    #expect(keeper.want(0, 0))
    #expect(keeper.takeOrders().map(\.0) == [.driverEnded(index: 0)])
    #expect(keeper.takeEvents().count == 1)
    #expect(keeper.want(0, 1))
    #expect(keeper.takeOrders().map(\.0) == [.driverEnded(index: 0)])
    #expect(keeper.takeEvents().isEmpty)
  }

  @Test("a daemon watches all that a keeper watches") func daemon() {
    #expect(DaemonDoor.broker.count == BrokerKeeper.doorCount)
  }

  @Test("messages about drivers come through whole") func messages() {
    let notices: [BrokerNotice] = [
      .wantsDriver(index: 31), .driverFailed(index: 2, reason: BrokerSession.silence),
    ]
    for notice in notices {
      #expect(BrokerMessage(notice).notice(size: BrokerMessage.size) == notice)
    }
    for order in [BrokerOrder.driver(index: 3), .driverEnded(index: 4), .driverLost(index: 5)] {
      #expect(BrokerMessage(order).order(size: BrokerMessage.size) == order)
    }
  }
}
