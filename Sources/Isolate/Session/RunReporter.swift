/// What a person and a program are told about one run.
struct RunReporter: Sendable {
  let app: String
  let isQuiet: Bool
  /// Where one JSON object per event goes.
  let statusDescriptor: Int32?

  func started(pid: Int32, inside: Int32) {
    emit { json in
      json.field("event", "started")
      json.field("app", app)
      json.field("pid", Int64(pid))
      json.field("inner-pid", Int64(inside))
    }
  }

  /// Only what a person or program should know; what an operator asked for, the operator is told.
  func broker(_ event: BrokerEvent) {
    switch event {
    case .started(let pid): tell("broker-started", "pid", pid)
    case .died(let cause):
      if !isQuiet { Output.complain("the broker of \(app) died: \(cause); it is replaced") }
      tell("broker-died", "cause", cause)
    case .cutOff(let reason):
      Output.complain("\(app) broke its broker's protocol (\(reason)): it is not served any more")
      tell("broker-cut-off", "reason", reason)
    case .givenUp(let reason):
      Output.complain("\(app) has no broker any more: \(reason)")
      tell("broker-given-up", "reason", reason)
    case .asked, .askGone, .revoked, .notified: break
    case .driverStarted(let name, let pid):
      tell("driver-started", "pid", pid, driver: name)
    case .driverDied(let name, let cause):
      if !isQuiet { Output.complain("driver \(name) of \(app) died: \(cause)") }
      tell("driver-died", "cause", cause, driver: name)
    case .driverGivenUp(let name, let reason):
      Output.complain("driver \(name) of \(app) is not there for a minute: \(reason)")
      tell("driver-given-up", "reason", reason, driver: name)
    }
  }

  private func tell(_ event: String, _ key: String, _ text: String, driver: String? = nil) {
    emit { json in
      json.field("event", event)
      json.field("app", app)
      if let driver { json.field("driver", driver) }
      json.field(key, text)
    }
  }

  private func tell(_ event: String, _ key: String, _ number: Int32, driver: String? = nil) {
    emit { json in
      json.field("event", event)
      json.field("app", app)
      if let driver { json.field("driver", driver) }
      json.field(key, Int64(number))
    }
  }

  /// - Parameter isHeard: false: the terminal takes nothing, and a message would wait for ever.
  func ended(_ end: AppEnd, limits: Limits, isHeard: Bool = true) {
    if isHeard {
      if let line = EndText.line(end, app: app, limits: limits) { Output.complain(line) }
      for line in EndText.lines(end.limitsMet, cause: end.cause) { Output.complain(line) }
    }
    emit { json in
      json.field("event", "exited")
      json.field("app", app)
      json.field("cause", end.cause.word)
      if let signal = end.cause.signal { json.field("signal", EndText.name(signal)) }
      json.field("exit-code", Int64(end.exitCode))
      json.key("use")
      json.beginObject()
      json.field("wall-milliseconds", end.use.wallMilliseconds)
      json.field("user-microseconds", end.use.userMicroseconds)
      json.field("system-microseconds", end.use.systemMicroseconds)
      json.field("peak-resident-kib", end.use.peakResidentKiB)
      if let total = end.use.peakTotalKiB { json.field("peak-total-kib", total) }
      json.field("processes", end.use.processes)
      json.endObject()
      json.key("limits-met")
      json.beginArray()
      for met in end.limitsMet { write(met, to: &json) }
      json.endArray()
    }
  }

  private func write(_ met: LimitMet, to json: inout JSONWriter) {
    json.beginObject()
    json.field("limit", met.key)
    if case .privateFiles(let path) = met.what { json.field("path", path) }
    json.field("amount", met.amount)
    json.field("unit", EndText.unit(met))
    if let position = met.position { json.field("rule", position.description) }
    json.field("enforcement", met.enforcement?.inWords ?? "file system")
    json.field("sign", EndText.word(met.sign))
    switch met.sign {
    case .killed(let count): json.field("processes", count)
    case .refused(let count): json.field("times", count)
    case .throttled(let time): json.field("microseconds", time)
    case .ended, .reached, .near: break
    }
    json.endObject()
  }

  /// - Returns: what `isolated run` exits with: 126, 127, or 125.
  func launchFailed(_ failure: LaunchFailure, plan: LaunchPlan, policy: Policy) -> Int32 {
    let explained = Hints.explain(
      step: failure.step, number: failure.number, plan: plan, policy: policy)
    Output.complain(explained.text)
    emit { json in
      json.field("event", "failed")
      json.field("app", app)
      json.field("step", Int64(failure.step))
      json.field("error", SystemError.name(failure.number))
      json.field("message", explained.text)
      json.field("exit-code", Int64(explained.exitCode))
    }
    return explained.exitCode
  }

  /// Nothing was launched: says why to both.
  ///
  /// - Returns: 125.
  func refused(_ messages: [String]) -> Int32 {
    for message in messages { Output.complain(message) }
    noteRefused(messages)
    return 125
  }

  /// The same for messages that begin with the place they are about.
  func refusedAsWritten(_ messages: [String]) -> Int32 {
    for message in messages { Output.write(message + "\n", to: 2) }
    noteRefused(messages)
    return 125
  }

  private func noteRefused(_ messages: [String]) {
    emit { json in
      json.field("event", "failed")
      json.field("app", app)
      json.field("message", messages.joined(separator: "\n"))
      json.field("exit-code", Int64(125))
    }
  }

  func emit(_ fill: (inout JSONWriter) -> Void) {
    guard let statusDescriptor else { return }
    var json = JSONWriter()
    json.beginObject()
    fill(&json)
    json.endObject()
    json.endLine()
    Output.write(json.bytes, to: statusDescriptor)
  }
}
