/// Why an app of the daemon is in its state, in words, with the rule behind each. Pure.
package enum WhyWords {
  /// What it does now.
  package static func state(_ status: AppStatus, ends: UInt64, _ policy: Policy) -> ControlReason {
    switch status.state {
    case .down: return down(status, ends: ends, policy)
    case .starting:
      return policy.service.readiness.sign == .notify
        ? reason(
          .state, "it was launched and has not said READY=1", "readiness.when", policy)
        : ControlReason(.state, "it is being launched")
    case .ready, .running:
      let healthy = status.isHealthy == false ? ", and its checks fail" : ""
      return ControlReason(.state, "it runs\(healthy)")
    case .stopping: return stopping(status.reason, policy)
    case .backingOff:
      return reason(
        .state, "it waits for its restart, \(status.restartsIn ?? 0) ms more", "restart.delay",
        policy)
    case .failed:
      return ControlReason(
        .state, "it ended and is not started again by itself: isolated start \(status.name)")
    case .frozen: return ControlReason(.state, "somebody froze it: isolated thaw \(status.name)")
    }
  }

  private static func down(_ status: AppStatus, ends: UInt64, _ policy: Policy) -> ControlReason {
    if let first = status.waitsFor.first {
      let words = "it waits for \(status.waitsFor.joined(separator: ", "))"
      let key = policy.service.requires.contains(first) ? "service.requires" : "service.after"
      return reason(.state, words, key, policy, value: first)
    }
    if status.isHeld {
      return ControlReason(.state, "somebody stopped it: isolated start \(status.name)")
    }
    if status.isListening {
      return reason(.state, "the next who connects starts it", "service.listen", policy)
    }
    if ends > 0 { return ControlReason(.state, "it ended, and nobody wants it up") }
    return policy.service.start == .demand
      ? reason(.state, "nobody has asked for it yet", "service.start", policy)
      : ControlReason(.state, "it has not been started")
  }

  private static func stopping(_ why: StopReason?, _ policy: Policy) -> ControlReason {
    switch why {
    case nil: ControlReason(.state, "it ends")
    case .order: ControlReason(.state, "somebody ordered its stop")
    case .restart: ControlReason(.state, "somebody ordered its restart")
    case .reload: ControlReason(.state, "its profile has changed: it is restarted")
    case .shutdown: ControlReason(.state, "the daemon ends")
    case .kill: ControlReason(.state, "somebody ordered that it be killed")
    case .own: ControlReason(.state, "it said that it ends (STOPPING=1)")
    case .group:
      reason(.state, "another member of its group ended", "group.strategy", policy)
    case .dependency(let name):
      reason(
        .state, "\(name), which it requires, is down", "service.requires", policy, value: name)
    case .watchdog: cause(.watchdog, .state, "it gave no sign of life in time", policy)
    case .health: cause(.health, .state, "its checks failed", policy)
    case .runtime: cause(.runtimeLimit, .state, "it ran as long as it may", policy)
    case .startTimeout: cause(.startTimeout, .state, "it was not ready in time", policy)
    }
  }

  // MARK: Its end

  /// How it ended, the limits that it met, and what followed.
  ///
  /// - Parameters:
  ///   - words: of the end, as it was told.
  ///   - fault: why it could not be launched, in the launcher's words.
  package static func end(
    _ report: EndReport, _ end: AppEnd?, words: String, fault: String?, _ policy: Policy
  ) -> [ControlReason] {
    var text = words
    if case .launchFailed = report.cause, let fault { text += ": \(fault)" }
    var main = cause(report.cause, .end, text, policy)
    let met = end?.limitsMet ?? []
    /* The policy that held it may have been another than the one there is now. */
    if let limit = met.first(where: { $0.key == main.key }), let place = limit.position {
      main.rule = place.description
    }
    var reasons = [main]
    for limit in met {
      guard let line = EndText.line(limit, report.cause) else { continue }
      reasons.append(
        ControlReason(
          .limit, line, key: limit.key, rule: limit.position?.description,
          change: "a higher \(limit.key)", risk: Self.more))
    }
    if let next = next(report, policy) { reasons.append(next) }
    return reasons
  }

  private static let more = "so much more of the machine is the app's to use up"

  private static func next(_ report: EndReport, _ policy: Policy) -> ControlReason? {
    let restart = policy.service.restart
    switch report.next {
    case .down:
      guard case .exited(0) = report.cause, restart.when != .always else { return nil }
      return reason(
        .next,
        "it ended well, which is followed by no restart (restart.when = \(restart.when.rawValue))",
        "restart.when", policy)
    case .failed where restart.when == .never:
      return reason(
        .next, "it is not restarted: restart.when = never", "restart.when", policy,
        change: "restart.when = \"on-failure\"",
        risk: "what crashes it can be tried again and again")
    case .failed:
      let window = ProfileUnits.describe(milliseconds: UInt64(restart.windowMilliseconds))
      return reason(
        .next,
        "it was restarted \(restart.burst) times within \(window) before, which is as often as it may",
        "restart.burst", policy, change: "a higher restart.burst, or a shorter restart.window",
        risk: "an app that always crashes is started so much more often")
    case .restart(let wait):
      return reason(
        .next, wait == 0 ? "it was restarted" : "its restart waited \(wait) ms", "restart.when",
        policy)
    case .again: return ControlReason(.next, "it is started again: its end was planned")
    }
  }

  /// The rule behind a cause, and the change that would have avoided it.
  private static func cause(
    _ cause: Cause, _ kind: ControlReason.Kind, _ words: String, _ policy: Policy
  ) -> ControlReason {
    func limit(_ name: LimitName) -> ControlReason {
      let now = policy.limits[name].map { " than \(EndText.amount($0.amount, name.unit))" } ?? ""
      var reason = reason(
        kind, words, name.key, policy, change: "a higher \(name.key)\(now)", risk: more)
      if let place = policy.limits[name]?.position { reason.rule = place.description }
      return reason
    }
    switch cause {
    case .memoryLimit: return limit(.memory)
    case .cpuTimeLimit: return limit(.cpuTime)
    case .fileSizeLimit: return limit(.fileSize)
    case .wallTimeLimit: return limit(.wallTime)
    case .refusedSystemCall: return refusedCall(kind, words, policy)
    case .watchdog:
      return reason(
        kind, words, "watchdog.interval", policy, change: "a longer watchdog.interval",
        risk: "a deadlock is noticed so much later")
    case .health:
      return reason(
        kind, words, "health.failures", policy,
        change: "a longer health.timeout, or more health.failures",
        risk: "what does not work any more is noticed so much later")
    case .runtimeLimit:
      return reason(
        kind, words, "service.run-time", policy, change: "a longer service.run-time",
        risk: "what it gathers over time is gathered for longer")
    case .startTimeout:
      return reason(
        kind, words, "readiness.timeout", policy, change: "a longer readiness.timeout",
        risk: "a start that hangs is noticed so much later")
    case .dependency(let name):
      return reason(kind, words, "service.requires", policy, value: name)
    case .daemon(.group): return reason(kind, words, "group.strategy", policy)
    case .signal where policy.crash.report != true:
      return ControlReason(
        kind, words, change: "crash.report = true: the next crash has a report, with every stack",
        risk: "a process looks on with ptrace, and the report holds words of the app's memory")
    case .exited, .signal, .stopped, .lost, .launchFailed, .daemon:
      return ControlReason(kind, words)
    }
  }

  private static func refusedCall(
    _ kind: ControlReason.Kind, _ words: String, _ policy: Policy
  ) -> ControlReason {
    let key = "syscalls.refuse-with"
    guard policy.crash.report == true else {
      return reason(
        kind, words + "; which call it was is known with crash.report = true", key, policy,
        change: "crash.report = true: the next such end says which call, and which rule refuses it",
        risk: "a process looks on with ptrace, and the report holds words of the app's memory")
    }
    return reason(kind, words, key, policy)
  }

  // MARK: Rules

  /// - Parameter value: of several rules of one key, the one with this value.
  private static func reason(
    _ kind: ControlReason.Kind, _ words: String, _ key: String, _ policy: Policy,
    value: String? = nil, change: String? = nil, risk: String? = nil
  ) -> ControlReason {
    ControlReason(
      kind, words, key: key, rule: policy.place(of: key, value: value), change: change, risk: risk)
  }
}

extension Policy {
  /// Where a key is set; "built-in" where no profile says anything.
  package func place(of key: String, value: String? = nil) -> String {
    let found = provenance.last { $0.key == key && (value == nil || $0.value == value) }
    return (found?.position ?? .ofBuiltIn).description
  }
}
