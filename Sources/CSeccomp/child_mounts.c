/* The steps that build the app's file view. See child.h for what may be used here. */
#include "child.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* From <sys/mount.h>, which cannot be included beside <linux/mount.h> with every C library. */
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef MS_RDONLY
#define MS_RDONLY 1
#define MS_NOSUID 2
#define MS_NODEV 4
#define MS_NOEXEC 8
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_REC 16384
#define MS_PRIVATE (1 << 18)
#define MS_UNBINDABLE (1 << 17)
#endif

#define PATH_LIMIT 4096
#define TYPE_DIRECTORY 1
#define TYPE_FILE 0

static int stat_fd(int fd, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
}

/* Opens a path beneath the new root as a place (O_PATH); links in it cannot lead out of the root. */
static int open_beneath(const struct child *c, const char *path, uint64_t flags)
{
	struct open_how how = { 0 };

	how.flags = O_PATH | O_CLOEXEC | flags;
	how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	return (int)syscall(SYS_openat2, c->root_fd, *path ? path : ".", &how, sizeof(how));
}

static int is_own_device(const struct child *c, int fd)
{
	struct stat st;
	uint32_t i;

	if (stat_fd(fd, &st) < 0)
		return 0;
	for (i = 0; i < c->own_device_count; i++)
		if (c->own_devices[i] == st.st_dev)
			return 1;
	return 0;
}

static int remember_device(struct child *c, int fd)
{
	struct stat st;

	if (stat_fd(fd, &st) < 0)
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
	fd = open_beneath(c, parent, O_DIRECTORY);
	if (fd < 0)
		return -1;
	if (!is_own_device(c, fd)) {
		(void)syscall(SYS_close, fd);
		errno = EROFS;
		return -1;
	}
	if (type == TYPE_DIRECTORY)
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
static int ensure(const struct child *c, const char *path, int type, uint32_t mode)
{
	char prefix[PATH_LIMIT];
	size_t i, name = 0, length = child_length(path);
	int fd = open_beneath(c, path, 0);

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
		fd = open_beneath(c, prefix, 0);
		if (fd < 0) {
			if (errno != ENOENT ||
			    make_component(c, prefix, name, last ? type : TYPE_DIRECTORY,
					   last ? mode : 0555) < 0)
				return -1;
		} else {
			(void)syscall(SYS_close, fd);
		}
		prefix[i] = path[i];
		name = i + 1;
	}
	return open_beneath(c, path, 0);
}

static int set_attributes(int fd, uint64_t set, int recursive, int userns_fd)
{
	struct mount_attr attr = { 0 };

	attr.attr_set = set;
	if (userns_fd >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)userns_fd;
	}
	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
			    &attr, sizeof(attr));
}

static int clone_tree(int fd, int recursive)
{
	return (int)syscall(SYS_open_tree, fd, "",
			    AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				    (recursive ? AT_RECURSIVE : 0));
}

static int attach(int tree, int target)
{
	return (int)syscall(SYS_move_mount, tree, "", target, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Closes with errno kept; for the ends of functions. */
static int finish(int result, int fd_a, int fd_b)
{
	int saved = errno;

	if (fd_a >= 0)
		(void)syscall(SYS_close, fd_a);
	if (fd_b >= 0)
		(void)syscall(SYS_close, fd_b);
	errno = saved;
	return result;
}

/* Opens a host path and checks that it is still what the policy saw: no path is trusted twice. */
static int open_source(const char *path, uint64_t device, uint64_t inode)
{
	struct stat st;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (stat_fd(fd, &st) < 0)
		return finish(-1, fd, -1);
	if (st.st_dev != device || st.st_ino != inode) {
		errno = ESTALE;
		return finish(-1, fd, -1);
	}
	return fd;
}

/* A rule on "/" covers the root we made: from now on it is the root, and nothing is created in it. */
static int new_root(struct child *c, int mount, int covered)
{
	(void)syscall(SYS_close, covered);
	(void)syscall(SYS_close, c->root_fd);
	c->root_fd = mount;
	c->covered++;
	return 0;
}

static int bind_step(struct child *c, const struct launch_step *s)
{
	const struct launch_bind_extra *extra = (const void *)child_text(c, s->text_b);
	int tree, target, result = -1;
	int source = open_source(child_text(c, s->text_a), extra->device, extra->inode);

	if (source < 0)
		return -1;
	tree = clone_tree(source, (int)extra->recursive);
	(void)syscall(SYS_close, source);
	if (tree < 0)
		return -1;
	target = ensure(c, child_text(c, extra->target),
			extra->is_directory ? TYPE_DIRECTORY : TYPE_FILE,
			extra->is_directory ? 0755 : 0644);
	if (target >= 0 && set_attributes(tree, extra->attributes, (int)extra->recursive, -1) == 0 &&
	    (extra->userns_fd < 0 || set_attributes(tree, 0, 0, child_descriptor(c, extra->userns_fd)) == 0))
		result = attach(tree, target);
	if (result == 0 && !*child_text(c, extra->target))
		return new_root(c, tree, target);
	return finish(result, tree, target);
}

/* A tree that the supervisor has cloned, checked and given its attributes. */
static int attach_step(struct child *c, const struct launch_step *s)
{
	int target, tree = child_descriptor(c, s->fd);

	if (tree < 0)
		return -1;
	target = ensure(c, child_text(c, s->text_a), s->value ? TYPE_DIRECTORY : TYPE_FILE,
			s->value ? 0755 : 0644);
	if (target < 0)
		return -1;
	return finish(attach(tree, target), target, -1);
}

/* Of a private file system that was made before its app was known. Nothing of the host changes its owner. */
static int owner_step(struct child *c, const struct launch_step *s)
{
	const struct launch_identity_extra *id = (const void *)child_text(c, s->text_b);
	int result = -1, target = open_beneath(c, child_text(c, s->text_a), O_DIRECTORY | O_NOFOLLOW);

	if (target < 0)
		return -1;
	if (is_own_device(c, target))
		result = (int)syscall(SYS_fchownat, target, "", id->uid, id->gid, AT_EMPTY_PATH);
	else
		errno = EROFS;
	return finish(result, target, -1);
}

/* mount(2) on a place that is named by its descriptor: the working directory is the path. */
static int mount_at(int target, const char *type, unsigned long flags, const char *options)
{
	if (syscall(SYS_fchdir, target) < 0)
		return -1;
	return (int)syscall(SYS_mount, type, ".", type, flags, options);
}

static unsigned long flags_of(uint64_t attributes)
{
	return (attributes & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) |
	       (attributes & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0) |
	       (attributes & MOUNT_ATTR_NODEV ? MS_NODEV : 0) |
	       (attributes & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0);
}

static int tmpfs_step(struct child *c, const struct launch_step *s)
{
	int top, target = ensure(c, child_text(c, s->text_a), TYPE_DIRECTORY, 0755);

	if (target < 0)
		return -1;
	if (mount_at(target, "tmpfs", flags_of(s->value), child_text(c, s->text_b)) < 0)
		return finish(-1, target, -1);
	(void)syscall(SYS_close, target);
	top = open_beneath(c, child_text(c, s->text_a), 0);
	if (top < 0 || remember_device(c, top) < 0)
		return finish(-1, top, -1);
	if (c->watched_count < LAUNCH_WATCHED_MAX)
		c->watched[c->watched_count++] = top;
	else
		(void)syscall(SYS_close, top);
	return 0;
}

static int special_step(struct child *c, const struct launch_step *s, const char *type,
			unsigned long flags)
{
	int target = ensure(c, child_text(c, s->text_a), TYPE_DIRECTORY, 0755);

	if (target < 0)
		return -1;
	return finish(mount_at(target, type, flags, child_text(c, s->text_b)), target, -1);
}

/*
 * While it is being built the new root lies on "/", where it would be part of every copy of a tree that "/" is in: a
 * rule on "/" would show the half-made view. An unbindable mount is left out of copies (mount_namespaces(7)).
 */
static int set_propagation(int fd, uint64_t propagation)
{
	struct mount_attr attr = { 0 };

	attr.propagation = propagation;
	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

static int root_step(struct child *c, const struct launch_step *s)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", child_text(c, s->text_a), 0) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return finish(-1, fs, -1);
	c->root_fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (c->root_fd < 0)
		return finish(-1, fs, -1);
	(void)syscall(SYS_close, fs);
	if (syscall(SYS_move_mount, c->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    set_propagation(c->root_fd, MS_UNBINDABLE) < 0)
		return -1;
	return remember_device(c, c->root_fd);
}

/* The last component of a path beneath the root, with its parent opened. */
static int open_parent(const struct child *c, const char *path, const char **name)
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
	i = (size_t)ensure(c, parent, TYPE_DIRECTORY, 0755);
	if ((int)i >= 0 && !is_own_device(c, (int)i)) {
		errno = EROFS;
		return finish(-1, (int)i, -1);
	}
	return (int)i;
}

static int make_file(struct child *c, const struct launch_step *s)
{
	const char *name, *content = child_text(c, s->text_b);
	size_t length = child_length(content);
	int fd, parent = open_parent(c, child_text(c, s->text_a), &name);
	long done;

	if (parent < 0)
		return -1;
	fd = (int)syscall(SYS_openat, parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  s->value);
	if (fd < 0)
		return finish(-1, parent, -1);
	while (length) {
		done = syscall(SYS_write, fd, content, length);
		if (done < 0)
			return finish(-1, parent, fd);
		content += done;
		length -= (size_t)done;
	}
	return finish(0, parent, fd);
}

static int make_link(struct child *c, const struct launch_step *s)
{
	const char *name;
	int parent = open_parent(c, child_text(c, s->text_a), &name);
	int result;

	if (parent < 0)
		return -1;
	result = (int)syscall(SYS_symlinkat, child_text(c, s->text_b), parent, name);
	return finish(result, parent, -1);
}

static int make_device(struct child *c, const struct launch_step *s)
{
	const char *name;
	int parent = open_parent(c, child_text(c, s->text_a), &name);
	int result;

	if (parent < 0)
		return -1;
	result = (int)syscall(SYS_mknodat, parent, name, S_IFCHR | 0666, s->value);
	if (result == 0)
		result = (int)syscall(SYS_fchmodat, parent, name, 0666);
	return finish(result, parent, -1);
}

/*
 * In the /proc that we mounted ourselves paths can be trusted, and mount(2) on paths takes a third of the time of cloned trees.
 */
static int in_own_proc(struct child *c, const char *path)
{
	static const char proc[] = "proc/";
	size_t i;

	for (i = 0; proc[i]; i++)
		if (path[i] != proc[i])
			return 0;
	return c->own_proc && syscall(SYS_fchdir, c->root_fd) == 0;
}

static int mask_step(struct child *c, const struct launch_step *s)
{
	struct stat st;
	const char *path = child_text(c, s->text_a);
	int tree, target, result = -1;

	/* A directory there answers ENOTDIR to a bind of a file and is covered below. */
	if (in_own_proc(c, path) && syscall(SYS_mount, "dev/null", path, NULL, MS_BIND, NULL) == 0)
		return 0;
	target = open_beneath(c, path, 0);
	if (target < 0)
		return errno == ENOENT ? 0 : -1;
	if (stat_fd(target, &st) < 0)
		return finish(-1, target, -1);
	if (S_ISDIR(st.st_mode)) {
		result = mount_at(target, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				  "mode=0555,nr_blocks=1,nr_inodes=1");
		return finish(result, target, -1);
	}
	if (c->null_fd < 0)
		c->null_fd = open_beneath(c, "dev/null", 0);
	if (c->null_fd < 0)
		c->null_fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC);
	if (c->null_fd < 0)
		return finish(-1, target, -1);
	tree = clone_tree(c->null_fd, 0);
	if (tree >= 0 && set_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						      MOUNT_ATTR_NOEXEC, 0, -1) == 0)
		result = attach(tree, target);
	return finish(result, tree, target);
}

static int read_only_step(struct child *c, const struct launch_step *s)
{
	const char *path = child_text(c, s->text_a);
	int tree, target, result = -1;

	if (in_own_proc(c, path)) {
		if (syscall(SYS_mount, path, path, NULL, MS_BIND, NULL) < 0)
			return errno == ENOENT ? 0 : -1;
		return (int)syscall(SYS_mount, NULL, path, NULL,
				    MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	}
	target = open_beneath(c, path, 0);
	if (target < 0)
		return errno == ENOENT ? 0 : -1;
	tree = clone_tree(target, 1);
	if (tree >= 0 && set_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						      MOUNT_ATTR_NOEXEC, 1, -1) == 0)
		result = attach(tree, target);
	return finish(result, tree, target);
}

static int attributes_step(struct child *c, const struct launch_step *s)
{
	int target = open_beneath(c, child_text(c, s->text_a), 0);

	if (target < 0)
		return -1;
	return finish(set_attributes(target, s->value, 0, -1), target, -1);
}

/* "/proc/self/fd/N", for the one interface that takes directories by path only: overlayfs. */
static void descriptor_path(char *out, int fd)
{
	static const char prefix[] = "/proc/self/fd/";
	char digits[12];
	size_t i, n = 0;

	for (i = 0; prefix[i]; i++)
		out[i] = prefix[i];
	do {
		digits[n++] = (char)('0' + fd % 10);
		fd /= 10;
	} while (fd);
	while (n)
		out[i++] = digits[--n];
	out[i] = 0;
}

static int overlay_mount(const struct launch_overlay_extra *extra, int lower, int upper, int work,
			 int target)
{
	char path[40];
	int mount = -1, result = -1, fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	descriptor_path(path, lower);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", path, 0) < 0)
		return finish(-1, fs, -1);
	descriptor_path(path, upper);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "upperdir", path, 0) < 0)
		return finish(-1, fs, -1);
	descriptor_path(path, work);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "workdir", path, 0) < 0)
		return finish(-1, fs, -1);
	if (extra->user_xattr && syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return finish(-1, fs, -1);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return finish(-1, fs, -1);
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, extra->attributes);
	if (mount >= 0)
		result = attach(mount, target);
	if (result < 0)
		return finish(-1, fs, mount);
	return finish(mount, fs, -1);
}

/*
 * The thrown-away layer is a tmpfs at the target itself: the overlay covers it, so that the app has no path to it. For "/"
 * it is a directory of the root we made, which the overlay covers too.
 */
/*
 * The lower layer as the app's own: an idmapped copy (Linux 5.19 for overlays) that lies at the target, where the overlay covers
 * it. Returns its root in place of the lower directory.
 */
static int map_lower(struct child *c, int lower, int target, const char *path, int userns_fd)
{
	int result = -1, tree = clone_tree(lower, 0);

	if (tree >= 0 && set_attributes(tree, 0, 0, userns_fd) == 0)
		result = attach(tree, target);
	result = finish(result, tree, lower);
	return result < 0 ? -1 : open_beneath(c, path, O_DIRECTORY);
}

/* The upper directory stands for the lower one: the same mode, and as root an owner that may write it. */
static int own_upper(const struct launch_overlay_extra *extra, int lower, int upper, int upper_parent)
{
	struct stat st;

	if (stat_fd(lower, &st) < 0)
		return -1;
	if (upper_parent >= 0 &&
	    syscall(SYS_fchmodat, upper_parent, "upper", st.st_mode & 07777) < 0)
		return -1;
	if (extra->userns_fd < 0)
		return 0;
	return (int)syscall(SYS_fchownat, upper, "", extra->uid, extra->gid, AT_EMPTY_PATH);
}

/* As root this directory is given to the app: no link on the way may turn that into another one. */
static int open_kept(const char *path)
{
	struct open_how how = { 0 };

	how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	how.resolve = RESOLVE_NO_SYMLINKS;
	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static int overlay_step(struct child *c, const struct launch_step *s)
{
	const struct launch_overlay_extra *extra = (const void *)child_text(c, s->text_b);
	const char *path = child_text(c, s->text_a);
	int result, mount = -1, upper = -1, work = -1, target = -1, layer = -1;
	int lower = open_source(child_text(c, extra->lower), extra->device, extra->inode);

	if (lower < 0)
		return -1;
	target = ensure(c, path, TYPE_DIRECTORY, 0755);
	if (target < 0)
		return finish(-1, lower, -1);
	if (extra->userns_fd >= 0) {
		lower = map_lower(c, lower, target, path, child_descriptor(c, extra->userns_fd));
		if (lower < 0)
			return finish(-1, target, -1);
	}
	if (extra->upper) {
		upper = open_kept(child_text(c, extra->upper));
		work = open_kept(child_text(c, extra->work));
	} else {
		layer = *path ? target : ensure(c, "overlay", TYPE_DIRECTORY, 0755);
		if (layer >= 0 && mount_at(layer, "tmpfs", MS_NOSUID | MS_NODEV,
					   child_text(c, extra->options)) == 0) {
			(void)syscall(SYS_close, layer);
			layer = open_beneath(c, *path ? path : "overlay", 0);
			if (*path)
				target = layer;
			if (layer >= 0 && syscall(SYS_mkdirat, layer, "upper", 0755) == 0 &&
			    syscall(SYS_mkdirat, layer, "work", 0700) == 0) {
				upper = (int)syscall(SYS_openat, layer, "upper", O_PATH | O_CLOEXEC);
				work = (int)syscall(SYS_openat, layer, "work", O_PATH | O_CLOEXEC);
			}
		}
	}
	if (upper >= 0 && work >= 0 && own_upper(extra, lower, upper, layer) == 0)
		mount = overlay_mount(extra, lower, upper, work, target);
	result = mount < 0 ? -1 : 0;
	/* What is created in a thrown-away layer leaves no stub on the host. */
	if (result == 0 && !extra->upper)
		result = remember_device(c, mount);
	if (result == 0 && !*path) {
		c->root_fd = mount;
		c->covered++;
	} else if (mount >= 0) {
		result = finish(result, mount, -1);
	}
	if (layer != target)
		result = finish(result, layer, -1);
	result = finish(result, lower, target);
	return finish(result, upper, work);
}

/*
 * pivot_root(2), NOTES: new root and old root may be the same directory; the old one is then stacked on top. What the new
 * root covered is stacked on the old one in turn, and umount2(2) takes the uppermost away: each must go, or "/usr/.."
 * leads to the machine's own root.
 */
static int pivot_step(struct child *c)
{
	uint32_t i;

	if (syscall(SYS_fchdir, c->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return -1;
	for (i = 0; i <= c->covered; i++)
		if (syscall(SYS_umount2, ".", MNT_DETACH) < 0)
			return -1;
	if (syscall(SYS_chdir, "/") < 0)
		return -1;
	return set_propagation(c->root_fd, MS_PRIVATE);
}

int child_mount_step(struct child *c, const struct launch_step *s)
{
	static const unsigned long sealed = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	switch (s->op) {
	case LAUNCH_OP_MOUNTS_PRIVATE:
		return (int)syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	case LAUNCH_OP_ROOT:
		return root_step(c, s);
	case LAUNCH_OP_MAKE_DIR: {
		int fd = ensure(c, child_text(c, s->text_a), TYPE_DIRECTORY, (uint32_t)s->value);

		return fd < 0 ? -1 : finish(0, fd, -1);
	}
	case LAUNCH_OP_MAKE_FILE:
		return make_file(c, s);
	case LAUNCH_OP_MAKE_LINK:
		return make_link(c, s);
	case LAUNCH_OP_MAKE_DEVICE:
		return make_device(c, s);
	case LAUNCH_OP_BIND:
		return bind_step(c, s);
	case LAUNCH_OP_ATTACH:
		return attach_step(c, s);
	case LAUNCH_OP_OWNER:
		return owner_step(c, s);
	case LAUNCH_OP_TMPFS:
		return tmpfs_step(c, s);
	case LAUNCH_OP_PROC:
		c->own_proc = 1;
		return special_step(c, s, "proc", sealed);
	case LAUNCH_OP_DEVPTS:
		return special_step(c, s, "devpts", MS_NOSUID | MS_NOEXEC);
	case LAUNCH_OP_SYSFS:
		return special_step(c, s, "sysfs", sealed | MS_RDONLY);
	case LAUNCH_OP_MQUEUE:
		return special_step(c, s, "mqueue", sealed);
	case LAUNCH_OP_OVERLAY:
		return overlay_step(c, s);
	case LAUNCH_OP_MASK:
		return mask_step(c, s);
	case LAUNCH_OP_READ_ONLY:
		return read_only_step(c, s);
	case LAUNCH_OP_ATTRIBUTES:
		return attributes_step(c, s);
	case LAUNCH_OP_PIVOT:
		return pivot_step(c);
	default:
		errno = EINVAL;
		return -1;
	}
}
