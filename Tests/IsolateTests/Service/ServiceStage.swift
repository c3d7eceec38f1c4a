import Testing

@testable import Isolate

/// An app with what the daemon would give it: listening sockets, a place to notify, kept descriptors.
struct ServiceStage {
  let scratch: Scratch
  var run: PreparedRun
  var environment = ServiceEnvironment()
  private var given: HandedDescriptors?
  var policy: Policy

  init(_ command: [String], _ rules: [(CommandOption, String)] = []) throws {
    scratch = try Scratch()
    run = try PreparedRun(command: command, rules)
    policy = run.policy
  }

  init(python script: String, _ rules: [(CommandOption, String)] = []) throws {
    try self.init(["/usr/bin/python3", "-c", script], rules)
  }

  /// A directory for this user alone.
  func directory() throws -> PrivateDirectory {
    try PrivateDirectory.made(scratch.path + "/private")
  }

  mutating func notify(by socket: NotifySocket) {
    socket.show(in: &policy.files)
    environment.hasNotify = true
  }

  /// At the numbers that LISTEN_FDS names.
  mutating func give(_ descriptors: [Int32], _ names: [String]) throws {
    given = try HandedDescriptors(descriptors)
    environment.descriptorNames = names
  }

  func start() throws -> Running {
    var policy = policy
    let pipe = try Pipe().split()
    let output = Held(try pipe.readEnd.duplicate().release())
    /* Clear of the numbers that the app gets. */
    let input = Held(try pipe.writeEnd.duplicate(floor: 64).release())
    _ = consume pipe
    var context = run.context(input.descriptor.raw)
    context.placed =
      given?.placed.map {
        PlanContext.PlacedDescriptor(source: $0.source, number: $0.number)
      } ?? []
    let plan = try LaunchPlanner(policy, context: context, sources: .host).plan()
    environment.apply(to: &policy.environment, process: plan.appNumber)
    let flat = FlatPlan(
      plan.steps, command: policy.command, environment: policy.environment, filter: run.filter
    ) { _ in -1 }
    let child = try Launcher.launch(flat, cloneFlags: plan.cloneFlags, cgroup: nil)
    withExtendedLifetime(input) {}
    return Running(child: child, output: output, plan: plan)
  }
}

extension NotifySocket {
  /// What comes within 20 seconds until `count` messages are there.
  func messages(_ count: Int) throws -> [NotifyMessage] {
    var all: [NotifyMessage] = []
    let end = Poller.now() + 20_000
    while all.count < count, Poller.now() < end {
      var doors = [Door(descriptor)]
      try Poller.wait(&doors, timeout: 100)
      all += try receive()
    }
    return all
  }
}
