import Glibc
import Isolate

/// Launches shell scripts, through a launcher process or the ordinary way, and reads what they write.
struct PreparedRun {
  let preparation: Preparation
  let filter: [UInt8]
  var isBare = false

  /// - Parameter rules: options of `run`, in pairs.
  init(_ script: String, _ rules: [(CommandOption, String)] = [], name: String = "app") throws {
    try self.init(command: ["/bin/sh", "-c", script], rules, name: name)
  }

  init(command: [String], _ rules: [(CommandOption, String)] = [], name: String = "app") throws {
    var request = RunRequest()
    request.command = command
    request.name = TypedWord(name, argument: 1)
    request.rules = rules.map { TypedRule(option: $0.0, value: $0.1, argument: 1) }
    preparation = try Preparation.make(request)
    filter = try SyscallFilter.compile(preparation.policy.syscalls)
  }

  var policy: Policy { preparation.policy }

  /// 0, 1 and 2 of the app are all the descriptor given.
  func context(_ descriptor: Int32) -> PlanContext {
    PlanContext(
      landlockABI: isBare ? 0 : preparation.host.landlockABI,
      filterInstructions: filter.count / SyscallFilter.instructionSize,
      standard: [.null, .null, .null], terminal: nil, nullDescriptor: descriptor, bootSeconds: 0,
      monotonicSeconds: 0)
  }

  /// A pipe: what it is read from, what the app writes to.
  static func pipe() throws -> (output: Held, input: Held) {
    var ends: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw SystemError(call: "pipe", number: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (Held(ends[0]), Held(ends[1]))
  }

  /// Launches from a template and leaves the app running.
  func start(_ launcher: LauncherProcess) throws -> Running {
    let (output, input) = try Self.pipe()
    let app = try launcher.plan(policy, context: context(input.descriptor.raw), filter: filter)
    let child = try launcher.launch(app)
    withExtendedLifetime(input) {}
    return Running(child: child, output: output, plan: app.plan)
  }

  /// The same app, the ordinary way.
  func startOrdinarily() throws -> Running {
    let (output, input) = try Self.pipe()
    let plan = try LaunchPlanner(
      policy, context: context(input.descriptor.raw), sources: .host
    ).plan()
    let flat = FlatPlan(
      plan.steps, command: policy.command, environment: policy.environment, filter: filter
    ) { _ in -1 }
    let child = try Launcher.launch(flat, cloneFlags: plan.cloneFlags, cgroup: nil)
    withExtendedLifetime(input) {}
    return Running(child: child, output: output, plan: plan)
  }
}

/// A descriptor that can be shared.
final class Held {
  let descriptor: Descriptor
  init(_ raw: Int32) { descriptor = Descriptor(adopting: raw) }
}

/// An app that was launched; its end is bounded by 20 seconds.
struct Running: ~Copyable {
  let child: Child
  let output: Held
  let plan: LaunchPlan

  /// The next bytes it writes, as text; "" at the end.
  func read() throws -> String {
    var doors = [Door(output.descriptor.raw)]
    try Poller.wait(&doors, timeout: 20_000)
    guard doors[0].isReadable || doors[0].isHungUp else { return "(nothing in 20 seconds)" }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let size = unsafe Glibc.read(output.descriptor.raw, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, size)), as: UTF8.self)
  }

  /// What it reported, after its end.
  func finish() throws -> End {
    var end = End()
    while case let text = try read(), !text.isEmpty { end.output += text }
    var doors = [Door(child.pidfd.raw)]
    try Poller.wait(&doors, timeout: 20_000)
    if !doors[0].isReadable { try ProcessHandle.send(9, to: child.pidfd) }
    _ = try ProcessHandle.status(of: child.pidfd, blocking: true)
    while let message = try Launcher.receive(from: child.reports) {
      switch consume message {
      case .failed(let step, let number):
        end.failed = (plan.steps.indices.contains(step) ? plan.steps[step] : nil, number)
      case .started: end.wasStarted = true
      case .exited(let status, _): end.status = status
      default: break
      }
    }
    return end
  }

  struct End {
    var output = ""
    var lines: [Substring] { output.split(separator: "\n", omittingEmptySubsequences: false) }
    var wasStarted = false
    /// As waitpid(2) gives it.
    var status: Int32?
    var failed: (step: LaunchStep?, number: Int32)?
  }
}
