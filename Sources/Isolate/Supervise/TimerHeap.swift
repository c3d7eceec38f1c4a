/// When what is due: a binary heap in which every key has at most one entry, so it never holds more than there are keys,
/// however often they are set.
///
/// What is set most often is set later, again and again: a watchdog at each sign of life. So a key that is set later or cancelled
/// leaves its entry where it is, with a time that is too early, until that is the first of all: only then it is moved to its
/// place, or removed. Setting later and cancelling look at one key; setting earlier and taking cost the logarithm of the number set.
/// The first entry is always true: the earliest time is at hand.
package struct TimerHeap: Sendable {
  private struct Entry {
    var time: Int64
    var key: Int32
  }

  private struct Key {
    /// When it is due; nil: it is not set.
    var due: Int64?
    /// Its entry, and that one's time, which is never later than `due`; -1: there is none.
    var place: Int32 = -1
    var bound: Int64 = 0
  }

  private var entries: [Entry] = []
  private var keys: [Key] = []
  /// How many entries were moved or looked at, ever: what the heap costs, without a clock.
  package private(set) var work: UInt64 = 0
  /// How many are set.
  package private(set) var count = 0

  package init() {}

  /// The earliest time that is set.
  package var next: Int64? { entries.first?.time }

  /// When this key is due.
  package func time(of key: Int) -> Int64? { keys.indices.contains(key) ? keys[key].due : nil }

  /// Sets a key's time, or moves it. Keys are small numbers, from 0.
  package mutating func set(_ key: Int, to time: Int64) {
    precondition(key >= 0)
    while keys.count <= key { keys.append(Key()) }
    work += 1
    if keys[key].due == nil { count += 1 }
    keys[key].due = time
    let place = Int(keys[key].place)
    if place < 0 {
      let entry = Entry(time: time, key: Int32(key))
      entries.append(entry)
      rise(entry, from: entries.count - 1)
    } else if time < keys[key].bound {
      rise(Entry(time: time, key: Int32(key)), from: place)
    } else if place == 0 {
      settle()
    }
  }

  package mutating func cancel(_ key: Int) {
    guard keys.indices.contains(key), keys[key].due != nil else { return }
    work += 1
    count -= 1
    keys[key].due = nil
    if keys[key].place == 0 { settle() }
  }

  /// Takes the earliest key that is due at `now`; of those due at one time the smallest.
  package mutating func takeDue(at now: Int64) -> Int? {
    guard let first = entries.first, first.time <= now else { return nil }
    cancel(Int(first.key))
    return Int(first.key)
  }

  /// Makes the first entry true.
  private mutating func settle() {
    while let first = entries.first {
      guard let due = keys[Int(first.key)].due else {
        removeFirst(first)
        continue
      }
      if due == first.time { return }
      sink(Entry(time: due, key: first.key), from: 0)
    }
  }

  private mutating func removeFirst(_ first: Entry) {
    keys[Int(first.key)].place = -1
    let last = entries.removeLast()
    if !entries.isEmpty { sink(last, from: 0) }
  }

  private static func isBefore(_ one: Entry, _ other: Entry) -> Bool {
    one.time < other.time || one.time == other.time && one.key < other.key
  }

  private mutating func put(_ entry: Entry, at place: Int) {
    entries[place] = entry
    keys[Int(entry.key)].place = Int32(place)
    keys[Int(entry.key)].bound = entry.time
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
