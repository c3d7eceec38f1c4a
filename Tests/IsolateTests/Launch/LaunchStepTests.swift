import CSeccomp
import Glibc
import Testing

@testable import Isolate

/// Every step of the default plan, failed and killed on purpose.
@Suite(.serialized) struct LaunchStepTests {
  /// What a launch came to.
  struct Outcome: Equatable {
    var failed: LaunchFailure?
    var started = false
    /// Init's own end, as a shell counts it.
    var code: Int32?
  }

  private func prepare() throws -> (plan: LaunchPlan, policy: Policy, filter: [UInt8]) {
    var request = RunRequest()
    request.command = ["true"]
    request.commandArgument = 2
    let prepared = try Preparation.make(request)
    let filter = try SyscallFilter.compile(prepared.policy.syscalls)
    let context = PlanContext(
      landlockABI: prepared.host.landlockABI,
      filterInstructions: filter.count / SyscallFilter.instructionSize,
      standard: [.asIs, .asIs, .asIs], terminal: nil, nullDescriptor: -1, bootSeconds: 0,
      monotonicSeconds: 0)
    let plan = try LaunchPlanner(prepared.policy, context: context, sources: .host).plan()
    return (plan, prepared.policy, filter)
  }

  /// Launches steps and waits until nothing of it is there any more.
  private func launch(
    _ steps: [LaunchStep], _ plan: LaunchPlan, _ policy: Policy, _ filter: [UInt8],
    killAfterMicroseconds: UInt32? = nil
  ) throws -> Outcome {
    let flat = FlatPlan(
      steps, command: policy.command, environment: policy.environment, filter: filter
    ) { _ in -1 }
    let signals = try SignalDoor()
    defer { signals.restoreMask() }
    let child = try Launcher.launch(flat, cloneFlags: plan.cloneFlags, cgroup: nil)
    if let killAfterMicroseconds {
      usleep(killAfterMicroseconds)
      try ProcessHandle.send(SIGKILL, to: child.pidfd)
    }
    var doors = [Door(child.pidfd.raw)]
    try Poller.wait(&doors, timeout: 20_000)
    try #require(doors[0].isReadable, "process \(child.pid) is still there")
    var outcome = Outcome()
    while let message = try Launcher.receive(from: child.reports) {
      switch consume message {
      case .failed(let step, let number): outcome.failed = LaunchFailure(step: step, number: number)
      case .started: outcome.started = true
      case .terminal: break
      case .stopped: break
      case .continued: break
      case .exited: break
      case .shared: break
      case .crashFile: break
      case .crashed: break
      case .unwitnessed: break
      }
    }
    if let raw = try ProcessHandle.status(of: child.pidfd, blocking: true) {
      outcome.code = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f)
    }
    return outcome
  }

  /// The step, so that it must fail, and the errno it fails with.
  private func broken(_ step: LaunchStep) -> (step: LaunchStep, number: Int32) {
    switch step {
    case .bind(var bind):
      bind.inode += 1
      return (.bind(bind), ESTALE)
    case .mountTmpfs(var tmpfs):
      tmpfs.options = "size=unreadable"
      return (.mountTmpfs(tmpfs), EINVAL)
    case .changeDirectory: return (.changeDirectory("/no/such"), ENOENT)
    case .execute: return (.execute(candidates: ["/no/such"]), ENOENT)
    case .placeDescriptor(_, let number):
      return (.placeDescriptor(source: .caller(9999), number: number), EBADF)
    default: return (.writeProc(file: "no/such", content: "x"), ENOENT)
    }
  }

  @Test func theWholePlanStartsTheApp() throws {
    let (plan, policy, filter) = try prepare()
    let outcome = try launch(plan.steps, plan, policy, filter)
    #expect(outcome == Outcome(failed: nil, started: true, code: 0))
  }

  @Test func eachFailedStepIsNamedAndNothingIsStarted() throws {
    let (plan, policy, filter) = try prepare()
    let mounts = Leftovers.mounts
    #expect(plan.steps.count > 60)
    for index in plan.steps.indices {
      let (step, number) = broken(plan.steps[index])
      var steps = plan.steps
      steps[index] = step
      let outcome = try launch(steps, plan, policy, filter)
      #expect(outcome.failed == LaunchFailure(step: index, number: number), "\(plan.steps[index])")
      #expect(!outcome.started, "\(plan.steps[index])")
      #expect(outcome.code == 125, "\(plan.steps[index])")
      let said = Hints.explain(step: index, number: number, plan: plan, policy: policy)
      #expect((125...127).contains(said.exitCode))
      if case .execute = plan.steps[index] { continue }
      #expect(said.text.contains("step \(index + 1), \(plan.steps[index])"))
    }
    #expect(Leftovers.mounts == mounts)
  }

  @Test func aPlanThatIsCutShortIsAFailedLaunch() throws {
    let (plan, policy, filter) = try prepare()
    for count in stride(from: 0, to: plan.steps.count, by: 7) {
      let outcome = try launch(Array(plan.steps[..<count]), plan, policy, filter)
      #expect(outcome.failed?.number == ENOEXEC)
      #expect(!outcome.started)
      #expect(outcome.code == 125)
    }
  }

  /// Before each step the child is made to wait: it writes into a pipe that is full.
  @Test func aKillAtEachStepLeavesNothing() throws {
    let (plan, policy, filter) = try prepare()
    let mounts = Leftovers.mounts
    var ends: [Int32] = [-1, -1]
    try #require(unsafe kernel_pipe(&ends) == 0)
    defer { ends.forEach { close($0) } }
    try #require(kernel_set_nonblocking(ends[1]) == 0)
    let block = [UInt8](repeating: 0, count: 4096)
    while unsafe write(ends[1], block, block.count) > 0 {}
    for index in plan.steps.indices {
      var steps = plan.steps
      steps.insert(.writeProc(file: "fd/\(ends[1])", content: "x"), at: index)
      let outcome = try launch(steps, plan, policy, filter, killAfterMicroseconds: 8000)
      #expect(!outcome.started, "\(plan.steps[index])")
      /* In the app itself the way to the pipe may be closed: then the step fails first. */
      #expect(
        outcome.code == 137
          || outcome.failed?.step == index, "\(plan.steps[index])")
    }
    #expect(Leftovers.mounts == mounts)
  }
}
