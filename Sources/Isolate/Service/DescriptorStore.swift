/// Descriptors that an app gave for its next start (FDSTORE=1 of sd_notify(3)). They come after the sockets that are listened on.
package final class DescriptorStore {
  private var kept: [KeptDescriptor] = []
  /// How many it takes. With fewer than there are, the last ones are closed.
  package var limit: Int {
    didSet { if kept.count > limit { kept.removeLast(kept.count - max(0, limit)) } }
  }
  /// Those that there was no room for.
  package private(set) var refused: UInt64 = 0

  package init(limit: Int) { self.limit = limit }

  package var count: Int { kept.count }
  /// They stay owned here.
  package var descriptors: [Int32] { kept.map(\.raw) }
  /// In that order.
  package var names: [String] { kept.map(\.name) }

  /// Keeps one; where there is no room it is closed and counted. One that is kept already (the same open file) is
  /// not kept twice: apps give what they were given again at each start.
  ///
  /// - Parameter polled: it goes by `prune` once its other end is gone.
  package func keep(_ descriptor: consuming Descriptor, name: String?, polled: Bool) {
    prune()
    let new = KeptDescriptor(descriptor, name: name ?? "stored", isPolled: polled)
    if kept.contains(where: { ServiceSockets.isSame($0.raw, new.raw) }) { return }
    if kept.count >= limit {
      refused += 1
      return
    }
    kept.append(new)
  }

  /// Closes those of that name.
  package func remove(_ name: String) { kept.removeAll { $0.name == name } }

  /// Closes those that hung up. Before a start; `keep` does it too.
  package func prune() {
    kept.removeAll { $0.isPolled && ServiceSockets.isHungUp($0.raw) }
  }

  /// Closes all: the app is stopped, and its next start is a fresh one.
  package func removeAll() { kept.removeAll() }
}

private final class KeptDescriptor {
  let raw: Int32
  let name: String
  let isPolled: Bool

  init(_ descriptor: consuming Descriptor, name: String, isPolled: Bool) {
    raw = descriptor.release()
    self.name = name
    self.isPolled = isPolled
  }

  deinit {
    var leaving = [raw]
    ServiceSockets.closeApart(&leaving)
  }
}
