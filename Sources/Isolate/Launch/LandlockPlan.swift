/// The second, independent layer over the same rules. Part of `LaunchPlanner`.
extension LaunchPlanner {
  mutating func planLandlock() {
    let abi = context.landlockABI
    let handled = LandlockRight.handledFiles(abi: abi)
    var network: UInt64 = 0
    if policy.network.bindPorts != nil { network |= LandlockRight.bindTCP }
    if policy.network.connectPorts != nil { network |= LandlockRight.connectTCP }
    /* The app has these files already, by descriptor: /dev/stderr must not be refused because of where they lie. */
    let reopened = context.standard.enumerated().reduce(UInt32(0)) { bits, standard in
      standard.element == .asIs ? bits | 1 << UInt32(standard.offset) : bits
    }
    steps.append(
      .beginLandlock(
        LandlockRights(
          files: handled, network: abi >= 4 ? network : 0, scopes: abi >= 6 ? scopes : 0,
          attributeSize: abi >= 6 ? 24 : abi >= 4 ? 16 : 8, reopened: reopened)))
    func allow(_ path: String, _ rights: UInt64) {
      let known = rights & handled
      if known != 0 { steps.append(.allowPath(path: path, rights: known)) }
    }
    let hasView = policy.namespaces.order != .without
    for rule in policy.files.rules where hasView || Self.isOfTheMachine(rule) {
      allow(rule.target, rights(rule))
    }
    for rule in policy.files.devices {
      allow(rule.target, LandlockRight.write | LandlockRight.ioctlDevice)
    }
    let use = LandlockRight.readFile | LandlockRight.writeFile | LandlockRight.readDirectory
    let device = use | LandlockRight.truncate | LandlockRight.ioctlDevice
    if hasView {
      if policy.files.dev {
        allow("/dev", device)
        allow("/dev/shm", LandlockRight.write)
      }
      if policy.files.proc { allow("/proc", use) }
    } else {
      for node in Self.machineDevices where policy.files.dev { allow(node, device) }
      if policy.files.proc {
        allow("/proc/self", use)
        for file in Self.machineProc { allow(file, use & ~LandlockRight.writeFile) }
      }
    }
    if policy.files.sys { allow("/sys", LandlockRight.readFile | LandlockRight.readDirectory) }
    if hasView {
      /* What was made in the view itself: /etc/passwd and its like, and the listing of the root. */
      allow("/etc", LandlockRight.readFile | LandlockRight.readDirectory)
      allow("/", LandlockRight.readDirectory)
    }
    if let executable = context.executable {
      steps.append(.allowFile(descriptor: executable, rights: LandlockRight.read & handled))
    }
    for file in context.readable {
      steps.append(.allowFile(descriptor: file, rights: LandlockRight.readFile))
    }
    for port in policy.network.bindPorts ?? [] where abi >= 4 {
      steps.append(.allowPort(port: port, rights: LandlockRight.bindTCP))
    }
    for port in policy.network.connectPorts ?? [] where abi >= 4 {
      steps.append(.allowPort(port: port, rights: LandlockRight.connectTCP))
    }
    steps.append(.enforceLandlock)
  }

  /// Without namespaces a path is the machine's: what would be the app's own there is not to be had. The resolver refuses the profile's
  /// such rules (`ResolvedWithoutView`). This is for what is added to its policy later, as the daemon's socket for notices is: by the
  /// rule's own path the app would get what lies there on the machine.
  private static func isOfTheMachine(_ rule: FileRule) -> Bool {
    switch rule.kind {
    case .read, .write, .device: rule.source.utf8.elementsEqual(rule.target.utf8)
    case .private, .overlay, .hide: false
    }
  }

  /// Of the machine's /dev what everybody may have. Not /dev/pts, where the user's other terminals lie, and not /dev/shm.
  private static let machineDevices = ["null", "zero", "full", "random", "urandom", "tty"].map {
    "/dev/" + $0
  }

  /// Of the machine's /proc what tells of no process; beside the app's own directory.
  private static let machineProc = [
    "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys", "uptime", "version",
  ].map { "/proc/" + $0 }

  /// Bit 0: abstract sockets, bit 1: signals. A scope is a domain's own, so that a guest's would close it off from the very app whose
  /// sandbox it is in; there the namespaces hold both in, and only the host's network has abstract sockets of others.
  private var scopes: UInt64 { context.isGuest ? ownsNetwork ? 0 : 0b01 : 0b11 }

  private func rights(_ rule: FileRule) -> UInt64 {
    switch rule.kind {
    case .read: LandlockRight.read
    case .write, .private, .overlay:
      LandlockRight.write | (rule.allowsExecute ? LandlockRight.execute : 0)
    case .device: LandlockRight.write | LandlockRight.ioctlDevice
    case .hide: 0
    }
  }
}
