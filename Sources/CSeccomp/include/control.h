/*
 * Stream sockets with a name (unix(7)), for operators. All return -1 with errno and retry nothing. Descriptors are
 * close-on-exec and do not block unless it says so.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A directory for this user alone, made with mode 0700 if it is missing; EPERM: it belongs to another, or others may enter it. */
int kernel_private_directory(int parent, const char *name);
/* An existing directory, links refused at its last name; *owner gets its owner, *mode its permissions. */
int kernel_open_directory(const char *path, uint32_t *owner, uint32_t *mode);

/* Binds and listens as a file of that directory, for this user alone. EADDRINUSE: the name is taken. */
int kernel_control_listen(int directory, const char *name);
/* Gives a socket's file, made by this user, to a group, and that mode. EPERM: its file would let in others as well. */
int kernel_control_share(int directory, const char *name, unsigned group, unsigned mode);
int kernel_control_accept(int listener);
/* Waits as long as the listener has no room, at most that many milliseconds. The socket then blocks, each read and write so long too. */
int kernel_control_connect(int directory, const char *name, int timeout_ms);

struct control_peer {
	int32_t pid; /* 0: not visible from here */
	uint32_t uid;
	int32_t pidfd; /* of the very process that connected, or -1: this kernel does not tell (before 6.5), or it is gone */
	int32_t has_pidfd; /* 0: this kernel does not tell */
};
int kernel_control_peer(int fd, struct control_peer *out);
/* 1: the process of a pidfd has not ended. */
int kernel_is_alive(int pidfd);

ssize_t kernel_control_send(int fd, const void *bytes, size_t size); /* without SIGPIPE */

#endif
