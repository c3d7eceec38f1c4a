/* Sockets that are handed to an app live in the machine's network: what it may do with them is fixed before it gets them. */
#include "driver_sockets.h"

#include "socket_address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DATAGRAM_BYTES 65536

#ifndef SO_LOCK_FILTER
#define SO_LOCK_FILTER 44
#endif

static int fail(int fd, int number)
{
	if (fd >= 0)
		close(fd);
	errno = number;
	return -1;
}

static uint32_t word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int lock(int fd, struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { (unsigned short)count, code };
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one));
}

/* The filter sees the TCP header; SKF_NET_OFF is the IP header (Documentation/networking/filter.rst). */
static int lock_to_peer(int fd, const struct driver_peer *peer)
{
	struct sock_filter code[16];
	size_t words = peer->size / 4, last = 2 + 2 * words, count = 0, i;
	uint32_t source = (uint32_t)SKF_NET_OFF + (peer->size == 4 ? 12 : 8);

	/* A jump goes to the last instruction, which drops, counted from the one behind the jump. */
	code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0);
	code[count] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, peer->port, 0, (uint8_t)(last - count));
	count++;
	for (i = 0; i < words; i++) {
		code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, source + (uint32_t)(4 * i));
		code[count] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word(peer->bytes + 4 * i), 0,
							   (uint8_t)(last - count));
		count++;
	}
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
	code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return lock(fd, code, count);
}

int driver_keep_from_connecting(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* the flags (RFC 9293, 3.1): SYN 2, ACK 16 */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};

	return lock(fd, code, sizeof(code) / sizeof(code[0]));
}

enum bond { BOND_NONE, BOND_IF_POSSIBLE, BOND_REQUIRED };

static int begin(const struct driver_peer *peer, int type, enum bond bond)
{
	union socket_address address;
	socklen_t size = internet_address(&address, peer);
	int fd;

	if (size == 0)
		return fail(-1, EAFNOSUPPORT);
	fd = socket(address.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bond != BOND_NONE && lock_to_peer(fd, peer) < 0 && (bond == BOND_REQUIRED || errno != EPERM))
		return fail(fd, errno);
	if (connect(fd, &address.any, size) < 0 && errno != EINPROGRESS)
		return fail(fd, errno);
	return fd;
}

int driver_connect_tcp(const struct driver_peer *peer, int required)
{
	return begin(peer, SOCK_STREAM, required ? BOND_REQUIRED : BOND_IF_POSSIBLE);
}

int driver_connect_stream(const struct driver_peer *peer)
{
	return begin(peer, SOCK_STREAM, BOND_NONE);
}

int driver_connect_udp(const struct driver_peer *peer)
{
	return begin(peer, SOCK_DGRAM, BOND_NONE);
}

static int block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

int driver_connected(int fd)
{
	struct pollfd door = { fd, POLLOUT, 0 };
	union socket_address peer;
	socklen_t size = sizeof(peer);
	int number = 0;
	socklen_t number_size = sizeof(number);

	if (poll(&door, 1, 0) < 0)
		return errno == EINTR ? EINPROGRESS : errno;
	if (!door.revents)
		return EINPROGRESS;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &number_size) < 0)
		return errno;
	if (number != 0)
		return number;
	if (getpeername(fd, &peer.any, &size) < 0)
		return errno;
	return block(fd) < 0 ? errno : 0;
}

static int place(const struct driver_peer *at, int type, uint16_t *port)
{
	union socket_address address;
	socklen_t size = internet_address(&address, at);
	int fd, one = 1;

	if (size == 0)
		return fail(-1, EAFNOSUPPORT);
	fd = socket(address.any.sa_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* For UDP it would let two programs have one port. */
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return fail(fd, errno);
	if (at->size == 16 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return fail(fd, errno);
	if (bind(fd, &address.any, size) < 0 || getsockname(fd, &address.any, &size) < 0)
		return fail(fd, errno);
	*port = ntohs(at->size == 4 ? address.four.sin_port : address.six.sin6_port);
	return fd;
}

int driver_listen_tcp(const struct driver_peer *at, int backlog, int required, uint16_t *port)
{
	int fd = place(at, SOCK_STREAM, port);

	if (fd < 0)
		return -1;
	if (driver_keep_from_connecting(fd) < 0 && (required || errno != EPERM))
		return fail(fd, errno);
	if (listen(fd, backlog) < 0)
		return fail(fd, errno);
	return fd;
}

int driver_bind_udp(const struct driver_peer *at, uint16_t *port)
{
	return place(at, SOCK_DGRAM, port);
}

int driver_connect_unix(int path)
{
	union socket_address address = { 0 };
	int fd;

	address.local.sun_family = AF_UNIX;
	snprintf(address.local.sun_path, sizeof(address.local.sun_path), "/proc/self/fd/%d", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* At once, or not: a Unix socket does not connect in the background. */
	if (connect(fd, &address.any, sizeof(address.local)) < 0 || block(fd) < 0)
		return fail(fd, errno);
	return fd;
}

int driver_listen_unix(int directory, const void *name, size_t size, int backlog)
{
	union socket_address address = { 0 };
	int fd, used;

	address.local.sun_family = AF_UNIX;
	used = snprintf(address.local.sun_path, sizeof(address.local.sun_path), "/proc/self/fd/%d/", directory);
	if (size == 0 || memchr(name, 0, size) || memchr(name, '/', size))
		return fail(-1, EINVAL);
	if ((size_t)used + size >= sizeof(address.local.sun_path))
		return fail(-1, ENAMETOOLONG);
	memcpy(address.local.sun_path + used, name, size);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* bind(2) makes the name and follows no link there. */
	if (bind(fd, &address.any, sizeof(address.local)) < 0 || listen(fd, backlog) < 0)
		return fail(fd, errno);
	return fd;
}

int driver_datagram_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static int hung_up(int fd)
{
	struct pollfd door = { fd, 0, 0 };

	return poll(&door, 1, 0) > 0 && door.revents & (POLLHUP | POLLNVAL);
}

int driver_relay(int from, int to, int budget)
{
	static unsigned char datagram[DATAGRAM_BYTES]; /* the broker has one thread */

	while (budget-- > 0) {
		ssize_t size = recv(from, datagram, sizeof(datagram), MSG_DONTWAIT);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		/* What ICMP said of an earlier datagram: the next one may arrive. */
		if (size < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH))
			continue;
		if (size < 0)
			return -1;
		if (size == 0 && hung_up(from)) /* and not an empty datagram */
			return fail(-1, EPIPE);
		if (send(to, datagram, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE)
			return -1;
	}
	return 1;
}

ssize_t driver_send(int fd, const void *bytes, size_t size)
{
	return send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t driver_receive(int fd, void *bytes, size_t size)
{
	return recv(fd, bytes, size, MSG_DONTWAIT);
}
