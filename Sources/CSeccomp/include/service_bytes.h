/* Bytes of logs, fast: nothing here allocates. And the files and the socket they go to. All return -1 with errno. */
#ifndef SERVICE_BYTES_H
#define SERVICE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where the next newline is, or `size`. */
size_t service_find_newline(const uint8_t *bytes, size_t size);
/* 1: a control byte other than a tab is among them. */
int service_has_control(const uint8_t *bytes, size_t size);

/* A file of that directory to append to, made with that mode; links are refused. EPERM: it is not ours, or no regular file. */
int service_open_log(int directory, const char *name, uint32_t mode, uint64_t *size);
/* Reads what is there now. 0: the end. */
ssize_t service_read(int fd, void *buffer, size_t size);
ssize_t service_read_at(int fd, void *buffer, size_t size, uint64_t offset);
ssize_t service_write(int fd, const void *bytes, size_t size);
int64_t service_wall_us(void); /* CLOCK_REALTIME */

/* A datagram socket for service_send_to. Does not block. */
int service_datagram_socket(void);
/* One datagram to the socket at a path, or at "@name" in the abstract space, with that descriptor or -1. EAGAIN: it does not read. EMSGSIZE: too large. */
int service_send_to(int fd, const char *path, const void *bytes, size_t size, int passed);

/* An inotify(7) descriptor, close-on-exec and not blocking: readable when a file of that directory was written, made or renamed. */
int service_watch(int directory);

#endif
