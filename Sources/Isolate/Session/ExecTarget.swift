/// The session whose sandbox a command is to enter, and what it was started with.
///
/// Everything is read from processes of the same user, each held by its pidfd, so that it is known to be of that process.
struct ExecTarget: ~Copyable {
  /// What a person calls it: the session, or the daemon's app.
  let name: String
  let app: String
  /// Of the policy that holds the app.
  let fingerprint: String
  let initProcess: OtherProcess
  /// What was asked of the supervisor.
  let request: RunRequest
  let started: EarlierStart
  /// The app has no terminal, whatever its profile says.
  let isOfDaemon: Bool

  typealias Failure = ControlClient.Failure

  private static let longest = 4 << 20

  init(_ place: ControlPlace, app: String) throws(Failure) {
    var client = try ControlClient(place, app: app)
    let status = try client.status()
    let session = client.session.text
    let supervisor = try Self.look(at: session) { () throws(SystemError) in
      try client.checkPeer(is: status.supervisor)
      return try OtherProcess(status.supervisor)
    }
    let process = try Self.look(at: session) { () throws(SystemError) in
      try OtherProcess(status.pid)
    }
    let given = try Self.look(at: session) { () throws(SystemError) in
      try Self.given(supervisor, above: process)
    }
    guard let words = Self.invocation(given.words) else { throw Self.stranger(session) }
    switch words {
    case .run(let request): self.request = request
    case .daemon(let settings):
      throw Failure(
        message: "\(session) is an app of a daemon",
        cure:
          "isolated exec \(settings.socket.map { "--socket \($0) " } ?? "")\(client.session.app)")
    case .version, .help, .plan, .show, .check, .profiles, .doctor, .exec, .operate, .direct,
      .crashes, .completions, .man:
      throw Self.stranger(session)
    }
    started = EarlierStart(
      environment: given.variables, cgroup: status.cgroup, controllers: status.controllers)
    name = session
    self.app = client.session.app
    fingerprint = status.policy
    initProcess = process
    isOfDaemon = false
  }

  /// An app of a daemon.
  ///
  /// - Parameters:
  ///   - app: its name.
  ///   - sandbox: what the daemon has told.
  init(_ app: String, _ sandbox: ControlSandbox) throws(Failure) {
    let daemon = try Self.look(at: app) { () throws(SystemError) in
      try OtherProcess(sandbox.supervisor)
    }
    let process = try Self.look(at: app) { () throws(SystemError) in
      try OtherProcess(sandbox.pid)
    }
    let given = try Self.look(at: app) { () throws(SystemError) in
      try Self.given(daemon, above: process)
    }
    var request = RunRequest()
    request.app = TypedWord(sandbox.profile, argument: 1)
    self.request = request
    started = EarlierStart(
      environment: given.variables, cgroup: sandbox.cgroup, controllers: sandbox.controllers)
    name = app
    self.app = app
    fingerprint = sandbox.policy
    initProcess = process
    isOfDaemon = true
  }

  private static func look<Value: ~Copyable>(
    at name: String, _ body: () throws(SystemError) -> Value
  ) throws(Failure) -> Value {
    do throws(SystemError) {
      return try body()
    } catch {
      if error.number == Errno.noProcess {
        throw Failure(message: "\(name) has just ended", cure: nil)
      }
      throw Failure(message: "cannot look at the processes of \(name): \(error)", cure: nil)
    }
  }

  private static func stranger(_ name: String) -> Failure {
    /* It was started by another version, whose command line is not ours. */
    Failure(message: "cannot read the command line of the supervisor of \(name)", cure: nil)
  }

  /// Goes where the supervisor is, whose command line may name files from there, and reads what it was given.
  ///
  /// - Throws: ESRCH when one of them has ended, or the process is not the supervisor's; EPERM when it is another user's.
  private static func given(
    _ supervisor: borrowing OtherProcess, above process: borrowing OtherProcess
  ) throws(SystemError) -> (words: [String], variables: [EnvironmentVariable]) {
    let pid = supervisor.pid
    guard let owner = try FileStatus.of("/proc/\(pid)")?.uid,
      let words = try FileSystem.contents("/proc/\(pid)/cmdline", limit: longest)
    else { throw SystemError(call: "open", number: Errno.noProcess) }
    if owner != LocalSocket.user {
      throw SystemError(call: "open", number: Errno.notPermitted, subject: "another user's process")
    }
    guard let variables = try FileSystem.contents("/proc/\(pid)/environ", limit: longest) else {
      throw SystemError(call: "open", number: Errno.noProcess)
    }
    try FileSystem.changeDirectory("/proc/\(pid)/cwd")
    guard ProcessText.parent(TextFile.read("/proc/\(process.pid)/stat") ?? "") == pid,
      process.isAlive(), supervisor.isAlive()
    else { throw SystemError(call: "open", number: Errno.noProcess) }
    return (texts(words), texts(variables).compactMap(HostProbe.variable))
  }

  private static func texts(_ bytes: [UInt8]) -> [String] {
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if bytes.last == 0 { parts.removeLast() }
    return parts.map { RawText.decode($0) }
  }

  /// Nil: no command line of this version's.
  private static func invocation(_ words: [String]) -> Invocation? {
    do throws(UsageError) {
      return try ArgumentReader.read(Array(words.dropFirst()))
    } catch {
      return nil
    }
  }
}

/// What an earlier start had to do with, so that its profiles resolve to the same policy once more.
package struct EarlierStart: Sendable {
  var environment: [EnvironmentVariable]
  var cgroup2: UnifiedCgroup?
  var cgroup1: [CgroupPlace.LegacyController] = []

  init(
    environment: [EnvironmentVariable], cgroup: ControlStatus.CgroupVersion?, controllers: [String]
  ) {
    self.environment = environment
    switch cgroup {
    case nil: break
    /* Where it was made is the launch's affair; what it limits decides how the rest is limited. */
    case .v2: cgroup2 = UnifiedCgroup(path: "/", controllers: controllers)
    case .v1: cgroup1 = controllers.map { .init(name: $0, parent: "/") }
    }
  }
}
