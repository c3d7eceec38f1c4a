/// A number of places that doors share: each open door has some for itself, so that a flood at one never keeps another out; the
/// rest is for whoever comes first. All steps take the same time, but those that open and close a door.
struct FairShare: Sendable {
  let capacity: Int
  /// Of one door, at most: few doors leave more for whoever comes first.
  private let mostForOne: Int
  private var isOpen: [Bool]
  private var held: [Int]
  private(set) var used = 0
  private var openCount = 0
  /// What each open door has for itself.
  private(set) var share = 0
  /// Of that, what is not used yet, of all doors.
  private var unfilled = 0

  init(capacity: Int, mostForOne: Int) {
    self.capacity = capacity
    self.mostForOne = mostForOne
    isOpen = Array(repeating: false, count: BookLayout.doors)
    held = Array(repeating: 0, count: BookLayout.doors)
  }

  func held(_ door: Int) -> Int { held[door] }

  private func unfilled(_ door: Int) -> Int { isOpen[door] ? max(0, share - held[door]) : 0 }

  /// Whether this door may take one more.
  func hasRoom(_ door: Int) -> Bool { used + unfilled - unfilled(door) < capacity }

  mutating func set(_ door: Int, isOpen open: Bool) {
    if isOpen[door] != open { openCount += open ? 1 : -1 }
    isOpen[door] = open
    share = min(mostForOne, capacity / max(1, openCount))
    unfilled = 0
    for door in isOpen.indices { unfilled += unfilled(door) }
  }

  mutating func take(_ door: Int) { change(door, 1) }
  mutating func give(_ door: Int) { change(door, -1) }

  private mutating func change(_ door: Int, _ one: Int) {
    let before = held[door]
    held[door] = before + one
    used += one
    /* Within its own share it is the share that is used, or given back. */
    if isOpen[door], min(before, before + one) < share { unfilled -= one }
  }
}
