/// `isolated top`: asks the daemon again and again, and shows what it says.
enum TopCommand {
  typealias Failure = ControlClient.Failure

  static func show(
    _ client: DaemonClient, interval: Int64, once: Bool, json: Bool, style: TextStyle
  ) throws(Failure) -> CommandResult {
    var client = client
    var report = TopReport()
    report.take(try client.use())
    if json {
      if once { return CommandResult(output: line(report)) }
      return try follow(&client, &report, interval)
    }
    if once || !isOurs { return CommandResult(output: report.text(style: style)) }
    let screen: TopScreen
    do throws(SystemError) {
      screen = try TopScreen()
    } catch {
      throw Failure(message: "the terminal cannot be used: \(error)", cure: "isolated top --once")
    }
    while true {
      screen.draw(report)
      switch screen.wait(interval) {
      case .ended: return CommandResult()
      case .drawAgain: continue
      case .lookAgain: report.take(try client.use())
      }
    }
  }

  /// What is typed is for us, and what we draw is seen.
  private static var isOurs: Bool {
    Output.isTerminal(0) && Output.isTerminal(1) && Terminal.isForeground(0)
  }

  private static func line(_ report: TopReport) -> String {
    var writer = JSONWriter()
    writer.value(report.json)
    writer.endLine()
    return writer.text
  }

  private static func follow(
    _ client: inout DaemonClient, _ report: inout TopReport, _ interval: Int64
  ) throws(Failure) -> CommandResult {
    let output = StreamedOutput()
    while true {
      /* Whoever reads has gone: head(1). */
      guard output.put(line(report)) else { return output.result }
      do throws(SystemError) {
        var nothing: [Door] = []
        try Poller.wait(&nothing, timeout: interval)
      } catch {
        throw Failure(message: "cannot wait: \(error)", cure: nil)
      }
      report.take(try client.use())
    }
  }
}

/// The caller's terminal while `top` has it: raw, on its other screen. It is as it was when this object is gone, by whatever end.
final class TopScreen {
  enum Next {
    case lookAgain, drawAgain, ended
  }

  private let saved: [UInt8]
  private let signals: SignalDoor
  private var guardian: Standby?
  private var lookAt = Int64.min

  init() throws(SystemError) {
    signals = try SignalDoor()
    saved = Terminal.modes(0)
    try enter()
  }

  deinit { leave() }

  private func enter() throws(SystemError) {
    try Terminal.makeRaw(0)
    /* Should we be killed. */
    guardian = TerminalGuard.start(terminal: 0, raw: Terminal.modes(0), saved: saved)
    Output.write("\u{1b}[?1049h\u{1b}[?25l", to: 1)
  }

  private func leave() {
    Output.write("\u{1b}[?25h\u{1b}[?1049l", to: 1)
    guardian.take()?.dismiss()
    do throws(SystemError) {
      try Terminal.setModes(saved, 0)
    } catch {
      /* It has hung up. */
    }
  }

  func draw(_ report: TopReport) {
    let window = Terminal.window(1)
    let (rows, columns) =
      window.count == 4 && window[0] > 0 && window[1] > 0
      ? (Int(window[0]), Int(window[1])) : (24, 80)
    Output.write(report.screen(rows: rows, columns: columns), to: 1)
  }

  /// Until it is time to look again, or something has happened.
  func wait(_ interval: Int64) -> Next {
    let now = Poller.now()
    if lookAt <= now { lookAt = now + interval }
    var doors = [Door(0), Door(signals.descriptor.raw)]
    do throws(SystemError) {
      try Poller.wait(&doors, timeout: lookAt - now)
      var next: Next = Poller.now() >= lookAt ? .lookAgain : .drawAgain
      if doors[0].isReadable || doors[0].isHungUp { next = try typed() ?? next }
      while let signal = signals.next() {
        switch signal.number {
        case SignalNumber.terminate, SignalNumber.interrupt, SignalNumber.hangUp, SignalNumber.quit:
          next = .ended
        case SignalNumber.terminalStop: try stop()
        default: break
        }
      }
      return next
    } catch {
      return .ended
    }
  }

  private func typed() throws(SystemError) -> Next? {
    switch Bytes.take(from: 0) {
    case .end: return .ended
    case .nothingNow: return nil
    case .bytes(let bytes):
      /* Ctrl-C, Ctrl-D, Ctrl-\ and Ctrl-Z; raw, they are bytes. */
      if bytes.contains(where: { [3, 4, 0x1c].contains($0) || $0 == UInt8(ascii: "q") }) {
        return .ended
      }
      if bytes.contains(0x1a) { try stop() }
      return nil
    }
  }

  private func stop() throws(SystemError) {
    leave()
    ProcessHandle.stopSelf(withGroup: true)
    try enter()
  }
}
