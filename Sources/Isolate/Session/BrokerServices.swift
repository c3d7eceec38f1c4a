/// Programs of the host that the supervisor runs because an app's broker asked: other apps, which its grants name, and
/// commands whose output is a secret. A broker is confined and could not.
///
/// What an app may choose is the name among those of its grant, and arguments that are added to that app's own command.
final class BrokerServices {
  /// Programs at a time, and instances that are remembered.
  static let most = 32

  /// An app that was started.
  struct Instance {
    /// `NAME@N`: what the app calls it by.
    var name: String
    var grant: Int
    /// Nil: it has ended.
    var process: HeldDescriptor?
    var end: ExitStatus?
  }

  private let policy: Policy
  private let host: HostFacts
  private(set) var instances: [Instance] = []
  /// By the ticket of the request, of the broker's or of a driver's.
  private var commands: [(ticket: UInt64, driver: Int?, process: HeldDescriptor)] = []
  private var started = 0
  /// What a person was told already.
  private var told: Set<String> = []

  init(_ policy: Policy, _ host: HostFacts) {
    self.policy = policy
    self.host = host
  }

  /// Whether a person has not been told this yet. Names are those of grants, so there are few texts; in any case no more are told.
  func isNew(_ text: String) -> Bool {
    told.count < Self.most && told.insert(text).inserted
  }

  // MARK: Apps

  /// Starts an app in its own sandbox.
  ///
  /// - Parameters:
  ///   - arguments: as the app wrote them; hostile bytes. Added to the command of the started app's profile.
  ///   - complain: is told why, for people, when the answer is no.
  /// - Returns: the instance's name.
  /// - Throws: an errno: EACCES for an app that the grant does not name or that is wider than the asker, EAGAIN when too many run.
  func start(
    _ name: String, arguments: [[UInt8]], grant index: Int, complain: (String) -> Void
  ) throws(SystemError) -> String {
    guard case .apps(let names)? = grant(index)?.target, names.contains(name),
      policy.grants[index].rights.contains(.start)
    else { throw refusal(Errno.access) }
    guard instances.filter({ $0.process != nil }).count < Self.most else {
      throw refusal(Errno.again)
    }
    try check(name, complain)
    let program = try OwnProgram.open()
    let null = try Descriptor.openNull()
    let words = ["isolated", "run", "--quiet", name].map { Array($0.utf8) }
    let pidfd = try HostProgram.start(
      file: program.file.raw, arguments: words + arguments, environment: environment,
      standard: (null.raw, 1, 2), deathSignal: SignalNumber.kill)
    started += 1
    let instance = "\(name)@\(started)"
    instances.append(
      Instance(name: instance, grant: index, process: HeldDescriptor(pidfd), end: nil))
    forgetOldest()
    return instance
  }

  /// Sends a signal to an instance: its `isolated run` passes it on, as it does for a person's.
  ///
  /// - Throws: an errno: ENOENT for no such instance of this grant, ESRCH when it has ended, EINVAL for another signal.
  func signal(_ name: String, _ number: UInt32, grant index: Int) throws(SystemError) {
    let allowed: [Int32] = [
      SignalNumber.hangUp, SignalNumber.interrupt, SignalNumber.quit, SignalNumber.kill,
      SignalNumber.terminate, SignalNumber.user1, SignalNumber.user2,
    ]
    guard grant(index)?.rights.contains(.signal) == true else { throw refusal(Errno.access) }
    guard let place = instances.firstIndex(where: { $0.name == name && $0.grant == index }) else {
      throw refusal(Errno.noEntry)
    }
    guard let signal = Int32(exactly: number), allowed.contains(signal) else {
      throw refusal(Errno.invalid)
    }
    reap()
    guard let process = instances[place].process else { throw refusal(Errno.noProcess) }
    try ProcessHandle.send(signal, to: process.descriptor)
  }

  /// How an instance stands; nil: there is none of this grant.
  func status(_ name: String, grant index: Int) -> AppStatusReply? {
    reap()
    guard let instance = instances.first(where: { $0.name == name && $0.grant == index }) else {
      return nil
    }
    guard let end = instance.end else {
      return AppStatusReply(state: .running, exit: -1, restarts: 0)
    }
    return AppStatusReply(
      state: end == .exited(code: 0) ? .down : .failed, exit: end.shellCode, restarts: 0)
  }

  /// Never wider than the asker, and by profiles that the asker cannot write: what is checked here is what runs.
  private func check(_ name: String, _ complain: (String) -> Void) throws(SystemError) {
    var request = RunRequest()
    request.app = TypedWord(name, argument: 1)
    request.isService = true
    let found: Preparation
    do throws(PreparationError) {
      found = try Preparation.make(request)
    } catch {
      complain("\(policy.app) may not start \(name): \(error.messages.joined(separator: "\n"))")
      throw refusal(Errno.noEntry)
    }
    if let wider = found.policy.widenings(beyond: policy).first {
      complain(
        "\(policy.app) may not start \(name): that would be wider than itself: \(wider.key): "
          + "\(wider.what) (\(wider.position))")
      throw refusal(Errno.access)
    }
    let configuration = host.environment.first { $0.name == "XDG_CONFIG_HOME" }
    let search = ProfileSearch(
      workingDirectory: host.workingDirectory, home: host.home,
      configurationHome: configuration?.value)
    let reach = AppReach(policy)
    /* Where profiles are looked for, by any name: a file put there would win over the one that was checked. */
    let places = found.files + search.candidates(for: "x").map(\.path)
    if let place = places.first(where: { $0.hasPrefix("/") && reach.canChange($0) }) {
      complain(
        "\(policy.app) may not start \(name): it could write that profile itself, at \(place)")
      throw refusal(Errno.access)
    }
  }

  // MARK: The clock

  /// Moves the machine's clock, no further than the grant says.
  ///
  /// - Parameter set: does it.
  /// - Throws: an errno: EACCES when the grant does not allow it or the step is too large, and those of `set`.
  func setClock(
    to time: SystemClock.Time, grant index: Int,
    by set: (SystemClock.Time) throws(SystemError) -> Void
  ) throws(SystemError) {
    guard case .clock(let largest)? = grant(index)?.target,
      policy.grants[index].rights.contains(.set),
      ClockSetting.step(to: time, from: try SystemClock.now()) <= largest
    else { throw refusal(Errno.access) }
    try set(time)
  }

  // MARK: Secrets

  /// Starts the command of a secret's grant. `endedCommands` tells of its end.
  ///
  /// - Parameter driver: which driver asks; nil: the broker.
  /// - Returns: the end of the pipe to read its output from; it does not block.
  /// - Throws: an errno: EACCES when the grant has no command, EAGAIN when too many run, and those of execve(2).
  func output(
    grant index: Int, ticket: UInt64, driver: Int? = nil
  ) throws(SystemError) -> HeldDescriptor {
    guard case .secret(.command(let words))? = grant(index)?.target else {
      throw refusal(Errno.access)
    }
    guard commands.count < Self.most else { throw refusal(Errno.again) }
    let pipe = try Pipe().split()
    try Bytes.makeNonBlocking(pipe.readEnd)
    let null = try Descriptor.openNull()
    let pidfd = try HostProgram.start(
      file: nil, arguments: words.map { Array($0.utf8) }, environment: environment,
      standard: (null.raw, pipe.writeEnd.raw, 2), deathSignal: SignalNumber.kill)
    commands.append((ticket, driver, HeldDescriptor(pidfd)))
    return HeldDescriptor(pipe.keepReadEnd())
  }

  /// Ends a command that nobody waits for any more. It holds its place until it has ended.
  ///
  /// - Parameter driver: who asked for it; nil: the broker.
  func leaveCommand(_ ticket: UInt64, driver: Int? = nil) {
    for command in commands where command.ticket == ticket && command.driver == driver {
      end(command.process)
    }
  }

  /// The same with all that a driver asked for, which has ended; nil: all there are.
  func leaveCommands(of driver: Int? = nil) {
    for command in commands where driver == nil || command.driver == driver {
      end(command.process)
    }
  }

  private func end(_ process: HeldDescriptor) {
    do throws(SystemError) {
      try ProcessHandle.send(SignalNumber.kill, to: process.descriptor)
    } catch {
      /* ESRCH: it has ended. */
    }
  }

  // MARK: Ends

  /// The commands that have ended since the last call, each with whether it said that all is well.
  func endedCommands() -> [(ticket: UInt64, driver: Int?, isWell: Bool)] {
    var ended: [(ticket: UInt64, driver: Int?, isWell: Bool)] = []
    commands.removeAll { command in
      guard let status = Self.status(of: command.process) else { return false }
      ended.append((command.ticket, command.driver, status == .exited(code: 0)))
      return true
    }
    return ended
  }

  private func reap() {
    for place in instances.indices {
      guard let process = instances[place].process, let end = Self.status(of: process) else {
        continue
      }
      instances[place].end = end
      instances[place].process = nil
    }
  }

  private static func status(of process: HeldDescriptor) -> ExitStatus? {
    do throws(SystemError) {
      return try ProcessHandle.status(of: process.descriptor, blocking: false).map {
        ExitStatus(waitStatus: $0)
      }
    } catch {
      /* ECHILD: somebody else has reaped it, which nobody does; it is gone in any case. */
      return ExitStatus(waitStatus: 0)
    }
  }

  /// With the asker, everything it started ends.
  func endAll() {
    for instance in instances {
      if let process = instance.process { ProcessHandle.endAndReap(process.descriptor) }
    }
    for command in commands { ProcessHandle.endAndReap(command.process.descriptor) }
    instances = []
    commands = []
  }

  private func forgetOldest() {
    reap()
    while instances.count > Self.most,
      let oldest = instances.firstIndex(where: { $0.process == nil })
    {
      instances.remove(at: oldest)
    }
  }

  private func grant(_ index: Int) -> Grant? {
    policy.grants.indices.contains(index) ? policy.grants[index] : nil
  }

  private var environment: [String] { host.environment.map { "\($0.name)=\($0.value)" } }

  private func refusal(_ number: Int32) -> SystemError {
    SystemError(call: "app.start", number: number)
  }
}

extension PipeEnds {
  /// Closes the write end, keeps the read end.
  consuming func keepReadEnd() -> Descriptor { readEnd }
}
