/// What a session tells of one grant (config/io.isolated.Session.varlink).
package struct ControlGrant: Hashable, Sendable {
  package enum State: String, CaseIterable, Sendable {
    case open, revoked, expired
    case usedUp = "used_up"
  }

  package var name: String
  package var kind: String
  package var target: String
  package var rights: [String]
  package var rule: String
  package var state = State.open
  package var requests: UInt64 = 0
  package var refused: UInt64 = 0
  package var left: UInt64?
  package var leaseMilliseconds: Int64?
  package var asks = false
  /// What was answered for longer than one request.
  package var answer: OperatorAnswer?
  package var latency: [UInt64] = []

  package init(name: String, kind: String, target: String, rights: [String], rule: String) {
    self.name = name
    self.kind = kind
    self.target = target
    self.rights = rights
    self.rule = rule
  }
}

/// What a session tells of one descriptor that it handed out.
package struct ControlHandle: Hashable, Sendable {
  package enum State: String, CaseIterable, Sendable { case held, cut, lasting }

  package var handle: UInt32
  package var grant: String
  package var rule: String
  package var kind: String
  package var rights: [String]
  package var state: State
  package var ageMilliseconds: Int64
  package var device: UInt64
  package var inode: UInt64
  package var subject: String

  package init(
    handle: UInt32, grant: String, rule: String, kind: String, rights: [String], state: State,
    ageMilliseconds: Int64, device: UInt64, inode: UInt64, subject: String
  ) {
    self.handle = handle
    self.grant = grant
    self.rule = rule
    self.kind = kind
    self.rights = rights
    self.state = state
    self.ageMilliseconds = ageMilliseconds
    self.device = device
    self.inode = inode
    self.subject = subject
  }
}

/// What an operator may answer.
package enum OperatorAnswer: String, CaseIterable, Hashable, Sendable {
  /// Yes, to this one request.
  case once
  /// Yes, as long as this app runs.
  case run
  /// Yes, from now on; kept in a file.
  case always
  /// No, to this one request.
  case no
  /// No, from now on; kept in a file.
  case never

  /// It is to outlive the session.
  package var isKept: Bool { self == .always || self == .never }
}

/// A question that waits for an operator.
package struct ControlAsk: Hashable, Sendable {
  package var ask: UInt64
  package var grant: String
  package var rule: String
  package var operation: String
  package var subject: String
  package var leftMilliseconds: Int64

  package init(
    ask: UInt64, grant: String, rule: String, operation: String, subject: String,
    leftMilliseconds: Int64
  ) {
    self.ask = ask
    self.grant = grant
    self.rule = rule
    self.operation = operation
    self.subject = subject
    self.leftMilliseconds = leftMilliseconds
  }
}

/// One request and what became of it.
package struct ControlRecord: Hashable, Sendable {
  package var sequence: UInt64
  package var ageMilliseconds: Int64
  package var operation: String
  package var request: UInt32
  package var grant: String?
  package var rule: String?
  package var error: String
  package var reason: String
  package var microseconds: UInt64
  package var subject: String

  package init(
    sequence: UInt64, ageMilliseconds: Int64, operation: String, request: UInt32, grant: String?,
    rule: String?, error: String, reason: String, microseconds: UInt64, subject: String
  ) {
    self.sequence = sequence
    self.ageMilliseconds = ageMilliseconds
    self.operation = operation
    self.request = request
    self.grant = grant
    self.rule = rule
    self.error = error
    self.reason = reason
    self.microseconds = microseconds
    self.subject = subject
  }
}

/// What a session tells of itself.
package struct ControlStatus: Hashable, Sendable {
  package enum Broker: String, CaseIterable, Sendable {
    /// Nobody has asked yet.
    case idle
    case running, restarting
    /// It died again and again.
    case givenUp = "given_up"
    /// The app broke the protocol.
    case cutOff = "cut_off"
    /// The app has closed its door.
    case closed
  }
  package enum Standard: String, CaseIterable, Sendable { case caller, terminal, null }

  package enum CgroupVersion: String, CaseIterable, Sendable { case v1, v2 }

  package var app: String
  /// The fingerprint of the policy.
  package var policy = ""
  package var cgroup: CgroupVersion?
  /// What the cgroup limits.
  package var controllers: [String] = []
  package var supervisor: Int32
  package var pid: Int32
  package var brokerPid: Int32?
  package var broker = Broker.idle
  package var brokerReason: String?
  package var restarts: UInt64 = 0
  package var ageMilliseconds: Int64 = 0
  package var asks: UInt64 = 0
  package var standard: [Standard] = []
  package var kept: [Int32] = []
  package var door: Int32?
  package var dropped: UInt64 = 0
  package var drop: String?

  package init(app: String, supervisor: Int32, pid: Int32) {
    self.app = app
    self.supervisor = supervisor
    self.pid = pid
  }
}
