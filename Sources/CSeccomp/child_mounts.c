/* The steps that build the app's file view. See child.h for what may be used here. */
#include "child_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

int tree_attributes(int fd, uint64_t set, int recursive, int userns_fd)
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

int tree_clone(int fd, int recursive)
{
	return (int)syscall(SYS_open_tree, fd, "",
			    AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				    (recursive ? AT_RECURSIVE : 0));
}

int tree_attach(int tree, int target)
{
	return (int)syscall(SYS_move_mount, tree, "", target, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Opens a host path and checks that it is still what the policy saw: no path is trusted twice. */
int tree_source(const char *path, uint64_t device, uint64_t inode)
{
	struct stat st;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (place_stat(fd, &st) < 0)
		return place_finish(-1, fd, -1);
	if (st.st_dev != device || st.st_ino != inode) {
		errno = ESTALE;
		return place_finish(-1, fd, -1);
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
	int source = tree_source(child_text(c, s->text_a), extra->device, extra->inode);

	if (source < 0)
		return -1;
	tree = tree_clone(source, (int)extra->recursive);
	(void)syscall(SYS_close, source);
	if (tree < 0)
		return -1;
	target = place_ensure(c, child_text(c, extra->target),
			extra->is_directory ? PLACE_DIRECTORY : PLACE_FILE,
			extra->is_directory ? 0755 : 0644);
	if (target >= 0 && tree_attributes(tree, extra->attributes, (int)extra->recursive, -1) == 0 &&
	    (extra->userns_fd < 0 || tree_attributes(tree, 0, 0, child_descriptor(c, extra->userns_fd)) == 0))
		result = tree_attach(tree, target);
	if (result == 0 && !*child_text(c, extra->target))
		return new_root(c, tree, target);
	return place_finish(result, tree, target);
}

/* A tree that the supervisor has cloned, checked and given its attributes. */
static int attach_step(struct child *c, const struct launch_step *s)
{
	int target, tree = child_descriptor(c, s->fd);

	if (tree < 0)
		return -1;
	target = place_ensure(c, child_text(c, s->text_a), s->value ? PLACE_DIRECTORY : PLACE_FILE,
			s->value ? 0755 : 0644);
	if (target < 0)
		return -1;
	return place_finish(tree_attach(tree, target), target, -1);
}

static int attributes_step(struct child *c, const struct launch_step *s)
{
	int target = place_open(c, child_text(c, s->text_a), 0);

	if (target < 0)
		return -1;
	return place_finish(tree_attributes(target, s->value, 0, -1), target, -1);
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
	int top, target = place_ensure(c, child_text(c, s->text_a), PLACE_DIRECTORY, 0755);

	if (target < 0)
		return -1;
	if (place_mount(target, "tmpfs", flags_of(s->value), child_text(c, s->text_b)) < 0)
		return place_finish(-1, target, -1);
	(void)syscall(SYS_close, target);
	top = place_open(c, child_text(c, s->text_a), 0);
	if (top < 0 || place_remember(c, top) < 0)
		return place_finish(-1, top, -1);
	if (c->watched_count < LAUNCH_WATCHED_MAX)
		c->watched[c->watched_count++] = top;
	else
		(void)syscall(SYS_close, top);
	return 0;
}

static int special_step(struct child *c, const struct launch_step *s, const char *type,
			unsigned long flags)
{
	int target = place_ensure(c, child_text(c, s->text_a), PLACE_DIRECTORY, 0755);

	if (target < 0)
		return -1;
	return place_finish(place_mount(target, type, flags, child_text(c, s->text_b)), target, -1);
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
		return place_finish(-1, fs, -1);
	c->root_fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (c->root_fd < 0)
		return place_finish(-1, fs, -1);
	(void)syscall(SYS_close, fs);
	if (syscall(SYS_move_mount, c->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    set_propagation(c->root_fd, MS_UNBINDABLE) < 0)
		return -1;
	return place_remember(c, c->root_fd);
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
		int fd = place_ensure(c, child_text(c, s->text_a), PLACE_DIRECTORY, (uint32_t)s->value);

		return fd < 0 ? -1 : place_finish(0, fd, -1);
	}
	case LAUNCH_OP_MAKE_FILE:
		return child_file_step(c, s);
	case LAUNCH_OP_MAKE_LINK:
		return child_link_step(c, s);
	case LAUNCH_OP_MAKE_DEVICE:
		return child_device_step(c, s);
	case LAUNCH_OP_BIND:
		return bind_step(c, s);
	case LAUNCH_OP_ATTACH:
		return attach_step(c, s);
	case LAUNCH_OP_OWNER:
		return child_owner_step(c, s);
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
		return child_overlay_step(c, s);
	case LAUNCH_OP_MASK:
		return child_mask_step(c, s);
	case LAUNCH_OP_READ_ONLY:
		return child_read_only_step(c, s);
	case LAUNCH_OP_ATTRIBUTES:
		return attributes_step(c, s);
	case LAUNCH_OP_PIVOT:
		return pivot_step(c);
	default:
		errno = EINVAL;
		return -1;
	}
}
