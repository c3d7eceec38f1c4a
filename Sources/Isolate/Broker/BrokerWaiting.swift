extension Broker {
  // MARK: The operator

  /// It waits for the operator: no longer than the grant says, nor than the request itself named.
  mutating func ask(_ slot: Int, _ grant: Int) {
    let end = now.adding(milliseconds: rules[grant].askMilliseconds ?? 0)
    table.change(slot) {
      $0.phase = .asking
      let own = $0.arrival.adding(milliseconds: $0.patience)
      $0.isOperatorsTime = !$0.namesDeadline || end < own
      $0.deadline = $0.isOperatorsTime ? end : own
    }
    chooseQuestion(grant)
  }

  /// One question for a grant at a time: about the oldest request that waits for it.
  mutating func chooseQuestion(_ grant: Int) {
    setQuestion(grant, table.oldestAsking(grant).map { table.ticket($0) })
  }

  private mutating func setQuestion(_ grant: Int, _ question: Ticket?) {
    if isChanged(grant) { changedQuestions -= 1 }
    grants[grant].question = question
    if isChanged(grant) { changedQuestions += 1 }
  }

  private func isChanged(_ grant: Int) -> Bool { grants[grant].question != grants[grant].shown }

  /// The caller shows it now. False: it is being shown already.
  mutating func showQuestion(_ grant: Int) -> Bool {
    guard isChanged(grant) else { return false }
    changedQuestions -= 1
    grants[grant].shown = grants[grant].question
    return true
  }

  mutating func nextQuestion() -> BrokerAction? {
    for grant in grants.indices where showQuestion(grant) {
      guard let question = grants[grant].question else { return .withdraw(grant: UInt16(grant)) }
      return .ask(question, grant: UInt16(grant))
    }
    return nil
  }

  /// An operator has decided: about the request that was shown (`once`, `no`), or about the grant, asked or not.
  ///
  /// - Parameter question: what was shown; an answer to another request than the one that is being asked about decides nothing.
  /// - Returns: whether it decided anything.
  package mutating func answer(
    _ answer: GrantAnswer, grant: UInt16, question: Ticket? = nil, at moment: BrokerTime
  ) -> Bool {
    see(moment)
    let index = Int(grant)
    guard index < rules.count, rules[index].askMilliseconds != nil,
      !grants[index].state.isRevoked
    else { return false }
    // Whose time is over is not let in by an answer that comes later.
    advance(to: moment)
    guard !isOver(index) else { return false }
    switch answer {
    case .once, .no:
      guard let question, grants[index].question == question, let slot = table.slot(question)
      else { return false }
      if answer == .once { resume(slot, index) } else { endLater(slot, .denied) }
    case .run, .always: stand(.yes, index)
    case .never: stand(.no, index)
    }
    return true
  }

  private mutating func stand(_ answer: StandingAnswer, _ grant: Int) {
    grants[grant].state.answer = answer
    writer.write(grants[grant].state, grant: grant)
    // The oldest first: a count may end before the last of them.
    while let slot = table.oldestAsking(grant) {
      if answer == .yes { resume(slot, grant) } else { endLater(slot, .denied) }
    }
  }

  /// The operator said yes. What could have changed since it was asked is looked at again; a grant that was taken back or is over
  /// has ended its requests already.
  private mutating func resume(_ slot: Int, _ grant: Int) {
    if isUsedUp(grant) { return endLater(slot, .count) }
    use(grant)
    let now = now
    table.change(slot) {
      $0.begin(at: now)
      $0.phase = .resumed
    }
    chooseQuestion(grant)
  }

  // MARK: The clock

  /// It is that late now: requests whose time is over end, and so do grants.
  package mutating func advance(to moment: BrokerTime) {
    see(moment)
    endLeases()
    guard table.waiting.used > 0 else { return }
    for slot in 0..<BookLayout.requests
    where table[slot].phase.isWaiting && table[slot].deadline <= now {
      endLater(slot, table[slot].isOperatorsTime ? .unanswered : .deadline)
    }
  }

  /// When `advance` has something to do; nil: never, as things are.
  package var nextMoment: BrokerTime? {
    var next = nextLeaseEnd
    if table.waiting.used > 0 {
      for slot in 0..<BookLayout.requests where table[slot].phase.isWaiting {
        next = min(next, table[slot].deadline)
      }
    }
    return next == .distantFuture ? nil : next
  }

  mutating func endLeases() {
    guard nextLeaseEnd <= now else { return }
    var next = BrokerTime.distantFuture
    for grant in rules.indices {
      guard let end = rules[grant].leaseEnd, !grants[grant].isOver else { continue }
      if end > now {
        next = min(next, end)
      } else {
        grants[grant].isOver = true
        withdraw(grant, .lease)
      }
    }
    nextLeaseEnd = next
  }
}
