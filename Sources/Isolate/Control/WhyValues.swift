/// Why an app is in its state, and what was refused to it: what `isolated why` shows.
package struct ControlWhy: Hashable, Sendable {
  package var app: String
  /// Nil: it belongs to no daemon; it runs.
  package var state: LifeState?
  /// The newest first.
  package var reasons: [ControlReason] = []
  package var refusals: ControlRefusals

  package init(app: String, state: LifeState?, refusals: ControlRefusals) {
    self.app = app
    self.state = state
    self.refusals = refusals
  }
}

/// One thing that led to the state, with the rule behind it.
package struct ControlReason: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    /// What it does now.
    case state
    /// How its last instance ended, and what followed.
    case end, next
    /// A limit that was met, a report of a crash, what its broker came to.
    case limit, crash, broker
  }

  package var kind: Kind
  /// How long ago; nil: it holds now.
  package var ageMilliseconds: Int64?
  package var words: String
  /// The key of the profile that decided, and where it is set.
  package var key: String?
  package var rule: String?
  /// The smallest change that would have it otherwise, and what that opens.
  package var change: String?
  package var risk: String?

  package init(
    _ kind: Kind, _ words: String, ageMilliseconds: Int64? = nil, key: String? = nil,
    rule: String? = nil, change: String? = nil, risk: String? = nil
  ) {
    self.kind = kind
    self.ageMilliseconds = ageMilliseconds
    self.words = words
    self.key = key
    self.rule = rule
    self.change = change
    self.risk = risk
  }
}

/// What the broker of one instance refused.
package struct ControlRefusals: Hashable, Sendable {
  /// It has grants; without, it can ask for nothing.
  package var hasGrants: Bool
  /// They are of an instance that has ended.
  package var isOfEnded = false
  /// Requests that rules have refused, as they are counted: those that are not known any more among them.
  package var counted: UInt64 = 0
  /// The newest first.
  package var list: [ControlRefusal] = []

  package init(hasGrants: Bool) { self.hasGrants = hasGrants }
}

/// Requests that were refused in one way.
package struct ControlRefusal: Hashable, Sendable {
  package var times: UInt64
  /// Since the last and since the first of them.
  package var ageMilliseconds: Int64
  package var firstMilliseconds: Int64
  package var operation: String
  /// The beginning of what was asked for, in bytes of the app, and whether there was more.
  package var subject: String
  package var isCut: Bool
  package var transport: String?
  package var port: UInt16?
  package var grant: String?
  package var rule: String?
  package var error: String
  package var reason: String
  package var advice: RefusalAdvice

  package init(
    _ request: RefusedRequest, grant: Grant?, times: UInt64, ageMilliseconds: Int64,
    firstMilliseconds: Int64
  ) {
    self.times = times
    self.ageMilliseconds = ageMilliseconds
    self.firstMilliseconds = firstMilliseconds
    operation = request.opcode.words
    subject = request.subject
    isCut = request.isCut
    transport = request.transport.map { "\($0)" }
    port = request.transport == nil || request.transport == .unix ? nil : request.port
    self.grant = grant?.name
    rule = grant?.position.description
    error = request.error
    reason = request.detail.words
    advice = RefusalAdvice(request, grant)
  }
}

// MARK: As JSON

extension ControlWhy {
  package var json: JSONValue {
    [
      "app": .string(app), "state": JSONValue(text: state?.wireWord),
      "reasons": .array(reasons.map(\.json)), "refusals": refusals.json,
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    app = try fields.text("app")
    state = try fields.optional("state") { key throws(ControlMisread) in
      guard let state = LifeState(wireWord: try fields.text(key)) else {
        throw ControlMisread(member: key)
      }
      return state
    }
    reasons = []
    for one in fields.object["reasons"]?.array ?? [.null] {
      reasons.append(try ControlReason(one))
    }
    refusals = try ControlRefusals(fields.object["refusals"] ?? .null)
  }
}

extension ControlReason {
  package var json: JSONValue {
    [
      "kind": .string(kind.rawValue), "age": ageMilliseconds.map { .integer($0) } ?? .null,
      "words": .string(words), "key": JSONValue(text: key), "rule": JSONValue(text: rule),
      "change": JSONValue(text: change), "risk": JSONValue(text: risk),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    kind = try fields.word("kind")
    ageMilliseconds = try fields.optional("age", fields.number)
    words = try fields.text("words")
    key = try fields.optional("key", fields.text)
    rule = try fields.optional("rule", fields.text)
    change = try fields.optional("change", fields.text)
    risk = try fields.optional("risk", fields.text)
  }
}

extension ControlRefusals {
  package var json: JSONValue {
    [
      "grants": .boolean(hasGrants), "ended": .boolean(isOfEnded), "counted": JSONValue(counted),
      "list": .array(list.map(\.json)),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    hasGrants = try fields.flag("grants")
    isOfEnded = try fields.flag("ended")
    counted = try fields.number("counted")
    list = []
    for one in fields.object["list"]?.array ?? [.null] { list.append(try ControlRefusal(one)) }
  }
}

extension ControlRefusal {
  package var json: JSONValue {
    [
      "times": JSONValue(times), "age": .integer(ageMilliseconds),
      "first": .integer(firstMilliseconds), "operation": .string(operation),
      "subject": .string(subject), "cut": .boolean(isCut), "transport": JSONValue(text: transport),
      "port": port.map { .integer(Int64($0)) } ?? .null, "grant": JSONValue(text: grant),
      "rule": JSONValue(text: rule), "error": .string(error), "reason": .string(reason),
      "words": .string(advice.words), "change": JSONValue(text: advice.change),
      "risk": JSONValue(text: advice.risk),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    times = try fields.number("times")
    ageMilliseconds = try fields.number("age")
    firstMilliseconds = try fields.number("first")
    operation = try fields.text("operation")
    subject = try fields.text("subject")
    isCut = try fields.flag("cut")
    transport = try fields.optional("transport", fields.text)
    port = try fields.optional("port", fields.number)
    grant = try fields.optional("grant", fields.text)
    rule = try fields.optional("rule", fields.text)
    error = try fields.text("error")
    reason = try fields.text("reason")
    advice = RefusalAdvice(
      words: try fields.text("words"), change: try fields.optional("change", fields.text),
      risk: try fields.optional("risk", fields.text))
  }
}
