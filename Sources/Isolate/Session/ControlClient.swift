/// The command's side of a session's control socket: finds the session, asks, reads answers as anybody's bytes.
struct ControlClient {
  private var connection: VarlinkConnection
  let session: SessionName
  private static let timeoutMilliseconds: Int32 = 10_000

  /// Why a command of an operator failed: for people.
  struct Failure: Error {
    var message: String
    var cure: String?
  }

  /// The session that a person means by `web` or `web.1234`.
  init(_ place: ControlPlace, app: String) throws(Failure) {
    let found: [SessionName]
    let directory: PrivateDirectory
    do throws(SystemError) {
      directory = try place.sessions()
      found = directory.names().compactMap { SessionName($0) }
    } catch {
      throw Failure(message: "cannot look for sessions: \(error)", cure: nil)
    }
    let exact = found.filter { $0.text == app }
    let meant = exact.isEmpty ? found.filter { $0.app == ControlPlace.fileName(app) } : exact
    var answering: [SessionName] = []
    var sockets: [HeldDescriptor] = []
    for session in meant.prefix(64) {
      do throws(SystemError) {
        sockets.append(
          HeldDescriptor(
            try LocalSocket.connect(
              session.text, in: directory, timeoutMilliseconds: Self.timeoutMilliseconds)))
        answering.append(session)
      } catch {
        if error.number == LocalSocket.refused { directory.remove(session.text) }
      }
    }
    guard let first = answering.first, let socket = sockets.first else {
      throw Self.nobody(app, among: found)
    }
    if answering.count > 1 {
      throw Failure(
        message: "\(answering.count) sessions of '\(VisibleText.of(app))' run",
        cure: "name one: " + answering.map(\.text).joined(separator: ", "))
    }
    session = first
    connection = VarlinkConnection(
      socket, interface: SessionInterface.name, name: first.text)
  }

  private static func nobody(_ app: String, among found: [SessionName]) -> Failure {
    let others = found.map(\.text).filter { $0 != app }.prefix(20)
    let cure =
      others.isEmpty
      ? "only apps whose profile has grants have one, while they run; others' sessions are not shown"
      : "there is: " + others.joined(separator: ", ")
    return Failure(message: "no session of '\(VisibleText.of(app))' answers", cure: cure)
  }

  /// Calls a method and gives every reply to `take`, until the last.
  mutating func call(
    _ method: String, _ parameters: JSONObject = JSONObject(), more: Bool = false,
    _ take: (JSONObject) throws(ControlMisread) -> Void
  ) throws(Failure) {
    let session = session
    try connection.call(
      method, parameters, more: more, refusal: { Self.refusal($0, $1, session) }
    ) { reply throws(ControlMisread) in
      try take(reply)
      return true
    }
  }

  private static func refusal(
    _ error: String, _ parameters: JSONObject, _ session: SessionName
  ) -> Failure {
    let prefix = SessionInterface.name + "."
    func shown(_ key: String) -> String { VisibleText.of(parameters[key]?.string ?? "") }
    let app = session.app
    switch error {
    case prefix + "NoSuchGrant":
      return Failure(
        message: "\(app) has no grant '\(shown("grant"))'",
        cure: "see: isolated grants \(session.text)")
    case prefix + "AlreadyRevoked":
      return Failure(
        message: "the grant '\(shown("grant"))' of \(app) has been revoked before",
        cure: "it stays so until the app is started anew")
    case prefix + "NoSuchAsk":
      return Failure(
        message: "no such question of \(app) waits (any more)",
        cure: "see: isolated answer \(session.text)")
    case prefix + "CannotDo": return Failure(message: shown("reason"), cure: nil)
    default: return Failure(message: "\(session.text) refuses: \(VisibleText.of(error))", cure: nil)
    }
  }

  /// The process that listens is the one that the status tells of, and this user's.
  ///
  /// - Throws: `SystemError`; EPERM when it is another.
  func checkPeer(is supervisor: Int32) throws(SystemError) {
    let peer = try LocalSocket.peer(of: connection.socket.descriptor)
    guard peer.pid == supervisor, peer.uid == LocalSocket.user else {
      throw SystemError(call: "connect", number: Errno.notPermitted, subject: session.text)
    }
  }

  // MARK: the methods

  mutating func status() throws(Failure) -> ControlStatus {
    var status: ControlStatus?
    try call("GetStatus") { reply throws(ControlMisread) in
      status = try ControlStatus(.object(reply))
    }
    guard let status else { throw connection.hungUp }
    return status
  }

  private mutating func list<Value>(
    _ method: String, _ key: String, _ read: (JSONValue) throws(ControlMisread) -> Value
  ) throws(Failure) -> [Value] {
    var values: [Value] = []
    try call(method, more: method != "GetAsks") { reply throws(ControlMisread) in
      for value in reply[key]?.array ?? [] { values.append(try read(value)) }
    }
    return values
  }

  mutating func grants() throws(Failure) -> [ControlGrant] {
    try list("GetGrants", "grants") { value throws(ControlMisread) in try ControlGrant(value) }
  }

  mutating func handles() throws(Failure) -> [ControlHandle] {
    try list("GetHandles", "handles") { value throws(ControlMisread) in try ControlHandle(value) }
  }

  mutating func asks() throws(Failure) -> [ControlAsk] {
    try list("GetAsks", "asks") { value throws(ControlMisread) in try ControlAsk(value) }
  }

  mutating func refusals(_ count: Int) throws(Failure) -> ControlRefusals {
    var refusals: ControlRefusals?
    let parameters = JSONObject([.init("count", .integer(Int64(count)))])
    try call("GetRefusals", parameters) { reply throws(ControlMisread) in
      refusals = try ControlRefusals(.object(reply))
    }
    guard let refusals else { throw connection.hungUp }
    return refusals
  }

  mutating func revoke(_ grant: String) throws(Failure) -> (cut: Int64, lasting: Int64) {
    var counts: (cut: Int64, lasting: Int64) = (0, 0)
    try call("Revoke", JSONObject([.init("grant", .string(grant))])) { reply in
      counts = (reply["cut"]?.integer ?? 0, reply["lasting"]?.integer ?? 0)
    }
    return counts
  }

  mutating func answer(_ ask: UInt64, _ answer: OperatorAnswer) throws(Failure) {
    let parameters = JSONObject([
      .init("ask", JSONValue(ask)), .init("answer", .string(answer.rawValue)),
    ])
    try call("Answer", parameters) { _ in }
  }
}
