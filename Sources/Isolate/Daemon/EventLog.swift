/// The last things that happened, for `events`: old ones are forgotten.
struct EventLog {
  /// How many are kept.
  static let most = DaemonInterface.eventsKept

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

  /// By age: 0 is the oldest that is known.
  private subscript(_ index: Int) -> Entry { entries[(oldest + index) % max(1, entries.count)] }

  /// Those after a sequence number that are still known, of one app or of all, at most so many: the oldest first.
  ///
  /// - Returns: also the sequence number up to which there are no others.
  func after(
    _ sequence: UInt64, app: String? = nil, most: Int, now: Int64
  ) -> (events: [ControlEvent], upTo: UInt64) {
    let count = UInt64(entries.count)
    let first = last - count
    let skipped = Int(min(sequence > first ? sequence - first : 0, count))
    var found: [ControlEvent] = []
    for index in skipped..<entries.count {
      if found.count == most { return (found, found.last?.sequence ?? sequence) }
      let entry = self[index]
      guard app == nil || entry.event.app == app else { continue }
      var event = entry.event
      event.ageMilliseconds = max(0, now - entry.at)
      found.append(event)
    }
    return (found, max(sequence, last))
  }

  /// The sequence number after which so many of those that are known happened, of one app or of all.
  func before(last count: Int, app: String? = nil) -> UInt64 {
    var missing = count
    for index in (0..<entries.count).reversed() {
      if missing == 0 { return self[index].event.sequence }
      if app == nil || self[index].event.app == app { missing -= 1 }
    }
    return last - UInt64(entries.count)
  }
}
