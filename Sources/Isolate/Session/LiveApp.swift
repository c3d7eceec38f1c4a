/// One app from its launch to its end: what `isolated run` and the daemon have in common. It waits for nothing; its owner polls the
/// descriptors and calls it.
final class LiveApp {
  private(set) var policy: Policy
  /// What a failed step's number means; without steps once the program was executed: then none can fail.
  private(set) var plan: LaunchPlan
  let child: Child
  /// Nil: no grants.
  let keeper: BrokerKeeper?
  let startedAt: Int64
  var evidence = Evidence()
  private(set) var failure: LaunchFailure?
  /// Init has closed its end and is on its way out: the pidfd says when. Its socket stays readable for ever (and hung up from the
  /// start, poll(2)): asking it again would spin.
  var reportsEnded = false
  private let cgroup: Cgroup?
  private var use = ResourceUse()
  private var limitsMet: [LimitMet] = []
  private var watch: LimitWatch
  /// Processes that still lived when the app had ended.
  private var left: UInt64 = 0
  /// What the witness handed over.
  let captures: CrashCaptures

  /// Takes over a launched child.
  init(
    _ plan: LaunchPlan, child: consuming Child, policy: Policy, cgroup: Cgroup?,
    keeper: BrokerKeeper?, startedAt: Int64, looks: LimitWatch.Looks,
    captures: CrashCaptures = CrashCaptures(CrashRoom(CrashRoom.limit))
  ) {
    self.policy = policy
    self.plan = plan
    self.child = child
    self.cgroup = cgroup
    self.keeper = keeper
    self.startedAt = startedAt
    self.captures = captures
    evidence.cpuTimeIsLimited = policy.limits.cpuTimeMilliseconds != nil
    evidence.fileSizeIsLimited = policy.limits.fileSizeBytes != nil
    watch = LimitWatch(
      policy.limits, cgroup: cgroup, initPid: self.child.pid, startedAt: startedAt, looks: looks)
  }

  /// What only the owner can see to.
  enum Happening: ~Copyable {
    case terminal(Descriptor)
    /// Its program was executed; its number in its own pid namespace.
    case started(pid: Int32)
    case stopped
    /// Taken note of.
    case noted
  }

  /// The next report, or nil when there is none now.
  func next() throws(SystemError) -> Happening? {
    guard let message = try Launcher.receive(from: child.reports) else { return nil }
    switch consume message {
    case .terminal(let master): return .terminal(master)
    case .started(let pid):
      keeper?.appStarted(pid: child.pid)
      plan.steps = []
      return .started(pid: pid)
    case .stopped: return .stopped
    case .continued: return .noted
    case .failed(let step, let number):
      failure = LaunchFailure(step: step, number: number)
      return .noted
    case .exited(let status, let usage):
      evidence.status = ExitStatus(waitStatus: status)
      use.userMicroseconds = usage.userMicroseconds
      use.systemMicroseconds = usage.systemMicroseconds
      use.peakResidentKiB = usage.peakResidentKiB
      use.processes = usage.processes
      left = usage.left
      noteFullFileSystems(usage.fullFileSystems)
      return .noted
    case .crashFile(let file):
      captures.add(file: file)
      return .noted
    case .crashed(let core, let files):
      captures.add(core: core, files: files)
      return .noted
    case .unwitnessed(let number):
      captures.end(number)
      return .noted
    case .shared(let bytes):
      watch.note(sharedBytes: bytes)
      return .noted
    }
  }

  private func noteFullFileSystems(_ full: UInt32) {
    for (index, path) in child.watched.enumerated().prefix(32) where full & (1 << index) != 0 {
      let rule = policy.files.rules.first { $0.kind == .private && $0.target == path }
      limitsMet.append(
        LimitMet(
          what: .privateFiles(path: path), amount: rule?.sizeBytes ?? 0, enforcement: nil,
          position: rule?.position, sign: .reached))
    }
  }

  // MARK: Limits

  /// When `checkLimits` wants to be called next, in milliseconds on the monotonic clock.
  var nextAt: Int64? { watch.nextAt }
  /// Whether a limit of the whole app is ours to enforce in time.
  var isTimed: Bool { watch.isTimed }
  /// Whether the next look is so far off that memory is worth giving back until then.
  var isPatient: Bool { watch.isPatient }

  /// Kills an app that is over a limit.
  ///
  /// - Returns: whether it was looked at, and lives on.
  func checkLimits(at now: Int64) -> Bool {
    guard let at = watch.nextAt, now >= at else { return false }
    switch watch.check(at: now) {
    case nil:
      if watch.wantsShared { Launcher.askForShared(child.reports) }
      return true
    case .memory: evidence.memoryExceeded = true
    case .cpuTime: evidence.cpuTimeExceeded = true
    case .wallTime: evidence.wallTimePassed = true
    case .processes, .cpu, .ioRead, .ioWrite, .ioReadOperations, .ioWriteOperations, .ioWeight,
      .openFiles, .fileSize, .addressSpace, .coreSize:
      return true
    }
    kill()
    return false
  }

  /// Goes on under another policy, of which nothing but what holds at once differs: what its cgroup limits, and what is its owner's.
  ///
  /// - Throws: `SystemError` of a write to a cgroup file; then the app keeps the policy it had.
  func adopt(_ new: Policy) throws(SystemError) {
    try cgroup?.apply(new.limits, replacing: policy.limits)
    policy = new
    watch.limits = new.limits
  }

  /// What it has now: by its cgroup as far as that counts, else by its processes.
  func usage() -> Sampler.Use {
    var use = Sampler(initPid: child.pid, interest: Sampler.Interest()).use()
    if let memory = cgroup?.memoryKiB() { use.memoryKiB = memory }
    if let time = cgroup?.cpuMicroseconds() { use.cpuMicroseconds = time }
    return use
  }

  // MARK: Its end

  /// Kills init: the kernel then kills everything in its pid namespace. Without one init does that itself, when it sees the end of
  /// the report socket.
  func kill() {
    do throws(SystemError) {
      if policy.namespaces.order == .without {
        try Launcher.endByInit(child.reports)
        try ProcessHandle.send(SignalNumber.continue, to: child.pidfd)
      } else {
        try ProcessHandle.send(SignalNumber.kill, to: child.pidfd)
      }
    } catch {
      /* ESRCH: it has ended already, which is what was wanted. */
    }
  }

  /// Kills everything in it: at once where it has a cgroup, and in any case by its init's end.
  func killAll() {
    cgroup?.killAll()
    kill()
  }

  /// Stops everything in it, or lets it go on: by its cgroup, else every process by a signal.
  ///
  /// - Throws: EBUSY when it makes processes faster than they can be stopped.
  func freeze(_ isFrozen: Bool) throws(SystemError) {
    if try cgroup?.freeze(isFrozen) == true { return }
    let signal = isFrozen ? SignalNumber.stop : SignalNumber.continue
    var reached: Set<Int32> = []
    /* What was forked meanwhile is found the next time; what is stopped forks nothing. */
    for _ in 0..<64 {
      let tree = ProcessTree(beneath: child.pid, limit: Sampler.maximumProcesses)
      let new = tree.pids.filter { !reached.contains($0) }
      if new.isEmpty { return }
      for pid in new {
        try ProcessHandle.send(signal, toDescendant: pid, of: child.pid)
        reached.insert(pid)
      }
    }
    throw SystemError(call: "freeze", number: Errno.busy)
  }

  /// Init passes it on to the app.
  func signal(_ number: Int32) throws(SystemError) {
    do throws(SystemError) {
      try ProcessHandle.send(number, to: child.pidfd)
    } catch {
      /* Ended already: its report is on the way. */
      if error.number != Errno.noProcess { throw error }
    }
  }

  /// Whether a new instance may start before init is gone. By its last report init has reaped all of the app's processes, with their
  /// descriptors.
  var mayLeaveAhead: Bool {
    evidence.status != nil && failure == nil && cgroup == nil && Self.mayLeaveAhead(policy)
  }

  /// What the kernel frees yet must be nothing that a new instance needs: a cgroup, or the upper directory of an overlay (two mounts
  /// of one are undefined: the kernel's Documentation/filesystems/overlayfs.rst). And nobody may have more to say, as the witness has.
  static func mayLeaveAhead(_ policy: Policy) -> Bool {
    policy.limits.cgroup == nil && !policy.crash.isOn
      && !policy.files.rules.contains { $0.kind == .overlay && $0.upper != nil }
  }

  /// Whether init has ended; then it was reaped, and the last reports are to be read.
  func hasEnded() throws(SystemError) -> Bool {
    guard let status = try ProcessHandle.status(of: child.pidfd, blocking: false) else {
      return false
    }
    evidence.initStatus = ExitStatus(waitStatus: status)
    return true
  }

  /// Everything that is known of the end, and nothing is left of the app. Once.
  func finish() -> AppEnd {
    collectLimits()
    use.wallMilliseconds = Poller.now() - startedAt
    return AppEnd(evidence: evidence, use: use, limitsMet: limitsMet)
  }

  private func collectLimits() {
    let counts = cgroup?.counts()
    if let counts, let total = counts.cpuMicroseconds, evidence.status == nil {
      /* Init was killed with the rest and could not report. */
      use.userMicroseconds = total
    }
    evidence.memoryKills = counts?.memoryKills ?? 0
    if let limit = policy.limits.cpuTimeMilliseconds {
      let used = (use.userMicroseconds + use.systemMicroseconds) / 1000
      evidence.cpuTimeIsUsedUp = used >= limit.amount
    }
    if evidence.status == nil, counts == nil { use.userMicroseconds = watch.cpuMicroseconds }
    watch.finish(counts, use: &use, left: left)
    limitsMet += watch.met(cause: evidence.cause)
    for problem in cgroup?.remove() ?? [] { Output.complain(problem) }
  }
}
