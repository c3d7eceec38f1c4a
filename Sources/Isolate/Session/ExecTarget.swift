/// The session whose sandbox a command is to enter, and what it was started with.
///
/// Everything is read from processes of the same user, each held by its pidfd, so that it is known to be of that process.
struct ExecTarget: ~Copyable {
  let session: SessionName
  let status: ControlStatus
  let initProcess: OtherProcess
  /// The command line of the supervisor.
  let request: RunRequest
  let started: EarlierStart

  typealias Failure = ControlClient.Failure

  private static let longest = 4 << 20

  init(_ place: ControlPlace, app: String) throws(Failure) {
    var client = try ControlClient(place, app: app)
    let status = try client.status()
    let supervisor = try Self.look(client) { client throws(SystemError) in
      try client.checkPeer(is: status.supervisor)
      return try OtherProcess(status.supervisor)
    }
    let process = try Self.look(client) { _ throws(SystemError) in
      try OtherProcess(status.pid)
    }
    let given = try Self.look(client) { _ throws(SystemError) in
      guard let given = try Self.given(supervisor.pid),
        ProcessText.parent(TextFile.read("/proc/\(process.pid)/stat") ?? "") == supervisor.pid,
        process.isAlive(), supervisor.isAlive()
      else { throw SystemError(call: "open", number: Errno.noProcess) }
      return given
    }
    request = try Self.look(client) { _ throws(SystemError) in try Self.request(given.words) }
    started = EarlierStart(environment: given.variables, status)
    session = client.session
    initProcess = process
    self.status = status
  }

  private static func look<Value: ~Copyable>(
    _ client: ControlClient, _ body: (ControlClient) throws(SystemError) -> Value
  ) throws(Failure) -> Value {
    do throws(SystemError) {
      return try body(client)
    } catch {
      let name = client.session.text
      if error.number == Errno.noProcess {
        throw Failure(message: "\(name) has just ended", cure: nil)
      }
      throw Failure(message: "cannot look at the processes of \(name): \(error)", cure: nil)
    }
  }

  /// Goes where the supervisor is, whose command line may name files from there, and reads what it was given.
  private static func given(
    _ pid: Int32
  ) throws(SystemError) -> (words: [String], variables: [EnvironmentVariable])? {
    guard try FileStatus.of("/proc/\(pid)")?.uid == LocalSocket.user,
      let words = try FileSystem.contents("/proc/\(pid)/cmdline", limit: longest),
      let variables = try FileSystem.contents("/proc/\(pid)/environ", limit: longest)
    else { return nil }
    try FileSystem.changeDirectory("/proc/\(pid)/cwd")
    return (texts(words), texts(variables).compactMap(HostProbe.variable))
  }

  private static func texts(_ bytes: [UInt8]) -> [String] {
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if bytes.last == 0 { parts.removeLast() }
    return parts.map { RawText.decode($0) }
  }

  private static func request(_ words: [String]) throws(SystemError) -> RunRequest {
    do throws(UsageError) {
      if case .run(let request) = try ArgumentReader.read(Array(words.dropFirst())) {
        return request
      }
    } catch {
      /* It was started by another version, whose command line is not ours. */
    }
    throw SystemError(call: "read", number: Errno.invalid, subject: "its command line")
  }
}

/// What an earlier start had to do with, so that its profiles resolve to the same policy once more.
package struct EarlierStart: Sendable {
  var environment: [EnvironmentVariable]
  var cgroup2: UnifiedCgroup?
  var cgroup1: [CgroupPlace.LegacyController] = []

  init(environment: [EnvironmentVariable], _ status: ControlStatus) {
    self.environment = environment
    switch status.cgroup {
    case nil: break
    /* Where it was made is the launch's affair; what it limits decides how the rest is limited. */
    case .v2: cgroup2 = UnifiedCgroup(path: "/", controllers: status.controllers)
    case .v1: cgroup1 = status.controllers.map { .init(name: $0, parent: "/") }
    }
  }
}
