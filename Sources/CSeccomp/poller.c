#include "poller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel.h"

#define DOORS_MAX 64

int kernel_poll(struct kernel_door *doors, size_t count, int64_t timeout_ms)
{
	struct pollfd fds[DOORS_MAX];
	size_t i;
	int ready;

	if (count > DOORS_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (i = 0; i < count; i++) {
		fds[i].fd = doors[i].fd;
		fds[i].events = (short)((doors[i].wanted & KERNEL_READABLE ? POLLIN : 0) |
					(doors[i].wanted & KERNEL_WRITABLE ? POLLOUT : 0));
		fds[i].revents = 0;
	}
	if (timeout_ms > 0x7fffffff)
		timeout_ms = 0x7fffffff;
	ready = poll(fds, count, (int)timeout_ms);
	for (i = 0; i < count; i++)
		doors[i].ready = (int16_t)((fds[i].revents & POLLIN ? KERNEL_READABLE : 0) |
					   (fds[i].revents & POLLOUT ? KERNEL_WRITABLE : 0) |
					   (fds[i].revents & (POLLHUP | POLLERR | POLLNVAL) ? KERNEL_HUNG_UP : 0));
	return ready;
}

int kernel_poll_shedding(struct kernel_door *doors, size_t count, int64_t timeout_ms)
{
	kernel_shed_memory();
	return kernel_poll(doors, count, timeout_ms);
}

int kernel_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void kernel_stop_self(int with_group)
{
	sigset_t stop, saved;

	/*
	 * SIGTSTP, not SIGSTOP: where no shell could continue us (an orphaned group, signal(7)) it has no effect, and
	 * where the caller ignores it (no job control) neither. It is pending while blocked; unblocked, we stop here.
	 */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	(void)kill(with_group ? 0 : getpid(), SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stop, &saved);
	(void)sigprocmask(SIG_SETMASK, &saved, NULL);
}

int kernel_reopen(int fd, int for_writing)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, (for_writing ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int kernel_in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}
