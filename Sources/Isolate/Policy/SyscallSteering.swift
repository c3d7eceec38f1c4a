/// What of the calls on other processes stays refused, and what else is where there are no namespaces.
extension SyscallPolicy {
  /// Limits, priorities and processors of init. It has the app's user id, and that is all that the kernel asks: an app could have init
  /// end by a limit, which then looks like the work of others, or let it wait for a processor for ever, and with it its own end.
  /// Source: getrlimit(2), setpriority(2), sched_setscheduler(2), ioprio_set(2).
  ///
  /// Without a pid namespace every process of the user could be meant, so only the caller itself, named 0, is left.
  func steeringRules(for name: String) -> [SyscallRule] {
    func others(_ argument: UInt32) -> SyscallCheck {
      /* High bits, which the kernel does not look at, make a number greater, never less. */
      hasNamespaces
        ? .int(1, in: argument) : SyscallCheck(argument: argument, comparison: .greater(0))
    }
    return switch name {
    case "prlimit64":
      /* Without new limits it only asks. */
      [refuse(name, others(0), SyscallCheck(argument: 2, comparison: .notEqual(0)))]
    case "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity":
      [refuse(name, others(0))]
    case "setpriority": [refuse(name, others(1)), refuse(name, .int(2, in: 0))]
    case "ioprio_set": [refuse(name, others(1)), refuse(name, .int(3, in: 0))]
    case "ioctl" where !hasNamespaces:
      Self.fileSystemRequests.map { type in
        refuse(name, SyscallCheck(argument: 1, comparison: .masked(0xff00, equals: type << 8)))
      }
    default: []
    }
  }

  /// What neither Landlock sees nor a namespace holds in. A profile that names a call by itself has it all the same.
  ///
  /// Of files Landlock checks what opens, makes and removes them. Their modes, owners, times and attributes it leaves alone, and those
  /// of all the caller's files could be changed. Watching them tells names that cannot be listed. And System V and POSIX IPC of the
  /// machine is open to its user. Source: landlock(7), "Current limitations".
  var refusedWithoutNamespaces: Set<String> {
    Set(Self.unseenCalls).subtracting(allow)
  }

  /// 'f', 'X' and 'v': flags, projects, freezing, encryption; 0x94: what btrfs began, clones of files among it. Many of them change a
  /// file of the caller's through a descriptor for reading, and Landlock looks at requests to devices only. Source: linux/fs.h,
  /// Documentation/userspace-api/ioctl/ioctl-number.rst.
  private static let fileSystemRequests: [UInt64] = [0x66, 0x58, 0x76, 0x94]

  private static let unseenCalls = [
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime",
    "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat",
    "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
    "inotify_add_watch", "shmget",
    "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv",
    "msgctl", "mq_open", "mq_unlink",
  ]
}
