/// One check of an app's health, while it goes on: over the network, or by a command in its sandbox. It never waits.
final class AppCheck {
  private enum Kind {
    case probe(HealthProbe)
    case command(CheckCommand)
    /// It could not be begun: with the reason.
    case failed(String)
  }

  private let kind: Kind
  private let deadline: Int64
  /// Why it was not good, in words.
  private(set) var fault = ""

  init(_ policy: HealthPolicy, _ live: LiveApp, _ host: HostFacts, now: Int64) {
    deadline = now + policy.timeoutMilliseconds
    if case .command(let words) = policy.check {
      do throws(LaunchError) {
        kind = .command(try CheckCommand(words, live, host))
      } catch {
        kind = .failed(Isolate.words(error, live.policy).joined(separator: "; "))
      }
      return
    }
    let isShared = live.policy.network.mode == .host
    if let probe = HealthProbe(
      policy.check, timeoutMilliseconds: policy.timeoutMilliseconds, process: live.child.pid,
      handle: isShared ? -1 : live.child.pidfd.raw, now: now)
    {
      kind = .probe(probe)
    } else {
      kind = .failed("no such check")
    }
  }

  /// What to poll; nil: nothing.
  var door: (number: Int32, wanted: EventQueue.Wanted)? {
    switch kind {
    case .probe(let probe):
      probe.descriptor.map { ($0, probe.wantsWrite ? .writing : .reading) }
    case .command(let command): (command.child.pidfd.raw, .reading)
    case .failed: nil
    }
  }

  /// When to call `handle` though nothing is ready, in milliseconds on the monotonic clock.
  var nextAt: Int64 {
    switch kind {
    case .probe(let probe): probe.nextAt
    case .command: deadline
    case .failed: .min
    }
  }

  /// Goes on as far as it can.
  ///
  /// - Returns: whether the app is well; nil: not known yet.
  func handle(now: Int64) -> Bool? {
    switch kind {
    case .failed(let reason):
      fault = reason
      return false
    case .probe(let probe):
      switch probe.handle(now: now) {
      case nil: return nil
      case .good: return true
      case .bad(let reason):
        fault = reason.description
        return false
      }
    case .command(let command):
      if let end = command.ended() {
        fault = end == .exited(code: 0) ? "" : "the command ended with \(end.shellCode)"
        return end == .exited(code: 0)
      }
      if now < deadline { return nil }
      fault = "no answer in time"
      command.kill()
      return false
    }
  }
}

/// A command in the sandbox of an app that runs, with nothing to read and nobody who reads what it writes.
final class CheckCommand {
  let child: Child

  init(_ words: [String], _ live: LiveApp, _ host: HostFacts) throws(LaunchError) {
    let process = try attempt { () throws(SystemError) in try OtherProcess(live.child.pid) }
    let null = try attempt { () throws(SystemError) in try Descriptor.openNull() }
    let policy = live.policy
    let filter = try PreparedPlan.filterBytes(policy, cache: FilterPlace.directory(host))
    let context = PlanContext(
      landlockABI: host.landlockABI,
      filterInstructions: filter.count / SyscallFilter.instructionSize,
      standard: [.null, .null, .null], terminal: nil, nullDescriptor: null.raw, bootSeconds: 0,
      monotonicSeconds: 0)
    let namespaces = try Self.entering { () throws(EnterError) in
      try AppNamespaces.open(of: process, policy: policy)
    }
    let cgroup = try Self.entering { () throws(EnterError) in
      try AppCgroup.find(of: process, policy: policy)
    }
    let plan = ExecPlan(policy, command: words, in: namespaces, context: context, filter: filter)
    child = try attempt { () throws(SystemError) in try Launcher.enter(plan, cgroup: cgroup) }
    withExtendedLifetime(null) {}
  }

  deinit { ProcessHandle.endAndReap(child.pidfd) }

  private static func entering<Value: ~Copyable>(
    _ body: () throws(EnterError) -> Value
  ) throws(LaunchError) -> Value {
    do throws(EnterError) {
      return try body()
    } catch {
      if case .system(let error) = error { throw .system(error) }
      throw .system(SystemError(call: "setns", number: Errno.notPermitted))
    }
  }

  /// Its end, once it has come: that of the command, or of what was to start it.
  func ended() -> ExitStatus? {
    do throws(SystemError) {
      guard let outer = try ProcessHandle.status(of: child.pidfd, blocking: false) else {
        return nil
      }
      var reports = ChildReports()
      try reports.read(child)
      if reports.failure != nil { return .exited(code: 126) }
      return reports.status ?? ExitStatus(waitStatus: outer)
    } catch {
      return .exited(code: 125)
    }
  }

  func kill() { ProcessHandle.endAndReap(child.pidfd) }
}
