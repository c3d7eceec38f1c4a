#include "packets.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* more: where those go that are beyond what `out` has room for; NULL: they are closed. */
static void take(struct packet_received *out, struct msghdr *message, int *more, size_t *beyond)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t i, count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
			if (out->count < PACKET_DESCRIPTORS) {
				out->descriptors[out->count++] = fd;
			} else {
				out->flags |= PACKET_DESCRIPTORS_LOST;
				if (more)
					more[(*beyond)++] = fd;
				else
					close(fd);
			}
		}
	}
}

static ssize_t receive(int fd, void *buffer, size_t size, struct packet_received *out, void *control, size_t room,
		       int *more, size_t *beyond)
{
	struct iovec iov = { buffer, size };
	struct msghdr message = { 0 };
	ssize_t got;

	out->count = out->flags = 0;
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = room;
	got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (got < 0)
		return got;
	take(out, &message, more, beyond);
	if (message.msg_flags & MSG_TRUNC)
		out->flags |= PACKET_CUT;
	if (message.msg_flags & MSG_CTRUNC)
		out->flags |= PACKET_DESCRIPTORS_LOST;
	return got;
}

ssize_t kernel_receive_packet(int fd, void *buffer, size_t size, struct packet_received *out)
{
	union {
		char bytes[CMSG_SPACE(PACKET_DESCRIPTORS * sizeof(int))];
		struct cmsghdr align;
	} control;

	return receive(fd, buffer, size, out, control.bytes, sizeof(control.bytes), NULL, NULL);
}

ssize_t kernel_receive_packet_whole(int fd, void *buffer, size_t size, struct packet_received *out, int *more,
				    size_t *count)
{
	union {
		char bytes[CMSG_SPACE(PACKET_MOST * sizeof(int))];
		struct cmsghdr align;
	} control;

	*count = 0;
	return receive(fd, buffer, size, out, control.bytes, sizeof(control.bytes), more, count);
}

_Static_assert(sizeof(struct mmsghdr) == PACKET_NOTE, "a note is a struct mmsghdr");
_Static_assert(offsetof(struct mmsghdr, msg_len) == PACKET_NOTE_SENT, "where the kernel notes");

static ssize_t send_packet(int fd, const void *bytes, size_t size, const int32_t *descriptors, int32_t count,
			   struct mmsghdr *note)
{
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	union {
		char bytes[CMSG_SPACE(PACKET_DESCRIPTORS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };

	if (count < 0 || count > PACKET_DESCRIPTORS) {
		errno = EINVAL;
		return -1;
	}
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	if (count) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		control.align.cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.align), descriptors, (size_t)count * sizeof(int));
	}
	if (!note)
		return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	note->msg_len = 0;
	note->msg_hdr = message;
	if (sendmmsg(fd, note, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -1;
	return (ssize_t)note->msg_len;
}

ssize_t kernel_send_packet(int fd, const void *bytes, size_t size, const int32_t *descriptors, int32_t count)
{
	return send_packet(fd, bytes, size, descriptors, count, NULL);
}

ssize_t kernel_send_packet_noting(int fd, const void *bytes, size_t size, const int32_t *descriptors, int32_t count, void *note)
{
	return send_packet(fd, bytes, size, descriptors, count, note);
}

int kernel_packet_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int kernel_shut(int fd)
{
	return shutdown(fd, SHUT_RDWR);
}

int kernel_end_sending(int fd)
{
	return shutdown(fd, SHUT_WR);
}

int kernel_duplicate(int fd, int floor)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, floor);
}

static int memory_file(const char *name)
{
	/* Kernels before 6.3 do not know that flag (memfd_create(2)). */
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int keep_error(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int kernel_shared_file(const char *name, size_t size)
{
	int fd = memory_file(name);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return keep_error(fd);
	return fd;
}

int kernel_sealed_file(const char *name, const void *bytes, size_t size)
{
	int fd = memory_file(name);
	size_t done = 0;

	if (fd < 0)
		return -1;
	while (done < size) {
		ssize_t count = pwrite(fd, (const char *)bytes + done, size - done, (off_t)done);

		if (count <= 0)
			return keep_error(fd);
		done += (size_t)count;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return keep_error(fd);
	return fd;
}

ssize_t kernel_sealed_read(int fd, void *buffer, size_t size)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Only a memory file has seals: no pipe and no file system that could keep us waiting. */
	if (seals < 0)
		return -1;
	if ((seals & wanted) != wanted) {
		errno = EINVAL;
		return -1;
	}
	return pread(fd, buffer, size, 0);
}

void *kernel_map_shared(int fd, size_t size, int writable)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *start;

	if (seals < 0 || fstat(fd, &st) < 0)
		return NULL;
	/* A file that shrinks under a mapping is a SIGBUS (mmap(2)). */
	if (!(seals & F_SEAL_SHRINK) || st.st_size < 0 || (size_t)st.st_size != size) {
		errno = EINVAL;
		return NULL;
	}
	start = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	return start == MAP_FAILED ? NULL : start;
}

void kernel_unmap(void *start, size_t size)
{
	munmap(start, size);
}
