/// The side of a session with grants that operators deal with: the control socket, questions on the terminal, notices.
final class Operations {
  private let keeper: any SessionKeeper
  private let place: ControlPlace
  private let isQuiet: Bool
  private let facts: SessionFacts
  let desk: AskDesk
  private var control: SessionControl?
  /// When it is to be there, in milliseconds on the monotonic clock, and the app's process.
  private var opening: (at: Int64, pid: Int32)?
  /// An app that ends at once is not kept by a socket that nobody had the time to ask for.
  private static let openPause: Int64 = 10
  private var dialogue: AskDialogue?
  /// The question has been drawn, on a terminal that was ours then.
  private var isDrawn = false
  /// The last question that was told on standard error, and when.
  private var toldAsk: UInt64 = 0
  private var toldAt: Int64?

  init(
    _ keeper: any SessionKeeper, place: ControlPlace, facts: SessionFacts, isQuiet: Bool
  ) {
    self.keeper = keeper
    self.place = place
    self.facts = facts
    self.isQuiet = isQuiet
    desk = AskDesk(keeper, place: place, app: keeper.policy.app)
  }

  /// The app runs: a moment later operators can reach the session. Not earlier, so that no launch waits for it.
  func open(pid: Int32) {
    if keeper.policy.namespaces.order == .without {
      /* The app has the number of its processes and the user in common with us: it could not be told from an operator. */
      return notice("without namespaces the app could reach a control socket, so there is none")
    }
    opening = (Poller.now() + Self.openPause, pid)
  }

  private func open(_ now: Int64) {
    guard let opening, opening.at <= now else { return }
    self.opening = nil
    var facts = facts
    facts.pid = opening.pid
    do throws(SystemError) {
      control = try SessionControl(keeper, desk: desk, place: place, facts: facts)
    } catch {
      notice("no control socket ('isolated grants' will not find this session): \(error)")
    }
  }

  private func notice(_ text: String) { if !isQuiet { Output.complain(text) } }

  /// The one door to wait on; -1 before the app runs.
  var doors: [Door] { [control?.door ?? Door(-1)] }

  func nextAt(now: Int64) -> Int64? { opening?.at ?? control?.nextAt(now: now) }

  func note(_ event: BrokerEvent) {
    control?.note(event)
    desk.note(event)
  }

  /// One turn of the session's loop, after waiting.
  func handle(_ relay: inout TerminalRelay, now: Int64) {
    open(now)
    do throws(SystemError) {
      try control?.turn(now: now)
    } catch {
      control = nil
      Output.complain("the control socket failed and is closed: \(error)")
    }
    converse(&relay, now)
  }

  /// The app is gone: its socket too, and the terminal belongs to nobody's question.
  func end(_ relay: inout TerminalRelay) {
    opening = nil
    control = nil
    dialogue = nil
    relay.release()
  }

  // MARK: questions

  private func converse(_ relay: inout TerminalRelay, _ now: Int64) {
    let asks = desk.asks(at: now)
    if let open = dialogue, !asks.contains(where: { $0.ask == open.ask }) {
      if isDrawn { relay.show(AskDialogue.gone) }
      close(&relay)
    }
    if dialogue == nil, let first = asks.first { begin(first, &relay, now) }
    guard var dialogue else { return }
    if !relay.isRaw {
      isDrawn = false
      return
    }
    if !isDrawn {
      isDrawn = true
      relay.show(dialogue.text)
    }
    let reaction = dialogue.type(relay.takeHeld())
    self.dialogue = dialogue
    if !reaction.echo.isEmpty { relay.show(reaction.echo) }
    guard let answer = reaction.answer else { return }
    do throws(SessionRefusal) {
      try desk.answer(dialogue.ask, answer)
    } catch {
      if case .cannotDo(let reason) = error { relay.show("isolated: \(VisibleText.of(reason))\n") }
      /* It was to be kept and cannot be: the question stands. */
      if answer.isKept {
        isDrawn = false
        return
      }
    }
    close(&relay)
  }

  private func begin(_ ask: ControlAsk, _ relay: inout TerminalRelay, _ now: Int64) {
    guard relay.canAsk else { return tell(ask, now) }
    let target = keeper.policy.grants.first { $0.name == ask.grant }?.target.inWords ?? ""
    dialogue = AskDialogue(ask, app: keeper.policy.app, target: target)
    isDrawn = false
    relay.hold()
  }

  private func close(_ relay: inout TerminalRelay) {
    dialogue = nil
    relay.release()
  }

  /// Where there is no terminal to ask on: how to answer, at most once a second.
  private func tell(_ ask: ControlAsk, _ now: Int64) {
    guard toldAsk != ask.ask, now - (toldAt ?? .min / 2) >= 1000 else { return }
    toldAsk = ask.ask
    toldAt = now
    let subject = ask.subject.isEmpty ? "" : " \"\(VisibleText.of(ask.subject))\""
    let app = VisibleText.of(keeper.policy.app, limit: 64)
    let how =
      control.map { "answer with: isolated answer \($0.name) \(ask.ask) once|run|always|no|never" }
      ?? "nobody can be asked"
    notice(
      "\(app) asks for \(ask.operation)\(subject) of grant \(ask.grant) (\(VisibleText.of(ask.rule))); "
        + "\(how); no in \((ask.leftMilliseconds + 999) / 1000) s")
  }
}
