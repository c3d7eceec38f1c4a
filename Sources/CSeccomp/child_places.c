/* Places beneath the new root: found, made and mounted on by descriptor. See child.h for what may be used here. */
#include "child_mounts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#define PATH_LIMIT 4096

int place_stat(int fd, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
}

/* Closes with errno kept; for the ends of functions. */
int place_finish(int result, int fd_a, int fd_b)
{
	int saved = errno;

	if (fd_a >= 0)
		(void)syscall(SYS_close, fd_a);
	if (fd_b >= 0)
		(void)syscall(SYS_close, fd_b);
	errno = saved;
	return result;
}

/* Opens a path beneath the new root as a place (O_PATH); links in it cannot lead out of the root. */
int place_open(const struct child *c, const char *path, uint64_t flags)
{
	struct open_how how = { 0 };

	how.flags = O_PATH | O_CLOEXEC | flags;
	how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	return (int)syscall(SYS_openat2, c->root_fd, *path ? path : ".", &how, sizeof(how));
}

int place_is_own(const struct child *c, int fd)
{
	struct stat st;
	uint32_t i;

	if (place_stat(fd, &st) < 0)
		return 0;
	for (i = 0; i < c->own_device_count; i++)
		if (c->own_devices[i] == st.st_dev)
			return 1;
	return 0;
}

int place_remember(struct child *c, int fd)
{
	struct stat st;

	if (place_stat(fd, &st) < 0)
		return -1;
	if (c->own_device_count == CHILD_OWN_DEVICES) {
		errno = ENOSPC;
		return -1;
	}
	c->own_devices[c->own_device_count++] = st.st_dev;
	return 0;
}

/*
 * Makes one missing component. Only in file systems that we made ourselves: a mount point that
 * is missing in a directory of the host is an error, so that no stub is ever left there.
 */
static int make_component(const struct child *c, const char *path, size_t name, int type,
			  uint32_t mode)
{
	char parent[PATH_LIMIT];
	size_t i;
	long result;
	int saved, fd;

	for (i = 0; i < name && i < sizeof(parent) - 1; i++)
		parent[i] = path[i];
	parent[i] = 0;
	fd = place_open(c, parent, O_DIRECTORY);
	if (fd < 0)
		return -1;
	if (!place_is_own(c, fd)) {
		(void)syscall(SYS_close, fd);
		errno = EROFS;
		return -1;
	}
	if (type == PLACE_DIRECTORY)
		result = syscall(SYS_mkdirat, fd, path + name, mode);
	else
		result = syscall(SYS_mknodat, fd, path + name, S_IFREG | mode, 0);
	saved = result < 0 && errno != EEXIST ? errno : 0;
	(void)syscall(SYS_close, fd);
	errno = saved;
	return saved ? -1 : 0;
}

/*
 * Opens a place beneath the root and makes what is missing of it. Directories on the way are for nobody to write: in a
 * private directory the app would leave files in them, believing them the caller's, and lose them.
 */
int place_ensure(const struct child *c, const char *path, int type, uint32_t mode)
{
	char prefix[PATH_LIMIT];
	size_t i, name = 0, length = child_length(path);
	int fd = place_open(c, path, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (length >= sizeof(prefix)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (i = 0; i <= length; i++) {
		int last = path[i] == 0;

		prefix[i] = path[i];
		if (path[i] != '/' && !last)
			continue;
		prefix[i] = 0;
		fd = place_open(c, prefix, 0);
		if (fd < 0) {
			if (errno != ENOENT ||
			    make_component(c, prefix, name, last ? type : PLACE_DIRECTORY,
					   last ? mode : 0555) < 0)
				return -1;
		} else {
			(void)syscall(SYS_close, fd);
		}
		prefix[i] = path[i];
		name = i + 1;
	}
	return place_open(c, path, 0);
}

/* The last component of a path beneath the root, with its parent opened. */
static int place_parent(const struct child *c, const char *path, const char **name)
{
	char parent[PATH_LIMIT];
	size_t i, last = 0, length = child_length(path);

	if (length >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (i = 0; i < length; i++)
		if (path[i] == '/')
			last = i + 1;
	for (i = 0; i + 1 < last; i++)
		parent[i] = path[i];
	parent[i] = 0;
	*name = path + last;
	i = (size_t)place_ensure(c, parent, PLACE_DIRECTORY, 0755);
	if ((int)i >= 0 && !place_is_own(c, (int)i)) {
		errno = EROFS;
		return place_finish(-1, (int)i, -1);
	}
	return (int)i;
}

int child_file_step(struct child *c, const struct launch_step *s)
{
	const char *name, *content = child_text(c, s->text_b);
	size_t length = child_length(content);
	int fd, parent = place_parent(c, child_text(c, s->text_a), &name);
	long done;

	if (parent < 0)
		return -1;
	fd = (int)syscall(SYS_openat, parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  s->value);
	if (fd < 0)
		return place_finish(-1, parent, -1);
	while (length) {
		done = syscall(SYS_write, fd, content, length);
		if (done < 0)
			return place_finish(-1, parent, fd);
		content += done;
		length -= (size_t)done;
	}
	return place_finish(0, parent, fd);
}

int child_link_step(struct child *c, const struct launch_step *s)
{
	const char *name;
	int parent = place_parent(c, child_text(c, s->text_a), &name);
	int result;

	if (parent < 0)
		return -1;
	result = (int)syscall(SYS_symlinkat, child_text(c, s->text_b), parent, name);
	return place_finish(result, parent, -1);
}

int child_device_step(struct child *c, const struct launch_step *s)
{
	const char *name;
	int parent = place_parent(c, child_text(c, s->text_a), &name);
	int result;

	if (parent < 0)
		return -1;
	result = (int)syscall(SYS_mknodat, parent, name, S_IFCHR | 0666, s->value);
	if (result == 0)
		result = (int)syscall(SYS_fchmodat, parent, name, 0666);
	return place_finish(result, parent, -1);
}

/* Of a private file system that was made before its app was known. Nothing of the host changes its owner. */
int child_owner_step(struct child *c, const struct launch_step *s)
{
	const struct launch_identity_extra *id = (const void *)child_text(c, s->text_b);
	int result = -1, target = place_open(c, child_text(c, s->text_a), O_DIRECTORY | O_NOFOLLOW);

	if (target < 0)
		return -1;
	if (place_is_own(c, target))
		result = (int)syscall(SYS_fchownat, target, "", id->uid, id->gid, AT_EMPTY_PATH);
	else
		errno = EROFS;
	return place_finish(result, target, -1);
}

/* mount(2) on a place that is named by its descriptor: the working directory is the path. */
int place_mount(int target, const char *type, unsigned long flags, const char *options)
{
	if (syscall(SYS_fchdir, target) < 0)
		return -1;
	return (int)syscall(SYS_mount, type, ".", type, flags, options);
}
