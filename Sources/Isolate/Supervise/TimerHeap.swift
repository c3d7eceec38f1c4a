/// When what is due: a binary heap of times in which every key has at most one, so it never holds more than there are
/// keys, however often they are set.
///
/// Setting, cancelling and taking cost the logarithm of the number set; the earliest is at hand.
package struct TimerHeap: Sendable {
  private struct Entry {
    var time: Int64
    var key: Int32
  }
  private var entries: [Entry] = []
  /// Where each key's entry is; -1: it is not set.
  private var places: [Int32] = []
  /// How many entries were moved or looked at, ever: what the heap costs, without a clock.
  package private(set) var work: UInt64 = 0

  package init() {}

  /// How many are set.
  package var count: Int { entries.count }

  /// The earliest time that is set.
  package var next: Int64? { entries.first?.time }

  /// When this key is due.
  package func time(of key: Int) -> Int64? {
    guard key >= 0, key < places.count, places[key] >= 0 else { return nil }
    return entries[Int(places[key])].time
  }

  /// Sets a key's time, or moves it. Keys are small numbers, from 0.
  package mutating func set(_ key: Int, to time: Int64) {
    precondition(key >= 0)
    while places.count <= key { places.append(-1) }
    let entry = Entry(time: time, key: Int32(key))
    if places[key] < 0 {
      entries.append(entry)
      rise(entry, from: entries.count - 1)
    } else {
      let place = Int(places[key])
      if Self.isBefore(entry, entries[place]) {
        rise(entry, from: place)
      } else {
        sink(entry, from: place)
      }
    }
  }

  package mutating func cancel(_ key: Int) {
    guard key < places.count, places[key] >= 0 else { return }
    let place = Int(places[key])
    places[key] = -1
    let last = entries.removeLast()
    guard place < entries.count else { return }
    if place > 0, Self.isBefore(last, entries[(place - 1) / 2]) {
      rise(last, from: place)
    } else {
      sink(last, from: place)
    }
  }

  /// Takes the earliest key that is due at `now`; of those due at one time the smallest.
  package mutating func takeDue(at now: Int64) -> Int? {
    guard let first = entries.first, first.time <= now else { return nil }
    cancel(Int(first.key))
    return Int(first.key)
  }

  private static func isBefore(_ one: Entry, _ other: Entry) -> Bool {
    one.time < other.time || one.time == other.time && one.key < other.key
  }

  private mutating func put(_ entry: Entry, at place: Int) {
    entries[place] = entry
    places[Int(entry.key)] = Int32(place)
    work += 1
  }

  private mutating func rise(_ entry: Entry, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard Self.isBefore(entry, entries[parent]) else { break }
      put(entries[parent], at: place)
      place = parent
    }
    put(entry, at: place)
  }

  private mutating func sink(_ entry: Entry, from start: Int) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < entries.count else { break }
      if child + 1 < entries.count, Self.isBefore(entries[child + 1], entries[child]) { child += 1 }
      guard Self.isBefore(entries[child], entry) else { break }
      put(entries[child], at: place)
      place = child
    }
    put(entry, at: place)
  }
}
