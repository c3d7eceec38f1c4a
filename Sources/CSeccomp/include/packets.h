/*
 * SOCK_SEQPACKET sockets with descriptors (unix(7)), and memory that two processes share. All return -1 with errno, wait for
 * nothing and retry nothing.
 */
#ifndef PACKETS_H
#define PACKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* With one message; what comes beyond is closed, and packet_received.flags say so. */
#define PACKET_DESCRIPTORS 16
/* Of which the kernel passes no more with one message (SCM_MAX_FD, unix(7)). */
#define PACKET_MOST 253

enum { PACKET_CUT = 1, PACKET_DESCRIPTORS_LOST = 2 };

struct packet_received {
	int32_t count; /* of the descriptors */
	int32_t flags; /* PACKET_CUT: longer than the buffer; PACKET_DESCRIPTORS_LOST: more than we take, or no room for them */
	int32_t descriptors[PACKET_DESCRIPTORS]; /* close-on-exec; the caller's */
};

/* One packet, without waiting. Returns its size in the buffer; 0: the peer has closed, or sent an empty one. EAGAIN: there is none. */
ssize_t kernel_receive_packet(int fd, void *buffer, size_t size, struct packet_received *out);
/* The same; what is beyond PACKET_DESCRIPTORS is not closed but given, `*count` of at most PACKET_MOST, also for none received. */
ssize_t kernel_receive_packet_whole(int fd, void *buffer, size_t size, struct packet_received *out, int *more,
				    size_t *count);
/* One packet, without waiting and without SIGPIPE. EAGAIN: the peer does not read. */
ssize_t kernel_send_packet(int fd, const void *bytes, size_t size, const int32_t *descriptors, int32_t count);
/*
 * The same by sendmmsg(2), which writes into `note`, before it returns, how many bytes were sent: in memory that outlives this
 * process, it is known there whether a packet left, whenever the process was killed. Starts with 0 there. Of PACKET_NOTE bytes,
 * aligned to 8; the number is the 32-bit word at PACKET_NOTE_SENT.
 */
ssize_t kernel_send_packet_noting(int fd, const void *bytes, size_t size, const int32_t *descriptors, int32_t count, void *note);
enum { PACKET_NOTE = 64, PACKET_NOTE_SENT = 56 };

/* Both ends close-on-exec and not blocking. */
int kernel_packet_pair(int ends[2]);
/* shutdown(2), both ways. */
int kernel_shut(int fd);
/* shutdown(2) of what this end sends. */
int kernel_end_sending(int fd);
/* A duplicate at this number or above, close-on-exec. */
int kernel_duplicate(int fd, int floor);

/* A memory file of that size; sealed against growing and shrinking (memfd_create(2)). */
int kernel_shared_file(const char *name, size_t size);
/* The same with content, sealed for good. */
int kernel_sealed_file(const char *name, const void *bytes, size_t size);
/* Maps a shared file if it has that size and is sealed against shrinking; NULL with errno. */
/* The beginning of a sealed memory file that another process made. Its size, or -1 with errno: EINVAL when it is not sealed. */
ssize_t kernel_sealed_read(int fd, void *buffer, size_t size);
void *kernel_map_shared(int fd, size_t size, int writable);
void kernel_unmap(void *start, size_t size);

#endif
