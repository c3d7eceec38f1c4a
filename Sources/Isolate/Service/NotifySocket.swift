/// Where an app says READY=1 and the like (sd_notify(3)): a datagram socket that lies in a directory nobody else may enter, and is
/// shown to one app alone. So who writes is known without asking the kernel, and MAINPID means nothing.
package final class NotifySocket {
  /// Where the app sees it.
  package static let target = "/run/isolated/notify"
  /// How many messages one turn takes: a flood does not starve other apps.
  package static let perTurn = 16

  private let socket: Descriptor
  private let directory: PrivateDirectory
  private let name: String
  /// Descriptors that the app gave for its next start.
  package let store: DescriptorStore
  /// Messages that were none.
  package private(set) var malformed: UInt64 = 0

  /// - Parameters:
  ///   - name: its file in that directory; one of ours that is left there is replaced.
  ///   - stored: how many descriptors the app may give.
  package init(
    in directory: consuming PrivateDirectory, name: String = "notify", stored: Int = 0
  ) throws(SystemError) {
    socket = try ServiceSockets.notifications(name, in: directory)
    self.directory = directory
    self.name = name
    store = DescriptorStore(limit: stored)
  }

  deinit { directory.remove(name) }

  /// To be polled for reading.
  package var descriptor: Int32 { socket.raw }
  /// Of its file.
  package var path: String { directory.path + "/" + name }

  /// Takes at most `perTurn` messages; more may wait, and the descriptor stays readable. What they say of descriptors is done
  /// already: kept, removed, or closed (a barrier).
  package func receive() throws(SystemError) -> [NotifyMessage] {
    var messages: [NotifyMessage] = []
    var buffer = [UInt8](repeating: 0, count: NotifyMessage.longest)
    var leaving: [Int32] = []
    defer { ServiceSockets.closeApart(&leaving) }
    for _ in 0..<Self.perTurn {
      var span = buffer.mutableSpan
      guard var arrival = try Packets.receive(from: socket, of: .notifier, into: &span) else {
        break
      }
      let size = arrival.size
      let bytes = span.span.extracting(first: size)
      guard !arrival.isTruncated, let message = NotifyMessage.decode(bytes) else {
        malformed += 1
        arrival.descriptors.release(into: &leaving)
        continue
      }
      /* First what is to go: one message may put new ones in the place of old. */
      if message.removesDescriptors, let name = message.descriptorName { store.remove(name) }
      if message.keepsDescriptors {
        for index in 0..<arrival.descriptors.count {
          if let descriptor = arrival.descriptors.take(index) {
            store.keep(
              descriptor, name: message.descriptorName, polled: message.pollsDescriptors)
          }
        }
      }
      arrival.descriptors.release(into: &leaving)
      if !message.isBarrier { messages.append(message) }
    }
    return messages
  }

  /// The app has ended: what it still had to say is not of its next start. Descriptors that it gave are kept.
  package func forget() throws(SystemError) {
    var doors = [Door(socket.raw)]
    for _ in 0..<64 {
      try Poller.wait(&doors, timeout: 0)
      guard doors[0].isReadable else { return }
      _ = try receive()
    }
  }

  /// What shows the socket to the app. Read-only: connecting and sending need the file's own mode alone (unix(7)).
  package static func rule(source: String) -> FileRule {
    FileRule(showing: source, at: target, allowsExecute: true)
  }

  /// Adds that rule where it stands in order.
  package func show(in files: inout FilePolicy) {
    let rule = Self.rule(source: path)
    files.rules.removeAll { $0.target == rule.target }
    let place = files.rules.firstIndex {
      rule.target.utf8.lexicographicallyPrecedes($0.target.utf8)
    }
    files.rules.insert(rule, at: place ?? files.rules.endIndex)
  }
}
