/* An address as the kernel wants it, of any family that we make sockets of. */
#ifndef SOCKET_ADDRESS_H
#define SOCKET_ADDRESS_H

#include "driver_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

union socket_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
};

/* The size of the address, or 0 when it is none. */
static inline socklen_t internet_address(union socket_address *address, const struct driver_peer *peer)
{
	memset(address, 0, sizeof(*address));
	if (peer->size == 4) {
		address->four.sin_family = AF_INET;
		address->four.sin_port = htons(peer->port);
		memcpy(&address->four.sin_addr, peer->bytes, 4);
		return sizeof(address->four);
	}
	if (peer->size == 16) {
		address->six.sin6_family = AF_INET6;
		address->six.sin6_port = htons(peer->port);
		memcpy(&address->six.sin6_addr, peer->bytes, 16);
		return sizeof(address->six);
	}
	return 0;
}

#endif
