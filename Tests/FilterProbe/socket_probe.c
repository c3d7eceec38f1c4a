#include "socket_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE sizeof(struct sockaddr_in)

static struct sockaddr_in place(const char *address, uint16_t port)
{
	struct sockaddr_in result = { 0 };

	result.sin_family = AF_INET;
	result.sin_port = htons(port);
	inet_pton(AF_INET, address, &result.sin_addr);
	return result;
}

int probe_serve(const char *address, uint16_t *port, int backlog)
{
	struct sockaddr_in at = place(address, *port);
	socklen_t size = SIZE;
	int fd = socket(AF_INET, (backlog < 0 ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&at, SIZE) < 0 || (backlog >= 0 && listen(fd, backlog) < 0) ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0) {
		close(fd);
		return -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

int probe_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

int probe_connect(const char *address, uint16_t port)
{
	struct sockaddr_in to = place(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		(void)connect(fd, (struct sockaddr *)&to, SIZE);
	return fd;
}

int probe_reconnect(int fd, const char *address, uint16_t port)
{
	struct sockaddr_in to = place(address, port);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct pollfd door = { fd, POLLOUT, 0 };
	int number = 0;
	socklen_t size = sizeof(number);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, &none, sizeof(none)) < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&to, SIZE) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&door, 1, 200) != 1)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
	return number;
}

int probe_send_to(int fd, const char *address, uint16_t port)
{
	struct sockaddr_in to = place(address, port);

	return sendto(fd, "!", 1, MSG_NOSIGNAL, (struct sockaddr *)&to, SIZE) == 1 ? 0 : errno;
}

int probe_remove_filter(int fd)
{
	int none = 0;

	return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)) < 0 ? errno : 0;
}

int probe_ready(int fd, int for_writing)
{
	struct pollfd door = { fd, for_writing ? POLLOUT : POLLIN, 0 };

	return poll(&door, 1, 5000) == 1;
}

long probe_datagram(int fd, void *bytes, unsigned long size, uint16_t *port)
{
	struct sockaddr_in from = { 0 };
	socklen_t from_size = SIZE;
	ssize_t count = recvfrom(fd, bytes, size, MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);

	*port = ntohs(from.sin_port);
	return count;
}

int probe_answer(int fd, const void *bytes, unsigned long size, uint16_t port)
{
	struct sockaddr_in to = place("127.0.0.1", port);

	return sendto(fd, bytes, size, MSG_NOSIGNAL, (struct sockaddr *)&to, SIZE) < 0 ? errno : 0;
}
