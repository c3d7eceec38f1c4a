// Written by scripts/generate-syscalls.py from config/syscalls. Change those and run it.

/// The groups of system calls, as text that is only read when a filter is compiled or a
/// profile names a call.
enum SyscallGroupTable {
  /// FNV-1a of config/syscalls and of the code that turns it into a filter.
  static let fingerprint: UInt64 = 0x22ad_cabf_a352_e7ee

  /// A group is a line `@name sets description` (d: in the default set, s: in the strict one)
  /// and lines of calls; `=number` after a call is the error it gets when refused.
  static let text = """
    @accounting - Process accounting
    acct
    @aio d Asynchronous disk requests, the older interface; databases use it
    io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents
    @bpf - Programs loaded into the kernel
    bpf
    @chroot - Change the root directory
    chroot
    @clock-set - Set the machine's clocks
    settimeofday clock_settime clock_adjtime adjtimex
    @console - Hang up the terminal
    vhangup
    @copy d Copy between descriptors inside the kernel
    sendfile splice tee vmsplice copy_file_range
    @device-control d Requests to a device or terminal behind a descriptor
    ioctl
    @events d Events as descriptors
    eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch
    @extended-attributes d Attributes of files; the trusted and security ones need capabilities
    setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
    removexattr lremovexattr fremovexattr setxattrat getxattrat listxattrat removexattrat
    @fanotify - Watch whole file systems
    fanotify_init fanotify_mark
    @files-read ds Find and look at files that the view shows
    open openat openat2=38 stat lstat newfstatat statx access faccessat faccessat2 readlink
    readlinkat getdents getdents64 getcwd chdir fchdir statfs fstatfs name_to_handle_at
    @files-write d Make, change and remove files that the view makes writable
    creat truncate ftruncate fallocate rename renameat renameat2 mkdir mkdirat rmdir unlink
    unlinkat link linkat symlink symlinkat mknod mknodat chmod fchmod fchmodat fchmodat2 chown
    fchown lchown fchownat utime utimes futimesat utimensat flock fsync fdatasync sync_file_range
    syncfs sync fadvise64 readahead file_getattr file_setattr
    @handles - Open files by number, not by path
    open_by_handle_at
    @hostname - Name the machine
    sethostname setdomainname
    @identity-read ds Ask who one is
    getpid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getresuid getresgid
    getgroups capget
    @identity d Change between the identities the app was given
    setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset
    @io-uring - Requests through shared memory, which no filter sees
    io_uring_setup=38 io_uring_enter=38 io_uring_register=38
    @io ds Read and write open descriptors
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close
    close_range fstat dup dup2 dup3 fcntl pipe pipe2
    @ipc d System V and POSIX queues, semaphores and shared memory, in the own ipc namespace
    shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open
    mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
    @kernel-log - The kernel's messages
    syslog
    @keyring - Keys kept by the kernel
    add_key=38 request_key=38 keyctl=38
    @landlock d The app confining itself further by file and port
    landlock_create_ruleset landlock_add_rule landlock_restrict_self
    @memory ds Map and manage the app's own memory
    mmap munmap mprotect mremap madvise msync mincore mlock mlock2 munlock mlockall munlockall
    mseal map_shadow_stack pkey_alloc pkey_free pkey_mprotect memfd_create
    @module - Kernel modules
    init_module finit_module delete_module
    @mount - Change the file view
    mount umount2 pivot_root open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick
    mount_setattr statmount=38 listmount=38
    @namespaces - Make and enter namespaces
    unshare setns
    @niche - Newer calls that ordinary programs do without; answered as an older kernel would
    cachestat=38 memfd_secret=38 lsm_get_self_attr=38 lsm_set_self_attr=38 lsm_list_modules=38
    @numa - Place memory on nodes
    mbind=38 get_mempolicy=38 set_mempolicy=38 set_mempolicy_home_node=38 migrate_pages=38
    move_pages=38
    @obsolete - Calls the kernel dropped or that nothing uses; answered as the kernel does
    uselib=38 _sysctl=38 ustat=38 sysfs=38 create_module=38 get_kernel_syms=38 query_module=38
    nfsservctl=38 lookup_dcookie=38 getpmsg=38 putpmsg=38 afs_syscall=38 tuxcall=38 security=38
    vserver=38 epoll_ctl_old=38 epoll_wait_old=38 set_thread_area=38 get_thread_area=38
    remap_file_pages=38
    @perf - Performance counters
    perf_event_open
    @personality d How the kernel treats old programs
    personality
    @polling d Wait for descriptors
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
    epoll_pwait2
    @processes d Make processes and wait for them
    clone clone3=38 fork vfork wait4 waitid setpgid setsid pidfd_open
    @ptrace - Reach into other processes
    ptrace process_vm_readv process_vm_writev process_madvise=38 process_mrelease=38 pidfd_getfd
    kcmp
    @quota - Disk quotas
    quotactl quotactl_fd
    @raw-io - Direct access to hardware ports
    iopl ioperm
    @reboot - Restart the machine or its kernel
    reboot kexec_load kexec_file_load
    @scheduling d Priorities and processors of the app's own processes
    sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler
    sched_setscheduler sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min
    sched_rr_get_interval getpriority setpriority ioprio_get ioprio_set
    @seccomp d The app confining itself further by system call
    seccomp
    @segments - Descriptor tables of x86
    modify_ldt
    @signals ds Handle, wait for and send signals inside the app's own pid namespace
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait
    sigaltstack restart_syscall uretprobe uprobe pause kill tkill tgkill rt_sigqueueinfo
    rt_tgsigqueueinfo pidfd_send_signal
    @sockets d Sockets of the allowed families
    socket socketpair bind listen accept accept4 connect shutdown getsockname getpeername
    getsockopt setsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
    @start ds Begin and end a program
    execve execveat exit exit_group brk arch_prctl uname getrandom prlimit64 getrlimit setrlimit
    getrusage sysinfo prctl getcpu umask
    @swap - Swap space
    swapon swapoff
    @threads ds Synchronise threads
    futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list
    set_tid_address rseq membarrier gettid sched_yield
    @time-read ds Read clocks
    clock_gettime clock_getres gettimeofday time times
    @timers d Sleep and be woken
    nanosleep clock_nanosleep alarm getitimer setitimer timer_create timer_settime timer_gettime
    timer_getoverrun timer_delete
    @userfaultfd - Page faults handled by the program
    userfaultfd
    """
}
