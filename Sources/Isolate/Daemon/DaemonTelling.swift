/// What people and programs are told of what happens: a line on standard error, and an event.
extension Daemon {
  func say(
    _ kind: ControlEvent.Kind, _ app: String, _ text: String, cause: String? = nil
  ) {
    events.add(kind, app: app, text, cause: cause, now: Poller.now())
    if settings.isQuiet && kind != .problem { return }
    let prefix = manager.prefix(isProblem: kind == .problem)
    let lines = (app.isEmpty ? text : "\(app): \(text)").utf8.split(separator: UInt8(ascii: "\n"))
    for (number, line) in lines.enumerated() {
      let shown = VisibleText.of(String(Substring(line)), limit: Self.longestLine)
      write(prefix + (number == 0 ? "isolated: " : "  ") + shown + "\n")
    }
  }

  /// In characters: a pipe that can be written to takes so much without waiting (PIPE_BUF of pipe(7)).
  private static let longestLine = 1000

  /// Nobody who does not read what we say (a full pipe, a terminal that is held up) holds the apps up: lines are left out and counted.
  private func write(_ line: String) {
    guard Output.takesLine(2) else {
      unreadLines += 1
      return
    }
    if unreadLines > 0 {
      let count = unreadLines
      unreadLines = 0
      write("isolated: \(count) lines were left out: nobody read them; see: isolated events\n")
      return write(line)
    }
    Output.write(line, to: 2)
  }

  func tell(_ app: DaemonApp, _ report: EndReport, _ end: AppEnd?, _ now: Int64) {
    var words = EndText.ended(
      report.cause, exit: end, app: app.name, limits: app.preparation.policy.limits)
    if words.hasPrefix(app.name + " ") { words.removeFirst(app.name.count + 1) }
    let next =
      switch report.next {
      case .down: ""
      case .failed: "; it has failed and is not restarted"
      case .restart(0): "; it is restarted"
      case .restart(let wait): "; it is restarted in \(wait) ms"
      case .again: "; it is started again"
      }
    say(
      report.isFailure ? .problem : .end, app.name, words + next, cause: report.cause.word)
    for line in EndText.lines(end?.limitsMet ?? [], cause: report.cause) {
      say(.notice, app.name, line)
    }
  }

  func tell(_ app: DaemonApp, _ event: BrokerEvent) {
    switch event {
    case .died(let cause): say(.problem, app.name, "its broker died: \(cause); it is replaced")
    case .cutOff(let reason):
      say(
        .problem, app.name, "it broke its broker's protocol (\(reason)): it is not served any more")
      app.why.noteBroker(
        "it broke its broker's protocol (\(reason)): it is not served any more", now: Poller.now())
    case .givenUp(let reason):
      say(.problem, app.name, "it has no broker any more: \(reason)")
      app.why.noteBroker("it has no broker any more: \(reason)", now: Poller.now())
    case .notified(let text):
      app.statusText = VisibleText.of(RawText.decode(Array(text.prefix(256))))
    case .asked(let ask):
      let grants = app.preparation.policy.grants
      let name = grants.indices.contains(ask.grant) ? grants[ask.grant].name : ""
      guard let leftOut = app.askTelling.pass(Poller.now()) else { return }
      let more = leftOut == 0 ? "" : " (and \(leftOut) more before)"
      say(
        .notice, app.name,
        "asks for \(ask.opcode.words) of grant \(name)\(more); answer with: isolated answer \(app.name)"
      )
    case .driverDied(let name, let cause):
      say(.problem, app.name, "its driver \(name) died: \(cause)")
    case .driverGivenUp(let name, let reason):
      say(.problem, app.name, "its driver \(name) is not there for a minute: \(reason)")
    case .started, .askGone, .revoked, .driverStarted: break
    }
  }

  /// What was left out of all it asked, once nothing more comes.
  func tellLeftOut(_ app: DaemonApp, _ now: Int64) {
    guard let count = app.askTelling.flush(now) else { return }
    say(.notice, app.name, "asked \(count) more questions; see: isolated answer \(app.name)")
  }

  /// RELOADING=1, and READY=1 when it is done: an event for the first of each such time, and no more than one a second.
  func noteReload(
    _ app: DaemonApp, _ instance: DaemonInstance, _ message: NotifyMessage, _ now: Int64
  ) {
    if message.isReady { instance.reloadsSince = nil }
    guard message.isReloading, instance.reloadsSince == nil else { return }
    /* When it began is the app's to say, but not before its own start, and not in time to come. */
    let said = message.monotonicMicroseconds.map { Int64(clamping: $0 / 1000) } ?? now
    instance.reloadsSince = min(now, max(said, instance.live.startedAt))
    guard let leftOut = app.reloadTelling.pass(now) else { return }
    let more = leftOut == 0 ? "" : " (and \(leftOut) times before)"
    events.add(.notice, app: app.name, "it reads its settings anew\(more)", now: now)
  }
}
