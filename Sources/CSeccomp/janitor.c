/*
 * The janitor: forked when a cgroup is used or a terminal made raw, it sleeps until the supervisor is gone, then kills what is left in the app's
 * cgroup and removes it, or gives the terminal its modes back. It runs in a fork of a process that may have had threads: raw system calls only.
 */
#include "janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A removal is tried for five seconds: what was killed may take a moment to be gone. */
#define TRIES 250
#define PAUSE_NANOSECONDS 20000000L

#define TERMIOS_GET 0x5401 /* TCGETS and TCSETS of the kernel's struct termios */
#define TERMIOS_SET 0x5402
#define MODES_SIZE 36

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

/* directory + "/" + name; 0 when it does not fit. */
static int join(char *path, size_t size, const char *directory, const char *name)
{
	size_t i, a = length(directory), b = length(name);

	if (a + b + 2 > size)
		return 0;
	for (i = 0; i < a; i++)
		path[i] = directory[i];
	path[a] = '/';
	for (i = 0; i <= b; i++)
		path[a + 1 + i] = name[i];
	return 1;
}

static int write_file(const char *directory, const char *name, const char *text)
{
	char path[4096];
	long done, fd;

	if (!join(path, sizeof(path), directory, name))
		return -1;
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = syscall(SYS_write, fd, text, length(text));
	(void)syscall(SYS_close, fd);
	return done < 0 ? -1 : 0;
}

/* Kills each process listed, where there is no cgroup.kill: cgroup v1, and v2 before Linux 5.14. */
static void kill_listed(const char *directory)
{
	char path[4096], text[4096];
	long fd, size, i, pid = 0;

	if (!join(path, sizeof(path), directory, "cgroup.procs"))
		return;
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	size = syscall(SYS_read, fd, text, sizeof(text));
	(void)syscall(SYS_close, fd);
	for (i = 0; i < size; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = pid * 10 + (text[i] - '0');
			continue;
		}
		/* 0 is a process that our pid namespace does not show. */
		if (pid > 1)
			(void)syscall(SYS_kill, pid, SIGKILL);
		pid = 0;
	}
}

static void pause_briefly(void)
{
	struct timespec time = { 0, PAUSE_NANOSECONDS };

	(void)syscall(SYS_nanosleep, &time, NULL);
}

/* kills: 0 for the leaf, which at most holds those who are about to leave it. */
static void remove_directory(const char *directory, int kills)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (syscall(SYS_unlinkat, AT_FDCWD, directory, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		if (kills && write_file(directory, "cgroup.kill", "1") < 0)
			kill_listed(directory);
		pause_briefly();
	}
}

static void work_off(const struct janitor_work *work)
{
	int i;

	for (i = 0; i < JANITOR_DIRECTORIES && work->directories[i]; i++)
		remove_directory(work->directories[i], 1);
	if (!work->leaf || !work->parent || !work->disable)
		return;
	/* The leaf holds us too. The parent takes processes again once it hands out no controller. */
	if (write_file(work->parent, "cgroup.subtree_control", work->disable) == 0 &&
	    write_file(work->parent, "cgroup.procs", "0") == 0)
		remove_directory(work->leaf, 0);
}

/* Closes all but two descriptors; other may be -1. */
static void close_others(int one, int other)
{
	int low = one < other ? one : other, high = one < other ? other : one;

	if (low > 0)
		(void)syscall(SYS_close_range, 0, low - 1, 0);
	if (high - low > 1)
		(void)syscall(SYS_close_range, low + 1, high - 1, 0);
	(void)syscall(SYS_close_range, high + 1, ~0U, 0);
}

/* From the birth to the supervisor's end. 1: it was killed; 0: it has dismissed us. */
static int wait_for_end(int lifeline, int other)
{
	uint64_t all = ~0ULL;
	char byte;
	long size;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	(void)syscall(SYS_setsid);
	(void)syscall(SYS_prctl, PR_SET_NAME, "isolated-tidy", 0, 0, 0);
	/* The caller's pipes must see their end without us; its directory must stay free to unmount. */
	close_others(lifeline, other);
	(void)syscall(SYS_chdir, "/");
	do {
		size = syscall(SYS_read, lifeline, &byte, 1);
	} while (size < 0 && errno == EINTR);
	return size == 0;
}

static void janitor_main(const struct janitor_work *work, int lifeline) __attribute__((noreturn));
static void janitor_main(const struct janitor_work *work, int lifeline)
{
	if (wait_for_end(lifeline, lifeline))
		work_off(work);
	for (;;)
		_exit(0);
}

static void guard_main(int terminal, const uint8_t *raw, const uint8_t *saved, int lifeline)
	__attribute__((noreturn));
static void guard_main(int terminal, const uint8_t *raw, const uint8_t *saved, int lifeline)
{
	uint8_t now[MODES_SIZE] = { 0 };
	int i, same = 1;

	if (wait_for_end(lifeline, terminal) && syscall(SYS_ioctl, terminal, TERMIOS_GET, now) == 0) {
		for (i = 0; i < MODES_SIZE; i++)
			same &= now[i] == raw[i];
		/* We are in no session of the terminal's: the call cannot stop us (tty_ioctl(4), SIGTTOU). */
		if (same)
			(void)syscall(SYS_ioctl, terminal, TERMIOS_SET, saved);
	}
	for (;;)
		_exit(0);
}

/* A fork, in a cgroup of its own or (-1) ours, without the supervisor's end of the lifeline. */
static int stand_by(int writer, int cgroup, int *pidfd)
{
	struct clone_args args = { 0 };
	int pid;

	args.flags = CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)pidfd;
	args.exit_signal = SIGCHLD;
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	pid = (int)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		(void)syscall(SYS_close, writer);
	return pid;
}

int janitor_guard(int terminal, const uint8_t raw[36], const uint8_t saved[36], int lifeline, int writer,
		  int *pidfd)
{
	int pid = stand_by(writer, -1, pidfd);

	if (pid == 0)
		guard_main(terminal, raw, saved, lifeline);
	return pid;
}

int janitor_start(const struct janitor_work *work, int lifeline, int writer, int cgroup,
		  int *pidfd)
{
	int pid = stand_by(writer, cgroup, pidfd);

	if (pid == 0)
		janitor_main(work, lifeline);
	return pid;
}
