extension BrokerSession {
  /// Goes through what a broker does from its beginning to its first reply, twice: with an empty book, and with one that a predecessor
  /// has left. So the pages of code and memory that this takes are there when the app waits for them.
  ///
  /// Everybody in it is this process: nothing comes from the app, its doors and its book, and nothing is told to the supervisor.
  ///
  /// - Parameter settings: what it would begin with now. That places are opened and closed again is all that is done with it.
  static func rehearse(_ settings: borrowing Descriptor) {
    Poller.keepFreedMemory()
    do throws(SystemError) {
      let bytes = try settings.readAll(limit: settingsLimit)
      let book = try BrokerLaunch.makeBook()
      let mapped = try SharedMemory.map(book, size: BookLayout.bytes, isWritable: true)
      guard let memory = BookMemory(mapped) else { return }
      try rehearse(bytes, book)
      /* A successor would not serve a door that was closed: it would wait for ever. */
      BookWriter(memory).setCutOff(door: 0, false)
      try rehearse(bytes, book)
      withExtendedLifetime(mapped) {}
    } catch {
      /* Whatever it is will be met again, and told, when this broker begins. */
    }
  }

  private static func rehearse(
    _ settings: [UInt8], _ book: borrowing Descriptor
  ) throws(SystemError) {
    let app = try Packets.pair()
    let supervisor = try Packets.pair()
    var hello = WireBuffer()
    let request = HelloRequest(lowest: 1, highest: 1, first: 0)
    let message = RequestMessage(id: 1, request: .hello(request))
    guard message.encode(into: &hello, texts: Span()) else { return }
    _ = Packets.send(hello.bytes.span.extracting(first: hello.count), to: app.one)
    Packets.endSending(app.one)
    var session = try begin(
      door: app.other, control: supervisor.other, book: book.duplicate(floor: BrokerNumbers.floor),
      settings: settings)
    _ = try session.run()
  }
}
