/// The control socket of the daemon: what people ask, and what they are answered.
final class DaemonControl {
  /// Apps that are looked at in one turn.
  private static let looks = 8

  private let socket: ControlSocket
  private var streams: [Stream] = []
  private var isBusy = false
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
      /// Events up to this one have been told.
      case events(UInt64)
      /// An order that is being carried out, and the launches there had been.
      case order(AppOrder, AppID, launches: UInt64, ends: UInt64)
    }
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
      case .parts, .use: socket.takes(stream.call)
      case .events, .order: false
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
      case .events(let count): follow(call, count, now)
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

  private func follow(_ call: VarlinkCall, _ count: Int, _ now: Int64) {
    let last = daemon.events.last
    let first = last - min(UInt64(count), last)
    guard call.wantsMore else {
      let events = daemon.events.after(first, most: DaemonInterface.part, now: now)
      return list(call, "events", events.map(\.json), now)
    }
    streams.append(Stream(call: call, kind: .events(first)))
  }

  private func carryOut(
    _ call: VarlinkCall, _ order: AppOrder, _ name: String, waits: Bool, _ now: Int64
  ) throws(DaemonRefusal) {
    let app = try daemon.find(name, takesUp: order == .start || order == .restart)
    let before = (app.launches, app.endCount)
    try daemon.carryOut(order, app, now)
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
    case .events(let told):
      guard daemon.events.last > told, socket.takes(call) else { return }
      let new = daemon.events.after(told, most: DaemonInterface.part, now: now)
      guard let last = new.last else { return }
      let events = JSONValue.array(new.map(\.json))
      socket.reply(call, JSONObject([.init("events", events)]), continues: true, now: now)
      stream.kind = .events(last.sequence)
      if last.sequence < daemon.events.last { isBusy = true }
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
}
