/* Mounts, races and odd files for tests of what works beneath a directory. */
#ifndef MOUNT_PROBE_H
#define MOUNT_PROBE_H

#include <stdint.h>
#include <sys/types.h>

/* MOUNT_ATTR_* of mount_setattr(2). */
enum { PROBE_READ_ONLY = 1, PROBE_NO_SETID = 2, PROBE_NO_DEVICES = 4, PROBE_NO_EXEC = 8 };

/*
 * A detached mount of its own of the directory or file, with these attributes, as an O_PATH descriptor. An ordinary user gets it
 * from a child in a user namespace. -1 with errno.
 */
int probe_mount(const char *path, uint64_t attributes);

/* The same with an empty file system mounted on the directory `inner` beneath it. */
int probe_mount_with_mount(const char *path, const char *inner, uint64_t attributes);

/* A child that exchanges the two paths again and again, for 20 seconds at most. Its pid, or -1. */
pid_t probe_exchange(const char *a, const char *b);
/* Kills and reaps it. */
void probe_end(pid_t child);

/* Whether F_GET_SEALS has all of: shrink, grow, write, seal. */
int probe_is_sealed(int fd);
/* A memory file without seals, for reading only. */
int probe_unsealed(void);
/* fcntl(2) that Swift cannot call: F_SETFL. 0 or errno. */
int probe_set_flags(int fd, int flags);
int probe_get_flags(int fd);
/* An O_PATH descriptor, close-on-exec; without following a link at the end. */
int probe_path(const char *path);
/* What openat(2) says without any protection: 0 or errno; the first byte of the file in *byte. */
int probe_plain_open(int root, const char *path, char *byte);
/* 0 or errno of: writing one byte at 0; ftruncate to 0; fchmod 0777; a shared writable mapping. */
int probe_change(int fd);
int probe_truncate(int fd);
int probe_chmod(int fd);
int probe_map_writable(int fd);
int probe_map_executable(int fd);
/* 0 or errno of opening /proc/self/fd/N with the open(2) flags. */
int probe_reopen(int fd, int flags);

#endif
