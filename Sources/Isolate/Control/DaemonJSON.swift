/// The values of `io.isolated.Daemon` as JSON, and back: the other side is read as anybody's bytes.

extension LifeState {
  /// The word on the wire: names of varlink have no dashes.
  package var wireWord: String { self == .backingOff ? "backing_off" : word }

  package init?(wireWord: String) {
    guard let state = LifeState.allCases.first(where: { $0.wireWord == wireWord }) else {
      return nil
    }
    self = state
  }
}

extension PolicyChange.Effect {
  package var wireWord: String { self == .nextStart ? "next_start" : rawValue }
}

extension ControlApp {
  package var json: JSONValue {
    [
      "name": .string(name), "state": .string(state.wireWord), "wanted": .boolean(isWanted),
      "waits_for": JSONValue(waitsFor), "pid": JSONValue(number: pid.map(Int64.init)),
      "instance": JSONValue(number: instance.map { Int64(clamping: $0) }),
      "age": JSONValue(number: ageMilliseconds),
      "restarts_in": JSONValue(number: restartsInMilliseconds),
      "reloading": JSONValue(number: reloadingMilliseconds),
      "restarts": JSONValue(restarts), "failures": .integer(Int64(failures)),
      "healthy": isHealthy.map { .boolean($0) } ?? .null, "listening": .boolean(isListening),
      "status": JSONValue(text: status), "profile": .string(profile),
      "stale": .boolean(isStale), "end": end?.json ?? .null,
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    guard let state = LifeState(wireWord: try fields.text("state")) else {
      throw ControlMisread(member: "state")
    }
    self.init(name: try fields.text("name"), state: state)
    isWanted = try fields.flag("wanted")
    waitsFor = try fields.list("waits_for", \.string)
    pid = try fields.optional("pid", fields.number)
    instance = try fields.optional("instance", fields.number)
    ageMilliseconds = try fields.optional("age", fields.number)
    restartsInMilliseconds = try fields.optional("restarts_in", fields.number)
    reloadingMilliseconds = try fields.optional("reloading", fields.number)
    restarts = try fields.number("restarts")
    failures = try fields.number("failures")
    isHealthy = try fields.optional("healthy", fields.flag)
    isListening = try fields.flag("listening")
    status = try fields.optional("status", fields.text)
    profile = try fields.text("profile")
    isStale = try fields.flag("stale")
    end = try fields.optional("end") { key throws(ControlMisread) in
      try ControlEnd(fields.object[key] ?? .null)
    }
  }
}

extension ControlEnd {
  package var json: JSONValue {
    [
      "cause": .string(cause), "words": .string(words), "failure": .boolean(isFailure),
      "exit_code": JSONValue(number: exitCode.map(Int64.init)),
      "signal": JSONValue(text: signal), "up": .integer(upMilliseconds),
      "age": .integer(ageMilliseconds),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    self.init(
      cause: try fields.text("cause"), words: try fields.text("words"),
      isFailure: try fields.flag("failure"),
      exitCode: try fields.optional("exit_code", fields.number),
      signal: try fields.optional("signal", fields.text),
      upMilliseconds: try fields.number("up"), ageMilliseconds: try fields.number("age"))
  }
}

extension ControlChange {
  package var json: JSONValue {
    [
      "app": .string(app), "key": .string(change.key), "old": JSONValue(change.old),
      "new": JSONValue(change.new), "effect": .string(change.effect.wireWord),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    let word = try fields.text("effect")
    guard let effect = PolicyChange.Effect.allCases.first(where: { $0.wireWord == word }) else {
      throw ControlMisread(member: "effect")
    }
    self.init(
      app: try fields.text("app"),
      PolicyChange(
        key: try fields.text("key"), old: try fields.list("old", \.string),
        new: try fields.list("new", \.string), effect: effect))
  }
}

extension ControlEvent {
  package var json: JSONValue {
    [
      "sequence": JSONValue(sequence), "age": .integer(ageMilliseconds), "app": .string(app),
      "kind": .string(kind.rawValue), "text": .string(text), "state": JSONValue(text: state),
      "cause": JSONValue(text: cause),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    self.init(
      sequence: try fields.number("sequence"), ageMilliseconds: try fields.number("age"),
      app: try fields.text("app"), kind: try fields.word("kind"), text: try fields.text("text"),
      state: try fields.optional("state", fields.text),
      cause: try fields.optional("cause", fields.text))
  }
}

extension ControlUse {
  package var json: JSONValue {
    func number(_ value: UInt64?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
    return [
      "app": .string(app), "state": .string(state.wireWord), "restarts": JSONValue(restarts),
      "instance": number(running?.instance), "age": JSONValue(number: running?.ageMicroseconds),
      "cpu": number(running?.cpuMicroseconds), "memory": number(running?.memoryKiB),
      "processes": number(running?.processes), "descriptors": number(running?.descriptors),
      "requests": number(running?.requests), "refusals": number(running?.refusals),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    guard let state = LifeState(wireWord: try fields.text("state")) else {
      throw ControlMisread(member: "state")
    }
    self.init(
      app: try fields.text("app"), state: state, restarts: try fields.number("restarts"),
      running: nil)
    guard let instance: UInt64 = try fields.optional("instance", fields.number) else { return }
    running = Running(
      instance: instance, ageMicroseconds: try fields.number("age"),
      cpuMicroseconds: try fields.number("cpu"), memoryKiB: try fields.number("memory"),
      processes: try fields.number("processes"), descriptors: try fields.number("descriptors"),
      requests: try fields.optional("requests", fields.number),
      refusals: try fields.optional("refusals", fields.number))
  }
}

extension ControlSandbox {
  package var json: JSONValue {
    [
      "pid": .integer(Int64(pid)), "supervisor": .integer(Int64(supervisor)),
      "profile": .string(profile), "policy": .string(policy),
      "cgroup": JSONValue(text: cgroup?.rawValue), "controllers": JSONValue(controllers),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    self.init(
      pid: try fields.number("pid"), supervisor: try fields.number("supervisor"),
      profile: try fields.text("profile"), policy: try fields.text("policy"))
    cgroup = try fields.optional("cgroup", fields.word)
    controllers = try fields.list("controllers", \.string)
  }
}

extension ControlLine {
  package var json: JSONValue {
    [
      "time": .string(time), "stream": .string(stream), "partial": .boolean(isPartial),
      "text": .string(text),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    self.init(
      time: try fields.text("time"), stream: try fields.text("stream"),
      isPartial: try fields.flag("partial"), text: try fields.text("text"))
  }
}

extension ControlCrash {
  package var json: JSONValue {
    ["id": .integer(Int64(clamping: id)), "app": .string(app), "group": .string(group)]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    self.init(
      id: try fields.number("id"), app: try fields.text("app"), group: try fields.text("group"))
  }
}

extension ControlDaemon {
  package var json: JSONValue {
    [
      "version": .string(version), "pid": .integer(Int64(pid)),
      "age": .integer(ageMilliseconds), "apps": .integer(Int64(apps)),
      "live": .integer(Int64(live)), "stopping": .boolean(isStopping),
      "cgroups": .string(cgroups),
      "logs": JSONValue(text: logs), "crashes": JSONValue(text: crashes),
      "dropped": JSONValue(dropped), "drop": JSONValue(text: drop),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    self.init(version: try fields.text("version"), pid: try fields.number("pid"))
    ageMilliseconds = try fields.number("age")
    apps = try fields.number("apps")
    live = try fields.number("live")
    isStopping = try fields.flag("stopping")
    cgroups = try fields.text("cgroups")
    logs = try fields.optional("logs", fields.text)
    crashes = try fields.optional("crashes", fields.text)
    dropped = try fields.number("dropped")
    drop = try fields.optional("drop", fields.text)
  }
}

extension JSONValue {
  fileprivate init(number: Int64?) { self = number.map { .integer($0) } ?? .null }
}
