/// Starts brokers of one app, or processes of one built-in driver: what stays the same from one to the next.
final class BrokerLaunch {
  private let program: OwnProgram
  private let policy: Policy
  private let host: HostFacts

  /// A broker's process, and the way to it.
  final class Running {
    let child: Child
    let control: Descriptor
    let plan: LaunchPlan
    let policy: Policy
    let startedAt: Int64

    init(
      child: consuming Child, control: consuming Descriptor, plan: LaunchPlan, policy: Policy,
      startedAt: Int64
    ) {
      self.child = child
      self.control = control
      self.plan = plan
      self.policy = policy
      self.startedAt = startedAt
    }
  }

  /// Opens what every one of them needs. Once, at the first knock.
  init(
    _ policy: Policy, _ host: HostFacts, role: BrokerPolicy.Role = .broker
  ) throws(SystemError) {
    program = try OwnProgram.open()
    self.policy = BrokerView.policy(for: policy, role: role, loader: program.loader, host: host)
    self.host = host
  }

  /// An empty book.
  static func makeBook() throws(SystemError) -> Descriptor {
    try SharedMemory.makeFile("isolated-book", size: BookLayout.bytes)
  }

  /// Starts one.
  ///
  /// - Parameters:
  ///   - door: the way to who asks: the supervisor's end of the way to the app. It gets a duplicate.
  ///   - book: memory that outlives it.
  ///   - settings: what it is to do.
  ///   - orders: its first, each with a descriptor.
  func start(
    _ door: borrowing Descriptor, book: borrowing Descriptor, settings: borrowing Descriptor,
    pins: BrokerPins, orders: [(BrokerOrder, HeldDescriptor)] = []
  ) throws(LaunchError) -> Running {
    let floor = BrokerNumbers.floor
    let ends = try attempt { () throws(SystemError) in try Packets.pair() }
    for (order, descriptor) in orders {
      let message = BrokerMessage(order)
      _ = Packets.send(message.bytes.span, to: ends.one, passing: descriptor.descriptor.raw)
    }
    let passed = try attempt { () throws(SystemError) in
      try [
        (HeldDescriptor(door.duplicate(floor: floor)), BrokerNumbers.door),
        (HeldDescriptor(ends.other.duplicate(floor: floor)), BrokerNumbers.control),
        (HeldDescriptor(book.duplicate(floor: floor)), BrokerNumbers.book),
        (HeldDescriptor(settings.duplicate(floor: floor)), BrokerNumbers.settings),
      ]
    }
    let executable = try attempt { () throws(SystemError) in
      HeldDescriptor(try program.file.duplicate(floor: floor))
    }
    let policy = pins.without(stale: self.policy)
    let made = try PreparedPlan.make(
      policy, landlockABI: host.landlockABI, filterCache: FilterPlace.directory(host),
      standard: [.null, .null, .null], sources: pins.sources
    ) { context in
      context.placed = passed.map { .init(source: $0.0.descriptor.raw, number: $0.1) }
      context.executable = executable.descriptor.raw
    }
    let child = try attempt { () throws(SystemError) in
      try Launcher.launch(made.flat, cloneFlags: made.plan.cloneFlags, cgroup: nil)
    }
    /* The plan names them by number: an optimised build would close them after their last use above. */
    withExtendedLifetime((passed, executable, made.held)) {}
    return Running(
      child: child, control: ends.one, plan: made.plan, policy: policy, startedAt: Poller.now())
  }
}
