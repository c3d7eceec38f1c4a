/// The system calls of a broker: by name, for what is not here it does not need.
enum BrokerCalls {
  /// A static program's start and end, memory, messages, waiting, clocks.
  static let always = [
    // Start and end. execve is the launcher's last step; execveat when the program is a descriptor.
    "execve", "execveat", "exit", "exit_group", "brk", "arch_prctl", "set_tid_address",
    "set_robust_list", "rseq", "prlimit64", "getrandom", "readlink", "readlinkat",
    "sched_getaffinity", "sched_yield", "getpid", "gettid", "tgkill", "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn", "sigaltstack", "restart_syscall",
    // Memory; secrets are handed over as sealed memory files.
    "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "memfd_create", "ftruncate",
    // Descriptors that are there.
    "read", "write", "readv", "writev", "pread64", "pwrite64", "lseek", "close", "close_range",
    "fstat", "newfstatat", "statx", "dup", "dup3", "fcntl", "sendmsg", "sendmmsg", "recvmsg",
    "sendto", "recvfrom", "shutdown", "getsockopt", "socketpair",
    // Waiting and clocks.
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "poll", "ppoll", "eventfd2",
    "timerfd_create", "timerfd_settime", "clock_gettime", "gettimeofday",
  ]

  /// The loader of a build that is not static.
  static let dynamicallyLinked = ["openat", "access", "getcwd", "uname", "prctl"]

  static let files = ["openat", "openat2", "getdents64", "fstatfs", "umask"]

  static let changing = ["unlinkat", "renameat", "renameat2", "mkdirat", "fsync", "fdatasync"]

  static let sockets = [
    "socket", "connect", "bind", "listen", "setsockopt", "getsockname", "getpeername",
  ]

  static let all = always + dynamicallyLinked + files + changing + sockets
}
