/// Carries out `isolated broker`: serves one app until its door closes; and `isolated driver`, the same for a broker that leaves one
/// kind of grants to it. Started by a supervisor only.
///
/// - Returns: `BrokerNumbers.End`.
package func runBroker() -> Int32 {
  for number in BrokerNumbers.door...BrokerNumbers.book where !Output.isOpen(number) {
    Output.complain(
      "'isolated broker' and 'isolated driver' are started by isolated itself, for apps with grants"
    )
    return BrokerNumbers.End.badStart.rawValue
  }
  do throws(SystemError) {
    let control = Descriptor(adopting: BrokerNumbers.control)
    guard let settings = try BrokerSession.waitForSettings(control) else {
      return BrokerNumbers.End.doorClosed.rawValue
    }
    var session = try BrokerSession.begin(
      door: Descriptor(adopting: BrokerNumbers.door), control: control,
      book: Descriptor(adopting: BrokerNumbers.book),
      settings: settings.readAll(limit: BrokerSession.settingsLimit))
    return try session.run().rawValue
  } catch {
    return BrokerNumbers.End.badStart.rawValue
  }
}

extension SharedMemory: MappedMemory {}

/// One broker: one loop over the app's doors, the supervisor's and what outstanding requests wait for. It receives, lets `Broker`
/// decide, performs with the drivers, replies. A request that is done at once allocates nothing.
struct BrokerSession: ~Copyable {
  var broker: Broker
  let start: BrokerStart
  /// Kept mapped: `broker` writes it, and messages are received into it.
  let book: SharedMemory
  let inbox: BrokerInbox
  let control: Descriptor
  var events: EventQueue
  /// By number.
  var doors: [BrokerDoor?]
  /// By grant.
  let places: [GrantPlace]
  var outgoing = WireBuffer()
  /// By driver.
  let links: [DriverLink]
  /// Requests that were not done at once, by slot.
  var kept: [KeptRequest?]
  var keptCount = 0
  /// The request whose question an operator sees, by grant.
  var shown: [UInt16: Ticket] = [:]
  var end: BrokerNumbers.End?
  /// When this turn of the loop began. What is received in it came then, as far as anybody knows.
  var turnTime = BrokerTime(microseconds: 0)
  /// How many of `kept` have work.
  var working = 0
  /// resolv.conf and hosts, once they were needed.
  var names: ResolverSettings?
  var relays: [RelayBox?]
  /// Doors that are not read for want of room.
  var pausedDoors = 0
  /// Doors with something to read: an event looks at these, not at all there may be.
  var readableDoors = 0

  /// What an event's token says beside a number.
  enum Token: UInt64 {
    case control = 0
    case door = 1
    case work = 2
    case relay = 3
    case driver = 4

    func with(_ number: Int) -> UInt64 { rawValue << 32 | UInt64(number) }
    init?(_ token: UInt64) { self.init(rawValue: token >> 32) }
  }

  /// Waits for the order to begin, for as long as the app runs if this is a spare one. Until then nothing is looked at, but for a
  /// rehearsal.
  ///
  /// - Returns: nil: the supervisor is gone.
  static func waitForSettings(
    _ control: borrowing Descriptor
  ) throws(SystemError) -> Descriptor? {
    var doors = [Door(control.raw)]
    while true {
      var message = BrokerMessage()
      var room = message.bytes.mutableSpan
      if var arrival = try Packets.receive(from: control, into: &room) {
        if arrival.size == 0 { return nil }
        let order = message.order(size: arrival.size)
        guard let settings = arrival.descriptors.take(0) else {
          throw SystemError(call: "read", number: Errno.invalid)
        }
        switch order {
        case .begin: return settings
        case .rehearse: rehearse(settings)
        default: throw SystemError(call: "read", number: Errno.invalid)
        }
        continue
      }
      try Poller.wait(&doors, timeout: nil)
    }
  }

  /// Of `BrokerStart`, in bytes.
  static let settingsLimit = 4 << 20

  /// Takes over what the supervisor passed.
  static func begin(
    door: consuming Descriptor, control: consuming Descriptor, book: consuming Descriptor,
    settings: [UInt8]
  ) throws(SystemError) -> BrokerSession {
    let mapped = try SharedMemory.map(book, size: BookLayout.bytes, isWritable: true)
    guard let start = BrokerStart(settings), let memory = BookMemory(mapped) else {
      throw SystemError(call: "read", number: Errno.invalid)
    }
    let events = try EventQueue()
    try events.add(control.raw, token: Token.control.with(0), .reading)
    var session = BrokerSession(
      start, mapped, memory, control: control, events: events)
    try session.addDoor(0, door)
    return session
  }

  private init(
    _ start: BrokerStart, _ book: SharedMemory, _ memory: BookMemory,
    control: consuming Descriptor, events: consuming EventQueue
  ) {
    broker = Broker(
      start.settings, book: memory, at: BrokerTime(microseconds: Poller.bootMicroseconds()))
    self.start = start
    self.book = book
    inbox = BrokerInbox(memory)
    self.control = control
    self.events = events
    doors = Array(repeating: nil, count: WireLimits.doors)
    kept = Array(repeating: nil, count: BookLayout.requests)
    relays = Array(repeating: nil, count: WireLimits.outstanding)
    places = GrantPlace.open(start)
    links = start.settings.drivers.map { DriverLink($0) }
  }

  mutating func run() throws(SystemError) -> BrokerNumbers.End {
    tell(.ready)
    /* A predecessor's doors come before the replies that are owed there. */
    readOrders(isHungUp: false)
    follow()
    while end == nil {
      let count = try events.wait(timeout: timeout())
      for index in 0..<count { note(events[index]) }
      turnTime = now
      if let moment = broker.nextMoment, moment <= turnTime { broker.advance(to: turnTime) }
      lookAfterWork()
      if !links.isEmpty { lookAfterDrivers(at: turnTime) }
      follow()
      serve()
      if let sequence = broker.recordsToTell, tell(.recorded(sequence: sequence)) == .done {
        broker.toldOfRecords()
      }
    }
    return end ?? .doorClosed
  }

  /* This and what else is asked for with every request changes nothing, and says `mutating` all the same: see BrokerPerform.swift. */
  var now: BrokerTime {
    mutating get { BrokerTime(microseconds: Poller.bootMicroseconds()) }
  }

  private mutating func timeout() -> Int64? {
    if working == 0, links.isEmpty, broker.nextMoment == nil { return nil }
    let look = nextLook.map { max(0, $0 - Poller.now()) }
    guard let moment = [broker.nextMoment, nextSilence].compactMap({ $0 }).min() else {
      return look
    }
    /* Rounded up: woken too early we would only wait again. */
    let wait = max(0, (moment.microseconds - self.now.microseconds + 999) / 1000)
    return look.map { min($0, wait) } ?? wait
  }

  private mutating func note(_ event: EventQueue.Event) {
    let number = Int(event.token & 0xFFFF_FFFF)
    switch Token(event.token) {
    case .control: readOrders(isHungUp: event.isHungUp)
    case .door:
      guard doors.indices.contains(number), let door = doors[number] else { return }
      if event.isWritable { flush(number, door) }
      setReadable(door, event.isReadable || event.isHungUp)
      door.isHungUp = event.isHungUp
    case .work: workIsReady(number)
    case .relay: moveRelay(number)
    case .driver: driverIsReady(number, event)
    case nil: break
    }
  }

  /// One message of each door that has one, in turn.
  private mutating func serve() {
    while end == nil, readableDoors > 0 {
      let doors = self.doors
      guard let number = broker.nextDoor({ doors[$0]?.isReadable ?? false }),
        let door = doors[number]
      else { break }
      setReadable(door, false)
      receive(number, door)
      follow()
    }
    if end == nil, readableDoors > 0 || pausedDoors > 0 { pause() }
  }

  mutating func setReadable(_ door: BrokerDoor, _ isReadable: Bool) {
    if door.isReadable != isReadable { readableDoors += isReadable ? 1 : -1 }
    door.isReadable = isReadable
  }

  /// What follows from what has happened.
  mutating func follow() {
    while let action = broker.nextAction() {
      switch action {
      case .perform(let ticket, let driver, let atOnce): resume(ticket, driver, atOnce: atOnce)
      case .abandon(let ticket, let driver): abandon(ticket, driver)
      case .reply(let reply):
        forget(reply.ticket)
        send(reply)
      case .ask(let ticket, let grant): ask(ticket, grant)
      case .withdraw(let grant): withdraw(grant)
      case .cut(let handle):
        tell(.cut(handle: handle))
        broker.didCut(handle)
      }
    }
  }

  @discardableResult
  func tell(_ notice: BrokerNotice, passing number: Int32 = -1) -> Packets.Sent {
    let message = BrokerMessage(notice)
    let sent = Packets.send(message.bytes.span, to: control, passing: number)
    if sent != .full { return sent }
    /* What is not said is lost: a socket that nobody can cut, a door that is kept. The supervisor reads, and never waits for us. */
    var doors = [Door(control.raw, read: false, write: true)]
    do throws(SystemError) {
      try Poller.wait(&doors, timeout: Self.supervisorMilliseconds)
    } catch {
      return .failed(error.number)
    }
    return Packets.send(message.bytes.span, to: control, passing: number)
  }

  /// How long a supervisor may be busy elsewhere.
  private static let supervisorMilliseconds: Int64 = 1000
}
