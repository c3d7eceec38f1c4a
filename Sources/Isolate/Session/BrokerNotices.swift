/// What a broker says to its supervisor: hostile, as it may have been taken over.
extension BrokerKeeper {
  /// How long a broker that says nothing more has to end.
  private static let graceMilliseconds: Int64 = 5000

  func readNotices() {
    guard let running else { return }
    /* As many as a socket holds: a broker that never stops must not keep us. */
    for _ in 0..<64 {
      do throws(SystemError) {
        var message = BrokerMessage()
        var span = message.bytes.mutableSpan
        guard var arrival = try Packets.receive(from: running.control, into: &span) else { return }
        if arrival.size == 0 {
          /* It ends, or does as if: there is nothing more to read, and no use in being woken for it again and again. */
          deafUntil = deafUntil ?? Poller.now() + Self.graceMilliseconds
          return
        }
        guard !arrival.isTruncated, let notice = message.notice(size: arrival.size) else {
          return distrust("it sent what is no message")
        }
        audit?.hint(now: Poller.now())
        note(notice, HeldDescriptor(arrival.descriptors.take(0)))
      } catch {
        return
      }
    }
  }

  private func note(_ notice: BrokerNotice, _ passed: HeldDescriptor?) {
    switch notice {
    case .ready: break
    case .gaveSocket(let handle, let grant):
      guard let passed else { return }
      if revoked.contains(grant) { return Packets.shut(passed.descriptor) }
      sockets.keep(passed, handle: handle, grant: grant, beneath: inits, now: Poller.now())
    case .cut(let handle): sockets.cut(handle: handle, now: Poller.now())
    case .openedDoor(let number, let inode):
      guard let passed, number > 0,
        number < WireLimits.doors, !moreDoors.contains(where: { $0.number == number })
      else { return }
      moreDoors.append((number, passed, inode))
    case .closedDoor(let number): moreDoors.removeAll { $0.number == number }
    case .asks(let number, let grant, let opcode, let milliseconds, let subject):
      guard Int(grant) < policy.grants.count, let opcode = Opcode(rawValue: opcode),
        pendingAsks.count < policy.grants.count
      else { return }
      let left = max(0, min(milliseconds, 86_400_000))
      let ask = PendingAsk(
        number: number, grant: Int(grant), opcode: opcode, subject: subject.array,
        deadlineAt: Poller.now() + left)
      pendingAsks.append(ask)
      events.append(.asked(ask))
    case .askGone(let number): forget(ask: number)
    case .notified(let text): events.append(.notified(text.array))
    case .cutOff(let violation, _):
      let words = WireViolation(rawValue: violation)?.words ?? "a protocol error"
      shut(.cutOff(words))
      events.append(.cutOff(words))
    case .wantsService(let ticket, let grant, let opcode, let signal, let name):
      guard let opcode = Opcode(rawValue: opcode) else { return }
      serve(
        ServiceRequest(
          ticket: ticket, grant: Int(grant), opcode: opcode, signal: signal,
          name: RawText.decode(name.array), arguments: passed))
    case .wantsDriver(let index):
      guard drivers.want(Int(index), Poller.now()) else {
        return distrust("it asked for a driver that there is not")
      }
      follow()
    case .driverFailed(let index, let reason):
      drivers.failed(Int(index), reason)
      follow()
    case .wantsClock(let ticket, let grant, let seconds, let nanoseconds):
      let time = SystemClock.Time(seconds: seconds, nanoseconds: nanoseconds)
      setClock(to: time, grant: Int(grant), ticket: ticket)
    case .recorded(let sequence): audit?.hint(of: sequence, now: Poller.now())
    }
  }

  /// A broker that does not keep to our own protocol is not ours any more.
  func distrust(_ reason: String) {
    deafUntil = nil
    guard let running else { return }
    events.append(.died("ended by us: \(reason)"))
    ProcessHandle.endAndReap(running.child.pidfd)
    self.running = nil
    died(Poller.now())
  }
}
