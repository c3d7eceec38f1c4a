/// Breaks the environment of a program on purpose, to see that `doctor` notices: a small C program,
/// compiled with the C compiler that the build needs anyway.
enum Misfortune {
  /// misfortune WHAT... -- PROGRAM ARGS: does each thing to itself, then becomes PROGRAM.
  ///
  /// `refuse:NAME:ERRNO` refuses a system call; `user:ID` becomes that user; `processes:N` lowers
  /// RLIMIT_NPROC; `userns` enters a user namespace as its root; `max-userns:N` sets its limit; `linux-5.15` has only the system
  /// calls, and of those that are asked for here only the options, that Linux 5.15 has.
  private static let source = #"""
    #define _GNU_SOURCE
    #include <errno.h>
    #include <linux/filter.h>
    #include <linux/seccomp.h>
    #include <stddef.h>
    #include <sched.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/prctl.h>
    #include <sys/resource.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static void put(const char *path, const char *text)
    {
      FILE *file = fopen(path, "w");
      if (!file || fputs(text, file) < 0 || fclose(file) != 0) { perror(path); exit(99); }
    }
    static const struct { const char *name; unsigned number; } calls[] = {
      {"unshare", SYS_unshare}, {"mount", SYS_mount}, {"seccomp", SYS_seccomp},
      {"mount_setattr", 442}, {"pidfd_open", SYS_pidfd_open}, {"close_range", 436},
      {"landlock_create_ruleset", 444}, {"keyctl", SYS_keyctl}, {"prctl", SYS_prctl},
    };
    static int refuse(const char *name, unsigned error)
    {
      unsigned number = ~0U, i;
      for (i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0) number = calls[i].number;
      if (number == ~0U) return -1;
      struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      };
      struct sock_fprog program = {4, code};
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    }
    static struct sock_filter code[64];
    static unsigned short length;
    static void add(unsigned short what, unsigned yes, unsigned no, unsigned value)
    { code[length++] = (struct sock_filter){what, yes, no, value}; }
    static void load(unsigned place) { add(BPF_LD | BPF_W | BPF_ABS, 0, 0, place); }
    /* A call whose argument is, or (BPF_JSET) has a bit of, this value ends with an error. */
    static void lacks(unsigned number, unsigned argument, unsigned test, unsigned value, unsigned error)
    {
      load(offsetof(struct seccomp_data, nr));
      add(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, number);
      load(offsetof(struct seccomp_data, args) + 8 * argument);
      add(BPF_JMP | test | BPF_K, 0, 1, value);
      add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error);
    }
    static int linux_5_15(void)
    {
      load(offsetof(struct seccomp_data, nr));
      add(BPF_JMP | BPF_JGE | BPF_K, 0, 2, 449); /* futex_waitv, of 5.16 */
      add(BPF_JMP | BPF_JGE | BPF_K, 1, 0, 512);
      add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
      lacks(SYS_prctl, 0, BPF_JEQ, 65, EINVAL);            /* PR_SET_MDWE */
      lacks(SYS_prctl, 0, BPF_JEQ, 66, EINVAL);            /* PR_GET_MDWE */
      lacks(SYS_getsockopt, 2, BPF_JEQ, 77, ENOPROTOOPT);  /* SO_PEERPIDFD */
      lacks(SYS_setsockopt, 2, BPF_JEQ, 76, ENOPROTOOPT);  /* SO_PASSPIDFD */
      lacks(SYS_memfd_create, 1, BPF_JSET, 0x18, EINVAL);  /* MFD_NOEXEC_SEAL, MFD_EXEC */
      lacks(SYS_fcntl, 1, BPF_JEQ, 1027, EINVAL);          /* F_DUPFD_QUERY */
      add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
      struct sock_fprog program = {length, code};
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    }
    int main(int argc, char **argv)
    {
      int i, failed = 0;
      for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        unsigned a = 0, b = 0;
        char name[32];
        if (sscanf(argv[i], "refuse:%31[^:]:%u", name, &b) == 2) failed |= refuse(name, b);
        else if (strcmp(argv[i], "linux-5.15") == 0) failed |= linux_5_15();
        else if (sscanf(argv[i], "user:%u", &a) == 1) failed |= setgid(a) | setuid(a);
        else if (sscanf(argv[i], "processes:%u", &a) == 1) {
          struct rlimit limit = {a, a};
          failed |= setrlimit(RLIMIT_NPROC, &limit);
        } else if (strcmp(argv[i], "userns") == 0) {
          char map[32];
          unsigned uid = getuid(), gid = getgid();
          failed |= unshare(CLONE_NEWUSER);
          put("/proc/self/setgroups", "deny");
          snprintf(map, sizeof map, "0 %u 1", uid); put("/proc/self/uid_map", map);
          snprintf(map, sizeof map, "0 %u 1", gid); put("/proc/self/gid_map", map);
        } else if (sscanf(argv[i], "max-userns:%u", &a) == 1) {
          char text[32];
          snprintf(text, sizeof text, "%u", a); put("/proc/sys/user/max_user_namespaces", text);
        } else failed = 1;
        if (failed) { perror(argv[i]); return 99; }
      }
      if (i + 1 >= argc) return 99;
      execv(argv[i + 1], argv + i + 1);
      perror(argv[i + 1]);
      return 99;
    }
    """#

  /// Runs a program under misfortunes. Both programs are copied to where every user may run them.
  static func run(_ misfortunes: [String], _ arguments: [String]) -> Ran {
    let script = """
      set -e
      directory=$(mktemp -d /tmp/isolated-misfortune-XXXXXX)
      trap 'rm -rf "$directory"' EXIT
      chmod 755 "$directory"
      printf '%s' "$1" >"$directory/source.c"
      "${CC:-$(command -v cc || command -v clang)}" -O0 -o "$directory/misfortune" "$directory/source.c"
      cp "$2" "$directory/isolated"
      shift 2
      set +e
      list=
      while [ "$1" != -- ]; do list="$list $1"; shift; done
      shift
      "$directory/misfortune" $list -- "$directory/isolated" "$@"
      """
    return Run.shell(script, [source, Run.isolated] + misfortunes + ["--"] + arguments)
  }
}
