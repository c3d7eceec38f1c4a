/* System calls that the filter refuses, each with arguments that can hurt nobody where they are allowed. */
#include "victim.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

struct raw_call {
	const char *name;
	long number;
	long arguments[6];
};

/* Arguments are chosen to be refused by the kernel itself (bad descriptor, bad flags) wherever they could do harm. */
#define BAD_FD 9999
#define NO_POINTER 0
#define BAD_FLAGS 0x7fffffff
static const struct raw_call raw_calls[] = {
	{ "mount", SYS_mount, { 0, 0, 0, 0, 0 } },
	{ "umount2", SYS_umount2, { 0, BAD_FLAGS } },
	{ "pivot_root", SYS_pivot_root, { 0, 0 } },
	{ "open_tree", SYS_open_tree, { BAD_FD, 0, BAD_FLAGS } },
	{ "move_mount", SYS_move_mount, { BAD_FD, 0, BAD_FD, 0, BAD_FLAGS } },
	{ "fsopen", SYS_fsopen, { 0, BAD_FLAGS } },
	{ "fsconfig", SYS_fsconfig, { BAD_FD, 99 } },
	{ "fsmount", SYS_fsmount, { BAD_FD, BAD_FLAGS } },
	{ "fspick", SYS_fspick, { BAD_FD, 0, BAD_FLAGS } },
	{ "mount_setattr", SYS_mount_setattr, { BAD_FD, 0, BAD_FLAGS } },
	{ "chroot", SYS_chroot, { 0 } },
	{ "unshare", SYS_unshare, { 0 } },
	{ "setns", SYS_setns, { BAD_FD, 0 } },
	{ "ptrace", SYS_ptrace, { PTRACE_ATTACH, 0, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 0, 0, 0, 0, 0, 1 } },
	{ "process_vm_writev", SYS_process_vm_writev, { 0, 0, 0, 0, 0, 1 } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { BAD_FD, 0, 1 } },
	{ "kcmp", SYS_kcmp, { 0, 0, 99, 0, 0 } },
	{ "keyctl", SYS_keyctl, { 9999 } },
	{ "add_key", SYS_add_key, { 0, 0, 0, 0, 0 } },
	{ "request_key", SYS_request_key, { 0, 0, 0, 0 } },
	{ "bpf", SYS_bpf, { 9999, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0, 0, 0, -1, BAD_FLAGS } },
	{ "userfaultfd", SYS_userfaultfd, { BAD_FLAGS } },
	{ "io_uring_setup", SYS_io_uring_setup, { 0, 0 } },
	{ "io_uring_enter", SYS_io_uring_enter, { BAD_FD, 0, 0, BAD_FLAGS } },
	{ "io_uring_register", SYS_io_uring_register, { BAD_FD, 9999 } },
	{ "fanotify_init", SYS_fanotify_init, { BAD_FLAGS, 0 } },
	{ "fanotify_mark", SYS_fanotify_mark, { BAD_FD, 0, 0, BAD_FD, 0 } },
	{ "init_module", SYS_init_module, { 0, 0, 0 } },
	{ "finit_module", SYS_finit_module, { BAD_FD, 0, 0 } },
	{ "delete_module", SYS_delete_module, { 0, BAD_FLAGS } },
	/* Both magic numbers are wrong: EINVAL for whoever may reboot, EPERM for who may not. */
	{ "reboot", SYS_reboot, { 0, 0, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 99, 0, BAD_FLAGS } },
	{ "kexec_file_load", SYS_kexec_file_load, { BAD_FD, BAD_FD, 0, 0, BAD_FLAGS } },
	{ "clock_settime", SYS_clock_settime, { 99, 0 } },
	{ "settimeofday", SYS_settimeofday, { 1, 1 } },
	{ "adjtimex", SYS_adjtimex, { 1 } },
	{ "clock_adjtime", SYS_clock_adjtime, { 99, 1 } },
	{ "swapon", SYS_swapon, { 0, BAD_FLAGS } },
	{ "swapoff", SYS_swapoff, { 0 } },
	{ "acct", SYS_acct, { 1 } },
	{ "quotactl", SYS_quotactl, { BAD_FLAGS, 1, 0, 0 } },
	{ "sethostname", SYS_sethostname, { 0, -1 } },
	{ "setdomainname", SYS_setdomainname, { 0, -1 } },
	{ "syslog", SYS_syslog, { 99, 0, 0 } },
	{ "vhangup", -1, { 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { BAD_FD, 0, 0 } },
	{ "lookup_dcookie", -1, { 0 } },
#if defined(__x86_64__)
	{ "iopl", SYS_iopl, { 99 } },
	{ "ioperm", SYS_ioperm, { 0, 0, 0 } },
	{ "modify_ldt", SYS_modify_ldt, { 99, 0, 0 } },
#endif
	{ "clone3", SYS_clone3, { 0, 0 } },
	{ "unknown", 9998, { 0 } },
	{ NULL, 0, { 0 } },
};

static const struct raw_call *raw_call_named(const char *name)
{
	const struct raw_call *c;

	for (c = raw_calls; c->name; c++)
		if (strcmp(c->name, name) == 0 && c->number >= 0)
			return c;
	return NULL;
}

/* The error of the call. The filter is told from the kernel by what it answers: a test asks it to kill. */
static int call(char **words)
{
	const struct raw_call *c = raw_call_named(words[0]);

	if (!c)
		return BROKEN;
	errno = 0;
	return result_of(syscall(c->number, c->arguments[0], c->arguments[1], c->arguments[2],
				 c->arguments[3], c->arguments[4], c->arguments[5]));
}

/* getpid through the 32-bit entry: its number, 20, is writev in the 64-bit table. */
static int i386_entry(char **words)
{
	(void)words;
#if defined(__x86_64__)
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return result == getpid() ? 0 : result < 0 ? (int)-result : EIO;
#else
	return ENOSYS;
#endif
}

static int x32_entry(char **words)
{
	(void)words;
#if defined(__x86_64__)
	return result_of(syscall(0x40000000L | SYS_getpid));
#else
	return ENOSYS;
#endif
}

/* clone with a new user namespace; the flag also with high bits beside it, which the kernel ignores. */
static int clone_user(char **words)
{
	unsigned long flags = CLONE_NEWUSER | SIGCHLD | strtoul(words[0], NULL, 0);
	long pid;

#if defined(__x86_64__) || defined(__aarch64__)
	pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
#endif
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
			;
	return result_of(pid);
}

static int clone3_user(char **words)
{
	struct clone_args args = { 0 };
	long pid;

	(void)words;
	args.flags = CLONE_NEWUSER;
	args.exit_signal = SIGCHLD;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
			;
	return result_of(pid);
}

static int unshare_user(char **words)
{
	(void)words;
	return result_of(syscall(SYS_unshare, CLONE_NEWUSER));
}

static int personality_flag(char **words)
{
	return result_of(syscall(SYS_personality, strtoul(words[0], NULL, 0)));
}

static int seccomp_off(char **words)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	int filters = -1;

	(void)words;
	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "Seccomp:", 8) == 0)
			filters = atoi(line + 8);
	if (status)
		fclose(status);
	if (filters < 0)
		return BROKEN;
	return filters == 2 ? EPERM : 0;
}

const struct attack call_attacks[] = {
	{ "call", 1, call },
	{ "i386-entry", 0, i386_entry },
	{ "x32-entry", 0, x32_entry },
	{ "clone-user", 1, clone_user },
	{ "clone3-user", 0, clone3_user },
	{ "unshare-user", 0, unshare_user },
	{ "personality", 1, personality_flag },
	{ "no-filter", 0, seccomp_off },
	{ NULL, 0, NULL },
};
