/* Thin wrappers for the supervisor, one a call: processes, what they report, signals. */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch_plan.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int kernel_send_byte(int fd)
{
	return (int)send(fd, "?", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int kernel_report_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int kernel_send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* Keeps the first of the descriptors that came with a message and closes every other. */
static int first_descriptor(struct msghdr *message)
{
	struct cmsghdr *header;
	int kept = -1;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t i, count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				close(fd);
		}
	}
	return kept;
}

ssize_t kernel_receive_report(int socket, struct launch_report *report, int *fd)
{
	struct iovec iov = { report, sizeof(*report) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))]; /* padded: the kernel puts two descriptors there */
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };
	ssize_t size;

	*fd = -1;
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (size < 0)
		return size;
	*fd = first_descriptor(&message);
	/* A message that is longer than a report is none; nor is its beginning. */
	return message.msg_flags & MSG_TRUNC ? size + 1 : size;
}

int kernel_signal_descriptor(uint64_t *saved)
{
	uint64_t all = ~0ULL;

	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, saved, sizeof(all)) < 0)
		return -1;
	/* A caller that ignores SIGCHLD would make the kernel throw wait statuses away, init's too (wait(2), NOTES). */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -1;
	return (int)syscall(SYS_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | SFD_NONBLOCK);
}

void kernel_restore_mask(uint64_t saved)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, sizeof(saved));
}

uint64_t kernel_ignored_signals(void)
{
	struct sigaction action;
	uint64_t ignored = 0;
	int sig;

	for (sig = 1; sig < 32; sig++)
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= 1ULL << (sig - 1);
	return ignored;
}

int kernel_read_signal(int fd, struct kernel_signal *out)
{
	struct signalfd_siginfo info;

	/* What the kernel sends us for our own writes (SIGPIPE, SIGXFSZ) carries our own pid: it is not for the app. */
	do {
		if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			return -1;
	} while (info.ssi_pid == (uint32_t)getpid());
	out->number = (int32_t)info.ssi_signo;
	out->from_kernel = info.ssi_code == SI_KERNEL;
	return 0;
}

int kernel_wait(int pidfd, int block, int *status)
{
	siginfo_t info = { 0 };

	if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | (block ? 0 : WNOHANG)) < 0)
		return -1;
	if (info.si_pid == 0)
		return 0;
	if (info.si_code == CLD_EXITED)
		*status = (info.si_status & 0xff) << 8;
	else
		*status = (info.si_status & 0x7f) | (info.si_code == CLD_DUMPED ? 0x80 : 0);
	return 1;
}

#define LEFT_MOST 64

/* A pidfd each, plus 1; 0: free. Whoever takes one out has it for himself: any thread may end a child. */
static _Atomic int left[LEFT_MOST];

int kernel_leave(int pidfd)
{
	int i;

	for (i = 0; i < LEFT_MOST; i++) {
		int none = 0;

		if (atomic_compare_exchange_strong(&left[i], &none, pidfd + 1))
			return 0;
	}
	return -1;
}

void kernel_reap_left(void)
{
	int i, status;

	for (i = 0; i < LEFT_MOST; i++) {
		int pidfd;

		if (!atomic_load(&left[i]) || (pidfd = atomic_exchange(&left[i], 0) - 1) < 0)
			continue;
		/* -1 is ECHILD: it is reaped. */
		if (kernel_wait(pidfd, 0, &status) != 0 || kernel_leave(pidfd) < 0)
			close(pidfd);
	}
}

int kernel_pidfd(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

uint64_t kernel_namespace_owner(int fd, int parent)
{
	struct stat st = { 0 };
	int saved, owner = ioctl(fd, parent ? NS_GET_PARENT : NS_GET_USERNS);

	if (owner < 0)
		return 0;
	saved = fstat(owner, &st) < 0 ? errno : 0;
	close(owner);
	errno = saved;
	return saved ? 0 : st.st_ino;
}

int kernel_take_descriptor(int thread, int fd)
{
	int taken, saved, pidfd = (int)syscall(SYS_pidfd_open, thread, 0);

	/* No process's number: PIDFD_THREAD. */
	if (pidfd < 0 && (errno == EINVAL || errno == ENOENT))
		pidfd = (int)syscall(SYS_pidfd_open, thread, O_EXCL);
	if (pidfd < 0)
		return -1;
	taken = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	saved = errno;
	close(pidfd);
	errno = saved;
	return taken;
}

int kernel_socket_cookie(int fd, uint64_t *cookie)
{
	socklen_t size = sizeof(*cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &size);
}

static int write_map(int pid, const char *file, uint32_t inside, uint32_t outside)
{
	char path[64], line[64];
	int fd, length;
	ssize_t done;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	length = snprintf(line, sizeof(line), "%u %u 1\n", inside, outside);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = write(fd, line, (size_t)length);
	close(fd);
	return done == length ? 0 : -1;
}

struct holder {
	int end;
	int parent;
};

/* It has our descriptors, the pipe's other end among them: that we were killed it learns by a signal only. */
static int wait_on_pipe(void *argument)
{
	const struct holder *holder = argument;
	char byte;

	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && syscall(SYS_getppid) == holder->parent)
		(void)syscall(SYS_read, holder->end, &byte, 1);
	for (;;)
		_exit(0);
}

int kernel_user_namespace(uint32_t inside_uid, uint32_t outside_uid, uint32_t inside_gid, uint32_t outside_gid)
{
	char stack[8192] __attribute__((aligned(16)));
	char path[64];
	struct holder holder;
	int ends[2], pid, saved, fd = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	holder.end = ends[0];
	holder.parent = getpid();
	/* Shares our memory and descriptors, and only reads from the pipe: it is the namespace's holder. */
	pid = clone(wait_on_pipe, stack + sizeof(stack), CLONE_VM | CLONE_FILES | CLONE_NEWUSER | SIGCHLD,
		    &holder);
	if (pid > 0 && write_map(pid, "uid_map", inside_uid, outside_uid) == 0 &&
	    write_map(pid, "gid_map", inside_gid, outside_gid) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	saved = errno;
	close(ends[1]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	close(ends[0]);
	errno = saved;
	return fd;
}
