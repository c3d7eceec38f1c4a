/// Where a request stands.
enum RequestPhase: UInt8, Sendable {
  case free
  /// A driver within the broker has it, and nothing else happens meanwhile.
  case performing
  /// Somebody works on it.
  case begun
  /// The operator has been asked about it, or will be.
  case asking
  /// The operator said yes; the caller has not been told.
  case resumed
  /// It has ended; the caller has not been told.
  case ended
  /// The caller has its reply, which has not left.
  case answered

  /// One of those that are bounded by `WireLimits.outstanding`.
  @inline(__always)
  var isWaiting: Bool { self == .begun || self == .asking || self == .resumed }
}

/// A request that has not had its reply.
struct RequestSlot: Sendable {
  var phase = RequestPhase.free
  /// What the journal has of it, and later the ring.
  var record = DecisionRecord()
  /// Of the grant that it names, if there is such a grant.
  var grant: Int?
  var driver: Int?
  var rights: GrantRights = []
  var arrival = BrokerTime(microseconds: 0)
  /// After which it ends with nothing.
  var deadline = BrokerTime.distantFuture
  /// That is the operator's time, not the request's own.
  var isOperatorsTime = false
  /// How long it may take, in milliseconds; and how long its driver may.
  var patience: Int64 = 0
  var driverPatience: Int64?
  /// The deadline was named: it also runs while the operator thinks.
  var namesDeadline = false
  /// A driver has it that is to be told to stop.
  var mustAbandon = false
  /// Nobody wants a reply: the door is gone.
  var isUnwanted = false
  /// The door that it asks for.
  var newDoor: Int?
  /// The grant names this machine, and so does the request.
  var isLocalName = false

  /// The caller has to be told something about it.
  @inline(__always)
  var isUntold: Bool { phase == .resumed || phase == .ended || mustAbandon }
}

/// All requests that have not had their replies, and how many of them there are of each sort. Fixed in size.
struct RequestTable: Sendable {
  private(set) var slots: [RequestSlot]
  private var free: [UInt8]
  /// Door and id of each slot in use, 0 of the others: looked through with every request.
  private var names: [UInt64]
  /// The slots, and the places among those that wait, as the doors share them.
  private(set) var held = FairShare(capacity: BookLayout.requests, mostForOne: 32)
  private(set) var waiting = FairShare(capacity: WireLimits.outstanding, mostForOne: 16)
  /// What the caller has to be told: `Broker.nextAction`.
  private(set) var untold = 0

  init() {
    slots = Array(repeating: RequestSlot(), count: BookLayout.requests)
    names = Array(repeating: 0, count: BookLayout.requests)
    free = (0..<BookLayout.requests).reversed().map { UInt8($0) }
  }

  mutating func setDoor(_ door: Int, isOpen: Bool) {
    held.set(door, isOpen: isOpen)
    waiting.set(door, isOpen: isOpen)
  }

  subscript(slot: Int) -> RequestSlot { slots[slot] }

  /// The slot that a ticket names, if it still does.
  func slot(_ ticket: Ticket) -> Int? {
    let slot = Int(ticket.slot)
    guard slot < slots.count, slots[slot].phase != .free,
      slots[slot].record.serial == ticket.serial
    else { return nil }
    return slot
  }

  func ticket(_ slot: Int) -> Ticket {
    Ticket(slot: UInt8(slot), serial: slots[slot].record.serial)
  }

  private static func name(_ door: UInt8, _ id: UInt32) -> UInt64 {
    UInt64(id) << 8 | UInt64(door) | 1 << 63
  }

  func find(door: UInt8, id: UInt32) -> Int? {
    guard free.count < slots.count else { return nil }
    let name = Self.name(door, id)
    for slot in names.indices where names[slot] == name { return slot }
    return nil
  }

  mutating func take(_ new: RequestSlot) -> Int? {
    guard let slot = free.popLast() else { return nil }
    put(new, slot: Int(slot))
    return Int(slot)
  }

  /// A predecessor's, at the place that the journal has it. The place is free.
  mutating func restore(_ new: RequestSlot, slot: Int) {
    free.removeAll { $0 == UInt8(slot) }
    put(new, slot: slot)
  }

  private mutating func put(_ new: RequestSlot, slot: Int) {
    slots[slot].phase = .free
    slots[slot].mustAbandon = false
    names[slot] = Self.name(new.record.door, new.record.id)
    held.take(Int(new.record.door))
    change(slot) { $0 = new }
  }

  /// The one way to change a slot: the numbers follow.
  @inline(__always)
  mutating func change(_ slot: Int, _ change: (inout RequestSlot) -> Void) {
    let (wasWaiting, wasUntold) = (slots[slot].phase.isWaiting, slots[slot].isUntold)
    change(&slots[slot])
    let (isWaiting, isUntold) = (slots[slot].phase.isWaiting, slots[slot].isUntold)
    if wasWaiting != isWaiting {
      let door = Int(slots[slot].record.door)
      if isWaiting { waiting.take(door) } else { waiting.give(door) }
    }
    if wasUntold != isUntold { untold += isUntold ? 1 : -1 }
  }

  mutating func release(_ slot: Int) {
    change(slot) {
      $0.phase = .free
      $0.mustAbandon = false
    }
    held.give(Int(slots[slot].record.door))
    names[slot] = 0
    free.append(UInt8(slot))
  }

  /// The oldest that asks for this grant.
  func oldestAsking(_ grant: Int) -> Int? {
    var oldest: Int?
    for slot in slots.indices where slots[slot].phase == .asking && slots[slot].grant == grant {
      if let known = oldest, slots[known].record.serial < slots[slot].record.serial { continue }
      oldest = slot
    }
    return oldest
  }

  func waiting(driver: Int) -> Int {
    var number = 0
    for slot in slots.indices where slots[slot].phase.isWaiting && slots[slot].driver == driver {
      number += 1
    }
    return number
  }
}
