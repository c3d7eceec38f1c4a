/// One process of a driver.
final class DriverProcess {
  /// How it went.
  enum End {
    /// There never was a driver, and the next try would end alike.
    case notLaunched(String)
    /// With its cause in words; nil: by itself, well, as one does whose broker is gone.
    case ended(String?)
  }

  /// `isolated run` of a driver of the profile's own.
  private let runner: HeldDescriptor?
  private let runnerPid: Int32
  /// A built-in one.
  private let worker: BrokerLaunch.Running?

  init(runner: consuming Descriptor, pid: Int32) {
    self.runner = HeldDescriptor(runner)
    runnerPid = pid
    worker = nil
  }

  init(worker: BrokerLaunch.Running) {
    self.worker = worker
    runner = nil
    runnerPid = 0
  }

  var pid: Int32 { worker?.child.pid ?? runnerPid }

  /// Good as long as this object lives.
  var pidfd: Int32 { worker?.child.pidfd.raw ?? runner?.descriptor.raw ?? -1 }

  /// Where a built-in one says what it wants.
  var control: Int32? { worker?.control.raw }

  /// `ended` tells when it is gone.
  func kill() {
    do throws(SystemError) {
      if let worker { try ProcessHandle.send(SignalNumber.kill, to: worker.child.pidfd) }
      if let runner { try ProcessHandle.send(SignalNumber.kill, to: runner.descriptor) }
    } catch {
      /* ESRCH: it has ended, which is what was wanted. */
    }
  }

  /// Kills it and waits.
  func end() {
    if let worker { ProcessHandle.endAndReap(worker.child.pidfd) }
    if let runner { ProcessHandle.endAndReap(runner.descriptor) }
  }

  /// Nil: it runs.
  func ended() throws(SystemError) -> End? {
    if let runner {
      guard let status = try ProcessHandle.status(of: runner.descriptor, blocking: false) else {
        return nil
      }
      return Self.end(ofRunner: ExitStatus(waitStatus: status))
    }
    guard let worker,
      let status = try ProcessHandle.status(of: worker.child.pidfd, blocking: false)
    else { return nil }
    var reports = ChildReports()
    try reports.read(worker.child)
    if let failure = reports.failure {
      return .notLaunched(failure.text(worker.plan, worker.policy))
    }
    let last = reports.status ?? ExitStatus(waitStatus: status)
    return .ended(last == .exited(code: 0) ? nil : last.cause)
  }

  /// 125 to 127: `isolated run` has said on standard error why it started nothing.
  private static func end(ofRunner status: ExitStatus) -> End {
    guard case .exited(let code) = status else { return .ended(status.cause) }
    if code == 0 { return .ended(nil) }
    if (125...127).contains(code) {
      return .notLaunched("it could not be started; what was wrong stands above")
    }
    let signal = code > 128 ? ExitStatus.signaled(signal: code - 128, dumpedCore: false) : nil
    return .ended((signal ?? status).cause)
  }

  /// - Parameter passed: an own descriptor of the driver's is made of it.
  func send(_ order: BrokerOrder, passing passed: HeldDescriptor?) {
    guard let worker else { return }
    let message = BrokerMessage(order)
    _ = Packets.send(
      message.bytes.span, to: worker.control, passing: passed?.descriptor.raw ?? -1)
    withExtendedLifetime(passed) {}
  }

  /// What there is to hear of a built-in one.
  enum Heard {
    case nothing
    case nonsense
    /// It says nothing more.
    case end
    case notice(BrokerNotice, HeldDescriptor?)
  }

  func receive() -> Heard {
    guard let worker else { return .nothing }
    do throws(SystemError) {
      var message = BrokerMessage()
      var span = message.bytes.mutableSpan
      guard var arrival = try Packets.receive(from: worker.control, into: &span) else {
        return .nothing
      }
      if arrival.size == 0 { return .end }
      guard !arrival.isTruncated, let notice = message.notice(size: arrival.size) else {
        return .nonsense
      }
      return .notice(notice, HeldDescriptor(arrival.descriptors.take(0)))
    } catch {
      return .end
    }
  }
}

/// Launches drivers of one app.
final class DriverLauncher {
  struct Failure: Error {
    /// For people.
    var reason: String
  }

  private let policy: Policy
  private let host: HostFacts
  private let pins: BrokerPins
  private let bootStart: BrokerTime
  private var launches: [BuiltInDriver: BrokerLaunch] = [:]

  init(_ policy: Policy, _ host: HostFacts, _ pins: BrokerPins, _ bootStart: BrokerTime) {
    self.policy = policy
    self.host = host
    self.pins = pins
    self.bootStart = bootStart
  }

  /// - Returns: the process, and the broker's end of the way to it.
  func launch(
    _ driver: DriverPolicy, revoked: Set<UInt16>
  ) throws(Failure) -> (DriverProcess, HeldDescriptor) {
    do throws(LaunchError) {
      let ends = try attempt { () throws(SystemError) in try Packets.pair() }
      let own = HeldDescriptor(ends.one)
      let drivers = HeldDescriptor(ends.other)
      if driver.command.isEmpty {
        guard let builtIn = BuiltInDriver(rawValue: driver.name) else {
          throw .system(SystemError(call: "driver", number: Errno.noEntry))
        }
        return (try launch(builtIn, drivers, revoked), own)
      }
      let problems = DriverCheck.problems(of: driver, app: policy, host: host)
      if let problem = problems.first { throw .driver(problem.message) }
      return (try attempt { () throws(SystemError) in try run(driver, drivers) }, own)
    } catch {
      throw Failure(reason: words(error, policy).joined(separator: "; "))
    }
  }

  // MARK: Built in

  /// The broker's program once more, for one driver's grants, and the broker is who asks it.
  private func launch(
    _ driver: BuiltInDriver, _ way: HeldDescriptor, _ revoked: Set<UInt16>
  ) throws(LaunchError) -> DriverProcess {
    let launch: BrokerLaunch
    if let known = launches[driver] {
      launch = known
    } else {
      launch = try attempt { () throws(SystemError) in
        try BrokerLaunch(policy, host, role: .driver(driver))
      }
      launches[driver] = launch
    }
    pins.look()
    let (settings, book) = try attempt { () throws(SystemError) in
      try (
        HeldDescriptor(SharedMemory.makeSealed("isolated-settings", start(revoked).encoded())),
        HeldDescriptor(BrokerLaunch.makeBook())
      )
    }
    let worker = try launch.start(way.descriptor, book: book.descriptor, pins: pins)
    worker.begin(settings: settings.descriptor)
    return DriverProcess(worker: worker)
  }

  /// Its grants as the broker knows them, but for what only one can count and ask.
  private func start(_ revoked: Set<UInt16>) -> BrokerStart {
    var grants = policy.grants
    for index in grants.indices {
      grants[index].rate = nil
      grants[index].count = nil
      grants[index].askMilliseconds = nil
    }
    var start = BrokerStart(
      settings: BrokerSettings(grants: grants, start: bootStart, revoked: revoked),
      order: policy.namespaces.order, credentials: host.credentialsDirectory,
      appIsBonded: policy.bondsSockets(host), pins: pins.pins)
    start.isDriver = true
    return start
  }

  // MARK: The profile's own

  /// `isolated run`, as a person would: with the limits, messages and exit codes that everybody knows. Its socket is descriptor 0,
  /// as inetd(8) did it.
  private func run(
    _ driver: DriverPolicy, _ way: HeldDescriptor
  ) throws(SystemError) -> DriverProcess {
    let program = try OwnProgram.open()
    let null = try Descriptor.openNull()
    let options = [
      "isolated", "run", "--quiet", "--profile", driver.profile ?? "", "--name",
      DriverCheck.name(driver, policy), "--terminal", "none", "--env",
      "\(DriverVariable.name)=0", "--",
    ]
    var pid: Int32 = 0
    let pidfd = try HostProgram.start(
      file: program.file.raw, arguments: (options + driver.command).map { Array($0.utf8) },
      environment: host.environment.map { "\($0.name)=\($0.value)" },
      standard: (way.descriptor.raw, null.raw, 2), deathSignal: SignalNumber.kill, pid: &pid)
    withExtendedLifetime(way) {}
    return DriverProcess(runner: pidfd, pid: pid)
  }
}

/// Where a driver of a profile's own finds its socket.
enum DriverVariable {
  static let name = "ISOLATED_DRIVER_FD"
}

extension Policy {
  /// Landlock refuses the app every connect(2) and bind(2) over TCP.
  func bondsSockets(_ host: HostFacts) -> Bool {
    network.mode == .host || host.landlockABI >= 4 && network.connectPorts == []
  }
}

extension ExitStatus {
  /// How a process of ours ended, in words: "killed by SIGKILL".
  var cause: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signaled(let signal, _):
      signal == SignalNumber.illegal || signal == SignalNumber.trap
        ? "a trap (\(EndText.name(signal)))" : "killed by \(EndText.name(signal))"
    }
  }
}
