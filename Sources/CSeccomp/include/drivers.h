/* Kernel calls of the broker's drivers: files beneath a root, sealed memory, device nodes. All return -1 with errno and
 * decide nothing. A path is bytes with a size: no terminating zero, any encoding; a zero among them is EINVAL. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The numbers of the wire (docs/protocol.md). */
enum driver_open_flag {
	DRIVER_OPEN_READ = 1,
	DRIVER_OPEN_WRITE = 2,
	DRIVER_OPEN_CREATE = 4,
	DRIVER_OPEN_EXCLUSIVE = 8,
	DRIVER_OPEN_TRUNCATE = 16,
	DRIVER_OPEN_APPEND = 32,
};

/* What is known of a place: its file, and the mount that it is reached by. */
struct driver_place {
	uint64_t device;
	uint64_t inode;
	uint64_t device_number;
	uint64_t size;
	int64_t modified;     /* seconds */
	uint32_t modified_ns;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t file_system; /* f_type of statfs(2); only from driver_place */
	uint64_t mount_flags; /* KERNEL's ST_*: DRIVER_MOUNT_*; only from driver_place */
};
enum { DRIVER_MOUNT_READ_ONLY = 1, DRIVER_MOUNT_NO_SETID = 2, DRIVER_MOUNT_NO_DEVICES = 4, DRIVER_MOUNT_NO_EXEC = 8 };
#define DRIVER_PROC_FILE_SYSTEM 0x9fa0

/* fstat(2) and fstatfs(2) of a descriptor, O_PATH too. */
int driver_place(int fd, struct driver_place *out);

/* Which file it is. */
struct driver_identity {
	uint64_t device;
	uint64_t inode;
};

/*
 * Opens a regular file beneath the directory `root` (O_PATH) and gives a close-on-exec descriptor. Never leaves the
 * directory, never crosses a mount, never follows a link of /proc; symbolic links only if `links`, and only beneath.
 * Never waits for another process. mode: permission bits of a file that is made; others are dropped.
 * Errors: those of openat2(2) (EXDEV: the path leads out or over a mount; ELOOP: a link), EISDIR for a directory,
 * EOPNOTSUPP for FIFOs, sockets and devices, EINVAL for flags that contradict each other.
 */
int driver_open(int root, const void *path, size_t size, uint32_t flags, uint32_t mode, int links, struct driver_identity *out);
/* The same file again, as a description of its own: fd is an O_PATH descriptor of a regular file. Needs /proc. */
int driver_open_file(int fd, uint32_t flags, struct driver_identity *out);
/* A character or block device: as driver_open_file, READ and WRITE only; ENODEV if it is none or st_rdev differs. */
int driver_open_device(int fd, uint32_t flags, uint64_t device_number);

/* In the next three an empty path is the root itself. */
/* Only fstat's half of driver_place, of what lies at the path; a link itself unless `links`. */
int driver_stat(int root, const void *path, size_t size, int links, struct driver_place *out);
/* O_PATH descriptor of what lies at the path; a link itself unless `links`. */
int driver_locate(int root, const void *path, size_t size, int links);
/* A descriptor to list a directory with: it must never be handed out. */
int driver_open_directory(int root, const void *path, size_t size, int links);

/* The last component of a path is made, removed or renamed; it is never followed. EINVAL if it is empty, . or .. . */
int driver_make_directory(int root, const void *path, size_t size, uint32_t mode, int links);
int driver_remove(int root, const void *path, size_t size, int directory, int links);
int driver_rename(int root, const void *from, size_t from_size, const void *to, size_t to_size, int no_replace, int links);

/* getdents64(2) from a position. Gives the bytes written, 0 at the end. */
ssize_t driver_entries(int directory, uint64_t position, void *buffer, size_t capacity);
struct driver_entry {
	uint64_t next;      /* the position behind it */
	uint8_t type;       /* DT_* */
	size_t name;        /* where it begins in the buffer */
	size_t name_size;
	size_t end;         /* where the next entry begins */
};
/* Reads the entry at `offset` of driver_entries' bytes. 0, or -1 at their end or if they are malformed. */
int driver_entry(const void *buffer, size_t size, size_t offset, struct driver_entry *out);

/* An empty memory file for a secret: not executable, close-on-exec. */
int driver_secret_make(void);
/*
 * Moves what `from` has now into the secret, which holds *filled of at most `limit` bytes. 1: the end was reached; 0: more
 * may come, EAGAIN now. EFBIG beyond the limit. The copy on the stack is wiped.
 */
int driver_secret_take(int secret, int from, size_t limit, size_t *filled);
/* Seals it for ever (size, content, seals) and gives a read-only descriptor at its beginning. Needs /proc. */
int driver_secret_seal(int secret);

/* clock_settime(2) of CLOCK_REALTIME, and what it says now. */
int driver_clock_set(int64_t seconds, uint32_t nanoseconds);
int driver_clock_now(int64_t *seconds, uint32_t *nanoseconds);

#endif
