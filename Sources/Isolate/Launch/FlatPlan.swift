internal import CSeccomp

/// A launch plan as the child reads it: fixed-size steps and one text block. See launch_plan.h.
package struct FlatPlan {
  private(set) var steps: [launch_step] = []
  private(set) var text: [UInt8] = [0]
  private var arguments: [Int] = []
  private var environment: [Int] = []
  /// The targets of the private file systems, in the order in which init reports on them.
  package private(set) var watched: [String] = []

  /// Flattens the steps.
  ///
  /// - Parameters:
  ///   - filter: the compiled system-call filter, an array of struct sock_filter.
  ///   - namespaceFor: the descriptor of a user namespace that maps an owner to the app, for idmapped binds.
  package init(
    _ steps: ArraySlice<LaunchStep>, command: [String], environment: [EnvironmentVariable],
    filter: [UInt8], namespaceFor: (FileOwner) -> Int32
  ) {
    self.steps.reserveCapacity(steps.count)
    text.reserveCapacity(16384 + filter.count)
    for step in steps {
      add(step, filter: filter, namespaceFor: namespaceFor)
    }
    arguments = command.map { put($0) }
    self.environment = environment.map { put("\($0.name)=\($0.value)") }
  }

  package init(
    _ steps: [LaunchStep], command: [String], environment: [EnvironmentVariable],
    filter: [UInt8], namespaceFor: (FileOwner) -> Int32
  ) {
    self.init(
      steps[...], command: command, environment: environment, filter: filter,
      namespaceFor: namespaceFor)
  }

  package var stepCount: Int { steps.count }
  package var textSize: Int { text.count }

  /// Adds text and its terminating zero; returns its offset. What follows a zero byte would be lost, so paths and
  /// values with one are refused before they come here.
  private mutating func put(_ string: String) -> Int {
    if string.isEmpty { return 0 }
    let offset = text.count
    RawText.append(string, to: &text)
    text.append(0)
    return offset
  }

  /// The extras of launch_plan.h hold 64-bit values.
  private mutating func alignText() {
    while text.count % 8 != 0 { text.append(0) }
  }

  private mutating func put<Extra>(_ extra: Extra) -> Int {
    alignText()
    let offset = text.count
    unsafe withUnsafeBytes(of: extra) { unsafe text.append(contentsOf: $0) }
    return offset
  }

  private mutating func emit(
    _ op: launch_op, _ a: String = "", _ b: String = "", value: UInt64 = 0
  ) {
    let a = put(a)
    emit(op, a: a, b: put(b), value: value)
  }

  private mutating func emit(
    _ op: launch_op, a: Int = 0, b: Int = 0, fd: Int32 = -1, value: UInt64 = 0
  ) {
    steps.append(
      launch_step(
        op: op.rawValue, fd: fd, text_a: UInt32(a), text_b: UInt32(b), value: value))
  }

  /// One case a line: what is more than an operation with its texts and value has a function of its own.
  private mutating func add(
    _ step: LaunchStep, filter: [UInt8], namespaceFor: (FileOwner) -> Int32
  ) {
    switch step {
    case .awaitGate: emit(LAUNCH_OP_GATE)
    case .startNetwork(let loopback): emit(LAUNCH_OP_NETWORK_START, value: loopback ? 1 : 0)
    case .joinNetwork: emit(LAUNCH_OP_NETWORK_JOIN)
    case .raiseLoopback: emit(LAUNCH_OP_LOOPBACK_UP)
    case .unshare(let kind): emit(LAUNCH_OP_UNSHARE, value: kind.cloneFlag)
    case .writeProc(let file, let content): emit(LAUNCH_OP_WRITE_PROC, file, content)
    case .makeMountsPrivate: emit(LAUNCH_OP_MOUNTS_PRIVATE)
    case .makeRoot(let size): emit(LAUNCH_OP_ROOT, "\(size)")
    case .makeDirectory(let path, let mode): emit(LAUNCH_OP_MAKE_DIR, path, value: UInt64(mode))
    case .makeFile(let path, let content, let mode):
      emit(LAUNCH_OP_MAKE_FILE, path, content, value: UInt64(mode))
    case .makeLink(let path, let target): emit(LAUNCH_OP_MAKE_LINK, path, target)
    case .makeDevice(let path, let number): emit(LAUNCH_OP_MAKE_DEVICE, path, value: number)
    case .bind(let bind): addBind(bind, namespaceFor: namespaceFor)
    case .attachTree(let descriptor, let bind): addTree(descriptor, bind)
    case .setOwner(let path, let uid, let gid): addOwner(path, uid, gid)
    case .mountTmpfs(let tmpfs): addTmpfs(tmpfs)
    case .mountProc(let path): emit(LAUNCH_OP_PROC, path)
    case .mountDevpts(let path, let options): emit(LAUNCH_OP_DEVPTS, path, options)
    case .mountSysfs(let path): emit(LAUNCH_OP_SYSFS, path)
    case .mountOverlay(let overlay): addOverlay(overlay, namespaceFor)
    case .mask(let path): emit(LAUNCH_OP_MASK, path)
    case .makeReadOnly(let path): emit(LAUNCH_OP_READ_ONLY, path)
    case .setAttributes(let path, let set): emit(LAUNCH_OP_ATTRIBUTES, path, value: set.rawValue)
    case .enterRoot: emit(LAUNCH_OP_PIVOT)
    case .setHostname(let name): emit(LAUNCH_OP_HOSTNAME, name)
    case .becomeIdentity(let uid, let gid, let clears): addIdentity(uid, gid, clears)
    case .newKeyring: emit(LAUNCH_OP_KEYRING)
    case .closeUnnamed: emit(LAUNCH_OP_CLOSE_UNNAMED)
    case .enter(let kind, let descriptor):
      emit(LAUNCH_OP_ENTER, fd: descriptor, value: kind.cloneFlag)
    case .openTerminal(let settings): addTerminal(settings)
    case .startWitness(let atFilter): emit(LAUNCH_OP_WITNESS, value: atFilter ? 1 : 0)
    case .meetWitness: emit(LAUNCH_OP_MEET_WITNESS)
    case .setDumpable(let yes): emit(LAUNCH_OP_DUMPABLE, value: yes ? 1 : 0)
    case .dropCapabilities: emit(LAUNCH_OP_CAPABILITIES_DROP)
    case .standAlone(let holds): emit(LAUNCH_OP_ALONE, value: holds ? 1 : 0)
    case .noNewPrivileges: emit(LAUNCH_OP_NO_NEW_PRIVILEGES)
    case .forkApp(let copies): emit(LAUNCH_OP_FORK_APP, value: copies ? 1 : 0)
    case .newSession(let onTerminal): emit(LAUNCH_OP_SESSION, value: onTerminal ? 1 : 0)
    case .changeDirectory(let path): emit(LAUNCH_OP_WORKDIR, path)
    case .setUmask(let mask): emit(LAUNCH_OP_UMASK, value: UInt64(mask))
    case .setLimit(let limit): addLimit(limit)
    case .resetSignals: emit(LAUNCH_OP_SIGNALS)
    case .resetPersonality: emit(LAUNCH_OP_PERSONALITY)
    case .closeDescriptors(let from): emit(LAUNCH_OP_CLOSE_OTHERS, value: UInt64(from))
    case .placeDescriptor(let source, let number): addDescriptor(source, number)
    case .denyWriteExecute: emit(LAUNCH_OP_DENY_WRITE_EXECUTE)
    case .beginLandlock(let rights): addLandlock(rights)
    case .allowPath(let path, let rights): emit(LAUNCH_OP_LANDLOCK_PATH, path, value: rights)
    case .allowFile(let descriptor, let rights):
      emit(LAUNCH_OP_LANDLOCK_FILE, fd: descriptor, value: rights)
    case .allowPort(let port, let rights):
      emit(LAUNCH_OP_LANDLOCK_PORT, fd: Int32(port), value: rights)
    case .enforceLandlock: emit(LAUNCH_OP_LANDLOCK_ENFORCE)
    case .loadFilter(let count): addFilter(filter, instructions: count)
    case .execute(let candidates): addExecute(candidates)
    case .executeFile(let descriptor): emit(LAUNCH_OP_EXEC_FILE, fd: descriptor)
    }
  }

  private mutating func addTmpfs(_ tmpfs: TmpfsStep) {
    watched.append("/" + tmpfs.target)
    emit(LAUNCH_OP_TMPFS, tmpfs.target, tmpfs.options, value: tmpfs.attributes.rawValue)
  }

  private mutating func addTree(_ descriptor: Int32, _ bind: BindStep) {
    emit(LAUNCH_OP_ATTACH, a: put(bind.target), fd: descriptor, value: bind.isDirectory ? 1 : 0)
  }

  private mutating func addOwner(_ path: String, _ uid: UInt32, _ gid: UInt32) {
    let extra = launch_identity_extra(uid: uid, gid: gid, clear_groups: 0, reserved: 0)
    let path = put(path)
    emit(LAUNCH_OP_OWNER, a: path, b: put(extra))
  }

  private mutating func addIdentity(_ uid: UInt32, _ gid: UInt32, _ clearsGroups: Bool) {
    let extra = launch_identity_extra(
      uid: uid, gid: gid, clear_groups: clearsGroups ? 1 : 0, reserved: 0)
    emit(LAUNCH_OP_IDENTITY, b: put(extra))
  }

  private mutating func addLimit(_ limit: ResourceLimit) {
    let extra = launch_rlimit_extra(soft: limit.soft, hard: limit.hard)
    emit(LAUNCH_OP_RLIMIT, b: put(extra), fd: limit.resource.number)
  }

  private mutating func addDescriptor(_ source: DescriptorSource, _ number: Int32) {
    let fd: Int32 =
      switch source {
      case .caller(let raw): raw
      case .terminal: LAUNCH_FD_TERMINAL
      }
    emit(LAUNCH_OP_DESCRIPTOR, fd: fd, value: UInt64(number))
  }

  private mutating func addLandlock(_ rights: LandlockRights) {
    let extra = launch_landlock_extra(
      handled_fs: rights.files, handled_net: rights.network, scoped: rights.scopes,
      size: rights.attributeSize, reopen: rights.reopened)
    emit(LAUNCH_OP_LANDLOCK_BEGIN, b: put(extra))
  }

  private mutating func addFilter(_ filter: [UInt8], instructions: Int) {
    alignText()
    let offset = text.count
    text.append(contentsOf: filter)
    emit(LAUNCH_OP_FILTER, b: offset, value: UInt64(instructions))
  }

  private mutating func addExecute(_ candidates: [String]) {
    let offset = text.count
    for candidate in candidates { _ = put(candidate) }
    text.append(0)
    emit(LAUNCH_OP_EXEC, a: offset)
  }

  private mutating func addBind(_ bind: BindStep, namespaceFor: (FileOwner) -> Int32) {
    let target = put(bind.target)
    let extra = launch_bind_extra(
      device: bind.device, inode: bind.inode, attributes: bind.attributes.rawValue,
      target: UInt32(target), userns_fd: bind.mappedOwner.map(namespaceFor) ?? -1,
      recursive: bind.isRecursive ? 1 : 0, is_directory: bind.isDirectory ? 1 : 0)
    emit(LAUNCH_OP_BIND, a: put(bind.source), b: put(extra))
  }

  private mutating func addOverlay(
    _ overlay: OverlayStep, _ namespaceFor: (FileOwner) -> Int32
  ) {
    let extra = launch_overlay_extra(
      device: overlay.device, inode: overlay.inode, attributes: overlay.attributes.rawValue,
      lower: UInt32(put(overlay.lower)), upper: UInt32(overlay.kept.map { put($0.upper) } ?? 0),
      work: UInt32(overlay.kept.map { put($0.work) } ?? 0), options: UInt32(put(overlay.options)),
      user_xattr: overlay.usesUserAttributes ? 1 : 0,
      userns_fd: overlay.mappedOwner.map(namespaceFor) ?? -1, uid: overlay.appUID,
      gid: overlay.appGID)
    emit(LAUNCH_OP_OVERLAY, a: put(overlay.target), b: put(extra))
  }

  private mutating func addTerminal(_ settings: TerminalSettings) {
    var extra = launch_terminal_extra()
    if settings.window.count == 4 {
      extra.rows = settings.window[0]
      extra.columns = settings.window[1]
      extra.x_pixels = settings.window[2]
      extra.y_pixels = settings.window[3]
    }
    if settings.modes.count == MemoryLayout.size(ofValue: extra.modes) {
      extra.has_modes = 1
      unsafe withUnsafeMutableBytes(of: &extra.modes) { unsafe $0.copyBytes(from: settings.modes) }
    }
    emit(LAUNCH_OP_TERMINAL, a: put(settings.path), b: put(extra))
  }

  /// Lends the plan to C. The pointers are good until the closure returns; a clone without CLONE_VM has its own copy.
  func withPlan<Result>(
    report: Int32, lifeline: Int32, lifelineWrite: Int32,
    _ body: (UnsafePointer<launch_plan>) -> Result
  ) -> Result {
    unsafe steps.withUnsafeBufferPointer { steps in
      unsafe text.withUnsafeBytes { text in
        let base = unsafe text.baseAddress?.assumingMemoryBound(to: CChar.self)
        let vector = { (offsets: [Int]) -> [UnsafeMutablePointer<CChar>?] in
          unsafe offsets.map { offset in
            unsafe base.map { unsafe UnsafeMutablePointer(mutating: $0 + offset) }
          } + [nil]
        }
        return unsafe vector(arguments).withUnsafeBufferPointer { argv in
          unsafe vector(environment).withUnsafeBufferPointer { envp in
            var plan = unsafe launch_plan(
              steps: steps.baseAddress, text: base, argv: argv.baseAddress, envp: envp.baseAddress,
              step_count: UInt32(steps.count), text_size: UInt32(text.count), report_fd: report,
              lifeline_fd: lifeline, lifeline_write_fd: lifelineWrite,
              data_start: 0, data_size: 0, code_start: 0, code_size: 0)
            return unsafe body(&plan)
          }
        }
      }
    }
  }
}

extension FlatPlan {
  /// What the child could not run, as (enum launch_fault, step); nil: nothing. For tests: a plan is made right.
  package var fault: (kind: Int32, step: Int)? {
    var step: UInt32 = 0
    let kind = unsafe withPlan(report: -1, lifeline: -1, lifelineWrite: -1) { plan in
      unsafe launch_plan_check(plan, &step)
    }
    return kind == 0 ? nil : (kind, Int(step))
  }
}

/// CLONE_NEW* of clone(2).
package enum CloneFlag {
  package static let mounts: UInt64 = 0x0002_0000
  package static let cgroup: UInt64 = 0x0200_0000
  package static let uts: UInt64 = 0x0400_0000
  package static let ipc: UInt64 = 0x0800_0000
  package static let user: UInt64 = 0x1000_0000
  package static let pid: UInt64 = 0x2000_0000
  package static let network: UInt64 = 0x4000_0000
  package static let time: UInt64 = 0x0000_0080
}

extension NamespaceKind {
  var cloneFlag: UInt64 {
    switch self {
    case .user: CloneFlag.user
    case .time: CloneFlag.time
    case .cgroup: CloneFlag.cgroup
    case .mount: CloneFlag.mounts
    case .pid: CloneFlag.pid
    case .network: CloneFlag.network
    case .ipc: CloneFlag.ipc
    case .uts: CloneFlag.uts
    }
  }
}

extension ResourceLimit.Resource {
  /// RLIMIT_* of setrlimit(2).
  var number: Int32 {
    switch self {
    case .cpuTime: Int32(KERNEL_RLIMIT_CPU.rawValue)
    case .fileSize: Int32(KERNEL_RLIMIT_FSIZE.rawValue)
    case .data: Int32(KERNEL_RLIMIT_DATA.rawValue)
    case .coreSize: Int32(KERNEL_RLIMIT_CORE.rawValue)
    case .processes: Int32(KERNEL_RLIMIT_NPROC.rawValue)
    case .openFiles: Int32(KERNEL_RLIMIT_NOFILE.rawValue)
    case .addressSpace: Int32(KERNEL_RLIMIT_AS.rawValue)
    }
  }
}
