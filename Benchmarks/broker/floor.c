/*
 * The floor of the broker's benchmark: the least a C program does to answer the same requests with the same bytes.
 *
 *     floor [--alike] DIRECTORY PROGRAM [ARGUMENTS...]
 *
 * Starts PROGRAM with one end of a socket pair and answers on the other: hello, door.open, file.open beneath DIRECTORY.
 * One epoll loop, one message at a time, openat2(2) beneath the directory; no grants, no record, no ledger, no limits.
 *
 * With --alike it does what is asked of a broker: each request is in a journal in shared memory before it is done, and in a ring of
 * records with its two times before its reply leaves; each descriptor is of a regular file, without O_NONBLOCK, and in a ledger.
 * It decides nothing, and nothing goes on after its death.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 1, DOOR_OPEN = 6, FILE_OPEN = 16, MESSAGE = 4096, HEADER = 16 };

static int loop, root, doors;

struct record {
	_Atomic uint64_t number;
	uint64_t serial, time;
	uint32_t took, id, what, status;
	uint64_t device, inode;
	char subject[72];
};

/* Nil: without --alike. */
static struct book {
	struct record journal, ring[4096];
	struct {
		_Atomic uint64_t handle;
		uint64_t time, device, inode, serial, rest[3];
	} ledger[1024];
} *book;
static uint64_t serial, handles;

static uint64_t microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void put(unsigned char *at, uint64_t value, int width)
{
	while (width-- > 0) {
		*at++ = (unsigned char)value;
		value >>= 8;
	}
}

static uint32_t take(const unsigned char *at, int width)
{
	uint32_t value = 0;

	while (width-- > 0)
		value = value << 8 | at[width];
	return value;
}

static void watch(int door)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .fd = door } };

	if (epoll_ctl(loop, EPOLL_CTL_ADD, door, &event) == 0)
		doors++;
}

static int new_door(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	watch(ends[0]);
	return ends[1];
}

static int open_file(unsigned char *in, size_t size)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };
	size_t length;

	if (size < HEADER + 12 || (length = take(in + HEADER + 10, 2)) + HEADER + 12 != size)
		return -EINVAL;
	in[size] = 0;
	return (int)syscall(SYS_openat2, root, in + HEADER + 12, &how, sizeof(how));
}

/* A request is being dealt with. */
static void begin(const unsigned char *in, size_t size)
{
	size_t length = size - HEADER < sizeof(book->journal.subject) ? size - HEADER : sizeof(book->journal.subject);

	if (!book)
		return;
	book->journal.serial = ++serial;
	book->journal.time = microseconds();
	book->journal.id = take(in + 4, 4);
	book->journal.what = take(in, 2);
	memcpy(book->journal.subject, in + HEADER, length);
	atomic_store_explicit(&book->journal.number, serial, memory_order_release);
}

/* It has been dealt with. */
static void end(int status)
{
	struct record *record;
	uint64_t now;

	if (!book)
		return;
	now = microseconds();
	record = &book->ring[serial % 4096];
	atomic_store_explicit(&record->number, 0, memory_order_release);
	atomic_thread_fence(memory_order_acq_rel);
	memcpy((char *)record + 8, (char *)&book->journal + 8, sizeof(*record) - 8);
	record->took = (uint32_t)(now - record->time);
	record->status = (uint32_t)status;
	atomic_store_explicit(&record->number, serial, memory_order_release);
}

/* What may be handed out, without O_NONBLOCK, and written down. */
static int handed_out(int fd)
{
	struct stat st;
	uint64_t slot = handles % 1024;

	if (!book || fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fcntl(fd, F_SETFL, 0) < 0) {
		close(fd);
		errno = EOPNOTSUPP;
		return -1;
	}
	atomic_store_explicit(&book->ledger[slot].handle, 0, memory_order_release);
	book->ledger[slot].time = book->journal.time;
	book->ledger[slot].device = st.st_dev;
	book->ledger[slot].inode = st.st_ino;
	book->ledger[slot].serial = serial;
	atomic_store_explicit(&book->ledger[slot].handle, ++handles, memory_order_release);
	return fd;
}

static void answer(int door, const unsigned char *in, const void *body, size_t size, int status, int fd)
{
	unsigned char out[256] = { 0 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { out, HEADER + 6 + (status ? 0 : size) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	end(status);
	put(out, take(in, 2) | 0x8000, 2);
	memcpy(out + 4, in + 4, 4);
	put(out + 8, iov.iov_len, 4);
	put(out + 12, (uint64_t)status, 4);
	put(out + HEADER + 2, 0xFFFF, 2);
	if (!status && size)
		memcpy(out + HEADER + 6, body, size);
	if (fd >= 0) {
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	(void)sendmsg(door, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (book)
		atomic_store_explicit(&book->journal.number, 0, memory_order_release);
	if (fd >= 0)
		close(fd);
}

static void serve(int door)
{
	unsigned char in[MESSAGE + 1], body[16] = { 0 };
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { in, MESSAGE };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(door, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (size < 0 && errno == EAGAIN)
		return;
	if (size < HEADER || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || take(in + 8, 4) != size) {
		close(door);
		doors--;
		return;
	}
	begin(in, (size_t)size);
	switch (take(in, 2)) {
	case HELLO:
		put(body, 1, 2);
		put(body + 2, MESSAGE, 2);
		put(body + 4, 16, 2);
		put(body + 6, 64, 2);
		put(body + 8, 1, 2);
		answer(door, in, body, 12, 0, -1);
		break;
	case DOOR_OPEN:
		fd = new_door();
		answer(door, in, NULL, 0, fd < 0 ? EMFILE : 0, fd);
		break;
	case FILE_OPEN:
		fd = handed_out(open_file(in, (size_t)size));
		answer(door, in, body, 4, fd < 0 ? errno : 0, fd);
		break;
	default:
		close(door);
		doors--;
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	int end, i, count, status;
	char number[16];
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "--alike") == 0) {
		book = mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (book == MAP_FAILED)
			return 1;
		argc--;
		argv++;
	}
	if (argc < 3)
		return 2;
	root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	loop = epoll_create1(EPOLL_CLOEXEC);
	end = new_door();
	if (root < 0 || loop < 0 || end < 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		end = dup(end);
		snprintf(number, sizeof(number), "%d", end);
		setenv("ISOLATED_BROKER_FD", number, 1);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	close(end);
	while (doors > 0) {
		count = epoll_wait(loop, events, 64, -1);
		for (i = 0; i < count; i++)
			serve(events[i].data.fd);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
