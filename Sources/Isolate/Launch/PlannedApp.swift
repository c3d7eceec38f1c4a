internal import CSeccomp

/// The rest of one app's launch from a template, ready to be run any number of times: a restart
/// costs no planning.
package struct PlannedApp: ~Copyable {
  /// Every step, those of the template's children first: what a failed step's number means.
  package var plan: LaunchPlan
  let packed: Descriptor
  /// Of its text (paths, arguments, environment, filter), in bytes.
  package let textSize: Int
  /// Trees of the host that are cloned, and checked, at each launch; the child knows them by index,
  /// after `callers`.
  let trees: [BindStep]
  let owners: [(owner: FileOwner, namespace: HeldDescriptor)]
  /// The caller's descriptors that the child gets, by number; or numbers that stand for those of each launch.
  package let callers: [Int32]
  /// The first number that no descriptor of the app has.
  let floor: Int32
  let watched: [String]

  /// Plans an app.
  ///
  /// - Parameters:
  ///   - context: what the launch is done with; what concerns the network and owners is set here.
  ///   - filter: the compiled system-call filter, from `SyscallFilter`.
  package init(
    _ policy: Policy, from template: TemplatePlan, context: PlanContext, filter: [UInt8],
    sources: PlanSources = .host
  ) throws(LauncherError) {
    var steps: [LaunchStep]
    do throws(TemplateMisfit) {
      steps = try template.rest(of: policy, context: context, sources: sources)
    } catch {
      throw .misfit(error)
    }
    let plan = LaunchPlan(steps: template.ready + steps, cloneFlags: template.childFlags)
    var callers: [Int32] = []
    var trees: [BindStep] = []
    var floor: Int32 = 3
    for case .placeDescriptor(let source, let number) in steps {
      floor = max(floor, number + 1)
      if case .caller(let raw) = source, !callers.contains(raw) { callers.append(raw) }
    }
    for index in steps.indices {
      switch steps[index] {
      case .placeDescriptor(.caller(let raw), let number):
        let place = callers.firstIndex(of: raw) ?? callers.count
        steps[index] = .placeDescriptor(source: .caller(Int32(place)), number: number)
      case .bind(let bind):
        steps[index] = .attachTree(descriptor: Int32(callers.count + trees.count), bind)
        trees.append(bind)
      default: break
      }
    }
    var owners: [(owner: FileOwner, namespace: HeldDescriptor)] = []
    let flat: FlatPlan
    let packed: Descriptor
    do throws(SystemError) {
      for case let owner? in trees.map(\.mappedOwner)
      where !owners.contains(where: { $0.owner == owner }) {
        let namespace = try Launcher.ownerNamespace(owner, to: policy.identity)
        owners.append((owner, HeldDescriptor(namespace)))
      }
      flat = FlatPlan(
        steps, command: policy.command, environment: policy.environment, filter: filter
      ) { _ in -1 }
      packed = try flat.packed()
    } catch {
      throw .system(error)
    }
    self.plan = plan
    self.packed = packed
    textSize = flat.textSize
    watched = template.ready.watchedTargets + flat.watched
    self.callers = callers
    self.trees = trees
    self.owners = owners
    self.floor = floor
  }

  /// Clones the app's own trees of the host, each checked against what the policy saw.
  func openTrees() throws(SystemError) -> [HeldDescriptor] {
    var opened: [HeldDescriptor] = []
    for tree in trees {
      let namespace = owners.first { $0.owner == tree.mappedOwner }?.namespace.descriptor.raw
      var wanted = launch_bind_extra(
        device: tree.device, inode: tree.inode, attributes: tree.attributes.rawValue, target: 0,
        userns_fd: namespace ?? -1, recursive: tree.isRecursive ? 1 : 0,
        is_directory: tree.isDirectory ? 1 : 0)
      let raw = try call("open_tree", tree.source) {
        unsafe launcher_open_tree(tree.source, &wanted)
      }
      opened.append(HeldDescriptor(Descriptor(adopting: raw)))
    }
    return opened
  }
}

extension FlatPlan {
  /// The plan as a sealed memory file.
  func packed() throws(SystemError) -> Descriptor {
    let raw = try call("memfd_create") {
      unsafe withPlan(report: -1, lifeline: -1, lifelineWrite: -1) { unsafe launch_pack($0) }
    }
    return Descriptor(adopting: raw)
  }
}

extension [LaunchStep] {
  /// The private file systems that init looks at, in order.
  var watchedTargets: [String] {
    compactMap { step in
      if case .mountTmpfs(let tmpfs) = step { "/" + tmpfs.target } else { nil }
    }
  }
}
