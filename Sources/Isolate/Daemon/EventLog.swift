/// The last things that happened, for `events`: old ones are forgotten.
struct EventLog {
  /// How many are kept.
  static let most = 1024

  private struct Entry {
    var event: ControlEvent
    var at: Int64
  }

  private var entries: [Entry] = []
  /// Where the oldest is, once the list is full.
  private var oldest = 0
  private(set) var last: UInt64 = 0

  mutating func add(
    _ kind: ControlEvent.Kind, app: String, _ text: String, state: String? = nil,
    cause: String? = nil, now: Int64
  ) {
    last += 1
    let event = ControlEvent(
      sequence: last, ageMilliseconds: 0, app: app, kind: kind, text: text, state: state,
      cause: cause)
    let entry = Entry(event: event, at: now)
    if entries.count < Self.most {
      entries.append(entry)
    } else {
      entries[oldest] = entry
      oldest = (oldest + 1) % Self.most
    }
  }

  /// Those after a sequence number that are still known, at most so many: the oldest first.
  func after(_ sequence: UInt64, most: Int, now: Int64) -> [ControlEvent] {
    let count = UInt64(entries.count)
    let first = last - count
    let skipped = Int(min(sequence > first ? sequence - first : 0, count))
    return (skipped..<entries.count).prefix(most).map { index in
      let entry = entries[(oldest + index) % max(1, entries.count)]
      var event = entry.event
      event.ageMilliseconds = max(0, now - entry.at)
      return event
    }
  }
}
