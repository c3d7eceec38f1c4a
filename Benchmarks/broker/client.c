/*
 * The app of the broker's benchmark: asks on the socket in ISOLATED_BROKER_FD, the same bytes whoever answers.
 *
 *     client rtt COUNT            p50 of a request that does nothing (hello), in nanoseconds
 *     client open COUNT PATH      p50 of an open with its descriptor received and closed, in nanoseconds
 *     client fleet CLIENTS COUNT PATH  CLIENTS processes with a socket each, COUNT opens of PATH by each: requests a second
 *     client gap SECONDS          asks all the time, prints when it asked (CLOCK_MONOTONIC) and how long the reply took, in
 *                                 nanoseconds, for every reply that took more than 0.1 ms
 *
 * See docs/protocol.md.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 1, DOOR_OPEN = 6, FILE_OPEN = 16, MESSAGE = 4096, READ = 1 };

static uint32_t last_id;
static uint32_t last_status;

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

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One request and its reply. Returns the descriptor that came, or -1; last_status is set. */
static int ask(int door, unsigned opcode, const unsigned char *body, size_t size)
{
	unsigned char out[MESSAGE] = { 0 }, in[MESSAGE];
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { in, sizeof(in) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head;
	ssize_t got;
	int fd = -1;

	put(out, opcode, 2);
	put(out + 4, ++last_id, 4);
	put(out + 8, 16 + size, 4);
	if (size)
		memcpy(out + 16, body, size);
	if (send(door, out, 16 + size, MSG_NOSIGNAL) < 0)
		die("send");
	got = recvmsg(door, &message, MSG_CMSG_CLOEXEC);
	if (got < 16)
		die("recvmsg");
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	if (take(in, 2) != (opcode | 0x8000) || take(in + 4, 4) != last_id) {
		fprintf(stderr, "client: a reply to something else\n");
		exit(1);
	}
	last_status = take(in + 12, 4);
	return fd;
}

static void hello(int door)
{
	unsigned char body[6];

	put(body, 1, 2);
	put(body + 2, 1, 2);
	put(body + 4, 0xFFFF, 2); /* no grants to list: the least a request can do */
	(void)ask(door, HELLO, body, sizeof(body));
}

static void open_file(int door, const char *path)
{
	unsigned char body[MESSAGE - 16];
	size_t length = strlen(path);
	int fd;

	put(body, 0, 2);
	put(body + 2, READ, 4);
	put(body + 6, 0, 4);
	put(body + 10, length, 2);
	memcpy(body + 12, path, length);
	fd = ask(door, FILE_OPEN, body, 12 + length);
	if (fd < 0) {
		fprintf(stderr, "client: open %s: status %u\n", path, last_status);
		exit(1);
	}
	close(fd);
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void one_by_one(int door, long count, const char *path)
{
	int64_t *times = calloc((size_t)count, sizeof(*times)), before;
	long i;

	if (!times || count < 1)
		exit(1);
	for (i = -count / 10; i < count; i++) {
		before = now();
		if (path)
			open_file(door, path);
		else
			hello(door);
		if (i >= 0)
			times[i] = now() - before;
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("%lld\n", (long long)times[count / 2]);
}

static void fleet(int door, int clients, long count, const char *path)
{
	int doors[128], ready[2], go[2], i, status;
	int64_t before;
	char byte;

	if (clients < 1 || clients > 100 || pipe(ready) || pipe(go))
		exit(1);
	for (i = 0; i < clients; i++) {
		doors[i] = ask(door, DOOR_OPEN, NULL, 0);
		if (doors[i] < 0) {
			fprintf(stderr, "client: door %d: status %u\n", i, last_status);
			exit(1);
		}
	}
	for (i = 0; i < clients; i++) {
		if (fork() == 0) {
			long n;

			close(go[1]);
			hello(doors[i]);
			if (write(ready[1], "r", 1) != 1 || read(go[0], &byte, 1) != 0)
				_exit(1);
			for (n = 0; n < count; n++)
				open_file(doors[i], path);
			_exit(0);
		}
	}
	for (i = 0; i < clients; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("read");
	before = now();
	close(go[1]);
	for (i = 0; i < clients; i++)
		if (wait(&status) < 0 || status != 0) {
			fprintf(stderr, "client: one of the fleet failed\n");
			exit(1);
		}
	printf("%.0f\n", clients * count / ((now() - before) / 1e9));
}

static void gap(int door, double seconds)
{
	static int64_t slow[4096][2];
	int64_t end = now() + (int64_t)(seconds * 1e9), before, took;
	int i, count = 0;

	while ((before = now()) < end && count < 4096) {
		hello(door);
		took = now() - before;
		if (took > 100000) {
			slow[count][0] = before;
			slow[count++][1] = took;
		}
	}
	for (i = 0; i < count; i++)
		printf("%lld %lld\n", (long long)slow[i][0], (long long)slow[i][1]);
}

int main(int argc, char **argv)
{
	const char *number = getenv("ISOLATED_BROKER_FD");
	int door = number ? atoi(number) : -1;

	if (door < 0 || argc < 3) {
		fprintf(stderr, "client: no broker, or no task\n");
		return 2;
	}
	hello(door);
	if (strcmp(argv[1], "rtt") == 0)
		one_by_one(door, atol(argv[2]), NULL);
	else if (strcmp(argv[1], "open") == 0 && argc > 3)
		one_by_one(door, atol(argv[2]), argv[3]);
	else if (strcmp(argv[1], "fleet") == 0 && argc > 4)
		fleet(door, atoi(argv[2]), atol(argv[3]), argv[4]);
	else if (strcmp(argv[1], "gap") == 0)
		gap(door, atof(argv[2]));
	else
		return 2;
	return 0;
}
