internal import Glibc

/// What to do about a primitive that does not work: exact commands, chosen by the error and by what
/// the machine says about itself.
enum Cures {
  static func cure(for probe: Probe, _ result: ProbeResult, _ facts: DoctorFacts) -> String {
    if result.call == "fork", result.error == EAGAIN || result.error == ENOMEM {
      return processLimit(result.error)
    }
    switch probe {
    case .userNamespaces: return userNamespaces(result, facts)
    case .namespaces, .overlay, .mountAPI, .devpts, .timeNamespace, .proc:
      if result.call.hasPrefix("unshare(CLONE_NEWUSER)") || result.call.hasSuffix("_map")
        || result.call.hasSuffix("setgroups")
      {
        return "see '\(Probe.userNamespaces.rawValue)': it is needed for this"
      }
      return insideNamespace(probe, result, facts)
    case .filter, .notify: return filter(result, facts)
    case .landlock: return landlock(result, facts)
    case .writeExecute: return kernel("6.3", "prctl(PR_SET_MDWE)", result, facts)
    case .idmapped:
      return facts.isRoot
        ? kernel("5.12", "idmapped mounts of the root file system", result, facts)
        : "run isolated as root of the machine; an ordinary user's apps do not need it"
    case .cgroup2:
      return result.error == ENOENT
        ? "no cgroup v2 hierarchy is to be seen here: mount it (mount -t cgroup2 none "
          + "/sys/fs/cgroup), or start isolated outside of this container"
        : delegation(facts)
    case .cgroup1:
      return facts.isRoot
        ? "not needed where cgroup v2 has the controllers; else mount the v1 controllers memory, "
          + "pids and cpu under /sys/fs/cgroup"
        : "only root uses it; have cgroup v2 delegated instead:\n\(delegation(facts))"
    case .pidfd: return kernel("5.6", "pidfd_open and pidfd_getfd", result, facts)
    case .closeRange: return kernel("5.9", "close_range", result, facts)
    case .keyring:
      return result.error == EDQUOT
        ? "sudo sysctl -w kernel.keys.maxkeys=2000"
        : kernel("2.6", "a kernel with CONFIG_KEYS", result, facts)
    case .trace, .resourceLimits: return kernel("2.6", probe.rawValue, result, facts)
    }
  }

  // MARK: user namespaces

  private static func userNamespaces(_ result: ProbeResult, _ facts: DoctorFacts) -> String {
    if facts.maxUserNamespaces == "0" || result.error == ENOSPC {
      if facts.isInUserNamespace {
        return "user.max_user_namespaces is \(facts.maxUserNamespaces ?? "reached") in the user "
          + "namespace this runs in; whoever made it must raise it there:\n"
          + "  sysctl -w user.max_user_namespaces=1000"
      }
      return sysctl("user.max_user_namespaces", "15000")
    }
    if facts.unprivilegedClone == "0", !facts.isRoot {
      return sysctl("kernel.unprivileged_userns_clone", "1")
    }
    if facts.appArmorRestricts == "1", !facts.isRoot,
      result.error == EPERM || result.error == EACCES
    {
      return appArmor(facts)
    }
    if facts.isFiltered { return container }
    switch result.error {
    case EUSERS:
      return "user namespaces are nested too deep here (32 levels); start isolated further out"
    case EINVAL, ENOSYS: return "use a kernel with CONFIG_USER_NS=y (this is \(facts.kernel))"
    case EPERM:
      return
        "in a chroot no user namespace can be made: start isolated outside of it. Else a security "
        + "module refuses it (\(facts.securityModules ?? "none listed")): see its log with "
        + "'sudo dmesg | tail'"
    default: return "see user_namespaces(7) for the error above"
    }
  }

  private static func insideNamespace(
    _ probe: Probe, _ result: ProbeResult, _ facts: DoctorFacts
  ) -> String {
    if facts.appArmorRestricts == "1", !facts.isRoot,
      result.error == EPERM || result.error == EACCES
    {
      return appArmor(facts)
    }
    if result.error == ENOSPC {
      return "a limit under /proc/sys/user is reached: raise it, for example\n"
        + "  sudo sysctl -w user.max_mnt_namespaces=15000 user.max_net_namespaces=15000"
    }
    if probe == .proc, result.call == "mount proc", result.error == EPERM {
      return
        "parts of this environment's own /proc are covered (a container masks them), so the kernel "
        + "lets nobody mount a full one. Docker: --security-opt systempaths=unconfined; podman: "
        + "--security-opt unmask=ALL; Kubernetes: procMount: Unmasked"
    }
    if facts.isFiltered { return container }
    switch probe {
    case .overlay: return kernel("5.11", "overlayfs in user namespaces", result, facts)
    case .timeNamespace: return kernel("5.6", "CONFIG_TIME_NS", result, facts)
    case .mountAPI: return kernel("5.12", "mount_setattr", result, facts)
    case .userNamespaces, .namespaces, .proc, .filter, .notify, .landlock, .writeExecute,
      .idmapped, .devpts, .cgroup2, .cgroup1, .pidfd, .closeRange, .keyring, .trace,
      .resourceLimits:
      return kernel("5.10", probe.rawValue, result, facts)
    }
  }

  private static func sysctl(_ key: String, _ value: String) -> String {
    "sudo sysctl -w \(key)=\(value)\n"
      + "  and to keep it: echo '\(key)=\(value)' | sudo tee /etc/sysctl.d/60-isolated.conf"
  }

  /// Source: AppArmor's description of unprivileged user namespace mediation; apparmor.d(5),
  /// "userns".
  private static func appArmor(_ facts: DoctorFacts) -> String {
    """
    AppArmor lets only programs that have a profile make user namespaces. Give isolated one:
      sudo tee /etc/apparmor.d/isolated <<'END'
      abi <abi/4.0>,
      include <tunables/global>
      profile isolated \(facts.executable) flags=(unconfined) {
        userns,
        include if exists <local/isolated>
      }
      END
      sudo apparmor_parser -r /etc/apparmor.d/isolated
    """
  }

  /// Where a filter is already in force, it is the likely one to refuse.
  private static let container =
    "a system call filter of the container or sandbox this runs in refuses it. Docker and podman: "
    + "--security-opt seccomp=unconfined, or a filter that allows unshare, clone, mount, "
    + "pivot_root and "
    + "seccomp; Kubernetes: seccompProfile: type: Unconfined; a systemd unit: remove "
    + "RestrictNamespaces= "
    + "and SystemCallFilter=; another isolated: "
    + "--set syscalls.nested-user-namespaces=true with a --relax for it"

  // MARK: the rest

  private static func filter(_ result: ProbeResult, _ facts: DoctorFacts) -> String {
    if result.error == EBUSY {
      return
        "a filter with a listener is in force already, and the kernel allows one: start isolated "
        + "outside of that sandbox"
    }
    if facts.isFiltered, result.error == EPERM || result.error == EACCES || result.error == ENOSYS {
      return container
    }
    return kernel("5.0", "CONFIG_SECCOMP_FILTER=y", result, facts)
  }

  private static func landlock(_ result: ProbeResult, _ facts: DoctorFacts) -> String {
    if result.error == EOPNOTSUPP {
      let list = facts.securityModules.map { "landlock," + $0 } ?? "landlock,..."
      return "Landlock is built in but switched off. Add to the kernel's command line (in "
        + "/etc/default/grub, GRUB_CMDLINE_LINUX; then sudo update-grub and restart):\n  "
        + "lsm=\(list)"
    }
    if facts.isFiltered, result.error == EPERM { return container }
    return kernel("5.13", "CONFIG_SECURITY_LANDLOCK=y", result, facts)
  }

  static func delegation(_ facts: DoctorFacts) -> String {
    if facts.isRoot {
      return "run isolated from a unit with Delegate=yes, or have the machine use cgroup v2 alone: "
        + "kernel command line\n  systemd.unified_cgroup_hierarchy=1"
    }
    return """
      have a cgroup delegated to you, for one command:
        systemd-run --user --scope -p Delegate=yes isolated run ...
        or for a service: Delegate=yes in its unit's [Service] section.
        For the cpu controller, once: sudo systemctl edit user@.service
        and there: [Service] with Delegate=cpu cpuset io memory pids
      """
  }

  private static func processLimit(_ error: Int32) -> String {
    error == ENOMEM
      ? "there is no memory for another process: free some, or raise this cgroup's memory.max"
      : "no more processes are allowed here: raise ulimit -u (/etc/security/limits.conf), "
        + "TasksMax= of the unit, or pids.max of the cgroup"
  }

  private static func kernel(
    _ version: String, _ what: String, _ result: ProbeResult, _ facts: DoctorFacts
  ) -> String {
    if facts.isFiltered, result.outcome == .failed, result.error == EPERM || result.error == ENOSYS
    {
      return container
    }
    return "use a kernel with \(what) (Linux \(version) or later; this is \(facts.kernel))"
  }
}
