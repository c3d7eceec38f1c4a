/*
 * Sockets that the daemon opens for an app, and the one on which the app tells it things (sd_notify(3)). All are close-on-exec
 * and return -1 with errno; nothing waits.
 */
#ifndef SERVICE_SOCKETS_H
#define SERVICE_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "driver_sockets.h"

enum service_kind { SERVICE_STREAM, SERVICE_DATAGRAM, SERVICE_SEQUENCED };

/*
 * Bound, and listening unless it takes datagrams. SO_REUSEADDR for streams. IPv6 alone, unless `both`: then IPv4 too. The
 * descriptor blocks, as an app expects. A stream, and what is accepted from it, has the filter of driver_listen_tcp if possible.
 */
int service_listen_internet(const struct driver_peer *at, enum service_kind kind, int both, int backlog);

/* The socket's file: to know it again. */
struct service_file {
	uint64_t device;
	uint64_t inode;
};
/*
 * The same for a path, or (`name` begins with '@') for a name in the abstract space. The file has that mode whatever the umask.
 * EADDRINUSE: something is there.
 */
int service_listen_local(const char *name, size_t size, enum service_kind kind, uint32_t mode, int backlog, struct service_file *file);
/* 0: nobody answers there. 1: somebody does, or it cannot be known. */
int service_is_answered(const char *path, size_t size, enum service_kind kind);
/* Removes the socket file of this user there if it is that one (NULL: any). ESTALE: it is another, or no socket of ours. */
int service_remove_file(const char *path, const struct service_file *file);

/* A bound datagram socket as a file of that directory, mode 0666, in place of one of ours that is there. Does not block. */
int service_notify_socket(int directory, const char *name);
/* 1: nobody is at the other end of what this descriptor names, ever again. */
int service_is_hung_up(int fd);
/* 1: a socket that was bound here was shut for receiving (shutdown(2)): it takes nobody any more. */
int service_is_shut(int fd);
/* 1: both name one open file description. 0: not, or the kernel cannot say (kcmp(2)). */
int service_is_same(int one, int other);

#endif
