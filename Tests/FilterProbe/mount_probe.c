#include "mount_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define TREE_CLONE 1

struct attributes {
	uint64_t set, clear, propagation, userns;
};

static int send_descriptor(int socket, int fd)
{
	char byte = 0;
	struct iovec part = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };
	struct cmsghdr *header;

	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int receive_descriptor(int socket)
{
	char byte = 0;
	struct iovec part = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };
	struct cmsghdr *header;
	int fd;

	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) {
		errno = EIO;
		return -1;
	}
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS) {
		errno = EIO;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static int make(const char *path, const char *inner, uint64_t set)
{
	struct attributes attributes = { set, 0, 0, 0 };
	int tree;

	/* Always in namespaces of the child's own: nothing is mounted where anybody else is. */
	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (inner && mount("none", inner, "tmpfs", 0, NULL) < 0)
		return -1;
	/* AT_RECURSIVE: in a user namespace mounts come with those that lie beneath them, or not at all. */
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC | 0x8000);
	if (tree < 0)
		return -1;
	if (syscall(SYS_mount_setattr, tree, "", 0x1000 | 0x8000, &attributes, sizeof(attributes)) < 0)
		return -1;
	return tree;
}

int probe_mount_with_mount(const char *path, const char *inner, uint64_t set)
{
	int ends[2], fd;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		int tree = make(path, inner, set);

		_exit(tree < 0 || send_descriptor(ends[1], tree) < 0 ? 1 : 0);
	}
	close(ends[1]);
	fd = child < 0 ? -1 : receive_descriptor(ends[0]);
	close(ends[0]);
	if (child > 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	return fd;
}

int probe_mount(const char *path, uint64_t set)
{
	return probe_mount_with_mount(path, NULL, set);
}

pid_t probe_exchange(const char *a, const char *b)
{
	pid_t child = fork();

	if (child == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGALRM, SIG_DFL);
		alarm(20);
		for (;;)
			if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2) < 0)
				_exit(1);
	}
	return child;
}

void probe_end(pid_t child)
{
	if (child <= 0)
		return;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static int result_of(long value)
{
	return value == -1 ? errno : 0;
}

int probe_is_sealed(int fd)
{
	int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL, seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & wanted) == wanted;
}

int probe_unsealed(void)
{
	char path[32];
	int fd = memfd_create("plain", MFD_CLOEXEC), again;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return again;
}

int probe_set_flags(int fd, int flags)
{
	return result_of(fcntl(fd, F_SETFL, flags));
}

int probe_get_flags(int fd)
{
	return fcntl(fd, F_GETFL);
}

int probe_path(const char *path)
{
	return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int probe_plain_open(int root, const char *path, char *byte)
{
	int fd = openat(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), result = 0;

	*byte = 0;
	if (fd < 0)
		return errno;
	if (read(fd, byte, 1) < 0)
		result = errno;
	close(fd);
	return result;
}

int probe_change(int fd)
{
	return result_of(pwrite(fd, "!", 1, 0));
}

int probe_truncate(int fd)
{
	return result_of(ftruncate(fd, 0));
}

int probe_chmod(int fd)
{
	return result_of(fchmod(fd, 0777));
}

static int map(int fd, int protection)
{
	void *at = mmap(NULL, 4096, protection, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, 4096);
	return 0;
}

int probe_map_writable(int fd)
{
	return map(fd, PROT_READ | PROT_WRITE);
}

int probe_map_executable(int fd)
{
	return map(fd, PROT_READ | PROT_EXEC);
}

int probe_reopen(int fd, int flags)
{
	char path[32];
	int opened;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened = open(path, flags | O_CLOEXEC);
	if (opened < 0)
		return errno;
	close(opened);
	return 0;
}
