import FilterProbe
import Testing

@testable import Isolate

@Suite("The broker's heap")
struct BrokerAllocationTests {
  /// So that the counter is known to count.
  @Test("is counted") func counted() {
    let before = probe_allocations()
    let array = [Int](repeating: 7, count: Int(probe_allocations() % 7) + 100)
    #expect(array.count >= 100)
    #expect(probe_allocations() > before)
  }

  @Test("is not touched by a file.open that is decided, performed and answered") func open() {
    let grant = TestGrants.directory {
      $0.rate = GrantRate(requests: 1_000_000, perMilliseconds: 1, burst: 1000)
      $0.count = 1_000_000
      $0.leaseMilliseconds = 1_000_000_000
    }
    let book = TestBook()
    var broker = Broker(
      BrokerSettings(grants: [grant], start: .ms(0)), book: book.memory, at: .ms(0))
    var request = TestRequest.open(1, "some/where/in/a/tree", flags: .read)
    let completion = Completion(handle: HandleFacts(device: 1, inode: 2, isSocket: false))
    var answered = 0
    var allocations: UInt64 = 0
    for number in 1...UInt32(3000) {
      request.message.id = number
      let time = BrokerTime(microseconds: Int64(number) * 10)
      let before = probe_allocations()
      let decision = broker.receive(
        request.message, in: request.bytes.span, door: 0, at: time)
      if case .perform(let ticket) = decision,
        let reply = broker.complete(ticket, completion, at: time), reply.handle != 0
      {
        broker.sent(ticket)
        answered += 1
      }
      if broker.nextAction() != nil || broker.nextMoment == nil { answered -= 1 }
      // The first ones make what is made once: metadata, lazy constants.
      if number > 10 { allocations += probe_allocations() - before }
    }
    #expect(answered == 3000)
    #expect(allocations == 0)
  }

  @Test("is not touched by a refusal, nor by what takes its time") func others() {
    let grants = [TestGrants.connect(["*.example.org", "10.0.0.0/8"])]
    let book = TestBook()
    var broker = Broker(
      BrokerSettings(grants: grants, start: .ms(0)), book: book.memory, at: .ms(0))
    var good = TestRequest.connect(1, "www.example.org")
    var bad = TestRequest.connect(1, "example.com")
    let address: [UInt8] = [93, 184, 216, 34]
    var answered = 0
    var allocations: UInt64 = 0
    for number in 1...UInt32(1000) {
      good.message.id = number
      bad.message.id = number + 100_000
      let time = BrokerTime(microseconds: Int64(number) * 10)
      let before = probe_allocations()
      let decision = broker.receive(good.message, in: good.bytes.span, door: 0, at: time)
      if case .begin(let ticket, _) = decision, broker.permits(address.span, for: ticket) {
        broker.advance(to: time)
        if broker.complete(ticket, Completion(), at: time) != nil { answered += 1 }
        broker.sent(ticket)
      }
      let refusal = broker.receive(bad.message, in: bad.bytes.span, door: 0, at: time)
      if case .answer(let reply) = refusal {
        broker.sent(reply.ticket)
        answered += 1
      }
      if number > 10 { allocations += probe_allocations() - before }
    }
    #expect(answered == 2000)
    #expect(allocations == 0)
  }
}
