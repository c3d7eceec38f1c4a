/* Probes of what confines a process after its namespaces. Each runs in a child of probe_run. */
#include "probe_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
/* <linux/seccomp.h> needs _IO from <sys/ioctl.h>. */
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Newer than the headers this is built with. */
#define PROBE_SET_MDWE 65
#define PROBE_MDWE_REFUSE_EXEC_GAIN 1
#define PROBE_JOIN_SESSION_KEYRING 1
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int probe_landlock(struct probe_result *r)
{
	struct landlock_ruleset_attr handled = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset;

	if (abi < 0)
		return probe_fail(r, "landlock_create_ruleset");
	r->detail = abi;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled,
			       sizeof(handled.handled_access_fs), 0);
	if (ruleset < 0)
		return probe_fail(r, "landlock_create_ruleset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return probe_fail(r, "prctl(PR_SET_NO_NEW_PRIVS)");
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return probe_fail(r, "landlock_restrict_self");
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
		return probe_ineffective(r, "landlock_restrict_self");
	return 0;
}

/* Loads a filter that does action on getppid and allows the rest; the listener, or -1. */
static int load_filter(uint32_t action, unsigned long flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int probe_filter(struct probe_result *r)
{
	if (load_filter(SECCOMP_RET_ERRNO | ENOTTY, 0) != 0)
		return probe_fail(r, "seccomp(SECCOMP_SET_MODE_FILTER)");
	if (syscall(SYS_getppid) != -1 || errno != ENOTTY)
		return probe_ineffective(r, "seccomp(SECCOMP_SET_MODE_FILTER)");
	return 0;
}

/* One call received from listener and answered with value; 0 if it went well. */
static int answer(struct probe_result *r, int listener, int64_t value)
{
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp reply = {0};
	struct pollfd knock = {.fd = listener, .events = POLLIN};

	if (poll(&knock, 1, 2000) != 1)
		return probe_ineffective(r, "a notification");
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
		return probe_fail(r, "ioctl(SECCOMP_IOCTL_NOTIF_RECV)");
	reply.id = request.id;
	reply.val = value;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) != 0)
		return probe_fail(r, "ioctl(SECCOMP_IOCTL_NOTIF_SEND)");
	return 0;
}

/* The second call is answered with a descriptor, in one step; -1 where the kernel cannot. */
static int answer_with_descriptor(int listener)
{
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp reply = {0};
	struct seccomp_notif_addfd added = {.flags = SECCOMP_ADDFD_FLAG_SEND};
	struct pollfd knock = {.fd = listener, .events = POLLIN};

	if (poll(&knock, 1, 2000) != 1 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
		return -1;
	added.id = request.id;
	added.srcfd = (uint32_t)listener;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) >= 0)
		return 0;
	reply.id = request.id;
	reply.error = -ENOSYS;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	return -1;
}

int probe_notify(struct probe_result *r)
{
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	struct seccomp_notif_sizes sizes;
	int listener;
	pid_t pid;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
		return probe_fail(r, "seccomp(SECCOMP_GET_NOTIF_SIZES)");
	listener = load_filter(SECCOMP_RET_USER_NOTIF,
			       flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (listener >= 0)
		r->detail |= PROBE_NOTIFY_KILLABLE;
	else
		listener = load_filter(SECCOMP_RET_USER_NOTIF, flags);
	if (listener < 0)
		return probe_fail(r, "seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)");
	pid = probe_fork();
	if (pid < 0)
		return probe_fail(r, "fork");
	if (pid == 0) {
		long first = syscall(SYS_getppid);
		long second = syscall(SYS_getppid);

		_exit(first != 4242 ? 1 : second >= 0 && fcntl((int)second, F_GETFD) >= 0 ? 0 : 2);
	}
	if (answer(r, listener, 4242) != 0)
		return -1;
	if (answer_with_descriptor(listener) == 0 && probe_wait(pid) == 0)
		r->detail |= PROBE_NOTIFY_ADDFD;
	return 0;
}

int probe_mdwe(struct probe_result *r)
{
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	void *page;

	if (prctl(PROBE_SET_MDWE, PROBE_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
		return probe_fail(r, "prctl(PR_SET_MDWE)");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, anonymous, -1, 0);
	if (page != MAP_FAILED)
		return probe_ineffective(r, "prctl(PR_SET_MDWE)");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, anonymous, -1, 0);
	if (page == MAP_FAILED)
		return probe_fail(r, "mmap");
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0)
		return probe_ineffective(r, "prctl(PR_SET_MDWE)");
	return 0;
}

int probe_pidfd(struct probe_result *r)
{
	siginfo_t info = {0};
	pid_t pid = probe_fork();
	int pidfd, copy;

	if (pid < 0)
		return probe_fail(r, "fork");
	if (pid == 0)
		for (;;)
			pause();
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return probe_fail(r, "pidfd_open");
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	if (copy < 0 && errno != EBADF)
		return probe_fail(r, "pidfd_getfd");
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) != 0)
		return probe_fail(r, "pidfd_send_signal");
	if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) != 0)
		return probe_fail(r, "waitid(P_PIDFD)");
	return info.si_status == SIGKILL ? 0 : probe_ineffective(r, "pidfd_send_signal");
}

int probe_close_range(struct probe_result *r)
{
	int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);

	if (copy < 0)
		copy = fcntl(open("/", O_PATH | O_CLOEXEC), F_DUPFD_CLOEXEC, 100);
	if (copy < 0)
		return probe_fail(r, "fcntl(F_DUPFD)");
	if (syscall(SYS_close_range, (unsigned)copy, ~0U, 0) != 0)
		return probe_fail(r, "close_range");
	return fcntl(copy, F_GETFD) < 0 ? 0 : probe_ineffective(r, "close_range");
}

int probe_keyring(struct probe_result *r)
{
	if (syscall(SYS_keyctl, PROBE_JOIN_SESSION_KEYRING, NULL) < 0)
		return probe_fail(r, "keyctl(KEYCTL_JOIN_SESSION_KEYRING)");
	return 0;
}

/* Two children: one waits, its sibling tries to trace it. */
int probe_trace(struct probe_result *r)
{
	pid_t target = probe_fork();
	pid_t tracer;

	if (target < 0)
		return probe_fail(r, "fork");
	if (target == 0)
		for (;;)
			pause();
	tracer = probe_fork();
	if (tracer < 0) {
		kill(target, SIGKILL);
		return probe_fail(r, "fork");
	}
	if (tracer == 0)
		_exit(ptrace(PTRACE_SEIZE, target, NULL, NULL) == 0 ? 0 : 1);
	r->detail = probe_wait(tracer) == 0;
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	return 0;
}

int probe_rlimit(struct probe_result *r)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) != 0)
		return probe_fail(r, "getrlimit");
	/* Lowering is always allowed; raising it again is what only a privileged process may do. */
	limit.rlim_cur = limit.rlim_max = 0;
	if (setrlimit(RLIMIT_CORE, &limit) != 0)
		return probe_fail(r, "setrlimit");
	limit.rlim_max = 1 << 20;
	r->detail = setrlimit(RLIMIT_CORE, &limit) == 0;
	return 0;
}
