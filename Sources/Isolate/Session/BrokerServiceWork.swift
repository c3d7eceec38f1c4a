/// What requests wait for that the supervisor does: an app to be started, the output of a secret's command.
final class ServiceWork {
  /// The secret, as far as it has come.
  fileprivate var fill: SecretFill?
  fileprivate var isRead = false
  /// How the command ended, once it has.
  fileprivate var isWell: Bool?
}

// MARK: In the broker

extension BrokerSession {
  /// Asks the supervisor.
  mutating func serve(_ request: KeptRequest) {
    guard let grant = request.message.request.grant else { return }
    let bytes = request.bytes
    let ticket = request.ticket
    let name = request.message.request.subject.array(in: bytes.span)
    guard name.count <= BrokerText.capacity else {
      return complete(ticket, .failed(Errno.noEntry))
    }
    var signal: UInt32 = 0
    var arguments: HeldDescriptor?
    do throws(SystemError) {
      if case .appSignal(let wanted) = request.message.request { signal = wanted.signal }
      if case .appStart(let wanted) = request.message.request {
        var block: [UInt8] = []
        var cursor = wanted.arguments.cursor
        while let argument = cursor.next(in: bytes.span) {
          block += argument.array(in: bytes.span)
          block.append(0)
        }
        arguments = HeldDescriptor(try SharedMemory.makeSealed("isolated-arguments", block))
      }
    } catch {
      return complete(ticket, .failed(error.number))
    }
    request.service = ServiceWork()
    tell(
      .wantsService(
        ticket: ticket.serial, grant: grant, opcode: request.message.request.opcode.rawValue,
        signal: signal, name: BrokerText(name)),
      passing: arguments?.descriptor.raw ?? -1)
    withExtendedLifetime(arguments) {}
  }

  /// The supervisor sets it: the capability is not the broker's, and is never the app's.
  mutating func setClock(_ request: KeptRequest, _ wanted: ClockSetRequest) {
    let time = SystemClock.Time(seconds: wanted.seconds, nanoseconds: wanted.nanoseconds)
    do throws(SystemError) {
      guard case .clock(let largest) = start.settings.grants[Int(wanted.grant)].target,
        ClockSetting.step(to: time, from: try SystemClock.now()) <= largest
      else { return complete(request.ticket, .failed(Errno.access, .outside)) }
    } catch {
      return complete(request.ticket, .failed(error.number))
    }
    request.service = ServiceWork()
    tell(
      .wantsClock(
        ticket: request.ticket.serial, grant: wanted.grant, seconds: wanted.seconds,
        nanoseconds: wanted.nanoseconds))
  }

  /// Nobody waits for a request any more: the command of a secret that still runs for it is to end, or it would hold one of the
  /// few places until the app ends.
  func leaveCommand(_ request: KeptRequest) {
    guard let service = request.service, service.isWell == nil,
      let grant = request.message.request.grant, case .secretRead = request.message.request
    else { return }
    tell(
      .wantsService(
        ticket: request.ticket.serial, grant: grant, opcode: Opcode.cancel.rawValue, signal: 0,
        name: BrokerText()))
  }

  private func waiting(_ serial: UInt64) -> KeptRequest? {
    for request in kept {
      if let request, request.service != nil, request.ticket.serial == serial { return request }
    }
    return nil
  }

  /// The supervisor has answered.
  mutating func served(
    _ serial: UInt64, _ status: UInt32, _ passed: consuming Descriptor?, state: UInt16, exit: Int32,
    name: BrokerText
  ) {
    guard let request = waiting(serial) else { return }
    let ticket = request.ticket
    if status != 0 { return complete(ticket, Completion(status: status, detail: .kernel)) }
    switch request.message.request {
    case .secretRead:
      guard let output = passed.take() else { return complete(ticket, .failed(Errno.inputOutput)) }
      do throws(SystemError) {
        let fill = try SecretFill(from: output)
        try events.watch(fill.door, token: Token.work.with(Int(ticket.slot)), .reading)
        request.service?.fill = consume fill
      } catch {
        complete(ticket, .failed(error.number))
      }
    case .appStart:
      forget(ticket)
      guard let reply = broker.complete(ticket, Completion(), at: now) else { return }
      let text = name.array
      begin(reply)
      if reply.status == 0 { outgoing.append(text: text.span) }
      finish(reply)
    case .appStatus:
      forget(ticket)
      guard let reply = broker.complete(ticket, Completion(), at: now) else { return }
      begin(reply)
      if reply.status == 0 {
        let known = WireAppState(rawValue: UInt8(truncatingIfNeeded: state)) ?? .failed
        outgoing.append(app: AppStatusReply(state: known, exit: exit, restarts: 0))
      }
      finish(reply)
    default: complete(ticket, Completion())
    }
  }

  /// There is something to read of a command's output.
  mutating func fill(_ request: KeptRequest) {
    guard let service = request.service, var fill = service.fill.take() else { return }
    do throws(SystemError) {
      if try fill.take() {
        service.isRead = true
        events.remove(fill.door)
      }
      service.fill = consume fill
      finish(request, service)
    } catch {
      complete(request.ticket, .failed(error.number))
    }
  }

  mutating func commandEnded(_ serial: UInt64, _ isWell: Bool) {
    guard let request = waiting(serial), let service = request.service else { return }
    service.isWell = isWell
    finish(request, service)
  }

  /// A secret is whole when its command has said so: what a failing command printed is none.
  private mutating func finish(_ request: KeptRequest, _ service: ServiceWork) {
    guard let isWell = service.isWell else { return }
    if !isWell { return complete(request.ticket, .failed(Errno.inputOutput, .driverFailed)) }
    guard service.isRead, let fill = service.fill.take() else { return }
    do throws(SystemError) {
      complete(request.ticket, with: try fill.sealed(), isSocket: false)
    } catch {
      complete(request.ticket, .failed(error.number))
    }
  }
}

// MARK: In the supervisor

/// What a broker wants; every value is hostile.
struct ServiceRequest {
  var ticket: UInt64
  var grant: Int
  var opcode: Opcode
  var signal: UInt32
  var name: String
  var arguments: HeldDescriptor?
}

extension BrokerKeeper {
  /// Whether a grant still holds. Looked at here as well: these programs run with our rights, and a broker that was taken over
  /// would not look.
  func holds(_ grant: Int, at moment: BrokerTime) -> Bool {
    guard policy.grants.indices.contains(grant), !revoked.contains(UInt16(grant)) else {
      return false
    }
    guard let lease = policy.grants[grant].leaseMilliseconds else { return true }
    return bootStart.adding(milliseconds: lease).microseconds(since: moment) > 0
  }

  private func check(_ grant: Int) throws(SystemError) {
    let now = BrokerTime(microseconds: Poller.bootMicroseconds())
    if !holds(grant, at: now) { throw SystemError(call: "broker", number: Errno.access) }
  }

  /// - Parameter set: sets the machine's clock.
  func setClock(
    to time: SystemClock.Time, grant: Int, ticket: UInt64,
    by set: (SystemClock.Time) throws(SystemError) -> Void = ClockSetting.set
  ) {
    var status: Int32 = 0
    do throws(SystemError) {
      try check(grant)
      try services.setClock(to: time, grant: grant, by: set)
    } catch {
      status = error.number
    }
    reply(ticket, status: status)
  }

  func serve(_ request: ServiceRequest) {
    if request.opcode == .cancel { return services.leaveCommand(request.ticket) }
    do throws(SystemError) {
      try check(request.grant)
      switch request.opcode {
      case .secretRead:
        let output = try services.output(grant: request.grant, ticket: request.ticket)
        reply(request, passing: output.descriptor.raw)
        withExtendedLifetime(output) {}
        childEnded()
      case .appStart:
        let words = try Self.words(request.arguments)
        let name = try services.start(
          request.name, arguments: words, grant: request.grant, complain: complainOnce)
        reply(request, name: name)
      case .appSignal:
        try services.signal(request.name, request.signal, grant: request.grant)
        reply(request)
      case .appStatus:
        guard let status = services.status(request.name, grant: request.grant) else {
          throw SystemError(call: "app.status", number: Errno.noEntry)
        }
        reply(request, state: status)
      default: throw SystemError(call: "broker", number: Errno.notSupported)
      }
    } catch {
      reply(request.ticket, status: error.number)
    }
  }

  /// The same for a driver with a process of its own: it needs nothing but the commands of secrets.
  func serve(_ request: ServiceRequest, driver: Int) {
    if request.opcode == .cancel { return services.leaveCommand(request.ticket, driver: driver) }
    var answer = BrokerOrder.served(
      ticket: request.ticket, status: 0, state: 0, exit: 0, name: BrokerText())
    var output: HeldDescriptor?
    do throws(SystemError) {
      let now = BrokerTime(microseconds: Poller.bootMicroseconds())
      guard request.opcode == .secretRead, holds(request.grant, at: now) else {
        throw SystemError(call: "driver", number: Errno.access)
      }
      output = try services.output(
        grant: request.grant, ticket: request.ticket, driver: driver)
    } catch {
      answer = .served(
        ticket: request.ticket, status: UInt32(error.number), state: 0, exit: 0,
        name: BrokerText())
    }
    drivers.send(answer, to: driver, passing: output)
    childEnded()
  }

  private func reply(_ ticket: UInt64, status: Int32) {
    send(
      .served(
        ticket: ticket, status: UInt32(bitPattern: status), state: 0, exit: 0, name: BrokerText()))
  }

  /// An app that asks again and again fills nobody's screen.
  private func complainOnce(_ text: String) {
    if services.isNew(text) { Output.complain(text) }
  }

  private func reply(
    _ request: ServiceRequest, name: String = "", state: AppStatusReply? = nil,
    passing number: Int32 = -1
  ) {
    send(
      .served(
        ticket: request.ticket, status: 0, state: UInt16(state?.state.rawValue ?? 0),
        exit: state?.exit ?? 0, name: BrokerText(Array(name.utf8))), passing: number)
  }

  /// The arguments of app.start: at most a message of them.
  private static func words(_ file: HeldDescriptor?) throws(SystemError) -> [[UInt8]] {
    guard let file else { throw SystemError(call: "app.start", number: Errno.invalid) }
    /* The broker has written it: its place may be anywhere. */
    let block = try SharedMemory.content(file.descriptor, limit: WireLimits.messageBytes)
    return block.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
  }

  /// A child of this process has ended.
  func childEnded() {
    for (ticket, driver, isWell) in services.endedCommands() {
      let order = BrokerOrder.commandEnded(ticket: ticket, isWell: isWell)
      if let driver { drivers.send(order, to: driver) } else { send(order) }
    }
  }
}
