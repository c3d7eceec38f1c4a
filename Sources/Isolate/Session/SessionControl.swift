/// What operators act on: the keeper of an app's broker, and nothing else of a session.
protocol SessionKeeper: AnyObject {
  var policy: Policy { get }
  var state: BrokerState { get }
  var pendingAsks: [PendingAsk] { get }
  func grants(at now: Int64) -> [GrantStatus]
  func handles(at now: Int64) -> [HandleStatus]
  func revoke(grant index: Int) -> Revocation?
  func answer(_ number: UInt64, _ answer: AskAnswer) -> Bool
  /// Decisions after that one which are still known, the oldest first.
  func decisions(after sequence: UInt64, at now: Int64) -> [ControlRecord]
  /// What was refused, at most so many kinds, the newest first.
  func refusals(_ most: Int) -> ControlRefusals
}

extension BrokerKeeper: SessionKeeper {
  func decisions(after sequence: UInt64, at now: Int64) -> [ControlRecord] {
    let boot = Poller.bootMicroseconds()
    return (reader?.records(after: sequence) ?? []).map { sequence, record in
      let index = record.grant.map { Int($0) } ?? -1
      let grant = policy.grants.indices.contains(index) ? policy.grants[index] : nil
      return ControlRecord(
        sequence: sequence, ageMilliseconds: max(0, (boot &- record.time.microseconds) / 1000),
        operation: record.opcode.words, request: record.id, grant: grant?.name,
        rule: grant?.position.description,
        error: record.status == 0
          ? "" : SystemError.name(Int32(clamping: record.status)),
        reason: record.detail.words, microseconds: UInt64(record.microseconds),
        subject: RawText.decode(record.subject.bytes))
    }
  }
}

/// What does not change while a session runs.
struct SessionFacts {
  var startedAt: Int64
  /// Of the sandbox's init.
  var pid: Int32
  var standard: [ControlStatus.Standard] = []
  var kept: [Int32] = []
  /// The number of the broker's door in the app.
  var door: Int32?
}

extension SessionFacts {
  init(
    _ policy: Policy, _ standard: [PlanContext.StandardDescriptor], pid: Int32, startedAt: Int64
  ) {
    self.startedAt = startedAt
    self.pid = pid
    self.standard = standard.map { which in
      switch which {
      case .asIs, .given: .caller
      case .pty: .terminal
      case .null: .null
      }
    }
    kept = policy.descriptors
    door = policy.brokerDescriptor
  }
}

/// Serves the control socket of one session.
final class SessionControl {
  private let session: SessionName
  private let socket: ControlSocket
  private let keeper: any SessionKeeper
  private let desk: AskDesk
  private let facts: SessionFacts
  /// Made when it is first asked for: a launch does not pay for it.
  private lazy var fingerprint = Fingerprint.of(keeper.policy)
  private var restarts: UInt64 = 0
  private var streams: [Stream] = []
  private var isBusy = false
  /// How often records are looked for while somebody follows them: the broker writes them without a word.
  private static let lookMilliseconds: Int64 = 200

  /// A call that gets several answers.
  private struct Stream {
    let call: VarlinkCall
    var kind: Kind

    enum Kind {
      /// What is left of a list, and the name of its member.
      case parts(String, ArraySlice<JSONValue>)
      /// The questions as of this change have been told.
      case asks(UInt64)
      /// Records up to this one have been told.
      case records(UInt64)
    }
  }

  init(
    _ keeper: any SessionKeeper, desk: AskDesk, place: ControlPlace, facts: SessionFacts
  ) throws(SystemError) {
    self.keeper = keeper
    self.desk = desk
    self.facts = facts
    let info = VarlinkInfo(
      vendor: "isolated", product: "isolated run", version: Version.text,
      url: "https://varlink.org")
    let server = VarlinkServer(info, interfaces: [SessionInterface.interface])
    session = SessionName(app: keeper.policy.app, pid: LocalSocket.process)
    socket = try ControlSocket(place, session: session, server)
  }

  var name: String { session.text }

  /// The one door to wait on.
  var door: Door { Door(socket.door) }

  /// When `turn` wants to be called though the door is not ready, in milliseconds on the monotonic clock.
  func nextAt(now: Int64) -> Int64? {
    if isBusy { return now }
    let follows = streams.contains { if case .records = $0.kind { true } else { false } }
    let times = [socket.nextAt, follows ? now + Self.lookMilliseconds : nil]
    return times.compactMap { $0 }.min()
  }

  func note(_ event: BrokerEvent) {
    if case .died = event { restarts += 1 }
  }

  /// Takes what peers sent, answers it, and goes on with what they follow. Never waits.
  func turn(now: Int64) throws(SystemError) {
    try socket.serve(now: now)
    let calls = socket.calls(now: now)
    isBusy = !calls.isEmpty
    for call in calls { answer(call, now) }
    streams = streams.filter { socket.waits($0.call) }
    for index in streams.indices { advance(&streams[index], now) }
    try socket.finish(now: now)
    let goesOn = streams.contains { stream in
      if case .parts = stream.kind { socket.takes(stream.call) } else { false }
    }
    isBusy = isBusy || goesOn
  }

  // MARK: calls

  private func answer(_ call: VarlinkCall, _ now: Int64) {
    do throws(VarlinkError) {
      switch try SessionRequest(call) {
      case .status: reply(call, status(now).json, now)
      case .grants: list(call, "grants", grants(now).map(\.json), now)
      case .handles: list(call, "handles", handles(now).map(\.json), now)
      case .asks:
        if call.wantsMore {
          streams.append(Stream(call: call, kind: .asks(.max)))
        } else {
          reply(call, ["asks": .array(desk.asks(at: now).map(\.json))], now)
        }
      case .revoke(let name):
        reply(call, try attempt { () throws(SessionRefusal) in try revoke(name, now) }, now)
      case .answer(let ask, let answer):
        try attempt { () throws(SessionRefusal) in try desk.answer(ask, answer) }
        reply(call, .object(JSONObject()), now)
      case .records(let count): records(call, count, now)
      case .refusals(let count): reply(call, keeper.refusals(count).json, now)
      }
    } catch {
      socket.fail(call, error, now: now)
    }
  }

  private func attempt<Value>(
    _ body: () throws(SessionRefusal) -> Value
  ) throws(VarlinkError) -> Value {
    do throws(SessionRefusal) { return try body() } catch { throw error.varlink }
  }

  private func reply(_ call: VarlinkCall, _ value: JSONValue, _ now: Int64) {
    socket.reply(call, value.object ?? JSONObject(), now: now)
  }

  private func list(_ call: VarlinkCall, _ key: String, _ values: [JSONValue], _ now: Int64) {
    if call.wantsMore && values.count > SessionInterface.part {
      streams.append(Stream(call: call, kind: .parts(key, values[...])))
    } else {
      let part = values.prefix(SessionInterface.part)
      socket.reply(call, JSONObject([.init(key, .array(Array(part)))]), now: now)
    }
  }

  private func records(_ call: VarlinkCall, _ count: Int, _ now: Int64) {
    let all = keeper.decisions(after: 0, at: now)
    let shown = JSONValue.array(all.suffix(count).map(\.json))
    socket.reply(call, JSONObject([.init("records", shown)]), continues: call.wantsMore, now: now)
    if call.wantsMore {
      streams.append(Stream(call: call, kind: .records(all.last?.sequence ?? 0)))
    }
  }

  private func advance(_ stream: inout Stream, _ now: Int64) {
    let call = stream.call
    switch stream.kind {
    case .parts(let key, var rest):
      while socket.takes(call) {
        let part = JSONValue.array(Array(rest.prefix(SessionInterface.part)))
        rest = rest.dropFirst(SessionInterface.part)
        socket.reply(
          call, JSONObject([.init(key, part)]), continues: !rest.isEmpty, now: now)
      }
      stream.kind = .parts(key, rest)
    case .asks(let told):
      guard told != desk.changes, socket.takes(call) else { return }
      let asks = JSONValue.array(desk.asks(at: now).map(\.json))
      socket.reply(call, JSONObject([.init("asks", asks)]), continues: true, now: now)
      stream.kind = .asks(desk.changes)
    case .records(let told):
      guard socket.takes(call) else { return }
      let new = keeper.decisions(after: told, at: now).prefix(SessionInterface.part)
      guard let last = new.last else { return }
      let records = JSONValue.array(new.map(\.json))
      socket.reply(call, JSONObject([.init("records", records)]), continues: true, now: now)
      stream.kind = .records(last.sequence)
    }
  }

  // MARK: answers

  private func status(_ now: Int64) -> ControlStatus {
    var status = ControlStatus(
      app: keeper.policy.app, supervisor: LocalSocket.process, pid: facts.pid)
    switch keeper.state {
    case .asleep: status.broker = .idle
    case .running(let pid):
      status.broker = .running
      status.brokerPid = pid
    case .resting: status.broker = .restarting
    case .givenUp(let reason):
      status.broker = .givenUp
      status.brokerReason = reason
    case .cutOff(let reason):
      status.broker = .cutOff
      status.brokerReason = reason
    case .closed: status.broker = .closed
    }
    status.policy = fingerprint
    (status.cgroup, status.controllers) = keeper.policy.limits.controlCgroup
    status.restarts = restarts
    status.ageMilliseconds = now - facts.startedAt
    status.asks = UInt64(keeper.pendingAsks.count)
    status.standard = facts.standard
    status.kept = facts.kept
    status.door = facts.door
    status.dropped = socket.dropped
    status.drop = socket.lastDrop
    return status
  }

  private func grants(_ now: Int64) -> [ControlGrant] {
    let answers = desk.answers()
    return keeper.grants(at: now).map { status in
      let grant = status.grant
      var told = ControlGrant(
        name: grant.name, kind: GrantTelling.kind(grant.target),
        target: grant.target.inWords, rights: GrantTelling.rights(grant.rights),
        rule: grant.position.description)
      told.requests = status.used &+ status.refused
      told.refused = status.refused
      told.left = status.countLeft
      told.leaseMilliseconds = status.leaseLeftMilliseconds
      told.asks = grant.askMilliseconds != nil
      told.answer = answers[status.index]
      told.latency = status.latencies
      if status.leaseLeftMilliseconds == 0 { told.state = .expired }
      if status.countLeft == 0 { told.state = .usedUp }
      if status.isRevoked { told.state = .revoked }
      return told
    }
  }

  private func handles(_ now: Int64) -> [ControlHandle] {
    keeper.handles(at: now).compactMap { status in
      let grants = keeper.policy.grants
      guard grants.indices.contains(status.grant) else { return nil }
      let grant = grants[status.grant]
      let state: ControlHandle.State =
        switch status.state {
        case .held: .held
        case .cut: .cut
        case .beyondRecall: .lasting
        }
      return ControlHandle(
        handle: status.handle, grant: grant.name, rule: grant.position.description,
        kind: Self.kind(grant.target),
        rights: GrantTelling.rights(GrantRights(rawValue: status.rights)), state: state,
        ageMilliseconds: status.ageMilliseconds, device: status.device, inode: status.inode,
        subject: RawText.decode(status.subject))
    }
  }

  /// What a grant of this kind hands out.
  private static func kind(_ target: GrantTarget) -> String {
    switch target {
    case .files: "file"
    case .connect: "socket"
    case .listen: "listener"
    case .secret: "secret"
    case .device: "device"
    case .resolve, .apps, .clock, .driver: "descriptor"
    }
  }

  private func revoke(_ name: String, _ now: Int64) throws(SessionRefusal) -> JSONValue {
    guard let status = keeper.grants(at: now).first(where: { $0.grant.name == name }) else {
      throw .noSuchGrant(name)
    }
    if status.isRevoked { throw .alreadyRevoked(name) }
    guard let revocation = keeper.revoke(grant: status.index) else { throw .noSuchGrant(name) }
    return [
      "cut": JSONValue(UInt64(revocation.cut.count)),
      "lasting": JSONValue(UInt64(revocation.beyondRecall.count)),
    ]
  }
}

extension Limits {
  /// The version of the app's cgroup, and what that limits.
  var controlCgroup: (ControlStatus.CgroupVersion?, [String]) {
    switch cgroup {
    case nil: (nil, [])
    case .unified: (.v2, CgroupLimits.controllers(self))
    case .legacy(let all): (.v1, all.map(\.name))
    }
  }
}
