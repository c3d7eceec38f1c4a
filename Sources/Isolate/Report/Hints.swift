/// A launch that failed, in words: which step, what the kernel said, the likely cause and the cure.
package enum Hints {
  package struct Explanation: Hashable, Sendable {
    package var text: String
    package var exitCode: Int32
  }

  /// Explains a step that failed in the child.
  package static func explain(
    step: Int, number: Int32, plan: LaunchPlan, policy: Policy
  ) -> Explanation {
    guard plan.steps.indices.contains(step) else {
      return Explanation(text: explainClone(number), exitCode: 125)
    }
    let failed = plan.steps[step]
    if case .execute(let candidates) = failed {
      return execution(candidates, number, policy)
    }
    var text = "cannot launch: step \(step + 1), \(failed): \(words(number))"
    if let hint = hint(failed, number, policy) { text += "\n  help: \(hint)" }
    return Explanation(text: text, exitCode: 125)
  }

  /// Explains a clone that failed.
  package static func explainClone(_ number: Int32) -> String {
    let what = "cannot make the app's namespaces: \(words(number))"
    return cloneHint(number).map { "\(what)\n  help: \($0)" } ?? what
  }

  private static func cloneHint(_ number: Int32) -> String? {
    switch number {
    case Errno.notPermitted where SystemFacts.isFiltered:
      return "a system-call filter refuses them: this is inside a container or another isolated; "
        + "start it outside, or let the outer one allow nested user namespaces "
        + "(in its profile: syscalls.nested-user-namespaces, with a relax)"
    case Errno.notPermitted:
      return "this system forbids user namespaces to ordinary users; "
        + "`isolated doctor` says by which setting, and the exact cure"
    case Errno.noSpace:
      return "the limit of user namespaces is reached (user.max_user_namespaces), "
        + "or they are nested more than 32 deep"
    case Errno.again:
      return "the limit of processes is reached (ulimit -u, or the cgroup's pids.max)"
    case Errno.noMemory: return "the machine or its cgroup has no memory left"
    case Errno.invalid, Errno.notImplemented:
      return "this kernel lacks a namespace; Linux 5.15 or later is needed. "
        + "`isolated doctor` names it"
    default: return nil
    }
  }

  private static func words(_ number: Int32) -> String {
    "\(SystemError.text(number)) (\(SystemError.name(number)))"
  }

  private static func execution(
    _ candidates: [String], _ number: Int32, _ policy: Policy
  ) -> Explanation {
    let program = policy.command[0]
    let named = candidates.count == 1 ? candidates[0] : program
    switch number {
    case Errno.noEntry, Errno.notDirectory: return missing(program, candidates, policy)
    case Errno.access, Errno.notPermitted: return refused(named, candidates, policy)
    case Errno.noExec:
      return Explanation(
        text: "cannot execute \(named): it is neither a program of this machine nor a script "
          + "with an interpreter\n  help: begin the script with a line like #!/bin/sh, or run it as: "
          + "sh \(named)", exitCode: 126)
    case Errno.tooBig:
      return Explanation(
        text: "cannot execute \(named): the arguments and the environment are too long together",
        exitCode: 126)
    case Errno.noMemory:
      return Explanation(
        text: "cannot execute \(named): not enough memory\n  help: raise limits.address-space"
          + " or limits.memory", exitCode: 126)
    case Errno.textBusy:
      return Explanation(
        text: "cannot execute \(named): somebody has it open for writing", exitCode: 126)
    default:
      return Explanation(text: "cannot execute \(named): \(words(number))", exitCode: 126)
    }
  }

  /// ENOENT: the program is not in the view, is nowhere, or lacks its interpreter.
  private static func missing(
    _ program: String, _ candidates: [String], _ policy: Policy
  ) -> Explanation {
    for path in candidates where exists(path) {
      /* As the app looks for it. */
      guard let place = absolute(path, from: policy.workdir) else {
        return Explanation(
          text:
            "cannot find \(program): it is on this machine; it, or its interpreter or loader, is "
            + "not in the app's view", exitCode: 127)
      }
      guard isInView(place, policy) else { continue }
      return Explanation(
        text: "cannot execute \(path): it is there, but its interpreter or loader is not in the "
          + "app's view\n  help: the first line of a script, or `file \(path)`, names it; "
          + "add a read rule for it", exitCode: 127)
    }
    for path in candidates where exists(path) {
      return Explanation(
        text: "cannot find \(program): \(path) is on this machine but not in the app's view"
          + "\n  help: --read \(path)", exitCode: 127)
    }
    let where_ =
      candidates.count == 1
      ? "" : "; looked in " + policy.searchPath.joined(separator: ", ")
    return Explanation(text: "cannot find \(program)\(where_)", exitCode: 127)
  }

  private static func refused(
    _ named: String, _ candidates: [String], _ policy: Policy
  ) -> Explanation {
    let path = candidates.first(where: exists) ?? named
    if status(path)?.isDirectory == true {
      return Explanation(text: "cannot execute \(path): it is a directory", exitCode: 126)
    }
    if let place = absolute(path, from: policy.workdir), let rule = rule(for: place, policy),
      rule.kind != .read, !rule.allowsExecute
    {
      return Explanation(
        text: "cannot execute \(path): the rule at \(rule.position) lets the app write there, "
          + "and what can be written cannot be executed\n  help: { path = \"\(rule.source)\", "
          + "execute = true }", exitCode: 126)
    }
    if status(path)?.isExecutable == false {
      return Explanation(
        text: "cannot execute \(path): its mode does not allow it\n  help: chmod +x \(path)",
        exitCode: 126)
    }
    return Explanation(
      text: "cannot execute \(path): permission denied; the app is not its owner (it runs as "
        + "uid \(policy.identity.hostUID))", exitCode: 126)
  }

  static func rule(for path: String, _ policy: Policy) -> FileRule? {
    policy.files.rules.last {
      $0.target == "/" || path == $0.target || path.hasPrefix($0.target + "/")
    }
  }

  static func isInView(_ path: String, _ policy: Policy) -> Bool {
    guard let rule = rule(for: path, policy) else { return false }
    return rule.kind == .read || rule.kind == .write || rule.kind == .overlay
  }

  static func exists(_ path: String) -> Bool { status(path) != nil }

  private static func status(_ path: String) -> FileStatus? {
    do throws(SystemError) {
      return try FileStatus.of(path)
    } catch {
      return nil
    }
  }

  /// What is short on the machine, whatever the step was.
  private static func shortage(_ number: Int32) -> String? {
    switch number {
    case Errno.tooManyFiles: "raise the limit of open files (ulimit -n); a launch needs about 24"
    case Errno.tooManyFilesInSystem: "the machine has no open file left (fs.file-max)"
    case Errno.noMemory: "the machine or its cgroup has no memory left"
    default: nil
    }
  }

  private static func hint(_ step: LaunchStep, _ number: Int32, _ policy: Policy) -> String? {
    if let shortage = shortage(number) { return shortage }
    switch step {
    case .bind(let bind), .attachTree(_, let bind): return bindHint(bind, number)
    case .mountOverlay(let overlay):
      if number == Errno.readOnly { return missingMountPoint(overlay.target) }
      if number == Errno.notPermitted {
        return "overlays for ordinary users need Linux 5.11 or later; as root they always work"
      }
      if let kept = overlay.kept, number == Errno.loop {
        return
          "a symbolic link lies on the way to \(kept.upper) or \(kept.work), where it could be turned "
          + "elsewhere; name the directory itself, as `realpath \(kept.upper)` prints it"
      }
      if overlay.kept == nil {
        return
          "other file systems are mounted beneath \(overlay.lower), or its own cannot be a lower layer"
          + (overlay.mappedOwner == nil
            ? "; overlay a directory without mounts" : "; owner = \"keep\" may help")
      }
      return "the kept upper directory and its .work beside it must exist, on one file system "
        + "that is not itself an overlay"
    case .mountTmpfs(let tmpfs):
      return number == Errno.readOnly ? missingMountPoint(tmpfs.target) : nil
    case .mask(let path), .makeDirectory(let path, _):
      return number == Errno.readOnly ? missingMountPoint(path) : nil
    case .mountProc:
      return "inside a container whose /proc is partly covered the kernel allows no fresh one; "
        + "run with files.proc = false, or let the container keep its /proc whole"
    case .writeProc(let file, _):
      if number == Errno.noEntry || number == 9 {
        return "/proc is not mounted here; isolated needs it: mount -t proc proc /proc"
      }
      return "the id map was refused (\(file)): `isolated doctor` says what the system forbids"
    case .unshare, .startNetwork, .joinNetwork, .raiseLoopback:
      return cloneHint(number)
    case .makeRoot, .makeMountsPrivate, .enterRoot:
      return "the system allows user namespaces but not mounts in them; inside a container, its "
        + "engine's filter forbids it. `isolated doctor` names what is missing"
    case .changeDirectory(let path):
      return "\(path) is not a directory the app may enter; set --workdir"
    case .denyWriteExecute:
      return "this kernel cannot deny writable and executable memory (Linux 6.3 can); "
        + "leave deny-write-execute out of `require`"
    case .loadFilter:
      return "another filter or the kernel's configuration forbids seccomp filters"
    case .executeFile, .allowFile:
      return number == Errno.access
        ? "the program isolated itself must be executable for the id that its broker runs as "
          + "(chmod o+rx)" : nil
    case .setLimit(let limit):
      return number == Errno.notPermitted
        ? "the limit of \(limit.resource.rawValue) is above what this caller may set" : nil
    case .openTerminal:
      return number == Errno.noSpace ? "no more pseudo-terminals (kernel.pty.max)" : nil
    case .placeDescriptor(.caller(let number), _): return "descriptor \(number) is not open"
    case .mountSysfs:
      return number == Errno.notPermitted
        ? "an ordinary user gets a /sys only together with a network of the app's own "
          + "(network.mode = \"none\" or \"loopback\")" : nil
    case .awaitGate, .closeUnnamed, .enter, .makeFile, .makeLink, .makeDevice, .mountDevpts,
      .makeReadOnly,
      .setAttributes, .setOwner, .setHostname, .becomeIdentity, .newKeyring, .setDumpable,
      .dropCapabilities, .standAlone,
      .noNewPrivileges, .startWitness, .forkApp, .meetWitness, .newSession, .setUmask,
      .resetSignals, .resetPersonality,
      .closeDescriptors, .placeDescriptor(.terminal, _), .beginLandlock, .allowPath, .allowPort,
      .enforceLandlock, .execute:
      return nil
    }
  }

  private static func bindHint(_ bind: BindStep, _ number: Int32) -> String? {
    switch number {
    case Errno.stale:
      return "\(bind.source) was replaced while the app was being launched; run it again"
    case Errno.readOnly: return missingMountPoint(bind.target)
    case Errno.access: return "\(bind.source) is behind a directory that the caller may not enter"
    case Errno.invalid where bind.mappedOwner != nil:
      return
        "the file system of \(bind.source) cannot map owners; write owner = \"keep\" in the rule"
        + " and give the app access by the files' modes"
    default: return nil
    }
  }

  private static func missingMountPoint(_ path: String) -> String {
    "/\(path) does not exist in a directory of the host that the view shows, and nothing is created"
      + " there; create it yourself, or overlay that directory"
  }
}
