/// Where the questions of an app's broker meet the answers: kept ones, the terminal's, those of the control socket.
final class AskDesk {
  private let keeper: any SessionKeeper
  private let kept: KeptAnswers
  /// What was answered for longer than one request, by grant.
  private(set) var standing: [Int: OperatorAnswer] = [:]
  /// Questions are told with small numbers, counted from 1; the keeper's are for machines.
  private var numbers: [(told: UInt64, keepers: UInt64)] = []
  private var lastNumber: UInt64 = 0
  /// Changes with the questions that wait.
  private(set) var changes: UInt64 = 0

  init(_ keeper: any SessionKeeper, place: ControlPlace, app: String) {
    self.keeper = keeper
    kept = KeptAnswers(place: place, app: app)
  }

  /// Takes note of what happened to the broker.
  func note(_ event: BrokerEvent) {
    switch event {
    case .asked(let ask):
      changes += 1
      lastNumber += 1
      numbers.append((lastNumber, ask.number))
      answerFromFile(ask)
    case .askGone, .died, .cutOff, .givenUp:
      changes += 1
      let waiting = keeper.pendingAsks
      numbers.removeAll { number in !waiting.contains { $0.number == number.keepers } }
    case .started, .revoked, .notified, .driverStarted, .driverDied, .driverGivenUp: break
    }
  }

  private func answerFromFile(_ ask: PendingAsk) {
    guard let grant = grant(ask) else { return }
    do throws(SystemError) {
      guard let answer = try kept.read().answer(for: grant) else { return }
      if give(ask.number, answer) { standing[ask.grant] = answer }
    } catch {
      Output.complain("kept answers are not used: \(error)")
    }
  }

  private func grant(_ ask: PendingAsk) -> Grant? {
    keeper.policy.grants.indices.contains(ask.grant) ? keeper.policy.grants[ask.grant] : nil
  }

  private func give(_ number: UInt64, _ answer: OperatorAnswer) -> Bool {
    changes += 1
    return switch answer {
    case .once: keeper.answer(number, .once)
    case .run, .always: keeper.answer(number, .forThisRun)
    case .no: keeper.answer(number, .no)
    case .never: keeper.answer(number, .never)
    }
  }

  /// An operator answers.
  ///
  /// - Parameter told: as `asks` tells the question's number.
  func answer(_ told: UInt64, _ answer: OperatorAnswer) throws(SessionRefusal) {
    let number = numbers.first { $0.told == told }?.keepers
    guard let ask = keeper.pendingAsks.first(where: { $0.number == number }),
      let grant = grant(ask)
    else { throw .noSuchAsk(told) }
    if answer.isKept {
      /* Kept first: what is said to hold from now on shall not be forgotten in silence. */
      do throws(SystemError) {
        try kept.change { $0.keep(answer, for: grant) }
      } catch {
        throw .cannotDo("the answer cannot be kept: \(error)")
      }
    }
    guard give(ask.number, answer) else { throw .noSuchAsk(told) }
    if answer == .run || answer.isKept { standing[ask.grant] = answer }
  }

  /// What holds for a grant: answered in this session, or kept by an earlier one.
  func answers() -> [Int: OperatorAnswer] {
    var answers = standing
    do throws(SystemError) {
      let book = try kept.read()
      for (index, grant) in keeper.policy.grants.enumerated()
      where answers[index] == nil && grant.askMilliseconds != nil {
        answers[index] = book.answer(for: grant)
      }
    } catch {
      return answers
    }
    return answers
  }

  /// The questions that wait, as operators see them.
  func asks(at now: Int64) -> [ControlAsk] {
    keeper.pendingAsks.compactMap { ask in
      guard let grant = grant(ask),
        let number = numbers.first(where: { $0.keepers == ask.number })
      else { return nil }
      return ControlAsk(
        ask: number.told, grant: grant.name, rule: grant.position.description,
        operation: ask.opcode.words, subject: RawText.decode(ask.subject),
        leftMilliseconds: max(0, ask.deadlineAt - now))
    }
  }
}
