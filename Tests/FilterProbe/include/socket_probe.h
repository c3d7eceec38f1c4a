/* Sockets for tests of those that are handed out: IPv4 only, on 127.0.0.0/8. */
#ifndef SOCKET_PROBE_H
#define SOCKET_PROBE_H

#include <stdint.h>

/* A listening TCP socket (backlog 0 or more) or a bound UDP one (backlog -1), not blocking. *port 0: any, and set. -1 with errno. */
int probe_serve(const char *address, uint16_t *port, int backlog);
/* Accepts what waits, or -1. */
int probe_accept(int listener);
/* A TCP socket that is connecting to the place, whatever comes of it. */
int probe_connect(const char *address, uint16_t port);
/* Dissolves a socket's connection and connects it elsewhere: 0: established within 200 ms; ETIMEDOUT; or errno. */
int probe_reconnect(int fd, const char *address, uint16_t port);
/* 0 or errno of sendto(2) with one byte. */
int probe_send_to(int fd, const char *address, uint16_t port);
/* 0 or errno of taking the socket's filter off. */
int probe_remove_filter(int fd);
/* Waits at most 5 s until the descriptor can be read (or written). 1: it can. */
int probe_ready(int fd, int for_writing);
/* The sender's port of the next datagram, whose bytes are put into the buffer. Returns its size, or -1. */
long probe_datagram(int fd, void *bytes, unsigned long size, uint16_t *port);
/* Sends a datagram to a port of 127.0.0.1. 0 or errno. */
int probe_answer(int fd, const void *bytes, unsigned long size, uint16_t port);

#endif
