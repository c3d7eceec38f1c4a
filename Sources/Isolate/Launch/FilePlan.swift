/// The file view: rules → mounts. Part of `LaunchPlanner`.
extension LaunchPlanner {
  /// - Parameter isStarted: the steps begin with `UsualStart`.
  mutating func planFiles(isStarted: Bool) {
    if !isStarted { steps.append(Self.emptyRoot) }
    /* The app's /dev is made before what a rule puts into it: it would cover that. */
    for rule in policy.files.rules where !isInOwnDev(rule) { plan(rule) }
    if policy.files.dev {
      if !isStarted || policy.namespaces.order != .userLast { planDevices() }
      planSharedMemory()
    }
    for rule in policy.files.rules where isInOwnDev(rule) { plan(rule) }
    for rule in policy.files.devices { planDevice(rule) }
    if policy.files.proc && !isStarted { Self.addOwnProc(to: &steps) }
    if policy.files.sys {
      planJoinNetwork()
      steps.append(.mountSysfs(path: "sys"))
    }
    for file in policy.files.synthesised where !isCovered(file.path) {
      let path = String(file.path.dropFirst())
      switch file.content {
      case .text(let text): steps.append(.makeFile(path: path, content: text, mode: file.mode))
      case .link(let target): steps.append(.makeLink(path: path, target: target))
      }
    }
    if hasOwnDev { steps.append(.setAttributes(path: "dev", [.readOnly])) }
    if !rootIsShown {
      steps.append(.setAttributes(path: "", [.readOnly, .noSetID, .noDevices, .noExecute]))
    }
  }

  private func isInOwnDev(_ rule: FileRule) -> Bool {
    policy.files.dev && PathWords.isBeneath(rule.target, "/dev")
  }

  /// Whether a bound directory of the host shows there already: nothing is created in it.
  private func isCovered(_ path: String) -> Bool {
    shown.contains { ProfilePath.contains($0, path) }
  }

  private mutating func plan(_ rule: FileRule) {
    switch rule.kind {
    case .read, .device: planBind(rule, [.readOnly, .noSetID, .noDevices])
    case .write:
      planBind(rule, writableAttributes(rule))
    case .private:
      steps.append(
        .mountTmpfs(
          TmpfsStep(
            target: relative(rule.target), options: tmpfsOptions(rule),
            attributes: writableAttributes(rule))))
      planOwner(relative(rule.target))
    case .overlay: planOverlay(rule)
    case .hide: steps.append(.mask(path: relative(rule.target)))
    }
  }

  /// What can be written cannot be executed, unless the profile says so.
  private func writableAttributes(_ rule: FileRule) -> MountAttributes {
    rule.allowsExecute ? [.noSetID, .noDevices] : [.noSetID, .noDevices, .noExecute]
  }

  private func relative(_ path: String) -> String { String(path.dropFirst()) }

  private func tmpfsOptions(_ rule: FileRule) -> String {
    let mode = String(rule.mode, radix: 8)
    return "size=\(rule.sizeBytes),nr_inodes=\(rule.inodes),mode=\(mode)" + ownerOptions
  }

  /// As root a private file system is made before the app's ids are, and given to them.
  private var ownerOptions: String {
    guard policy.namespaces.order == .userLast && !context.isPrepared else { return "" }
    return ",uid=\(policy.identity.hostUID),gid=\(policy.identity.hostGID)"
  }

  /// A private file system made before its app is known belongs to root until then.
  private mutating func planOwner(_ path: String) {
    guard policy.namespaces.order == .userLast && context.isPrepared else { return }
    steps.append(
      .setOwner(path: path, uid: policy.identity.hostUID, gid: policy.identity.hostGID))
  }

  /// Looks a source up. Nil: skip the rule, or it has been reported.
  private mutating func lookUp(_ rule: FileRule) -> FileStatus? {
    do throws(SystemError) {
      if let status = try sources.status(rule.source, true) { return status }
      if rule.isOptional { return nil }
      failures.append(
        PlanError(
          rule: rule, message: "\(rule.source) does not exist", cure: cureForMissing(rule)))
    } catch {
      if rule.isOptional && (error.number == Errno.access || error.number == Errno.loop) {
        return nil
      }
      failures.append(
        PlanError(
          rule: rule, message: "\(rule.source) cannot be used: \(SystemError.text(error.number))",
          cure: "check the permissions of its parent directories"))
    }
    return nil
  }

  private func cureForMissing(_ rule: FileRule) -> String {
    guard rule.position.file == Position.commandLine else {
      return "create it, or write { path = \"\(rule.source)\", optional = true }"
    }
    guard rule.kind == .write else { return "check its spelling" }
    return "create the directory; for a file that the app is to make, give it the file's directory"
  }

  /// Only files that do not belong to the app's own host id need it; an unprivileged caller has no other.
  private func mapsOwner(_ rule: FileRule, _ status: FileStatus) -> Bool {
    rule.mapsOwner && policy.namespaces.order == .userLast
      && status.uid != policy.identity.hostUID
  }

  private mutating func planBind(_ rule: FileRule, _ attributes: MountAttributes) {
    if rule.source == rule.target, planLink(rule) { return }
    guard let status = lookUp(rule) else { return }
    let maps = mapsOwner(rule, status)
    steps.append(
      .bind(
        BindStep(
          source: rule.source, device: status.device, inode: status.inode,
          isDirectory: status.isDirectory, target: relative(rule.target), attributes: attributes,
          isRecursive: status.isDirectory,
          mappedOwner: maps ? FileOwner(uid: status.uid, gid: status.gid) : nil)))
  }

  /// A rule on a symbolic link into another rule's directory (/bin -> usr/bin) shows the link itself.
  private mutating func planLink(_ rule: FileRule) -> Bool {
    guard let target = sources.linkTarget(rule.source) else { return false }
    let isAbsolute = target.utf8.first == UInt8(ascii: "/")
    let absolute = isAbsolute ? target : "\(PathWords.parent(rule.source))/\(target)"
    guard !PathWords.climbs(absolute),
      shown.contains(where: {
        $0.utf8.count != 1 && !ProfilePath.contains(rule.target, $0)
          && ProfilePath.contains($0, absolute)
      })
    else { return false }
    if isCoveredByOther(rule) { return true }
    steps.append(.makeLink(path: relative(rule.target), target: target))
    return true
  }

  /// The link lies in a directory that another rule shows already, and is there to be seen.
  private func isCoveredByOther(_ rule: FileRule) -> Bool {
    shown.contains { PathWords.isBeneath(rule.target, $0) }
  }

  private mutating func planOverlay(_ rule: FileRule) {
    guard let status = lookUp(rule) else { return }
    guard status.isDirectory else {
      failures.append(
        PlanError(
          rule: rule,
          message: "\(rule.source) is not a directory; only directories can be overlaid",
          cure: "overlay its parent directory, or use read or write"))
      return
    }
    var kept: OverlayStep.KeptLayer?
    if let upper = rule.upper {
      kept = OverlayStep.KeptLayer(upper: upper, work: upper + ".work")
    }
    var overlay = OverlayStep(
      lower: rule.source, device: status.device, inode: status.inode,
      target: relative(rule.target), attributes: writableAttributes(rule), kept: kept,
      options: tmpfsOptions(rule), usesUserAttributes: policy.namespaces.order == .userFirst)
    if mapsOwner(rule, status) && rule.target != "/" {
      overlay.mappedOwner = FileOwner(uid: status.uid, gid: status.gid)
      overlay.appUID = policy.identity.hostUID
      overlay.appGID = policy.identity.hostGID
    }
    steps.append(.mountOverlay(overlay))
  }

  private mutating func planDevices() {
    planDeviceNodes()
    steps += Self.devLinks
  }

  private mutating func planSharedMemory() {
    if policy.files.rules.contains(where: { $0.target == "/dev/shm" }) { return }
    steps.append(
      .mountTmpfs(
        TmpfsStep(
          target: "dev/shm", options: "size=67108864,nr_inodes=4096,mode=1777" + ownerOptions,
          attributes: [.noSetID, .noDevices, .noExecute])))
    planOwner("dev/shm")
  }

  /// The app's /dev is a file system of its own: real root makes its nodes in it, three times faster than binds;
  /// and where a rule shows the host's root, nothing could be created in that.
  private var hasOwnDev: Bool {
    policy.files.dev && (policy.namespaces.order == .userLast || rootIsShown)
  }

  private var rootIsShown: Bool { policy.files.rules.contains { $0.target == "/" } }

  private mutating func planDeviceNodes() {
    if hasOwnDev { steps.append(Self.devFileSystem) }
    for device in Self.devices {
      if policy.namespaces.order == .userLast {
        steps.append(Self.nodeStep(device))
      } else {
        let source = "/dev/\(device.name)"
        planBind(
          FileRule(showing: source, at: source, as: .device, allowsExecute: false),
          [.noSetID, .noExecute])
      }
    }
  }

  /// A device of the host. Its file system (devtmpfs) cannot map owners, so as root a character device becomes a
  /// node of the app's own, which it may open whatever the host's mode is: the rule says so.
  private mutating func planDevice(_ rule: FileRule) {
    var rule = rule
    rule.mapsOwner = false
    if hasOwnDev, policy.namespaces.order == .userLast {
      guard let status = lookUp(rule) else { return }
      if status.isCharacterDevice {
        steps.append(.makeDevice(path: relative(rule.target), number: status.deviceNumber))
        return
      }
    }
    planBind(rule, [.noSetID, .noExecute])
  }
}
