/// Unwinds the stacks of a core: eu-stack of elfutils, in a sandbox of its own. What it reads is the app's, and may be made to
/// break it; then there are fewer frames, and the report says why.
package struct Unwinding {
  let subject: UnwinderPolicy.Subject
  let host: HostFacts
  /// Milliseconds that it may take.
  var patience = Int64(UnwinderPolicy.seconds) * 1000
  /// What unwinds; nil: nothing is installed that could.
  var program = Unwinding.program()

  package typealias Stacks = (threads: [StackText.Thread], unwinder: CrashReport.Unwinder)

  private static let core: Int32 = 3

  /// Where the program is; nil: it is not installed.
  package static func program() -> String? {
    UnwinderPolicy.programs.lazy.compactMap { FileSystem.resolved($0) }.first
  }

  /// - Parameter isUnwanted: asked while it runs: whether somebody wants us to end.
  func run(_ capture: CrashCapture, isUnwanted: () -> Bool) -> Stacks {
    guard let program else {
      return ([], .missing("eu-stack is not installed (Debian and Fedora: elfutils)"))
    }
    do throws(LaunchError) {
      let (running, pipes) = try start(program, capture)
      return finish(running, pipes, isUnwanted)
    } catch {
      return ([], .missing("eu-stack could not be started: \(words(error, nil)[0])"))
    }
  }

  private func start(
    _ program: String, _ capture: CrashCapture
  ) throws(LaunchError) -> (RunningUnwinder, [HeldDescriptor]) {
    let own = UnwinderPolicy.make(
      for: subject, program: program,
      command: [
        program, "-m", "-s", "-n", "\(StackText.mostFrames)", "--core=/proc/self/fd/\(Self.core)",
      ],
      deniesWriteExecute: HostProbe.canDenyWriteExecute)
    let floor = BrokerNumbers.floor
    let output = try attempt { () throws(SystemError) in try Pipe().split() }
    let errors = try attempt { () throws(SystemError) in try Pipe().split() }
    var placed: [(source: HeldDescriptor, number: Int32)] = []
    func place(_ source: borrowing Descriptor, _ number: Int32) throws(LaunchError) {
      do throws(SystemError) {
        placed.append((HeldDescriptor(try source.duplicate(floor: floor)), number))
      } catch {
        throw .system(error)
      }
    }
    try place(output.writeEnd, 1)
    try place(errors.writeEnd, 2)
    try place(capture.core, Self.core)
    for (index, file) in capture.files.enumerated() {
      try place(file.descriptor, Int32(CrashCore.firstFile + index))
    }
    let made = try PreparedPlan.make(
      own, landlockABI: host.landlockABI, filterCache: FilterPlace.directory(host),
      standard: [.null, .null, .null]
    ) { context in
      context.placed = placed.map { .init(source: $0.source.descriptor.raw, number: $0.number) }
      context.readable = placed.dropFirst(3).map { $0.source.descriptor.raw }
    }
    let child = try attempt { () throws(SystemError) in
      try Launcher.launch(made.flat, cloneFlags: made.plan.cloneFlags, cgroup: nil)
    }
    /* The plan names them by number: an optimised build would close them after their last use above. */
    withExtendedLifetime((placed, made.held)) {}
    let running = RunningUnwinder(child, plan: made.plan, policy: own)
    return (running, [HeldDescriptor(output.readEnd), HeldDescriptor(errors.readEnd)])
  }

  private func finish(
    _ running: RunningUnwinder, _ pipes: [HeldDescriptor], _ isUnwanted: () -> Bool
  ) -> Stacks {
    let startedAt = Poller.now()
    var texts: [[UInt8]] = pipes.map { _ in [] }
    var open = Set(pipes.indices)
    var problem: String?
    do throws(SystemError) {
      while problem == nil, !open.isEmpty {
        var doors = pipes.indices.map { Door(open.contains($0) ? pipes[$0].descriptor.raw : -1) }
        try Poller.wait(&doors, timeout: 100)
        for index in open where doors[index].isReadable || doors[index].isHungUp {
          let bytes = try pipes[index].descriptor.readSome(limit: 65_536)
          if bytes.isEmpty { open.remove(index) }
          texts[index] += bytes
          if texts[index].count > StackText.limit { problem = "eu-stack said too much" }
        }
        if Poller.now() - startedAt > patience {
          let time = ProfileUnits.describe(milliseconds: UInt64(max(0, patience)))
          problem = "eu-stack took longer than \(time)"
        }
        if isUnwanted() { problem = "the report was not waited for" }
      }
    } catch {
      problem = "what eu-stack said could not be read: \(error)"
    }
    withExtendedLifetime(pipes) {}
    let end = running.end(killing: problem != nil)
    let threads = StackText.threads(texts[0])
    if let problem = problem ?? end { return (threads, .missing(problem)) }
    if threads.contains(where: { !$0.frames.isEmpty }) { return (threads, .done) }
    return (threads, .missing("eu-stack found no stack: " + StackText.complaint(texts[1])))
  }
}

/// A launched eu-stack.
final class RunningUnwinder {
  private let child: Child
  private let plan: LaunchPlan
  private let policy: Policy

  init(_ child: consuming Child, plan: LaunchPlan, policy: Policy) {
    self.child = child
    self.plan = plan
    self.policy = policy
  }

  /// Waits for its end.
  ///
  /// - Returns: what went wrong; nil: nothing that cost frames.
  func end(killing: Bool) -> String? {
    if killing { ProcessHandle.endAndReap(child.pidfd) }
    do throws(SystemError) {
      if !killing { _ = try ProcessHandle.status(of: child.pidfd, blocking: true) }
      var reports = ChildReports()
      try reports.read(child)
      if let failure = reports.failure {
        return "eu-stack could not be started: " + failure.text(plan, policy)
      }
      return reports.status.map(Self.problem) ?? "eu-stack ended without a word"
    } catch {
      return "eu-stack cannot be waited for: \(error)"
    }
  }

  private static func problem(_ status: ExitStatus) -> String? {
    switch status {
    /* 1: a stack ended early, as the outermost frames of many programs make it. 2: there is none (eu-stack(1)). */
    case .exited(0), .exited(1), .exited(2): nil
    case .exited(let code): "eu-stack ended with exit code \(code)"
    case .signaled(let signal, _): "eu-stack was ended by \(EndText.name(signal))"
    }
  }
}
