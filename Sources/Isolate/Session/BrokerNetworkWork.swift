/// What network requests wait for: a name's addresses, a connection. One a request, in `KeptRequest.work`.
final class NetworkWork {
  let ticket: Ticket
  let opcode: Opcode
  let transport: WireTransport
  let port: UInt16
  /// On the monotonic clock, in milliseconds.
  let deadline: Int64
  fileprivate var lookup: NameLookup?
  fileprivate var attempt: ConnectAttempt?
  /// When to look again though nothing is ready.
  fileprivate(set) var lookAt: Int64 = .max

  init(
    _ ticket: Ticket, _ opcode: Opcode, _ transport: WireTransport, port: UInt16,
    deadline: Int64, lookup: consuming NameLookup
  ) {
    self.ticket = ticket
    self.opcode = opcode
    self.transport = transport
    self.port = port
    self.deadline = deadline
    self.lookup = consume lookup
  }

  fileprivate enum Progress {
    case wait(door: Int32, forWriting: Bool, time: Int64)
    case addresses([InternetAddress])
    case connected(HeldDescriptor)
  }

  fileprivate func advance(_ now: Int64) throws(SystemError) -> Progress {
    if var lookup = lookup.take() {
      switch try lookup.advance(now: now) {
      case .addresses(let found): return .addresses(found)
      case .wait(let door, let forWriting, let time):
        self.lookup = consume lookup
        return .wait(door: door, forWriting: forWriting, time: time)
      }
    }
    guard var attempt = attempt.take() else {
      throw SystemError(call: "connect", number: Errno.invalid)
    }
    switch try attempt.advance(now: now) {
    case .connected(let socket): return .connected(HeldDescriptor(socket))
    case .wait(let door, let time):
      self.attempt = consume attempt
      return .wait(door: door, forWriting: true, time: time)
    }
  }
}

extension BrokerSession {
  /// Somebody is to do it; `kept` has the message.
  mutating func work(_ ticket: Ticket, _ driver: Int?) {
    guard let request = kept(ticket) else {
      return complete(ticket, .failed(Errno.inputOutput))
    }
    if let driver { return call(driver, request) }
    let bytes = request.bytes
    switch request.message.request {
    case .netConnect(let connect):
      guard let transport = connect.transport else {
        return complete(ticket, .failed(Errno.invalid, .malformed))
      }
      if transport == .unix { return connectUnix(ticket, connect, bytes) }
      look(request, .netConnect, transport, connect.port, connect.host.array(in: bytes.span))
    case .netResolve(_, let name):
      look(request, .netResolve, .udp, 0, name.array(in: bytes.span))
    case .secretRead, .appStart, .appSignal, .appStatus: serve(request)
    case .clockSet(let clock): setClock(request, clock)
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen, .fileOpen, .fileStat,
      .fileList, .fileRemove, .fileRename, .fileMakeDirectory, .netListen, .deviceOpen,
      .driverCall:
      complete(ticket, .failed(Errno.notSupported, .unavailable))
    }
  }

  private mutating func look(
    _ request: KeptRequest, _ opcode: Opcode, _ transport: WireTransport, _ port: UInt16,
    _ name: [UInt8]
  ) {
    let ticket = request.ticket
    let left = broker.table.slot(ticket).map { broker.table[$0].deadline.microseconds(since: now) }
    let deadline = Poller.now() + Int64(clamping: (left ?? 0) / 1000)
    let work = NetworkWork(
      ticket, opcode, transport, port: port, deadline: deadline,
      lookup: NameLookup(name, settings: resolver(), deadline: deadline))
    request.work = work
    working += 1
    advance(work)
  }

  /// Read once, when a name is first looked up.
  private mutating func resolver() -> ResolverSettings {
    if let known = names { return known }
    func content(_ path: String) -> [UInt8] {
      do throws(SystemError) {
        return try FileSystem.contents(path, limit: ResolverSettings.textBytes) ?? []
      } catch {
        return []
      }
    }
    let settings = ResolverSettings(
      configuration: content("/etc/resolv.conf"), hosts: content("/etc/hosts"))
    names = settings
    return settings
  }

  /// Something that is watched for a request is ready.
  mutating func workIsReady(_ slot: Int) {
    guard kept.indices.contains(slot), let request = kept[slot] else { return }
    if let work = request.work { advance(work) }
    if request.service != nil { fill(request) }
  }

  /// Looks after those whose time has come.
  mutating func lookAfterWork() {
    guard working > 0 else { return }
    let now = Poller.now()
    for slot in kept.indices {
      if let work = kept[slot]?.work, work.lookAt <= now { advance(work) }
    }
  }

  /// When `lookAfterWork` has something to do, in milliseconds on the monotonic clock.
  var nextLook: Int64? {
    guard working > 0 else { return nil }
    var next = Int64.max
    for request in kept { if let work = request?.work { next = min(next, work.lookAt) } }
    return next == .max ? nil : next
  }

  private mutating func advance(_ work: NetworkWork) {
    do throws(SystemError) {
      switch try work.advance(Poller.now()) {
      case .wait(let door, let forWriting, let time):
        work.lookAt = time
        try events.watch(
          door, token: Token.work.with(Int(work.ticket.slot)), forWriting ? .writing : .reading)
      case .addresses(let found): try use(found, work)
      case .connected(let socket):
        /* The queue would know it as long as the app has its own, and say again and again that it can be written to. */
        events.remove(socket.descriptor.raw)
        let given = try socket.descriptor.duplicate()
        complete(work.ticket, with: given, isSocket: true)
      }
    } catch {
      complete(work.ticket, .failed(error.number))
    }
  }

  private mutating func use(_ found: [InternetAddress], _ work: NetworkWork) throws(SystemError) {
    if work.opcode == .netResolve { return tell(found, work.ticket) }
    let allowed = found.filter { permits($0, work.ticket) }
    if allowed.isEmpty { return complete(work.ticket, .failed(Errno.access, .outside)) }
    if work.transport == .udp { return try relay(allowed, work) }
    work.attempt = ConnectAttempt(
      to: allowed, port: work.port, deadline: work.deadline,
      bond: start.appIsBonded ? .ifPossible : .required, isAllowed: { _ in true })
    advance(work)
  }

  private func permits(_ address: InternetAddress, _ ticket: Ticket) -> Bool {
    let bytes = address.bytes
    return broker.permits(bytes.span, for: ticket)
  }

  private mutating func tell(_ found: [InternetAddress], _ ticket: Ticket) {
    forget(ticket)
    guard let reply = broker.complete(ticket, Completion(), at: now) else { return }
    begin(reply)
    if reply.status == 0 {
      let list = outgoing.beginList()
      var count: UInt16 = 0
      for address in found {
        let bytes = address.bytes
        if !outgoing.append(address: bytes.span) { break }
        count += 1
      }
      outgoing.end(list: list, count: count)
    }
    finish(reply)
  }

  // MARK: Datagrams

  private mutating func relay(
    _ allowed: [InternetAddress], _ work: NetworkWork
  ) throws(SystemError) {
    guard let free = relays.firstIndex(where: { $0 == nil }) else {
      throw SystemError(call: "socket", number: Errno.tooManyFiles)
    }
    let made = RelayBox(try DatagramRelay(to: allowed[0], port: work.port))
    guard let apps = made.relay.takeAppsEnd() else { return }
    let doors = made.relay.doors
    try events.add(doors.outside, token: Token.relay.with(free), .reading)
    try events.add(doors.inside, token: Token.relay.with(free), .reading)
    relays[free] = made
    complete(work.ticket, with: apps, isSocket: true)
  }

  mutating func moveRelay(_ number: Int) {
    guard relays.indices.contains(number), let box = relays[number] else { return }
    do throws(SystemError) { _ = try box.relay.move() } catch {
      if error.number == Errno.brokenPipe || error.number == Errno.connectionReset {
        relays[number] = nil
      }
    }
  }

  // MARK: Sockets with names, and listening

  private mutating func connectUnix(
    _ ticket: Ticket, _ request: NetConnectRequest, _ bytes: [UInt8]
  ) {
    do throws(SystemError) {
      let place = try socketPlace(request.grant, request.host.array(in: bytes.span))
      let socket = try SocketOpening.connectUnix(
        try Descriptor.openPlace(place.socket), Span(), links: false)
      complete(ticket, with: socket, isSocket: true)
    } catch {
      complete(ticket, .failed(error.number))
    }
  }

  private func socketPlace(
    _ grant: UInt16, _ path: [UInt8]
  ) throws(SystemError) -> (socket: String, directory: String) {
    let places = BrokerPlaces(start.order)
    let index = Int(grant)
    switch start.settings.grants[index].target {
    case .connect(let targets), .listen(let targets):
      for (number, target) in targets.enumerated()
      where target.transport == .unix && Array(target.host.utf8) == path {
        return (
          places.socket(index, number, target.host),
          places.socketDirectory(index, number, target.host)
        )
      }
    case .files, .resolve, .secret, .device, .apps, .clock, .driver: break
    }
    throw SystemError(call: "connect", number: Errno.noEntry)
  }

  mutating func listen(
    _ ticket: Ticket, _ request: NetListenRequest, _ bytes: Span<UInt8>
  ) throws(SystemError) {
    let host = request.host.array(in: bytes)
    if request.transport == .unix {
      let place = try socketPlace(request.grant, host)
      let slash = host.lastIndex(of: UInt8(ascii: "/")) ?? -1
      let name = host[(slash + 1)...]
      let socket = try SocketOpening.listenUnix(
        try Descriptor.openPlace(place.directory), Array(name).span, links: false,
        backlog: request.backlog)
      return complete(ticket, with: socket, isSocket: true, port: 0)
    }
    let address = try listenAddress(request, host)
    let listening: ListeningSocket
    if request.transport == .udp {
      listening = try SocketOpening.bindDatagrams(at: address, port: request.port)
    } else {
      listening = try SocketOpening.listen(
        at: address, port: request.port, backlog: request.backlog,
        bond: start.appIsBonded ? .ifPossible : .required)
    }
    let port = listening.port
    complete(ticket, with: listening.take(), isSocket: true, port: port)
  }

  /// Without a host: the first that the grant names for this transport and port.
  private func listenAddress(
    _ request: NetListenRequest, _ host: [UInt8]
  ) throws(SystemError) -> InternetAddress {
    var names = [host]
    if host.isEmpty, case .listen(let targets) = start.settings.grants[Int(request.grant)].target {
      names = targets.filter { $0.ports?.contains(request.port) ?? false }
        .map { Array($0.host.utf8) }
    }
    for name in names {
      if name == Array("*".utf8) { return InternetAddress(four: 0) }
      if name == Array("localhost".utf8) { return InternetAddress(four: 0x7F00_0001) }
      if let address = InternetAddress(text: name.span) { return address }
    }
    throw SystemError(call: "bind", number: Errno.invalid)
  }
}

/// A box, so that an array can own them.
final class RelayBox {
  var relay: DatagramRelay
  init(_ relay: consuming DatagramRelay) { self.relay = relay }
}

extension InternetAddress {
  /// 4 or 16 bytes in network order.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    if isFour {
      for shift in [24, 16, 8, 0] as [UInt64] {
        bytes.append(UInt8(truncatingIfNeeded: low >> shift))
      }
    } else {
      for half in [high, low] {
        for shift in stride(from: UInt64(0), to: 64, by: 8).reversed() {
          bytes.append(UInt8(truncatingIfNeeded: half >> shift))
        }
      }
    }
    return bytes
  }
}
