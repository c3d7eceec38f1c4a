/// `io.isolated.Session`: what the control socket of a session speaks.
package enum SessionInterface {
  package static let name = "io.isolated.Session"
  /// Grants and handles in one reply.
  package static let part = 64
  /// Records that are given when nobody says how many; and the most.
  package static let records: Int64 = 100
  /// Kinds of refusals that are given when nobody says how many; and the most.
  package static let refusals: Int64 = 10
  package static let mostRefusals: Int64 = 32

  /// What was refused, as the daemon's interface has it, too: an interface is whole in itself (varlink.org), and cannot name another's.
  static let refusalType = """
    # Requests that were refused in one way: the same request of the same thing, with the same answer.
    type Refusal (
      times: int,
      # Since the last and since the first of them.
      age: int,
      first: int,
      operation: string,
      # The beginning of what was asked for, and whether there was more. Text of the app: show control characters, do not
      # send them to a terminal.
      subject: string,
      cut: bool,
      # Of net.connect and net.listen.
      transport: ?(tcp, udp, unix),
      port: ?int,
      grant: ?string,
      rule: ?string,
      error: string,
      # As in io.isolated.Session.Record.
      reason: string,
      # The same in words, the smallest change of the profile that would allow it, and what that change opens. Text of the
      # app is in them.
      words: string,
      change: ?string,
      risk: ?string
    )
    """

  /// How many kinds of refusals a call asks for.
  static func refusals(_ call: VarlinkCall) throws(VarlinkError) -> Int {
    let count = call.parameters["count"]?.integer ?? refusals
    guard (0...mostRefusals).contains(count) else { throw .invalidParameter("count") }
    return Int(count)
  }

  package static var interface: VarlinkInterface {
    VarlinkInterface(
      name: name, description: text,
      methods: [
        VarlinkMethod("GetStatus"), VarlinkMethod("GetGrants"), VarlinkMethod("GetHandles"),
        VarlinkMethod("Revoke", [VarlinkParameter("grant", .string)]),
        VarlinkMethod("GetAsks"),
        VarlinkMethod(
          "Answer",
          [
            VarlinkParameter("ask", .integer),
            VarlinkParameter("answer", .words(OperatorAnswer.allCases.map(\.rawValue))),
          ]),
        VarlinkMethod("GetRecords", [VarlinkParameter("count", .integer, isOptional: true)]),
        VarlinkMethod("GetRefusals", [VarlinkParameter("count", .integer, isOptional: true)]),
      ])
  }

  /// The file config/io.isolated.Session.varlink; a test holds the two equal.
  package static let text = """
    # A session of isolated: one app that "isolated run" started with grants. It says what the app was given and asked
    # for, takes grants back, and carries an operator's answers. Times are in milliseconds.
    interface io.isolated.Session

    # Something that the app may ask its broker for: one table beneath "grants" of its profile.
    type Grant (
      name: string,
      # files, connect, listen, resolve, secret, device, apps, clock or driver
      kind: string,
      # Of what, in words: a path, hosts, names.
      target: string,
      rights: []string,
      # Where it was written: file:line
      rule: string,
      state: (open, revoked, expired, used_up),
      # Requests so far, those refused among them.
      requests: int,
      refused: int,
      # How many requests are left, and for how long; null where there is no limit.
      left: ?int,
      lease: ?int,
      # Whether an operator is asked first, and what was answered for longer than one request.
      asks: bool,
      answer: ?(run, always, never),
      # How many requests took up to 1, 2, 4, 8... microseconds.
      latency: []int
    )

    # A descriptor that the broker handed to the app.
    type Handle (
      handle: int,
      grant: string,
      rule: string,
      # file, socket, listener, secret, device or descriptor
      kind: string,
      rights: []string,
      # held: as it was given. cut: a socket that a revocation has ended. lasting: its grant is revoked, but it cannot be
      # recalled.
      state: (held, cut, lasting),
      age: int,
      # What it is to the kernel: st_dev and st_ino.
      device: int,
      inode: int,
      # The beginning of what was asked for. Text of the app: show control characters, do not send them to a terminal.
      subject: string
    )

    # A question that waits for an operator.
    type Ask (
      ask: int,
      grant: string,
      rule: string,
      # "file.open"
      operation: string,
      # What exactly is asked for. Text of the app, as above.
      subject: string,
      # How long until it is answered with no.
      left: int
    )

    # One request and what became of it.
    type Record (
      sequence: int,
      age: int,
      operation: string,
      request: int,
      grant: ?string,
      rule: ?string,
      # "" when it was performed, else the errno: "EACCES"
      error: string,
      # Why: kernel, no_grant, right, outside, rate, count, lease, revoked, denied, unanswered, crowded, deadline,
      # cancelled, broker_restarted, driver_failed, malformed, unavailable
      reason: string,
      microseconds: int,
      # The beginning of what was asked for. Text of the app, as above.
      subject: string
    )

    \(refusalType)

    method GetStatus() -> (
      app: string,
      # Of the whole policy: another one, and the profiles say something else by now.
      policy: string,
      # The app's own cgroup, if a limit needs one, and what it limits.
      cgroup: ?(v1, v2),
      controllers: []string,
      # Process ids: of the supervisor that answers, of the sandbox's init, of the broker.
      supervisor: int,
      pid: int,
      broker_pid: ?int,
      broker: (idle, running, restarting, given_up, cut_off, closed),
      # Why it was given up, or why the app was cut off from it.
      broker_reason: ?string,
      # Brokers that died and were replaced.
      restarts: int,
      # Since the app was started.
      age: int,
      asks: int,
      # What the app has as 0, 1 and 2: the caller's own, a terminal of its own, or nothing.
      standard: [](caller, terminal, null),
      # Descriptors of the caller that the profile keeps open for the app.
      kept: []int,
      # The broker's door in the app, its descriptor number.
      door: ?int,
      # Peers of this socket that were cut off, and why the last one was.
      dropped: int,
      drop: ?string
    )

    # With "more" in parts; without, only the first part of them: at most 64.
    method GetGrants() -> (grants: []Grant)

    # With "more" in parts; without, only the first part of them: at most 64.
    method GetHandles() -> (handles: []Handle)

    # Takes a grant back, for as long as the app lives: nothing more is handed out, sockets are cut. What cannot be recalled is
    # counted as lasting.
    method Revoke(grant: string) -> (cut: int, lasting: int)

    # The questions that wait. With "more" again at every change, until the peer leaves.
    method GetAsks() -> (asks: []Ask)

    # Answers a question. Yes: once, for as long as this app runs, or always; no: to this one, or never again. What is meant to
    # outlive the session (always, never) is kept in a file, and holds while the grant says the same.
    method Answer(ask: int, answer: (once, run, always, no, never)) -> ()

    # The last decisions, the oldest first. With "more" those that follow, too, until the peer leaves.
    method GetRecords(count: ?int) -> (records: []Record)

    # What was refused, the newest first, each kind once: 10 kinds when nobody says how many, at most 32.
    method GetRefusals(count: ?int) -> (
      grants: bool,
      # They are of an instance that has ended.
      ended: bool,
      # Requests that rules have refused, those that are not known any more among them.
      counted: int,
      list: []Refusal
    )

    error NoSuchGrant (grant: string)
    error AlreadyRevoked (grant: string)
    error NoSuchAsk (ask: int)
    # The session cannot do this, and why.
    error CannotDo (reason: string)

    """
}

/// A call of the interface, understood.
package enum SessionRequest: Hashable, Sendable {
  case status, grants, handles, asks
  case revoke(grant: String)
  case answer(ask: UInt64, OperatorAnswer)
  case records(count: Int)
  case refusals(count: Int)

  /// - Parameter call: one that the server has checked against the interface.
  package init(_ call: VarlinkCall) throws(VarlinkError) {
    func text(_ key: String) throws(VarlinkError) -> String {
      guard let text = call.parameters[key]?.string else { throw .invalidParameter(key) }
      return text
    }
    switch call.method {
    case "GetStatus": self = .status
    case "GetGrants": self = .grants
    case "GetHandles": self = .handles
    case "GetAsks": self = .asks
    case "Revoke": self = .revoke(grant: try text("grant"))
    case "Answer":
      guard let answer = OperatorAnswer(rawValue: try text("answer")) else {
        throw .invalidParameter("answer")
      }
      guard let ask = call.parameters["ask"]?.integer.flatMap(UInt64.init(exactly:)) else {
        throw .invalidParameter("ask")
      }
      self = .answer(ask: ask, answer)
    case "GetRecords":
      let count = call.parameters["count"]?.integer ?? SessionInterface.records
      guard (0...SessionInterface.records).contains(count) else {
        throw .invalidParameter("count")
      }
      self = .records(count: Int(count))
    case "GetRefusals": self = .refusals(count: try SessionInterface.refusals(call))
    default: throw .methodNotImplemented(call.interface + "." + call.method)
    }
  }
}

/// What a session refuses.
package enum SessionRefusal: Error, Hashable, Sendable {
  case noSuchGrant(String)
  case alreadyRevoked(String)
  case noSuchAsk(UInt64)
  case cannotDo(String)

  package var varlink: VarlinkError {
    let prefix = SessionInterface.name + "."
    return switch self {
    case .noSuchGrant(let name):
      .own(prefix + "NoSuchGrant", JSONObject([.init("grant", .string(name))]))
    case .alreadyRevoked(let name):
      .own(prefix + "AlreadyRevoked", JSONObject([.init("grant", .string(name))]))
    case .noSuchAsk(let ask):
      .own(prefix + "NoSuchAsk", JSONObject([.init("ask", JSONValue(ask))]))
    case .cannotDo(let reason):
      .own(prefix + "CannotDo", JSONObject([.init("reason", .string(reason))]))
    }
  }
}
