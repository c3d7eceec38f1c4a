/// What has become of a descriptor that was handed out.
package enum LedgerState: UInt8, CaseIterable, Hashable, Sendable {
  case open = 1
  /// A socket that is to be shut down, because its grant was taken back or has ended.
  case cutting = 2
  /// That has been done.
  case cut = 3
  /// Its grant was taken back or has ended, but nobody can recall the descriptor.
  case outstanding = 4
  /// A socket that the app has closed, and that is to be shut down.
  case closing = 5
}

/// A descriptor that was handed out.
package struct LedgerEntry: Hashable, Sendable {
  /// The slot in its lowest 10 bits, above them how often that slot was used; never 0.
  package var handle: UInt32
  package var grant: UInt16
  package var kind: GrantKind
  package var state: LedgerState
  package var rights: GrantRights
  package var time: BrokerTime
  package var facts: HandleFacts
  /// Of the request that brought it.
  package var serial: UInt64

  /// As handle.list tells it.
  package var wireState: HandleState {
    switch state {
    case .open: .open
    case .cutting, .cut, .closing: .cut
    case .outstanding: .outstanding
    }
  }
}

/// The descriptors that an app has been handed. Fixed in size; nothing is allocated after it was made.
package struct Ledger: Sendable {
  private struct Place: Sendable {
    /// Counts up with every use, so that an old handle does not name a new descriptor.
    var uses: UInt32 = 0
    var entry: LedgerEntry?
    /// The caller has been told to shut it down.
    var isTold = false
    var isUntold: Bool { !isTold && entry?.isToBeCut == true }
  }

  static let slotBits: UInt32 = 10

  private var places: [Place]
  private var next = 0
  /// Descriptors that had to make room.
  package private(set) var forgotten: UInt64 = 0
  /// How many are listed.
  package private(set) var count = 0
  /// Sockets that are to be shut down, of which the caller has not been told.
  private(set) var toCut = 0

  init() { places = Array(repeating: Place(), count: WireLimits.handles) }

  static func slot(_ handle: UInt32) -> Int { Int(handle & (1 << slotBits - 1)) }

  /// By its slot, in order: 0..<`WireLimits.handles`.
  package func entry(slot: Int) -> LedgerEntry? { places[slot].entry }

  package func entry(_ handle: UInt32) -> LedgerEntry? {
    guard let entry = places[Self.slot(handle)].entry, entry.handle == handle else { return nil }
    return entry
  }

  /// A slot for one more: free, or of a descriptor that nothing can be done about, the older the likelier. Nil: there are only
  /// sockets that can still be cut.
  private mutating func room() -> Int? {
    for _ in 0..<places.count {
      let slot = next
      next = next + 1 == places.count ? 0 : next + 1
      guard let entry = places[slot].entry else { return slot }
      if count < places.count { continue }
      switch entry.state {
      case .open where entry.facts.isSocket: continue
      case .cutting, .closing: continue
      case .open, .cut, .outstanding:
        forgotten &+= 1
        count -= 1
        places[slot].entry = nil
        return slot
      }
    }
    return nil
  }

  /// Writes down a new one; its handle is made here. Nil: no room.
  mutating func add(
    grant: UInt16, kind: GrantKind, rights: GrantRights, time: BrokerTime, facts: HandleFacts,
    serial: UInt64
  ) -> LedgerEntry? {
    guard let slot = room() else { return nil }
    places[slot].uses = places[slot].uses &+ 1 & (.max >> Self.slotBits)
    if places[slot].uses == 0 { places[slot].uses = 1 }
    let handle = places[slot].uses << Self.slotBits | UInt32(slot)
    let entry = LedgerEntry(
      handle: handle, grant: grant, kind: kind, state: .open, rights: rights, time: time,
      facts: facts, serial: serial)
    places[slot].entry = entry
    count += 1
    return entry
  }

  /// Takes over what a predecessor wrote.
  mutating func restore(slot: Int, uses: UInt32, _ entry: LedgerEntry?) {
    places[slot].uses = uses
    places[slot].entry = entry
    if entry != nil { count += 1 }
    if places[slot].isUntold { toCut += 1 }
  }

  mutating func set(_ state: LedgerState, slot: Int) {
    if places[slot].isUntold { toCut -= 1 }
    places[slot].entry?.state = state
    places[slot].isTold = false
    if places[slot].isUntold { toCut += 1 }
  }

  mutating func remove(slot: Int) {
    if places[slot].isUntold { toCut -= 1 }
    if places[slot].entry != nil { count -= 1 }
    places[slot].entry = nil
    places[slot].isTold = false
  }

  /// The next socket to shut down; each is given once.
  mutating func nextToCut() -> LedgerEntry? {
    guard toCut > 0 else { return nil }
    for slot in places.indices where places[slot].isUntold {
      toCut -= 1
      places[slot].isTold = true
      return places[slot].entry
    }
    return nil
  }

  mutating func setForgotten(_ number: UInt64) { forgotten = number }
}

extension LedgerEntry {
  var isToBeCut: Bool { state == .cutting || state == .closing }
}
