/// What the daemon keeps of an app's last end, for `isolated why`. All of it is bounded.
struct KeptWhy {
  /// Of the last end, and when that was.
  var end: (reasons: [ControlReason], at: Int64)?
  /// Of the last report of a crash.
  var crash: (reasons: [ControlReason], at: Int64)?
  /// What its broker came to, as long as the instance lives or no other has begun.
  var broker: (words: String, at: Int64)?
  /// Of the last instance that has ended.
  var refusals: (list: ControlRefusals, at: Int64)?
  /// Why the last launch failed, in words.
  var fault: String?

  mutating func noteBroker(_ words: String, now: Int64) {
    broker = (VisibleText.of(words, limit: 1000), now)
  }

  mutating func noteFault(_ words: String) { fault = String(words.prefix(4000)) }

  /// - Parameter call: of the filter's kill, by name.
  mutating func noteCrash(_ words: String, call: String?, _ policy: Policy, now: Int64) {
    var reasons = [ControlReason(.crash, VisibleText.of(words, limit: 1000))]
    if let call, let reason = CallWords.reason(call, policy) { reasons.append(reason) }
    crash = (reasons, now)
  }

  mutating func noteRefusals(_ list: ControlRefusals, now: Int64) {
    var list = list
    list.isOfEnded = true
    refusals = (list, now)
  }

  /// A new instance: what became of the broker before it says nothing of its own.
  mutating func begin() {
    broker = nil
    fault = nil
  }
}

extension Daemon {
  /// - Parameter count: kinds of refusals at most.
  func why(_ name: String, _ count: Int, _ now: Int64) throws(DaemonRefusal) -> ControlWhy {
    let app = try find(name, takesUp: false)
    guard let status = supervisor.status(of: app.id) else { throw .noSuchApp(name) }
    let policy = app.instance?.live.policy ?? app.preparation.policy
    let hasGrants = !policy.grants.isEmpty
    var refusals = ControlRefusals(hasGrants: hasGrants)
    if let keeper = app.instance?.live.keeper {
      refusals = keeper.refusals(count)
    } else if let (kept, at) = app.why.refusals {
      refusals = kept
      refusals.list = kept.list.prefix(count).map { $0.older(by: now - at) }
    }
    var why = ControlWhy(app: app.name, state: status.state, refusals: refusals)
    why.reasons = [WhyWords.state(status, ends: app.endCount, app.preparation.policy)]
    if let (words, at) = app.why.broker {
      why.reasons.append(ControlReason(.broker, words, ageMilliseconds: max(0, now - at)))
    }
    let kept = [app.why.crash, app.why.end].compactMap { $0 }.sorted { $0.at > $1.at }
    for (reasons, at) in kept { why.reasons += reasons.map { $0.aged(max(0, now - at)) } }
    return why
  }
}

extension ControlReason {
  fileprivate func aged(_ milliseconds: Int64) -> ControlReason {
    var aged = self
    aged.ageMilliseconds = milliseconds
    return aged
  }
}

extension ControlRefusal {
  fileprivate func older(by milliseconds: Int64) -> ControlRefusal {
    var older = self
    older.ageMilliseconds += max(0, milliseconds)
    older.firstMilliseconds += max(0, milliseconds)
    return older
  }
}
