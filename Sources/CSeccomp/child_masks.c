/* The steps that cover what the app must not see or write. See child.h for what may be used here. */
#include "child_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

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

int child_mask_step(struct child *c, const struct launch_step *s)
{
	struct stat st;
	const char *path = child_text(c, s->text_a);
	int tree, target, result = -1;

	/*
	 * Looked at first: a bind of a file that ends in ENOTDIR takes its copy away again, and the kernel waits for a grace period
	 * of RCU with that, which can be a millisecond.
	 */
	if (in_own_proc(c, path)) {
		if (syscall(SYS_newfstatat, c->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -1;
		if (!S_ISDIR(st.st_mode) && syscall(SYS_mount, "dev/null", path, NULL, MS_BIND, NULL) == 0)
			return 0;
	}
	target = place_open(c, path, 0);
	if (target < 0)
		return errno == ENOENT ? 0 : -1;
	if (place_stat(target, &st) < 0)
		return place_finish(-1, target, -1);
	if (S_ISDIR(st.st_mode)) {
		result = place_mount(target, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				  "mode=0555,nr_blocks=1,nr_inodes=1");
		return place_finish(result, target, -1);
	}
	if (c->null_fd < 0)
		c->null_fd = place_open(c, "dev/null", 0);
	if (c->null_fd < 0)
		c->null_fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC);
	if (c->null_fd < 0)
		return place_finish(-1, target, -1);
	tree = tree_clone(c->null_fd, 0);
	if (tree >= 0 && tree_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						      MOUNT_ATTR_NOEXEC, 0, -1) == 0)
		result = tree_attach(tree, target);
	return place_finish(result, tree, target);
}

int child_read_only_step(struct child *c, const struct launch_step *s)
{
	const char *path = child_text(c, s->text_a);
	int tree, target, result = -1;

	if (in_own_proc(c, path)) {
		if (syscall(SYS_mount, path, path, NULL, MS_BIND, NULL) < 0)
			return errno == ENOENT ? 0 : -1;
		return (int)syscall(SYS_mount, NULL, path, NULL,
				    MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	}
	target = place_open(c, path, 0);
	if (target < 0)
		return errno == ENOENT ? 0 : -1;
	tree = tree_clone(target, 1);
	if (tree >= 0 && tree_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						      MOUNT_ATTR_NOEXEC, 1, -1) == 0)
		result = tree_attach(tree, target);
	return place_finish(result, tree, target);
}
