#include "service_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

size_t service_find_newline(const uint8_t *bytes, size_t size)
{
	const uint8_t *found = memchr(bytes, '\n', size);

	return found ? (size_t)(found - bytes) : size;
}

/* Without a branch in the loop, so that compilers take 16 bytes at a time. */
int service_has_control(const uint8_t *bytes, size_t size)
{
	uint8_t found = 0;
	size_t i;

	for (i = 0; i < size; i++)
		found |= (uint8_t)((bytes[i] < 0x20) & (bytes[i] != '\t')) | (uint8_t)(bytes[i] == 0x7f);
	return found;
}

int service_open_log(int directory, const char *name, uint32_t mode, uint64_t *size)
{
	struct stat st;
	/* Not blocking: a fifo under this name must not hold us up. */
	int fd = openat(directory, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

ssize_t service_read(int fd, void *buffer, size_t size)
{
	return read(fd, buffer, size);
}

ssize_t service_read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	return pread(fd, buffer, size, (off_t)offset);
}

ssize_t service_write(int fd, const void *bytes, size_t size)
{
	return write(fd, bytes, size);
}

int64_t service_wall_us(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_REALTIME, &time) < 0)
		return 0;
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int service_datagram_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int service_watch(int directory)
{
	char link[32];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
	if (inotify_add_watch(fd, link, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF) < 0) {
		int number = errno;

		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

int service_send_to(int fd, const char *path, const void *bytes, size_t size, int passed)
{
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };
	size_t length = strlen(path);

	if (length >= sizeof(where.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(where.sun_path, path, length);
	/* The name of an abstract socket ends with the address. */
	if (path[0] == '@')
		where.sun_path[0] = 0;
	else
		length++;
	message.msg_name = &where;
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	if (passed >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_iovlen = 0;
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.align), &passed, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}
