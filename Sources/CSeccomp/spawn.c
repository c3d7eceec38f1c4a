/* See spawn.h. SAFETY: the child runs in a copy of our memory and uses raw system calls and errno only (child.h says why). */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

/* Clear of 0, 1 and 2, which are replaced. */
#define SPAWN_FLOOR 3

static int above(int fd)
{
	return fd >= SPAWN_FLOOR ? fd : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, SPAWN_FLOOR);
}

static int become(const struct spawn_program *what, int parent)
{
	uint64_t none = 0;
	int i, file = what->file, standard[3];

	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, what->death_signal, 0, 0, 0) < 0)
		return -1;
	if (syscall(SYS_getppid) != parent) {
		errno = ESRCH; /* the supervisor ended before that */
		return -1;
	}
	if (syscall(SYS_setpgid, 0, 0) < 0 || child_reset_dispositions() < 0 ||
	    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none)) < 0)
		return -1;
	if (file >= 0)
		file = above(file);
	for (i = 0; i < 3; i++)
		standard[i] = above(what->standard[i]);
	for (i = 0; i < 3; i++)
		if (standard[i] < 0 || syscall(SYS_dup3, standard[i], i, 0) < 0)
			return -1;
	if (syscall(SYS_close_range, SPAWN_FLOOR, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -1;
	if (what->file >= 0)
		return (int)syscall(SYS_execveat, file, "", what->argv, what->envp, AT_EMPTY_PATH);
	return (int)syscall(SYS_execve, what->path, what->argv, what->envp);
}

int spawn_start(const struct spawn_program *what, int *pidfd)
{
	struct clone_args args = { 0 };
	int ends[2], number = 0, parent = (int)syscall(SYS_getpid);
	long pid, got;

	if (syscall(SYS_pipe2, ends, O_CLOEXEC) < 0)
		return -1;
	args.flags = CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)pidfd;
	args.exit_signal = SIGCHLD;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		ends[1] = above(ends[1]);
		(void)become(what, parent);
		number = errno;
		(void)syscall(SYS_write, ends[1], &number, sizeof(number));
		for (;;)
			_exit(127);
	}
	if (pid < 0)
		number = errno;
	(void)syscall(SYS_close, ends[1]);
	if (pid > 0) {
		while ((got = syscall(SYS_read, ends[0], &number, sizeof(number))) < 0 && errno == EINTR)
			;
		if (got == (long)sizeof(number)) {
			(void)syscall(SYS_wait4, pid, NULL, 0, NULL);
			(void)syscall(SYS_close, *pidfd);
		} else {
			number = 0;
		}
	}
	(void)syscall(SYS_close, ends[0]);
	if (!number)
		return (int)pid;
	*pidfd = -1;
	errno = number;
	return -1;
}
