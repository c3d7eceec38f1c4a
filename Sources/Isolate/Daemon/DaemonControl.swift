/// The control socket of the daemon: what people ask, and what they are answered.
final class DaemonControl {
  /// Apps that are looked at in one turn.
  private static let looks = 8

  private let socket: ControlSocket
  private var streams: [Stream] = []
  private var isBusy = false
  /// In this turn an order was performed at once; others wait for the next one, as launches do that nobody ordered.
  private var hasActed = false
  /// Calls that are answered later are so many at most: each peer waits for one.
  private unowned let daemon: Daemon

  /// A call that is answered later, or more than once.
  private struct Stream {
    let call: VarlinkCall
    var kind: Kind

    enum Kind {
      /// What is left of a list, and the name of its member.
      case parts(String, ArraySlice<JSONValue>)
      /// Apps that are to be looked at.
      case use(ArraySlice<Int>)
      case events(EventTelling)
      case log(LogTelling, follows: Bool)
      case text(TextTelling)
      /// An order that is being carried out, and the launches there had been.
      case order(AppOrder, AppID, launches: UInt64, ends: UInt64)
    }
  }

  private struct EventTelling {
    /// Of one app alone.
    let app: String?
    /// Those up to this one were told.
    var told: UInt64
    /// The last that is to be told; nil: those that come, too.
    let last: UInt64?
  }

  init(
    _ daemon: Daemon, listener: consuming Descriptor, guests: ControlSocket.Guests,
    remove: @escaping () -> Void
  ) throws(SystemError) {
    self.daemon = daemon
    let info = VarlinkInfo(
      vendor: "isolated", product: "isolated daemon", version: Version.text,
      url: "https://varlink.org")
    let server = VarlinkServer(info, interfaces: [DaemonInterface.interface])
    socket = try ControlSocket(listener, server, guests: guests, remove: remove)
  }

  /// The one door to wait on.
  var door: Int32 { socket.door }

  /// Whether a call has no full answer yet.
  var isAwaited: Bool { !streams.isEmpty }

  /// When `turn` wants to be called though the door is not ready, in milliseconds on the monotonic clock.
  func nextAt(now: Int64) -> Int64? { isBusy ? now : socket.nextAt }

  /// Takes what peers sent, answers it, and goes on with what they follow. Never waits.
  func turn(now: Int64) throws(SystemError) {
    hasActed = false
    try socket.serve(now: now)
    let calls = socket.calls(now: now)
    isBusy = !calls.isEmpty
    for call in calls { answer(call, now) }
    for index in streams.indices where socket.waits(streams[index].call) {
      advance(&streams[index], now)
    }
    streams = streams.filter { socket.waits($0.call) }
    try socket.finish(now: now)
    let goesOn = streams.contains { stream in
      switch stream.kind {
      case .parts, .use, .text: socket.takes(stream.call)
      case .events, .log, .order: false
      }
    }
    isBusy = isBusy || goesOn
  }

  private func answer(_ call: VarlinkCall, _ now: Int64) {
    do throws(VarlinkError) {
      try answer(call, try DaemonRequest(call), now)
    } catch {
      socket.fail(call, error, now: now)
    }
  }

  private func answer(
    _ call: VarlinkCall, _ request: DaemonRequest, _ now: Int64
  ) throws(VarlinkError) {
    do throws(DaemonRefusal) {
      switch request {
      case .status:
        var status = daemon.status(now)
        status.dropped = socket.dropped
        status.drop = socket.lastDrop
        socket.reply(call, status.json.object ?? JSONObject(), now: now)
      case .apps: list(call, "apps", daemon.list(now).map(\.json), now)
      case .sandbox(let name):
        let sandbox = try daemon.sandbox(name)
        socket.reply(call, sandbox.json.object ?? JSONObject(), now: now)
      case .app(let name): reply(call, try daemon.app(name, now), now)
      case .order(let order, let name, let waits):
        try carryOut(call, order, name, waits: waits, now)
      case .reload(let name, let isPlan):
        let changes = try daemon.reload(name, isPlan: isPlan)
        list(call, "changes", changes.map(\.json), now)
      case .events(let app, let count, let follows): tell(call, app, count, follows, now)
      case .log(let name, let count, let follows):
        let log = try daemon.log(name, last: count)
        streams.append(Stream(call: call, kind: .log(log, follows: follows)))
      case .crashes: list(call, "crashes", daemon.crashReports().map(\.json), now)
      case .crash(let id):
        let text = TextTelling(try daemon.crashReport(id))
        streams.append(Stream(call: call, kind: .text(text)))
      case .why(let name, let count):
        let why = try daemon.why(name, count, now).json
        socket.reply(call, JSONObject([.init("why", why)]), now: now)
      case .use:
        if call.wantsMore {
          streams.append(Stream(call: call, kind: .use(daemon.appSlots[...])))
        } else {
          let seen = daemon.appSlots.prefix(Self.looks).compactMap { daemon.use($0) }
          list(call, "use", seen.map(\.json), now)
        }
      case .metrics:
        socket.reply(call, JSONObject([.init("text", .string(daemon.metrics(now)))]), now: now)
      }
    } catch {
      throw error.varlink
    }
  }

  private func reply(_ call: VarlinkCall, _ app: ControlApp, _ now: Int64) {
    socket.reply(call, JSONObject([.init("app", app.json)]), now: now)
  }

  private func list(_ call: VarlinkCall, _ name: String, _ values: [JSONValue], _ now: Int64) {
    if call.wantsMore && values.count > DaemonInterface.part {
      streams.append(Stream(call: call, kind: .parts(name, values[...])))
    } else {
      let part = JSONValue.array(Array(values.prefix(DaemonInterface.part)))
      socket.reply(call, JSONObject([.init(name, part)]), now: now)
    }
  }

  private func tell(
    _ call: VarlinkCall, _ app: String?, _ count: Int, _ follows: Bool, _ now: Int64
  ) {
    let events = daemon.events
    guard call.wantsMore else {
      let first = events.before(last: min(count, DaemonInterface.part), app: app)
      let found = events.after(first, app: app, most: DaemonInterface.part, now: now).events
      return list(call, "events", found.map(\.json), now)
    }
    let telling = EventTelling(
      app: app, told: events.before(last: count, app: app), last: follows ? nil : events.last)
    streams.append(Stream(call: call, kind: .events(telling)))
  }

  private func carryOut(
    _ call: VarlinkCall, _ order: AppOrder, _ name: String, waits: Bool, _ now: Int64
  ) throws(DaemonRefusal) {
    let app = try daemon.find(name, takesUp: order == .start || order == .restart)
    let before = (app.launches, app.endCount)
    try daemon.carryOut(order, app, now)
    /* Before the answer is put together: nobody waits for it longer, and the app waits less. */
    if !hasActed { _ = daemon.perform() }
    hasActed = true
    if waits {
      streams.append(
        Stream(
          call: call, kind: .order(order, app.id, launches: before.0, ends: before.1)))
    } else {
      reply(call, try daemon.app(name, now), now)
    }
  }

  /// Goes on with a call that is not fully answered.
  private func advance(_ stream: inout Stream, _ now: Int64) {
    let call = stream.call
    switch stream.kind {
    case .parts(let name, let rest):
      guard socket.takes(call) else { return }
      let left = rest.dropFirst(DaemonInterface.part)
      let part = JSONValue.array(Array(rest.prefix(DaemonInterface.part)))
      socket.reply(call, JSONObject([.init(name, part)]), continues: !left.isEmpty, now: now)
      stream.kind = .parts(name, left)
    case .use(let slots):
      guard socket.takes(call) else { return }
      let left = slots.dropFirst(Self.looks)
      let part = slots.prefix(Self.looks).compactMap { daemon.use($0)?.json }
      socket.reply(
        call, JSONObject([.init("use", .array(part))]), continues: !left.isEmpty, now: now)
      stream.kind = .use(left)
    case .events(let telling): stream.kind = .events(advance(telling, call, now))
    case .log(let log, let follows):
      stream.kind = .log(advance(log, call, follows, now), follows: follows)
    case .text(var text):
      guard socket.takes(call) else { return }
      let piece = JSONObject([.init("text", .string(text.next()))])
      socket.reply(call, piece, continues: !text.isDone, now: now)
      stream.kind = .text(text)
    case .order(let order, let id, let launches, let ends):
      switch daemon.progress(of: order, id, launches: launches, ends: ends) {
      case .goesOn: return
      case .done(let name):
        do throws(DaemonRefusal) {
          reply(call, try daemon.app(name, now), now)
        } catch {
          socket.fail(call, error.varlink, now: now)
        }
      case .failed(let refusal): socket.fail(call, refusal.varlink, now: now)
      }
    }
  }

  private func advance(
    _ telling: EventTelling, _ call: VarlinkCall, _ now: Int64
  ) -> EventTelling {
    let last = telling.last ?? .max
    guard socket.takes(call), daemon.events.last > telling.told || telling.last != nil else {
      return telling
    }
    var telling = telling
    let (found, upTo) = daemon.events.after(
      telling.told, app: telling.app, most: DaemonInterface.part, now: now)
    let events = found.filter { $0.sequence <= last }
    telling.told = upTo
    let goesOn = upTo < last
    if !events.isEmpty || !goesOn {
      let list = JSONValue.array(events.map(\.json))
      socket.reply(call, JSONObject([.init("events", list)]), continues: goesOn, now: now)
    }
    if upTo < daemon.events.last, goesOn { isBusy = true }
    return telling
  }

  private func advance(
    _ log: LogTelling, _ call: VarlinkCall, _ follows: Bool, _ now: Int64
  ) -> LogTelling {
    let end = follows ? daemon.logEnd(log.app) : nil
    /* An app that has no log now writes none. */
    guard socket.takes(call), !(follows && log.isAtEnd && end == nil) else { return log }
    var log = log
    func reply(_ lines: [ControlLine], hasGap: Bool, continues: Bool) {
      let reply = JSONObject([
        .init("lines", .array(lines.map(\.json))), .init("gap", .boolean(hasGap)),
      ])
      socket.reply(call, reply, continues: continues, now: now)
    }
    do throws(SystemError) {
      switch try log.next(end: end) {
      case .nothingYet: isBusy = true
      case .lines(let lines, let hasGap):
        reply(lines, hasGap: hasGap, continues: true)
        isBusy = true
      case .end: if !follows { reply([], hasGap: false, continues: false) }
      }
    } catch {
      let refusal = DaemonRefusal.noSuchLog(app: log.app, reason: "\(error)")
      socket.fail(call, refusal.varlink, now: now)
    }
    return log
  }
}
