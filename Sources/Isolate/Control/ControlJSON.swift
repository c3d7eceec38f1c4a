/// The values of `io.isolated.Session` as JSON, and back: the other side is read as anybody's bytes.

/// An answer that is not what the interface says.
package struct ControlMisread: Error, Hashable, Sendable {
  /// The member that is missing or of another kind.
  package var member: String
}

/// The members of an object, read one by one.
struct JSONFields {
  let object: JSONObject

  init(_ value: JSONValue) throws(ControlMisread) {
    guard let object = value.object else { throw ControlMisread(member: "{}") }
    self.object = object
  }

  func text(_ key: String) throws(ControlMisread) -> String {
    guard let text = object[key]?.string else { throw ControlMisread(member: key) }
    return text
  }

  func word<Word: RawRepresentable<String>>(_ key: String) throws(ControlMisread) -> Word {
    guard let word = Word(rawValue: try text(key)) else { throw ControlMisread(member: key) }
    return word
  }

  func number<Number: FixedWidthInteger>(_ key: String) throws(ControlMisread) -> Number {
    guard let number = object[key]?.integer, let exact = Number(exactly: number) else {
      throw ControlMisread(member: key)
    }
    return exact
  }

  /// Numbers that the kernel counts to 2^64 are carried in the bits of an Int64.
  func bits(_ key: String) throws(ControlMisread) -> UInt64 {
    UInt64(bitPattern: try number(key) as Int64)
  }

  func flag(_ key: String) throws(ControlMisread) -> Bool {
    guard let flag = object[key]?.boolean else { throw ControlMisread(member: key) }
    return flag
  }

  func list<Value>(
    _ key: String, _ read: (JSONValue) -> Value?
  ) throws(ControlMisread) -> [Value] {
    var values: [Value] = []
    for value in object[key]?.array ?? [.null] {
      guard let value = read(value) else { throw ControlMisread(member: key) }
      values.append(value)
    }
    return values
  }

  func optional<Value>(
    _ key: String, _ read: (String) throws(ControlMisread) -> Value
  ) throws(ControlMisread) -> Value? {
    switch object[key] {
    case nil, .null: nil
    case .boolean, .integer, .double, .string, .array, .object: try read(key)
    }
  }
}

extension JSONValue {
  init(text: String?) { self = text.map { .string($0) } ?? .null }
  init(bits: UInt64) { self = .integer(Int64(bitPattern: bits)) }
}

extension ControlGrant {
  package var json: JSONValue {
    [
      "name": .string(name), "kind": .string(kind), "target": .string(target),
      "rights": JSONValue(rights), "rule": .string(rule), "state": .string(state.rawValue),
      "requests": JSONValue(requests), "refused": JSONValue(refused),
      "left": left.map { JSONValue($0) } ?? .null,
      "lease": leaseMilliseconds.map { .integer($0) } ?? .null,
      "asks": .boolean(asks), "answer": JSONValue(text: answer?.rawValue),
      "latency": .array(latency.map { JSONValue($0) }),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    name = try fields.text("name")
    kind = try fields.text("kind")
    target = try fields.text("target")
    rights = try fields.list("rights", \.string)
    rule = try fields.text("rule")
    state = try fields.word("state")
    requests = try fields.number("requests")
    refused = try fields.number("refused")
    left = try fields.optional("left", fields.number)
    leaseMilliseconds = try fields.optional("lease", fields.number)
    asks = try fields.flag("asks")
    answer = try fields.optional("answer", fields.word)
    latency = try fields.list("latency") { $0.integer.flatMap(UInt64.init(exactly:)) }
  }
}

extension ControlHandle {
  package var json: JSONValue {
    [
      "handle": .integer(Int64(handle)), "grant": .string(grant), "rule": .string(rule),
      "kind": .string(kind), "rights": JSONValue(rights), "state": .string(state.rawValue),
      "age": .integer(ageMilliseconds), "device": JSONValue(bits: device),
      "inode": JSONValue(bits: inode), "subject": .string(subject),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    handle = try fields.number("handle")
    grant = try fields.text("grant")
    rule = try fields.text("rule")
    kind = try fields.text("kind")
    rights = try fields.list("rights", \.string)
    state = try fields.word("state")
    ageMilliseconds = try fields.number("age")
    device = try fields.bits("device")
    inode = try fields.bits("inode")
    subject = try fields.text("subject")
  }
}

extension ControlAsk {
  package var json: JSONValue {
    [
      "ask": JSONValue(ask), "grant": .string(grant), "rule": .string(rule),
      "operation": .string(operation), "subject": .string(subject),
      "left": .integer(leftMilliseconds),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    ask = try fields.number("ask")
    grant = try fields.text("grant")
    rule = try fields.text("rule")
    operation = try fields.text("operation")
    subject = try fields.text("subject")
    leftMilliseconds = try fields.number("left")
  }
}

extension ControlRecord {
  package var json: JSONValue {
    [
      "sequence": JSONValue(sequence), "age": .integer(ageMilliseconds),
      "operation": .string(operation), "request": .integer(Int64(request)),
      "grant": JSONValue(text: grant), "rule": JSONValue(text: rule), "error": .string(error),
      "reason": .string(reason), "microseconds": JSONValue(microseconds),
      "subject": .string(subject),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    sequence = try fields.number("sequence")
    ageMilliseconds = try fields.number("age")
    operation = try fields.text("operation")
    request = try fields.number("request")
    grant = try fields.optional("grant", fields.text)
    rule = try fields.optional("rule", fields.text)
    error = try fields.text("error")
    reason = try fields.text("reason")
    microseconds = try fields.number("microseconds")
    subject = try fields.text("subject")
  }
}

extension ControlStatus {
  package var json: JSONValue {
    [
      "app": .string(app), "policy": .string(policy),
      "cgroup": JSONValue(text: cgroup?.rawValue), "controllers": JSONValue(controllers),
      "supervisor": .integer(Int64(supervisor)), "pid": .integer(Int64(pid)),
      "broker_pid": brokerPid.map { .integer(Int64($0)) } ?? .null,
      "broker": .string(broker.rawValue), "broker_reason": JSONValue(text: brokerReason),
      "restarts": JSONValue(restarts),
      "age": .integer(ageMilliseconds), "asks": JSONValue(asks),
      "standard": JSONValue(standard.map(\.rawValue)),
      "kept": .array(kept.map { .integer(Int64($0)) }),
      "door": door.map { .integer(Int64($0)) } ?? .null, "dropped": JSONValue(dropped),
      "drop": JSONValue(text: drop),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    app = try fields.text("app")
    policy = try fields.text("policy")
    cgroup = try fields.optional("cgroup", fields.word)
    controllers = try fields.list("controllers") { $0.string }
    supervisor = try fields.number("supervisor")
    pid = try fields.number("pid")
    brokerPid = try fields.optional("broker_pid", fields.number)
    broker = try fields.word("broker")
    brokerReason = try fields.optional("broker_reason", fields.text)
    restarts = try fields.number("restarts")
    ageMilliseconds = try fields.number("age")
    asks = try fields.number("asks")
    standard = try fields.list("standard") { $0.string.flatMap(Standard.init(rawValue:)) }
    kept = try fields.list("kept") { $0.integer.flatMap(Int32.init(exactly:)) }
    door = try fields.optional("door", fields.number)
    dropped = try fields.number("dropped")
    drop = try fields.optional("drop", fields.text)
  }
}
