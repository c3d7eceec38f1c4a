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

    /// It goes through its beginning once, so that it will begin sooner.
    ///
    /// - Parameter settings: as for `begin`.
    func rehearse(settings: borrowing Descriptor) {
      _ = Packets.send(BrokerMessage(.rehearse).bytes.span, to: control, passing: settings.raw)
    }

    /// From here on it serves. Once.
    ///
    /// - Parameters:
    ///   - settings: what it is to do: `BrokerStart`.
    ///   - orders: its first, each with a descriptor.
    func begin(
      settings: borrowing Descriptor, orders: [(BrokerOrder, HeldDescriptor)] = []
    ) {
      /* One that is gone is seen to be gone. */
      _ = Packets.send(BrokerMessage(.begin).bytes.span, to: control, passing: settings.raw)
      for (order, descriptor) in orders {
        let message = BrokerMessage(order)
        _ = Packets.send(message.bytes.span, to: control, passing: descriptor.descriptor.raw)
      }
    }
  }

  /// Opens what every one of them needs. Once, at the first knock.
  init(
    _ policy: Policy, _ host: HostFacts, role: BrokerPolicy.Role = .broker
  ) throws(SystemError) {
    program = try OwnProgram.open()
    var view = BrokerView.policy(for: policy, role: role, loader: program.loader, host: host)
    _ = view.keepOwners(where: { !HostProbe.canMapOwners($0) })
    self.policy = view
    self.host = host
  }

  /// An empty book.
  static func makeBook() throws(SystemError) -> Descriptor {
    try SharedMemory.makeFile("isolated-book", size: BookLayout.bytes)
  }

  /// Which file lies at each path that a broker's view would be made of now; nil: none.
  func sight(_ pins: BrokerPins) throws(SystemError) -> [String: FileIdentity?] {
    let files = pins.without(stale: policy).files
    var seen: [String: FileIdentity?] = [:]
    for path in files.rules.map(\.source) + files.devices.map(\.source) {
      let status = try FileStatus.of(path)
      seen.updateValue(
        status.map { FileIdentity(device: $0.device, inode: $0.inode) }, forKey: path)
    }
    return seen
  }

  /// Starts one, which waits for `Running.begin`.
  ///
  /// - Parameters:
  ///   - door: the way to who asks: the supervisor's end of the way to the app. It gets a duplicate.
  ///   - book: memory that outlives it.
  ///   - pins: which were looked at just now.
  func start(
    _ door: borrowing Descriptor, book: borrowing Descriptor, pins: BrokerPins
  ) throws(LaunchError) -> Running {
    let floor = BrokerNumbers.floor
    let ends = try attempt { () throws(SystemError) in try Packets.pair() }
    let passed = try attempt { () throws(SystemError) in
      try [
        (HeldDescriptor(door.duplicate(floor: floor)), BrokerNumbers.door),
        (HeldDescriptor(ends.other.duplicate(floor: floor)), BrokerNumbers.control),
        (HeldDescriptor(book.duplicate(floor: floor)), BrokerNumbers.book),
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
