/* Files beneath a root, sealed memory, device nodes: for the broker's drivers. */
#include "drivers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* Linux 6.3 */
#endif

#define PATH_BYTES 4096 /* PATH_MAX: the kernel takes no longer one */
/* openat2 says EAGAIN when a rename anywhere raced with a "..": another try, but not for ever. */
#define RACES 64

struct text {
	char bytes[PATH_BYTES];
};

static int copy_path(struct text *text, const void *path, size_t size)
{
	if (size >= sizeof(text->bytes)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (size > 0 && memchr(path, 0, size)) {
		errno = EINVAL;
		return -1;
	}
	if (size > 0)
		memcpy(text->bytes, path, size);
	text->bytes[size] = 0;
	return 0;
}

static int beneath(int root, const char *path, uint64_t flags, uint32_t mode, int links)
{
	struct open_how how = { 0 };
	int fd, race;

	how.flags = flags | O_CLOEXEC;
	how.mode = flags & O_CREAT ? mode & 0777 : 0;
	/*
	 * NO_XDEV: what was verified when the root was opened (read-only, no devices, no set-id) holds for that mount only.
	 * NO_MAGICLINKS is implied by NO_SYMLINKS, not by BENEATH.
	 */
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | (links ? 0 : RESOLVE_NO_SYMLINKS);
	for (race = 0;; race++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN || race == RACES)
			return fd;
	}
}

static int open_flags(uint32_t flags)
{
	int writes = flags & DRIVER_OPEN_WRITE, result;

	if (!(flags & (DRIVER_OPEN_READ | DRIVER_OPEN_WRITE)) || flags > 2 * DRIVER_OPEN_APPEND - 1)
		return -1;
	/* O_RDONLY | O_TRUNC truncates (open(2)); what only reads must change nothing. */
	if (!writes && flags & (DRIVER_OPEN_CREATE | DRIVER_OPEN_TRUNCATE | DRIVER_OPEN_APPEND))
		return -1;
	if (flags & DRIVER_OPEN_EXCLUSIVE && !(flags & DRIVER_OPEN_CREATE))
		return -1;
	result = writes ? (flags & DRIVER_OPEN_READ ? O_RDWR : O_WRONLY) : O_RDONLY;
	/* O_NONBLOCK: a FIFO, or somebody's lease on the file, must not make us wait. */
	return result | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (flags & DRIVER_OPEN_CREATE ? O_CREAT : 0) |
	       (flags & DRIVER_OPEN_EXCLUSIVE ? O_EXCL : 0) | (flags & DRIVER_OPEN_TRUNCATE ? O_TRUNC : 0) |
	       (flags & DRIVER_OPEN_APPEND ? O_APPEND : 0);
}

static int fail(int fd, int number)
{
	if (fd >= 0)
		close(fd);
	errno = number;
	return -1;
}

/* Hands the descriptor on if it is of a regular file, with the status flags of an ordinary open; says which file it is. */
static int regular(int fd, int flags, struct driver_identity *out)
{
	struct stat st;

	if (fd < 0) /* ENXIO: a socket; a FIFO that nobody reads; a device without a driver (open(2)) */
		return errno == ENXIO ? fail(-1, EOPNOTSUPP) : -1;
	if (fstat(fd, &st) < 0)
		return fail(fd, errno);
	if (S_ISDIR(st.st_mode))
		return fail(fd, EISDIR);
	if (!S_ISREG(st.st_mode))
		return fail(fd, EOPNOTSUPP);
	/* write(2) takes set-id bits away; a shared mapping changes the program and leaves them. */
	if ((flags & O_ACCMODE) != O_RDONLY && st.st_mode & (S_ISUID | S_ISGID))
		return fail(fd, EPERM);
	/* O_APPEND is the only one of ours that F_SETFL changes beside the O_NONBLOCK that goes (fcntl(2)). */
	if (fcntl(fd, F_SETFL, flags & O_APPEND) < 0)
		return fail(fd, errno);
	out->device = st.st_dev;
	out->inode = st.st_ino;
	return fd;
}

/* What an O_PATH descriptor names, opened again: by the link of /proc, which leads to this very inode and mount. */
static int again(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

int driver_open(int root, const void *path, size_t size, uint32_t flags, uint32_t mode, int links, struct driver_identity *out)
{
	struct text text;
	int native = open_flags(flags);

	if (native < 0)
		return fail(-1, EINVAL);
	if (copy_path(&text, path, size) < 0)
		return -1;
	return regular(beneath(root, text.bytes, (uint64_t)native, mode, links), native, out);
}

int driver_open_file(int fd, uint32_t flags, struct driver_identity *out)
{
	int native = open_flags(flags);
	struct stat st;

	/* It is there: there is nothing to make, and exclusive cannot come true. */
	if (native < 0)
		return fail(-1, EINVAL);
	if (flags & DRIVER_OPEN_EXCLUSIVE)
		return fail(-1, EEXIST);
	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		return fail(-1, S_ISDIR(st.st_mode) ? EISDIR : EOPNOTSUPP);
	return regular(again(fd, native & ~O_CREAT), native, out);
}

int driver_open_device(int fd, uint32_t flags, uint64_t device_number)
{
	struct stat st;
	int opened, native = open_flags(flags);

	if (native < 0 || flags & ~(uint32_t)(DRIVER_OPEN_READ | DRIVER_OPEN_WRITE))
		return fail(-1, EINVAL);
	if (fstat(fd, &st) < 0)
		return -1;
	if (!(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) || st.st_rdev != device_number)
		return fail(-1, ENODEV);
	opened = again(fd, native);
	if (opened < 0)
		return -1;
	/* A device such as /dev/ptmx may hand out another one than was opened: the number is looked at again. */
	if (fstat(opened, &st) < 0)
		return fail(opened, errno);
	if (!(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) || st.st_rdev != device_number)
		return fail(opened, ENODEV);
	if (fcntl(opened, F_SETFL, native & ~(O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) < 0)
		return fail(opened, errno);
	return opened;
}

static int fill(int fd, struct driver_place *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->device_number = st.st_rdev;
	out->size = (uint64_t)st.st_size;
	out->modified = st.st_mtim.tv_sec;
	out->modified_ns = (uint32_t)st.st_mtim.tv_nsec;
	out->mode = st.st_mode;
	out->uid = st.st_uid;
	out->gid = st.st_gid;
	return 0;
}

int driver_place(int fd, struct driver_place *out)
{
	struct statfs fs;

	if (fill(fd, out) < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	out->file_system = (uint64_t)fs.f_type;
	out->mount_flags = (fs.f_flags & ST_RDONLY ? DRIVER_MOUNT_READ_ONLY : 0U) |
			   (fs.f_flags & ST_NOSUID ? DRIVER_MOUNT_NO_SETID : 0U) |
			   (fs.f_flags & ST_NODEV ? DRIVER_MOUNT_NO_DEVICES : 0U) |
			   (fs.f_flags & ST_NOEXEC ? DRIVER_MOUNT_NO_EXEC : 0U);
	return 0;
}

int driver_locate(int root, const void *path, size_t size, int links)
{
	struct text text;

	if (copy_path(&text, path, size) < 0)
		return -1;
	return beneath(root, size ? text.bytes : ".", O_PATH | (links ? 0U : O_NOFOLLOW), 0, links);
}

int driver_stat(int root, const void *path, size_t size, int links, struct driver_place *out)
{
	int result, saved, fd = driver_locate(root, path, size, links);

	if (fd < 0)
		return -1;
	result = fill(fd, out);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int driver_open_directory(int root, const void *path, size_t size, int links)
{
	struct text text;

	if (copy_path(&text, path, size) < 0)
		return -1;
	return beneath(root, size ? text.bytes : ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, links);
}

/* Opens the directory that holds the last component, and says where that one begins in the text. */
static int parent(int root, struct text *text, const void *path, size_t size, int links, const char **name)
{
	char *slash, *last;

	if (copy_path(text, path, size) < 0)
		return -1;
	slash = strrchr(text->bytes, '/');
	last = slash ? slash + 1 : text->bytes;
	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return fail(-1, EINVAL);
	*name = last;
	if (!slash) /* a descriptor of its own all the same: the caller closes it */
		return beneath(root, ".", O_PATH | O_DIRECTORY, 0, links);
	/* "/x": what leads out stays a path that leads out. */
	if (slash == text->bytes)
		return fail(-1, EXDEV);
	*slash = 0;
	return beneath(root, text->bytes, O_PATH | O_DIRECTORY, 0, links);
}

static int close_with(int fd, int result)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return result;
}

int driver_make_directory(int root, const void *path, size_t size, uint32_t mode, int links)
{
	struct text text;
	const char *name;
	int fd = parent(root, &text, path, size, links, &name);

	return fd < 0 ? -1 : close_with(fd, mkdirat(fd, name, mode & 0777));
}

int driver_remove(int root, const void *path, size_t size, int directory, int links)
{
	struct text text;
	const char *name;
	int fd = parent(root, &text, path, size, links, &name);

	return fd < 0 ? -1 : close_with(fd, unlinkat(fd, name, directory ? AT_REMOVEDIR : 0));
}

int driver_rename(int root, const void *from, size_t from_size, const void *to, size_t to_size, int no_replace, int links)
{
	struct text texts[2];
	const char *names[2];
	int result, first, second;

	first = parent(root, &texts[0], from, from_size, links, &names[0]);
	if (first < 0)
		return -1;
	second = parent(root, &texts[1], to, to_size, links, &names[1]);
	if (second < 0)
		return close_with(first, -1);
	result = (int)syscall(SYS_renameat2, first, names[0], second, names[1], no_replace ? 1U : 0U); /* RENAME_NOREPLACE */
	return close_with(first, close_with(second, result));
}

ssize_t driver_entries(int directory, uint64_t position, void *buffer, size_t capacity)
{
	if (position > INT64_MAX)
		return fail(-1, EINVAL);
	if (lseek(directory, (off_t)position, SEEK_SET) < 0)
		return -1;
	return (ssize_t)syscall(SYS_getdents64, directory, buffer, capacity);
}

int driver_entry(const void *buffer, size_t size, size_t offset, struct driver_entry *out)
{
	const unsigned char *bytes = buffer;
	const size_t head = 19; /* u64 inode, i64 position, u16 size, u8 type, then the name (getdents64(2)) */
	uint16_t record;

	if (offset > size || size - offset <= head)
		return -1;
	memcpy(&record, bytes + offset + 16, sizeof(record));
	if (record <= head || record > size - offset)
		return -1;
	memcpy(&out->next, bytes + offset + 8, sizeof(out->next));
	out->type = bytes[offset + 18];
	out->name = offset + head;
	out->name_size = strnlen((const char *)bytes + out->name, record - head);
	out->end = offset + record;
	return 0;
}

int driver_secret_make(void)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("secret", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("secret", flags);
	return fd;
}

int driver_secret_take(int secret, int from, size_t limit, size_t *filled)
{
	unsigned char chunk[4096];
	int result = -1;

	for (;;) {
		ssize_t count = read(from, chunk, sizeof(chunk)), done = 0;

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN)
			result = 0;
		if (count == 0)
			result = 1;
		if (count <= 0)
			break;
		if ((size_t)count > limit - *filled) {
			errno = EFBIG;
			break;
		}
		while (done < count) {
			ssize_t wrote = write(secret, chunk + done, (size_t)(count - done));

			if (wrote < 0 && errno == EINTR)
				continue;
			if (wrote <= 0)
				break;
			done += wrote;
		}
		if (done < count)
			break;
		*filled += (size_t)count;
	}
	{
		int saved = errno;

		explicit_bzero(chunk, sizeof(chunk));
		errno = saved;
	}
	return result;
}

int driver_secret_seal(int secret)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	if (fcntl(secret, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 &&
	    (errno != EINVAL || fcntl(secret, F_ADD_SEALS, seals) < 0))
		return -1;
	return again(secret, O_RDONLY | O_CLOEXEC);
}

int driver_clock_set(int64_t seconds, uint32_t nanoseconds)
{
	struct timespec time = { .tv_sec = seconds, .tv_nsec = nanoseconds };

	return clock_settime(CLOCK_REALTIME, &time);
}

int driver_clock_now(int64_t *seconds, uint32_t *nanoseconds)
{
	struct timespec time;

	if (clock_gettime(CLOCK_REALTIME, &time) < 0)
		return -1;
	*seconds = time.tv_sec;
	*nanoseconds = (uint32_t)time.tv_nsec;
	return 0;
}
