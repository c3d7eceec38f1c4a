/* Sockets of the broker's network driver. All are close-on-exec and return -1 with errno; none waits. */
#ifndef DRIVER_SOCKETS_H
#define DRIVER_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An IPv4 (size 4) or IPv6 (size 16) address in network order, and a port. */
struct driver_peer {
	uint8_t bytes[16];
	uint16_t size;
	uint16_t port;
};

/*
 * A TCP socket that is connecting to the peer. Before it begins, a filter is attached and locked for ever: only segments that come
 * from this peer are taken. Who gets the socket can dissolve the connection (connect(2), AF_UNSPEC) and begin another one, but no
 * answer from elsewhere ever arrives, so none is established. Some kernels (seen: 6.18) let only CAP_NET_ADMIN attach a
 * filter to a TCP socket: EPERM if the filter is required, else the socket is without one.
 */
int driver_connect_tcp(const struct driver_peer *peer, int required);
/* 0: connected, and the descriptor blocks from now on, as an app expects. The errno of the attempt; EINPROGRESS: not yet. */
int driver_connected(int fd);
/* A UDP socket that is connected to the peer, not blocking. It must never be handed out: sendto(2) names any peer. */
int driver_connect_udp(const struct driver_peer *peer);
/* A TCP connection that is being made, not blocking, without a filter: for our own use. */
int driver_connect_stream(const struct driver_peer *peer);

/*
 * A listening TCP socket (SO_REUSEADDR; IPv6 only where the address is IPv6), with a filter that is locked for ever and drops what
 * answers a connection of ours (SYN and ACK): it, and what is accepted from it, is no way to connect elsewhere. *port: the port.
 * required: as above.
 */
int driver_listen_tcp(const struct driver_peer *at, int backlog, int required, uint16_t *port);
/* That filter by itself. EPERM: this kernel does not let us. */
int driver_keep_from_connecting(int fd);
/* A bound UDP socket. It answers whom its holder likes. */
int driver_bind_udp(const struct driver_peer *at, uint16_t *port);

/* Connects to the Unix stream socket that an O_PATH descriptor names; EAGAIN: its backlog is full. Needs /proc. */
int driver_connect_unix(int place);
/* A listening Unix stream socket, made in the directory of an O_PATH descriptor. EADDRINUSE: something lies there. Needs /proc. */
int driver_listen_unix(int directory, const void *name, size_t size, int backlog);

/* Two ends of a channel for datagrams (SOCK_SEQPACKET); only the second one blocks. */
int driver_datagram_pair(int ends[2]);
/* Moves at most `budget` datagrams, dropping those for which there is no room. 1: more may wait; 0: nothing now; -1 with errno:
 * EPIPE when the end is closed. */
int driver_relay(int from, int to, int budget);

/* send(2) and recv(2) without waiting and SIGPIPE. */
ssize_t driver_send(int fd, const void *bytes, size_t size);
ssize_t driver_receive(int fd, void *bytes, size_t size);

#endif
