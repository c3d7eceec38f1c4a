#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static int checked_directory(int fd, uint32_t *owner, uint32_t *mode)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	*owner = st.st_uid;
	*mode = st.st_mode & 07777;
	return fd;
}

int kernel_open_directory(const char *path, uint32_t *owner, uint32_t *mode)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -1 : checked_directory(fd, owner, mode);
}

int kernel_private_directory(int parent, const char *name)
{
	uint32_t owner, mode;
	int fd;

	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	fd = checked_directory(fd, &owner, &mode);
	if (fd >= 0 && (owner != geteuid() || (mode & 077) != 0)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

/* Through the descriptor: the path of the directory may be longer than a socket's name, or lead elsewhere by now. */
static int address(int directory, const char *name, struct sockaddr_un *out)
{
	int length;

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	length = snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", directory, name);
	if (length < 0 || (size_t)length >= sizeof(out->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int fail(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

int kernel_control_listen(int directory, const char *name)
{
	struct sockaddr_un where;
	int fd;

	if (address(directory, name, &where) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* Before the name is there: bind(2) gives the file the socket's mode, less the umask, which other threads share. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&where, sizeof(where)) < 0 || listen(fd, 16) < 0)
		return fail(fd);
	return fd;
}

int kernel_control_share(int directory, const char *name, unsigned group, unsigned mode)
{
	char link[32];
	struct stat st;
	int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) < 0)
		return fail(fd);
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
		errno = ESTALE;
		return fail(fd);
	}
	/* An access list, which a directory's default gives, would let in others by the rights of the group. */
	if (getxattr(link, "system.posix_acl_access", NULL, 0) >= 0) {
		errno = EPERM;
		return fail(fd);
	}
	if (fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) < 0 || chmod(link, mode) < 0 || fstat(fd, &st) < 0)
		return fail(fd);
	if ((st.st_mode & 07777) != mode || st.st_gid != group) {
		errno = EPERM;
		return fail(fd);
	}
	close(fd);
	return 0;
}

int kernel_control_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int kernel_control_connect(int directory, const char *name, int timeout_ms)
{
	struct timeval time = { .tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000 };
	struct sockaddr_un where;
	int fd;

	if (address(directory, name, &where) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) < 0 ||
	    connect(fd, (struct sockaddr *)&where, sizeof(where)) < 0)
		return fail(fd);
	return fd;
}

int kernel_control_peer(int fd, struct control_peer *out)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -1;
	out->pid = credentials.pid;
	out->uid = credentials.uid;
	out->has_pidfd = 1;
	size = sizeof(out->pidfd);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &out->pidfd, &size) < 0) {
		out->has_pidfd = errno != ENOPROTOOPT;
		out->pidfd = -1;
	}
	return 0;
}

int kernel_is_alive(int pidfd)
{
	struct pollfd door = { .fd = pidfd, .events = POLLIN };

	return poll(&door, 1, 0) == 0;
}

ssize_t kernel_control_send(int fd, const void *bytes, size_t size)
{
	return send(fd, bytes, size, MSG_NOSIGNAL);
}
