#include "service_sockets.h"

#include "service_network.h"
#include "socket_address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(int fd, int number)
{
	if (fd >= 0)
		close(fd);
	errno = number;
	return -1;
}

static int type_of(enum service_kind kind)
{
	switch (kind) {
	case SERVICE_STREAM:
		return SOCK_STREAM;
	case SERVICE_DATAGRAM:
		return SOCK_DGRAM;
	case SERVICE_SEQUENCED:
		return SOCK_SEQPACKET;
	}
	return -1;
}

int service_listen_internet(const struct driver_peer *at, enum service_kind kind, int both, int backlog)
{
	union socket_address address;
	socklen_t size = internet_address(&address, at);
	int fd, one = 1, alone = !both;

	if (size == 0)
		return fail(-1, EAFNOSUPPORT);
	fd = socket(address.any.sa_family, type_of(kind) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* For UDP it would let two programs have one port. */
	if (kind == SERVICE_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return fail(fd, errno);
	if (at->size == 16 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof(alone)) < 0)
		return fail(fd, errno);
	/* The app could shut it and connect it elsewhere. Where the kernel does not let us, Landlock is what keeps it from that. */
	if (kind == SERVICE_STREAM && driver_keep_from_connecting(fd) < 0 && errno != EPERM)
		return fail(fd, errno);
	if (bind(fd, &address.any, size) < 0)
		return fail(fd, errno);
	if (kind != SERVICE_DATAGRAM && listen(fd, backlog) < 0)
		return fail(fd, errno);
	return fd;
}

/* The size of the address, or 0: it does not fit, or is none. */
static socklen_t local(union socket_address *address, const char *name, size_t size)
{
	int is_abstract = size > 0 && name[0] == '@';

	memset(address, 0, sizeof(*address));
	address->local.sun_family = AF_UNIX;
	if (size < 2 || size > sizeof(address->local.sun_path) - (is_abstract ? 0 : 1) || memchr(name, 0, size))
		return 0;
	memcpy(address->local.sun_path, name, size);
	if (!is_abstract)
		return sizeof(address->local);
	address->local.sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/*
 * bind(2) takes the umask from the mode, and other threads share the umask. A link in place of the file, made by another who can
 * write to the directory, is not followed.
 */
static int set_mode(int directory, const char *path, uint32_t mode, struct service_file *file)
{
	char link[32];
	struct stat st;
	int fd = openat(directory, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return fail(fd, errno);
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return fail(fd, ESTALE);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (chmod(link, mode) < 0)
		return fail(fd, errno);
	if (file) {
		file->device = st.st_dev;
		file->inode = st.st_ino;
	}
	return close(fd);
}

int service_listen_local(const char *name, size_t size, enum service_kind kind, uint32_t mode, int backlog, struct service_file *file)
{
	union socket_address address;
	socklen_t length = local(&address, name, size);
	int fd, is_path = name[0] != '@';

	if (length == 0)
		return fail(-1, ENAMETOOLONG);
	fd = socket(AF_UNIX, type_of(kind) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Before the name is there: never wider than asked for. */
	if (fchmod(fd, mode) < 0 || bind(fd, &address.any, length) < 0)
		return fail(fd, errno);
	if ((is_path && set_mode(AT_FDCWD, address.local.sun_path, mode, file) < 0) ||
	    (kind != SERVICE_DATAGRAM && listen(fd, backlog) < 0)) {
		int number = errno;

		if (is_path)
			(void)unlink(address.local.sun_path);
		return fail(fd, number);
	}
	return fd;
}

int service_is_answered(const char *path, size_t size, enum service_kind kind)
{
	union socket_address address;
	socklen_t length = local(&address, path, size);
	int fd, nobody;

	if (length == 0)
		return 1;
	fd = socket(AF_UNIX, type_of(kind) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 1;
	nobody = connect(fd, &address.any, length) < 0 && errno == ECONNREFUSED;
	close(fd);
	return !nobody;
}

int service_remove_file(const char *path, const struct service_file *file)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -1;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid() ||
	    (file && (st.st_dev != file->device || st.st_ino != file->inode)))
		return fail(-1, ESTALE);
	return unlink(path);
}

int service_notify_socket(int directory, const char *name)
{
	union socket_address address = { 0 };
	int fd, length;

	address.local.sun_family = AF_UNIX;
	length = snprintf(address.local.sun_path, sizeof(address.local.sun_path), "/proc/self/fd/%d/%s", directory, name);
	if (length < 0 || (size_t)length >= sizeof(address.local.sun_path))
		return fail(-1, ENAMETOOLONG);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (service_remove_file(address.local.sun_path, NULL) < 0 && errno != ENOENT)
		return fail(fd, errno);
	if (bind(fd, &address.any, sizeof(address.local)) < 0)
		return fail(fd, errno);
	if (set_mode(directory, name, 0666, NULL) < 0) {
		int number = errno;

		(void)unlinkat(directory, name, 0);
		return fail(fd, number);
	}
	return fd;
}

int service_is_hung_up(int fd)
{
	struct pollfd door = { fd, 0, 0 };

	return poll(&door, 1, 0) > 0 && door.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* A listening TCP socket is closed by that, which hangs it up; of the others each is seen to have no more to read. */
int service_is_shut(int fd)
{
	struct pollfd door = { fd, POLLRDHUP, 0 };

	return poll(&door, 1, 0) > 0 && door.revents & (POLLHUP | POLLRDHUP);
}

int service_is_same(int one, int other)
{
	pid_t self = getpid();

	return syscall(SYS_kcmp, self, self, KCMP_FILE, one, other) == 0;
}

int service_connect(int fd, const struct driver_peer *peer)
{
	union socket_address address;
	socklen_t size = internet_address(&address, peer);

	if (size == 0)
		return fail(-1, EAFNOSUPPORT);
	return connect(fd, &address.any, size) < 0 && errno != EINPROGRESS ? -1 : 0;
}

ssize_t service_receive_notice(int fd, void *buffer, size_t size, struct packet_received *out)
{
	int more[PACKET_MOST];
	size_t count = 0;
	ssize_t got = kernel_receive_packet_whole(fd, buffer, size, out, more, &count);
	int number = errno;

	if (count)
		service_close_apart(more, count);
	errno = number;
	return got;
}
