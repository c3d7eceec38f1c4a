/// The way to one driver with a process of its own.
final class DriverLink {
  /// Nil: there is none now.
  fileprivate(set) var socket: HeldDescriptor?
  fileprivate(set) var queue: DriverQueue
  /// Built in: the same program as this one, which knows more words for how a request ended.
  fileprivate let isBuiltIn: Bool
  /// The supervisor has been asked for it.
  fileprivate var isWanted = false
  /// What epoll watches for.
  fileprivate var wanted: EventQueue.Wanted = .reading

  init(_ driver: DriverPolicy) {
    queue = DriverQueue(driver)
    isBuiltIn = driver.command.isEmpty
  }
}

/// Requests that drivers with processes of their own perform. Everything that such a driver says is hostile: it may have been
/// taken over by what it was given to look at.
extension BrokerSession {
  /// Why a driver is to be replaced: the number of a violation, or this.
  static let silence: UInt8 = 255

  /// Messages of one driver before others have their turn.
  private static let atOnce = 32

  mutating func call(_ index: Int, _ request: KeptRequest) {
    guard links.indices.contains(index) else {
      return complete(request.ticket, .failed(Errno.notSupported, .unavailable))
    }
    links[index].queue.add(request.ticket, request.message.request.opcode)
    pump(index)
  }

  mutating func abandon(_ ticket: Ticket, _ driver: Int?) {
    forget(ticket)
    guard let driver, links.indices.contains(driver) else { return }
    links[driver].queue.abandon(ticket)
    pump(driver)
  }

  /// The supervisor has it: from now on it is asked.
  mutating func begin(driver index: Int, _ socket: consuming Descriptor?) {
    guard links.indices.contains(index), let socket else { return }
    let link = links[index]
    if link.socket != nil { lose(index) }
    do throws(SystemError) {
      try events.add(socket.raw, token: Token.driver.with(index), .reading)
      link.socket = HeldDescriptor(socket)
      link.isWanted = false
      link.wanted = .reading
      pump(index)
    } catch {
      refuse(driver: index)
    }
  }

  /// It cannot be had: nobody waits for it in vain. The next request asks for it again.
  mutating func refuse(driver index: Int) {
    guard links.indices.contains(index) else { return }
    let link = links[index]
    close(link)
    link.isWanted = false
    for ticket in link.queue.giveUp() {
      complete(ticket, .failed(Errno.inputOutput, .driverFailed))
    }
  }

  /// The supervisor has seen its end. Its socket may not have shown it: a driver can give copies away.
  mutating func end(driver index: Int) {
    guard links.indices.contains(index) else { return }
    lose(index)
    pump(index)
  }

  mutating func driverIsReady(_ index: Int, _ event: EventQueue.Event) {
    guard links.indices.contains(index) else { return }
    if event.isReadable || event.isHungUp { read(index) }
    pump(index)
  }

  /// Replaces those that owe something and say nothing.
  mutating func lookAfterDrivers(at now: BrokerTime) {
    for index in links.indices {
      guard let end = links[index].queue.silenceEnd, end <= now else { continue }
      fail(index, Self.silence)
    }
  }

  /// When `lookAfterDrivers` has something to do.
  var nextSilence: BrokerTime? {
    var next: BrokerTime?
    for link in links {
      guard let end = link.queue.silenceEnd else { continue }
      next = next.map { min($0, end) } ?? end
    }
    return next
  }

  // MARK: Asking

  /// Sends what can be sent. A driver that does not read keeps nobody: what does not fit waits here.
  private mutating func pump(_ index: Int) {
    let link = links[index]
    while let socket = link.socket, let order = link.queue.next() {
      let sent = send(order, socket.descriptor)
      switch (sent, order) {
      case (.done, _): link.queue.sent(order, at: now)
      case (.full, _): return watch(index, [.reading, .writing])
      case (.failed(let number), .ask(let ticket, _, _))
      where number != Errno.brokenPipe && number != Errno.connectionReset:
        /* What came with it cannot be passed on. */
        link.queue.drop(ticket)
        complete(ticket, .failed(number))
      case (.failed, _): lose(index)
      }
    }
    if link.socket != nil { return watch(index, .reading) }
    if link.queue.hasWaiting, !link.isWanted {
      link.isWanted = tell(.wantsDriver(index: UInt16(index))) == .done
    }
  }

  private mutating func send(_ order: DriverQueue.Order, _ socket: borrowing Descriptor)
    -> Packets.Sent
  {
    var message = WireBuffer()
    switch order {
    case .cancel(let old, let id):
      let cancel = RequestMessage(id: id, request: .cancel(id: old))
      guard cancel.encode(into: &message, texts: Span()) else { return .failed(Errno.tooLong) }
      return Packets.send(message.bytes.span.extracting(first: message.count), to: socket)
    case .ask(let ticket, _, let id):
      guard let request = kept(ticket), let slot = broker.table.slot(ticket) else {
        return .failed(Errno.invalid)
      }
      let left = broker.table[slot].deadline.microseconds(since: now) / 1000
      let whole = RequestMessage(
        id: id, deadline: UInt32(max(1, min(left, UInt64(WireLimits.longestDeadline)))),
        request: request.message.request)
      let bytes = request.bytes
      guard whole.encode(into: &message, texts: bytes.span) else { return .failed(Errno.tooLong) }
      let numbers = request.descriptors.map { $0.descriptor.raw }
      let sent = Packets.send(
        message.bytes.span.extracting(first: message.count), to: socket, passing: numbers.span)
      withExtendedLifetime(request) {}
      /* It has its own now. */
      if sent == .done { request.descriptors = [] }
      return sent
    }
  }

  private mutating func watch(_ index: Int, _ wanted: EventQueue.Wanted) {
    let link = links[index]
    guard let socket = link.socket, link.wanted != wanted else { return }
    link.wanted = wanted
    do throws(SystemError) {
      try events.change(socket.descriptor.raw, token: Token.driver.with(index), wanted)
    } catch {
      lose(index)
    }
  }

  // MARK: What it says

  private mutating func read(_ index: Int) {
    let link = links[index]
    for _ in 0..<Self.atOnce {
      guard let socket = link.socket else { return }
      var message = WireBuffer()
      do throws(SystemError) {
        var room = message.bytes.mutableSpan
        guard var arrival = try Packets.receive(from: socket.descriptor, into: &room) else {
          return
        }
        if arrival.size == 0 { return lose(index) }
        let bytes = message.bytes.span.extracting(first: arrival.size)
        try take(index, bytes, &arrival)
      } catch {
        return lose(index)
      }
    }
  }

  private mutating func take(
    _ index: Int, _ bytes: Span<UInt8>, _ arrival: inout PacketArrival
  ) throws(SystemError) {
    do throws(WireViolation) {
      let message = try ReplyMessage.decode(
        bytes, descriptors: arrival.descriptors.count, isTruncated: arrival.isTruncated,
        lostDescriptors: arrival.lostDescriptors)
      guard let ticket = try links[index].queue.answer(message.head, at: now) else { return }
      if !deliver(ticket, message, bytes, &arrival.descriptors, links[index]) {
        complete(ticket, .failed(Errno.inputOutput, .driverFailed))
        throw .descriptors
      }
    } catch {
      fail(index, error.rawValue)
    }
  }

  /// Hands a driver's reply on.
  ///
  /// - Returns: false: what came with it is not what belongs to such a reply, and nothing was handed on.
  private mutating func deliver(
    _ ticket: Ticket, _ message: ReplyMessage, _ bytes: Span<UInt8>,
    _ passed: inout PassedDescriptors, _ link: DriverLink
  ) -> Bool {
    let head = message.head
    guard head.status == 0 else {
      /* Why, only our own program may say: not that a grant was revoked, for instance. */
      let isFailure = link.isBuiltIn && head.detail == .driverFailed
      complete(
        ticket, Completion(status: head.status, detail: isFailure ? .driverFailed : .kernel))
      return true
    }
    switch message.body {
    case .none: complete(ticket, Completion())
    case .opened: return deliver(ticket, head.opcode, passed.take(0), port: nil)
    case .listening(_, let port): return deliver(ticket, head.opcode, passed.take(0), port: port)
    case .payload(let text): return deliver(ticket, text, bytes, &passed)
    case .status, .files, .addresses:
      forget(ticket)
      guard let reply = broker.complete(ticket, Completion(), at: now) else { return true }
      begin(reply)
      if reply.status == 0 { append(message.body, bytes) }
      finish(reply)
    case .hello, .handles, .instance, .app: return false
    }
    return true
  }

  private mutating func append(_ body: ReplyBody, _ bytes: Span<UInt8>) {
    switch body {
    case .status(let status): outgoing.append(status: status)
    case .files(let files):
      outgoing.append(files.next)
      outgoing.append(list: files.entries, of: bytes)
    case .addresses(let addresses): outgoing.append(list: addresses, of: bytes)
    case .none, .opened, .listening, .payload, .hello, .handles, .instance, .app: break
    }
  }

  private mutating func deliver(
    _ ticket: Ticket, _ opcode: Opcode, _ passed: consuming Descriptor?, port: UInt16?
  ) -> Bool {
    guard let passed, DriverGift.status(passed, opcode) != nil else { return false }
    let isSocket = opcode == .netConnect || opcode == .netListen
    complete(ticket, with: passed, isSocket: isSocket, port: port)
    return true
  }

  private mutating func deliver(
    _ ticket: Ticket, _ text: WireText, _ bytes: Span<UInt8>, _ passed: inout PassedDescriptors
  ) -> Bool {
    var given: [HeldDescriptor] = []
    var facts: [HandleFacts] = []
    for place in 0..<passed.count {
      guard let one = passed.take(place), let status = DriverGift.status(one, .driverCall) else {
        return false
      }
      facts.append(
        HandleFacts(device: status.device, inode: status.inode, isSocket: status.isSocket))
      given.append(HeldDescriptor(one))
    }
    forget(ticket)
    guard let (reply, handles) = broker.complete(ticket, giving: facts, at: now) else {
      return true
    }
    if let grant = reply.grant {
      for (place, handle) in handles.enumerated() where facts[place].isSocket {
        tell(.gaveSocket(handle: handle, grant: grant), passing: given[place].descriptor.raw)
      }
    }
    begin(reply)
    let isDone = reply.status == 0
    if isDone { outgoing.append(text: text, of: bytes) }
    let numbers = isDone ? given.map { $0.descriptor.raw } : []
    finish(reply, passing: numbers.span)
    withExtendedLifetime(given) {}
    return true
  }

  // MARK: Its end

  private func close(_ link: DriverLink) {
    if let socket = link.socket { events.remove(socket.descriptor.raw) }
    link.socket = nil
  }

  /// It is gone; what it had was lost with it. What waits is for the next.
  private mutating func lose(_ index: Int) {
    let link = links[index]
    close(link)
    for ticket in link.queue.fail() {
      complete(ticket, .failed(Errno.inputOutput, .driverFailed))
    }
  }

  /// It has to go.
  private mutating func fail(_ index: Int, _ reason: UInt8) {
    tell(.driverFailed(index: UInt16(index), reason: reason))
    lose(index)
    pump(index)
  }
}

/// What a driver may hand out.
enum DriverGift {
  /// What a descriptor is; nil: nothing that may be handed out.
  static func status(_ descriptor: borrowing Descriptor, _ opcode: Opcode) -> FileStatus? {
    do throws(SystemError) {
      let status = try FileStatus.of(descriptor)
      return fits(status, opcode) ? status : nil
    } catch {
      return nil
    }
  }

  /// Nothing that leads elsewhere: no directory, no device but what was asked for, nothing without a kind (io_uring, pidfds).
  private static func fits(_ status: FileStatus, _ opcode: Opcode) -> Bool {
    switch opcode {
    case .fileOpen, .secretRead: return status.isRegular
    case .deviceOpen: return status.isCharacterDevice || status.isBlockDevice
    case .netConnect, .netListen: return status.isSocket
    case .driverCall: return status.isRegular || status.isSocket || status.isPipe
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen, .fileStat, .fileList,
      .fileRemove, .fileRename, .fileMakeDirectory, .netResolve, .appStart, .appSignal,
      .appStatus, .clockSet:
      return false
    }
  }
}
