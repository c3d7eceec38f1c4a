/* The steps that the app itself runs before exec. See child.h for what may be used here. */
#include "child.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* Rights that Landlock accepts for a rule on a file that is not a directory (landlock(7)). */
#define LANDLOCK_FILE_RIGHTS                                                                       \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | (1ULL << 14) /* TRUNCATE */ | (1ULL << 15) /* IOCTL_DEV */)

#define NULL_DEVICE (1U << 8 | 3) /* makedev(1, 3), which is a function in some C libraries */

/* struct landlock_net_port_attr and its rule type, newer than some headers (ABI 4). */
struct port_rule {
	uint64_t allowed;
	uint64_t port;
};
#define LANDLOCK_PORT_RULE 2

static int session_step(struct child *c, const struct launch_step *s)
{
	int group;

	/* Where our parent is no PID 1, its end does not end us; a guest's parent may be gone already, which no number tells. */
	if (c->is_guest)
		child_follow_parent(c);
	else if (syscall(SYS_getppid) != 1 &&
	    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -1;
	if (!s->value)
		return (int)syscall(SYS_setsid);
	/* Our parent, init, leads the session: so our group is not orphaned and Ctrl-Z stops it (setpgid(2)). */
	if (syscall(SYS_setpgid, 0, 0) < 0)
		return -1;
	group = (int)syscall(SYS_getpid);
	return (int)syscall(SYS_ioctl, c->terminal_fd, TIOCSPGRP, &group);
}

struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

int child_reset_dispositions(void)
{
	struct kernel_sigaction action = { 0 };
	int sig;

	for (sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP &&
		    syscall(SYS_rt_sigaction, sig, &action, NULL, sizeof(action.mask)) < 0)
			return -1;
	return 0;
}

static int signals_step(const struct child *c)
{
	uint64_t none = 0;

	if (!c->has_default_signals && child_reset_dispositions() < 0)
		return -1;
	return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

/* What we still need moves out of the way of a number that the app is to have; far enough for the numbers that follow. */
static int move_away(int *ours, int number)
{
	int moved = (int)syscall(SYS_fcntl, *ours, F_DUPFD_CLOEXEC, number + 32);

	if (moved < 0)
		return -1;
	*ours = moved;
	return 0;
}

static int descriptor_step(struct child *c, const struct launch_step *s)
{
	int source = s->fd == LAUNCH_FD_TERMINAL ? c->terminal_fd : child_descriptor(c, s->fd);
	int report = c->report_at >= 0 ? c->report_at : c->plan->report_fd;

	if (source != (int)s->value && report == (int)s->value) {
		if (move_away(&report, (int)s->value) < 0)
			return -1;
		c->report_at = report;
	}
	if (source != (int)s->value && c->app_pipe == (int)s->value &&
	    move_away(&c->app_pipe, (int)s->value) < 0)
		return -1;
	if (source == (int)s->value)
		return (int)syscall(SYS_fcntl, source, F_SETFD, 0);
	return syscall(SYS_dup3, source, s->value, 0) < 0 ? -1 : 0;
}

/*
 * What is connected to 0, 1 and 2 lies outside the view, so that opening /dev/stderr would be refused. The rule is made from
 * the descriptor itself and gives what it gives already, by fcntl(2) and ftruncate(2), on this one file.
 */
static int landlock_reopen(const struct child *c, int number, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { 0 };
	struct stat st;
	long flags;

	rule.parent_fd = child_descriptor(c, number);
	if (rule.parent_fd < 0 || syscall(SYS_newfstatat, rule.parent_fd, "", &st, AT_EMPTY_PATH) < 0)
		return 0;
	if (!S_ISREG(st.st_mode) && !(S_ISCHR(st.st_mode) && st.st_rdev == NULL_DEVICE))
		return 0;
	flags = syscall(SYS_fcntl, rule.parent_fd, F_GETFL, 0);
	if (flags < 0 || flags & O_PATH)
		return 0;
	if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_ACCMODE) == O_RDWR)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_FILE;
	if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | (1ULL << 14) /* TRUNCATE */;
	rule.allowed_access &= handled;
	if (!rule.allowed_access ||
	    syscall(SYS_landlock_add_rule, c->landlock_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
		return 0;
	/* A memory file has no place that a rule could name, and Landlock leaves it alone. */
	return errno == EBADFD ? 0 : -1;
}

static int landlock_begin(struct child *c, const struct launch_step *s)
{
	const struct launch_landlock_extra *extra = (const void *)child_text(c, s->text_b);
	int number;

	c->landlock_fd = (int)syscall(SYS_landlock_create_ruleset, extra, extra->size, 0);
	if (c->landlock_fd < 0)
		return -1;
	for (number = 0; number < 3; number++)
		if (extra->reopen >> number & 1 && landlock_reopen(c, number, extra->handled_fs) < 0)
			return -1;
	return 0;
}

static int landlock_allow(const struct child *c, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { 0 };
	struct stat st;

	if (syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) < 0)
		return -1;
	rule.parent_fd = fd;
	rule.allowed_access = S_ISDIR(st.st_mode) ? rights : rights & LANDLOCK_FILE_RIGHTS;
	if (!rule.allowed_access)
		return 0;
	return (int)syscall(SYS_landlock_add_rule, c->landlock_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static int landlock_path(const struct child *c, const struct launch_step *s)
{
	int saved, fd = (int)syscall(SYS_openat, AT_FDCWD, child_text(c, s->text_a), O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
	saved = landlock_allow(c, fd, s->value) < 0 ? errno : 0;
	(void)syscall(SYS_close, fd);
	errno = saved;
	return saved ? -1 : 0;
}

/* Its place on the host is outside the view: the rule is on the file itself. */
static int landlock_file(const struct child *c, const struct launch_step *s)
{
	int fd = child_descriptor(c, s->fd);

	return fd < 0 ? -1 : landlock_allow(c, fd, s->value);
}

static int landlock_port(struct child *c, const struct launch_step *s)
{
	struct port_rule rule;

	rule.allowed = s->value;
	rule.port = (uint64_t)s->fd;
	return (int)syscall(SYS_landlock_add_rule, c->landlock_fd, LANDLOCK_PORT_RULE, &rule, 0);
}

static int landlock_enforce(struct child *c)
{
	if (syscall(SYS_landlock_restrict_self, c->landlock_fd, 0) < 0)
		return -1;
	(void)syscall(SYS_close, c->landlock_fd);
	return 0;
}

static int filter_step(struct child *c, const struct launch_step *s)
{
	struct sock_fprog program;

	program.len = (unsigned short)s->value;
	program.filter = (struct sock_filter *)(uintptr_t)child_text(c, s->text_b);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* As execvp(3): the first candidate that can be executed; a refused one is remembered over a missing one. */
static int exec_step(struct child *c, const struct launch_step *s)
{
	const char *path = child_text(c, s->text_a);
	int error = ENOENT;

	while (*path) {
		(void)syscall(SYS_execve, path, c->plan->argv, c->plan->envp);
		if (errno != ENOENT && errno != ENOTDIR)
			error = errno;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			break;
		path += child_length(path) + 1;
	}
	errno = error;
	return -1;
}

/* The descriptor is closed by the exec itself: the program is no script, whose interpreter would look for it. */
static int exec_file_step(const struct child *c, const struct launch_step *s)
{
	int fd = child_descriptor(c, s->fd);

	if (fd < 0)
		return -1;
	return (int)syscall(SYS_execveat, fd, "", c->plan->argv, c->plan->envp, AT_EMPTY_PATH);
}

int child_app_step(struct child *c, const struct launch_step *s)
{
	switch (s->op) {
	case LAUNCH_OP_SESSION:
		return session_step(c, s);
	case LAUNCH_OP_WORKDIR:
		return (int)syscall(SYS_chdir, child_text(c, s->text_a));
	case LAUNCH_OP_UMASK:
		(void)syscall(SYS_umask, s->value);
		return 0;
	case LAUNCH_OP_RLIMIT: {
		const struct launch_rlimit_extra *extra = (const void *)child_text(c, s->text_b);
		struct rlimit limit, own;

		/* A caller with a lower limit than the policy's cannot raise it, and need not: the app gets the lower one. */
		if (syscall(SYS_prlimit64, 0, s->fd, NULL, &own) < 0)
			return -1;
		limit.rlim_cur = extra->soft < own.rlim_max ? extra->soft : own.rlim_max;
		limit.rlim_max = extra->hard < own.rlim_max ? extra->hard : own.rlim_max;
		return (int)syscall(SYS_prlimit64, 0, s->fd, &limit, NULL);
	}
	case LAUNCH_OP_NICE:
		return (int)syscall(SYS_setpriority, PRIO_PROCESS, 0, (int)(int64_t)s->value);
	case LAUNCH_OP_SIGNALS:
		return signals_step(c);
	case LAUNCH_OP_CLOSE_OTHERS:
		return (int)syscall(SYS_close_range, s->value, ~0U, CLOSE_RANGE_CLOEXEC);
	case LAUNCH_OP_DESCRIPTOR:
		return descriptor_step(c, s);
	case LAUNCH_OP_PERSONALITY:
		return syscall(SYS_personality, s->value) < 0 ? -1 : 0;
	case LAUNCH_OP_DENY_WRITE_EXECUTE:
		return (int)syscall(SYS_prctl, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	case LAUNCH_OP_LANDLOCK_BEGIN:
		return landlock_begin(c, s);
	case LAUNCH_OP_LANDLOCK_PATH:
		return landlock_path(c, s);
	case LAUNCH_OP_LANDLOCK_FILE:
		return landlock_file(c, s);
	case LAUNCH_OP_LANDLOCK_PORT:
		return landlock_port(c, s);
	case LAUNCH_OP_LANDLOCK_ENFORCE:
		return landlock_enforce(c);
	case LAUNCH_OP_FILTER:
		return filter_step(c, s);
	case LAUNCH_OP_EXEC:
		return exec_step(c, s);
	case LAUNCH_OP_EXEC_FILE:
		return exec_file_step(c, s);
	default:
		errno = EINVAL;
		return -1;
	}
}
